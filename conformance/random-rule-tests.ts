/**
 * Random rule files and unit tests for them, to be run by promtool and by us. As plain objects, so that they are written
 * as JSON, which is YAML.
 *
 * Left out is what promtool itself does not decide: every group has its place in `group_eval_order`, because others come
 * in any order; `topk` never has to choose, because of equal values it takes any. Numbers are small and whole, so that no
 * order of additions shows.
 */
import fc from 'fast-check';

export interface RandomCase {
  readonly rules: { readonly groups: readonly object[] };
  readonly tests: RandomTests;
}

export interface RandomTests {
  readonly rule_files: readonly string[];
  readonly evaluation_interval: string;
  readonly group_eval_order: readonly string[];
  readonly fuzzy_compare: boolean;
  readonly tests: readonly RandomTestGroup[];
}

export interface RandomTestGroup {
  readonly name: string | undefined;
  readonly alert_rule_test: readonly object[];
  readonly promql_expr_test: readonly object[];
}

/** One in several; else nothing, so that the field is left out. */
function sometimes<T>(value: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | undefined> {
  return fc.option(value, { freq, nil: undefined });
}

const pairs = (names: readonly string[], values: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...values), { maxKeys: 2 });

const METRICS = ['a', 'b', 'c', 'r0', 'r1', 'ALERTS', 'ALERTS_FOR_STATE'];
const selector = fc
  .tuple(
    fc.constantFrom('a', 'a', 'b', 'b', 'c', 'r0', 'r1'),
    fc.constantFrom('', '', '', '{job="x"}', '{job!="x"}', '{i=~"1|2"}', '{none=""}'),
    fc.constantFrom('', '', '', ' offset 1m', ' offset -30s', ' @ 60', ' @ 300 offset 30s'),
  )
  .map((parts) => parts.join(''));
const window = fc.tuple(selector, fc.constantFrom('1m', '2m', '5m', '5m:', '3m:30s')).map(([text, range]) => {
  const at = text.search(/ (?:offset|@)/);
  return at < 0 ? `${text}[${range}]` : `${text.slice(0, at)}[${range}]${text.slice(at)}`;
});
const comparison = fc.constantFrom('> 2', '== 0', '< 1', '>= bool 1', '!= 3');
const expression = fc.oneof(
  { arbitrary: fc.tuple(selector, comparison).map((parts) => parts.join(' ')), weight: 5 },
  { arbitrary: selector, weight: 2 },
  {
    arbitrary: fc
      .tuple(
        fc.constantFrom('sum', 'count', 'max', 'min'),
        fc.constantFrom('by (job)', 'without (i)', ''),
        selector,
      )
      .map(([op, grouping, vector]) => `${op} ${grouping} (${vector})`),
    weight: 3,
  },
  {
    arbitrary: fc
      .tuple(
        fc.constantFrom('count_over_time', 'max_over_time', 'last_over_time', 'changes', 'absent_over_time'),
        window,
      )
      .map(([name, range]) => `${name}(${range})`),
    weight: 3,
  },
  {
    arbitrary: fc
      .tuple(
        selector,
        fc.constantFrom('+ on (job, i)', '- on (job)', 'and', 'unless on (job)', 'or'),
        selector,
      )
      .map((parts) => parts.join(' ')),
    weight: 2,
  },
  {
    arbitrary: fc.constantFrom(
      ...[
        '1',
        'time()',
        'vector(3)',
        'absent(a)',
        'h',
        'sum(h)',
        'histogram_count(h) > 1',
        '0 * a',
        '{job="y"}',
      ],
      ...['count by (alertname, alertstate) (ALERTS)', 'ALERTS{alertstate="firing"}', 'ALERTS_FOR_STATE'],
      ...['a / 0', 'topk(9, sum by (job) (a))', 'a +', 'scalar(b)', 'sort(c)', '"text"'],
    ),
    weight: 2,
  },
);

/**
 * Never empty: where a label of a rule expands to nothing, the alert has no such label, but Prometheus gives its `ALERTS`
 * series the text of the template as the label's value, and we do not.
 */
const labelTemplate = fc.constantFrom(
  ...[
    'fixed',
    'v={{ $value }}',
    '{{ $labels.none }}-',
    '{{ .Labels.i }}/{{ .Value }}',
    '{{ $value | humanize }}',
  ],
  ...[
    '{{ if gt $value 2.0 }}high{{ else }}low{{ end }}',
    '{{ $labels.job.x }}',
    '{{ $externalLabels.site }}!',
  ],
);
const annotationTemplate = fc.oneof(
  labelTemplate,
  fc.constantFrom(
    ...[
      '{{ with query "sum(a)" }}{{ . | first | value }}{{ end }}',
      '{{ $externalURL }}',
      '{{ $labels.job }}',
    ],
    '{{ range query "sum by (i) (a)" | sortByLabel "i" }}{{ .Labels.i }}={{ .Value }} {{ end }}',
  ),
);
const duration = fc.constantFrom('0s', '15s', '30s', '1m', '90s', '2m', '5m');
const alertingRule = fc.record({
  alert: fc.constantFrom('A0', 'A1', 'A2'),
  expr: expression,
  for: sometimes(duration),
  keep_firing_for: sometimes(duration, 1),
  labels: sometimes(fc.dictionary(fc.constantFrom('severity', 'job', 'team'), labelTemplate, { maxKeys: 2 })),
  annotations: sometimes(
    fc.dictionary(fc.constantFrom('summary', 'note', 'link'), annotationTemplate, { maxKeys: 3 }),
  ),
});
const recordingRule = fc.record({
  record: fc.constantFrom('r0', 'r1', 'r:2', 'b'),
  expr: expression,
  labels: sometimes(pairs(['job', 'kind'], ['x', 'z', ''])),
});
const group = fc.record({
  interval: sometimes(fc.constantFrom('10s', '7m'), 1),
  limit: sometimes(fc.constantFrom(0, 1, 2, 5), 1),
  query_offset: sometimes(fc.constantFrom('0s', '30s', '1m'), 1),
  labels: sometimes(pairs(['owner', 'kind'], ['me', 'you']), 1),
  rules: fc.array(fc.oneof(alertingRule, recordingRule), { minLength: 1, maxLength: 4 }),
});

