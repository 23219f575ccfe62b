/**
 * The jobs in the database, from where both processes take them.
 *
 * Who takes a job has it for a lease, which it renews as long as it works. When a lease has run out its process has
 * died, and another one takes the job up again, {@link ATTEMPTS_MAX} times in all. Only who holds the lease can end
 * the job, so that each ends once; and who ends it counts it, then notes that it has.
 */
import { randomUUID } from 'node:crypto';
import { isUuid } from '@binnacle/system-parts/database';
import type { Pool } from 'pg';
import { JOB_STATUSES, type JobStatus } from '../metrics/transcode.ts';

/** How often a job is begun whose processes die. */
export const ATTEMPTS_MAX = 3;
/** Jobs that may wait; more are refused. */
export const QUEUED_MAX = 1_000;
/** How long a job is known after its end. */
export const KEPT_MS = 24 * 3_600_000;
const FORGET_ROWS_MAX = 1_000;

/** A job. */
export interface Job {
  readonly id: string;
  readonly fileId: string;
  readonly assetId: string;
  readonly fileName: string;
  readonly sourceFormat: string;
  readonly targetFormat: string;
  readonly status: JobStatus;
  /** From 0 to 100. */
  readonly progress: number;
  /** How often it was begun. */
  readonly attempts: number;
  /** Of these, the attempts whose calls are in {@link Job.calls}; the processes of the others have died. */
  readonly toldAttempts: number;
  readonly lease: string | null;
  readonly resultFileId: string | null;
  /** Why it failed. */
  readonly message: string | null;
  /** The calls that were made for it. */
  readonly calls: readonly string[];
  /** Whether its end was counted. */
  readonly counted: boolean;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** What a job is made of. */
export type NewJob = Pick<Job, 'fileId' | 'assetId' | 'fileName' | 'sourceFormat' | 'targetFormat'>;

/** How a job ends. */
export type Ending =
  | { readonly status: 'completed'; readonly resultFileId: string }
  | { readonly status: 'failed'; readonly message: string };

/** Too many jobs wait. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

const COLUMNS = `id, file_id AS "fileId", asset_id AS "assetId", file_name AS "fileName",
  source_format AS "sourceFormat", target_format AS "targetFormat", status, progress, attempts, told_attempts AS "toldAttempts", lease,
  result_file_id AS "resultFileId", message, calls, counted, created_at AS "createdAt", finished_at AS "finishedAt"`;

/** The jobs of all processes. */
export class Jobs {
  readonly #pool: Pool;
  readonly #leaseMs: number;

  constructor(pool: Pool, leaseMs: number) {
    this.#pool = pool;
    this.#leaseMs = leaseMs;
  }

  /** Rejects when the database does not answer. */
  async check(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  /** @throws QueueFull */
  async add(job: NewJob): Promise<Job> {
    const { rows } = await this.#pool.query<Job>(
      `INSERT INTO transcode_jobs (id, file_id, asset_id, file_name, source_format, target_format)
       SELECT $1, $2, $3, $4, $5, $6
       WHERE (SELECT count(*) FROM transcode_jobs WHERE status = 'queued') < $7 RETURNING ${COLUMNS}`,
      [randomUUID(), job.fileId, job.assetId, job.fileName, job.sourceFormat, job.targetFormat, QUEUED_MAX],
    );
    if (rows[0] === undefined) throw new QueueFull('too many jobs wait; try again later');
    return rows[0];
  }

  async find(id: string): Promise<Job | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<Job>(`SELECT ${COLUMNS} FROM transcode_jobs WHERE id = $1`, [id]);
    return rows[0];
  }

  /** Takes the oldest job that waits or whose process has died; undefined where there is none. */
  async claim(): Promise<(Job & { readonly lease: string }) | undefined> {
    const { rows } = await this.#pool.query<Job & { lease: string }>(
      `UPDATE transcode_jobs
       SET status = 'processing', progress = 0, attempts = attempts + 1, lease = $1,
         lease_until = now() + $2 * interval '1 millisecond', started_at = now()
       WHERE id = (
         SELECT id FROM transcode_jobs
         WHERE status = 'queued' OR (status = 'processing' AND lease_until < now())
         ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING ${COLUMNS}`,
      [randomUUID(), this.#leaseMs],
    );
    return rows[0];
  }

  /** Renews the lease and notes the progress; gives whether the lease still held. */
  async renew(id: string, lease: string, progress: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE transcode_jobs SET progress = $3, lease_until = now() + $4 * interval '1 millisecond'
       WHERE id = $1 AND lease = $2`,
      [id, lease, progress, this.#leaseMs],
    );
    return rowCount !== 0;
  }

  /** Gives a job back, for another process to take. */
  async release(id: string, lease: string, calls: readonly string[]): Promise<void> {
    await this.#pool.query(
      `UPDATE transcode_jobs
       SET status = 'queued', progress = 0, lease = NULL, lease_until = NULL, calls = calls || $3::text[],
         told_attempts = told_attempts + 1
       WHERE id = $1 AND lease = $2`,
      [id, lease, calls],
    );
  }

  /**
   * Ends a job and counts it; gives whether the lease still held.
   * @param count is called when the job has ended
   */
  async end(
    id: string,
    lease: string,
    ending: Ending,
    calls: readonly string[],
    count: () => void,
  ): Promise<boolean> {
    const result = ending.status === 'completed' ? ending.resultFileId : null;
    const message = ending.status === 'failed' ? ending.message : null;
    const { rowCount } = await this.#pool.query(
      `UPDATE transcode_jobs
       SET status = $3, result_file_id = $4, message = $5, calls = calls || $6::text[], finished_at = now(),
         told_attempts = told_attempts + 1,
         progress = CASE WHEN $3 = 'completed' THEN 100 ELSE progress END, lease = NULL, lease_until = NULL
       WHERE id = $1 AND lease = $2`,
      [id, lease, ending.status, result, message, calls],
    );
    if (rowCount === 0) return false;
    count();
    await this.#pool.query('UPDATE transcode_jobs SET counted = true WHERE id = $1', [id]);
    return true;
  }

  /** Mean progress of the jobs in each status. */
  async progress(): Promise<Record<JobStatus, number>> {
    const { rows } = await this.#pool.query<{ status: JobStatus; mean: number }>(
      'SELECT status, avg(progress)::float8 AS mean FROM transcode_jobs GROUP BY status',
    );
    const means = Object.fromEntries(JOB_STATUSES.map((status) => [status, 0])) as Record<JobStatus, number>;
    for (const { status, mean } of rows) means[status] = mean;
    return means;
  }

  /** Forgets jobs that ended long ago. */
  async forget(): Promise<void> {
    await this.#pool.query(
      `DELETE FROM transcode_jobs WHERE id IN (
         SELECT id FROM transcode_jobs WHERE finished_at < now() - $1 * interval '1 millisecond' LIMIT $2)`,
      [KEPT_MS, FORGET_ROWS_MAX],
    );
  }
}
