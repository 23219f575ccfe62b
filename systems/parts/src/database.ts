/** A worker's connections to the database, measured, with all migrations done. */
import { type DatabaseParts, instrumentPool } from '@binnacle/metrics/pg';
import { Pool, type PoolClient } from 'pg';
import { migrate } from './migrations.ts';
import { type Environment, SettingsError, urlFrom } from './settings.ts';

/** Connections of one worker at most, where nothing else is said. */
export const CONNECTIONS_MAX = 5;
const CONNECT_MS_MAX = 5_000;
/** How often it is tried to connect at the start, when many may do so at one time, and each answer takes its time. */
const FIRST_TRIES_MAX = 6;
const STATEMENT_MS_MAX = 10_000;

/** What a worker does with the database. */
export interface DatabaseOptions {
  /** What is measured: `databaseMetrics()` of `@binnacle/metrics/pg`; without it nothing is. */
  readonly metrics?: DatabaseParts;
  /** Steps that make the tables, in their order: see {@link migrate}. */
  readonly migrations: readonly string[];
  /** Default: {@link CONNECTIONS_MAX}. */
  readonly connectionsMax?: number;
}

/**
 * Connects to the server of `DATABASE_URL`, and brings the tables to what this version needs.
 * @throws SettingsError where the database cannot be reached
 */
export async function openDatabase(environment: Environment, options: DatabaseOptions): Promise<Pool> {
  const unmeasured = new Pool({
    connectionString: urlFrom(environment, 'DATABASE_URL'),
    max: options.connectionsMax ?? CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
  });
  const { metrics, migrations } = options;
  const pool = metrics === undefined ? unmeasured : instrumentPool(unmeasured, { metrics });
  // An idle connection that breaks is replaced by the pool; nobody waits for it.
  pool.on('error', () => {});
  (await firstConnection(pool)).release();
  await migrate(pool, migrations);
  return pool;
}

/** @throws SettingsError */
async function firstConnection(pool: Pool): Promise<PoolClient> {
  for (let tries = 1; ; tries++) {
    try {
      return await pool.connect();
    } catch (error) {
      const { message } = error as Error;
      // Whoever refuses does so the next time as well.
      if (tries === FIRST_TRIES_MAX || !message.includes('timeout'))
        throw new SettingsError(`the database of DATABASE_URL cannot be used: ${message}`);
    }
  }
}

/** Runs some statements as one; rolled back when `run` rejects. */
export async function transaction<Result>(
  pool: Pool,
  run: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is an identifier that could be in the database. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** PostgreSQL's code of an error, for instance `23503` for a foreign key; undefined for other errors. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
