import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Pool } from 'pg';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { EmbeddedPostgres } from '../../parts/dist/embedded-postgres.js';
import { migrate } from '../../parts/dist/migrations.js';
import { eventually } from '../../parts/test/running.ts';
import { formatOf } from '../dist/files/file-format.js';
import { MIGRATIONS } from '../dist/migrations.js';
import { makeSpecimens, type Specimens } from '../dist/specimens.js';
import { converterOf } from '../dist/transcode/conversions.js';
import { Jobs, type NewJob } from '../dist/transcode/jobs.js';
import { Platform } from './platform.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const HAS_FFMPEG = spawnSync('ffmpeg', ['-version'], { stdio: 'ignore' }).status === 0;

describe('jobs', () => {
  const LEASE_MS = 600_000;
  const newJob: NewJob = {
    fileId: '00000000-0000-4000-8000-000000000001',
    assetId: '00000000-0000-4000-8000-000000000002',
    fileName: 'a.png',
    sourceFormat: 'png',
    targetFormat: 'webp',
  };
  let server: EmbeddedPostgres;
  let pool: Pool;
  let jobs: Jobs;

  beforeAll(async () => {
    server = await EmbeddedPostgres.start();
    pool = new Pool({ connectionString: server.url, max: 4 }).on('error', () => {});
    await migrate(pool, MIGRATIONS);
    jobs = new Jobs(pool, LEASE_MS);
  }, 300_000);

  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  test('each is taken by one, oldest first', async () => {
    const added = [await jobs.add(newJob), await jobs.add(newJob), await jobs.add(newJob)];
    const taken = await Promise.all([jobs.claim(), jobs.claim(), jobs.claim(), jobs.claim()]);
    expect(taken.map((job) => job?.id).sort()).toEqual([...added.map(({ id }) => id), undefined].sort());
    for (const job of taken)
      if (job !== undefined)
        await jobs.end(job.id, job.lease, { status: 'failed', message: 'x' }, [], () => {});
  });

  test('one whose lease ran out is taken up again, and whoever lost it can neither renew nor end it', async () => {
    const { id } = await jobs.add(newJob);
    const first = (await jobs.claim())!;
    expect([first.id, first.attempts]).toEqual([id, 1]);
    expect(await jobs.renew(id, first.lease, 40)).toBe(true);
    expect(await jobs.claim()).toBeUndefined();
    await pool.query("UPDATE transcode_jobs SET lease_until = now() - interval '1 second' WHERE id = $1", [
      id,
    ]);
    const second = (await jobs.claim())!;
    expect([second.id, second.attempts, second.progress]).toEqual([id, 2, 0]);
    expect(await jobs.renew(id, first.lease, 50)).toBe(false);
    const ends: string[] = [];
    const resultFileId = newJob.fileId;
    const end = (lease: string, who: string): Promise<boolean> =>
      jobs.end(id, lease, { status: 'completed', resultFileId }, ['files GET / 200'], () => ends.push(who));
    expect(await end(first.lease, 'first')).toBe(false);
    expect(await end(second.lease, 'second')).toBe(true);
    expect(ends).toEqual(['second']);
    expect(await jobs.find(id)).toMatchObject({
      status: 'completed',
      progress: 100,
      attempts: 2,
      toldAttempts: 1,
      counted: true,
      resultFileId,
      calls: ['files GET / 200'],
    });
  });

  test('one that is given back waits again, and knows what was done for it', async () => {
    const { id } = await jobs.add(newJob);
    const taken = (await jobs.claim())!;
    await jobs.release(id, taken.lease, ['files GET / 500']);
    expect(await jobs.find(id)).toMatchObject({ status: 'queued', attempts: 1, toldAttempts: 1 });
    const again = (await jobs.claim())!;
    expect(again.id).toBe(id);
    await jobs.end(id, again.lease, { status: 'failed', message: 'x' }, ['files GET / 404'], () => {});
    expect((await jobs.find(id))?.calls).toEqual(['files GET / 500', 'files GET / 404']);
  });

  test('the progress is the mean of those that are in a status now', async () => {
    await pool.query('DELETE FROM transcode_jobs');
    expect(await jobs.progress()).toEqual({ queued: 0, processing: 0, completed: 0, failed: 0 });
    for (let i = 0; i < 3; i++) await jobs.add(newJob);
    for (const progress of [20, 60]) {
      const { id, lease } = (await jobs.claim())!;
      await jobs.renew(id, lease, progress);
    }
    expect(await jobs.progress()).toEqual({ queued: 0, processing: 40, completed: 0, failed: 0 });
  });
});

