import { expect, test, vi } from 'vitest';
import { counter, createRegistry, gauge, histogram, label } from '../dist/index.js';
import { changes } from '../dist/testing.js';

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
