/** What the compiler finds before anything runs. Each line that must not compile says so; `tsc` is the test of it. */
import { expect, test } from 'vitest';
import { counter, createRegistry, gauge, histogram, label, stateSet, summary } from '../dist/index.js';

test('mistakes that do not compile do no harm where nobody compiles', () => {
  const registry = createRegistry();
  const breaker = stateSet({
    name: 'breaker',
    help: 'B',
    states: ['open', 'closed'],
    labels: { upstream: label },
    registry,
  });
  const calls = counter({
    name: 'calls_total',
    help: 'C',
    labels: { verb: ['get', 'put'], tenant: label },
    expireAfterMs: 60_000,
    seriesMax: 100,
    registry,
  });
  const took = summary({ name: 'took_seconds', unit: 'seconds', help: 'T', labels: { l: label }, registry });
  const size = summary({ name: 'size', help: 'S', quantiles: [0.5], registry });
  const native = histogram({ name: 'native', help: 'N', native: { factor: 1.2 }, registry });

  breaker.set({ upstream: 'x' }, 'open');
  calls.inc({ verb: 'get', tenant: 'a' }, 1, { exemplar: { trace_id: 'x' } });
  calls.remove({ verb: 'get' });
  calls.remove({});
  calls.bind({ verb: 'put' }).inc({ tenant: 'a' });
  took.observeMs({ l: 'x' }, 3);
  native.observe(1, { exemplar: { trace_id: 'x' } });

  // @ts-expect-error there is no such state
  breaker.set({ upstream: 'x' }, 'ajar');
  // @ts-expect-error the labels are missing
  breaker.enable('open');
  // @ts-expect-error an exemplar is an object of texts
  calls.inc({ verb: 'get', tenant: 'a' }, 1, { exemplar: 'x' });
  // @ts-expect-error an exemplar's values are texts
  native.observe(1, { exemplar: { trace_id: 7 } });
  // @ts-expect-error there is no such label
  calls.remove({ route: '/' });
  // @ts-expect-error the label has no such value
  calls.remove({ verb: 'post' });
  // @ts-expect-error the label is fixed already
  calls.bind({ verb: 'put' }).inc({ verb: 'put', tenant: 'a' });
  // @ts-expect-error the label is missing
  took.observe(3);
  // @ts-expect-error only where the unit is seconds
  size.observeMs(3);
  expect(registry.defines('calls_total')).toBe(true);

  // @ts-expect-error a duration is a number
  expect(() => gauge({ name: 'a', help: 'A', expireAfterMs: '1h', registry })).toThrow(TypeError);
  // @ts-expect-error quantiles are numbers
  expect(() => summary({ name: 'b', help: 'B', quantiles: ['p99'], registry })).toThrow(TypeError);
  // @ts-expect-error a counter's name ends in _total
  expect(() => counter({ name: 'c', help: 'C', registry })).toThrow(TypeError);
});
