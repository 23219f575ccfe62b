import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Family,
  type HistogramFamily,
  type SummaryFamily,
  writeText,
} from '../dist/exposition/index.js';
import { createRegistry, histogram, label, type Registry, summary } from '../dist/index.js';
import { bucketBound, bucketIndex } from '../dist/model/exponential.js';
import type { NativeHistogram } from '../dist/model/index.js';
import { MetricsDirectory } from '../dist/store/directory.js';
import { Merger } from '../dist/store/merge.js';
import { loadNativeFiles } from '../dist/store/native.js';
import { DirectoryReader } from '../dist/store/reader.js';
import { SharedStore } from '../dist/store/shared.js';
import { metricsDirectory } from './members.ts';

const calls = await loadNativeFiles();

function families(registry: Registry): readonly Family[] {
  return new Merger().merge([registry.ownView!]).families;
}

function nativeOf(shown: readonly Family[], name: string): NativeHistogram {
  return (shown.find((family) => family.name === name) as HistogramFamily).series[0]!.native!;
}

/** Counts by index of the positive or negative buckets. */
function buckets(native: NativeHistogram, sign: 'positive' | 'negative' = 'positive'): Map<number, number> {
  const found = new Map<number, number>();
  const counts = native[`${sign}Counts`];
  let index = 0;
  let at = 0;
  for (const { offset, length } of native[`${sign}Spans`]) {
    index += offset;
    for (let i = 0; i < length; i++) {
      if (counts[at]! > 0) found.set(index, counts[at]!);
      at++;
      index++;
    }
  }
  expect(at).toBe(counts.length);
  return found;
}

/** What the buckets of values are, found by comparing with the bounds. */
function expected(values: readonly number[], schema: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const value of values) {
    let index = Math.floor(Math.log2(value) * 2 ** schema) - 2;
    while (bucketBound(index, schema) < value) index++;
    found.set(index, (found.get(index) ?? 0) + 1);
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

test('values of both signs and zero lie in exponential buckets', () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size', help: 'S', native: true, registry });
  for (const value of [0, 1e-200, 0.001, 1, 1.05, 2, 3, 3, 1e6, -3]) size.observe(value);
  const native = nativeOf(families(registry), 'size');
  expect(native).toMatchObject({ schema: 3, zeroCount: 2, count: 10, zeroThreshold: 2 ** -128 });
  expect(native.sum).toBeCloseTo(1_000_007.051, 6);
  expect(buckets(native)).toEqual(expected([0.001, 1, 1.05, 2, 3, 3, 1e6], 3));
  expect(buckets(native, 'negative')).toEqual(expected([3], 3));
});

test('a histogram that is only native is a histogram with one bucket for who knows no better', () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size', help: 'S', native: { factor: 2 }, registry });
  size.observe(3);
  expect([...writeText(families(registry))].join('')).toContain(
    '# TYPE size histogram\nsize_bucket{le="+Inf"} 1\nsize_sum 3\nsize_count 1\n',
  );
  expect(nativeOf(families(registry), 'size').schema).toBe(0);
});

test('with buckets it is both', () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size', help: 'S', buckets: [1, 5], native: true, registry });
  for (const value of [0.5, 3, 9]) size.observe(value);
  expect([...writeText(families(registry))].join('')).toContain('size_bucket{le="5"} 2\n');
  expect(nativeOf(families(registry), 'size').count).toBe(3);
});

test('with too many buckets the schema becomes coarser, and nothing is lost', () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size', help: 'S', native: { factor: 1.005, bucketsMax: 20 }, registry });
  const values: number[] = [];
  let before = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 600; i++) {
    const value = 1.07 ** i;
    values.push(value);
    size.observe(value);
    const { schema, count } = nativeOf(families(registry), 'size');
    expect(schema).toBeLessThanOrEqual(before);
    expect(count).toBe(values.length);
    before = schema;
  }
  const native = nativeOf(families(registry), 'size');
  const shown = buckets(native);
  expect(shown.size).toBeLessThanOrEqual(20);
  expect(shown).toEqual(expected(values, native.schema));
});

test('processes of different fineness are added up in the coarser one', async () => {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', calls);
  const values = [[], []] as number[][];
  for (let process = 0; process < 2; process++) {
    const registry = createRegistry();
    registry.attach(await SharedStore.join(directory, () => {}));
    const size = histogram({ name: 'size', help: 'S', native: { factor: 1.01 }, registry });
    // The second one's values lie so far apart that it needs more pages than one schema may have.
    for (let i = 0; i < 200; i++) {
      const value = process === 0 ? 1 + i / 100 : 2 ** (i * 4 - 400);
      values[process]!.push(value);
      size.observe(value);
    }
  }
  const native = nativeOf(new DirectoryReader(directory).read().families, 'size');
  expect(native.count).toBe(400);
  expect(buckets(native)).toEqual(
    expected(
      values.flat().filter((value) => value > 2 ** -128), // the others count as zero
      native.schema,
    ),
  );
});

