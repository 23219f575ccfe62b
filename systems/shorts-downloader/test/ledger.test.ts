/** The visitors' ledger beside what the backend counted: in peace, and while workers are killed. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../parts/test/running.ts';
import { differences, Ledger } from '../dist/ledger.js';
import { videoOf } from '../dist/video-site.js';
import { Visitors } from '../dist/visitors.js';
import { QUEUES, SHORT_LEASE, System } from './system.ts';

const VISITS = 60;
const KILL_MS = process.env.BINNACLE_SOAK === '1' ? 30_000 : 6_000;
const KILLED_MIN = 3;
/** A backend that exposes fewer counters is not there yet. */
const SERIES_MIN = 50;
/** A video that never ends is given up before its visitor is. */
const CALLS = { SHORTS_CALL_SECONDS: '20' };

/** All that counts, and can only grow. */
function countersOf(samples: Samples): Map<string, number> {
  return new Map(
    [...samples.values()]
      .filter(({ labels }) =>
        /^(?!binnacle_|storage_file_count$).*_(total|count|sum|bucket)$/.test(labels.metricName),
      )
      .map(({ labels, value }) => [labels.toString(), value]),
  );
}

/** By the seeds that are used nobody asks among the first for a video that never ends, which takes long. */
function visitorsOf(system: System, seed: number, onVisit = (): void => {}): Visitors {
  return new Visitors({ url: system.url, visitsPerSecond: 10, seed, storedBytesMax: 1_500_000, onVisit });
}

/**
 * Waits until what was counted is what the ledger says; else tells the differences. Of two processes that say at one
 * time what is stored the slower one may be wrong, until it is read again a minute later.
 */
async function settle(system: System, visitors: Visitors, killed = 0): Promise<void> {
  await expect
    .poll(async () => differences(visitors.ledger.record, await system.samples(), { killed }), {
      timeout: 120_000,
    })
    .toEqual([]);
}

describe.each(Object.entries(QUEUES))('with the queue %s', (_kind, variables) => {
  test('after the visitors, every counter equals their ledger', async () => {
    const system = await System.start({ ...variables, ...CALLS });
    try {
      let visits = 0;
      const visitors = visitorsOf(system, 331, () => visits++);
      await visitors.start();
      await eventually(() => visits >= VISITS, 120_000);
      await visitors.stop();
      const { record } = visitors.ledger;
      expect(record).toMatchObject({ notes: [], wrong: 0, openDownloads: 0, maybeDownloads: 0, died: {} });
      await settle(system, visitors);
      // A ledger of zeros would equal a backend that counts nothing.
      expect(
        record.counts['celery_tasks_total{status="success",task_name="process_download"}'],
      ).toBeGreaterThan(10);
      expect(Object.values(record.stored).some(({ files }) => files > 0)).toBe(true);
      const known = Object.values(record.stored).reduce((sum, { files }) => sum + files, 0);
      expect(await system.objects()).toHaveLength(known);
      expect(await system.videosUnderWay()).toEqual([]);
    } finally {
      await system.stop();
    }
  }, 600_000);

  test('workers that are killed at random lose no task, leave no file, and take no count back', async () => {
    const system = await System.start({ ...variables, ...CALLS, ...SHORT_LEASE });
    try {
      const visitors = visitorsOf(system, 343);
      await visitors.start();
      const until = performance.now() + KILL_MS;
      const fallen: string[] = [];
      let killed = 0;
      let seen = 0;
      const goesOn = (): boolean => performance.now() < until || killed < KILLED_MIN || seen <= SERIES_MIN;
      const reading = (async () => {
        let before = new Map<string, number>();
        while (goesOn()) {
          await sleep(100);
          const body = await system.exposition().catch(() => undefined);
          if (body === undefined) continue;
          const now = countersOf(readSamples(body));
          for (const [series, value] of before)
            if (!((now.get(series) ?? 0) >= value)) fallen.push(`${series} ${value} -> ${now.get(series)}`);
          before = now;
          seen = now.size;
        }
      })();
      while (goesOn()) {
        await sleep(Math.random() * 1_500);
        const workers = system.workers();
        const victim = workers[Math.floor(Math.random() * workers.length)];
        if (victim === undefined || !(victim > 1)) continue;
        process.kill(victim, 'SIGKILL');
        killed++;
      }
      await reading;
      expect(fallen).toEqual([]);
      await visitors.stop();
      const { record } = visitors.ledger;
      expect(record).toMatchObject({ notes: [], wrong: 0, openDownloads: 0 });
      await settle(system, visitors, killed);
      // What nobody heard of is worked on, too; then every object belongs to a file, and every file has its object.
      await expect
        .poll(
          async () => {
            const { json } = await system.ask('GET', '/api/v1/storage/stats');
            const stats = json.providers as { file_count: number }[];
            const files = stats.reduce((sum, { file_count }) => sum + file_count, 0);
            return [(await system.objects()).length - files, (await system.videosUnderWay()).length];
          },
          { timeout: 120_000 },
        )
        .toEqual([0, 0]);
    } finally {
      await system.stop();
    }
  }, 600_000);
});

