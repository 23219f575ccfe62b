/** Variables and macros of real expressions, replaced by what may stand there. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana's own references

import { ParseError, parse } from '@binnacle/promql';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interpolateForCheck, type KnownVariable } from '../dist/grafana/reading/interpolation.js';

const known: readonly KnownVariable[] = [
  { name: 'job', type: 'query', values: [] },
  { name: 'instance', type: 'query', values: [] },
  { name: 'label', type: 'query', values: [] },
  { name: 'metric', type: 'custom', values: ['requests_total', 'errors_total'] },
  { name: 'window', type: 'interval', values: ['5m', '1h'] },
  { name: 'quantile', type: 'custom', values: ['0.95', '0.99'] },
  { name: 'topN', type: 'textbox', values: [] },
  { name: 'threshold', type: 'constant', values: ['12'] },
  { name: 'quoted', type: 'custom', values: ['a"b', 'plain'] },
  { name: 'filter', type: 'textbox', values: [] },
];

/** What is written, and what is parsed. */
const CASES: readonly (readonly [string, string])[] = [
  ['up', 'up'],
  ['up{job="$job"}', 'up{job="job"}'],
  ['up{job=~"${job:regex}"}', 'up{job=~"job"}'],
  ['up{job=~"[[job]]"}', 'up{job=~"job"}'],
  ['up{job=~"[[job:pipe]]"}', 'up{job=~"job"}'],
  ['up{job=~"^$job-.*"}', 'up{job=~"^job-.*"}'],
  ["up{job='${job}'}", "up{job='job'}"],
  ['up{job=`$job`}', 'up{job=`job`}'],
  ['up{quantile="$quantile"}', 'up{quantile="0.95"}'],
  ['up{a="$quoted"}', 'up{a="plain"}'],
  ['up{job="a\\"$job"}', 'up{job="a\\"job"}'],
  ['rate(x[$__rate_interval])', 'rate(x[1m])'],
  ['rate(x[${__rate_interval}])', 'rate(x[1m])'],
  ['rate(x[[[window]]])', 'rate(x[5m])'],
  ['rate(x[$window])', 'rate(x[5m])'],
  ['rate(x[$job])', 'rate(x[5m])'],
  ['rate(x[${__range_s}s])', 'rate(x[3600s])'],
  ['rate(x[${__interval_ms}ms])', 'rate(x[15000ms])'],
  ['max_over_time(x[$__range:$__interval])', 'max_over_time(x[1h:15s])'],
  ['increase(x[1h:])', 'increase(x[1h:])'],
  ['x offset $__range', 'x offset 1h'],
  ['x offset -$window', 'x offset -5m'],
  ['rate(x[5m] offset $__rate_interval)', 'rate(x[5m] offset 1m)'],
  ['topk($topN, x)', 'topk(1, x)'],
  ['topk(${topN}, sum by ($label) (x))', 'topk(1, sum by (label) (x))'],
  [
    'histogram_quantile($quantile, sum by (le) (rate(x_bucket[5m])))',
    'histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))',
  ],
  ['quantile($topN, x)', 'quantile(1, x)'],
  ['clamp_max(x, $topN)', 'clamp_max(x, 1)'],
  ['sum by ($label, job) (x)', 'sum by (label, job) (x)'],
  ['sum(x) by (${label:csv})', 'sum(x) by (label)'],
  ['a / on ($label) group_left ($job) b', 'a / on (label) group_left (job) b'],
  ['x > $threshold', 'x > 12'],
  ['x > bool ${threshold}', 'x > bool 12'],
  ['x * $topN', 'x * 1'],
  ['$topN - x', '1 - x'],
  ['$metric', 'requests_total'],
  ['sum($metric)', 'sum(requests_total)'],
  ['sum(rate($metric[5m]))', 'sum(rate(requests_total[5m]))'],
  ['$metric{job="a"}', 'requests_total{job="a"}'],
  ['$job{job="a"}', 'job{job="a"}'],
  ['${job}_requests_total', 'job_requests_total'],
  ['app_${job}_total', 'app_job_total'],
  ['app_[[job]]_total{a="b"}', 'app_job_total{a="b"}'],
  ['rate(app_$job[5m])', 'rate(app_job[5m])'],
  ['up{$label="x"}', 'up{label="x"}'],
  ['up{$label=~"$job"}', 'up{label=~"job"}'],
  ['up{$filter}', 'up{filter=""}'],
  ['up{job="a", $filter}', 'up{job="a", filter=""}'],
  ['up{job="a" $filter}', 'up{job="a" , filter=""}'],
  ['$label(x)', 'label(x)'],
  ['label_replace(x, "a", "$1", "b", "(.*)")', 'label_replace(x, "a", "$1", "b", "(.*)")'],
  ['label_replace(x, "a", "${1}-$2", "b", "(.*)")', 'label_replace(x, "a", "${1}-$2", "b", "(.*)")'],
  ['x > ($__to - $__from) / 1000', 'x > (1700003600000 - 1700000000000) / 1000'],
  ['x / $__range_s', 'x / 3600'],
  ['x @ ${__to:date:seconds}', 'x @ 1700003600000'],
  ['# $job\nup', '# job\nup'],
  ['up{a="$__all"}', 'up{a="__all"}'],
  ['predict_linear(x[1h], $__range_s)', 'predict_linear(x[1h], 3600)'],
  ['count_values("$label", x)', 'count_values("label", x)'],
];

