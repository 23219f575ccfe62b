import { readFile } from 'node:fs/promises';
import { parseText } from '@binnacle/metrics/exposition';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INSIDE, type Metric } from '../../../packages/metrics/dist/inside.js';
import { readSamples, type Samples } from '../../parts/dist/samples.js';
import { eventually } from '../../parts/test/running.ts';
import { SERVICE_NAMES, type ServiceName } from '../dist/ledger.js';
import { Library } from '../dist/library.js';
import * as api from '../dist/metrics/api.js';
import { RUNTIME_METRICS } from '../dist/metrics/runtime.js';
import * as worker from '../dist/metrics/worker.js';
import { makeSpecimens } from '../dist/specimens.js';
import { HAS_TOOLS, System } from './system.ts';

interface MetricContract {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly mode?: string;
  readonly buckets?: readonly number[];
  readonly openValues?: boolean;
  readonly declaredOnly?: string;
  readonly optional?: string;
}

interface ServiceContract {
  readonly job: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly metrics: readonly MetricContract[];
}

const CONTRACT = JSON.parse(await readFile(new URL('../contract.json', import.meta.url), 'utf8')) as {
  readonly services: Readonly<Record<ServiceName, ServiceContract>>;
};

/** What a service defines, by name of the module's export; some hold several metrics. */
const DEFINITIONS: Readonly<Record<ServiceName, object>> = { api, worker };

const ENDPOINTS = [
  '/api/v1/exports/{video_id}/{format}',
  '/api/v1/jobs',
  '/api/v1/search',
  '/api/v1/status/{job_id}',
  'health',
  'unmatched',
];

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

describe.skipIf(!HAS_TOOLS)('after some work', () => {
  let system: System;
  let library: Library;
  const exposed = new Map<ServiceName, Exposed>();

  beforeAll(async () => {
    const made = makeSpecimens();
    library = await Library.start([...made.speech, made.silence]);
    system = await System.start();
    const job = await system.run(library.address('media', made.speech[0]!, 'contract'));
    await system.run(library.address('missing', made.silence, 'contract'));
    await system.ask('GET', '/api/v1/search?q=people');
    await (await system.fetch(`/api/v1/exports/${job.videos[0]!.video_id}/srt`)).text();
    await system.ask('GET', '/nowhere');
    await system.ask('GET', '/health');
    // It is said every second how many wait.
    await eventually(async () =>
      [...(await system.samples('worker')).values()].some(
        ({ labels }) => labels.metricName === 'videos_pending',
      ),
    );
    // Requests are counted when their answers have left.
    for (const endpoint of ENDPOINTS)
      await eventually(async () => (await system.sum('api', 'http_requests_total', { endpoint })) > 0);
    for (const name of SERVICE_NAMES) {
      const types = new Map<string, string>();
      const helps = new Map<string, string>();
      const body = await system.exposition(name);
      parseText(new TextEncoder().encode(body), {
        family: (family, field, value) => (field === 'type' ? types : helps).set(family, value),
        sample: () => {},
      });
      exposed.set(name, { types, helps, samples: readSamples(body) });
    }
  }, 300_000);

  afterAll(async () => {
    await library?.close();
    await system?.stop();
  });

  describe.each(SERVICE_NAMES)('%s has, as the contract says,', (service) => {
    const contract = CONTRACT.services[service];

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
      expect([types.get(name), helps.get(name) ?? '']).toEqual([metric.type, expect.stringMatching(/./)]);
      if (metric.declaredOnly === undefined && metric.optional === undefined)
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

    test('of the runtime and the metrics client a few families more, and no others', () => {
      const known = new Set<string>([...contract.metrics.map(({ name }) => name), ...RUNTIME_METRICS]);
      const names = [...exposed.get(service)!.types.keys()];
      expect(names.filter((name) => !known.has(name) && !name.startsWith('binnacle_'))).toEqual([]);
    });

    test('two processes, and their primary, in one metrics folder of its own', async () => {
      expect(system.workers(service)).toHaveLength(2);
      expect(await system.sum(service, 'binnacle_metrics_writers')).toBe(3);
    });
  });

  test('endpoints are templates of routes, the health route by its name, or unmatched', () => {
    const endpoints = new Set(
      [...exposed.get('api')!.samples.values()]
        .filter(({ labels }) => labels.metricName === 'http_requests_total')
        .map(({ labels }) => labels.get('endpoint')),
    );
    expect([...endpoints].sort()).toEqual(ENDPOINTS);
  });
});
