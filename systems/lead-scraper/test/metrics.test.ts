import { readFile } from 'node:fs/promises';
import { createRegistry, defaultRegistry } from '@binnacle/metrics';
import { catalogOf } from '@binnacle/promql';
import { expect, test } from 'vitest';
import * as metrics from '../dist/metrics.js';

interface MetricContract {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly buckets?: readonly number[];
  readonly mode?: string;
}

const CONTRACT = JSON.parse(await readFile(new URL('../contract.json', import.meta.url), 'utf8')) as {
  readonly services: {
    readonly api: { readonly job: string; readonly metrics: readonly MetricContract[] };
  };
};
const { job, metrics: METRICS } = CONTRACT.services.api;

const catalog = new Map([...catalogOf(metrics)].map((entry) => [entry.name, entry]));
const shapes = new Map([...defaultRegistry().shapes()].map((shape) => [shape.name, shape]));

test('the definitions are those of the contract, and no others', () => {
  expect(metrics.SERVICE).toBe(job);
  expect([...catalog.keys()].sort()).toEqual(METRICS.map(({ name }) => name).sort());
  const own = new Set([...createRegistry().shapes()].map(({ name }) => name));
  expect([...shapes.keys()].filter((name) => !own.has(name)).sort()).toEqual([...catalog.keys()].sort());
});

test.each(METRICS.map((metric) => [metric.name, metric] as const))('%s', (name, metric) => {
  const { type, labels = {}, bounds } = catalog.get(name)!;
  expect(type).toBe(metric.type);
  expect(bounds).toEqual(metric.buckets);
  expect(shapes.get(name)?.mode).toBe(metric.mode);
  expect(Object.keys(labels).sort()).toEqual(Object.keys(metric.labels).sort());
  for (const [label, values] of Object.entries(metric.labels))
    expect([label, labels[label]]).toEqual([label, values ?? 'open']);
});
