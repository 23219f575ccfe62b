import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseText } from '@binnacle/metrics/exposition';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readSamples, type Samples } from '../../parts/dist/samples.js';
import { slice } from '../dist/gcode/slicer.js';
import { answerOf, Service } from './service.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

interface MetricContract {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info';
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly buckets?: readonly number[];
  readonly openValues?: boolean;
}

const CONTRACT = JSON.parse(await readFile(new URL('../contract.json', import.meta.url), 'utf8')) as {
  readonly services: { readonly web: { readonly metrics: readonly MetricContract[] } };
};
const METRICS = CONTRACT.services.web.metrics;

let service: Service;
const types = new Map<string, string>();
const helps = new Map<string, string>();
let samples: Samples;

beforeAll(async () => {
  service = await Service.start();
  const { json } = await service.upload([...slice(4)].join(''));
  await service.waitFor(String(json.job_id), 'completed');
  await answerOf(await service.fetch('/nowhere'));
  const body = await service.exposition();
  parseText(new TextEncoder().encode(body), {
    family: (name, field, value) => (field === 'type' ? types : helps).set(name, value),
    sample: () => {},
  });
  samples = readSamples(body);
});

afterAll(async () => {
  await service?.stop();
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

describe('/metrics has, as the contract says,', () => {
  test.each(METRICS.map((metric) => [metric.name, metric] as const))('%s', (name, metric) => {
    // Text format has no type for info metrics; they are gauges that are always 1.
    expect(types.get(name)).toBe(metric.type === 'info' ? 'gauge' : metric.type);
    expect(helps.get(name)).not.toBe('');
    const histogram = metric.type === 'histogram';
    const sets = labelSets(histogram ? `${name}_count` : name);
    expect(sets.length).toBeGreaterThan(0);
    const labelNames = Object.keys(metric.labels).sort();
    for (const set of sets) expect(Object.keys(set).sort()).toEqual(labelNames);
    for (const [label, values] of Object.entries(metric.labels)) {
      if (values === null) continue;
      const seen = new Set(sets.map((set) => set[label]));
      if (metric.openValues) for (const value of values) expect(seen).toContain(value);
      else expect([...seen].sort()).toEqual([...values].sort());
    }
    if (!histogram) return;
    const bounds = [...new Set(labelSets(`${name}_bucket`).map((set) => set.le))];
    expect(bounds).toEqual([...metric.buckets!.map(String), '+Inf']);
  });

  test('no family beside the contract but those of the metrics client', () => {
    const names = new Set(METRICS.map(({ name }) => name));
    expect([...types.keys()].filter((name) => !names.has(name) && !name.startsWith('binnacle_'))).toEqual([]);
  });
});

test('the gauges of the system are those of all its processes', async () => {
  // Looked at now and then.
  await expect
    .poll(async () => (await service.metrics()).system_memory_usage_bytes)
    .toBeGreaterThan(3 * 20e6);
  const metrics = await service.metrics();
  expect(metrics.binnacle_metrics_writers).toBe(3);
  const job = (await service.files())[0]!;
  const sizes = ['uploads', 'outputs'].map(
    async (folder) => (await stat(join(service.dir, 'data', folder, job))).size,
  );
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size);
  await expect.poll(async () => (await service.metrics()).system_disk_usage_bytes).toBe(bytes);
});

test('app_info tells what runs', () => {
  expect(labelSets('app_info')).toEqual([
    {
      name: 'bricklayers-web',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      description: expect.any(String),
    },
  ]);
});
