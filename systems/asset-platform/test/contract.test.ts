import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { parseText } from '@binnacle/metrics/exposition';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { INSIDE, type Metric } from '../../../packages/metrics/dist/inside.js';
import { readSamples, type Samples } from '../../parts/dist/samples.js';
import { eventually, freePorts } from '../../parts/test/running.ts';
import { SERVICE_NAMES, type ServiceName } from '../dist/ledger.js';
import * as assets from '../dist/metrics/assets.js';
import * as files from '../dist/metrics/files.js';
import * as gateway from '../dist/metrics/gateway.js';
import { RUNTIME_METRICS } from '../dist/metrics/runtime.js';
import * as search from '../dist/metrics/search.js';
import * as transcode from '../dist/metrics/transcode.js';
import { makeSpecimens } from '../dist/specimens.js';
import { Platform, PORT_VARIABLES } from './platform.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

interface MetricContract {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly mode?: string;
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

/** What a service defines, by name of the module's export; some hold several metrics. */
const DEFINITIONS: Readonly<Record<ServiceName, object>> = { gateway, assets, files, search, transcode };

const DATABASE = [
  'database_connection_wait_seconds',
  'database_connections_max',
  'database_connections_waiting',
  'database_errors_total',
];
const CALLS = [
  'http_client_failures_total',
  'http_client_request_duration_seconds',
  'http_client_requests_in_progress',
  'http_client_requests_total',
];
/** There before the first exception, without series. */
const EXCEPTIONS = 'http_errors_total';
/** What the services tell beside the contract. */
const MORE: Readonly<Record<ServiceName, readonly string[]>> = {
  gateway: [
    ...CALLS,
    'dependency_up',
    'http_request_size_bytes',
    'http_response_size_bytes',
    'system_cpu_limit_cores',
    'system_cpu_periods_total',
    'system_cpu_seconds_total',
    'system_cpu_throttled_periods_total',
    'system_memory_total_bytes',
    'system_memory_used_bytes',
    'system_oom_kills_total',
  ],
  assets: [...DATABASE, ...CALLS, EXCEPTIONS],
  files: [
    ...DATABASE,
    ...CALLS,
    EXCEPTIONS,
    'disk_available_bytes',
    'disk_folder_bytes',
    'disk_folder_files',
    'disk_total_bytes',
    'disk_used_bytes',
    'upload_duration_seconds',
    'upload_file_size_bytes',
    'upload_validation_failures_total',
    'uploads_in_progress',
    'uploads_total',
  ],
  search: [...DATABASE, EXCEPTIONS],
  transcode: [...DATABASE, ...CALLS, EXCEPTIONS],
};

interface Exposed {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly samples: Samples;
}

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
    // A request is counted when its answer has left.
    const health = { endpoint: 'health' };
    await eventually(async () => (await platform.sum(name, 'http_requests_total', health)) > 0);
    const types = new Map<string, string>();
    const helps = new Map<string, string>();
    const body = await platform.exposition(name);
    parseText(new TextEncoder().encode(body), {
      family: (family, field, value) => (field === 'type' ? types : helps).set(family, value),
      sample: () => {},
    });
    exposed.set(name, { types, helps, samples: readSamples(body) });
  }
}, 300_000);

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
      expect([sets, types.get(name), helps.get(name) ?? '']).toEqual([
        [],
        metric.type,
        expect.stringMatching(/./),
      ]);
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
    if (metric.mode !== undefined)
      expect(modesOf(DEFINITIONS[service]).get(name)).toMatch(new RegExp(`^(live )?${metric.mode}$`));
    if (!histogram) return;
    const bounds = [...new Set(labelSets(`${name}_bucket`).map((set) => set.le))];
    expect(bounds).toEqual([...metric.buckets!.map(String), '+Inf']);
  });

  test('a few families more, and those of the metrics client', () => {
    const known = new Set([
      ...contract.metrics.map(({ name }) => name),
      ...MORE[service],
      ...RUNTIME_METRICS,
    ]);
    const names = [...exposed.get(service)!.types.keys()];
    expect(names.filter((name) => !known.has(name) && !name.startsWith('binnacle_'))).toEqual([]);
    // Other platforms do not tell all of the runtime.
    const everywhere = process.platform === 'linux' ? [...MORE[service], ...RUNTIME_METRICS] : MORE[service];
    const missing = everywhere.filter((name) => !names.includes(name));
    expect(missing).toEqual([]);
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
  const strangers = (await freePorts(10)).map((port) => createServer().listen(port, '127.0.0.1'));
  await Promise.all(strangers.map((stranger) => once(stranger, 'listening')));
  const taken = strangers.map((stranger) => (stranger.address() as AddressInfo).port).sort((a, b) => a - b);
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
}, 300_000);
