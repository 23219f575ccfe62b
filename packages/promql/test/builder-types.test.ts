/** What the compiler finds in built queries. Each line that must not compile says so; `tsc` is the test of it. */
import { counter, createRegistry, gauge, histogram, label } from '@binnacle/metrics';
import { expect, test } from 'vitest';
import { buckets, div, histogramQuantile, rate, select, sum } from '../dist/builder/index.js';

test('mistakes that do not compile, each beside its correct form', () => {
  const registry = createRegistry();
  const calls = counter({
    name: 'c_total',
    help: 'C',
    labels: { verb: ['get', 'put'], tenant: label },
    registry,
  });
  const size = gauge({ name: 'size', help: 'S', labels: { verb: ['get'] }, registry });
  const took = histogram({ name: 'took', help: 'T', labels: { verb: ['get'] }, registry });
  const perSecond = rate(select(calls, { verb: 'get', tenant: 'x' }), '5m');

  // @ts-expect-error the metric has no such label
  select(calls, { route: '/' });
  // @ts-expect-error the label has no such value
  select(calls, { verb: 'post' });
  // @ts-expect-error a gauge has no rate
  rate(select(size), '5m');
  rate(select(took), '5m');
  // @ts-expect-error a result of an aggregation is no selector
  expect(() => rate(sum(perSecond), '5m')).toThrow(TypeError);
  // @ts-expect-error not a duration
  expect(() => rate(select(calls), 'five')).toThrow(RangeError);
  sum(perSecond).by('verb', 'job');
  // @ts-expect-error the vector has no such label
  sum(perSecond).by('route');
  // @ts-expect-error the label is gone
  sum(sum(perSecond).by('verb')).by('tenant');
  // @ts-expect-error the label is gone
  sum(sum(perSecond).without('verb')).by('verb');
  histogramQuantile(0.9, sum(rate(buckets(took), '5m')).by('le'));
  // @ts-expect-error le is gone
  histogramQuantile(0.9, sum(rate(buckets(took), '5m')).by('verb'));
  // @ts-expect-error only one side has the label
  div(perSecond, sum(perSecond).by('verb')).on('tenant');
  // @ts-expect-error only comparisons have bool
  expect(() => div(perSecond, perSecond).bool()).toThrow(TypeError);
  expect(`${perSecond}`).toBe('rate(c_total{tenant="x",verb="get"}[5m])');
});
