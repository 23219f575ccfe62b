/**
 * The scraping jobs in the database: what was asked for, how far it is, and what came of it.
 *
 * The queue says who works on a job; the attempt that is written here says whose work counts. An attempt that is over,
 * because another one has begun, can write nothing more: neither an entry nor an end. Who ends a job counts it, then
 * notes that it has.
 */
import { randomUUID } from 'node:crypto';
import { isUuid } from '@binnacle/system-parts/database';
import type { Pool, PoolClient } from 'pg';
import type { EnrichMode } from '../enrich/smart-scraper.ts';
import type { Region, Source } from '../pages/listing.ts';

/** How often a job is begun whose processes die. */
export const ATTEMPTS_MAX = 3;
/** Jobs that may wait; more are refused. */
export const QUEUED_MAX = 1_000;
/** How long a job is known after its end. */
export const KEPT_MS = 6 * 3_600_000;
/** A job that the queue has not by then was left behind by its process. */
const LEFT_BEHIND_MS = 3_000;
/** One that nobody was seen with for so long may be missing in the queue, if that was emptied. */
const UNSEEN_MS = 60_000;
const ROWS_MAX = 500;

/** How a job may end. */
export type JobEnd = 'completed' | 'failed';

/** What is asked for. */
export interface NewJob {
  readonly source: Source;
  readonly region: Region;
  readonly firstPage: number;
  readonly pages: number;
  readonly enrich: EnrichMode | 'off';
  readonly verify: boolean;
}

/** A job. */
export interface Job extends NewJob {
  readonly id: string;
  readonly status: 'queued' | 'running' | JobEnd;
  /** How often it was begun. */
  readonly attempt: number;
  /** Why it failed. */
  readonly message: string | null;
  /** Whether its end was counted. */
  readonly counted: boolean;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Too many jobs wait. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** Another attempt has begun, or the job has ended. */
export class AttemptOver extends Error {
  override readonly name = 'AttemptOver';
}

const COLUMNS = `id, source, region, first_page AS "firstPage", pages, enrich, verify, status, attempt, message, counted,
  created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt"`;

/** What came of the entries of a job, by what is counted. */
export interface JobOutcome {
  readonly results: Readonly<Record<'new' | 'updated' | 'errors', number>>;
  readonly duplicates: Readonly<Record<'auto_merge' | 'candidate', number>>;
  /** Enrichments by method. */
  readonly enrichments: Readonly<Record<string, number>>;
  /** Verifications by type and status. */
  readonly verifications: Readonly<Record<'email' | 'phone', Readonly<Record<string, number>>>>;
  /** Entries that gave nothing, by what was wrong. */
  readonly problems: Readonly<Record<string, number>>;
}

/** The jobs of all processes. */
export class Jobs {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Adds a job.
   * @param key becomes its identifier; where there is a job of that one, it is given and nothing is added
   * @throws QueueFull
   */
  async add(job: NewJob, key: string = randomUUID()): Promise<Job> {
    const known = await this.find(key);
    if (known !== undefined) return known;
    const { rows } = await this.#pool.query<Job>(
      `INSERT INTO scraping_jobs (id, source, region, first_page, pages, enrich, verify)
       SELECT $1, $2, $3, $4, $5, $6, $7
       WHERE (SELECT count(*) FROM scraping_jobs WHERE status = 'queued') < $8
       ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING ${COLUMNS}`,
      [key, job.source, job.region, job.firstPage, job.pages, job.enrich, job.verify, QUEUED_MAX],
    );
    if (rows[0] === undefined) throw new QueueFull('too many jobs wait; try again later');
    return rows[0];
  }

  /** Notes that the queue has a job. */
  async queued(id: string): Promise<void> {
    await this.#pool.query('UPDATE scraping_jobs SET queued = true, seen_at = now() WHERE id = $1', [id]);
  }

