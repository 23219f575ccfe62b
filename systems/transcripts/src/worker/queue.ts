/**
 * What there is to do, in the database, from where all processes of the worker take it: lists of channels to read, and
 * videos to transcribe.
 *
 * Who takes something has it for a lease, which it renews as long as it works. When a lease has run out its process has
 * died, and another one takes it up again, {@link ATTEMPTS_MAX} times in all. Only who holds the lease can end it, so
 * that each thing ends once; and in the transaction in which it ends, the totals grow from which it is counted.
 *
 * A video ends its job when it is the last one that is open. The job is locked before it looks for others, so that of
 * two that end at once one sees that the other has.
 */
import { randomUUID } from 'node:crypto';
import { transaction } from '@binnacle/system-parts/database';
import type { Pool, PoolClient } from 'pg';
import type { TotalName } from '../database/migrations.ts';
import type { JobType } from '../metrics/api.ts';
import type { VideoState } from '../metrics/worker.ts';
import type { Engine } from '../pipeline/engines/engine.ts';
import type { Segment } from '../pipeline/speakers.ts';

/** How often something is begun before it fails. */
export const ATTEMPTS_MAX = 3;
/** How long a job is known after its end. */
export const KEPT_MS = 24 * 3_600_000;
const FORGET_ROWS_MAX = 500;

/** Something that a process has taken. */
export interface Taken {
  readonly id: string;
  readonly lease: string;
  readonly url: string;
  /** How often it was taken, this time included. */
  readonly attempts: number;
}

/** A video that a process has taken. */
export interface TakenVideo extends Taken {
  readonly jobId: string;
}

/** What was done for a video, each as often as it came to its end. */
export type Step =
  | 'download'
  | 'transcode'
  | 'chunking'
  | 'model_load'
  | 'chunk'
  | 'transcription'
  | 'diarization';

/** How a video ends. */
export type Ending =
  | {
      readonly state: 'completed';
      readonly segments: readonly Segment[];
      readonly seconds: number;
    }
  | { readonly state: 'failed'; readonly message: string };

/** What was done for a video, and by what. */
export interface Done {
  readonly steps: readonly Step[];
  readonly engine: Pick<Engine, 'model' | 'backend'> | undefined;
}

/** The work of all processes. */
export class Queue {
  readonly #pool: Pool;
  readonly #leaseMs: number;

  constructor(pool: Pool, leaseMs: number) {
    this.#pool = pool;
    this.#leaseMs = leaseMs;
  }

  /** Takes the oldest channel whose list was not read, or whose reader has died; undefined where there is none. */
  async takeList(): Promise<Taken | undefined> {
    const { rows } = await this.#pool.query<Taken>(
      `UPDATE transcript_jobs
       SET state = 'listing', attempts = attempts + 1, lease = $1,
         lease_until = now() + $2 * interval '1 millisecond'
       WHERE id = (
         SELECT id FROM transcript_jobs
         WHERE (state = 'pending' AND not_before <= now()) OR (state = 'listing' AND lease_until < now())
         ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id, lease, url, attempts`,
      [randomUUID(), this.#leaseMs],
    );
    return rows[0];
  }

  /** Takes the oldest video that waits, or whose process has died; undefined where there is none. */
  async takeVideo(): Promise<TakenVideo | undefined> {
    const { rows } = await this.#pool.query<TakenVideo>(
      `UPDATE videos
       SET state = 'downloading', attempts = attempts + 1, lease = $1,
         lease_until = now() + $2 * interval '1 millisecond'
       WHERE id = (
         SELECT id FROM videos
         WHERE finished_at IS NULL
           AND ((state = 'pending' AND not_before <= now()) OR (state <> 'pending' AND lease_until < now()))
         ORDER BY created_at, position LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id, job_id AS "jobId", lease, url, attempts`,
      [randomUUID(), this.#leaseMs],
    );
    return rows[0];
  }

