/** What becomes of downloads, by both queues: errors, retries, storage, and what is left behind. */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePorts } from '../../parts/test/running.ts';
import { PROVIDERS } from '../dist/metrics.js';
import { BullQueue } from '../dist/queue/bull-queue.js';
import { VideoSite, videoOf } from '../dist/video-site.js';
import { HAS_REDIS, QUEUES, SHORT_LEASE, System } from './system.ts';

vi.setConfig({ testTimeout: 240_000 });

describe.each(Object.entries(QUEUES))('with the queue %s', (kind, variables) => {
  let system: System;
  let site: VideoSite;

  beforeAll(async () => {
    [system, site] = await Promise.all([
      System.start({ ...variables, STORAGE_QUOTA_BYTES: '400000' }),
      VideoSite.start(),
    ]);
  }, 300_000);

  afterAll(async () => {
    await site?.stop();
    await system?.stop();
  });

  test('it is that queue', async () => {
    const { status, json } = await system.ask('GET', '/health');
    expect([status, json]).toEqual([200, expect.objectContaining({ status: 'ok', queue: kind })]);
  });

  test('a video is downloaded, listed, fetched and deleted, and the usage goes up and down', async () => {
    const id = await system.download(`${site.url}/watch/whole.mp4?bytes=30000`);
    const ended = await system.ended(id);
    expect(ended).toMatchObject({ status: 'completed', attempts: 1, errors: [], title: 'whole.mp4' });
    const provider = String(ended.provider);
    expect(PROVIDERS).toContain(provider);
    const { json } = await system.ask('GET', '/api/v1/files');
    expect(json.files).toContainEqual(
      expect.objectContaining({
        file_id: ended.file_id,
        job_id: id,
        provider,
        bytes: 30_000,
        media_type: 'video/mp4',
      }),
    );
    const response = await fetch(`${system.url}/api/v1/files/${String(ended.file_id)}/content`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    expect(sha(new Uint8Array(await response.arrayBuffer()))).toBe(sha(videoOf('whole.mp4', 30_000)));
    await expect.poll(() => system.sum('storage_usage_bytes', { provider })).toBe(30_000);
    await expect.poll(() => system.sum('storage_file_count', { provider })).toBe(1);
    expect((await system.objects()).length).toBe(1);
    expect((await system.ask('DELETE', `/api/v1/files/${String(ended.file_id)}`)).status).toBe(204);
    await expect.poll(() => system.sum('storage_usage_bytes')).toBe(0);
    await expect.poll(() => system.sum('storage_file_count')).toBe(0);
    expect(await system.objects()).toEqual([]);
    expect((await system.ask('DELETE', `/api/v1/files/${String(ended.file_id)}`)).status).toBe(404);
    const gone = await fetch(`${system.url}/api/v1/files/${String(ended.file_id)}/content`);
    expect(gone.status).toBe(404);
  });

  test.each([
    ['/missing/a.mp4', 'VIDEO_NOT_FOUND', 'VideoError', 1],
    ['/private/a.mp4', 'VIDEO_UNAVAILABLE', 'VideoError', 1],
    ['/page/a', 'VIDEO_UNSUPPORTED', 'VideoError', 1],
    ['/huge/a.mp4', 'VIDEO_TOO_LARGE', 'VideoError', 1],
    ['/broken/a.mp4', 'DOWNLOAD_FAILED', 'TransferError', 4],
  ])('%s fails with %s after %s, %i attempts', async (path, error_code, error_type, attempts) => {
    const before = await system.sum('celery_tasks_total', { status: 'failed' });
    const errors = await system.sum('errors_total', { error_code, error_type });
    const ended = await system.ended(await system.download(site.url + path));
    expect(ended).toMatchObject({
      status: 'failed',
      attempts,
      errors: new Array(attempts).fill(error_code),
      provider: null,
      file_id: null,
      message: expect.stringMatching(/./),
    });
    await expect.poll(() => system.sum('celery_tasks_total', { status: 'failed' })).toBe(before + 1);
    expect(await system.sum('errors_total', { error_code, error_type })).toBe(errors + attempts);
    expect(await system.sum('downloads_total', { status: 'failed', provider: 'unknown' })).toBe(before + 1);
  });

  test('what breaks off twice comes the third time', async () => {
    const ended = await system.ended(await system.download(`${site.url}/flaky/2/twice.mp4`));
    expect(ended).toMatchObject({
      status: 'completed',
      attempts: 3,
      errors: ['DOWNLOAD_FAILED', 'DOWNLOAD_FAILED'],
    });
    expect((await system.ask('DELETE', `/api/v1/files/${String(ended.file_id)}`)).status).toBe(204);
  });

  test('a site that is not there is tried again, and then told', async () => {
    const ended = await system.ended(await system.download('http://127.0.0.1:9/video.mp4'));
    expect(ended).toMatchObject({
      status: 'failed',
      attempts: 4,
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  test('when no provider has room a download fails with STORAGE_FULL, and after a deletion there is room', async () => {
    const files: string[] = [];
    let last: Record<string, unknown> = {};
    for (let i = 0; i < 10; i++) {
      last = await system.ended(await system.download(`${site.url}/watch/full-${i}.mp4?bytes=150000`));
      if (last.status !== 'completed') break;
      files.push(String(last.file_id));
    }
    expect(last).toMatchObject({ status: 'failed', attempts: 1, errors: ['STORAGE_FULL'] });
    // Two with each of the three.
    expect(files).toHaveLength(6);
    const { json } = await system.ask('GET', '/api/v1/storage/stats');
    expect(json.providers).toEqual(
      PROVIDERS.map((provider) => ({
        provider,
        total_size_bytes: 300_000,
        file_count: 2,
        quota_bytes: 400_000,
        used_percent: 75,
      })),
    );
    expect((await system.ask('DELETE', `/api/v1/files/${files[0]}`)).status).toBe(204);
    const again = await system.ended(await system.download(`${site.url}/watch/room.mp4?bytes=150000`));
    expect(again.status).toBe('completed');
    for (const file of [...files.slice(1), String(again.file_id)])
      expect((await system.ask('DELETE', `/api/v1/files/${file}`)).status).toBe(204);
    expect(await system.objects()).toEqual([]);
  });

  test('when nothing is under way, no temporary file is left', async () => {
    expect(await system.videosUnderWay()).toEqual([]);
    await expect.poll(() => system.sum('downloads_in_progress')).toBe(0);
    await expect.poll(() => system.sum('celery_queue_length')).toBe(0);
  });

  test.each([
    ['another protocol', { url: 'ftp://example.com/a.mp4' }, 'INVALID_URL'],
    ['no address', { url: 'cats' }, 'INVALID_URL'],
    ['no host', { url: 'http://' }, 'INVALID_URL'],
    ['too long an address', { url: `http://example.com/${'a'.repeat(3_000)}` }, 'INVALID_URL'],
    ['a number', { url: 7 }, 'INVALID_URL'],
    ['nothing', {}, 'invalid_request'],
  ])('%s is refused', async (_what, body, error_code) => {
    const { status, json } = await system.ask('POST', '/api/v1/download', body);
    expect([status, json]).toEqual([400, { error_code, message: expect.stringMatching(/./) }]);
  });
});

describe('a page that needs yt-dlp', () => {
  test('is not supported where there is none', async () => {
    const system = await System.start({ YT_DLP_PATH: '/nowhere/yt-dlp' });
    try {
      const ended = await system.ended(await system.download('https://www.youtube.com/watch?v=aqz-KE-bpKQ'));
      expect(ended).toMatchObject({
        errors: ['VIDEO_UNSUPPORTED'],
        message: expect.stringMatching(/yt-dlp/),
      });
      expect(system.output.join('')).toMatch(/there is no yt-dlp here/);
    } finally {
      await system.stop();
    }
  });
});

describe.each(Object.entries(QUEUES))('tasks that wait in the queue %s', (kind, variables) => {
  test('are told, and are not lost with the queue', async () => {
    const system = await System.start({ ...variables, ...SHORT_LEASE, SHORTS_TASKS_AT_ONCE: '0' });
    try {
      const ids = await Promise.all(
        [1, 2, 3, 4, 5].map((i) => system.download(`http://127.0.0.1:9/${i}.mp4`)),
      );
      await expect.poll(() => system.sum('celery_queue_length')).toBe(5);
      const [worker] = system.workers();
      expect(worker).toBeGreaterThan(1);
      const { DATABASE_URL, REDIS_URL } = environmentOf(worker!);
      // As when somebody empties it; the janitor puts the tasks in again.
      if (kind === 'bullmq') {
        const redis = new Redis(REDIS_URL!);
        await redis.flushall();
        redis.disconnect();
      } else {
        const pool = new Pool({ connectionString: DATABASE_URL });
        await pool.query('DELETE FROM queued_tasks');
        await pool.end();
      }
      await expect.poll(() => system.sum('celery_queue_length')).toBe(5);
      expect((await system.ask('GET', `/api/v1/status/${ids[0]}`)).json.status).toBe('queued');
    } finally {
      await system.stop();
    }
  });

  test('a video whose processes die every time is given up', async () => {
    const system = await System.start({ ...variables, ...SHORT_LEASE });
    try {
      const id = randomUUID();
      const { DATABASE_URL } = environmentOf(system.workers()[0]!);
      const pool = new Pool({ connectionString: DATABASE_URL });
      // As its last process has left it.
      await pool.query(
        `INSERT INTO downloads (id, url, status, attempts, touched_at, started_at)
         VALUES ($1, $2, 'processing', 10, now() - interval '1 hour', now() - interval '1 hour')`,
        [id, 'http://127.0.0.1:9/deadly.mp4'],
      );
      expect(await system.ended(id)).toMatchObject({
        status: 'failed',
        attempts: 11,
        errors: ['UNKNOWN_ERROR'],
        message: 'none of 10 attempts came to an end',
      });
      const { rows } = await pool.query<{ failed: number }>(
        `SELECT sum(tasks)::float8 AS failed FROM task_totals WHERE status = 'failed'`,
      );
      await pool.end();
      await expect.poll(() => system.sum('celery_tasks_total', { status: 'failed' })).toBe(rows[0]?.failed);
      expect(await system.sum('errors_total', { error_code: 'UNKNOWN_ERROR', error_type: 'Error' })).toBe(1);
    } finally {
      await system.stop();
    }
  });
});

test.runIf(HAS_REDIS)('a download is taken while Redis is away, and told that it waits', async () => {
  const redis = await RedisServer.start();
  expect(redis).toBeDefined();
  const system = await System.start({ REDIS_URL: redis!.url });
  try {
    await redis!.stop();
    const id = await system.download('http://127.0.0.1:9/video.mp4');
    expect((await system.ask('GET', `/api/v1/status/${id}`)).json.status).toBe('queued');
    expect((await system.ask('GET', '/health')).status).toBe(500);
  } finally {
    await system.stop();
    await redis!.stop();
  }
});

test.runIf(HAS_REDIS)('a queue is open once its Redis answers, and answers while it is away', async () => {
  const [port] = await freePorts(1);
  const opening = BullQueue.open({ url: `redis://127.0.0.1:${port}`, leaseMs: 4_000 });
  const isOpen = await Promise.race([opening.then(() => true), sleep(300, false)]);
  expect(isOpen).toBe(false);
  const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', tmpdir()]);
  const queue = await opening;
  try {
    await queue.add('first');
    expect(await queue.length()).toBe(1);
    redis.kill('SIGKILL');
    await once(redis, 'exit');
    await expect(queue.add('second')).rejects.toThrow(/./);
    await expect(queue.length()).rejects.toThrow(/./);
  } finally {
    redis.kill('SIGKILL');
    await queue.stop();
  }
});

test.runIf(HAS_REDIS)('a queue that is worked on stops, though its Redis is away', async () => {
  const redis = await RedisServer.start();
  const queue = await BullQueue.open({ url: redis!.url, leaseMs: 4_000 });
  const began: string[] = [];
  queue.work(async (id) => {
    began.push(id);
    return { type: 'done' };
  }, 2);
  await queue.add('first');
  await expect.poll(() => began).toEqual(['first']);
  await redis!.stop();
  // Until it is known that nobody answers any more.
  await expect(queue.add('second')).rejects.toThrow(/./);
  await queue.stop();
});

test('a provider that does not answer is counted, and another one is drawn', async () => {
  const [system, site] = await Promise.all([
    System.start({
      S3_BUCKET: 'ours',
      S3_ENDPOINT: 'http://127.0.0.1:9',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'ours',
      AWS_SECRET_ACCESS_KEY: 'ours',
    }),
    VideoSite.start(),
  ]);
  try {
    let failures = 0;
    let completed = 0;
    for (let i = 0; failures === 0 || completed === 0; i++) {
      const { status, errors, provider } = await system.ended(
        await system.download(`${site.url}/watch/${i}.mp4`),
      );
      for (const error of errors as string[]) expect(error).toBe('STORAGE_FAILED');
      failures += (errors as string[]).length;
      if (status === 'completed') {
        completed++;
        expect(['gcs', 'azure']).toContain(provider);
      } else expect([provider, (errors as string[]).length]).toEqual(['s3', 4]);
    }
    expect(await system.sum('storage_uploads_total', { provider: 's3', status: 'failed' })).toBe(failures);
    expect(
      await system.sum('errors_total', { error_code: 'STORAGE_FAILED', error_type: 'StorageError' }),
    ).toBe(failures);
    // Of two processes that say it at one time the slower one may be wrong, until it is read again a minute later.
    await expect.poll(() => system.sum('storage_file_count'), { timeout: 120_000 }).toBe(completed);
  } finally {
    await site.stop();
    await system.stop();
  }
}, 600_000);

/** The variables that a process was started with. */
function environmentOf(pid: number): Record<string, string> {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return Object.fromEntries(
    entries.map((entry) => [entry.replace(/=.*/s, ''), entry.replace(/^[^=]*=/, '')]),
  );
}
