/** Rules as their authors write them: what they become, and what is refused where it is written. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { counter, label } from '@binnacle/metrics';
import { div, gt, rate, re, select, sum } from '@binnacle/promql/builder';
import { describe, expect, test } from 'vitest';
import type { DefinitionPlace } from '../dist/definition-place.js';
import {
  type AlertSpec,
  alert,
  DefinitionError,
  type RecordRule,
  type RuleGroupSpec,
  record,
  ruleGroup,
} from '../dist/index.js';

const requests = counter({
  name: 'rules_test_requests_total',
  help: 'Requests.',
  labels: { endpoint: label, status: label },
});
const failed = sum(rate(select(requests, { status: re('5..') }), '5m')).by('endpoint');
const all = sum(rate(select(requests), '5m')).by('endpoint');

const USUAL = {
  expr: 'up == 0',
  for: '5m',
  severity: 'warning',
  summary: 'A target is down',
  description: 'Look whether it runs.',
} as const;

function thrown(define: () => unknown): string {
  try {
    define();
  } catch (error) {
    expect(error).toBeInstanceOf(DefinitionError);
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

const SOURCE = fileURLToPath(import.meta.url);

/** The place of the first line of this file that has a text. */
function placeOf(text: string): DefinitionPlace {
  const lines = readFileSync(SOURCE, 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(text));
  return { file: SOURCE, line: index + 1, column: lines[index]!.indexOf(text) + 1 };
}

test('an alert has nothing left open', () => {
  const rule = alert('HighErrorRate', {
    expr: gt(div(failed, all), 0.05),
    for: '5m',
    keepFiringFor: '10m',
    severity: 'critical',
    summary: 'Too many requests fail',
    description: ({ value, label, text }) =>
      text`${value.percentage} of requests fail on ${label('endpoint')}.`,
    runbookUrl: 'https://example.com/runbooks#high-error-rate',
    dashboardUrl: 'https://example.com/d/http',
    labels: { team: 'web' },
    annotations: {
      impact: 'People see errors.',
      graph: ({ label, text }) => text`https://example.com/graph?endpoint=${label('endpoint')}`,
    },
  });
  expect(rule).toEqual({
    type: 'alert',
    name: 'HighErrorRate',
    expr: 'sum by (endpoint) (rate(rules_test_requests_total{status=~"5.."}[5m])) / sum by (endpoint) (rate(rules_test_requests_total[5m])) > 0.05',
    forMs: 300_000,
    keepFiringForMs: 600_000,
    labels: { severity: 'critical', team: 'web' },
    annotations: {
      summary: 'Too many requests fail',
      description: '{{ $value | humanizePercentage }} of requests fail on {{ $labels.endpoint }}.',
      runbook_url: 'https://example.com/runbooks#high-error-rate',
      dashboard_url: 'https://example.com/d/http',
      graph: 'https://example.com/graph?endpoint={{ $labels.endpoint }}',
      impact: 'People see errors.',
    },
    definedAt: placeOf("alert('HighErrorRate'"),
  });
});

test('what may be left out has its usual value', () => {
  const { definedAt: _, ...rule } = alert('TargetDown', USUAL);
  expect(rule).toEqual({
    type: 'alert',
    name: 'TargetDown',
    expr: 'up == 0',
    forMs: 300_000,
    keepFiringForMs: 0,
    labels: { severity: 'warning' },
    annotations: { summary: 'A target is down', description: 'Look whether it runs.' },
  });
});

test('a recording rule knows where it was written', () => {
  expect(record('job:up:sum', 'sum by (job) (up)', { team: 'web' })).toEqual({
    type: 'record',
    name: 'job:up:sum',
    expr: 'sum by (job) (up)',
    labels: { team: 'web' },
    definedAt: placeOf("record('job:up:sum'"),
  });
});

