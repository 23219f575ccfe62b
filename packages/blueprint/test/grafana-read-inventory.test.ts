/** What a dashboard asks and names, each with its place in the file. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana's own references
import { describe, expect, test } from 'vitest';
import { askOf } from '../dist/grafana/reading/queries.js';
import { inventory, normalizeDashboard } from '../dist/index.js';
import { at, FIXTURES, fixture } from './grafana-read-fixtures.ts';

const read = (name: string) => inventory(normalizeDashboard(fixture(name)));

describe.each(FIXTURES)('%s', (name) => {
  const json = fixture(name);
  const normalized = normalizeDashboard(json);
  const { panels, queries, variables, labelUses, references } = inventory(normalized);
  const textAt = (pointer: string): string => {
    const value = at(normalized.dashboard, pointer);
    return typeof value === 'string' ? value : '';
  };

  test('every place holds what it is said to hold', () => {
    for (const { expr, exprSpot } of queries) if (expr !== '') expect(textAt(exprSpot.pointer)).toBe(expr);
    for (const { pointer, json: panel } of panels) expect(at(normalized.dashboard, pointer)).toBe(panel);
    for (const { pointer, json: variable } of variables)
      expect(at(normalized.dashboard, pointer)).toBe(variable);
    for (const { pointer, part } of references)
      expect(textAt(pointer).slice(part.offset, part.offset + part.text.length)).toBe(part.text);
    for (const { pointer, name: used, offset } of labelUses) {
      if (offset === undefined) expect(at(normalized.dashboard, pointer)).not.toBeUndefined();
      else expect(textAt(pointer).slice(offset, offset + used.length)).toBe(used);
    }
  });

  test('every place is one in the file', () => {
    for (const { source } of [...queries, ...panels, ...variables, ...labelUses, ...references])
      expect(at(json, source), source).not.toBeUndefined();
  });
});

/** The queries of variables, and what each asks for; offsets are those of the parts in the whole. */
const ASKS: readonly (readonly [string, ReturnType<typeof askOf>])[] = [
  ['label_values(job)', { asks: 'label_values', selector: undefined, label: part('job', 13) }],
  ['label_values(up, job)', { asks: 'label_values', selector: part('up', 13), label: part('job', 17) }],
  [
    'label_values(up{a="x, y)", b=~"$c"},  job )',
    { asks: 'label_values', selector: part('up{a="x, y)", b=~"$c"}', 13), label: part('job', 38) },
  ],
  ['label_values(up, $label)', { asks: 'label_values', selector: part('up', 13), label: part('$label', 17) }],
  [
    'label_values({__name__=~"a.*"}, ${label})',
    { asks: 'label_values', selector: part('{__name__=~"a.*"}', 13), label: part('${label}', 32) },
  ],
  ['label_names()', { asks: 'label_names', selector: undefined }],
  ['label_names( up )', { asks: 'label_names', selector: part('up', 13) }],
  ['metrics(http_.*)', { asks: 'metrics', pattern: part('http_.*', 8) }],
  ['query_result(sum(x))', { asks: 'query_result', query: part('sum(x)', 13) }],
  [' query_result( max(up) ) ', { asks: 'query_result', query: part('max(up)', 15) }],
  ['up{job="x"}', { asks: 'series', selector: part('up{job="x"}', 0) }],
  ['', { asks: 'other' }],
];

function part(text: string, offset: number) {
  return { text, offset };
}

test.each(ASKS)('%s', (expr, ask) => {
  expect(askOf(expr)).toEqual(ask);
  for (const found of Object.values(ask))
    if (typeof found === 'object') expect(expr.slice(found.offset).startsWith(found.text)).toBe(true);
});

test('panels of open, closed and no rows tell where they stand', () => {
  expect(
    read('rows-of-today').panels.map(({ title, row, collapsed, pointer }) => [
      title,
      row,
      collapsed,
      pointer,
    ]),
  ).toEqual([
    ['In open', 'Open', false, '/panels/1'],
    ['In closed', 'Closed', true, '/panels/2/panels/0'],
  ]);
  expect(read('as-today').panels[0]).toMatchObject({ row: undefined, unit: 'reqps', library: undefined });
});

test('a library panel is named, for what it asks is not there', () => {
  expect(read('library-panel').panels[0]).toMatchObject({
    type: 'library-panel-ref',
    library: { uid: 'lib-uid', name: 'Shared' },
    queries: [],
  });
  expect(read('elements-inline').queries.map(({ expr }) => expr)).toEqual(['up']);
});

test('each language is told by its data source, or else by the fields of the query', () => {
  expect(read('other-languages').queries.map(({ language, expr }) => `${language} ${expr}`)).toEqual([
    'logql {a="b"}',
    'influx SELECT mean(v) FROM m',
    'sql SELECT 1',
    'sql SELECT 2',
    'elasticsearch a:b',
    'graphite a.b.c',
    'traceql { span.x = 1 }',
    'unknown ',
    'metricsql rate(x)',
    'sql SELECT 3',
    'graphite a.b',
    'influx ',
    'promql up',
    'unknown ',
  ]);
});

