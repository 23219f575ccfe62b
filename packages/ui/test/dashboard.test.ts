import { dashboard, gauge, labelVariable, renderGrafana, row, stat, timeseries } from '@binnacle/blueprint';
import { describe, expect, test } from 'vitest';
import { fieldOf, readFieldConfig, readOverrides, thresholdColor } from '../src/dashboard/field-config.js';
import { seriesNames } from '../src/dashboard/legend.js';
import { fillIn, type MacroContext, rateIntervalMs } from '../src/dashboard/macros.js';
import { mapped, readMappings } from '../src/dashboard/mappings.js';
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
  check('{{missing}}', 'jobs_total{status="ok", job="web"}', 'jobs_total{status="failed", job="web"}');
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
  expect(mapped(byStatus!.field.mappings, 0)).toEqual({ text: 'none', color: 'blue' });
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

describe('overrides', () => {
  const plain = readFieldConfig({}, {});
  const applied = (matcher: object, properties: object[], subject: object = {}) =>
    fieldOf(
      { field: plain, overrides: readOverrides([{ matcher, properties }]) },
      { name: 'abc', refId: 'B', ...subject },
    );
  const red = [{ id: 'color', value: { mode: 'fixed', fixedColor: 'red' } }];

  test.each([
    ['byName', 'abc', {}, true],
    ['byName', 'ab', {}, false],
    ['byName', undefined, {}, false],
    ['byRegexp', '/^AB/i', {}, true],
    ['byRegexp', 'b', {}, true],
    ['byRegexp', '/(/', { name: '(' }, false],
    ['byFrameRefID', 'B', {}, true],
    ['byFrameRefID', 'A', {}, false],
    ['byType', 'number', {}, true],
    ['byType', 'string', {}, false],
    ['byType', 'string', { type: 'string' }, true],
    ['byNames', { mode: 'exclude', names: ['x'] }, {}, true],
    ['byNames', { mode: 'exclude', names: ['abc'] }, {}, false],
    ['byNames', { names: ['abc'] }, {}, true],
    ['byValue', { reducer: 'max', op: 'gte', value: 3 }, { column: [1, null, 3] }, true],
    ['byValue', { reducer: 'max', op: 'lt', value: 3 }, { column: [1, null, 3] }, false],
    ['byValue', { reducer: 'allIsZero', op: 'gte', value: 0 }, { column: [0, null, 0] }, true],
    ['byValue', { reducer: 'allIsZero', op: 'gte', value: 0 }, { column: [0, 1] }, false],
    ['byValue', { reducer: 'allIsNull' }, { column: [null] }, true],
    ['byValue', {}, {}, false],
    ['byMagic', 'abc', {}, false],
  ])('%s %j of %j: %s', (id, options, subject, holds) => {
    expect(applied({ id, options }, red, subject).fixedColor).toBe(holds ? 'red' : undefined);
  });

  const all = { id: 'byName', options: 'abc' };
  test.each([
    ['unit', 's', { unit: 's' }],
    ['unit', 5, { unit: 'short' }],
    ['decimals', 2, { decimals: 2 }],
    // Formatting refuses what is far outside.
    ['decimals', 500, { decimals: 15 }],
    ['decimals', -1, { decimals: 0 }],
    ['min', '1', { min: 1 }],
    ['max', null, { max: undefined }],
    ['displayName', 'Other', { displayName: 'Other' }],
    ['noValue', 'idle', { noValue: 'idle' }],
    ['color', { mode: 'palette-classic' }, { fixedColor: undefined, colorBy: 'palette' }],
    ['thresholds', { mode: 'percentage', steps: [{ color: 'red' }] }, { thresholdsInPercent: true }],
    ['custom.hidden', true, { hidden: { chart: true, legend: true, tooltip: true } }],
    ['custom.hideFrom', { legend: true }, { hidden: { chart: false, legend: true, tooltip: false } }],
    ['custom.axisPlacement', 'right', { line: { axis: 'right' } }],
    ['custom.lineStyle', { fill: 'dash' }, { line: { dash: [10, 6] } }],
    ['custom.lineStyle', { fill: 'dash', dash: [3, 4] }, { line: { dash: [3, 4] } }],
    ['custom.lineStyle', { fill: 'dash', dash: [0, 'x'] }, { line: { dash: [10, 6] } }],
    ['custom.lineWidth', 1e9, { line: { width: 20 } }],
    ['custom.fillOpacity', -5, { line: { fill: 0 } }],
    ['custom.drawStyle', 'bars', { line: { draw: 'bars' } }],
    ['custom.transform', 'negative-Y', { line: { negative: true } }],
    ['custom.toString', 1, { unit: 'short' }],
    ['nonsense', {}, { unit: 'short' }],
  ])('%s %j', (id, value, expected) => {
    expect(applied(all, [{ id, value }])).toMatchObject(expected);
  });

  test('the last one that names a series holds, and only for what it says', () => {
    const overrides = readOverrides([
      { matcher: all, properties: [{ id: 'unit', value: 's' }, ...red] },
      { matcher: { id: 'byRegexp', options: '.*' }, properties: [{ id: 'unit', value: 'bytes' }] },
      null,
      { matcher: null },
      { matcher: all, properties: 'x' },
    ]);
    expect(fieldOf({ field: plain, overrides }, { name: 'abc', refId: 'A' })).toMatchObject({
      unit: 'bytes',
      fixedColor: 'red',
    });
    expect(fieldOf({ field: plain, overrides }, { name: 'x', refId: 'A' }).fixedColor).toBeUndefined();
  });
});

