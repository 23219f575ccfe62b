/** Ranges that a dashboard fills in, and the metrics that a query was made from. */
import { counter, gauge } from '@binnacle/metrics';
import { expect, test } from 'vitest';
import * as b from '../dist/builder/index.js';
import { catalogOf } from '../dist/index.js';

const calls = counter({ name: 'calls_total', help: 'Calls.', labels: { verb: ['get', 'put'] } });
const size = gauge({ name: 'size', help: 'How large it is.' });

test('what a dashboard fills in is printed where the range stands', () => {
  const cases: readonly [query: object, text: string][] = [
    [b.rate(b.select(calls), '$__rate_interval'), 'rate(calls_total[$__rate_interval])'],
    [b.increase(b.select(calls), '$__range'), 'increase(calls_total[$__range])'],
    [b.delta(b.select(size), '$__interval'), 'delta(size[$__interval])'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
    [b.maxOverTime(b.select(size), '${window}'), 'max_over_time(size[${window}])'],
    [b.quantileOverTime(0.5, b.select(size), '$__range'), 'quantile_over_time(0.5, size[$__range])'],
    [b.predictLinear(b.select(size), '$__range', 60), 'predict_linear(size[$__range], 60)'],
    [
      b.rate(b.select(calls, { verb: 'get' }).offset('1h').at('end'), '$__rate_interval'),
      'rate(calls_total{verb="get"}[$__rate_interval] @ end() offset 1h)',
    ],
    [
      b.maxOverTime(b.subquery(b.sum(b.select(size)), '$__range', '$__interval').offset('5m')),
      'max_over_time(sum(size)[$__range:$__interval] offset 5m)',
    ],
    [b.maxOverTime(b.subquery(b.select(size), '$__range')), 'max_over_time(size[$__range:])'],
    [b.maxOverTime(b.subquery(b.select(size), '1h', '$__interval')), 'max_over_time(size[1h:$__interval])'],
  ];
  for (const [query, text] of cases) expect(String(query)).toBe(text);
});

test('such a query has no tree, and says why', () => {
  const message = (placeholder: string, text: string): string =>
    `only a dashboard can fill in ${placeholder}, and this query is asked elsewhere: give a duration such as "5m" in ${text}`;
  const cases: readonly [query: { readonly expr: unknown }, message: string][] = [
    [
      b.sum(b.rate(b.select(calls), '$__rate_interval')),
      message('$__rate_interval', 'sum(rate(calls_total[$__rate_interval]))'),
    ],
    [
      b.maxOverTime(b.subquery(b.select(size), '1h', '$__interval')),
      message('$__interval', 'max_over_time(size[1h:$__interval])'),
    ],
    [
      b.div(b.increase(b.select(calls), '1h'), b.increase(b.select(calls), '$__range')),
      message('$__range', 'increase(calls_total[1h]) / increase(calls_total[$__range])'),
    ],
  ];
  for (const [query, said] of cases) expect(() => query.expr).toThrow(new TypeError(said));
  // A dollar in a value is a dollar.
  expect(b.delta(b.select(size), '5m').expr).toMatchObject({ type: 'call' });
  expect(b.select(calls, { verb: b.re('$verb') }).expr).toMatchObject({ type: 'vectorSelector' });
});

test('what is no duration and no placeholder is refused', () => {
  // The compiler refuses it too; this is for those who work without types.
  const loose = b.rate as unknown as (query: object, range: string) => object;
  expect(() => loose(b.select(calls), '$__rate_intervall')).toThrow(RangeError);
  expect(() => loose(b.select(calls), '$')).toThrow(RangeError);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: no name of a variable
  expect(() => loose(b.select(calls), '${a b}')).toThrow(RangeError);
});

test('a query knows the metrics that it selects, each once, in the order of the text', () => {
  const share = b.div(
    b.sum(b.rate(b.select(calls, { verb: 'get' }).offset('5m'), '5m')),
    b.sum(b.select(size)),
  );
  expect(b.metricsOf(share)).toEqual([calls, size]);
  expect(b.metricsOf(b.add(share, share))).toEqual([calls, size]);
  expect(b.metricsOf(b.maxOverTime(b.subquery(b.select(size).at('end'), '1h')))).toEqual([size]);
  const plain = { name: 'load', type: 'gauge', labels: {} } as const;
  expect(b.metricsOf(b.select(plain))).toEqual([plain]);
  expect(b.metricsOf(b.promql('up'))).toEqual([]);
  expect(b.metricsOf(b.time())).toEqual([]);
  expect(b.metricsOf({})).toEqual([]);
  expect(catalogOf([...b.metricsOf(share)]).map(({ name }) => name)).toEqual(['calls_total', 'size']);
  // A part of a metric is a metric too, and tells of the whole.
  expect(catalogOf(b.metricsOf(b.select(calls.bind({})))).map(({ name }) => name)).toEqual(['calls_total']);
});