test('the labels of a group are under those of its rules', () => {
  const rules = [record('a:b', 'sum(x)', { team: 'own' }), alert('TargetDown', USUAL)];
  const spec = { interval: '30s', limit: 5, queryOffset: '1m', labels: { team: 'web', zone: 'eu' } };
  const group = ruleGroup('web', rules, spec);
  expect(group).toMatchObject({ name: 'web', intervalMs: 30_000, limit: 5, queryOffsetMs: 60_000 });
  expect(group.rules.map(({ labels }) => labels)).toEqual([
    { team: 'own', zone: 'eu' },
    { severity: 'warning', team: 'web', zone: 'eu' },
  ]);
  expect(ruleGroup('bare', rules)).toEqual({ name: 'bare', rules });
});

describe('expressions are refused where they are written', () => {
  const cases: readonly [expr: string, message: string][] = [
    ['sum(rate(x[5m])', 'unclosed left parenthesis\n  sum(rate(x[5m])\n                 ^'],
    [
      'rate(x)',
      'expected type range vector in call to function "rate", got instant vector\n  rate(x)\n       ^',
    ],
    ['"text"', 'a rule needs an instant vector or a number, and "text" is a string'],
    ['x[5m]', 'a rule needs an instant vector or a number, and x[5m] is a range vector'],
    [
      'sum(rate(x[$__rate_interval]))',
      'only a dashboard knows $__rate_interval: write a duration such as 5m\n  sum(rate(x[$__rate_interval]))\n             ^',
    ],
    [
      'x{job="$__interval"}',
      'only a dashboard knows $__interval: write a duration such as 5m\n  x{job="$__interval"}\n         ^',
    ],
    [
      'sum(x{job=~"$job"})',
      'only a dashboard knows variables, and job is matched with "$job"\n  sum(x{job=~"$job"})\n      ^',
    ],
    [
      'x{job="[[job]]"}',
      'only a dashboard knows variables, and job is matched with "[[job]]"\n  x{job="[[job]]"}\n  ^',
    ],
    ['x > $limit', 'only a dashboard knows variables: write what it stands for\n  x > $limit\n      ^'],
    ['sum(x)\n$limit > 1', 'only a dashboard knows variables: write what it stands for\n  $limit > 1\n  ^'],
    [
      'sum(x{a="語"}) +\n\t y > $limit',
      'only a dashboard knows variables: write what it stands for\n  \t y > $limit\n  \t     ^',
    ],
    [
      'x{a="語語"} > $limit',
      'only a dashboard knows variables: write what it stands for\n  x{a="語語"} > $limit\n                ^',
    ],
    ['sum(äöü)\n  + rate(y)', "unexpected character: 'ä'\n  sum(äöü)\n      ^"],
  ];
  test.each(cases)('%s', (expr, message) => {
    expect(thrown(() => record('a:b', expr))).toBe(`recording rule "a:b": ${message}`);
    expect(thrown(() => alert('A', { ...USUAL, expr }))).toBe(`alert "A": ${message}`);
  });
});

test.each([
  'x{path=~"/a$"}',
  'label_replace(x, "a", "$1", "b", "(.*)")',
  '1',
  'time() > bool 5',
  'x{a=~"(b|c)$"}',
])('the expression %s is none of a dashboard', (expr) => {
  expect(record('a:b', expr).expr).toBe(expr);
});

