import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { VariableSort } from '../dist/dashboard/variable.js';
import {
  annotation,
  barGauge,
  customVariable,
  type Dashboard,
  dashboard,
  datasourceVariable,
  type GrafanaPanel,
  type GridPos,
  gauge,
  heatmap,
  histogram,
  intervalVariable,
  labelVariable,
  link,
  other,
  type Panel,
  type PanelPlace,
  pie,
  queryVariable,
  type Repeat,
  renderGrafana,
  row,
  stat,
  stateTimeline,
  stringifyDashboard,
  table,
  text,
  textboxVariable,
  timeseries,
  type Variable,
} from '../dist/index.js';

const small = (title: string, size = {}): Panel => stat({ title, expr: 'up', ...size });
const large = (title: string, size = {}): Panel => timeseries({ title, expr: 'up', ...size });

/** The places of the panels of one row, as `x,y wxh`. */
function places(...panels: Panel[]): string[] {
  return panelsOf(dashboard({ title: 'D', rows: [row('R', panels)] })).map(
    ({ gridPos: { x, y, w, h } }) => `${x},${y} ${w}x${h}`,
  );
}

function panelsOf(made: Dashboard): GrafanaPanel[] {
  return renderGrafana(made).panels.filter((panel): panel is GrafanaPanel => panel.type !== 'row');
}

test('panels of a row fill the width and line up', () => {
  const check = (kinds: string, ...expected: string[]): void =>
    expect(
      places(...[...kinds].map((kind, i) => (kind === 's' ? small(`${i}`) : large(`${i}`)))),
      kinds,
    ).toEqual(expected);
  check('l', '0,1 24x8');
  check('ll', '0,1 12x8', '12,1 12x8');
  check('lll', '0,1 8x8', '8,1 8x8', '16,1 8x8');
  check('llll', '0,1 12x8', '12,1 12x8', '0,9 12x8', '12,9 12x8');
  const pairs = [1, 9, 17].flatMap((y) => [`0,${y} 12x8`, `12,${y} 12x8`]);
  check('lllllll', ...pairs, '0,25 24x8');
  check('sssl', '0,1 4x8', '4,1 4x8', '8,1 4x8', '12,1 12x8');
  check('ls', '0,1 18x8', '18,1 6x8');
  check('ssss', '0,1 6x4', '6,1 6x4', '12,1 6x4', '18,1 6x4');
  check('sssss', '0,1 5x4', '5,1 5x4', '10,1 5x4', '15,1 5x4', '20,1 4x4');
});

test('sizes that are given stay', () => {
  expect(places(large('a', { width: 16, height: 10 }), small('b'))).toEqual(['0,1 16x10', '16,1 8x10']);
});

test('charts of all kinds are large, and a text alone is as low as a number', () => {
  expect(places(text('a', 'x'))).toEqual(['0,1 24x4']);
  expect(places(text('a', 'x'), large('b'))).toEqual(['0,1 12x8', '12,1 12x8']);
  const charts = [
    barGauge('a', 'up'),
    table('a', 'up'),
    heatmap('a', 'up'),
    histogram('a', 'up'),
    pie('a', 'up'),
    stateTimeline('a', 'up'),
    other({ kind: 'geomap', title: 'a' }),
  ];
  for (const chart of charts) expect(places(chart, small('b'))).toEqual(['0,1 18x8', '18,1 6x8']);
});

test('a panel that is repeated beside itself has the width for its copies', () => {
  const variables = [labelVariable('job', { metric: 'up' })];
  const of = (repeat: Repeat, size = {}): string[] =>
    panelsOf(
      dashboard({
        title: 'D',
        variables,
        rows: [row('R', [small('a'), small('b', { repeat, ...size }), small('c')])],
      }),
    ).map(({ gridPos: { x, y, w, h } }) => `${x},${y} ${w}x${h}`);
  expect(of({ variable: 'job' })).toEqual(['0,1 24x4', '0,5 24x4', '0,9 24x4']);
  expect(of({ variable: 'job', direction: 'v' })).toEqual(['0,1 8x4', '8,1 8x4', '16,1 8x4']);
  expect(of({ variable: 'job' }, { width: 6 })).toEqual(['0,1 9x4', '9,1 6x4', '15,1 9x4']);
});