const values = fc
  .array(
    fc.oneof(
      { arbitrary: fc.constantFrom('0', '1', '3', '-2', '5', '1e3'), weight: 3 },
      { arbitrary: fc.constantFrom('0+1x4', '5-1x5', '1x3', '0x2', '3x8'), weight: 3 },
      { arbitrary: fc.constantFrom('_', '_x2', '_x9', 'stale', 'NaN', 'Inf'), weight: 1 },
    ),
    { minLength: 1, maxLength: 7 },
  )
  .map((items) => items.join(' '));
const histograms = fc.constantFrom(
  '{{schema:0 sum:3 count:3 buckets:[1 2]}}x5',
  '{{schema:0 sum:3 count:3 buckets:[1 2]}}+{{sum:1 count:1 buckets:[1]}}x4 _ stale',
  '{{schema:1 sum:5 count:4 buckets:[1 2 1]}} {{schema:1 sum:1 count:1 buckets:[1]}}',
);
const inputSeries = fc.oneof(
  {
    arbitrary: fc.record({
      series: fc
        .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y'), fc.constantFrom('1', '2', '3'))
        .map(([name, job, i]) => `${name}{job="${job}",i="${i}"}`),
      values,
    }),
    weight: 80,
  },
  { arbitrary: fc.record({ series: fc.constantFrom('h', 'h{job="x"}'), values: histograms }), weight: 10 },
  { arbitrary: fc.constant({ series: 'a{job="x"', values: '1' }), weight: 1 },
);

const evalTime = fc.constantFrom(
  ...['0s', '0', '15s', '29s', '30s', '1m', '61s', '90s', '2m', '150s', '3m', '4m59s', '5m', '10m'],
);
const expectedAlert = fc.record({
  exp_labels: sometimes(pairs(['job', 'i', 'severity'], ['x', 'y', '1', ''])),
  exp_annotations: sometimes(pairs(['summary', 'note'], ['fixed', 'v=3', ''])),
});
const expectedSample = fc.record({
  labels: sometimes(
    fc.constantFrom('a', 'r0', '{}', '{job="x"}', 'a{job="x",i="1"}', '{job=~"x"}', 'h', 'a{i=""}'),
    5,
  ),
  value: sometimes(fc.constantFrom(0, 1, 3, 5, -2, 1000), 5),
  histogram: sometimes(fc.constantFrom('{{schema:0 sum:3 count:3 buckets:[1 2]}}', '1', '{{}}x2'), 1),
});

/** A group of tests whose expectations are guesses, nearly all of them wrong. */
const testGroup = fc.record({
  name: sometimes(fc.constantFrom('one', 'a "second"'), 3),
  interval: sometimes(fc.constantFrom('15s', '30s', '1m', '45s')),
  input_series: fc.array(inputSeries, { minLength: 1, maxLength: 7 }),
  external_labels: sometimes(fc.constant({ site: 'eu' })),
  external_url: sometimes(fc.constant('http://here')),
  alert_rule_test: fc.array(
    fc.record({
      eval_time: evalTime,
      alertname: fc.oneof(
        { arbitrary: fc.constantFrom('A0', 'A1', 'A2'), weight: 40 },
        { arbitrary: fc.constant(''), weight: 1 },
      ),
      exp_alerts: fc.array(expectedAlert, { maxLength: 2 }),
    }),
    { maxLength: 5 },
  ),
  promql_expr_test: fc.array(
    fc.record({
      expr: fc.oneof(fc.constantFrom(...METRICS), expression),
      eval_time: evalTime,
      // Two with the same labels come in any order.
      exp_samples: fc.uniqueArray(expectedSample, {
        maxLength: 2,
        selector: ({ labels = '{}' }) => labels.replace('a{i=""}', 'a'),
      }),
    }),
    { maxLength: 5 },
  ),
});

/** Rules, and tests of them. */
export const anyCase: fc.Arbitrary<RandomCase> = fc
  .record({
    groups: fc.array(group, { minLength: 1, maxLength: 3 }),
    order: fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }),
    evaluation_interval: fc.constantFrom('30s', '1m', '45s', '2m'),
    fuzzy_compare: fc.boolean(),
    tests: fc.array(testGroup, { minLength: 1, maxLength: 2 }),
  })
  .map(({ groups, order, tests, ...rest }) => ({
    rules: { groups: groups.map((one, i) => ({ name: `g${i}`, ...one })) },
    tests: { rule_files: [], group_eval_order: order.map((i) => `g${i}`), ...rest, tests },
  }));
