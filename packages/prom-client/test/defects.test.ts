/**
 * What prom-client gets wrong, and nobody can rely on, is right here. Most of these tests fail over prom-client
 * 15.1.3; the others fail over one of its forks, or hold what a correction must leave as it is. What involves several
 * processes is in `cluster.test.ts`.
 */
import { counter, defaultRegistry } from '@binnacle/metrics';
import { expect, test } from 'vitest';
import { TimeWindowQuantiles } from '../dist/time-window-quantiles.js';
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry, register, Summary } from '../index.js';

const OPENMETRICS = Registry.OPENMETRICS_CONTENT_TYPE;

function fresh<T>(make: (registers: Registry[]) => T): { readonly registry: Registry; readonly metric: T } {
  const registry = new Registry();
  return { registry, metric: make([registry]) };
}

async function samplesOf(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const labelled = (registers: Registry[]) =>
  new Counter({ name: 'jobs_total', help: 'Jobs', labelNames: ['a', 'b'], registers });

test.for([
  [{ a: '1,b:2' }, { a: '1', b: '2' }],
  [
    { a: 'p|', b: 'q' },
    { a: 'p', b: '|q' },
  ],
  [
    { a: 'x', b: '' },
    { a: '', b: 'x' },
  ],
  [
    { a: '1:', b: '2' },
    { a: '1', b: ':2' },
  ],
] as const)('%j and %j are two series', async ([one, other]) => {
  const { registry, metric } = fresh(labelled);
  metric.inc(one, 3);
  metric.inc(other, 4);
  expect((await samplesOf(registry)).map((line) => line.split(' ').at(-1))).toEqual(['3', '4']);
});

test('a label that is left out and an empty one are one series, as they are for Prometheus', async () => {
  const { registry, metric } = fresh(labelled);
  metric.inc({ a: 'x' });
  metric.inc({ a: 'x', b: '' });
  metric.inc({ a: 'x', b: undefined as unknown as string });
  expect(await samplesOf(registry)).toEqual(['jobs_total{a="x"} 3']);
});

test('a program may go on using the object that it gave its labels in', async () => {
  const { registry, metric } = fresh(labelled);
  const labels = { a: '1', b: 'x' };
  metric.inc(labels);
  labels.a = '2';
  metric.inc(labels);
  expect(await samplesOf(registry)).toEqual(['jobs_total{a="1",b="x"} 1', 'jobs_total{a="2",b="x"} 1']);
});

test('labels that a timer was started with are read when it ends', async () => {
  const { registry, metric } = fresh(
    (registers) => new Histogram({ name: 'h', help: 'H', labelNames: ['code'], buckets: [60], registers }),
  );
  const labels: { code?: string } = {};
  const end = metric.startTimer(labels);
  labels.code = '200';
  end();
  expect(await samplesOf(registry)).toContain('h_bucket{le="60",code="200"} 1');
});

test('quantiles of processes are not added up', async () => {
  const objects = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const { registry, metric } = fresh(
        (registers) => new Summary({ name: 's', help: 'S', percentiles: [0.5], registers }),
      );
      metric.observe(10);
      return registry.getMetricsAsJSON();
    }),
  );
  const aggregated = AggregatorRegistry.aggregate(objects) as Registry;
  expect(await samplesOf(aggregated)).toEqual(['s_sum 40', 's_count 4']);
});

test('a scrape as OpenMetrics changes no names', async () => {
  const registry = new Registry<typeof OPENMETRICS>(OPENMETRICS);
  const jobs = new Counter({ name: 'jobs_total', help: 'Jobs', registers: [registry] });
  const openMetrics = await registry.metrics();
  expect(openMetrics).toBe('# HELP jobs Jobs\n# TYPE jobs counter\njobs_total 0\n# EOF\n');
  expect((jobs as unknown as { name: string }).name).toBe('jobs_total');
  (registry as unknown as Registry).setContentType(Registry.PROMETHEUS_CONTENT_TYPE);
  expect(await registry.metrics()).toBe('# HELP jobs_total Jobs\n# TYPE jobs_total counter\njobs_total 0\n');
});

test('NaN is written as Prometheus writes it', async () => {
  const { registry, metric } = fresh((registers) => new Gauge({ name: 'g', help: 'G', registers }));
  metric.set(Number.NaN);
  expect(await samplesOf(registry)).toEqual(['g NaN']);
});

test.for([
  [['a', 'a'], /has a twice/],
  [['__name__'], /__name__ of metric m begins with __/],
] as const)('labels %j are refused', ([labelNames, message]) => {
  const define = () => new Counter({ name: 'm', help: 'M', labelNames, registers: [] });
  expect(define).toThrow(message);
});

test('buckets in any order are counted in theirs', async () => {
  const { registry, metric } = fresh(
    (registers) =>
      new Histogram({ name: 'h', help: 'H', buckets: [5, 1, 3, 1, Number.POSITIVE_INFINITY], registers }),
  );
  for (const value of [0.5, 2, 4, 10]) metric.observe(value);
  expect(await samplesOf(registry)).toEqual([
    'h_bucket{le="1"} 1',
    'h_bucket{le="3"} 2',
    'h_bucket{le="5"} 3',
    'h_bucket{le="+Inf"} 4',
    'h_sum 16.5',
    'h_count 4',
  ]);
});

