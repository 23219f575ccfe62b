/** Each construct of the builder prints as the expected query, and its tree is the one that the query parses to. */
import { counter, createRegistry, gauge, histogram, info, label, stateSet, summary } from '@binnacle/metrics';
import { describe, expect, test } from 'vitest';
import * as b from '../dist/builder/index.js';
import { parse, printExpr } from '../dist/index.js';

const registry = createRegistry();
const requests = counter({
  name: 'http_requests_total',
  help: 'R',
  labels: { method: ['GET', 'POST'], endpoint: label, status: label },
  registry,
});
const pending = gauge({ name: 'processing_jobs_pending', help: 'P', registry });
const jobs = counter({
  name: 'processing_jobs_total',
  help: 'J',
  labels: { status: ['completed', 'error', 'timeout'] },
  registry,
});
const duration = histogram({
  name: 'http_request_duration_seconds',
  unit: 'seconds',
  help: 'D',
  labels: { method: ['GET', 'POST'], endpoint: label },
  registry,
});

const waited = summary({ name: 'waited_seconds', unit: 'seconds', help: 'W', registry });
const about = info({ name: 'build_info', help: 'B', labels: { version: label }, registry });
const breaker = stateSet({
  name: 'breaker',
  help: 'B',
  states: ['open', 'closed'],
  labels: { upstream: label },
  registry,
});
const ours = b.selectors({
  labels: { system: label, region: ['eu', 'us'] },
  where: { system: 'bricklayers' },
});
const RATE = 'rate(http_requests_total[5m])';

function check(query: { readonly expr: unknown; toString(): string }, text: string): void {
  expect(`${query}`).toBe(printExpr(parse(text)));
  expect(query.expr).toEqual(parse(`${query}`));
}

const all = b.rate(b.select(requests), '5m');
const bad = b.rate(b.select(requests, { status: b.re('5..') }), '5m');