test.each(CASES)('%s is parsed as %s', (expr, text) => {
  expect(interpolateForCheck(expr, known).text).toBe(text);
});

test('what is replaced parses, but for the name of a function', () => {
  for (const [expr, text] of CASES) if (expr !== '$label(x)') expect(() => parse(text), expr).not.toThrow();
});

test('what nobody knows is named, and stays where it is in a string', () => {
  const { text, unknown } = interpolateForCheck('sum by ($who) (x{a="$what", b="$1"}) > ${limit}', known);
  expect(text).toBe('sum by (who) (x{a="$what", b="$1"}) > 1');
  expect(unknown.map(({ name, offset }) => [name, offset])).toEqual([
    ['who', 8],
    ['what', 20],
    ['limit', 39],
  ]);
});

test('a finding in a stand-in is told from one in what the author wrote', () => {
  const expr = 'sum by (job) (rate(x{instance=~"$instance"}[$window]))';
  const interpolated = interpolateForCheck(expr, known);
  const { text, replacements } = interpolated;
  expect(
    replacements.map(({ kind, isValue, start, end }) => [kind, isValue, text.slice(start, end)]),
  ).toEqual([
    ['text', false, 'instance'],
    ['duration', true, '5m'],
  ]);
  const label = text.indexOf('instance');
  const value = text.indexOf('"instance"') + 1;
  expect(interpolated.isReplaced(label, label + 8)).toBe(false);
  expect(interpolated.isReplaced(value, value + 8)).toBe(true);
});

test('an offset behind a reference leads back to the same character', () => {
  const expr = 'a{x="${job:regex}"} + rate(b[$__rate_interval]) + c';
  const { text, sourceOffset } = interpolateForCheck(expr, known);
  for (const name of ['a{', '+ rate', 'b[', ') + c', 'c']) {
    expect(sourceOffset(text.lastIndexOf(name)), name).toBe(expr.lastIndexOf(name));
  }
  expect(sourceOffset(text.indexOf('job'))).toBe(expr.indexOf('${job'));
  expect(sourceOffset(text.length)).toBe(expr.length);
});

/** Pieces of expressions, also such as no one would write. */
const piece = fc.constantFrom(
  ...['up', '{', '}', '(', ')', '[', ']', '"', "'", '`', '\\', ' ', ',', '=~', '#', '\n', 'by', 'offset'],
  ...['$job', '${job:regex}', '[[window]]', '$1', '$nobody', '$__rate_interval', '$', '${', '5m', 'é', '💥'],
);

test('any text is interpolated, and every offset outside of stand-ins leads back to its character', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const expr = pieces.join('');
      const { text, replacements, sourceOffset } = interpolateForCheck(expr, known);
      for (let at = 0; at < text.length; at++) {
        const inside = replacements.find(({ start, end }) => start <= at && at < end);
        if (inside !== undefined) expect(sourceOffset(at)).toBe(inside.reference.offset);
        else expect(expr[sourceOffset(at)]).toBe(text[at]);
      }
    }),
    { numRuns: 500 },
  );
});

test('an expression that parses without variables parses unchanged', () => {
  const samples = ['up', 'sum by (a) (rate(x[5m]))', 'x{a="b"} / y', 'histogram_quantile(0.9, x)'];
  for (const expr of samples) expect(interpolateForCheck(expr, known).text).toBe(expr);
  expect(() => parse(interpolateForCheck('up{', known).text)).toThrow(ParseError);
});
