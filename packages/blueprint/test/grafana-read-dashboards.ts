/** Random dashboards as authors of the model may write them. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana's own references
import fc from 'fast-check';
import {
  annotation,
  barGauge,
  constantVariable,
  customVariable,
  type Dashboard,
  dashboard,
  datasourceVariable,
  gauge,
  heatmap,
  histogram,
  intervalVariable,
  labelVariable,
  link,
  type Panel,
  type PanelSpec,
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
  type Variable,
} from '../dist/index.js';

const color = fc.constantFrom('green', 'dark-red', '#123456', 'rgba(1, 2, 3, 0.5)', 'text' as const);
const word = fc.constantFrom('a', 'b c', 'é/~', 'x'.repeat(30));

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

/** Leaves out what is undefined, as an author would. */
const some = <T extends object>(record: fc.Arbitrary<T>): fc.Arbitrary<Partial<T>> =>
  record.map(
    (value) =>
      Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Partial<T>,
  );

const thresholds = fc
  .tuple(color, fc.uniqueArray(fc.integer({ min: -9, max: 9 }), { maxLength: 3 }))
  .chain(([first, limits]) =>
    fc
      .array(color, { minLength: limits.length, maxLength: limits.length })
      .map((colors) => [
        { color: first },
        ...limits.toSorted((a, b) => a - b).map((value, i) => ({ value, color: colors[i]! })),
      ]),
  );

const shown = some(fc.record({ text: fc.constantFrom('up', 'down'), color: maybe(color) }));
const mapping = fc.oneof(
  fc.tuple(fc.constantFrom('0', '1', '10', 'on'), shown).map(([value, result]) => ({ value, ...result })),
  shown.map((result) => ({ from: 1, to: 2, ...result })),
  shown.map((result) => ({ to: 0, ...result })),
  shown.map((result) => ({ pattern: 'a.*', ...result })),
  shown.map((result) => ({ special: 'null+nan' as const, ...result })),
);

const override = fc
  .tuple(
    fc.oneof(
      fc.record({ name: word }),
      fc.record({ pattern: fc.constant('/a/') }),
      fc.record({ query: fc.constant('A') }),
      fc.record({ kind: fc.constant('number' as const) }),
      fc.record({ matcher: fc.constant('byValue'), options: fc.constant({ op: 'gte', value: 1 }) }),
    ),
    some(
      fc.record({
        displayName: maybe(word),
        unit: maybe(fc.constant('s')),
        color: maybe(color),
        min: maybe(fc.constant(0)),
        decimals: maybe(fc.nat(3)),
        axis: maybe(fc.constantFrom('left', 'right', 'hidden')),
        hidden: maybe(fc.constant(true)),
        dashed: maybe(fc.constant(true)),
        lineWidth: maybe(fc.nat(5)),
        fill: maybe(fc.nat(100)),
        properties: maybe(fc.constant([{ id: 'custom.spanNulls', value: true }])),
      }),
    ),
  )
  .map(([match, settings]) => ({ match, ...settings }));

const query = some(
  fc.record({
    expr: fc.constantFrom('up', 'rate(x[$__rate_interval])', 'sum by (job) (y{job=~"$job"})'),
    legend: fc.constantFrom('{{job}}', 'all', '{{a}} {{b}}'),
    instant: maybe(fc.boolean()),
    hidden: maybe(fc.boolean()),
    minStep: maybe(fc.constantFrom('15s', '1m')),
    exemplars: maybe(fc.boolean()),
  }),
);

const calc = fc.constantFrom('lastNotNull', 'mean', 'max' as const);
const legend = {
  calcs: maybe(fc.uniqueArray(calc, { maxLength: 2 })),
  legendPlacement: maybe(fc.constantFrom('bottom', 'right', 'hidden')),
  tooltip: maybe(fc.constantFrom('single', 'multi', 'none')),
};

