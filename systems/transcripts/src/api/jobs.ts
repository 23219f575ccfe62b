/** Jobs and what became of them, in the database. */
import { randomUUID } from 'node:crypto';
import { isUuid, transaction } from '@binnacle/system-parts/database';
import type { Pool, PoolClient } from 'pg';
import type { JobType } from '../metrics/api.ts';

/** Jobs that may be open; more are refused. */
export const OPEN_MAX = 2_000;

/** A job. */
export interface Job {
  readonly id: string;
  readonly jobType: JobType;
  readonly url: string;
  readonly state: 'pending' | 'listing' | 'processing' | 'completed' | 'failed';
  /** Why it failed. */
  readonly message: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** A video of a job. */
export interface Video {
  readonly id: string;
  readonly jobId: string;
  readonly url: string;
  /** `pending`, what is done with it now, `completed` or `failed`. */
  readonly state: string;
  readonly attempts: number;
  /** Of these, the attempts whose steps are in {@link Video.steps}; the processes of the others have died. */
  readonly toldAttempts: number;
  readonly steps: readonly string[];
  readonly seconds: number | null;
  readonly speakers: number | null;
  readonly model: string | null;
  readonly backend: string | null;
  readonly message: string | null;
}

/** What a job is made of. */
export interface NewJob {
  readonly jobType: JobType;
  readonly url: string;
  /** The same key makes the same job, however often it is sent. */
  readonly key: string | undefined;
}

/** Too many jobs are open. */
export class TooManyJobs extends Error {
  override readonly name = 'TooManyJobs';
}

const JOB_COLUMNS = `id, job_type AS "jobType", url, state, message, created_at AS "createdAt",
  finished_at AS "finishedAt"`;
const VIDEO_COLUMNS = `id, job_id AS "jobId", url, state, attempts, told_attempts AS "toldAttempts", steps, seconds,
  speakers, model, backend, message`;

/** The jobs of all processes. */
export class Jobs {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Rejects when the database does not answer. */
  async check(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  /**
   * Makes a job, or finds the one that was made with this key.
   * @throws TooManyJobs
   */
  async create({ jobType, url, key }: NewJob): Promise<{ readonly job: Job; readonly created: boolean }> {
    return transaction(this.#pool, async (client) => {
      // One video is there at once; a channel's are when its list was read.
      const { rows } = await client.query<Job>(
        `INSERT INTO transcript_jobs (id, job_type, url, request_key, state)
         SELECT $1, $2, $3, $4, $5
         WHERE (SELECT count(*) FROM transcript_jobs WHERE finished_at IS NULL) < $6
         ON CONFLICT (request_key) DO NOTHING RETURNING ${JOB_COLUMNS}`,
        [randomUUID(), jobType, url, key, jobType === 'single' ? 'processing' : 'pending', OPEN_MAX],
      );
      const job = rows[0];
      if (job === undefined) return { job: await madeBefore(client, key), created: false };
      if (jobType === 'single')
        await client.query('INSERT INTO videos (id, job_id, position, url) VALUES ($1, $2, 1, $3)', [
          randomUUID(),
          job.id,
          url,
        ]);
      return { job, created: true };
    });
  }

  async find(id: string): Promise<Job | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<Job>(`SELECT ${JOB_COLUMNS} FROM transcript_jobs WHERE id = $1`, [
      id,
    ]);
    return rows[0];
  }

  /** The newest jobs first. */
  async list(limit: number, offset: number): Promise<Job[]> {
    const { rows } = await this.#pool.query<Job>(
      `SELECT ${JOB_COLUMNS} FROM transcript_jobs ORDER BY created_at DESC, id LIMIT $1 OFFSET $2`,
      [limit, offset],
    );
    return rows;
  }

  /** The videos of a job, in its order. */
  async videosOf(jobId: string): Promise<Video[]> {
    const { rows } = await this.#pool.query<Video>(
      `SELECT ${VIDEO_COLUMNS} FROM videos WHERE job_id = $1 ORDER BY position`,
      [jobId],
    );
    return rows;
  }

  async video(id: string): Promise<Video | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<Video>(`SELECT ${VIDEO_COLUMNS} FROM videos WHERE id = $1`, [id]);
    return rows[0];
  }
}

/** @throws TooManyJobs where none was made with this key, so that there were too many */
async function madeBefore(client: PoolClient, key: string | undefined): Promise<Job> {
  const { rows } = await client.query<Job>(
    `SELECT ${JOB_COLUMNS} FROM transcript_jobs WHERE request_key = $1`,
    [key],
  );
  if (rows[0] === undefined) throw new TooManyJobs(`${OPEN_MAX} jobs are open; try again later`);
  return rows[0];
}
