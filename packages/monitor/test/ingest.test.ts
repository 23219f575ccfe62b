/** The ingest thread end to end: a real service, a real thread, a real directory. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IngestOptions, IngestThread } from '../dist/cli/ingest-thread.js';
import type { ScrapeConfig } from '../dist/config/prometheus.js';
import { selectFrom } from './tsdb/naive-storage.ts';

let dir: string;
let server: Server;
let body = '';
let scrapes = 0;
const threads: IngestThread[] = [];

beforeEach(async () => {
  dir = join(mkdtempSync(join(tmpdir(), 'binnacle-ingest-')), 'data');
  scrapes = 0;
  body =
    '# TYPE jobs_total counter\n# HELP jobs_total Jobs.\njobs_total{kind="a"} 7\njobs_total{kind="b"} 8\n';
  server = createServer((_, response) => {
    scrapes++;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()));
  server.closeAllConnections();
  server.close();
  rmSync(join(dir, '..'), { recursive: true });
});

function config(over: Partial<ScrapeConfig> = {}): ScrapeConfig {
  const { port } = server.address() as AddressInfo;
  return {
    jobName: 'svc',
    scrapeIntervalMs: 100,
    // On a machine that has much to do no scrape fails for it.
    scrapeTimeoutMs: 60_000,
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    sampleLimit: 0,
    bodySizeLimitBytes: 0,
    staticConfigs: [{ targets: [`127.0.0.1:${port}`], labels: { system: 'test' } }],
    ...over,
  };
}

async function start(over: Partial<IngestOptions> = {}): Promise<IngestThread> {
  const thread = await IngestThread.start({ dataDir: dir, scrapeConfigs: [config()], ...over });
  threads.push(thread);
  return thread;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

const jobs = [{ name: '__name__', op: '=', value: 'jobs_total' }] as const;
const everything = [{ name: '__name__', op: '!=', value: '' }] as const;

test('a service’s samples are stored and answered, and are there again after closing', async () => {
  const thread = await start();
  const instance = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await until(async () => (Object.values(await selectFrom(thread, jobs))[1]?.length ?? 0) >= 3);
  const shown = await selectFrom(thread, everything);
  expect(Object.keys(shown).sort()).toEqual([
    `jobs_total{instance="${instance}", job="svc", kind="a", system="test"}`,
    `jobs_total{instance="${instance}", job="svc", kind="b", system="test"}`,
    `scrape_duration_seconds{instance="${instance}", job="svc", system="test"}`,
    `scrape_samples_post_metric_relabeling{instance="${instance}", job="svc", system="test"}`,
    `scrape_samples_scraped{instance="${instance}", job="svc", system="test"}`,
    `scrape_series_added{instance="${instance}", job="svc", system="test"}`,
    `up{instance="${instance}", job="svc", system="test"}`,
  ]);
  expect(await thread.labelNames([], 0, 1e15)).toEqual(['__name__', 'instance', 'job', 'kind', 'system']);
  expect(await thread.labelValues('kind', [], 0, 1e15)).toEqual(['a', 'b']);
  expect((await thread.labelSets([jobs], 0, 1e15)).map((labels) => labels.get('kind'))).toEqual(['a', 'b']);
  expect(await thread.targets()).toMatchObject([
    { health: 'up', lastError: '', labels: { job: 'svc', instance, system: 'test' }, scrapePool: 'svc' },
  ]);
  expect(await thread.metadata()).toMatchObject([{ metric: 'jobs_total', type: 'counter', help: 'Jobs.' }]);
  expect((await thread.stats()).scraper).toMatchObject({ targets: 1, failedScrapes: 0 });
  await thread.close();

  const lines: string[] = [];
  const again = await start({ scrapeConfigs: [], onReport: (line) => lines.push(line) });
  const after = await selectFrom(again, everything);
  for (const [series, samples] of Object.entries(shown)) {
    expect(after[series]?.slice(0, samples.length)).toEqual(samples);
  }
  expect(lines).toEqual([expect.stringMatching(/^read \d+ kB of log back in [\d.]+ s$/)]);
});

test('the main thread’s own samples are stored, markers and NaN included', async () => {
  const thread = await start({ scrapeConfigs: [] });
  const now = Date.now();
  const sample = (name: string, value: number, stale = false) => ({
    labels: Labels.of({ __name__: name }),
    value,
    stale,
  });
  const result = await thread.append('rules', now, [
    sample('a', -0),
    sample('b', Number.NaN),
    sample('c', 0, true),
  ]);
  expect(result).toEqual({ appended: 3, outOfOrder: 0 });
  expect(await thread.append('rules', now, [sample('a', 1)])).toEqual({ appended: 0, outOfOrder: 1 });
  expect(await selectFrom(thread, everything)).toEqual({
    a: [`-0@${now}`],
    b: [`NaN@${now}`],
    c: [`stale@${now}`],
  });
});

test('the same label sets are the same objects from query to query', async () => {
  const thread = await start({ scrapeConfigs: [] });
  await thread.append('x', Date.now(), [{ labels: Labels.of({ __name__: 'a' }), value: 1 }]);
  const request = {
    matchers: everything,
    startMs: 0,
    endMs: 1e15,
    hints: { stepMs: 0, rangeMs: 0, func: '' },
  };
  const labels = async () => (await thread.select([request]))[0]!.series[0]!.labels;
  expect(await labels()).toBe(await labels());
});

test('a cancelled query rejects with its reason, and those after it are whole', async () => {
  const thread = await start({ scrapeConfigs: [] });
  const series = Array.from({ length: 20_000 }, (_, i) => ({
    labels: Labels.of({ __name__: 'm', i: String(i) }),
    value: i,
  }));
  await thread.append('x', Date.now(), series);
  const request = {
    matchers: everything,
    startMs: 0,
    endMs: 1e15,
    hints: { stepMs: 0, rangeMs: 0, func: '' },
  };
  const requests = Array.from({ length: 30 }, () => request);
  const controller = new AbortController();
  const asked = thread.select(requests, controller.signal);
  controller.abort(new Error('page closed'));
  await expect(asked).rejects.toThrow('page closed');
  await expect(thread.select(requests, controller.signal)).rejects.toThrow('page closed');
  const [result] = await thread.select([request]);
  expect(new Set(result!.series.map(({ labels }) => labels.get('i'))).size).toBe(20_000);
});

test('errors cross with their codes', async () => {
  const thread = await start();
  await expect(selectFrom(thread, [{ name: 'a', op: '=~', value: '(' }])).rejects.toMatchObject({
    name: 'StorageError',
    message: expect.stringContaining('a=~"("'),
  });
  await expect(start()).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
  const { staticConfigs: _, ...rest } = config();
  const bad = { ...rest, staticConfigs: [{ targets: ['no such'], labels: {} }] };
  await expect(thread.reload([bad])).rejects.toThrow('"no such" is not of the form host:port');
  await expect(start({ dataDir: `${dir}2`, scrapeConfigs: [bad] })).rejects.toThrow('host:port');
});

test('a new configuration ends the series of targets that are gone', async () => {
  const thread = await start();
  await until(() => scrapes >= 2);
  await thread.reload([]);
  expect(await thread.targets()).toEqual([]);
  const before = scrapes;
  const shown = await selectFrom(thread, everything);
  expect(Object.values(shown).map((samples) => samples.at(-1)!.split('@')[0])).toEqual(
    new Array(7).fill('stale'),
  );
  await thread.reload([config({ jobName: 'other' })]);
  await until(() => scrapes > before);
  expect(await thread.targets()).toMatchObject([{ scrapePool: 'other' }]);
});

test('closing does not wait for a target that does not answer, and leaves no lock', async () => {
  server.removeAllListeners('request');
  server.on('request', () => scrapes++);
  const thread = await start({
    scrapeConfigs: [config({ scrapeIntervalMs: 60_000 })],
  });
  await until(() => scrapes === 1);
  await thread.close();
  expect(existsSync(join(dir, 'lock'))).toBe(false);
  await expect(thread.targets()).rejects.toMatchObject({ code: 'CLOSED' });
});