test.each([
  ['image', 'png', 'webp', 'sharp'],
  ['image', 'heic', 'png', undefined],
  ['image', 'png', 'mp3', undefined],
  ['audio', 'wav', 'mp3', 'ffmpeg'],
  ['audio', 'wav', 'mp4', undefined],
  ['video', 'mov', 'mp4', 'ffmpeg'],
  ['video', 'mp4', 'mp3', 'ffmpeg'],
  ['document', 'pdf', 'png', undefined],
])('%s %s to %s is made by %s', (type, source, target, converter) => {
  expect(converterOf(type, source, target)).toBe(converter);
});

describe('the service', () => {
  let platform: Platform;
  let specimens: Specimens;
  let asset: string;

  beforeAll(async () => {
    platform = await Platform.start({ TRANSCODE_SERVICE_LEASE_SECONDS: '4' });
    specimens = await makeSpecimens();
    asset = await platform.createAsset('converted');
  }, 300_000);

  afterAll(async () => {
    await platform?.stop();
  });

  async function askFor(name: string, content: Buffer, target: string): Promise<string> {
    const file = await platform.upload(asset, name, content);
    const answer = await platform.ask('POST', '/api/v1/transcode', {
      file_id: file.json.file_id,
      target_format: target,
    });
    expect([answer.status, answer.headers.get('x-platform-calls')]).toEqual([
      202,
      'files GET /api/v1/files/{file_id} 200',
    ]);
    return String(answer.json.job_id);
  }

  async function ended(job: string): Promise<Record<string, unknown>> {
    let answer: Record<string, unknown> = {};
    await eventually(async () => {
      answer = (await platform.ask('GET', `/api/v1/transcode/${job}`)).json;
      return answer.counted === true;
    }, 240_000);
    return answer;
  }

  async function resultOf(job: Record<string, unknown>): Promise<Buffer> {
    const response = await platform.fetch(`/api/v1/files/${String(job.result_file_id)}/content`);
    return Buffer.from(await response.arrayBuffer());
  }

  test('an image becomes another one, as a file of the same asset', { timeout: 600_000 }, async () => {
    const before = await platform.sum('transcode', 'transcode_jobs_total', { status: 'completed' });
    const job = await ended(await askFor('photo.jpg', specimens.images[0]!.content, 'webp'));
    expect(job).toMatchObject({
      status: 'completed',
      progress: 100,
      source_format: 'jpeg',
      target_format: 'webp',
    });
    expect(await sharp(await resultOf(job)).metadata()).toMatchObject({
      format: 'webp',
      width: 640,
      height: 480,
    });
    const file = (await platform.ask('GET', `/api/v1/files/${String(job.result_file_id)}`)).json;
    expect(file).toMatchObject({ asset_id: asset, name: 'photo.webp', format: 'webp' });
    expect(await platform.sum('transcode', 'transcode_jobs_total', { status: 'completed' })).toBe(before + 1);
    const labels = { source_format: 'jpeg', target_format: 'webp' };
    expect(await platform.sum('transcode', 'transcode_duration_seconds_count', labels)).toBe(1);
    expect(await platform.sum('transcode', 'transcode_progress_percentage', { status: 'completed' })).toBe(
      100,
    );
  });

  test('what is no whole image fails, and is counted as failed', { timeout: 600_000 }, async () => {
    const before = await platform.sum('transcode', 'transcode_jobs_total', { status: 'failed' });
    const job = await ended(await askFor('broken.png', specimens.broken.content, 'jpeg'));
    expect(job).toMatchObject({ status: 'failed', result_file_id: null });
    expect(job.message).toContain('the image cannot be converted');
    expect(await platform.sum('transcode', 'transcode_jobs_total', { status: 'failed' })).toBe(before + 1);
  });

  test.skipIf(!HAS_FFMPEG)(
    'sounds and videos are converted, videos to sounds too',
    { timeout: 600_000 },
    async () => {
      const jobs: [job: Promise<string>, format: string][] = [
        [askFor('tone.wav', specimens.sounds[0]!.content, 'mp3'), 'mp3'],
        [askFor('tone.wav', specimens.sounds[0]!.content, 'ogg'), 'ogg'],
        [askFor('clip.mp4', specimens.videos[0]!.content, 'webm'), 'webm'],
        [askFor('clip.mp4', specimens.videos[0]!.content, 'flac'), 'flac'],
      ];
      for (const [asked, format] of jobs) {
        const job = await ended(await asked);
        expect([job.status, job.message]).toEqual(['completed', null]);
        expect(formatOf(await resultOf(job)).format).toBe(format);
      }
    },
  );

  test.skipIf(!HAS_FFMPEG)(
    'a long job shows its progress, and when its process is killed another one takes it up',
    { timeout: 600_000 },
    async () => {
      // To a file, because only then it says how long it is.
      const long = path.join(platform.folder, 'long.mkv');
      const testSource = ['-f', 'lavfi', '-i', 'testsrc2=duration=60:size=640x480:rate=25'];
      spawnSync('ffmpeg', [
        '-nostdin',
        '-loglevel',
        'error',
        ...testSource,
        '-c:v',
        'mpeg4',
        '-q:v',
        '8',
        long,
      ]);
      const id = await askFor('long.mkv', await readFile(long), 'webm');
      const killed = new Set<number>();
      let seen = 0;
      await eventually(async () => {
        const { json } = await platform.ask('GET', `/api/v1/transcode/${id}`);
        seen = Number(json.progress);
        return json.status === 'processing' && seen > 10 && seen < 90;
      }, 240_000);
      expect(
        await platform.sum('transcode', 'transcode_progress_percentage', { status: 'processing' }),
      ).toBeGreaterThan(0);
      // One of them works on it; the other one is replaced as well, and may take it up as soon as the lease ends.
      for (const pid of platform.workers('transcode')) {
        process.kill(pid, 'SIGKILL');
        killed.add(pid);
      }
      expect(killed.size).toBe(2);
      await eventually(() => platform.workers('transcode').filter((pid) => !killed.has(pid)).length === 2);
      await eventually(
        () => platform.ask('GET', `/api/v1/transcode/${id}`).then(({ json }) => json.attempts === 2),
        120_000,
      );
      const job = await ended(id);
      expect(job).toMatchObject({ status: 'completed', attempts: 2, told_attempts: 1 });
      expect(
        await platform.sum('transcode', 'transcode_duration_seconds_count', { source_format: 'mkv' }),
      ).toBe(1);
    },
  );

  test('what cannot be asked for', async () => {
    const ask = async (body: unknown): Promise<unknown[]> => {
      const { status, json } = await platform.ask('POST', '/api/v1/transcode', body);
      return [status, json.error];
    };
    const file_id = '00000000-0000-4000-8000-000000000000';
    expect(await ask({ file_id: 'x', target_format: 'png' })).toEqual([400, 'invalid_file_id']);
    expect(await ask({ file_id, target_format: 'exe' })).toEqual([400, 'invalid_target_format']);
    expect(await ask({ file_id, target_format: 'png' })).toEqual([404, 'no_such_file']);
    expect(await ask([])).toEqual([400, 'invalid_file_id']);
    const text = await platform.upload(asset, 'a.txt', 'text');
    expect(await ask({ file_id: text.json.file_id, target_format: 'png' })).toEqual([422, 'cannot_convert']);
    const broken = await platform.fetch('/api/v1/transcode', { method: 'POST', body: '{' });
    expect(broken.status).toBe(400);
    expect((await platform.ask('GET', `/api/v1/transcode/${file_id}`)).status).toBe(404);
  });
});
