/**
 * Migrations: what makes the tables of a system, in steps that each run once.
 *
 * Every worker of every service asks for them at its start. A lock of the database lets one at a time look and run
 * what is missing; steps are never changed after they were released, only added.
 */
import type { Pool } from 'pg';

/** Any number that nobody else in the database locks by. */
const LOCK = 7_304_519;

/** Brings the database to the last of the steps; resolves when it is there, whoever did it. */
export async function migrate(pool: Pool, steps: readonly string[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    // However long a statement may take elsewhere: many wait here for the one who has the lock.
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS migrations (step integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ done: number }>('SELECT count(*)::integer AS done FROM migrations');
    for (let step = rows[0]?.done ?? 0; step < steps.length; step++) {
      await client.query(steps[step]!);
      await client.query('INSERT INTO migrations (step) VALUES ($1)', [step]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}