test('a data source is followed through its variable, and mixed ones through each query', () => {
  const { queries } = read('datasources');
  expect(
    queries.map(({ kind, language, datasource }) => [kind, language, datasource.type, datasource.uid]),
  ).toEqual([
    ['panel', 'promql', undefined, 'Prometheus'],
    ['panel', 'promql', 'prometheus', '${source}'],
    ['panel', 'promql', undefined, undefined],
    ['panel', 'promql', 'prometheus', '${source}'],
    ['panel', 'logql', 'loki', 'l'],
    ['panel', 'expression', '__expr__', '__expr__'],
    ['panel', 'promql', undefined, undefined],
    ['panel', 'promql', undefined, undefined],
    ['panel', 'dashboard', 'datasource', '-- Dashboard --'],
    ['panel', 'influx', undefined, 'InfluxDB'],
    ['variable', 'promql', 'prometheus', '${source}'],
  ]);
});

test('what a variable can be is known where the file fixes it', () => {
  const { variables } = read('variables');
  const of = (name: string) => variables.find((variable) => variable.name === name);
  expect(of('i')?.values).toEqual(['a', 'b', 'c,d']);
  expect(of('j')?.values).toEqual(['1m', '5m']);
  expect(of('k')?.values).toEqual(['x,y']);
  expect(of('l')?.values).toEqual([]);
  expect(of('b')).toMatchObject({ multi: true, includeAll: true, allValue: '.+' });
  expect(variables.map(({ name, query }) => `${name} ${query?.language} ${query?.ask.asks}`)).toEqual([
    'a promql label_values',
    'b promql label_values',
    'c promql query_result',
    'd promql metrics',
    'e promql label_names',
    'f promql label_names',
    'g promql series',
    'h logql other',
    'i undefined undefined',
    'j undefined undefined',
    'k undefined undefined',
    'l undefined undefined',
    'm promql series',
    'n promql label_values',
  ]);
  expect(of('b')?.query?.exprSpot.pointer).toBe('/templating/list/1/query/query');
});

test('labels and columns are found wherever something names them', () => {
  const found = read('label-uses').labelUses.map(({ kind, name, pointer, refId }) =>
    `${kind} ${name} ${pointer.replace('/panels/0/', '')} ${refId ?? ''}`.trim(),
  );
  expect(found).toEqual([
    'legend job targets/0/legendFormat A',
    'legend instance targets/0/legendFormat A',
    'override api fieldConfig/overrides/0/matcher/options',
    'regexp /a.*/ fieldConfig/overrides/1/matcher/options',
    'override x fieldConfig/overrides/2/matcher/options/names/0',
    'override y fieldConfig/overrides/2/matcher/options/names/1',
    'column Time transformations/0/options/excludeByName/Time',
    'column a/b transformations/0/options/indexByName/a~1b',
    'rename Value #A transformations/0/options/renameByName/Value #A',
    'column instance transformations/1/options/byField',
    'column job transformations/2/options/fields/job',
    'column job transformations/3/options/include/names/0',
    'regexp ^v transformations/3/options/include/pattern',
    'column Now transformations/4/options/sort/0/field',
    'label job transformations/5/options/keepLabels/0',
    'label le transformations/5/options/valueLabel',
    'regexp (.*) transformations/6/options/regex',
    'column v transformations/7/options/filters/0/fieldName',
    'column a transformations/8/options/binary/left',
    'column b transformations/8/options/reduce/include/0',
    'column c transformations/9/options/binary/left/matcher/options',
    'column c transformations/10/options/columnField',
    'column r transformations/10/options/rowField',
    'column v transformations/10/options/valueField',
    'column t transformations/11/options/conversions/0/targetField',
    'link instance fieldConfig/defaults/links/0/url',
    'link job fieldConfig/defaults/links/0/url',
  ]);
});

test('annotations ask, and their texts name labels; those of Grafana ask nothing', () => {
  const { queries, labelUses } = read('annotations');
  const asked = queries.filter((query) => query.kind === 'annotation');
  expect(
    asked.map((query) => [query.annotation, query.enabled, query.language, query.exprSpot.pointer]),
  ).toEqual([
    ['Restarts', true, 'promql', '/annotations/list/1/expr'],
    ['Deploys', false, 'promql', '/annotations/list/2/target/expr'],
    ['', true, 'logql', '/annotations/list/3/expr'],
  ]);
  expect(labelUses.map(({ kind, name, offset }) => [kind, name, offset])).toEqual([
    ['annotation', 'instance', 13],
    ['annotation', 'job', 2],
    ['annotation', 'instance', 0],
    ['annotation', 'job', 10],
  ]);
});

test('references to variables are found in every text but the choices that were saved', () => {
  expect(
    read('references').references.map(
      ({ kind, name, format, pointer }) => `${kind} ${name}:${format} ${pointer}`,
    ),
  ).toEqual([
    'variable job:undefined /panels/0/title',
    'variable instance:undefined /panels/0/title',
    'variable window:raw /panels/0/title',
    'variable job:undefined /panels/0/targets/0/expr',
    'variable instance:regex /panels/0/targets/0/expr',
    'variable window:undefined /panels/0/targets/0/expr',
    'macro __range_s:undefined /panels/0/targets/0/expr',
    'unknown nobody:undefined /panels/0/targets/0/expr',
    'variable job:undefined /panels/0/repeat',
    'variable job:undefined /panels/0/links/0/url',
    'macro __from:undefined /panels/0/links/0/url',
    'unknown 5:undefined /panels/0/description',
  ]);
});