test('infinities are observed, and what is no number is dropped', () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size', help: 'S', native: true, registry });
  for (const value of [Infinity, -Infinity, Number.MAX_VALUE, Number.NaN, '3' as never]) size.observe(value);
  const native = nativeOf(families(registry), 'size');
  expect(native.count).toBe(3);
  expect(buckets(native)).toEqual(
    new Map([
      [bucketIndex(Number.MAX_VALUE, native.schema), 1],
      [bucketIndex(Number.MAX_VALUE, native.schema) + 1, 1],
    ]),
  );
});

test('native options that cannot be are refused by name', () => {
  const registry = createRegistry();
  const define = (native: object) => () => histogram({ name: 'a', help: 'A', native, registry });
  expect(define({ factor: 1 })).toThrow('histogram a: factor must be a number above 1');
  expect(define({ bucketsMax: 1 })).toThrow('bucketsMax must be');
  expect(define({ zeroThreshold: -1 })).toThrow('zeroThreshold must not be negative');
});

function summaryOf(shown: readonly Family[], name: string) {
  return (shown.find((family) => family.name === name) as SummaryFamily).series[0]!;
}

test('quantiles are right to 1.1 %, the least and the greatest exactly', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
          fc.double({ min: -1e3, max: 1e3, noNaN: true }),
          fc.constant(0),
        ),
        { minLength: 1, maxLength: 300 },
      ),
      (generated) => {
        // Numbers so small that they have fewer digits have no relative error to speak of.
        const values = generated.map((value) => (Math.abs(value) < 2 ** -1000 ? 0 : value));
        const registry = createRegistry();
        const quantiles = [0, 0.25, 0.5, 0.9, 0.99, 1];
        const latency = summary({ name: 'latency', help: 'L', quantiles, registry });
        for (const value of values) latency.observe(value);
        const sorted = values.toSorted((a, b) => a - b);
        const shown = summaryOf(families(registry), 'latency');
        expect(shown.count).toBe(values.length);
        for (const [i, quantile] of quantiles.entries()) {
          const exact = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!;
          const off = Math.abs(shown.quantileValues[i]! - exact);
          expect(off).toBeLessThanOrEqual(Math.abs(exact) * 0.011);
        }
      },
    ),
  );
});

test('quantiles of several processes are those of all observations, not sums or means of quantiles', async () => {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', calls);
  const stores: SharedStore[] = [];
  const all: number[] = [];
  for (let process = 0; process < 4; process++) {
    const registry = createRegistry();
    const store = await SharedStore.join(directory, () => {});
    stores.push(store);
    registry.attach(store);
    const ten = summary({ name: 'ten', help: 'T', quantiles: [0.5], registry });
    const spread = summary({ name: 'spread', help: 'S', labels: { l: label }, quantiles: [0.9], registry });
    for (let i = 0; i < 100; i++) {
      ten.observe(10);
      const value = (process + 1) ** 3 + i / 10;
      all.push(value);
      spread.observe({ l: 'x' }, value);
    }
  }
  const reader = new DirectoryReader(directory);
  const check = () => {
    const shown = reader.read().families;
    expect(summaryOf(shown, 'ten').quantileValues[0]).toBe(10);
    expect(summaryOf(shown, 'ten').count).toBe(400);
    const exact = all.toSorted((a, b) => a - b)[359]!;
    expect(Math.abs(summaryOf(shown, 'spread').quantileValues[0]! / exact - 1)).toBeLessThan(0.011);
  };
  check();
  for (const store of stores.slice(1)) store.close(); // they are gone, and are folded
  check();
  expect(reader.fold()).toBe(3);
  check();
});

test('the quantiles are about the window alone, and NaN where it is empty', () => {
  const registry = createRegistry();
  const latency = summary({
    name: 'latency',
    help: 'L',
    quantiles: [0.5],
    windowMs: 60_000,
    windowSteps: 3,
    registry,
  });
  const at = (nowMs: number) => summaryOf(new Merger().merge([registry.ownView!], nowMs).families, 'latency');
  latency.observe(5);
  const nowMs = Date.now();
  expect(at(nowMs).quantileValues[0]).toBe(5);
  expect(at(nowMs + 61_000).quantileValues[0]).toBeNaN();
  expect(at(nowMs + 61_000)).toMatchObject({ count: 1, sum: 5 });
});

test('a summary that cannot be is refused by name', () => {
  const define = (options: object) => () => summary({ name: 'a', help: 'A', ...options });
  expect(define({ quantiles: [0.9, 0.5] })).toThrow('summary a: quantiles must increase');
  expect(define({ quantiles: [1.5] })).toThrow('quantiles must increase from 0 to 1');
  expect(define({ windowSteps: 0 })).toThrow('windowSteps must be from 1');
  expect(define({ windowMs: 0 })).toThrow('windowMs must be');
  expect(define({ labels: { quantile: label } })).toThrow('"quantile" is reserved');
});

test('durations are observed where the unit is seconds', () => {
  const registry = createRegistry();
  const took = summary({ name: 'took_seconds', unit: 'seconds', help: 'T', labels: { l: label }, registry });
  took.observeMs({ l: 'x' }, 250);
  expect(took.time({ l: 'x' }, () => 7)).toBe(7);
  took.start({ l: 'x' }).stop();
  expect(summaryOf(families(registry), 'took_seconds')).toMatchObject({ count: 3 });
});
