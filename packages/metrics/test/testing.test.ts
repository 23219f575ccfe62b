import { createRequire } from 'node:module';
import { expect, test, vi } from 'vitest';
import type * as esm from '../dist/index.js';
import { counter, defaultRegistry, gauge, histogram, info, label } from '../dist/index.js';
import { changes, isolatedRegistry, value } from '../dist/testing.js';

function metrics() {
  const registry = isolatedRegistry();
  return {
    uploads: counter({
      name: 'uploads_total',
      help: 'U',
      labels: { status: ['success', 'failed'], who: label },
      registry,
    }),
    depth: gauge({ name: 'depth', help: 'D', registry }),
    size: histogram({ name: 'size_bytes', unit: 'bytes', help: 'S', buckets: [10, 100], registry }),
    build: info({ name: 'build_info', help: 'B', labels: { version: label }, registry }),
  };
}

test('a value is read from a metric or a series, and reading makes no series', () => {
  const { uploads, depth, size, build } = metrics();
  expect(changes(uploads, () => value(uploads, { status: 'success', who: 'a' }))).toEqual({});
  expect(value(uploads, { status: 'success', who: 'a' })).toBe(0);
  uploads.inc({ status: 'success', who: 'a' }, 3);
  const bound = uploads.bind({ status: 'success', who: 'a' });
  expect([value(uploads, { status: 'success', who: 'a' }), value(bound)]).toEqual([3, 3]);
  depth.set(-2);
  expect(value(depth)).toBe(-2);
  build.set({ version: '1' });
  build.set({ version: '2' });
  expect([value(build, { version: '1' }), value(build, { version: '2' })]).toEqual([0, 1]);
  for (const bytes of [5, 10, 50, 500]) size.observe(bytes);
  const expected = { count: 4, sum: 565, buckets: { '10': 2, '100': 3, '+Inf': 4 } };
  expect([value(size), value(size.bind({}))]).toEqual([expected, expected]);
});

test('changes are those of the work, sync and async, of a metric, of several, or of a registry', async () => {
  const all = metrics();
  const { uploads, depth, size } = all;
  uploads.inc({ status: 'failed', who: 'a' }, 7);
  const work = () => {
    uploads.inc({ status: 'failed', who: 'a' }, 2);
    uploads.inc({ status: 'success', who: 'b"\n' });
    depth.set(4);
    size.observe(20);
  };
  expect(changes(uploads, work)).toEqual({
    'uploads_total{status="failed",who="a"}': 2,
    'uploads_total{status="success",who="b\\"\\n"}': 1,
  });
  const result = changes(all, async () => {
    await Promise.resolve();
    work();
  });
  expect(await result).toEqual({
    'uploads_total{status="failed",who="a"}': 2,
    'uploads_total{status="success",who="b\\"\\n"}': 1,
    size_bytes_count: 1,
    size_bytes_sum: 20,
  });
  expect(changes({ nested: { depth } }, () => depth.dec(3))).toEqual({ depth: -3 });
});

test('what is dropped is a change of the metric that dropped it', () => {
  const { uploads, depth } = metrics();
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const work = () => (uploads as unknown as { inc(labels: object): void }).inc({ status: 'odd', who: 'a' });
  expect(changes(uploads, work)).toEqual({
    'binnacle_metrics_dropped_total{metric="uploads_total",reason="label_value"}': 1,
  });
  expect(changes(depth, work)).toEqual({});
  emit.mockRestore();
});

test('changes passes on what the work throws', async () => {
  const { depth } = metrics();
  expect(() =>
    changes(depth, () => {
      throw new RangeError('no');
    }),
  ).toThrow(RangeError);
  expect(() => changes({ depth: depth.bind({}) }, () => {})).toThrow('here is none of them');
  await expect(changes(depth, () => Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
});

test('a metric with fixed labels is read and watched as far as it goes', () => {
  const { uploads } = metrics();
  const ours = uploads.bind({ who: 'us' });
  const changed = changes(ours, () => {
    ours.inc({ status: 'success' });
    uploads.inc({ status: 'success', who: 'them' });
  });
  expect(changed).toEqual({ 'uploads_total{status="success",who="us"}': 1 });
  expect(value(ours, { status: 'success' })).toBe(1);
});

test('metrics of the CommonJS copy are read as well', () => {
  const cjs = createRequire(import.meta.url)('../dist/cjs/index.js') as typeof esm;
  const registry = cjs.createRegistry();
  const runs = cjs.counter({ name: 'runs_total', help: 'R', registry });
  expect(changes(registry, () => runs.inc(2))).toEqual({ runs_total: 2 });
  expect(value(runs)).toBe(2);
});

test('an isolated registry belongs to nobody else', () => {
  const registry = isolatedRegistry({ labels: { region: 'eu' } });
  const runs = counter({ name: 'runs_total', help: 'R', registry });
  expect(changes(registry, () => runs.inc())).toEqual({ 'runs_total{region="eu"}': 1 });
  expect([...defaultRegistry().series()].map(({ shape }) => shape.name)).not.toContain('runs_total');
  const never = () => {
    const { uploads, size } = metrics();
    // @ts-expect-error labels are missing
    value(uploads);
    // @ts-expect-error a label that the metric does not have
    value(uploads, { status: 'success', who: 'a', where: 'b' });
    const count: number = value(size).count;
    return count;
  };
  expect(never).toBeTypeOf('function');
});