test('what has its place stands there, and the rest below it', () => {
  const at = (panel: Panel, place: PanelPlace): Panel => ({ ...panel, place });
  expect(
    places(
      small('a'),
      at(large('b'), { x: 12, y: 0, w: 12, h: 6 }),
      large('c'),
      at(small('d'), { x: 0, y: 2, w: 3, h: 9 }),
    ),
  ).toEqual(['0,12 6x8', '12,1 12x6', '6,12 18x8', '0,3 3x9']);
});

test('ids that are given stay, and others make room for them', () => {
  const ids = (...panels: Panel[]): number[] =>
    panelsOf(dashboard({ title: 'D', rows: [row('R', panels)] })).map(({ id }) => id);
  const [a = 0] = ids(small('a'));
  expect(ids(small('a'), { ...small('b'), id: a })).toEqual([a + 1, a]);
  expect(ids({ ...small('b'), id: 7 }, small('a'))).toEqual([7, a]);
});

test('no row has overlaps or panels beyond its edge, whatever is in it', () => {
  const panel = fc.record({
    kind: fc.constantFrom('s', 'l'),
    size: fc.record(
      { width: fc.integer({ min: 1, max: 24 }), height: fc.integer({ min: 1, max: 12 }) },
      { requiredKeys: [] },
    ),
  });
  fc.assert(
    fc.property(fc.array(panel, { minLength: 1, maxLength: 12 }), (specs) => {
      const made = specs.map(({ kind, size }, i) =>
        kind === 's' ? small(`${i}`, size) : large(`${i}`, size),
      );
      const at = panelsOf(dashboard({ title: 'D', rows: [row('R', made)] })).map(
        (rendered) => rendered.gridPos,
      );
      for (const { x, w, h } of at) expect(x >= 0 && w >= 1 && h >= 1 && x + w <= 24).toBe(true);
      at.forEach((a, i) => {
        for (const b of at.slice(i + 1)) expect(overlap(a, b)).toBe(false);
      });
    }),
  );
});

function overlap(a: GridPos, b: GridPos): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

test('the same dashboard gives the same bytes', () => {
  const define = (): Dashboard =>
    dashboard({ title: 'D', rows: [row('A', [small('x'), large('y')]), row('B', [large('x')])] });
  expect(stringifyDashboard(define())).toBe(stringifyDashboard(renderGrafana(define())));
  expect(stringifyDashboard(define()).endsWith('}\n')).toBe(true);
});

test('a panel keeps its id when another one is put in front', () => {
  const idsOf = (...titles: string[]): Map<string, number> =>
    new Map(
      panelsOf(
        dashboard({
          title: 'D',
          rows: [
            row(
              'R',
              titles.map((t) => large(t)),
            ),
          ],
        }),
      ).map((p) => [p.title, p.id]),
    );
  const before = idsOf('a', 'b');
  const after = idsOf('new', 'a', 'b');
  expect(after.get('a')).toBe(before.get('a'));
  expect(after.get('b')).toBe(before.get('b'));
  expect(new Set(after.values()).size).toBe(3);
});

test('a closed row holds its panels, and the next row follows right below it', () => {
  const { panels } = renderGrafana(
    dashboard({ title: 'D', rows: [row('A', [large('a')], { collapsed: true }), row('B', [large('b')])] }),
  );
  expect(panels.map((panel) => [panel.type, panel.title, panel.gridPos.y])).toEqual([
    ['row', 'A', 0],
    ['row', 'B', 1],
    ['timeseries', 'b', 2],
  ]);
  expect(panels[0]).toMatchObject({ collapsed: true, panels: [{ title: 'a', gridPos: { y: 1 } }] });
});

