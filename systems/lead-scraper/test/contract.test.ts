import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseText } from '@binnacle/metrics/exposition';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { INSIDE, type Metric } from '../../../packages/metrics/dist/inside.js';
import { eventually, kill } from '../../parts/test/running.ts';
import * as metrics from '../dist/metrics.js';
import { anyRuns, System } from './system.ts';

interface MetricContract {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly mode?: string;
  readonly buckets?: readonly number[];
  readonly openValues?: boolean;
  readonly declaredOnly?: string;
}

const CONTRACT = JSON.parse(await readFile(new URL('../contract.json', import.meta.url), 'utf8')) as {
  readonly services: { readonly api: { readonly port: number; readonly metrics: readonly MetricContract[] } };
};
const { api } = CONTRACT.services;

/** The modes of gauges by name. */
function modesOf(module: object): ReadonlyMap<string, string | undefined> {
  const modes = new Map<string, string | undefined>();
  for (const value of Object.values(module).flatMap((one) => [one, ...Object.values(Object(one))]))
    if (typeof value === 'object' && value !== null && INSIDE in value) {
      const { name, mode } = (value as Metric)[INSIDE].shape;
      modes.set(name, mode);
    }
  return modes;
}

const ENDPOINTS = ['health', 'unmatched', '/api/v1/status/{job_id}'];

let system: System;
let ollama: Server;
let samples: Samples;
const types = new Map<string, string>();
const helps = new Map<string, string>();

beforeAll(async () => {
  ollama = createServer((_request, response) => response.end('{"models":[]}')).listen(0, '127.0.0.1');
  await once(ollama, 'listening');
  const { port } = ollama.address() as AddressInfo;
  system = await System.start({ variables: { OLLAMA_URL: `http://127.0.0.1:${port}` } });
  for (const source of ['directory', 'yellow_pages', 'map_listing'])
    await system.scrape({ source, region: 'seoul', pages: 2, enrich: 'missing', verify: true });
  await system.scrape({ source: 'yellow_pages', region: 'jeju' });
  await system.ask('GET', '/nowhere');
  await system.ask('GET', '/health');
  await eventually(async () => (await system.sum('queue_jobs_total', { status: 'failed' })) === 1);
  // Requests are counted when their answers have left.
  for (const endpoint of ENDPOINTS)
    await eventually(async () => (await system.sum('http_requests_total', { endpoint })) > 0);
  const body = await system.exposition();
  parseText(new TextEncoder().encode(body), {
    family: (family, field, value) => (field === 'type' ? types : helps).set(family, value),
    sample: () => {},
  });
  samples = readSamples(body);
}, 600_000);

afterAll(async () => {
  await system?.stop();
  ollama?.close();
});

/** The label sets of a series name, without the name. */
function labelSets(name: string): Record<string, string>[] {
  return [...samples.values()]
    .filter(({ labels }) => labels.metricName === name)
    .map(({ labels }) => {
      const { __name__: _, ...rest } = labels.toObject();
      return rest;
    });
}

test.each(api.metrics.map((metric) => [metric.name, metric] as const))(
  '%s is as the contract says',
  (name, metric) => {
    const histogram = metric.type === 'histogram';
    const sets = labelSets(histogram ? `${name}_count` : name);
    expect(types.get(name)).toBe(metric.type);
    expect(helps.get(name)).toMatch(/./);
    if (metric.declaredOnly !== undefined) {
      expect(sets).toEqual([]);
      return;
    }
    expect(sets.length).toBeGreaterThan(0);
    const labelNames = Object.keys(metric.labels).sort();
    for (const set of sets) expect(Object.keys(set).sort()).toEqual(labelNames);
    for (const [label, values] of Object.entries(metric.labels)) {
      if (values === null) continue;
      const seen = new Set(sets.map((set) => set[label]));
      const expected =
        label === 'dependency' && !system.output.join('').includes('there is no redis-server')
          ? values
          : values.filter((value) => value !== 'redis');
      for (const value of expected) expect(seen).toContain(value);
      if (metric.openValues !== true) for (const value of seen) expect(values).toContain(value);
    }
    if (metric.mode !== undefined)
      expect(modesOf(metrics).get(name)).toMatch(
        new RegExp(`^(live )?${metric.mode.replace(/^live /, '')}$`),
      );
    if (!histogram) return;
    const bounds = [...new Set(labelSets(`${name}_bucket`).map((set) => set.le))];
    expect(bounds).toEqual([...metric.buckets!.map(String), '+Inf']);
  },
);

test('there is nothing else but what the metrics client tells of itself', () => {
  const known = new Set(api.metrics.map(({ name }) => name));
  expect([...types.keys()].filter((name) => !known.has(name) && !name.startsWith('binnacle_'))).toEqual([]);
});

test('endpoints are templates of routes, the health route by its name, or unmatched', () => {
  const endpoints = new Set(labelSets('http_requests_total').map(({ endpoint }) => endpoint));
  for (const endpoint of ENDPOINTS) expect(endpoints).toContain(endpoint);
  for (const endpoint of endpoints)
    expect(endpoint).toMatch(/^(health|unmatched|\/api\/v1(\/[a-z]+|\/\{\w+\})+)$/);
});

test('two processes of the API, two that scrape, and their primaries count in one folder', async () => {
  expect([system.workers('api').length, system.workers('scraping').length]).toEqual([2, 2]);
  expect(await system.sum('binnacle_metrics_writers')).toBe(6);
  expect(await system.sum('workers_active')).toBe(2);
  expect(system.metricsUrl).toBe(`${system.url}/metrics`);
  expect(api.port).toBe(8000);
});

test('a system that ends leaves no process and no file', async () => {
  const pids = system.processes();
  expect(pids.length).toBeGreaterThan(7);
  expect(await system.end()).toBe(0);
  await expect.poll(() => anyRuns(pids), { timeout: 60_000 }).toBe(false);
  expect(await readdir(system.folder)).toEqual([]);
});

test('a system that is killed takes with it all that it started, and one that cannot start says why', async () => {
  const killed = await System.start();
  try {
    const pids = killed.processes();
    // Its groups, their workers, and the servers of the database and, where there is one, of the queue.
    expect(pids.length).toBeGreaterThan(7);
    kill(killed.process.pid);
    await expect.poll(() => anyRuns(pids), { timeout: 60_000 }).toBe(false);
  } finally {
    await killed.stop();
  }
  await expect(System.start({ variables: { API_WORKERS: 'many' } })).rejects.toThrow(
    /^the lead scraper ended: lead-scraper: API_WORKERS is "many"; it must be a number from 1 to 32\n$/,
  );
}, 300_000);
