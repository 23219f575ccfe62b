import { dashboard, gauge, labelVariable, renderGrafana, row, stat, timeseries } from '@binnacle/blueprint';
import { expect, test } from 'vitest';
import { readFieldConfig, readOverrides, thresholdColor } from '../src/dashboard/field-config.js';
import { seriesNames } from '../src/dashboard/legend.js';
import { fillIn, type MacroContext, rateIntervalMs } from '../src/dashboard/macros.js';
import { readDashboard } from '../src/dashboard/model.js';
import { selectorsOf } from '../src/dashboard/selectors.js';
import { choose, readVariables } from '../src/dashboard/variables.js';

const context: MacroContext = { intervalMs: 30_000, rangeMs: 3_600_000, scrapeMs: 15_000 };

test('macros become durations and numbers', () => {
  const check = (expr: string, expected: string): void => expect(fillIn(expr, context)).toBe(expected);
  check('rate(a[$__rate_interval])', 'rate(a[1m])');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
  check('rate(a[${__rate_interval}])', 'rate(a[1m])');
  check('avg_over_time(a[$__interval])', 'avg_over_time(a[30s])');
  check('increase(a[$__range]) / $__range_s', 'increase(a[1h]) / 3600');
  check('a * $__interval_ms', 'a * 30000');
  check('a{b="$unknown"}', 'a{b="$unknown"}');
});

test('the rate interval holds four scrapes, and one more than the step', () => {
  expect(rateIntervalMs({ ...context, intervalMs: 1000 })).toBe(60_000);
  expect(rateIntervalMs({ ...context, intervalMs: 300_000 })).toBe(315_000);
});

test('variables are escaped where several may stand, and put in as they are elsewhere', () => {
  const check = (expr: string, values: string[], expected: string): void =>
    expect(fillIn(expr, context, { job: { values } })).toBe(expected);
  check('a{job=~"$job"}', ['web'], 'a{job=~"web"}');
  check('a{job=~"$job"}', ['a.b', 'c|d'], 'a{job=~"(a\\\\.b|c\\\\|d)"}');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
  check('a{job=~"${job:regex}"}', ['a.b'], 'a{job=~"a\\\\.b"}');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
  check('a{job=~"${job:pipe}"}', ['a', 'b'], 'a{job=~"a|b"}');
  check('a{job=~"[[job]]"}', ['a'], 'a{job=~"a"}');
  expect(fillIn('a{job=~"$job"}', context, { job: { values: [], pattern: '.+' } })).toBe('a{job=~".+"}');
});

test('series are named by their format', () => {
  const all = [
    { __name__: 'jobs_total', status: 'ok', job: 'web' },
    { __name__: 'jobs_total', status: 'failed', job: 'web' },
  ];
  const check = (format: string, ...expected: string[]): void =>
    expect(seriesNames(all, format, 'expr'), format).toEqual(expected);
  check('{{status}}', 'ok', 'failed');
  check('{{ status }} of {{job}}', 'ok of web', 'failed of web');
  check('{{missing}}', '', '');
  check('fixed', 'fixed', 'fixed');
  check('__auto', 'ok', 'failed');
  check('', 'jobs_total{status="ok", job="web"}', 'jobs_total{status="failed", job="web"}');
  expect(seriesNames([{}], '', 'sum(a)')).toEqual(['sum(a)']);
  expect(seriesNames([{}], '__auto', 'sum(a)')).toEqual(['sum(a)']);
  expect(seriesNames([{ __name__: 'up', job: 'web' }], '__auto', 'up')).toEqual(['up']);
  expect(
    seriesNames(
      [
        { a: '1', b: '2' },
        { a: '2', b: '3' },
      ],
      '__auto',
      'x',
    ),
  ).toEqual(['a=1 b=2', 'a=2 b=3']);
});

test('what a blueprint renders is read back', () => {
  const json = renderGrafana(
    dashboard({
      title: 'Jobs',
      refresh: '5s',
      time: { from: 'now-30m', to: 'now' },
      variables: [labelVariable('job', { metric: 'up' })],
      rows: [
        row('Overview', [
          stat({
            title: 'Total',
            expr: 'sum(jobs_total)',
            thresholds: [{ color: 'green' }, { value: 9, color: 'red' }],
          }),
          gauge({ title: 'Success', expr: 'a / b', unit: 'percentunit', decimals: 2 }),
          timeseries({
            title: 'By status',
            description: 'All of them.',
            expr: 'sum by (status) (rate(jobs_total[$__rate_interval]))',
            legend: '{{status}}',
            stack: 'normal',
            calcs: ['mean'],
            min: 0,
            colors: { failed: 'red' },
            mappings: { 0: { text: 'none', color: 'blue' } },
          }),
        ]),
        row('Closed', [timeseries({ title: 'Hidden', expr: 'up' })], { collapsed: true }),
      ],
    }),
  );
  const model = readDashboard(JSON.parse(JSON.stringify(json)));
  expect(model).toMatchObject({
    uid: 'jobs',
    title: 'Jobs',
    refresh: '5s',
    time: { from: 'now-30m', to: 'now' },
    sharedCrosshair: true,
    variables: [{ name: 'job', query: { label: 'job', selector: 'up' }, all: true, allValue: '.+' }],
    sections: [
      {
        title: 'Overview',
        collapsed: false,
        panels: [
          { kind: 'stat', title: 'Total', calc: 'lastNotNull', graph: true, colorMode: 'value' },
          {
            kind: 'gauge',
            field: { unit: 'percentunit', min: 0, max: 1, decimals: 2 },
            targets: [{ instant: true }],
          },
          {
            kind: 'timeseries',
            description: 'All of them.',
            targets: [{ refId: 'A', legend: '{{status}}', instant: false }],
            legend: { mode: 'table', placement: 'bottom', calcs: ['mean'] },
            tooltip: { mode: 'multi', sort: 'desc' },
            field: { unit: 'ops', min: 0, max: undefined, line: { stacking: 'normal', fill: 40 } },
          },
        ],
      },
      { title: 'Closed', collapsed: true, panels: [{ title: 'Hidden' }] },
    ],
  });
  const [total, , byStatus] = model.sections[0]!.panels;
  expect([0, 9, 10].map((value) => thresholdColor(total!.field, value))).toEqual(['green', 'red', 'red']);
  expect(byStatus!.overrides[0]!.matches({ name: 'failed', refId: 'A' })).toBe(true);
  expect(byStatus!.overrides[0]!.matches({ name: 'ok', refId: 'A' })).toBe(false);
  expect(byStatus!.field.mappings.find((mapping) => mapping.matches(0))).toMatchObject({
    text: 'none',
    color: 'blue',
  });
});