const settings = some(
  fc.record({
    description: maybe(word),
    unit: fc.constantFrom('s', 'reqps', 'percentunit', 'suffix: jobs'),
    min: maybe(fc.constant(-5)),
    max: maybe(fc.constant(50)),
    decimals: maybe(fc.nat(3)),
    thresholds: maybe(thresholds),
    thresholdsInPercent: maybe(fc.boolean()),
    mappings: maybe(
      fc.uniqueArray(mapping, {
        maxLength: 4,
        selector: (item) => ('value' in item ? item.value : JSON.stringify(item)),
      }),
    ),
    overrides: maybe(fc.array(override, { maxLength: 3 })),
    valueLinks: maybe(fc.constant([link('Details', '/d/x?var-job=${__field.labels.job}')])),
    links: maybe(fc.constant([link('Runbook', 'https://example.com', { newTab: true })])),
    colors: maybe(fc.dictionary(word, color, { maxKeys: 2 })),
    noValue: maybe(word),
    repeat: maybe(
      fc.constantFrom('job', { variable: 'job', direction: 'v' as const }, { variable: 'job', maxPerRow: 3 }),
    ),
    transparent: maybe(fc.boolean()),
    width: maybe(fc.integer({ min: 1, max: 24 })),
    height: maybe(fc.integer({ min: 1, max: 20 })),
    transformations: maybe(fc.constant([{ id: 'merge', options: {} }])),
    queries: fc.array(query, { minLength: 1, maxLength: 3 }),
  }),
);

const kinds: readonly fc.Arbitrary<(spec: PanelSpec) => Panel>[] = [
  some(
    fc.record({
      ...legend,
      stack: maybe(fc.constantFrom('none', 'normal', 'percent')),
      fill: maybe(fc.nat(100)),
      draw: maybe(fc.constantFrom('line', 'bars', 'points')),
      interpolation: maybe(fc.constantFrom('linear', 'smooth', 'stepBefore', 'stepAfter')),
      thresholdStyle: maybe(fc.constantFrom('off', 'line', 'dashed', 'area', 'line+area')),
      logarithmic: maybe(fc.boolean()),
      spanGaps: maybe(fc.boolean()),
      axisLabel: maybe(word),
    }),
  ).map((own) => (spec) => timeseries({ ...spec, ...own } as never)),
  some(
    fc.record({
      calc: maybe(calc),
      graph: maybe(fc.constantFrom('area', 'none')),
      colorMode: maybe(fc.constantFrom('value', 'background', 'none')),
      textMode: maybe(fc.constantFrom('auto', 'value', 'name')),
    }),
  ).map((own) => (spec) => stat({ ...spec, ...own } as never)),
  some(fc.record({ calc: maybe(calc), markers: maybe(fc.boolean()) })).map(
    (own) => (spec) => gauge({ ...spec, ...own } as never),
  ),
  some(
    fc.record({
      calc: maybe(calc),
      orientation: maybe(fc.constantFrom('horizontal', 'vertical', 'auto')),
      display: maybe(fc.constantFrom('gradient', 'lcd', 'basic')),
      unfilled: maybe(fc.boolean()),
      valueMode: maybe(fc.constantFrom('color', 'text', 'hidden')),
    }),
  ).map((own) => (spec) => barGauge({ ...spec, ...own } as never)),
  some(
    fc.record({
      columns: maybe(fc.constant({ job: 'Job', Value: { title: 'Now', unit: 's', width: 90 } })),
      sortBy: maybe(fc.constantFrom('Job', '-Now')),
      filterable: maybe(fc.boolean()),
    }),
  ).map((own) => (spec) => table({ ...spec, ...own } as never)),
  some(
    fc.record({
      scheme: maybe(fc.constant('Blues')),
      steps: maybe(fc.constant(32)),
      scale: maybe(fc.constantFrom('exponential', 'linear')),
      colorScale: maybe(fc.boolean()),
      hideBelow: maybe(fc.constant(0.5)),
    }),
  ).map((own) => (spec) => heatmap({ ...spec, ...own } as never)),
  some(
    fc.record({
      ...legend,
      bucketSize: maybe(fc.constant(5)),
      bucketCount: maybe(fc.constant(20)),
      combine: maybe(fc.boolean()),
      fill: maybe(fc.nat(100)),
    }),
  ).map((own) => (spec) => histogram({ ...spec, ...own } as never)),
  some(
    fc.record({
      calc: maybe(calc),
      shape: maybe(fc.constantFrom('donut', 'pie')),
      labels: maybe(fc.uniqueArray(fc.constantFrom('name', 'value', 'percent'))),
      legendValues: maybe(fc.uniqueArray(fc.constantFrom('value', 'percent'))),
      legendPlacement: maybe(fc.constantFrom('bottom', 'right', 'hidden')),
    }),
  ).map((own) => (spec) => pie({ ...spec, ...own } as never)),
  some(
    fc.record({
      ...legend,
      values: maybe(fc.constantFrom('auto', 'always', 'never')),
      merge: maybe(fc.boolean()),
      bandHeight: maybe(fc.constant(0.5)),
      fill: maybe(fc.nat(100)),
    }),
  ).map((own) => (spec) => stateTimeline({ ...spec, ...own } as never)),
  fc.constantFrom('markdown', 'html', 'code' as const).map(
    (mode) =>
      ({ title, description }) =>
        text({ title, content: '# Hi', mode, ...(description !== undefined && { description }) }),
  ),
];

