/** The queue in PostgreSQL: a row for each job, taken with `SKIP LOCKED`, and a row of totals changed by the same statement. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { HeldJob, QueueTotals, ScrapingQueue } from './scraping-queue.ts';

/** A queue of a name in a database. */
export class PostgresQueue implements ScrapingQueue {
  readonly place = 'PostgreSQL';
  /** Nobody waits for a database that is away: that is an error. */
  readonly isThere = true;
  readonly #pool: Pool;
  readonly #name: string;
  readonly #leaseMs: number;

  private constructor(pool: Pool, name: string, leaseMs: number) {
    this.#pool = pool;
    this.#name = name;
    this.#leaseMs = leaseMs;
  }

  /** @param pool stays the caller's */
  static async open(pool: Pool, name: string, leaseMs: number): Promise<PostgresQueue> {
    await pool.query('INSERT INTO queue_totals (queue) VALUES ($1) ON CONFLICT DO NOTHING', [name]);
    return new PostgresQueue(pool, name, leaseMs);
  }

  async add(id: string): Promise<void> {
    await this.#pool.query('INSERT INTO queue_jobs (queue, id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      this.#name,
      id,
    ]);
  }

  async take(): Promise<HeldJob | undefined> {
    const lease = randomUUID();
    const { rows } = await this.#pool.query<{ id: string }>(
      `WITH taken AS (
         UPDATE queue_jobs SET lease = $2, lease_until = now() + $3 * interval '1 millisecond'
         WHERE queue = $1 AND id = (
           SELECT id FROM queue_jobs WHERE queue = $1 AND (lease IS NULL OR lease_until < now())
           ORDER BY place LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id
       ), total AS (
         UPDATE queue_totals SET started = started + 1 WHERE queue = $1 AND EXISTS (SELECT 1 FROM taken)
       )
       SELECT id FROM taken`,
      [this.#name, lease, this.#leaseMs],
    );
    return rows[0] === undefined ? undefined : this.#held(rows[0].id, lease);
  }

  #held(id: string, lease: string): HeldJob {
    const own = [this.#name, id, lease];
    return {
      id,
      renew: async () => {
        const { rowCount } = await this.#pool.query(
          `UPDATE queue_jobs SET lease_until = now() + $4 * interval '1 millisecond'
           WHERE queue = $1 AND id = $2 AND lease = $3`,
          [...own, this.#leaseMs],
        );
        return rowCount === 1;
      },
      end: async (status) => {
        const { rows } = await this.#pool.query(
          `WITH ended AS (
             DELETE FROM queue_jobs WHERE queue = $1 AND id = $2 AND lease = $3 RETURNING id
           ), total AS (
             UPDATE queue_totals SET ${status} = ${status} + 1 WHERE queue = $1 AND EXISTS (SELECT 1 FROM ended)
           )
           SELECT id FROM ended`,
          own,
        );
        return rows.length === 1;
      },
      release: async () => {
        await this.#pool.query(
          `UPDATE queue_jobs SET lease = NULL, lease_until = NULL
           WHERE queue = $1 AND id = $2 AND lease = $3`,
          own,
        );
      },
    };
  }

  async size(): Promise<number> {
    const { rows } = await this.#pool.query<{ size: number }>(
      `SELECT count(*)::int AS size FROM queue_jobs
       WHERE queue = $1 AND (lease IS NULL OR lease_until < now())`,
      [this.#name],
    );
    return rows[0]!.size;
  }

  async totals(): Promise<QueueTotals> {
    const { rows } = await this.#pool.query<QueueTotals>(
      `SELECT started::float8 AS started, finished::float8 AS finished, failed::float8 AS failed,
         incarnation::text AS incarnation
       FROM queue_totals WHERE queue = $1`,
      [this.#name],
    );
    const totals = rows[0];
    // Somebody has emptied the table; the next process that starts writes the row again.
    if (totals === undefined) throw new Error(`the queue ${this.#name} has no totals; start a process again`);
    return totals;
  }

  async close(): Promise<void> {}
}
