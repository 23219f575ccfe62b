/** Each construct of the builder prints as the expected query, and its tree is the one that the query parses to. */
import { counter, createRegistry, gauge, histogram, label } from '@binnacle/metrics';
import fc from 'fast-check';
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
      '(rate(http_requests_total[5m]) > 1) and on (job) (rate(http_requests_total[5m]) < 2)',
    ],
    [b.or(all, b.vector(0)), 'rate(http_requests_total[5m]) or vector(0)'],
    [b.unless(all, b.promql<'job'>('up == 0')), 'rate(http_requests_total[5m]) unless (up == 0)'],
    [
      b.maxOverTime(b.subquery(b.sum(all), '1h', '1m')),
      'max_over_time((sum(rate(http_requests_total[5m])))[1h:1m])',
    ],
    [b.avgOverTime(b.select(pending), '5m'), 'avg_over_time(processing_jobs_pending[5m])'],
    [
      b.sum(b.labelReplace(all, 'class', '$1xx', 'status', '(.)..')).by('class'),
      'sum by (class) (label_replace(rate(http_requests_total[5m]), "class", "$1xx", "status", "(.).."))',
    ],
    [b.absent(b.select(pending)), 'absent(processing_jobs_pending)'],
    [b.scalar(b.sum(all)), 'scalar(sum(rate(http_requests_total[5m])))'],
  ])('%s', (query, text) => check(query, text));
});

test("the reference document's alerts print as they are written there", () => {
  const failed = b.select(jobs, { status: b.re('error|timeout') });
  check(
    b.gt(b.div(b.sum(bad), b.sum(all)), 0.05),
    '(sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))) > 0.05',
  );
  check(
    b.gt(b.div(b.sum(b.rate(failed, '10m')), b.sum(b.rate(b.select(jobs), '10m'))), 0.1),
    '(sum(rate(processing_jobs_total{status=~"error|timeout"}[10m])) / sum(rate(processing_jobs_total[10m]))) > 0.1',
  );
  check(b.gt(b.select(pending), 50), 'processing_jobs_pending > 50');
  check(
    b.gt(b.histogramQuantile(0.95, b.rate(b.buckets(duration), '5m')), 5),
    'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m])) > 5',
  );
});

test('errors say what is wrong and where', () => {
  expect(() => b.select(requests, { status: b.re('5(') })).toThrow(/http_requests_total\{status\}: "5\("/);
  expect(() => b.rate(b.select(requests), '0s')).toThrow('rate of http_requests_total: duration must be');
  expect(() => b.rate(b.select(requests), '1.5h')).toThrow(/^rate of http_requests_total: /);
  expect(() => b.promql('sum(')).toThrow(/parse error/);
  expect(() => b.promql('time()')).toThrow('must be an instant vector');
  expect(() => b.promql('x[5m]')).toThrow('must be an instant vector');
});

test('random arithmetic keeps its grouping: print and parse give the same tree', () => {
  const operators = [b.add, b.sub, b.mul, b.div, b.mod, b.pow] as const;
  const { tree } = fc.letrec<{ tree: b.Vector<never> }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constant(b.sum(all)),
      fc.double({ noNaN: true }).map((n) => b.vector(n)),
      fc
        .tuple(fc.constantFrom(...operators), tie('tree'), tie('tree'))
        .map(([operator, left, right]): b.Vector<never> => {
          const query = operator(left, right);
          const { expr } = query;
          if (expr.type !== 'binaryExpr') throw new Error(`${query} lost its operator`);
          const sides = [expr.lhs, expr.rhs].map((side) =>
            printExpr(side.type === 'parenExpr' ? side.expr : side),
          );
          expect(sides).toEqual([`${left}`, `${right}`]);
          return query;
        }),
    ),
  }));
  fc.assert(
    fc.property(tree, (query) => {
      expect(parse(`${query}`)).toEqual(query.expr);
    }),
  );
});
