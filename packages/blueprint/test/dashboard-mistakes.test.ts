/** Every mistake in a definition, with the whole of what it says. */
import { expect, test } from 'vitest';
import {
  annotation,
  barGauge,
  customVariable,
  type DashboardSpec,
  DefinitionError,
  dashboard,
  gauge,
  heatmap,
  histogram,
  intervalVariable,
  labelVariable,
  link,
  other,
  pie,
  queryVariable,
  row,
  stat,
  stateTimeline,
  table,
  tagLink,
  text,
  textboxVariable,
  timeseries,
} from '../dist/index.js';

const panel = stat('T', 'up');
const inRow = (...panels: Parameters<typeof row>[1]) => ({ title: 'D', rows: [row('R', panels)] });
const define = (spec: Partial<DashboardSpec>) => () => dashboard({ title: 'D', ...spec });
const job = labelVariable('job', { metric: 'up' });

const MISTAKES: readonly [name: string, define: () => unknown, message: string][] = [
  // The dashboard.
  ['no title', () => dashboard({ title: ' ' }), 'a dashboard has no title'],
  ['uid', define({ uid: 'a b' }), 'dashboard "D": uid "a b" is not 1 to 40 of a-z A-Z 0-9 - _'],
  ['refresh', define({ refresh: 'often' }), 'dashboard "D": refresh "often" is not a duration such as 10s'],
  [
    'time',
    define({ time: { from: '30m', to: 'now' } }),
    'dashboard "D": time "30m" is neither like now-1h nor a date',
  ],
  ['row twice', define({ rows: [row('R', []), row('R', [])] }), 'dashboard "D": row "R" is there twice'],
  ['panel twice', define(inRow(panel, panel)), 'panel "R / T" is there twice'],
  ['panel twice above', define({ panels: [panel, panel] }), 'panel "T" is there twice'],
  // Panels.
  ['no panel title', () => timeseries(' ', 'up'), 'a timeseries panel has no title'],
  ['no query', () => timeseries({ title: 'T', queries: [] }), 'timeseries "T": no query'],
  ['no named query', () => timeseries('T', {}), 'timeseries "T": no query'],
  ['empty stat', () => stat('T', ' '), 'stat "T": an empty expression'],
  ['empty gauge', () => gauge('T', ''), 'gauge "T": an empty expression'],
  ['empty bar gauge', () => barGauge('T', { a: 'up', b: '' }), 'bargauge "T": an empty expression'],
  ['empty table', () => table('T', ''), 'table "T": an empty expression'],
  ['empty heatmap', () => heatmap('T', ''), 'heatmap "T": an empty expression'],
  ['empty histogram', () => histogram('T', ''), 'histogram "T": an empty expression'],
  ['empty pie', () => pie('T', ''), 'piechart "T": an empty expression'],
  ['empty timeline', () => stateTimeline('T', ''), 'state-timeline "T": an empty expression'],
  ['empty text', () => text('T', '\n'), 'text "T": an empty text'],
  [
    'empty other',
    () => other({ kind: 'geomap', title: 'T', queries: [{ expr: '' }] }),
    'geomap "T": an empty expression',
  ],
  ['no other title', () => other({ kind: 'geomap', title: '' }), 'a geomap panel has no title'],
  ['upside down', () => gauge('T', 'up', { min: 2, max: 1 }), 'gauge "T": min 2 is not below max 1'],
  ['default max', () => gauge('T', 'up', { min: 100 }), 'gauge "T": min 100 is not below max 100'],
  ['too wide', () => stat('T', 'up', { width: 25 }), 'stat "T": width 25 is not a whole number from 1 to 24'],
  [
    'no height',
    () => text('T', 'x', { height: 0 }),
    'text "T": height 0 is not a whole number from 1 to 9007199254740991',
  ],
  ['bucketSize', () => histogram('T', 'up', { bucketSize: 0 }), 'histogram "T": bucketSize 0 is not above 0'],
  [
    'step',
    () => timeseries('T', 'up', { minStep: 'minute' }),
    'timeseries "T": step "minute" is not a duration such as 1m',
  ],
  [
    'letters',
    () =>
      timeseries({
        title: 'T',
        queries: [
          { expr: 'up', refId: 'X' },
          { expr: 'up', refId: 'X' },
        ],
      }),
    'timeseries "T": two queries have the letter "X"',
  ],
  [
    'letters of another kind',
    () =>
      other({
        kind: 'geomap',
        title: 'T',
        queries: [
          { expr: 'a', refId: 'X' },
          { expr: 'b', refId: 'X' },
        ],
      }),
    'geomap "T": two queries have the letter "X"',
  ],
  [
    'buckets',
    () => heatmap('T', 'sum(rate(took_seconds_bucket[5m]))'),
    'heatmap "T": the expression drops the label le, and with it the buckets: keep it, as in sum by (le) (...)',
  ],
  [
    'buckets of bars',
    () => barGauge('T', 'sum(increase(took_seconds_bucket[5m]))', { buckets: true }),
    'bargauge "T": the expression drops the label le, and with it the buckets: keep it, as in sum by (le) (...)',
  ],
  // How values look.
  [
    'unit',
    () => stat('T', 'up', { unit: 'parsecs' }),
    'stat "T": "parsecs" is no unit of Grafana; for a word of your own write "suffix: parsecs"',
  ],
  [
    'unit nearly',
    () => stat('T', 'up', { unit: 'BPS' }),
    'stat "T": "BPS" is no unit of Grafana; did you mean "bps"?',
  ],
  [
    'unit without a word',
    () => stat('T', 'up', { unit: 'suffix:' }),
    'stat "T": "suffix:" is no unit of Grafana; for a word of your own write "suffix: suffix:"',
  ],
  [
    'unit of an override',
    () => stat('T', 'up', { overrides: [{ match: { name: 'a' }, unit: 'secs' }] }),
    'stat "T": an override: "secs" is no unit of Grafana; for a word of your own write "suffix: secs"',
  ],
  [
    'range of an override',
    () => stat('T', 'up', { overrides: [{ match: { query: 'A' }, min: 1, max: 1 }] }),
    'stat "T": an override: min 1 is not below max 1',
  ],
  [
    'pattern of an override',
    () => stat('T', 'up', { overrides: [{ match: { pattern: '/(/i' }, unit: 's' }] }),
    'stat "T": an override: "/(/i" is not a regular expression',
  ],
  [
    'unit of a column',
    () => table('T', 'up', { columns: { Value: { unit: 'secs' } } }),
    'table "T": column "Value": "secs" is no unit of Grafana; for a word of your own write "suffix: secs"',
  ],
  ['no columns', () => table('T', 'up', { columns: {} }), 'table "T": no columns'],
  [
    'headings',
    () => table('T', 'up', { columns: { job: 'Who', instance: 'Who' } }),
    'table "T": two columns are headed "Who"',
  ],
  [
    'first threshold',
    () => stat('T', 'up', { thresholds: [{ value: 1, color: 'red' }] }),
    'stat "T": the first threshold holds below all others and has no value',
  ],
  [
    'order of thresholds',
    () =>
      stat('T', 'up', {
        thresholds: [{ color: 'red' }, { value: 2, color: 'red' }, { value: 1, color: 'red' }],
      }),
    'stat "T": threshold 3 (1) is not above the one before it',
  ],
  [
    'threshold without a value',
    () => stat('T', 'up', { thresholds: [{ color: 'red' }, { color: 'green' }] }),
    'stat "T": threshold 2 (undefined) is not above the one before it',
  ],
  [
    'range of a mapping',
    () => stat('T', 'up', { mappings: [{ from: 2, to: 1, text: 'x' }] }),
    'stat "T": a mapping goes from 2 to 1, which holds no value',
  ],
  [
    'pattern of a mapping',
    () => stat('T', 'up', { mappings: [{ pattern: '(', text: 'x' }] }),
    'stat "T": "(" is not a regular expression',
  ],
  // Expressions and texts.
  [
    'expression',
    define(inRow(stat('T', 'sum(rate(a_total[5m])) by (job) by'))),
    'panel "R / T": unexpected <by>\n  sum(rate(a_total[5m])) by (job) by\n                                  ^',
  ],
  [
    'second expression',
    define(inRow(stat('T', { a: 'up', b: 'up{' }))),
    'panel "R / T": unexpected end of input inside braces\n  up{\n     ^',
  ],
  [
    'expression of another kind',
    define(inRow(other({ kind: 'geomap', title: 'T', queries: [{ expr: 'up up' }] }))),
    'panel "R / T": unexpected identifier "up"\n  up up\n     ^',
  ],
  [
    'range of samples',
    define(inRow(timeseries('T', 'up{job="a"}[5m]'))),
    'panel "R / T": a range vector cannot be shown; put a function such as rate around it\n  up{job="a"}[5m]\n  ^',
  ],
  [
    'text behind an empty line',
    define(inRow(stat('T', '\n"up"'))),
    'panel "R / T": a string cannot be shown\n  \n  ^',
  ],
  ['text', define(inRow(stat('T', '"up"'))), 'panel "R / T": a string cannot be shown\n  "up"\n  ^'],
  [
    'macro',
    define(inRow(stat('T', 'rate(a[$__rate_intervall])'))),
    'panel "R / T": unknown variable $__rate_intervall; known are $__rate_interval, $__interval, $__interval_ms, $__range, $__range_s, $__range_ms\n  rate(a[$__rate_intervall])\n         ^',
  ],
  [
    'variable in an expression',
    define({ ...inRow(stat('T', 'up{job=~"$jib"}')), variables: [job] }),
    'panel "R / T": unknown variable $jib; known are $job, $__rate_interval, $__interval, $__interval_ms, $__range, $__range_s, $__range_ms\n  up{job=~"$jib"}\n           ^',
  ],
  [
    'variable in a legend',
    define({ ...inRow(stat({ title: 'T', expr: 'up', legend: 'of $jib' })), variables: [job] }),
    'panel "R / T": unknown variable $jib; known are $job\n  of $jib\n     ^',
  ],
  [
    'variable in a title',
    define(inRow(stat('Of $job', 'up'))),
    'panel "R / Of $job": unknown variable $job; the dashboard declares none\n  Of $job\n     ^',
  ],
  [
    'variable in a row',
    define({ rows: [row('$job', [])] }),
    'row "$job": unknown variable $job; the dashboard declares none\n  $job\n  ^',
  ],
  [
    'variable in a link of a panel',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
    define(inRow(stat('T', 'up', { links: [link('Go', '/d/x?var-job=${job}')] }))),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
    'panel "R / T": link "Go": unknown variable ${job}; the dashboard declares none\n  /d/x?var-job=${job}\n               ^',
  ],
  [
    'variable in a link of a value',
    define(inRow(stat('T', 'up', { valueLinks: [link('Go', '/$a')] }))),
    'panel "R / T": link "Go": unknown variable $a; the dashboard declares none\n  /$a\n   ^',
  ],
  [
    'variable in a link of the dashboard',
    define({ links: [link('Go', '/[[a]]')] }),
    'dashboard "D": link "Go": unknown variable [[a]]; the dashboard declares none\n  /[[a]]\n   ^',
  ],
  [
    'repeated row',
    define({ rows: [row('R', [], { repeat: 'job' })] }),
    'row "R": repeated by "job", which is no variable; the dashboard declares none',
  ],
  [
    'repeated panel',
    define({ ...inRow(stat('T', 'up', { repeat: 'jib' })), variables: [job] }),
    'panel "R / T": repeated by "jib", which is no variable; known are job',
  ],
  // Links and annotations.
  ['link without a title', () => link(' ', '/x'), 'a link has no title'],
  ['link without an address', () => link('Go', ''), 'link "Go": no address'],
  ['link to a blank', () => link('Go', ' '), 'link "Go": no address'],
  ['link without tags', () => tagLink('Go', []), 'link "Go": no tags'],
  ['annotation without a name', () => annotation('', 'up'), 'an annotation has no name'],
  ['annotation without expression', () => annotation('A', ' '), 'annotation "A": an empty expression'],
  [
    'step of an annotation',
    () => annotation('A', 'up', { step: '' }),
    'annotation "A": step "" is not a duration such as 1m',
  ],
  [
    'annotation',
    define({ annotations: [annotation('A', 'up{')] }),
    'annotation "A": unexpected end of input inside braces\n  up{\n     ^',
  ],
  [
    'variable in an annotation',
    define({ annotations: [annotation('A', 'up', { title: 'of $job' })] }),
    'annotation "A": unknown variable $job; the dashboard declares none\n  of $job\n     ^',
  ],
  // Variables.
  [
    'variable twice',
    define({ variables: [job, textboxVariable('job')] }),
    'dashboard "D": variable "job" is there twice',
  ],
  [
    'name of a variable',
    define({ variables: [textboxVariable('a-b')] }),
    'dashboard "D": variable "a-b" is not a letter, then letters, digits, _',
  ],
  [
    'datasource',
    define({ variables: [textboxVariable('datasource')] }),
    'dashboard "D": the variable "datasource" is there already',
  ],
  [
    'selector of a variable',
    define({ variables: [labelVariable('job', { metric: 'up{' })] }),
    'variable "job": unexpected end of input inside braces\n  up{\n     ^',
  ],
  [
    'chain',
    define({ variables: [labelVariable('instance', { metric: 'up{job="$jib"}' })] }),
    'variable "instance": unknown variable $jib; known are $instance\n  up{job="$jib"}\n          ^',
  ],
  [
    'chain backwards',
    define({ variables: [labelVariable('instance', { metric: 'up{job="$job"}' }), job] }),
    'variable "instance" names $job, which is declared behind it: put it in front',
  ],
  [
    'chain to itself',
    define({ variables: [labelVariable('job', { metric: 'up{job=~"$job"}' })] }),
    'variable "job" names itself',
  ],
  ['query of a variable', () => queryVariable('a', ''), 'variable "a": an empty expression'],
  [
    'expression of a variable',
    define({ variables: [queryVariable('a', 'topk(5)')] }),
    'variable "a": wrong number of arguments for aggregate expression provided, expected 2, got 1\n  topk(5)\n  ^',
  ],
  [
    'regex of a variable',
    () => labelVariable('job', { metric: 'up', regex: '/(/' }),
    'variable "job": "/(/" is not a regular expression',
  ],
  [
    'several defaults',
    () => customVariable('a', ['1', '2'], { default: ['1', '2'] }),
    'variable "a": several are chosen at first, and only one can be',
  ],
  [
    'default of a list',
    () => customVariable('a', ['1', '2'], { default: '3' }),
    'variable "a": default "3" is none of 1, 2',
  ],
  [
    'default interval',
    () => intervalVariable('a', ['1m'], { default: '2m' }),
    'variable "a": default "2m" is none of 1m',
  ],
];