test('what an author says of a panel arrives in Grafana’s words', () => {
  const [panel] = panelsOf(
    dashboard({
      title: 'D',
      rows: [
        row('R', [
          timeseries({
            title: 'Jobs',
            description: 'By outcome.',
            unit: 'ops',
            min: 0,
            decimals: 1,
            stack: 'normal',
            calcs: ['mean', 'max'],
            thresholds: [{ color: 'green' }, { value: 5, color: 'red' }],
            thresholdStyle: 'dashed',
            colors: { failed: 'red' },
            mappings: { 0: { text: 'none' } },
            queries: [
              { expr: 'sum by (status) (rate(jobs_total[$__rate_interval]))', legend: '{{status}}' },
              { expr: 'jobs_total', instant: true },
            ],
          }),
        ]),
      ],
    }),
  );
  expect(panel).toMatchObject({
    type: 'timeseries',
    description: 'By outcome.',
    datasource: { type: 'prometheus', uid: expect.stringMatching(/^\$\{datasource\}$/) },
    targets: [
      { refId: 'A', legendFormat: '{{status}}', range: true, instant: false },
      { refId: 'B', legendFormat: '__auto', range: false, instant: true },
    ],
    fieldConfig: {
      defaults: {
        unit: 'ops',
        min: 0,
        decimals: 1,
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: 'green', value: null },
            { color: 'red', value: 5 },
          ],
        },
        mappings: [{ type: 'value', options: { 0: { text: 'none', index: 0 } } }],
        custom: { fillOpacity: 40, stacking: { mode: 'normal' }, thresholdsStyle: { mode: 'dashed' } },
      },
      overrides: [
        {
          matcher: { id: 'byName', options: 'failed' },
          properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: 'red' } }],
        },
      ],
    },
    options: { legend: { displayMode: 'table', calcs: ['mean', 'max'], showLegend: true } },
  });
});

test('every dashboard lets its reader choose the data source, and what else it declares', () => {
  const { templating, schemaVersion, refresh, editable, tags } = renderGrafana(
    dashboard({
      title: 'D',
      tags: ['jobs'],
      rows: [row('R', [gauge({ title: 'a', expr: 'up{job=~"$job"}' })])],
      variables: [labelVariable('job', { metric: 'up' }), intervalVariable('window', ['5m', '1h'])],
    }),
  );
  expect({ schemaVersion, refresh, editable, tags }).toEqual({
    schemaVersion: 39,
    refresh: '30s',
    editable: false,
    tags: ['jobs'],
  });
  expect(templating.list).toMatchObject([
    { type: 'datasource', name: 'datasource', query: 'prometheus' },
    {
      type: 'query',
      name: 'job',
      query: { query: 'label_values(up, job)' },
      multi: true,
      allValue: '.+',
      refresh: 2,
    },
    { type: 'interval', name: 'window', query: '5m,1h', current: { value: '5m' } },
  ]);
});

test('a letter that is given is nobody else’s, also in what names it', () => {
  const queries = [
    { expr: 'a_seconds' },
    { expr: 'b_seconds', refId: 'A', legend: 'b' },
    { expr: 'c_bytes', legend: 'c' },
  ];
  const of = (made: Panel) => panelsOf(dashboard({ title: 'D', panels: [made] }))[0]!;
  const lines = of(timeseries({ title: 't', queries }));
  expect('targets' in lines && lines.targets.map(({ refId }) => refId)).toEqual(['B', 'A', 'C']);
  expect(lines).toMatchObject({
    fieldConfig: {
      overrides: [
        { matcher: { id: 'byFrameRefID', options: 'C' }, properties: [{ id: 'unit', value: 'bytes' }] },
      ],
    },
  });
  expect(of(table({ title: 't', queries }))).toMatchObject({
    transformations: [
      { id: 'merge' },
      { id: 'organize', options: { renameByName: { 'Value #A': 'b', 'Value #C': 'c' } } },
    ],
    fieldConfig: { overrides: [{ matcher: { id: 'byName', options: 'c' } }] },
  });
});

test('the twenty-seventh query is AA', () => {
  const queries = Array.from({ length: 28 }, () => ({ expr: 'up' }));
  const [panel] = panelsOf(
    dashboard({ title: 'D', rows: [row('R', [timeseries({ title: 't', queries })])] }),
  );
  expect(panel).toHaveProperty('targets');
  expect('targets' in panel! && panel.targets.slice(25).map(({ refId }) => refId)).toEqual(['Z', 'AA', 'AB']);
});