describe('constructs', () => {
  test.each([
    [
      b.select(requests, { method: 'GET', status: b.not('200') }),
      'http_requests_total{method="GET",status!="200"}',
    ],
    [b.select(requests, { method: b.not('GET') }), 'http_requests_total{method!="GET"}'],
    [
      b.select(requests, { endpoint: b.notRe('/x.*'), job: 'api' }),
      'http_requests_total{endpoint!~"/x.*",job="api"}',
    ],
    [b.select(requests, { endpoint: 'a"b\\c\n' }), 'http_requests_total{endpoint="a\\"b\\\\c\\n"}'],
    [
      b.rate(b.select(requests).offset('1h').at('end'), '5m'),
      'rate(http_requests_total[5m] @ end() offset 1h)',
    ],
    [b.select(requests).at(5), 'http_requests_total @ 5'],
    [b.sum(bad).by('endpoint'), 'sum by (endpoint) (rate(http_requests_total{status=~"5.."}[5m]))'],
    [
      b.sum(b.sum(all).without('status')).by('job'),
      'sum by (job) (sum without (status) (rate(http_requests_total[5m])))',
    ],
    [b.topk(3, b.sum(all).by('endpoint')), 'topk(3, sum by (endpoint) (rate(http_requests_total[5m])))'],
    [b.quantile(0.5, all), 'quantile(0.5, rate(http_requests_total[5m]))'],
    [b.countValues('v', all).by('job'), 'count_values by (job) ("v", rate(http_requests_total[5m]))'],
    [
      b.histogramQuantile(0.95, b.sum(b.rate(b.buckets(duration), '5m')).by('le', 'endpoint')),
      'histogram_quantile(0.95, sum by (le, endpoint) (rate(http_request_duration_seconds_bucket[5m])))',
    ],
    [
      b.histogramQuantile(0.95, b.sum(b.rate(b.select(duration), '5m'))),
      'histogram_quantile(0.95, sum(rate(http_request_duration_seconds[5m])))',
    ],
    [
      b.div(b.sum(all).by('endpoint', 'status'), b.sum(all).by('endpoint')).on('endpoint').groupLeft(),
      'sum by (endpoint, status) (rate(http_requests_total[5m])) / on (endpoint) group_left () sum by (endpoint) (rate(http_requests_total[5m]))',
    ],
    [b.gt(all, 0.5).bool(), 'rate(http_requests_total[5m]) > bool 0.5'],
    [b.gt(all, 0.5), 'rate(http_requests_total[5m]) > 0.5'],
    [
      b.gt(all, b.rate(b.select(requests), '1h')).bool(),
      'rate(http_requests_total[5m]) > bool rate(http_requests_total[1h])',
    ],
    [b.mul(b.add(1, b.select(pending)), -2), '(1 + processing_jobs_pending) * -2'],
    [b.sub(b.time(), 5), 'time() - 5'],
    [b.pow(-2, b.vector(2)), '(-2) ^ vector(2)'],
    [
      b.and(b.gt(all, 1), b.lt(all, 2)).on('job'),
      'rate(http_requests_total[5m]) > 1 and on (job) rate(http_requests_total[5m]) < 2',
    ],
    [b.or(all, b.vector(0)), 'rate(http_requests_total[5m]) or vector(0)'],
    [
      b.unless(all, b.promql<'job'>('up == 0')).on('job'),
      'rate(http_requests_total[5m]) unless on (job) up == 0',
    ],
    [
      b.maxOverTime(b.subquery(b.sum(all), '1h', '1m')),
      'max_over_time(sum(rate(http_requests_total[5m]))[1h:1m])',
    ],
    [b.avgOverTime(b.select(pending), '5m'), 'avg_over_time(processing_jobs_pending[5m])'],
    [
      b.sum(b.labelReplace(all, 'class', '$1xx', 'status', '(.)..')).by('class'),
      'sum by (class) (label_replace(rate(http_requests_total[5m]), "class", "$1xx", "status", "(.).."))',
    ],
    [b.rate(b.countOf(waited), '5m'), 'rate(waited_seconds_count[5m])'],
    [b.select(waited, { quantile: '0.9' }), 'waited_seconds{quantile="0.9"}'],
    [
      b.mul(b.sum(all).by('job', 'instance'), b.select(about)).on('job', 'instance').groupLeft('version'),
      'sum by (job, instance) (rate(http_requests_total[5m])) * on (job, instance) group_left (version) build_info',
    ],
    [b.stateOf(breaker, 'open', { upstream: 'a' }), 'breaker{breaker="open",upstream="a"}'],
    [b.select(breaker, { upstream: 'a' }), 'breaker{upstream="a"}'],
    [b.rate(b.select(requests.bind({ method: 'GET' })), '5m'), 'rate(http_requests_total{method="GET"}[5m])'],
    [
      b.rate(
        b.select({ name: 'plain_total', type: 'counter', labels: { kind: ['a', 'b'] } }, { kind: 'a' }),
        '5m',
      ),
      'rate(plain_total{kind="a"}[5m])',
    ],
    [b.select({ name: 'http.requests', type: 'gauge' }, { 'a b': '' }), '{"http.requests","a b"=""}'],
    [ours.select(pending, { region: 'us' }), 'processing_jobs_pending{region="us",system="bricklayers"}'],
    [ours.select(pending, { system: b.re('b.*') }), 'processing_jobs_pending{system=~"b.*"}'],
    [
      b.select(jobs, { status: b.oneOf('error', 'timeout') }),
      'processing_jobs_total{status=~"error|timeout"}',
    ],
    [b.select(requests, { endpoint: b.noneOf('/a.b') }), 'http_requests_total{endpoint!~"/a\\\\.b"}'],
    [
      b.select(requests, { endpoint: [b.re('/api/.*'), b.not('/api/health')] }),
      'http_requests_total{endpoint!="/api/health",endpoint=~"/api/.*"}',
    ],
    [ours.select(pending, { system: undefined }), 'processing_jobs_pending{system="bricklayers"}'],
    [b.select(requests, { endpoint: undefined }), 'http_requests_total'],
    [
      b.deriv(b.select(pending).offset('-30s').at(new Date(1500)), '5m'),
      'deriv(processing_jobs_pending[5m] @ 1.5 offset -30s)',
    ],
    [
      b.avgOverTime(b.subquery(b.select(pending), '1h').at('start').offset('1d')),
      'avg_over_time(processing_jobs_pending[1h:] @ start() offset 1d)',
    ],
    [b.predictLinear(b.select(pending), '1h', 3600), 'predict_linear(processing_jobs_pending[1h], 3600)'],
    [
      b.quantileOverTime(0.5, b.select(pending), '1h'),
      'quantile_over_time(0.5, processing_jobs_pending[1h])',
    ],
    [
      b.histogramFraction(0, 0.2, b.rate(b.select(duration), '5m')),
      'histogram_fraction(0, 0.2, rate(http_request_duration_seconds[5m]))',
    ],
    [b.topk(3, all).by('method'), 'topk by (method) (3, rate(http_requests_total[5m]))'],
    [b.gt(b.time(), b.pi()), 'time() > bool pi()'],
    [b.neg(b.pow(b.neg(all), 2)), '-(-rate(http_requests_total[5m])) ^ 2'],
    [b.year(), 'year()'],
    [b.round(b.clamp(all, 0, 1), 0.1), 'round(clamp(rate(http_requests_total[5m]), 0, 1), 0.1)'],
    [
      b.labelJoin(all, 'both', '-', 'method', 'status'),
      'label_join(rate(http_requests_total[5m]), "both", "-", "method", "status")',
    ],
    [b.add(b.add(all, all), b.add(all, all)), `${RATE} + ${RATE} + (${RATE} + ${RATE})`],
    [b.absent(b.select(pending)), 'absent(processing_jobs_pending)'],
    [b.scalar(b.sum(all)), 'scalar(sum(rate(http_requests_total[5m])))'],
  ])('%s', (query, text) => check(query, text));
});