test('an observation counts once in each age bucket of a summary', () => {
  const window = new TimeWindowQuantiles(5, 5);
  window.push(1);
  for (const digest of window.ringBuffer) expect((digest as unknown as { n: number }).n).toBe(1);
  expect(new Set(window.ringBuffer).size).toBe(5);
});

test('numbers that cannot be counted do not throw into the program, and are noticed', async () => {
  const warnings: string[] = [];
  const listen = (warning: Error) => warnings.push(warning.message);
  process.on('warning', listen);
  const { registry, metric: histogram } = fresh(
    (registers) => new Histogram({ name: 'h_seconds', help: 'H', buckets: [1], registers }),
  );
  const counter = new Counter({ name: 'c_total', help: 'C', registers: [registry] });
  const summary = new Summary({ name: 's', help: 'S', percentiles: [], registers: [registry] });
  histogram.observe(Number.POSITIVE_INFINITY);
  histogram.observe(Number.NaN);
  counter.inc(2);
  counter.inc(Number.NaN);
  counter.inc(Number.POSITIVE_INFINITY);
  summary.observe(3);
  summary.observe(Number.POSITIVE_INFINITY);
  expect(await samplesOf(registry)).toEqual([
    'h_seconds_bucket{le="1"} 0',
    'h_seconds_bucket{le="+Inf"} 1',
    'h_seconds_sum +Inf',
    'h_seconds_count 1',
    'c_total 2',
    's_sum 3',
    's_count 1',
  ]);
  await expect.poll(() => warnings).toContain('metric c_total: a counter cannot take NaN');
  process.off('warning', listen);
});

test('a series that was removed does not come back because somebody has kept its bound form', async () => {
  const { registry, metric } = fresh(labelled);
  const kept = metric.labels('1', '2');
  kept.inc();
  metric.remove('1', '2');
  kept.inc();
  expect(await samplesOf(registry)).toEqual([]);
  metric.labels('1', '2').inc(5);
  kept.inc();
  expect(await samplesOf(registry)).toEqual(['jobs_total{a="1",b="2"} 5']);
});

test('a bound form needs no `this`, counts from the first value on, and goes on after a reset', async () => {
  const { registry, metric } = fresh(labelled);
  const { inc } = metric.labels({ a: '1' });
  expect(await samplesOf(registry)).toEqual([]);
  inc(0);
  expect(await samplesOf(registry)).toEqual(['jobs_total{a="1"} 0']);
  inc();
  metric.reset();
  expect(await samplesOf(registry)).toEqual([]);
  inc(2);
  expect(await samplesOf(registry)).toEqual(['jobs_total{a="1"} 2']);
});

test('a label that there is not is an error where it is named, not where it is counted', () => {
  const { metric } = fresh(labelled);
  expect(() => metric.labels({ c: '1' } as never)).toThrow(
    `Added label "c" is not included in initial labelset: [ 'a', 'b' ]`,
  );
  metric.inc({ a: '1', b: '2' });
  expect(() => metric.inc({ a: '1', b: '2', c: '3' } as never)).toThrow(/Added label "c"/);
});

test('a collect that fails, or never ends, spoils nothing else', async () => {
  const { registry } = fresh(
    (registers) =>
      new Gauge({
        name: 'broken',
        help: 'B',
        registers,
        collect() {
          throw new Error('no connection');
        },
      }),
  );
  new Gauge({
    name: 'rejecting',
    help: 'R',
    registers: [registry],
    collect: () => Promise.reject(new Error('no')),
  });
  new Gauge({
    name: 'hanging',
    help: 'H',
    registers: [registry],
    collect: () => new Promise<void>(() => {}),
  });
  registry.registerMetric({
    name: 'foreign',
    get: () => Promise.reject(new Error('no')),
  } as never);
  new Counter({ name: 'jobs_total', help: 'Jobs', registers: [registry] }).inc();
  expect(await samplesOf(registry)).toEqual(['broken 0', 'rejecting 0', 'hanging 0', 'jobs_total 1']);
  expect((await registry.getMetricsAsJSON()).map(({ name }) => name)).toEqual([
    'broken',
    'rejecting',
    'hanging',
    'jobs_total',
  ]);
});

test('two metrics of one name in two registries do not know of each other', async () => {
  const one = fresh(labelled);
  const other = fresh(labelled);
  one.metric.inc({ a: '1' }, 1);
  other.metric.inc({ a: '1' }, 2);
  one.metric.reset();
  expect(await samplesOf(one.registry)).toEqual([]);
  expect(await samplesOf(other.registry)).toEqual(['jobs_total{a="1"} 2']);
});

test('a metric that @binnacle/metrics defines under the same name stays apart', async () => {
  const native = counter({ name: 'both_total', help: 'Native' });
  const compatible = new Counter({ name: 'both_total', help: 'Compatible' });
  native.inc(10);
  compatible.inc(1);
  // What is added up over processes goes by the name.
  const series = [...defaultRegistry().series()].filter(({ shape }) => shape.name.endsWith('both_total'));
  expect(series.map(({ shape, values, index }) => [shape.name, values[index]])).toEqual([
    ['both_total', 10],
    ['registry2:both_total', 1],
  ]);
  expect(await register.getSingleMetricAsString('both_total')).toMatch(/\nboth_total 1$/);
  register.clear();
});