  /**
   * Jobs that the queue may not have: who added them died, the queue did not answer, or it was emptied. One that the
   * queue has all the same stays there as it is.
   */
  async leftBehind(): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `SELECT id FROM scraping_jobs
       WHERE status IN ('queued', 'running')
         AND (NOT queued AND seen_at < now() - $1 * interval '1 millisecond'
           OR seen_at < now() - $2 * interval '1 millisecond')
       ORDER BY created_at LIMIT $3`,
      [LEFT_BEHIND_MS, UNSEEN_MS, ROWS_MAX],
    );
    return rows.map(({ id }) => id);
  }

  async find(id: string): Promise<Job | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<Job>(`SELECT ${COLUMNS} FROM scraping_jobs WHERE id = $1`, [id]);
    return rows[0];
  }

  /** Begins another attempt; undefined where the job has ended or is unknown. */
  async begin(id: string): Promise<Job | undefined> {
    const { rows } = await this.#pool.query<Job>(
      `UPDATE scraping_jobs SET status = 'running', attempt = attempt + 1, started_at = now(), seen_at = now()
       WHERE id = $1 AND status IN ('queued', 'running') RETURNING ${COLUMNS}`,
      [id],
    );
    return rows[0];
  }

  /** Notes that an attempt goes on; gives whether it is still the job's. */
  async goesOn({ id, attempt }: Job): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE scraping_jobs SET seen_at = now() WHERE id = $1 AND attempt = $2 AND status = 'running'`,
      [id, attempt],
    );
    return rowCount === 1;
  }

  /** Gives an attempt back that did not come to its end, as if it had not begun. */
  async release({ id, attempt }: Job): Promise<void> {
    await this.#pool.query(
      `UPDATE scraping_jobs SET status = 'queued', attempt = attempt - 1, seen_at = now()
       WHERE id = $1 AND attempt = $2 AND status = 'running'`,
      [id, attempt],
    );
  }

  /**
   * Ends a job and counts it; gives whether the attempt was still the job's.
   * @param count is called when the job has ended
   */
  async end(
    { id, attempt }: Job,
    status: JobEnd,
    message: string | null,
    count: () => void,
  ): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE scraping_jobs SET status = $3, message = $4, finished_at = now()
       WHERE id = $1 AND attempt = $2 AND status = 'running'`,
      [id, attempt, status, message],
    );
    if (rowCount === 0) return false;
    count();
    await this.#pool.query('UPDATE scraping_jobs SET counted = true WHERE id = $1', [id]);
    return true;
  }

  /** The entries that earlier attempts have dealt with. */
  async entriesDone(id: string): Promise<Set<string>> {
    const { rows } = await this.#pool.query<{ key: string }>(
      'SELECT key FROM job_entries WHERE job_id = $1',
      [id],
    );
    return new Set(rows.map(({ key }) => key));
  }

  /** Notes that an entry gave nothing; gives false where the attempt is over. */
  async entryFailed(job: Job, key: string, problem: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `INSERT INTO job_entries (job_id, key, result, problem)
       SELECT id, $3, 'errors', $4 FROM scraping_jobs
       WHERE id = $1 AND attempt = $2 AND status = 'running' ON CONFLICT DO NOTHING`,
      [job.id, job.attempt, key, problem],
    );
    return rowCount === 1;
  }

  /** What came of a job so far. */
  async outcome(id: string): Promise<JobOutcome> {
    const { rows } = await this.#pool.query<EntryGroup>(
      `SELECT result, merged, method, email_status, phone_status, problem, count(*)::int AS entries,
         sum(candidates)::int AS candidates
       FROM job_entries WHERE job_id = $1
       GROUP BY result, merged, method, email_status, phone_status, problem`,
      [id],
    );
    return outcomeOf(rows);
  }

  /** Forgets jobs that ended long ago. */
  async forget(): Promise<void> {
    await this.#pool.query(
      `DELETE FROM scraping_jobs WHERE id IN (
         SELECT id FROM scraping_jobs WHERE finished_at < now() - $1 * interval '1 millisecond' LIMIT $2)`,
      [KEPT_MS, ROWS_MAX],
    );
  }
}

/**
 * Holds a job's attempt until the transaction ends, so that no other one begins meanwhile.
 * @throws AttemptOver where it is over
 */
export async function holdAttempt(client: PoolClient, { id, attempt }: Job): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM scraping_jobs WHERE id = $1 AND attempt = $2 AND status = 'running' FOR SHARE`,
    [id, attempt],
  );
  if (rowCount === 0) throw new AttemptOver('another attempt of the job has begun');
}

interface EntryGroup {
  readonly result: 'new' | 'updated' | 'errors';
  readonly merged: boolean;
  readonly method: string | null;
  readonly email_status: string | null;
  readonly phone_status: string | null;
  readonly problem: string | null;
  readonly entries: number;
  readonly candidates: number;
}

function outcomeOf(groups: readonly EntryGroup[]): JobOutcome {
  const outcome = {
    results: { new: 0, updated: 0, errors: 0 },
    duplicates: { auto_merge: 0, candidate: 0 },
    enrichments: {} as Record<string, number>,
    verifications: { email: {} as Record<string, number>, phone: {} as Record<string, number> },
    problems: {} as Record<string, number>,
  };
  const add = (counts: Record<string, number>, key: string | null, by: number): void => {
    if (key !== null) counts[key] = (counts[key] ?? 0) + by;
  };
  for (const group of groups) {
    outcome.results[group.result] += group.entries;
    if (group.merged) outcome.duplicates.auto_merge += group.entries;
    outcome.duplicates.candidate += group.candidates;
    add(outcome.enrichments, group.method, group.entries);
    add(outcome.verifications.email, group.email_status, group.entries);
    add(outcome.verifications.phone, group.phone_status, group.entries);
    add(outcome.problems, group.problem, group.entries);
  }
  return outcome;
}