describe('an alert is refused', () => {
  const cases: readonly [change: Partial<AlertSpec<string>>, message: string][] = [
    [{ for: '5 minutes' }, 'for: unknown unit " minutes" in duration "5 minutes"'],
    [{ keepFiringFor: '' }, 'keepFiringFor: empty duration string'],
    [{ severity: 'page' as 'none' }, 'severity is "page", and none of critical, warning, info, none'],
    [{ labels: { severity: 'info' } }, 'the label severity is given as severity, not in labels'],
    [{ labels: { alertname: 'x' } }, 'the label alertname cannot be given: it is the name of the alert'],
    [{ labels: { __name__: 'x' } }, 'the label __name__ cannot be given: it is the name of the series'],
    [
      { labels: { 'a-b': 'x' } },
      '"a-b" is not the name of a label: letters, digits and _, no digit first and no __',
    ],
    [
      { labels: { level: 'at {{ $value }}' } },
      'the label level names the value, so that each change of it is another alert: say it in an annotation\n  at {{ $value }}\n     ^',
    ],
    [
      { labels: { level: '{{ .Value }}' } },
      'the label level names the value, so that each change of it is another alert: say it in an annotation\n  {{ .Value }}\n  ^',
    ],
    [{ summary: '' }, 'the annotation summary is empty'],
    [{ summary: 'a\nb' }, 'the summary is to be one line; the description may have more'],
    [
      { annotations: { runbook_url: 'x' } },
      'the annotation runbook_url is given as runbookUrl, not in annotations',
    ],
    [
      { annotations: { 'a b': 'x' } },
      '"a b" is not the name of an annotation: letters, digits and _, no digit first',
    ],
    [
      { description: 'on {{ $labels.job' },
      'annotation description: {{ is not closed\n  on {{ $labels.job\n     ^',
    ],
    [{ description: 'on job }}' }, 'annotation description: }} closes nothing\n  on job }}\n         ^'],
    [
      { description: '{{ if $value }}x' },
      'annotation description: {{ if $value }} has no {{ end }}\n  {{ if $value }}x\n  ^',
    ],
    [{ description: 'x{{ end }}' }, 'annotation description: {{ end }} ends nothing\n  x{{ end }}\n   ^'],
    [{ description: 'x{{ }}' }, 'annotation description: {{ }} holds nothing\n  x{{ }}\n   ^'],
    [{ description: '{{ "}} }}' }, 'annotation description: {{ is not closed\n  {{ "}} }}\n  ^'],
    [
      { description: ({ value, text }) => text`${value.printf('%d things')}` },
      'printf("%d things"): a format with one verb for a number is needed, such as "%.2f"',
    ],
  ];
  test.each(cases)('%j', (change, message) => {
    const got = thrown(() => alert('A', { ...USUAL, ...change } as AlertSpec<string>));
    expect(got.replace('alert "A": ', '')).toBe(message);
  });

  test.each(['', 'High errors', '1st', 'a-b'])('for its name %j', (name) => {
    expect(thrown(() => alert(name, USUAL))).toBe(
      `alert ${JSON.stringify(name)}: its name is to be letters, digits and _, no digit first`,
    );
  });
});

test.each(['', 'a b', 'a{b="c"}', '5xx:rate'])('a recording rule is refused for its name %j', (name) => {
  expect(thrown(() => record(name, 'up'))).toMatch(/its name is that of a metric/);
});

describe('a group is refused', () => {
  const one: RecordRule = record('a:b', 'sum(x)');
  const cases: readonly [name: string, rules: readonly RecordRule[], spec: RuleGroupSpec, message: string][] =
    [
      ['', [one], {}, 'rule group "": its name is to be one line that is not empty'],
      ['a\nb', [one], {}, 'rule group "a\\nb": its name is to be one line that is not empty'],
      ['g', [], {}, 'rule group "g" has no rules'],
      ['g', [one], { limit: 0 }, 'rule group "g": limit 0 is not a whole number from 1 on'],
      ['g', [one], { interval: '0s' }, 'rule group "g": interval is to be more than 0, not "0s"'],
      ['g', [one], { queryOffset: 'x' }, 'rule group "g": queryOffset: not a valid duration string: "x"'],
      [
        'g',
        [one],
        { labels: { __a: 'x' } },
        'rule group "g": "__a" is not the name of a label: letters, digits and _, no digit first and no __',
      ],
      [
        'g',
        [one, record('a:b', 'sum(y)')],
        {},
        'rule group "g": record a:b is there twice: give one of them another name or label',
      ],
      [
        'g',
        [record('a:b', 'x', { zone: 'eu' }), record('a:b', 'y', { zone: 'eu' })],
        {},
        'rule group "g": record a:b{zone="eu"} is there twice: give one of them another name or label',
      ],
    ];
  test.each(cases)('%j, %j, %j', (name, rules, spec, message) => {
    expect(thrown(() => ruleGroup(name, rules, spec))).toBe(message);
  });
});

test('alerts of one name stand in one group when their labels differ', () => {
  const page = alert('Burn', { ...USUAL, severity: 'critical' });
  expect(ruleGroup('g', [page, alert('Burn', USUAL)]).rules).toHaveLength(2);
  expect(thrown(() => ruleGroup('g', [page, page]))).toBe(
    'rule group "g": alert Burn{severity="critical"} is there twice: give one of them another name or label',
  );
});
