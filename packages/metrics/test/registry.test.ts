import { expect, test, vi } from 'vitest';
import {
  counter,
  createRegistry,
  defineMetrics,
  gauge,
  histogram,
  LABEL_VALUE_CHARACTERS_MAX,
  label,
  type Registry,
} from '../dist/index.js';
import { HeapStore } from '../dist/store/heap.js';
import { changes } from '../dist/testing.js';

test('the constant labels of a registry are on every series, also where a store is attached', () => {
  const registry = createRegistry({ labels: { region: 'eu', tier: 'a' } });
  const runs = counter({ name: 'runs_total', help: 'R', registry });
  const size = histogram({ name: 'size', help: 'S', labels: { kind: ['x'] }, buckets: [1], registry });
  const late = counter({ name: 'late_total', help: 'L', labels: { who: label }, registry });
  const before = changes(registry, () => runs.inc());
  expect(before).toEqual({ 'runs_total{region="eu",tier="a"}': 1 });
  const store = new HeapStore();
  registry.attach(store);
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  size.observe({ kind: 'x' }, 1);
  late.inc({ who: 'b' }, -1);
  emit.mockRestore();
  const stored = store.series.map(({ shape, labelValues }) => [
    shape.name,
    Object.fromEntries(shape.labelNames.map((name, i) => [name, labelValues[i]])),
  ]);
  const constant = { region: 'eu', tier: 'a' };
  expect(stored).toEqual([
    ['runs_total', constant],
    ['size', { ...constant, kind: 'x' }],
    ['late_total', { ...constant, who: 'b' }],
    ['binnacle_metrics_dropped_total', { ...constant, metric: 'late_total', reason: 'value' }],
  ]);
});

test.each<[string, () => unknown, string]>([
  [
    'a label that is a constant label of the registry',
    () =>
      counter({
        name: 'a_total',
        help: 'A',
        labels: { region: label },
        registry: createRegistry({ labels: { region: 'eu' } }),
      }),
    'metric a_total: label region is a constant label of its registry',
  ],
  [
    'a constant label that a type reserves',
    () => histogram({ name: 'a', help: 'A', registry: createRegistry({ labels: { le: '1' } }) }),
    'label le is a constant label',
  ],
  ['a constant label of a reserved name', () => createRegistry({ labels: { __a: 'b' } }), 'is reserved'],
  [
    'a constant label without a value',
    () => createRegistry({ labels: { a: '' } }),
    'must have a value of 1 to',
  ],
  [
    'a closed value that is too long',
    () => gauge({ name: 'a', help: 'A', labels: { l: ['x'.repeat(501)] } }),
    'must have at most 500 characters',
  ],
])('%s is refused', (_what, define, message) => {
  expect(define).toThrow(TypeError);
  expect(define).toThrow(message);
});

test('a label value that is too long is cut, counted, and warned of once', () => {
  const registry = createRegistry();
  const requests = counter({ name: 'requests_total', help: 'R', labels: { path: label }, registry });
  const longest = 'x'.repeat(LABEL_VALUE_CHARACTERS_MAX);
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const changed = changes(registry, () => {
    requests.inc({ path: longest });
    requests.inc({ path: `${longest}y` });
    requests.inc({ path: `${longest}z` });
    requests.inc({ path: `${'x'.repeat(LABEL_VALUE_CHARACTERS_MAX - 4)}\u{1f9ed}${longest}` });
  });
  expect(emit.mock.calls.map(([message]) => message)).toEqual([
    'metric requests_total: a value of label path has 501 characters and is cut',
  ]);
  emit.mockRestore();
  expect(changed).toEqual({
    'binnacle_metrics_dropped_total{metric="requests_total",reason="label_length"}': 3,
    [`requests_total{path="${longest}"}`]: 1,
    [`requests_total{path="${'x'.repeat(LABEL_VALUE_CHARACTERS_MAX - 3)}..."}`]: 2,
    [`requests_total{path="${'x'.repeat(LABEL_VALUE_CHARACTERS_MAX - 4)}..."}`]: 1,
  });
});

test('metrics that are defined together go to the registry that is passed', () => {
  const define = (registry?: Registry) =>
    defineMetrics(
      (m) => ({
        uploads: m.counter({ name: 'uploads_total', help: 'U', labels: { status: ['ok', 'bad'] } }),
        depth: m.gauge({ name: 'depth', help: 'D' }),
        took: m.histogram({ name: 'took_seconds', unit: 'seconds', help: 'T', buckets: [1] }),
        build: m.info({ name: 'build_info', help: 'B', labels: { version: label } }),
        job: m.operation({ name: 'job', help: 'J' }),
      }),
      { registry },
    );
  const registry = createRegistry();
  const metrics = define(registry);
  expect(define(registry).uploads).toBe(metrics.uploads);
  expect(define(createRegistry()).uploads).not.toBe(metrics.uploads);
  const changed = changes(registry, () => {
    metrics.uploads.inc({ status: 'ok' });
    metrics.depth.set(2);
    metrics.took.observeMs(5);
    metrics.build.set({ version: '3' });
    metrics.job.run(() => {});
  });
  expect(changed).toMatchObject({
    'uploads_total{status="ok"}': 1,
    depth: 2,
    took_seconds_count: 1,
    'build_info{version="3"}': 1,
    'jobs_total{outcome="success"}': 1,
    job_duration_seconds_count: 1,
  });
  const never = () => {
    // @ts-expect-error a value that is not in the list
    metrics.uploads.inc({ status: 'odd' });
    // @ts-expect-error a counter's name ends in _total
    defineMetrics((m) => m.counter({ name: 'uploads', help: 'U' }));
    // @ts-expect-error the registry is decided elsewhere
    defineMetrics((m) => m.gauge({ name: 'depth', help: 'D', registry }));
    // @ts-expect-error a depth is no time
    defineMetrics((m) => m.histogram({ name: 'depth', help: 'D' }).observeMs(1));
  };
  expect(never).toBeTypeOf('function');
});

test('the second definition of a name is told where the first stands, through whatever it was made', () => {
  const registry = createRegistry();
  defineMetrics((m) => m.operation({ name: 'job', help: 'J' }), { registry });
  expect(() => counter({ name: 'jobs_total', help: 'J', registry })).toThrow(/at .*registry\.test\.ts/);
});
