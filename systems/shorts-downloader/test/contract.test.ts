/** `/metrics` of the running backend, beside the contract. */
import { readFile } from 'node:fs/promises';
import { parseText } from '@binnacle/metrics/exposition';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { INSIDE, type Metric } from '../../../packages/metrics/dist/inside.js';
import { eventually } from '../../parts/test/running.ts';
import * as definitions from '../dist/metrics.js';
import { VideoSite } from '../dist/video-site.js';
import { System } from './system.ts';

interface MetricContract {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info';
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly mode?: string;
  readonly buckets?: readonly number[];
  readonly openValues?: boolean;
  readonly declaredOnly?: string;
}

const CONTRACT = JSON.parse(await readFile(new URL('../contract.json', import.meta.url), 'utf8')) as {
  readonly services: {
    readonly backend: {
      readonly job: string;
      readonly port: number;
      readonly metrics: readonly MetricContract[];
    };
  };
};
const { backend } = CONTRACT.services;

interface Exposed {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly samples: Samples;
}

const ENDPOINTS = ['health', 'unmatched', '/api/v1/status/{job_id}', '/api/v1/files/{file_id}'];

let system: System;
let site: VideoSite;
let exposed: Exposed;

async function expose(): Promise<Exposed> {
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const body = await system.exposition();
  parseText(new TextEncoder().encode(body), {
    family: (name, field, value) => (field === 'type' ? types : helps).set(name, value),
    sample: () => {},
  });
  return { types, helps, samples: readSamples(body) };
}

beforeAll(async () => {
  [system, site] = await Promise.all([System.start(), VideoSite.start()]);
  // Once to each provider at least.
  const files = new Set<unknown>();
  for (let i = 0; files.size < 3 && i < 100; i++) {
    const { provider } = await system.ended(await system.download(`${site.url}/watch/${i}.mp4`));
    files.add(provider);
  }
  await system.ask('GET', '/health');
  await system.ask('GET', '/nowhere');
  await system.ask('DELETE', '/api/v1/files/none');
  await vi.waitFor(
    async () => expect(await system.sum('downloads_total', { status: 'success' })).toBeGreaterThan(2),
    { timeout: 60_000, interval: 100 },
  );
  // Requests are counted when their answers have left.
  for (const endpoint of ENDPOINTS)
    await eventually(async () => (await system.sum('http_requests_total', { endpoint })) > 0);
  exposed = await expose();
}, 300_000);

afterAll(async () => {
  await site?.stop();
  await system?.stop();
});

function labelSets(name: string, { samples }: Exposed = exposed): Record<string, string>[] {
  return [...samples.values()]
    .filter(({ labels }) => labels.metricName === name)
    .map(({ labels }) => {
      const { __name__: _, ...rest } = labels.toObject();
      return rest;
    });
}

/** The modes of gauges by name. */
function modes(): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const value of Object.values(definitions).flatMap((one) => [one, ...Object.values(Object(one))]))
    if (typeof value === 'object' && value !== null && INSIDE in value) {
      const { name, mode } = (value as Metric)[INSIDE].shape;
      found.set(name, mode);
    }
  return found;
}

describe('/metrics has, as the contract says,', () => {
  test.each(backend.metrics.map((metric) => [metric.name, metric] as const))('%s', (name, metric) => {
    const { types, helps } = exposed;
    const histogram = metric.type === 'histogram';
    const sets = labelSets(histogram ? `${name}_count` : name);
    // Text format has no type for info metrics; they are gauges that are always 1.
    expect(types.get(name)).toBe(metric.type === 'info' ? 'gauge' : metric.type);
    expect(helps.get(name)).toMatch(/./);
    if (metric.declaredOnly !== undefined) {
      expect(sets).toEqual([]);
      return;
    }
    expect(sets.length).toBeGreaterThan(0);
    for (const set of sets) expect(Object.keys(set).sort()).toEqual(Object.keys(metric.labels).sort());
    for (const [label, values] of Object.entries(metric.labels)) {
      if (values === null) continue;
      const seen = new Set(sets.map((set) => set[label]));
      if (metric.openValues) for (const value of values) expect(seen).toContain(value);
      else expect([...seen].sort()).toEqual([...values].sort());
    }
    if (metric.mode !== undefined) expect(modes().get(name) ?? 'live sum').toBe(metric.mode);
    if (!histogram) return;
    const bounds = [...new Set(labelSets(`${name}_bucket`).map((set) => set.le))];
    expect(bounds).toEqual([...metric.buckets!.map(String), '+Inf']);
  });

  test('no family beside the contract but those of the metrics client', () => {
    const known = new Set(backend.metrics.map(({ name }) => name));
    const names = [...exposed.types.keys()];
    expect(names.filter((name) => !known.has(name) && !name.startsWith('binnacle_'))).toEqual([]);
  });

  test('endpoints that are templates of routes, the health route by its name, or unmatched', () => {
    const endpoints = new Set(labelSets('http_requests_total').map(({ endpoint }) => endpoint));
    for (const endpoint of ENDPOINTS) expect(endpoints).toContain(endpoint);
    for (const endpoint of endpoints)
      expect(endpoint).toMatch(/^(health|unmatched|\/metrics|\/api\/v1(\/[a-z]+|\/\{\w+\})+)$/);
  });

  test('two worker processes, and their primary, in one metrics folder', async () => {
    expect(system.workers()).toHaveLength(2);
    expect(await system.sum('binnacle_metrics_writers')).toBe(3);
  });

  test('errors_total from the first error on', async () => {
    await system.ended(await system.download(`${site.url}/missing/video.mp4`));
    expect(labelSets('errors_total', await expose())).toEqual([
      { error_code: 'VIDEO_NOT_FOUND', error_type: 'VideoError' },
    ]);
  });
});

test('app_info tells what runs', () => {
  expect(labelSets('app_info')).toEqual([{ name: 'youtube_shorts_downloader', version: '1.0.0' }]);
});

test('every answer says in X-Process-Time how many seconds it took', async () => {
  for (const address of ['/health', '/api/v1/files', '/nowhere', '/metrics']) {
    const { headers } = await fetch(new URL(address, system.url));
    expect([address, headers.get('x-process-time')]).toEqual([
      address,
      expect.stringMatching(/^\d+\.\d{6}$/),
    ]);
  }
});

test('the job and the ports are those of the contract', async () => {
  const { backendService } = await import('../dist/blueprint.js');
  expect(backendService.job).toBe(backend.job);
  const config = await readFile(new URL('../monitoring/prometheus/prometheus.yml', import.meta.url), 'utf8');
  expect(config).toMatch(new RegExp(`job_name: ${backend.job}\\n[^]*:${backend.port}`));
  const main = await readFile(new URL('../src/backend/main.ts', import.meta.url), 'utf8');
  expect(main).toContain(`port: ${backend.port},`);
});