test('a dashboard of another hand is read as far as it goes', () => {
  const model = readDashboard({
    apiVersion: 'dashboard.grafana.app/v1beta1',
    metadata: { name: 'wrapped' },
    spec: {
      title: 'Old',
      refresh: false,
      panels: [
        { type: 'flamegraph', title: 'H', gridPos: { x: 20, y: 0, w: 12, h: 8 } },
        {
          type: 'stat',
          options: { unit: 'percentunit' },
          targets: [{ expr: 'a' }, { expr: 'b', hide: true }, { expr: '' }, 5],
        },
        'nonsense',
        { type: 'row', title: 'R', panels: null },
        {
          type: 'timeseries',
          fieldConfig: { defaults: { min: '0', thresholds: { steps: [{ color: 'red' }] } } },
        },
      ],
    },
  });
  expect(model).toMatchObject({
    uid: 'wrapped',
    title: 'Old',
    refresh: '',
    sections: [
      {
        title: '',
        panels: [
          { kind: 'unknown', type: 'flamegraph', gridPos: { x: 12, w: 12 } },
          { kind: 'stat', field: { unit: 'percentunit' }, targets: [{ refId: 'A', expr: 'a' }] },
        ],
      },
      { title: 'R', panels: [{ kind: 'timeseries', field: { min: 0 }, gridPos: { w: 12, h: 8 } }] },
    ],
  });
  for (const nothing of [undefined, null, 5, [], {}, { panels: 'x' }])
    expect(readDashboard(nothing)).toMatchObject({ title: 'Untitled', sections: [] });
});

test('overrides name their series by name, pattern or query', () => {
  const [byName, byPattern, byQuery, broken, ...rest] = readOverrides([
    { matcher: { id: 'byName', options: 'a' }, properties: [{ id: 'color', value: { fixedColor: 'red' } }] },
    { matcher: { id: 'byRegexp', options: '/^a/' }, properties: [{ id: 'unit', value: 's' }] },
    {
      matcher: { id: 'byFrameRefID', options: 'B' },
      properties: [{ id: 'custom.hideFrom', value: { viz: true } }],
    },
    { matcher: { id: 'byRegexp', options: '/(/' }, properties: [] },
    { matcher: { id: 'byType', options: 'number' }, properties: [] },
  ]);
  expect(byName).toMatchObject({ color: 'red' });
  expect(byPattern).toMatchObject({ unit: 's' });
  expect(byPattern!.matches({ name: 'abc', refId: 'A' })).toBe(true);
  expect(byQuery).toMatchObject({ hidden: true });
  expect(byQuery!.matches({ name: 'abc', refId: 'B' })).toBe(true);
  expect(broken!.matches({ name: '(', refId: 'A' })).toBe(false);
  expect(rest.map((override) => override.color)).toEqual([]);
});

test('thresholds in percent count from min to max', () => {
  const field = readFieldConfig(
    {
      thresholds: {
        mode: 'percentage',
        steps: [
          { color: 'green', value: null },
          { color: 'red', value: 80 },
        ],
      },
    },
    {},
  );
  expect(thresholdColor(field, 7, 0, 10)).toBe('green');
  expect(thresholdColor(field, 8, 0, 10)).toBe('red');
});

test('a variable is what the address says, else what was saved, else all, else the first', () => {
  const [multi, single, , interval] = readVariables([
    {
      type: 'query',
      name: 'job',
      query: { query: 'label_values(up{a="b"}, job)' },
      includeAll: true,
      allValue: '.+',
    },
    { type: 'query', name: 'instance', definition: 'label_values(instance)', current: { value: 'saved' } },
    { type: 'datasource', name: 'datasource' },
    { type: 'custom', name: 'q', query: '0.5, 0.9' },
    { type: 'interval', name: 'window', query: '5m,1h', hide: 2 },
  ]);
  expect(multi!.query).toEqual({ selector: 'up{a="b"}', label: 'job' });
  expect(single!.query).toEqual({ selector: undefined, label: 'instance' });
  expect(interval).toMatchObject({ name: 'window', options: ['5m', '1h'], hidden: true });
  expect(choose(multi!, undefined, ['a'])).toEqual({ values: [], pattern: '.+' });
  expect(choose(multi!, 'a', ['a', 'b'])).toEqual({ values: ['a'] });
  expect(choose(single!, undefined, ['x'])).toEqual({ values: ['saved'] });
  expect(choose(interval!, undefined, ['5m', '1h'])).toEqual({ values: ['5m'] });
});

test('the selectors of a query are found, without their offsets', () => {
  expect(selectorsOf('rate(a_total{x="y"}[5m] offset 1h) / on() b')).toEqual([
    { name: 'a_total', text: 'a_total{x="y"}' },
    { name: 'b', text: 'b' },
  ]);
  expect(selectorsOf('rate(')).toEqual([]);
});