describe('mappings', () => {
  const mappings = readMappings([
    { type: 'value', options: { '0': { text: 'Down', color: 'red' }, idle: { text: 'Idle' } } },
    { type: 'range', options: { from: 10, to: null, result: { text: 'Many' } } },
    { type: 'special', options: { match: 'null', result: { text: 'Nothing' } } },
    { type: 'special', options: { match: 'nan', result: { text: '0 of 0' } } },
    { type: 'regex', options: { pattern: '/^web-(\\d+)$/', result: { text: 'Web $1' } } },
    { type: 'regex', options: { pattern: '(', result: { text: 'never' } } },
    { type: 1, value: '7', text: 'Seven' },
    { type: 'unheard of' },
    null,
  ]);
  test.each([
    [0, 'Down'],
    ['idle', 'Idle'],
    [9, undefined],
    [10, 'Many'],
    [1e300, 'Many'],
    [null, 'Nothing'],
    [Number.NaN, '0 of 0'],
    ['web-12', 'Web 12'],
    ['db-1', undefined],
    [7, 'Seven'],
  ])('%s reads %s', (value, text) => {
    expect(mapped(mappings, value)?.text).toBe(text);
  });
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
  expect(multi!.query).toEqual({ kind: 'label_values', selector: 'up{a="b"}', label: 'job' });
  expect(single!.query).toEqual({ kind: 'label_values', selector: undefined, label: 'instance' });
  expect(interval).toMatchObject({ name: 'window', hidden: true });
  const options = (...values: string[]) => values.map((value) => ({ value, text: value }));
  expect(interval!.options).toEqual(options('5m', '1h'));
  const everything = { values: ['a'], pattern: '.+', all: true, several: true };
  expect(choose(multi!, undefined, options('a'))).toEqual(everything);
  expect(choose(multi!, ['a'], options('a', 'b'))).toEqual({ values: ['a'], several: true });
  // What the dashboard was saved with elsewhere is not there.
  expect(choose(single!, undefined, options('x'))).toEqual({ values: ['x'] });
  expect(choose(single!, undefined, options('x', 'saved'))).toEqual({ values: ['saved'] });
  expect(choose(single!, ['gone'], options('x'))).toEqual({ values: ['gone'] });
  expect(choose(single!, ['gone'], options('x'), { strict: true })).toEqual({ values: ['x'] });
  expect(choose(interval!, undefined, options('5m', '1h'))).toEqual({ values: ['5m'] });
});

test('the selectors of a query are found, without their offsets', () => {
  expect(selectorsOf('rate(a_total{x="y"}[5m] offset 1h) / on() b')).toEqual([
    {
      name: 'a_total',
      text: 'a_total{x="y"}',
      conditions: [expect.objectContaining({ name: 'x', op: '=', value: 'y' })],
    },
    { name: 'b', text: 'b', conditions: [] },
  ]);
  expect(selectorsOf('rate(')).toEqual([]);
});