test('a task whose worker is killed is done by another, and counted once', async () => {
  const system = await System.start({ ...SHORT_LEASE, SHORTS_CALL_SECONDS: '300' });
  // Videos that nobody gets before the first workers are dead.
  const video = videoOf('held.mp4', 20_000);
  let holds = true;
  const site = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': video.length });
    if (request.method === 'HEAD') response.end();
    else if (holds) response.flushHeaders();
    else response.end(video);
  }).listen(0, '127.0.0.1');
  try {
    await once(site, 'listening');
    const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const ids = await Promise.all([1, 2, 3, 4].map((i) => system.download(`${url}/${i}.mp4`)));
    await expect.poll(() => system.sum('downloads_in_progress'), { timeout: 60_000 }).toBe(4);
    holds = false;
    for (const worker of system.workers()) if (worker > 1) process.kill(worker, 'SIGKILL');
    await expect
      .poll(async () => (await system.ask('GET', '/health').catch(() => undefined))?.status, {
        timeout: 60_000,
      })
      .toBe(200);
    for (const id of ids) {
      const ended = await system.ended(id);
      expect(ended).toMatchObject({ status: 'completed', errors: [] });
      expect(ended.attempts).toBeGreaterThan(1);
    }
    await expect.poll(() => system.sum('celery_tasks_total')).toBe(4);
    expect(await system.sum('downloads_total', { status: 'success' })).toBe(4);
    await expect.poll(() => system.sum('downloads_in_progress')).toBe(0);
    await expect.poll(() => system.objects()).toHaveLength(4);
    await expect.poll(() => system.videosUnderWay()).toEqual([]);
  } finally {
    site.close();
    site.closeAllConnections();
    await system.stop();
  }
}, 300_000);

test('differences names what is missing, what is wrong, and what nobody did', () => {
  const ledger = new Ledger();
  ledger.request('GET', '/api/v1/files', 200);
  ledger.asked();
  ledger.ended({ status: 'failed', attempts: 1, errors: ['VIDEO_NOT_FOUND'], provider: null });
  ledger.stored('s3', 1_000);
  const samples = readSamples(
    [
      'http_requests_total{method="GET",endpoint="/metrics",status="200"} 9',
      'http_requests_total{method="GET",endpoint="/other",status="200"} 1',
      'http_request_duration_seconds_count{method="GET",endpoint="/other"} 1',
      'celery_tasks_total{task_name="process_download",status="failed"} 1',
      'celery_task_duration_seconds_count{task_name="process_download"} 1',
      'downloads_total{status="failed",provider="unknown"} 2',
      'download_duration_seconds_count 1',
      'errors_total{error_code="VIDEO_NOT_FOUND",error_type="VideoError"} 1',
      'youtube_api_calls_total{operation="get_video_info",status="failed"} 1',
      'youtube_api_duration_seconds_count{operation="get_video_info"} 1',
      'storage_usage_bytes{provider="s3"} 999',
      'celery_queue_length 3',
      '',
    ].join('\n'),
  );
  expect(differences(ledger.record, samples)).toEqual([
    { series: 'downloads_total{provider="unknown",status="failed"}', expected: 1, allowed: 0, actual: 2 },
    { series: 'http_requests_total GET /other 200', expected: 0, allowed: 0, actual: 1 },
    { series: 'http_requests_total GET /api/v1/files 200', expected: 1, allowed: 0, actual: 0 },
    { series: 'storage_usage_bytes{provider="s3"}', expected: 1_000, allowed: 0, actual: 999 },
    { series: 'celery_queue_length', expected: 0, allowed: 0, actual: 3 },
  ]);
});
