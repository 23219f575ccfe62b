import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../parts/dist/database.js';
import { EmbeddedPostgres } from '../../parts/dist/embedded-postgres.js';
import { Jobs } from '../dist/api/jobs.js';
import { MIGRATIONS } from '../dist/database/migrations.js';
import { readTotals } from '../dist/database/totals.js';
import { type Done, type Ending, KEPT_MS, Queue } from '../dist/worker/queue.js';

/** Long enough that none runs out by itself. */
const LEASE_MS = 3_600_000;
const DONE: Done = { steps: ['download'], engine: { model: 'm', backend: 'b' } };
const FAILED: Ending = { state: 'failed', message: 'broken' };

let server: EmbeddedPostgres;
let pool: Pool;
let queue: Queue;
let jobs: Jobs;

beforeAll(async () => {
  server = await EmbeddedPostgres.start();
  pool = await openDatabase({ DATABASE_URL: server.url }, { migrations: MIGRATIONS });
  queue = new Queue(pool, LEASE_MS);
  jobs = new Jobs(pool);
});

afterAll(async () => {
  await pool?.end();
  await server?.stop();
});

beforeEach(async () => {
  await pool.query('DELETE FROM transcript_jobs');
  await pool.query('UPDATE totals SET total = 0');
});

/** A channel of so many videos, whose list was read. */
async function channel(videos: number): Promise<string> {
  const { job } = await jobs.create({ jobType: 'channel', url: 'http://127.0.0.1/list', key: undefined });
  const list = await queue.takeList();
  expect(list?.id).toBe(job.id);
  const addresses = Array.from({ length: videos }, (_, i) => `http://127.0.0.1/${i}`);
  expect(await queue.list(list!, addresses)).toBe(true);
  return job.id;
}

function completed(text: string): Ending {
  return {
    state: 'completed',
    seconds: 2,
    segments: [
      { startSeconds: 0, endSeconds: 1, speaker: 1, text },
      { startSeconds: 1, endSeconds: 2, speaker: 2, text: 'yes' },
    ],
  };
}

/** As if its process had died long ago. */
async function runOut(table: 'videos' | 'transcript_jobs'): Promise<void> {
  await pool.query(`UPDATE ${table} SET lease_until = now() - interval '1 second' WHERE lease IS NOT NULL`);
}

test('each video is taken once, in the order of the list, however many take at once', async () => {
  await channel(6);
  expect(await queue.pending()).toBe(6);
  const taken = await Promise.all(Array.from({ length: 8 }, () => queue.takeVideo()));
  expect(
    taken
      .map((video) => video?.url)
      .sort()
      .filter((url) => url !== undefined),
  ).toEqual(Array.from({ length: 6 }, (_, i) => `http://127.0.0.1/${i}`));
  expect([await queue.pending(), await queue.takeVideo()]).toEqual([0, undefined]);
});

test('whoever lost the lease can neither renew nor end, and what is done is counted once', async () => {
  const id = await channel(1);
  const first = (await queue.takeVideo())!;
  expect(await queue.renew(first, 'transcribing')).toBe(true);
  await runOut('videos');
  const second = (await queue.takeVideo())!;
  expect([second.id, second.attempts]).toEqual([first.id, 2]);
  expect(await queue.renew(first, 'transcribing')).toBe(false);
  expect(await queue.end(first, completed('from the dead'), DONE)).toBe(false);
  expect(await queue.end(second, completed('hello'), DONE)).toBe(true);
  expect(await queue.end(second, FAILED, DONE)).toBe(false);
  const [video] = await jobs.videosOf(id);
  expect(video).toMatchObject({
    ...{ state: 'completed', attempts: 2, toldAttempts: 1, steps: ['download'], speakers: 2 },
    ...{ seconds: 2, model: 'm', backend: 'b', message: null },
  });
  expect((await jobs.find(id))?.state).toBe('completed');
  expect(await readTotals(pool)).toMatchObject({
    ...{ videos_completed: 1, videos_failed: 0, jobs_completed_channel: 1, jobs_failed_channel: 0 },
    incarnation: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test('the last two videos of a job end at once: the job ends, once', async () => {
  const rounds = 12;
  for (let round = 0; round < rounds; round++) {
    const id = await channel(2);
    const [one, other] = [(await queue.takeVideo())!, (await queue.takeVideo())!];
    await Promise.all([
      queue.end(one, round % 2 === 0 ? completed('word') : FAILED, DONE),
      queue.end(other, FAILED, DONE),
    ]);
    expect(await jobs.find(id)).toMatchObject(
      round % 2 === 0 ? { state: 'completed', message: null } : { state: 'failed', message: 'broken' },
    );
  }
  expect(await readTotals(pool)).toMatchObject({
    ...{ videos_completed: rounds / 2, videos_failed: (3 * rounds) / 2 },
    ...{ jobs_completed_channel: rounds / 2, jobs_failed_channel: rounds / 2 },
    ...{ jobs_completed_single: 0, jobs_failed_single: 0 },
  });
});

test('a list that cannot be read ends its job, and only by who holds it', async () => {
  const { job } = await jobs.create({ jobType: 'channel', url: 'http://127.0.0.1/list', key: undefined });
  const first = (await queue.takeList())!;
  expect(await queue.takeList()).toBeUndefined();
  await runOut('transcript_jobs');
  const second = (await queue.takeList())!;
  expect(await queue.renewList(first)).toBe(false);
  expect(await queue.list(first, ['http://127.0.0.1/late'])).toBe(false);
  await queue.failList(first, 'too late');
  expect((await jobs.find(job.id))?.state).toBe('listing');
  await queue.releaseList(second, 0);
  const third = (await queue.takeList())!;
  expect(third.attempts).toBe(3);
  await queue.failList(third, 'no list');
  expect(await jobs.find(job.id)).toMatchObject({ state: 'failed', message: 'no list' });
  expect(await readTotals(pool)).toMatchObject({ jobs_failed_channel: 1, videos_failed: 0 });
});

test('what was given back waits for its pause, with the steps that were done', async () => {
  const { job } = await jobs.create({ jobType: 'single', url: 'http://127.0.0.1/a', key: randomUUID() });
  await queue.release((await queue.takeVideo())!, ['download'], LEASE_MS);
  expect([await queue.takeVideo(), await queue.pending()]).toEqual([undefined, 1]);
  await pool.query('UPDATE videos SET not_before = now()');
  await queue.end((await queue.takeVideo())!, FAILED, {
    steps: ['download', 'transcode'],
    engine: undefined,
  });
  expect(await jobs.videosOf(job.id)).toMatchObject([
    { steps: ['download', 'download', 'transcode'], attempts: 2, toldAttempts: 2, model: null },
  ]);
  expect(await readTotals(pool)).toMatchObject({ jobs_failed_single: 1, videos_failed: 1 });
});

test('a job is forgotten with all that belongs to it, long after its end and not before', async () => {
  await channel(1);
  await queue.end((await queue.takeVideo())!, completed('hello'), DONE);
  const segments = async (): Promise<number> =>
    (await pool.query<{ count: number }>('SELECT count(*)::integer AS count FROM segments')).rows[0]!.count;
  await queue.forget();
  expect(await segments()).toBe(2);
  await pool.query(`UPDATE transcript_jobs SET finished_at = now() - $1 * interval '1 millisecond'`, [
    KEPT_MS + 1_000,
  ]);
  await queue.forget();
  expect([await segments(), (await jobs.list(10, 0)).length]).toEqual([0, 0]);
  // What was counted stays counted.
  expect((await readTotals(pool)).videos_completed).toBe(1);
});