test.each(MISTAKES)('%s', (_, mistake, message) => {
  let thrown: unknown;
  try {
    mistake();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(DefinitionError);
  expect((thrown as Error).message).toBe(message);
});

test('what looks like a mistake and is none', () => {
  const made = dashboard({
    title: 'D',
    time: { from: 'now-1d/d', to: '2026-01-01 00:00:00' },
    panels: [stat('T', 'up')],
    rows: [
      // The same title in another row is another panel, and an amount is no variable.
      row('R', [stat('T', 'up'), stat('Cost in $5 steps', 'up', { thresholds: [] })]),
      row('S', [
        heatmap('Buckets by queue', 'sum by (le, queue) (rate(took_seconds_bucket[5m]))'),
        heatmap('Buckets as they are', 'rate(took_seconds_bucket[5m])'),
        table('Samples', 'up[5m]'),
        heatmap('Native', 'sum(rate(took_seconds[5m]))'),
        text('Shell', 'echo $HOME'),
        stat({ title: 'U', expr: 'up', unit: 'currency:€', legend: '{{job}}', min: -1, max: 0 }),
        stat('V', 'up', {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
          valueLinks: [link('Go', '/d/x?var-job=${__field.labels.job}&${__url_time_range}')],
        }),
        stat('Groups of a pattern', 'label_replace(up, "host", "$1", "instance", "(.*):.*")'),
        stat('A number', 'topk($n, up)'),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
        stat('A range', 'rate(a[${window}])'),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a dashboard's placeholder
        stat('W', 'up{job=~"${job:regex}"}', { repeat: 'job', mappings: { 0: { text: 'down' } } }),
      ]),
    ],
    variables: [
      job,
      labelVariable('instance', { metric: 'up{job=~"$job"}' }),
      textboxVariable('n', { default: '5' }),
      intervalVariable('window', ['5m', '1h']),
    ],
  });
  expect(made.rows).toHaveLength(3);
});
