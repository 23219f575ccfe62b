import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  type Counter,
  counter,
  createRegistry,
  gauge,
  histogram,
  label,
  type OpenLabel,
} from '../dist/index.js';
import { changes, value } from '../dist/testing.js';

test('bind with some labels gives a metric of the same kind that takes the others', () => {
  const registry = createRegistry();
  const labels = { status: ['ok', 'bad'], method: ['get', 'put'], who: label } as const;
  const requests = counter({ name: 'requests_total', help: 'R', labels, registry });
  const took = histogram({
    name: 'took_seconds',
    unit: 'seconds',
    help: 'T',
    buckets: [1],
    labels,
    registry,
  });
  const depth = gauge({ name: 'depth', help: 'D', labels, registry });
  const get = requests.bind({ method: 'get' });
  const changed = changes(registry, () => {
    get.inc({ status: 'ok', who: 'a' });
    get.bind({ status: 'bad' }).inc({ who: 'a' }, 2);
    get.bind({ who: 'a', status: 'ok' }).inc(3);
    requests.bind({}).bind({ method: 'put', who: 'a' }).inc({ status: 'ok' }, 5);
    took.bind({ method: 'get', status: 'ok' }).observeMs({ who: 'a' }, 10);
    depth.bind({ method: 'get', status: 'ok' }).set({ who: 'a' }, 7);
  });
  expect(changed).toEqual({
    'requests_total{status="ok",method="get",who="a"}': 4,
    'requests_total{status="bad",method="get",who="a"}': 2,
    'requests_total{status="ok",method="put",who="a"}': 5,
    'took_seconds_count{status="ok",method="get",who="a"}': 1,
    'took_seconds_sum{status="ok",method="get",who="a"}': 0.01,
    'depth{status="ok",method="get",who="a"}': 7,
  });
  const never = () => {
    // @ts-expect-error the method is fixed
    get.inc({ status: 'ok', who: 'a', method: 'put' });
    // @ts-expect-error a remaining label is missing
    get.inc({ status: 'ok' });
    // @ts-expect-error a value that is not in the list
    requests.bind({ method: 'brew' });
    // @ts-expect-error a label that the metric does not have
    requests.bind({ nothing: 'x' });
    // @ts-expect-error a metric with labels to give is no series
    get.inc();
  };
  expect(never).toBeTypeOf('function');
});

test('a narrowed metric drops what cannot be, and never throws', () => {
  const registry = createRegistry();
  const requests = counter({
    name: 'requests_total',
    help: 'R',
    labels: { method: ['get', 'put'], who: label },
    registry,
  });
  const untyped = requests as unknown as { bind(labels: unknown): { inc(labels?: unknown): void } };
  const get = untyped.bind({ method: 'get' });
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const changed = changes(registry, () => {
    get.inc({ who: 'a', method: 'put' });
    get.inc({ who: 'a', nothing: 'x' });
    get.inc({});
    get.inc();
    untyped.bind({ method: 'brew' }).inc({ who: 'a' });
    untyped.bind(undefined).inc({ who: 'a' });
  });
  expect(emit.mock.calls.map(([message]) => message)).toEqual([
    'metric requests_total: its label method is fixed',
    'metric requests_total: label who was not given',
    'metric requests_total: label method cannot be "brew"; it is one of get, put',
  ]);
  emit.mockRestore();
  expect(changed).toEqual({
    'binnacle_metrics_dropped_total{metric="requests_total",reason="label_unknown"}': 2,
    'binnacle_metrics_dropped_total{metric="requests_total",reason="label_missing"}': 3,
    'binnacle_metrics_dropped_total{metric="requests_total",reason="label_value"}': 1,
  });
});

test('however labels are divided between binds and the use, the same series is counted', () => {
  const names = ['a', 'b', 'c', 'd'] as const;
  const registry = createRegistry();
  const labels = { a: label, b: ['x', 'y'], c: label, d: ['x', 'y'] } as const;
  const hits = counter({ name: 'hits_total', help: 'H', labels, registry });
  const choice = fc.constantFrom('x' as const, 'y' as const);
  fc.assert(
    fc.property(
      fc.record({ a: choice, b: choice, c: choice, d: choice }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
      (all, times) => {
        // Each label is given at the time that was drawn for it; what is drawn for the time 3, at the use.
        const at = (time: number) =>
          Object.fromEntries(names.filter((_, i) => times[i] === time).map((name) => [name, all[name]]));
        const before = value(hits, all);
        let part = hits as unknown as { bind(some: object): typeof part; inc(rest: object): void };
        for (const time of [0, 1, 2]) if (times.includes(time)) part = part.bind(at(time));
        if (times.includes(3)) part.inc(at(3));
        else (part as unknown as { inc(): void }).inc();
        expect(value(hits, all)).toBe(before + 1);
      },
    ),
  );
});

test('a narrowed metric fits where a metric with the remaining labels is wanted', () => {
  const registry = createRegistry();
  const requests = counter({
    name: 'requests_total',
    help: 'R',
    labels: { method: ['get', 'put'], who: label },
    registry,
  });
  const greet = (greeted: Counter<{ readonly who: OpenLabel }>) => greeted.inc({ who: 'a' });
  expect(changes(requests, () => greet(requests.bind({ method: 'put' })))).toEqual({
    'requests_total{method="put",who="a"}': 1,
  });
  const never = () => {
    // @ts-expect-error the metric takes another label than the narrowed one
    greet(requests.bind({ who: 'a' }));
    // @ts-expect-error a metric with another label does not tell who
    greet(requests.bind({ who: 'a' }).bind({}));
    // Lists with the same values are the same, however they are written.
    const few: Counter<{ method: readonly ('get' | 'put')[]; who: OpenLabel }> = requests;
    few.inc({ method: 'get', who: 'a' });
    // @ts-expect-error the whole metric takes a method as well
    greet(requests);
  };
  expect(never).toBeTypeOf('function');
});
