/** What the rarer kinds of panels show, before it is drawn. */
import { describe, expect, test } from 'vitest';
import { colorScale } from '../src/chart/color-scale.js';
import { safeAddress } from '../src/dashboard/address.js';
import { bucketsOf } from '../src/dashboard/buckets.js';
import { fieldOf, thresholdColor } from '../src/dashboard/field-config.js';
import type { PanelData, PanelSeries } from '../src/dashboard/load-panel.js';
import { mapped } from '../src/dashboard/mappings.js';
import { readDashboard } from '../src/dashboard/model.js';
import { renewed } from '../src/dashboard/old-panels.js';
import type { TablePanel } from '../src/dashboard/panel-model.js';
import { stretchesOf } from '../src/dashboard/states.js';
import { sortedRows, tableContent } from '../src/dashboard/table-rows.js';
import { binSize, binsOf } from '../src/dashboard/value-bins.js';
import { slice } from '../src/panel/pie.js';

const GRID = { start: 100, end: 130, step: 10 };

function series(labels: Record<string, string>, column: (number | null)[], refId = 'A'): PanelSeries {
  return { name: JSON.stringify(labels), labels, refId, column };
}

function data(all: readonly PanelSeries[]): PanelData {
  return {
    window: { fromMs: 100_000, toMs: 130_000 },
    grid: GRID,
    series: all,
    onlyNaN: false,
    warnings: [],
    asked: [],
  };
}

describe('buckets', () => {
  test('hold what is in them alone, from the smallest bound on', () => {
    const buckets = bucketsOf([
      series({ le: '+Inf' }, [9, null, 30]),
      series({ le: '0.5' }, [2, 4, 10]),
      series({ le: '1' }, [5, 4, 9]),
      series({ job: 'no bucket' }, [1, 1, 1]),
    ]);
    expect(buckets.map(({ from, to, column }) => [from, to, column])).toEqual([
      [0, 0.5, [2, 4, 10]],
      // A bucket that was scraped before the one below it has grown is empty.
      [0.5, 1, [3, 0, 0]],
      [1, Number.POSITIVE_INFINITY, [4, null, 21]],
    ]);
  });

  test('of values below 0 begin at minus infinity; bounds that are no numbers are left out', () => {
    expect(
      bucketsOf([series({ le: '-1' }, [1]), series({ le: 'x' }, [2]), series({ le: '' }, [2])]).map(
        ({ from, to }) => [from, to],
      ),
    ).toEqual([[Number.NEGATIVE_INFINITY, -1]]);
    expect(bucketsOf([])).toEqual([]);
  });
});

function table(json: object): TablePanel {
  const [section] = readDashboard({ panels: [{ type: 'table', ...json }] }).sections;
  return section!.panels[0] as TablePanel;
}

describe('a table', () => {
  const rows = [
    series({ job: 'web', instance: 'a' }, [1, 2]),
    series({ job: 'db', instance: 'b' }, [3, null]),
  ];

  test('has a column for each label, and the last value', () => {
    const { columns, rows: cells } = tableContent(data(rows), table({ targets: [{ expr: 'a' }] }));
    expect(columns.map(({ title }) => title)).toEqual(['Time', 'job', 'instance', 'Value']);
    expect(cells).toEqual([
      [130, 'web', 'a', 2],
      [130, 'db', 'b', 3],
    ]);
  });

  test('joins queries where all labels are equal, and leaves the rest empty', () => {
    const panel = table({
      targets: [
        { refId: 'A', expr: 'a' },
        { refId: 'B', expr: 'b' },
      ],
    });
    const all = [...rows, series({ instance: 'a', job: 'web' }, [7], 'B'), series({ job: 'new' }, [8], 'B')];
    const { columns, rows: cells } = tableContent(data(all), panel);
    expect(columns.map(({ title }) => title)).toEqual(['Time', 'job', 'instance', 'Value #A', 'Value #B']);
    expect(cells).toEqual([
      [130, 'web', 'a', 2, 7],
      [130, 'db', 'b', 3, null],
      [130, 'new', '', null, 8],
    ]);
  });

  test('leaves out, orders and names columns as the dashboard says', () => {
    const panel = table({
      targets: [{ expr: 'a' }],
      transformations: [
        { id: 'reduce', options: { excludeByName: { job: true } } },
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true, instance: false },
            indexByName: { Value: 0, instance: 1, job: 2 },
            renameByName: { Value: 'Requests', instance: '' },
          },
        },
      ],
      fieldConfig: {
        overrides: [
          { matcher: { id: 'byName', options: 'job' }, properties: [{ id: 'displayName', value: 'Job' }] },
        ],
      },
    });
    const { columns, rows: cells } = tableContent(data(rows), panel);
    expect(columns.map(({ title }) => title)).toEqual(['Requests', 'instance', 'Job']);
    expect(cells[0]).toEqual([2, 'a', 'web']);
  });

  test('has only the columns that the dashboard chooses', () => {
    const panel = table({
      targets: [{ expr: 'a' }],
      transformations: [
        { id: 'filterFieldsByName', options: { include: { names: ['instance', 'Value'] } } },
        { id: 'filterFieldsByName', disabled: true, options: { include: { names: ['job'] } } },
      ],
    });
    const { columns } = tableContent(data(rows), panel);
    expect(columns.map(({ title }) => title)).toEqual(['instance', 'Value']);
  });

  test('is sorted by numbers and by words, with what is missing last', () => {
    const cells = [
      ['a10', 2],
      ['a9', null],
      ['b', 10],
    ] as const;
    expect(sortedRows(cells, 0, false).map(([name]) => name)).toEqual(['a9', 'a10', 'b']);
    expect(sortedRows(cells, 0, true).map(([name]) => name)).toEqual(['b', 'a10', 'a9']);
    expect(sortedRows(cells, 1, false).map(([name]) => name)).toEqual(['a10', 'b', 'a9']);
    expect(sortedRows(cells, 1, true).map(([name]) => name)).toEqual(['b', 'a10', 'a9']);
  });
});