/** Panels of one row: their titles differ. */
const panels = fc
  .array(fc.tuple(fc.oneof(...kinds), settings), { maxLength: 5 })
  .map((list) => list.map(([make, spec], i) => make({ ...spec, title: `Panel ${i}` } as PanelSpec)));

const variables: fc.Arbitrary<readonly Variable[]> = fc
  .record({
    all: maybe(fc.boolean()),
    chosen: maybe(fc.constantFrom('web', 'api')),
    hide: maybe(fc.constantFrom('label', 'variable' as const)),
    sort: fc.constantFrom('ascending', 'none', 'natural descending' as const),
    refresh: maybe(fc.constantFrom('time', 'load', 'never' as const)),
    count: fc.nat(8),
    source: maybe(fc.boolean()),
  })
  .map(({ all, chosen, hide, sort, refresh, count, source }) => [
    ...(source === undefined
      ? []
      : [datasourceVariable(source ? 'datasource' : 'logs', { plugin: 'prometheus' })]),
    labelVariable('job', {
      metric: 'up{a="b, c"}',
      sort,
      ...(all !== undefined && { all }),
      ...(chosen !== undefined && { default: chosen }),
      ...(hide !== undefined && { hide }),
      ...(refresh !== undefined && { refresh }),
    }),
    ...[
      labelVariable('instance', { metric: 'up{job=~"$job"}', multi: false, regex: '/(.*):.*/' }),
      queryVariable('top', 'topk(5, up)', { regex: '/job="([^"]+)"/' }),
      customVariable('quantile', ['0.5', '0.95'], { default: '0.95' }),
      customVariable('named', { 'a, b': 'x', y: 'z' }, { multi: true, default: ['x', 'z'] }),
      intervalVariable('window', ['5m', '1h'], { default: '1h', auto: { count: 7 } }),
      textboxVariable('search', { default: '.*' }),
      constantVariable('team', 'core, data'),
      datasourceVariable('other', { plugin: 'loki', default: 'logs' }),
    ].slice(0, count),
  ]);

/** Any dashboard of the model. */
export const anyDashboard: fc.Arbitrary<Dashboard> = fc
  .record({
    top: panels,
    rows: fc.array(fc.tuple(panels, fc.boolean(), fc.boolean()), { maxLength: 3 }),
    variables,
    description: fc.constantFrom('', 'about'),
    refresh: fc.constantFrom('', '30s'),
    pointer: fc.constantFrom('single', 'line', 'values' as const),
    timezone: fc.constantFrom('browser', 'utc'),
    tags: fc.uniqueArray(word, { maxLength: 2 }),
    dataSource: maybe(fc.constantFrom('prom', '${source}')),
    links: fc.subarray([
      link('Docs', 'https://example.com', { keepTime: false }),
      tagLink('Related', ['a'], { dropdown: false, tooltip: 'more' }),
    ]),
    annotations: fc.subarray([
      annotation('Restarts', 'changes(x[1m]) > 0', { tags: ['a', 'b'], title: '{{a}}', enabled: false }),
      annotation('Alerts', 'ALERTS', { color: '#ff0000', hidden: true, text: 'text' }),
    ]),
  })
  .map(({ top, rows, dataSource, ...spec }) =>
    dashboard({
      ...spec,
      title: 'Random',
      panels: top,
      rows: rows.map(([inside, collapsed, repeated], i) =>
        row(`Row ${i}`, inside, { collapsed, ...(repeated && { repeat: 'job' }) }),
      ),
      ...(dataSource !== undefined && { dataSource }),
    }),
  );
