import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { writeText } from '../dist/exposition/index.js';
import * as esm from '../dist/index.js';
import {
  closed,
  counter,
  createRegistry,
  gauge,
  histogram,
  info,
  label,
  type Registry,
} from '../dist/index.js';
import { Merger } from '../dist/store/merge.js';

const text = (registry: Registry) =>
  [...writeText(new Merger().merge([registry.ownView!]).families)].join('');

/** Lines of an exposition that are samples. */
const samples = (registry: Registry) =>
  text(registry)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

/** The warnings that `work` causes; none of them reaches the console. */
function warningsOf(work: () => void): string[] {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    work();
    return emit.mock.calls.map(([message]) => String(message));
  } finally {
    emit.mockRestore();
  }
}

test('closed labels make all series exist at 0 from the start', () => {
  const registry = createRegistry();
  const uploads = counter({
    name: 'uploads_total',
    help: 'Uploads',
    labels: { status: ['success', 'failed'], kind: ['a', 'b'] },
    registry,
  });
  uploads.inc({ kind: 'b', status: 'failed' }, 2);
  expect(samples(registry)).toEqual([
    'uploads_total{status="success",kind="a"} 0',
    'uploads_total{status="success",kind="b"} 0',
    'uploads_total{status="failed",kind="a"} 0',
    'uploads_total{status="failed",kind="b"} 2',
  ]);
});

test('the first use of an open value brings its closed siblings', () => {
  const registry = createRegistry();
  const requests = counter({
    name: 'requests_total',
    help: 'Requests',
    labels: { endpoint: label, outcome: ['ok', 'error'] },
    registry,
  });
  expect(samples(registry)).toEqual([]);
  requests.inc({ endpoint: '/a', outcome: 'ok' });
  expect(samples(registry)).toEqual([
    'requests_total{endpoint="/a",outcome="ok"} 1',
    'requests_total{endpoint="/a",outcome="error"} 0',
  ]);
});

test('a metric without labels is there at 0, and a gauge goes both ways', () => {
  const registry = createRegistry();
  const runs = counter({ name: 'runs_total', help: 'Runs', registry });
  const depth = gauge({ name: 'depth', help: 'Depth', registry });
  expect(samples(registry)).toEqual(['depth 0', 'runs_total 0']);
  runs.inc();
  runs.inc(2.5);
  depth.set(3);
  depth.inc();
  depth.dec(6);
  expect(samples(registry)).toEqual(['depth -2', 'runs_total 3.5']);
});

test('a histogram counts a value in the bucket whose bound is not below it', () => {
  const registry = createRegistry();
  const took = histogram({
    name: 'took_seconds',
    unit: 'seconds',
    help: 'Took',
    buckets: [0.1, 1, Number.POSITIVE_INFINITY],
    registry,
  });
  for (const value of [0.1, 0.05, 0.5, 1, 3, Number.POSITIVE_INFINITY, -2]) took.observe(value);
  expect(samples(registry)).toEqual([
    'took_seconds_bucket{le="0.1"} 3',
    'took_seconds_bucket{le="1"} 5',
    'took_seconds_bucket{le="+Inf"} 7',
    'took_seconds_sum +Inf',
    'took_seconds_count 7',
  ]);
});

test('an info metric shows what was set last', () => {
  const registry = createRegistry();
  const app = info({ name: 'app_info', help: 'App', labels: { version: label }, registry });
  app.set({ version: '1' });
  app.set({ version: '2' });
  expect(samples(registry)).toEqual(['app_info{version="2"} 1']);
});

test('values that cannot be are dropped, counted and warned of once, and never throw', () => {
  const registry = createRegistry();
  const uploads = counter({
    name: 'uploads_total',
    help: 'U',
    labels: { status: ['ok'], who: label },
    registry,
  });
  const size = histogram({ name: 'size', help: 'S', buckets: [1], registry });
  const untyped = uploads as unknown as { inc(...args: unknown[]): void };
  const warnings = warningsOf(() => {
    uploads.inc({ status: 'ok', who: 'a' }, -1);
    uploads.inc({ status: 'ok', who: 'a' }, Number.NaN);
    untyped.inc({ status: 'ok', who: 'a' }, '3');
    untyped.inc({ status: 'bad', who: 'a' });
    untyped.inc({ status: 'ok' });
    untyped.inc();
    untyped.inc({ status: 'ok', who: 'b', where: 'c' });
    size.observe(Number.NaN);
    (size as unknown as { observe(value: unknown): void }).observe('3ms');
  });
  expect(warnings).toEqual([
    'metric uploads_total: a counter cannot grow by -1',
    'metric uploads_total: label status cannot be "bad"; it is one of ok',
    'metric uploads_total: label who was not given',
    'metric uploads_total: it has no label where',
    'metric size: a histogram cannot observe NaN',
  ]);
  expect(samples(registry)).toEqual([
    'binnacle_metrics_dropped_total{metric="uploads_total",reason="value"} 3',
    'binnacle_metrics_dropped_total{metric="uploads_total",reason="label_value"} 1',
    'binnacle_metrics_dropped_total{metric="uploads_total",reason="label_missing"} 2',
    'binnacle_metrics_dropped_total{metric="uploads_total",reason="label_unknown"} 1',
    'binnacle_metrics_dropped_total{metric="size",reason="value"} 2',
    'size_bucket{le="1"} 0',
    'size_bucket{le="+Inf"} 0',
    'size_sum 0',
    'size_count 0',
    'uploads_total{status="ok",who="a"} 0',
  ]);
});