describe('states', () => {
  const same = (a: number, b: number): boolean => a === b;
  test('beside each other are one where they are equal', () => {
    expect(stretchesOf([1, 1, null, 1, 2, Number.NaN, 2], same, true)).toEqual([
      { from: 0, to: 1, value: 1 },
      { from: 3, to: 3, value: 1 },
      { from: 4, to: 4, value: 2 },
      { from: 6, to: 6, value: 2 },
    ]);
  });

  test('stay apart where the dashboard wants it', () => {
    expect(stretchesOf([1, 1], same, false)).toHaveLength(2);
    expect(stretchesOf([], same, true)).toEqual([]);
  });
});

describe('bins', () => {
  test.each([
    [0, 24, 24, 'short', 1],
    [0, 100, 24, 'short', 5],
    [0, 0.7, 10, 'short', 0.1],
    [0, 1000, 24, 'bytes', 64],
    [5, 5, 24, 'short', 1],
  ])('from %s to %s, about %s of %s, are %s wide', (least, most, count, unit, size) => {
    expect(binSize(least, most, count, unit)).toBeCloseTo(size, 12);
  });

  test('hold every value once, negative ones too', () => {
    const bins = binsOf([-1, -0.5, 0, 0.5, 1, 1], 'short', { size: 1 });
    expect(bins).toEqual([
      { from: -1, to: 0, count: 2 },
      { from: 0, to: 1, count: 2 },
      { from: 1, to: 2, count: 2 },
    ]);
    expect(binsOf([], 'short')).toEqual([]);
    // A width that would make a million bars is not taken.
    expect(binsOf([0, 1e6], 'short', { size: 1 }).length).toBeLessThan(500);
  });
});

test('a slice of a pie is an arc, and the whole pie is drawn', () => {
  expect(slice(0, 0.25, 40, 0)).toBe('M50.000 10.000A40 40 0 0 1 90.000 50.000L50 50Z');
  expect(slice(0, 0.75, 40, 20)).toBe(
    'M50.000 10.000A40 40 0 1 1 10.000 50.000L30.000 50.000A20 20 0 1 0 50.000 30.000Z',
  );
  expect(slice(0, 1, 40, 0)).toMatch(/^M50.000 10.000A40 40 0 1 1 49.997 10.000/);
});

test('colours go from the surface to the full hue, each of a scheme its own way', () => {
  const oranges = colorScale('Oranges', 'dark');
  expect(oranges).toHaveLength(64);
  expect(new Set(oranges).size).toBeGreaterThan(60);
  expect(colorScale('Unknown', 'dark')).toEqual(oranges);
  expect(colorScale('Viridis', 'light')[0]).toBe('rgb(68 1 84)');
  expect(colorScale('Viridis', 'light', true)[0]).toBe('rgb(253 231 37)');
});

