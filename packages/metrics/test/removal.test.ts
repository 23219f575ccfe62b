import { expect, test } from 'vitest';
import { writeText } from '../dist/exposition/index.js';
import {
  closed,
  counter,
  createRegistry,
  gauge,
  histogram,
  label,
  type Registry,
  stateSet,
  summary,
} from '../dist/index.js';
import { MetricsDirectory } from '../dist/store/directory.js';
import { Merger } from '../dist/store/merge.js';
import { loadNativeFiles } from '../dist/store/native.js';
import { DirectoryReader } from '../dist/store/reader.js';
import { SharedStore } from '../dist/store/shared.js';
import { metricsDirectory } from './members.ts';

const native = await loadNativeFiles();

/** The sample lines of a registry of one process. */
function samples(registry: Registry): string[] {
  return linesOf(new Merger().merge([registry.ownView!]).families);
}

function linesOf(families: Parameters<typeof writeText>[0]): string[] {
  return [...writeText(families)]
    .join('')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Processes of a service, all in this one: registries that count into one directory. */
async function service(processes: number) {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', native);
  const reader = new DirectoryReader(directory);
  const members: { registry: Registry; store: SharedStore }[] = [];
  for (let i = 0; i < processes; i++) {
    const registry = createRegistry();
    const store = await SharedStore.join(directory, (error) => {
      throw error;
    });
    registry.attach(store);
    members.push({ registry, store });
  }
  return {
    registries: members.map(({ registry }) => registry),
    /** What all processes say together. */
    async lines(): Promise<string[]> {
      for (const { registry } of members) await registry.collect();
      return linesOf(reader.read().families);
    },
    fold: () => reader.fold(),
    close(i: number) {
      members[i]!.registry.detach();
      members[i]!.store.close();
    },
  };
}

const jobs = (registry: Registry) =>
  counter({ name: 'jobs_total', help: 'J', labels: { queue: label, outcome: ['done', 'failed'] }, registry });

test('a removed series is gone, and a new use of its labels begins at 0', () => {
  const registry = createRegistry();
  const done = jobs(registry);
  done.inc({ queue: 'a', outcome: 'done' }, 3);
  done.inc({ queue: 'b', outcome: 'done' }, 4);
  done.remove({ queue: 'a', outcome: 'done' });
  expect(samples(registry)).toEqual([
    'jobs_total{queue="a",outcome="failed"} 0',
    'jobs_total{queue="b",outcome="done"} 4',
    'jobs_total{queue="b",outcome="failed"} 0',
  ]);
  done.inc({ queue: 'a', outcome: 'done' });
  expect(samples(registry)).toContain('jobs_total{queue="a",outcome="done"} 1');
});

test('with some labels, all series that have them are removed, and with none, all', () => {
  const registry = createRegistry();
  const done = jobs(registry);
  done.inc({ queue: 'a', outcome: 'done' });
  done.inc({ queue: 'b', outcome: 'done' });
  done.remove({ queue: 'a' });
  expect(samples(registry)).toHaveLength(2);
  done.bind({ queue: 'b' }).remove({ outcome: 'failed' });
  expect(samples(registry)).toEqual(['jobs_total{queue="b",outcome="done"} 1']);
  done.remove({});
  expect(samples(registry)).toEqual([]);
});

test('what a kept child of a removed series counts, nobody reads', () => {
  const registry = createRegistry();
  const done = jobs(registry);
  const kept = done.bind({ queue: 'a', outcome: 'done' });
  kept.inc();
  done.remove({ queue: 'a' });
  kept.inc();
  expect(samples(registry)).toEqual([]);
});

test('a label that there is not is reported, and removes nothing', () => {
  const registry = createRegistry();
  const done = jobs(registry);
  done.inc({ queue: 'a', outcome: 'done' });
  done.remove({ que: 'a' } as never);
  expect(samples(registry)).toContain('jobs_total{queue="a",outcome="done"} 1');
  expect(samples(registry)).toContain(
    'binnacle_metrics_dropped_total{metric="jobs_total",reason="label_unknown"} 1',
  );
});

test.each([
  ['a label without a value', { queue: undefined }, 'label_missing'],
  ['a label that is null', { queue: null }, 'label_missing'],
  ['nothing at all', undefined, 'label_missing'],
  ['something that has no text', { queue: Object.create(null) }, 'label_value'],
  ['a value that cannot be', { outcome: 'lost' }, 'label_value'],
])('%s removes nothing, throws nothing, and is reported', (_what, labels, reason) => {
  const registry = createRegistry();
  const done = jobs(registry);
  done.inc({ queue: 'a', outcome: 'done' });
  done.remove(labels as never);
  expect(samples(registry)).toContain('jobs_total{queue="a",outcome="done"} 1');
  expect(samples(registry)).toContain(
    `binnacle_metrics_dropped_total{metric="jobs_total",reason="${reason}"} 1`,
  );
  done.inc({ queue: Object.create(null), outcome: 'done' });
});

test('a series is removed by the value that it was counted with, also where that was cut or put elsewhere', () => {
  const registry = createRegistry();
  const seen = counter({
    name: 'seen_total',
    help: 'S',
    labels: { path: label, method: closed(['GET'], { otherwise: 'other' }) },
    registry,
  });
  const long = 'x'.repeat(2_000);
  seen.inc({ path: long, method: 'GET' });
  seen.inc({ path: '/', method: 'BREW' });
  seen.remove({ path: long });
  seen.remove({ method: 'BREW' });
  expect(samples(registry).filter((line) => line.startsWith('seen_total'))).toEqual([
    'seen_total{path="/",method="GET"} 0',
  ]);
});

test('reset lets every series begin again at 0, and kept children go on counting', () => {
  const registry = createRegistry();
  const done = jobs(registry);
  const kept = done.bind({ queue: 'a', outcome: 'done' });
  kept.inc(5);
  const size = histogram({ name: 'size', help: 'S', buckets: [1], registry });
  size.observe(3);
  const latency = summary({ name: 'latency', help: 'L', quantiles: [0.5], registry });
  latency.observe(3);
  const native = histogram({ name: 'native', help: 'N', native: true, registry });
  native.observe(3);
  done.reset();
  size.reset();
  latency.reset();
  native.reset();
  expect(samples(registry)).toEqual([
    'jobs_total{queue="a",outcome="done"} 0',
    'jobs_total{queue="a",outcome="failed"} 0',
    'latency{quantile="0.5"} NaN',
    'latency_sum 0',
    'latency_count 0',
    'native_bucket{le="+Inf"} 0',
    'native_sum 0',
    'native_count 0',
    'size_bucket{le="1"} 0',
    'size_bucket{le="+Inf"} 0',
    'size_sum 0',
    'size_count 0',
  ]);
  kept.inc();
  native.observe(2);
  expect(samples(registry)).toContain('jobs_total{queue="a",outcome="done"} 1');
  expect(samples(registry)).toContain('native_count 1');
});

test('a counter removed in one process is gone for the service, and who goes on counting begins at 0', async () => {
  const { registries, lines } = await service(3);
  const [a, b, c] = registries.map(jobs);
  const labels = { queue: 'q', outcome: 'done' } as const;
  a!.inc(labels, 1);
  b!.inc(labels, 10);
  const kept = b!.bind(labels);
  c!.inc({ queue: 'other', outcome: 'done' }, 100);
  expect(await lines()).toContain('jobs_total{queue="q",outcome="done"} 11');
  a!.remove({ queue: 'q' });
  expect(await lines()).toEqual([
    'jobs_total{queue="other",outcome="done"} 100',
    'jobs_total{queue="other",outcome="failed"} 0',
  ]);
  kept.inc(2);
  a!.inc(labels, 5);
  expect(await lines()).toContain('jobs_total{queue="q",outcome="done"} 7');
});

test('what was removed stays removed when its writers go and are folded', async () => {
  const { registries, lines, fold, close } = await service(3);
  const [a, b, c] = registries.map(jobs);
  const labels = { queue: 'q', outcome: 'done' } as const;
  b!.inc(labels, 10);
  c!.inc(labels, 100);
  close(2); // its count goes to the retired file
  await lines();
  expect(fold()).toBe(1);
  a!.remove({ queue: 'q' });
  await lines();
  b!.inc(labels, 2);
  close(1);
  expect(await lines()).toEqual(['jobs_total{queue="q",outcome="done"} 2']);
  expect(fold()).toBe(1);
  expect(await lines()).toEqual(['jobs_total{queue="q",outcome="done"} 2']);
  a!.inc(labels);
  expect(await lines()).toContain('jobs_total{queue="q",outcome="done"} 3');
});

test('histograms of all kinds begin again at 0 for the service', async () => {
  const { registries, lines } = await service(2);
  const both = registries.map((registry) => ({
    classic: histogram({ name: 'classic', help: 'C', buckets: [1], registry }),
    native: histogram({ name: 'native', help: 'N', native: true, registry }),
    latency: summary({ name: 'latency', help: 'L', quantiles: [0.5], registry }),
  }));
  for (const { classic, native, latency } of both) {
    for (const value of [0.5, 3, 0]) {
      classic.observe(value);
      native.observe(value);
      latency.observe(value);
    }
  }
  for (const metric of Object.values(both[0]!)) metric.reset();
  const before = await lines();
  expect(before).toContain('classic_count 0');
  expect(before).toContain('native_count 0');
  expect(before).toContain('latency_count 0');
  for (const metric of Object.values(both[1]!)) metric.observe(7);
  const after = await lines();
  expect(after).toContain('classic_sum 7');
  expect(after).toContain('classic_bucket{le="1"} 0');
  expect(after).toContain('native_sum 7');
  expect(after).toContain('native_count 1');
  expect(after).toContain('latency_sum 7');
});

test('a gauge is taken back by each process for itself, unless the last one to set it decides', async () => {
  const { registries, lines } = await service(2);
  const [a, b] = registries.map((registry) => ({
    depth: gauge({ name: 'depth', help: 'D', labels: { queue: label }, registry }),
    latest: gauge({ name: 'latest', help: 'L', labels: { queue: label }, mode: 'mostrecent', registry }),
  }));
  for (const one of [a!, b!]) {
    one.depth.set({ queue: 'q' }, 4);
    one.latest.set({ queue: 'q' }, 5);
  }
  a!.depth.remove({ queue: 'q' });
  a!.latest.remove({ queue: 'q' });
  expect(await lines()).toEqual(['depth{queue="q"} 4']);
  b!.depth.remove({ queue: 'q' });
  b!.latest.set({ queue: 'q' }, 5);
  expect(await lines()).toEqual(['latest{queue="q"} 5']);
});

test('many series that come and go leave nothing behind in the store of one process', () => {
  const registry = createRegistry();
  const done = jobs(registry);
  const merger = new Merger();
  for (let i = 0; i < 20_000; i++) {
    done.inc({ queue: `q${i}`, outcome: 'done' });
    if (i > 0) done.remove({ queue: `q${i - 1}` });
    if (i % 100 === 0) merger.merge([registry.ownView!]);
  }
  expect(linesOf(merger.merge([registry.ownView!]).families)).toEqual([
    'jobs_total{queue="q19999",outcome="done"} 1',
    'jobs_total{queue="q19999",outcome="failed"} 0',
  ]);
  expect(registry.ownView!.series.length).toBeLessThan(1_000);
  expect([...merger.merged].reduce((sum, { series }) => sum + series.length, 0)).toBeLessThan(1_000);
});

test('a state is in at most one of its states after set, in any after enable', () => {
  const registry = createRegistry();
  const breaker = stateSet({
    name: 'breaker',
    help: 'B',
    states: ['open', 'half', 'closed'],
    labels: { upstream: label },
    registry,
  });
  breaker.set({ upstream: 'x' }, 'open');
  breaker.set({ upstream: 'x' }, 'closed');
  breaker.enable({ upstream: 'x' }, 'half');
  expect(samples(registry)).toEqual([
    'breaker{upstream="x",breaker="open"} 0',
    'breaker{upstream="x",breaker="half"} 1',
    'breaker{upstream="x",breaker="closed"} 1',
  ]);
  breaker.set({ upstream: 'x' }, 'ajar' as never);
  breaker.disable({ upstream: 'x' }, 'half');
  expect(samples(registry)).toContain('breaker{upstream="x",breaker="half"} 0');
  expect(samples(registry)).toContain('breaker{upstream="x",breaker="closed"} 1');
  expect(samples(registry)).toContain('binnacle_metrics_dropped_total{metric="breaker",reason="value"} 1');
  breaker.remove({ upstream: 'x' });
  expect(samples(registry).filter((line) => line.startsWith('breaker{'))).toEqual([]);
});