test('a closed label for strings from outside counts the others under its last resort', () => {
  const registry = createRegistry();
  const requests = counter({
    name: 'requests_total',
    help: 'R',
    labels: { method: closed(['GET', 'POST'], { otherwise: 'other' }) },
    registry,
  });
  requests.inc({ method: 'GET' });
  requests.inc({ method: 'BREW' });
  requests.inc({ method: 'other' });
  expect(samples(registry)).toEqual([
    'requests_total{method="GET"} 1',
    'requests_total{method="POST"} 0',
    'requests_total{method="other"} 2',
  ]);
});

test('a label that takes too many values ends in one more series, and is counted', () => {
  const registry = createRegistry();
  const requests = counter({ name: 'requests_total', help: 'R', labels: { path: label }, registry });
  const warnings = warningsOf(() => {
    for (let i = 0; i < 10_010; i++) requests.inc({ path: `/${i}` });
  });
  expect(warnings).toHaveLength(1);
  const lines = samples(registry);
  expect(lines).toContain('requests_total{path="__overflow__"} 10');
  expect(lines).toContain('binnacle_series_dropped_total{metric="requests_total"} 10');
  expect(lines).toHaveLength(10_002);
});

test('the same definition gives the same metric, another one under the name says where the first stands', () => {
  const registry = createRegistry();
  const define = (labels: Record<string, readonly string[]>) =>
    counter({ name: 'a_total', help: 'A', labels, registry });
  const first = define({ l: ['x'] });
  expect(define({ l: ['x'] })).toBe(first);
  expect(() => define({ l: ['x', 'y'] })).toThrow(/metric a_total is defined twice .* at .*client\.test\.ts/);
  expect(() => gauge({ name: 'a_gauge', help: '', registry })).toThrow('needs a help text');
});

test.each<[string, () => unknown, string]>([
  [
    'a counter without _total',
    () => counter({ name: 'a' as 'a_total', help: 'A' }),
    'counter a must end in _total',
  ],
  ['a gauge with _total', () => gauge({ name: 'a_total', help: 'A' }), 'must not end in _total'],
  ['no name', () => gauge({ name: '', help: 'A' }), '"" is not a metric name'],
  ['half a character', () => gauge({ name: 'a\ud800', help: 'A' }), 'is not a metric name'],
  [
    'a unit that is not in the name',
    () => gauge({ name: 'a' as 'a_bytes', unit: 'bytes', help: 'A' }),
    'must carry its unit bytes',
  ],
  [
    'le as a label of a histogram',
    () => histogram({ name: 'a', help: 'A', labels: { le: label } }),
    '"le" is reserved',
  ],
  [
    'an empty list of values',
    () => gauge({ name: 'a', help: 'A', labels: { l: [] } }),
    'must be distinct, not empty',
  ],
  [
    'buckets that do not grow',
    () => histogram({ name: 'a', help: 'A', buckets: [1, 1] }),
    'must be increasing numbers',
  ],
])('%s is refused when it is defined', (_what, define, message) => {
  expect(define).toThrow(TypeError);
  expect(define).toThrow(message);
});

test('a process that forbids code from strings counts the same', () => {
  const script = `
    const { counter, label } = require('./dist/cjs/index.js');
    const requests = counter({ name: 'r_total', help: 'R', labels: { path: label, code: ['200', '500'] } });
    for (let i = 0; i < 3; i++) requests.inc({ path: '/', code: '500' });
    const bound = requests.bind({ path: '/', code: '500' });
    console.log(bound.values[bound.index]);
  `;
  const output = execFileSync(process.execPath, ['--disallow-code-generation-from-strings', '-e', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
  });
  expect(output).toBe('3\n');
});

test('ESM and CommonJS are one', () => {
  const cjs = createRequire(import.meta.url)('../dist/cjs/index.js') as typeof esm;
  expect(cjs.defaultRegistry()).toBe(esm.defaultRegistry());
  const definition = { name: 'shared_total', help: 'S' } as const;
  expect(cjs.counter(definition)).toBe(esm.counter(definition));
});

test('the compiler finds wrong names, labels, values and units', () => {
  const registry = createRegistry();
  const uploads = counter({
    name: 'u_total',
    help: 'U',
    labels: { status: ['ok', 'bad'], who: label },
    registry,
  });
  const unlabelled = counter({ name: 'plain_total', help: 'P', registry });
  const never = () => {
    // @ts-expect-error a value that is not in the list
    uploads.inc({ status: 'good', who: 'a' });
    // @ts-expect-error a label is missing
    uploads.inc({ status: 'ok' });
    // @ts-expect-error labels are missing
    uploads.inc(2);
    // @ts-expect-error a label that the metric does not have
    uploads.inc({ status: 'ok', who: 'a', where: 'b' });
    // @ts-expect-error labels for a metric without any
    unlabelled.inc({ status: 'ok' });
    // @ts-expect-error a counter's name ends in _total
    counter({ name: 'uploads', help: 'U', registry });
    // @ts-expect-error the name carries the unit
    histogram({ name: 'took', unit: 'seconds', help: 'T', registry });
  };
  expect(never).toBeTypeOf('function');
});
