/**
 * The downloads in the database, which decides all: whatever a queue hands out twice, each download ends once.
 *
 * Each attempt has an identifier of its own, and a later one takes its place; only the latest can end the download.
 * The transaction that ends one counts it (`task_totals`), so that no process has to live to do that.
 */
import { randomUUID } from 'node:crypto';
import { isUuid, transaction } from '@binnacle/system-parts/database';
import type { Pool } from 'pg';
import type { ErrorCode } from './errors.ts';
import { Files } from './files.ts';
import { type Ending, NO_PROVIDER, type ProviderName } from './metrics.ts';

/** Downloads that may wait; more are refused. */
export const QUEUED_MAX = 1_000;
/** How long a download is known after its end. */
const KEPT_MS = 24 * 3_600_000;
const FORGOTTEN_MAX = 1_000;
const STRANDED_MAX = 1_000;

/** Where a download can be. */
export type DownloadStatus = 'queued' | 'processing' | 'completed' | 'failed';

/** A download. */
export interface Download {
  readonly id: string;
  readonly url: string;
  readonly status: DownloadStatus;
  /** How often it was begun; those whose process died included. */
  readonly attempts: number;
  /** The code of each attempt that failed. */
  readonly errors: readonly ErrorCode[];
  readonly title: string | null;
  readonly provider: ProviderName | null;
  readonly fileId: string | null;
  /** Why it failed. */
  readonly message: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A download that is being attempted. */
export interface Attempt extends Download {
  readonly attempt: string;
}

/** What an attempt came to know. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly provider: ProviderName | undefined;
}

/** Too many downloads wait. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

const COLUMNS = `id, url, status, attempts, errors, title, provider, file_id AS "fileId", message,
  created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt"`;

/** The downloads of all processes. */
export class Downloads {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Rejects when the database does not answer. */
  async check(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  /** @throws QueueFull */
  async add(url: string): Promise<Download> {
    const { rows } = await this.#pool.query<Download>(
      `INSERT INTO downloads (id, url) SELECT $1, $2
       WHERE (SELECT count(*) FROM downloads WHERE status = 'queued') < $3 RETURNING ${COLUMNS}`,
      [randomUUID(), url, QUEUED_MAX],
    );
    if (rows[0] === undefined) throw new QueueFull('too many downloads wait; try again later');
    return rows[0];
  }

  async find(id: string): Promise<Download | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<Download>(`SELECT ${COLUMNS} FROM downloads WHERE id = $1`, [id]);
    return rows[0];
  }

  /** Begins an attempt, which takes the place of the last one; undefined where the download has ended. */
  async begin(id: string): Promise<Attempt | undefined> {
    const { rows } = await this.#pool.query<Attempt>(
      `UPDATE downloads SET status = 'processing', attempts = attempts + 1, attempt = $2, touched_at = now(),
         started_at = coalesce(started_at, now())
       WHERE id = $1 AND status IN ('queued', 'processing') RETURNING ${COLUMNS}, attempt`,
      [id, randomUUID()],
    );
    return rows[0];
  }

  /** Says that an attempt came to nothing, and why where it failed; another one follows. */
  async postpone({ id, attempt }: Attempt, failure?: Failure): Promise<void> {
    await this.#pool.query(
      `UPDATE downloads SET status = 'queued', attempt = NULL, touched_at = now(), errors = errors || $3::text[]
       WHERE id = $1 AND attempt = $2`,
      [id, attempt, failure === undefined ? [] : [failure.code]],
    );
  }

  /** Ends a download with a file that has arrived; false where the attempt or the file is not ours any more. */
  complete(
    { id, attempt }: Attempt,
    file: { id: string; provider: ProviderName; title: string },
  ): Promise<boolean> {
    return this.#end('success', file.provider, async (client) => {
      const { rowCount } = await client.query(
        `UPDATE downloads SET status = 'completed', attempt = NULL, title = $3, provider = $4, file_id = $5,
           touched_at = now(), finished_at = now() WHERE id = $1 AND attempt = $2`,
        [id, attempt, file.title, file.provider, file.id],
      );
      return rowCount !== 0 && (await Files.settle(client, file.id));
    });
  }

  /** Ends a download that failed; false where the attempt is not ours any more. */
  fail({ id, attempt }: Attempt, { code, message, provider }: Failure): Promise<boolean> {
    return this.#end('failed', provider ?? NO_PROVIDER, async (client) => {
      const { rowCount } = await client.query(
        `UPDATE downloads SET status = 'failed', attempt = NULL, errors = errors || $3::text, message = $4,
           provider = $5, touched_at = now(), finished_at = now() WHERE id = $1 AND attempt = $2`,
        [id, attempt, code, message, provider ?? null],
      );
      return rowCount !== 0;
    });
  }

  async #end(
    status: Ending,
    provider: string,
    run: (client: Parameters<Parameters<typeof transaction>[1]>[0]) => Promise<boolean>,
  ): Promise<boolean> {
    try {
      await transaction(this.#pool, async (client) => {
        if (!(await run(client))) throw new NotOurs();
        await client.query(
          `INSERT INTO task_totals (status, provider, tasks) VALUES ($1, $2, 1)
           ON CONFLICT (status, provider) DO UPDATE SET tasks = task_totals.tasks + 1`,
          [status, provider],
        );
      });
      return true;
    } catch (error) {
      if (error instanceof NotOurs) return false;
      throw error;
    }
  }

  /** How many downloads have ended, as `STATUS PROVIDER`. */
  async totals(): Promise<Readonly<Record<string, number>>> {
    const { rows } = await this.#pool.query<{ status: string; provider: string; tasks: number }>(
      'SELECT status, provider, tasks::float8 AS tasks FROM task_totals',
    );
    return Object.fromEntries(rows.map(({ status, provider, tasks }) => [`${status} ${provider}`, tasks]));
  }

  /** Downloads that have not ended and were not touched for so long, which a queue may have lost. */
  async stranded(ms: number): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `SELECT id FROM downloads WHERE status IN ('queued', 'processing')
         AND touched_at < now() - $1 * interval '1 millisecond' ORDER BY touched_at LIMIT $2`,
      [ms, STRANDED_MAX],
    );
    return rows.map(({ id }) => id);
  }

  /** Forgets downloads that ended long ago. */
  async forget(): Promise<void> {
    await this.#pool.query(
      `DELETE FROM downloads WHERE id IN (
         SELECT id FROM downloads WHERE finished_at < now() - $1 * interval '1 millisecond' LIMIT $2)`,
      [KEPT_MS, FORGOTTEN_MAX],
    );
  }
}

/** The attempt is another's by now; rolls the transaction back. */
class NotOurs extends Error {
  override readonly name = 'NotOurs';
}
