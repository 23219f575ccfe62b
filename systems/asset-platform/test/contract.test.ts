import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { parseText } from '@binnacle/metrics/exposition';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSamples, type Samples, SERVICE_NAMES, type ServiceName } from '../dist/ledger.js';
import { makeSpecimens } from '../dist/specimens.js';
import { eventually, Platform, PORT_VARIABLES } from './platform.ts';

interface MetricContract {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly buckets?: readonly number[];
  readonly openValues?: boolean;
  readonly declaredOnly?: string;
}

interface ServiceContract {
  readonly job: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly portVariable: string;
  readonly metrics: readonly MetricContract[];
}

const CONTRACT = JSON.parse(await readFile(new URL('../contract.json', import.meta.url), 'utf8')) as {
  readonly services: Readonly<Record<string, ServiceContract>>;
};
const NAMES: Readonly<Record<ServiceName, string>> = {
  gateway: 'api-gateway',
  assets: 'assets',
  files: 'files',
  search: 'search',
  transcode: 'transcode',
};

interface Exposed {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly samples: Samples;
}

let platform: Platform;
const exposed = new Map<ServiceName, Exposed>();

beforeAll(async () => {
  platform = await Platform.start();
  const { images } = await makeSpecimens();
  const asset = await platform.createAsset('contract');
  await platform.ask('PUT', `/api/v1/assets/${asset}`, { name: 'contract, edited' });
  await platform.ask('GET', '/api/v1/search?q=contract');
  const file = await platform.upload(asset, 'photo.jpg', images[0]!.content);
  const job = await platform.ask('POST', '/api/v1/transcode', {
    file_id: file.json.file_id,
    target_format: 'webp',
  });
  const address = `/api/v1/transcode/${String(job.json.job_id)}`;
  await eventually(async () => (await platform.ask('GET', address)).json.counted === true);
  await platform.ask('GET', '/nowhere');
  await platform.ask('GET', '/health');
  for (const name of SERVICE_NAMES) {
    const types = new Map<string, string>();
    const helps = new Map<string, string>();
    const body = await platform.exposition(name);
    parseText(new TextEncoder().encode(body), {
      family: (family, field, value) => (field === 'type' ? types : helps).set(family, value),
      sample: () => {},
    });
    exposed.set(name, { types, helps, samples: readSamples(body) });
  }
}, 120_000);

afterAll(async () => {
  await platform?.stop();
});

describe.each(SERVICE_NAMES)('%s has, as the contract says,', (service) => {
  const contract = CONTRACT.services[NAMES[service]]!;

  /** The label sets of a series name, without the name. */
  const labelSets = (name: string): Record<string, string>[] =>
    [...exposed.get(service)!.samples.values()]
      .filter(({ labels }) => labels.metricName === name)
      .map(({ labels }) => {
        const { __name__: _, ...rest } = labels.toObject();
        return rest;
      });

  test.each(contract.metrics.map((metric) => [metric.name, metric] as const))('%s', (name, metric) => {
    const { types, helps } = exposed.get(service)!;
    const histogram = metric.type === 'histogram';
    const sets = labelSets(histogram ? `${name}_count` : name);
    if (metric.declaredOnly !== undefined) {
      // The client does not expose a family that has no series.
      expect([sets, types.get(name)]).toEqual([[], undefined]);
      return;
    }
    expect(types.get(name)).toBe(metric.type);
    expect(helps.get(name)).not.toBe('');
    expect(sets.length).toBeGreaterThan(0);
    const labelNames = Object.keys(metric.labels).sort();
    for (const set of sets) expect(Object.keys(set).sort()).toEqual(labelNames);
    for (const [label, values] of Object.entries(metric.labels)) {
      if (values === null) continue;
      const seen = new Set(sets.map((set) => set[label]));
      for (const value of values) expect(seen).toContain(value);
      if (metric.openValues !== true) expect([...seen].sort()).toEqual([...values].sort());
    }
    if (!histogram) return;
    const bounds = [...new Set(labelSets(`${name}_bucket`).map((set) => set.le))];
    expect(bounds).toEqual([...metric.buckets!.map(String), '+Inf']);
  });

  test('no family beside those of the metrics client', () => {
    const names = new Set(contract.metrics.map(({ name }) => name));
    const others = [...exposed.get(service)!.types.keys()].filter((name) => !names.has(name));
    expect(others.filter((name) => !name.startsWith('binnacle_'))).toEqual([]);
  });

  test('endpoints that are templates of routes, the health route by its name, or unmatched', () => {
    const endpoints = new Set(labelSets('http_requests_total').map(({ endpoint }) => endpoint));
    expect(endpoints).toContain('health');
    for (const endpoint of endpoints)
      expect(endpoint).toMatch(/^(health|unmatched|\/api\/v1(\/[a-z]+|\/\{\w+\})+)$/);
  });

  test('two worker processes, and their primary, in one metrics folder of its own', async () => {
    expect(platform.workers(service)).toHaveLength(2);
    expect(await platform.sum(service, 'binnacle_metrics_writers')).toBe(3);
  });
});

test('five services that want the same port, which a stranger has, get one each', async () => {
  const strangers = Array.from({ length: 10 }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(strangers.map((stranger) => once(stranger, 'listening')));
  const taken = strangers
    .map((stranger) => (stranger.address() as AddressInfo).port)
    .filter((port) => port < 65_000)
    .sort((a, b) => a - b);
  // Main ports and those of metrics are far apart, as everywhere.
  const [main, metrics] = [taken[0]!, taken.at(-1)!];
  const ports = SERVICE_NAMES.flatMap((name) => [
    [PORT_VARIABLES[name][0], String(main)],
    [PORT_VARIABLES[name][1], String(metrics)],
  ]);
  const other = await Platform.start(Object.fromEntries(ports));
  try {
    const addresses = Object.values(other.services).flatMap(({ url, metricsUrl }) => [url, metricsUrl]);
    const chosen = new Set(addresses.map((url) => Number(new URL(url).port)));
    expect(chosen.size).toBe(10);
    for (const port of [main, metrics]) expect(chosen).not.toContain(port);
    expect((await other.ask('GET', '/health')).json.status).toBe('ok');
    for (const name of SERVICE_NAMES)
      expect(await other.sum(name, 'http_requests_in_progress')).toBeGreaterThanOrEqual(0);
  } finally {
    await other.stop();
    for (const stranger of strangers) stranger.close();
  }
}, 120_000);