test.each([
  ['https://example.org/a?b=c', true],
  ['http://example.org', true],
  ['mailto:on-call@example.org', true],
  ['#/explore', true],
  ['/alerts', true],
  ['javascript:alert(1)', false],
  [' JavaScript:alert(1)', false],
  ['data:text/html,x', false],
  ['//evil.example.org', false],
  ['vbscript:x', false],
])('the address %s may be followed: %s', (href, allowed) => {
  expect(safeAddress(href) !== undefined).toBe(allowed);
});

test('panels with nothing but a type are read', () => {
  const types = ['bargauge', 'piechart', 'table', 'heatmap', 'histogram', 'state-timeline', 'text'];
  const [section] = readDashboard({
    panels: types.map((type) => ({ type, options: null, fieldConfig: 5 })),
  }).sections;
  expect(section!.panels.map(({ kind }) => kind)).toEqual(types);
});

describe('a panel of before Grafana 8', () => {
  const read = (panel: object) =>
    readDashboard(renewed({ dashboard: { panels: [{ type: 'row', collapsed: true, panels: [panel] }] } }))
      .sections[0]!.panels[0]!;

  test('is a chart with its axes, lines, colours and legend', () => {
    const panel = read({
      type: 'graph',
      title: 'Traffic',
      targets: [{ expr: 'a' }],
      yaxes: [
        { format: 'Bps', min: '0', logBase: 10, label: 'in' },
        { format: 'percent', max: 100 },
      ],
      fill: 3,
      linewidth: 2,
      stack: true,
      percentage: true,
      nullPointMode: 'connected',
      legend: { show: true, values: true, avg: true, current: true, alignAsTable: true, rightSide: true },
      tooltip: { shared: true, sort: 2 },
      aliasColors: { ok: '#00ff00' },
      seriesOverrides: [
        { alias: '/out/', transform: 'negative-Y', yaxis: 2 },
        { alias: 'ok', fill: 0, dashes: true },
      ],
    });
    expect(panel).toMatchObject({
      kind: 'timeseries',
      title: 'Traffic',
      field: {
        unit: 'Bps',
        min: 0,
        line: {
          fill: 30,
          width: 2,
          stacking: 'percent',
          spanNulls: true,
          logarithmic: true,
          axisLabel: 'in',
        },
      },
      legend: { mode: 'table', placement: 'right', calcs: ['mean', 'lastNotNull'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    });
    expect(fieldOf(panel, { name: 'out 1', refId: 'A' })).toMatchObject({
      unit: 'percent',
      max: 100,
      line: { axis: 'right', negative: true },
    });
    expect(fieldOf(panel, { name: 'ok', refId: 'A' })).toMatchObject({
      fixedColor: '#00ff00',
      line: { fill: 0, dash: [10, 6] },
    });
  });

  test('may give its left axis alone, as an object instead of a list', () => {
    expect(read({ type: 'graph', yaxes: { label: 'GB', format: 'decgbytes' } })).toMatchObject({
      field: { unit: 'decgbytes', line: { axisLabel: 'GB' } },
    });
  });

  test('is a stat, or a gauge where it has one', () => {
    const stat = {
      type: 'singlestat',
      format: 's',
      valueName: 'current',
      thresholds: '1,5',
      colors: ['green', 'yellow', 'red'],
      colorBackground: true,
      sparkline: { show: true },
      nullText: 'none',
      valueMaps: [{ op: '=', value: '0', text: 'Zero' }],
    };
    const panel = read(stat);
    expect(panel).toMatchObject({
      kind: 'stat',
      calc: 'lastNotNull',
      colorMode: 'background',
      graph: true,
      field: { unit: 's', noValue: 'none' },
    });
    expect([0, 1, 9].map((value) => thresholdColor(panel.field, value))).toEqual(['green', 'yellow', 'red']);
    expect(mapped(panel.field.mappings, 0)?.text).toBe('Zero');
    expect(read({ ...stat, gauge: { show: true, minValue: 0, maxValue: 9 } })).toMatchObject({
      kind: 'gauge',
      field: { min: 0, max: 9 },
    });
  });

  test.each([
    null,
    5,
    {},
    { panels: null },
    { panels: [null, { type: 'graph', yaxes: 5, legend: 'x', seriesOverrides: [{}] }] },
  ])('is read whatever stands there: %j', (json) => {
    expect(() => readDashboard(renewed(json))).not.toThrow();
  });
});