  /** Videos that wait for a process. */
  async pending(): Promise<number> {
    const { rows } = await this.#pool.query<{ pending: number }>(
      `SELECT count(*)::integer AS pending FROM videos WHERE finished_at IS NULL AND state = 'pending'`,
    );
    return rows[0]?.pending ?? 0;
  }

  /** Renews the lease of a video and notes what is done with it; gives whether the lease still held. */
  async renew({ id, lease }: Taken, state: VideoState): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE videos SET state = $3, lease_until = now() + $4 * interval '1 millisecond'
       WHERE id = $1 AND lease = $2`,
      [id, lease, state, this.#leaseMs],
    );
    return rowCount !== 0;
  }

  /** Renews the lease of a list; gives whether it still held. */
  async renewList({ id, lease }: Taken): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE transcript_jobs SET lease_until = now() + $3 * interval '1 millisecond' WHERE id = $1 AND lease = $2`,
      [id, lease, this.#leaseMs],
    );
    return rowCount !== 0;
  }

  /** Gives a video back, to be taken again after a pause. */
  async release({ id, lease }: Taken, steps: readonly Step[], pauseMs: number): Promise<void> {
    await this.#pool.query(
      `UPDATE videos
       SET state = 'pending', lease = NULL, lease_until = NULL, steps = steps || $3::text[],
         told_attempts = told_attempts + 1, not_before = now() + $4 * interval '1 millisecond'
       WHERE id = $1 AND lease = $2`,
      [id, lease, steps, pauseMs],
    );
  }

  /** Gives a list back, to be read again after a pause. */
  async releaseList({ id, lease }: Taken, pauseMs: number): Promise<void> {
    await this.#pool.query(
      `UPDATE transcript_jobs
       SET state = 'pending', lease = NULL, lease_until = NULL, not_before = now() + $3 * interval '1 millisecond'
       WHERE id = $1 AND lease = $2`,
      [id, lease, pauseMs],
    );
  }

  /** Makes a video of each address of a list; gives whether the lease still held. */
  async list({ id, lease }: Taken, addresses: readonly string[]): Promise<boolean> {
    return transaction(this.#pool, async (client) => {
      const { rowCount } = await client.query(
        `UPDATE transcript_jobs SET state = 'processing', lease = NULL, lease_until = NULL
         WHERE id = $1 AND lease = $2`,
        [id, lease],
      );
      if (rowCount === 0) return false;
      await client.query(
        `INSERT INTO videos (id, job_id, position, url)
         SELECT gen_random_uuid(), $1, at, url FROM unnest($2::text[]) WITH ORDINALITY AS listed (url, at)`,
        [id, addresses],
      );
      return true;
    });
  }

  /** Ends a channel of which there is no list. */
  async failList({ id, lease }: Taken, message: string): Promise<void> {
    await transaction(this.#pool, async (client) => {
      const { rowCount } = await client.query(
        `UPDATE transcript_jobs
         SET state = 'failed', message = $3, lease = NULL, lease_until = NULL, finished_at = now()
         WHERE id = $1 AND lease = $2`,
        [id, lease, message],
      );
      if (rowCount !== 0) await grow(client, 'jobs_failed_channel');
    });
  }

  /** Ends a video, and with the last one its job; gives whether the lease still held. */
  async end(video: TakenVideo, ending: Ending, { steps, engine }: Done): Promise<boolean> {
    return transaction(this.#pool, async (client) => {
      const completed = ending.state === 'completed' ? ending : undefined;
      const { rowCount } = await client.query(
        `UPDATE videos
         SET state = $3, message = $4, seconds = $5, speakers = $6, model = $7, backend = $8,
           steps = steps || $9::text[], told_attempts = told_attempts + 1,
           lease = NULL, lease_until = NULL, finished_at = now()
         WHERE id = $1 AND lease = $2`,
        [
          ...[video.id, video.lease, ending.state, ending.state === 'failed' ? ending.message : null],
          ...[completed?.seconds, completed && speakersIn(completed.segments)],
          ...[engine?.model, engine?.backend, steps],
        ],
      );
      if (rowCount === 0) return false;
      if (completed !== undefined) await store(client, video.id, completed.segments);
      const job = await endJob(client, video.jobId);
      await grow(client, `videos_${ending.state}`);
      if (job !== undefined) await grow(client, job);
      return true;
    });
  }

  /** Forgets jobs that ended long ago, with their videos and segments. */
  async forget(): Promise<void> {
    await this.#pool.query(
      `DELETE FROM transcript_jobs WHERE id IN (
         SELECT id FROM transcript_jobs WHERE finished_at < now() - $1 * interval '1 millisecond' LIMIT $2)`,
      [KEPT_MS, FORGET_ROWS_MAX],
    );
  }
}

function speakersIn(segments: readonly Segment[]): number {
  return new Set(segments.map(({ speaker }) => speaker)).size;
}

async function store(client: PoolClient, videoId: string, segments: readonly Segment[]): Promise<void> {
  await client.query(
    `INSERT INTO segments (video_id, position, start_seconds, end_seconds, speaker, text)
     SELECT $1, at, start_seconds, end_seconds, speaker, text
     FROM unnest($2::float8[], $3::float8[], $4::integer[], $5::text[])
       WITH ORDINALITY AS said (start_seconds, end_seconds, speaker, text, at)`,
    [
      videoId,
      segments.map(({ startSeconds }) => startSeconds),
      segments.map(({ endSeconds }) => endSeconds),
      segments.map(({ speaker }) => speaker),
      segments.map(({ text }) => text),
    ],
  );
}

/** Ends a job none of whose videos is open; gives the total that grows by it. */
async function endJob(client: PoolClient, id: string): Promise<TotalName | undefined> {
  const { rows } = await client.query<{ job_type: JobType }>(
    'SELECT job_type FROM transcript_jobs WHERE id = $1 FOR UPDATE',
    [id],
  );
  const job = rows[0];
  const { rows: counts } = await client.query<{ open: number; completed: number; message: string | null }>(
    `SELECT count(*) FILTER (WHERE finished_at IS NULL)::integer AS open,
       count(*) FILTER (WHERE state = 'completed')::integer AS completed, max(message) AS message
     FROM videos WHERE job_id = $1`,
    [id],
  );
  const { open = 0, completed = 0, message = null } = counts[0] ?? {};
  if (job === undefined || open > 0) return undefined;
  const state = completed > 0 ? 'completed' : 'failed';
  await client.query(
    'UPDATE transcript_jobs SET state = $2, message = $3, finished_at = now() WHERE id = $1',
    [id, state, state === 'failed' ? message : null],
  );
  return `jobs_${state}_${job.job_type}`;
}

/** Always in the order in which a video and its job end, so that no two transactions wait for each other. */
async function grow(client: PoolClient, total: TotalName): Promise<void> {
  await client.query('UPDATE totals SET total = total + 1 WHERE name = $1', [total]);
}