test('a dashboard may name its data source, or bring the variable itself', () => {
  const panels = [stat('T', 'up')];
  const fixed = renderGrafana(
    dashboard({ title: 'D', dataSource: 'prod', panels, annotations: [annotation('A', 'up')] }),
  );
  const datasource = { type: 'prometheus', uid: 'prod' };
  expect(fixed.templating.list).toEqual([]);
  expect(fixed.annotations.list).toMatchObject([{ datasource }]);
  expect(fixed.panels).toMatchObject([{ datasource, targets: [{ datasource }] }]);
  const own = datasourceVariable('datasource', { regex: '/prod/', label: 'Where' });
  const { list } = renderGrafana(dashboard({ title: 'D', panels, variables: [own] })).templating;
  expect(list).toMatchObject([{ type: 'datasource', name: 'datasource', regex: '/prod/', label: 'Where' }]);
});

test('what is asked in another language is carried along', () => {
  const loki = { datasource: { type: 'loki', uid: 'logs' }, logQl: '{job="web"}' };
  const panel: Panel = {
    ...stat('T', 'up'),
    queries: [
      { expr: '', legend: '', instant: false, rest: loki },
      { expr: 'up', legend: '', instant: true, refId: 'A', rest: { intervalFactor: 2 } },
    ],
  };
  const variables: Variable[] = [
    { type: 'other', kind: 'adhoc', name: 'filters', label: 'Filters', json: { filters: [] } },
    {
      ...queryVariable('host', 'up'),
      query: '',
      rest: { query: 'show tag values', datasource: { type: 'influxdb', uid: 'i' } },
    },
  ];
  const annotations = [{ ...annotation('A', 'up'), expr: '', rest: { builtIn: 1, datasource: null } }];
  const links = [{ ...link('Go', '/x'), rest: { icon: 'doc' } }];
  const made = dashboard({ title: 'D', panels: [panel], variables, annotations, links });
  const rendered = renderGrafana(made);
  expect(rendered.panels[0]).toMatchObject({
    targets: [
      { refId: 'B', ...loki },
      { refId: 'A', expr: 'up', intervalFactor: 2 },
    ],
  });
  expect(rendered.panels[0]).not.toHaveProperty('targets.0.expr');
  expect(rendered.templating.list.slice(1)).toMatchObject([
    { type: 'adhoc', name: 'filters', label: 'Filters', filters: [] },
    { type: 'query', name: 'host', query: 'show tag values', datasource: { type: 'influxdb' } },
  ]);
  expect(rendered.annotations.list).toEqual([
    { name: 'A', enable: true, hide: false, iconColor: 'orange', builtIn: 1, datasource: null },
  ]);
  expect(rendered.links).toMatchObject([{ title: 'Go', icon: 'doc' }]);
});

test('each order of values is the one that Grafana has under its number', () => {
  const orders: readonly VariableSort[] = [
    'none',
    'ascending',
    'descending',
    'numerical ascending',
    'numerical descending',
    'ascending without case',
    'descending without case',
    'natural ascending',
    'natural descending',
  ];
  const variables = orders.map((sort, i) => labelVariable(`v${i}`, { metric: 'up', of: 'job', sort }));
  const { list } = renderGrafana(dashboard({ title: 'D', variables })).templating;
  expect(list.slice(1)).toMatchObject(orders.map((_, number) => ({ sort: number })));
});

test('the first value is chosen where a variable does not say which', () => {
  const variables = [
    customVariable('quantile', { median: '0.5', '95th': '0.95' }),
    customVariable('queue', ['a', 'b'], { multi: true, all: false }),
    intervalVariable('window', ['5m', '1h']),
    textboxVariable('search'),
  ];
  const { list } = renderGrafana(dashboard({ title: 'D', variables })).templating;
  expect(list.slice(1)).toMatchObject([
    { current: { text: 'median', value: '0.5' } },
    { current: { text: ['a'], value: ['a'] } },
    { current: { text: '5m', value: '5m' } },
    { current: { text: '', value: '' } },
  ]);
});