test('errors say what is wrong and where', () => {
  expect(() => b.select(requests, { status: b.re('5(') })).toThrow(/http_requests_total\{status\}: "5\("/);
  expect(() => b.labelReplace(all, 'class', '$1', 'status', '5(')).toThrow(/label_replace to class: "5\("/);
  expect(() => b.rate(b.select(requests), '0s')).toThrow('rate of http_requests_total: duration must be');
  expect(() => b.rate(b.select(requests), '-5m')).toThrow(/^rate of http_requests_total: /);
  expect(() => b.rate(b.select(requests), '1.5h')).toThrow(/^rate of http_requests_total: /);
  expect(() => b.subquery(all, '1h', '0s')).toThrow('step of a subquery: duration must be');
  expect(() => b.select(requests).offset('1.5h')).toThrow(/^offset of http_requests_total: /);
  expect(() => b.select(requests).offset('1h').offset('1h')).toThrow('http_requests_total has an offset');
  expect(() => b.select(requests).at(1).at('end')).toThrow('http_requests_total has a time already');
  expect(() => b.select(requests).at(Number.NaN)).toThrow('at of http_requests_total: NaN is no time');
  expect(() => b.select({ name: '', type: 'gauge' })).toThrow('"" is not the name of a metric');
  expect(() => b.select({ name: 'x', type: 'gauge' }, { '': 'y' })).toThrow('x{}: not the name of a label');
  expect(() => b.select({ name: 'x', type: 'gauge' }, { __name__: 'y' })).toThrow(
    'x{__name__}: not the name',
  );
  expect(() => b.sum(b.promql('up')).by('')).toThrow('sum: "" is not the name of a label');
  expect(() => b.oneOf()).toThrow('at least one value');
  expect(() => b.promql('sum(')).toThrow(/parse error/);
  expect(() => b.promql('time()')).toThrow('must be an instant vector');
  expect(() => b.promql('x[5m]')).toThrow('must be an instant vector');
});

test('whoever works without types is told at run time', () => {
  const api: unknown = b;
  const untyped = api as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  expect(() => untyped.rate!(b.select(requests))).toThrow('rate of http_requests_total needs a range');
  expect(() => untyped.rate!(all, '5m')).toThrow('rate needs a selector or a subquery, not rate(http');
  expect(() => untyped.avgOverTime!(b.subquery(all, '1h'), '5m')).toThrow('a subquery has its range already');
  expect(() => untyped.sum!('up')).toThrow('sum needs an instant vector, as select(metric) is one, not up');
  expect(() => untyped.add!('up', 1)).toThrow('+ needs an instant vector');
  expect(() => untyped.topk!('3', all)).toThrow('a number or a scalar as time() is needed, not 3');
  expect(() => untyped.and!(all, 1)).toThrow('and needs an instant vector');
  for (const given of [5, null, true, {}, { op: '=~' }, { value: 'web' }])
    expect(() => untyped.select!({ name: 'x' }, { job: given })).toThrow(
      `x{job}: ${String(given)} is neither a value nor a condition`,
    );
  const matched = b.div(all, b.promql('up')).on('job');
  expect(() => matched.groupLeft('job' as never)).toThrow('the label job matches already');
});
