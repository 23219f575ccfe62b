/**
 * Graph panels, which Grafana 11 no longer has, as timeseries: the left axis gives unit and range, the right one
 * and the exceptions for series become overrides, and the numbers take their ranges of today (a fill of 0 to 10
 * is one of 0 to 100). A graph whose axis counts values is a histogram, one over series a bar chart.
 */
import { isObject, type JsonObject, type JsonValue, listOf, numberOf, objectOf, objectsOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { axisFields } from './misplaced.ts';
import {
  customOf,
  defaultsOf,
  dropFields,
  moveAliasColors,
  moveField,
  optionsOf,
  overridesOf,
  reducerOf,
} from './panel-parts.ts';

/** What only told the old panel how to draw, and tells no panel of today anything. */
const GONE = [
  ...['renderer', 'hiddenSeries', 'percentage', 'spaceLength', 'dashLength', 'yaxis', 'xaxis'],
  // Of before Grafana 2, left behind in files that have been saved ever since.
  ...['y_formats', 'grid', 'leftYAxisLabel', 'rightYAxisLabel', 'x-axis', 'y-axis'],
];

/** Makes a graph panel a timeseries. */
export function fromGraph(panel: JsonObject, ledger: Ledger): void {
  const type = typeOf(objectOf(panel.xaxis).mode);
  ledger.put('older-panel', `a graph panel is a ${type}`, panel, 'type', type);
  if (panel.yaxes === undefined) ancientAxes(panel, ledger);
  yAxes(panel, ledger);
  lines(panel, ledger);
  moveAliasColors(ledger, panel, 'graph');
  for (const series of objectsOf(panel.seriesOverrides)) seriesOverride(series, panel, ledger);
  delete panel.seriesOverrides;
  legend(panel, ledger);
  tooltip(panel, ledger);
  thresholds(panel, ledger);
  if (panel.decimals !== undefined && panel.decimals !== null)
    moveField(ledger, panel, 'decimals', defaultsOf(panel), 'decimals', undefined, 'graph');
  dropFields(ledger, panel, GONE, 'graph');
}

function typeOf(mode: JsonValue | undefined): string {
  if (mode === 'histogram') return 'histogram';
  return mode === 'series' ? 'barchart' : 'timeseries';
}

/** Until version 12 of the model an axis was spread over several fields. */
function ancientAxes(panel: JsonObject, ledger: Ledger): void {
  const grid = objectOf(panel.grid);
  const formats = listOf(panel.y_formats);
  if (formats.length === 0 && !isObject(panel.grid)) return;
  panel.yaxes = ['left', 'right'].map((side, i) => {
    const axis: JsonObject = {};
    ledger.derive(axis, isObject(panel.grid) ? grid : panel);
    if (typeof formats[i] === 'string') axis.format = formats[i];
    for (const [key, name] of [
      ['min', 'Min'],
      ['max', 'Max'],
      ['logBase', 'LogBase'],
    ] as const)
      ledger.carry(grid, side + name, axis, key);
    ledger.carry(panel, `${side}YAxisLabel`, axis, 'label');
    return axis;
  });
}

function yAxes(panel: JsonObject, ledger: Ledger): void {
  const { yaxes } = panel;
  if (yaxes === undefined) return;
  const [left, right] = Array.isArray(yaxes) ? yaxes : [yaxes];
  // What the right axis says is for the series that are drawn against it; without any it says nothing.
  const users = objectsOf(panel.seriesOverrides).filter(({ yaxis }) => yaxis === 2);
  if (isObject(right) && users.length > 0) {
    const own: JsonObject = {};
    axisFields(right, own, 'older-panel', ledger);
    for (const series of users) series.$rightAxis = objectOf(objectOf(own.fieldConfig).defaults);
  }
  if (isObject(left)) axisFields(left, panel, 'older-panel', ledger);
  dropFields(ledger, panel, ['yaxes'], 'graph');
}

function lines(panel: JsonObject, ledger: Ledger): void {
  const custom = customOf(panel);
  const move = (key: string, toKey: string, value?: JsonValue) => {
    if (panel[key] !== undefined) moveField(ledger, panel, key, custom, toKey, value, 'graph');
  };
  if (panel.bars === true) {
    move('bars', 'drawStyle', 'bars');
    // Bars were always filled.
    move('fill', 'fillOpacity', 100);
  } else if (panel.lines === false && panel.points === true) move('lines', 'drawStyle', 'points');
  else if (panel.lines === false) move('lines', 'lineWidth', 0);
  if (panel.lines === true && custom.drawStyle === undefined) move('lines', 'drawStyle', 'line');
  if (panel.points !== undefined) move('points', 'showPoints', panel.points === true ? 'always' : 'never');
  const radius = numberOf(panel.pointradius);
  if (radius !== undefined) move('pointradius', 'pointSize', 2 + radius * 2);
  move('linewidth', 'lineWidth');
  const gradient = numberOf(panel.fillGradient) ?? 0;
  if (gradient > 0) {
    ledger.put('older-panel', 'a gradient is one of opacity', custom, 'gradientMode', 'opacity');
    move('fillGradient', 'fillOpacity', gradient * 10);
  }
  const fill = numberOf(panel.fill);
  if (fill !== undefined) move('fill', 'fillOpacity', fill * 10);
  if (panel.stack === true)
    move('stack', 'stacking', { mode: panel.percentage === true ? 'percent' : 'normal', group: 'A' });
  if (panel.steppedLine === true) move('steppedLine', 'lineInterpolation', 'stepAfter');
  if (panel.dashes === true) move('dashes', 'lineStyle', dashes(panel));
  // `null` leaves a gap, `connected` draws over it; zeros for nothing have to be asked for in the query.
  if (panel.nullPointMode === 'connected') move('nullPointMode', 'spanNulls', true);
  dropFields(
    ledger,
    panel,
    ['bars', 'lines', 'points', 'pointradius', 'fill', 'fillGradient', 'stack', 'steppedLine', 'dashes'],
    'graph',
  );
  dropFields(ledger, panel, ['nullPointMode', 'linewidth'], 'graph');
  if (Object.keys(custom).length === 0) delete defaultsOf(panel).custom;
}

function dashes({ dashLength, spaceLength }: JsonObject): JsonObject {
  return { fill: 'dash', dash: [numberOf(dashLength) ?? 10, numberOf(spaceLength) ?? 10] };
}

/** What one field of a series' exception becomes: the id of a property and its value. */
function propertyOf(key: string, value: JsonValue, series: JsonObject): [string, JsonValue] | undefined {
  const number = numberOf(value);
  switch (key) {
    case 'fill':
      return number === undefined ? undefined : ['custom.fillOpacity', number * 10];
    case 'fillBelowTo':
      return ['custom.fillBelowTo', value];
    case 'fillGradient':
      return number ? ['custom.gradientMode', 'opacity'] : undefined;
    case 'points':
      return ['custom.showPoints', value === true ? 'always' : 'never'];
    case 'bars':
      return ['custom.drawStyle', value === true ? 'bars' : 'line'];
    case 'lines':
      return value === true ? ['custom.drawStyle', 'line'] : ['custom.lineWidth', 0];
    case 'linewidth':
      return number === undefined ? undefined : ['custom.lineWidth', number];
    case 'pointradius':
      return number === undefined ? undefined : ['custom.pointSize', 2 + number * 2];
    case 'dashes':
      return ['custom.lineStyle', value === true ? dashes(series) : { fill: 'solid' }];
    case 'stack':
      return [
        'custom.stacking',
        value === false
          ? { mode: 'none', group: 'A' }
          : { mode: 'normal', group: value === true ? 'A' : value },
      ];
    case 'color':
      return ['color', { mode: 'fixed', fixedColor: value }];
    case 'nullPointMode':
      return value === 'connected' ? ['custom.spanNulls', true] : undefined;
    case 'steppedLine':
      return value === true ? ['custom.lineInterpolation', 'stepAfter'] : undefined;
    case 'hideTooltip':
    case 'legend': {
      const hidden = key === 'legend' ? value === false : value === true;
      return hidden
        ? ['custom.hideFrom', { legend: key === 'legend', tooltip: key === 'hideTooltip', viz: false }]
        : undefined;
    }
    default:
      return undefined;
  }
}

function seriesOverride(series: JsonObject, panel: JsonObject, ledger: Ledger): void {
  const { alias } = series;
  if (typeof alias !== 'string' || alias === '') return;
  const isPattern = alias.length > 1 && alias.startsWith('/') && /\/[a-z]*$/.test(alias.slice(1));
  const properties: JsonObject[] = [];
  const matcher: JsonObject = { id: isPattern ? 'byRegexp' : 'byName' };
  const override: JsonObject = { matcher, properties };
  ledger.derive(override, series);
  ledger.carry(series, 'alias', matcher, 'options');
  overridesOf(panel).push(override);
  for (const key of Object.keys(series)) {
    const value = series[key];
    if (key === '$rightAxis' || value === undefined) continue;
    const property = propertyOf(key, value, series);
    if (property === undefined) continue;
    const made: JsonObject = { id: property[0] };
    properties.push(made);
    ledger.move(
      'older-panel',
      `${key} of a series is an override`,
      { in: series, key },
      { in: made, key: 'value' },
      property[1],
    );
  }
  if (series.yaxis === 2) rightAxis(series, properties, ledger);
  // What an override of today cannot say goes with the note of the whole.
  const { $rightAxis: _, ...left } = series;
  if (Object.keys(left).length > 0)
    ledger.note('older-panel', `${Object.keys(left).join(', ')} of a series has no counterpart`, {
      from: { in: series },
      was: left,
    });
}

function rightAxis(series: JsonObject, properties: JsonObject[], ledger: Ledger): void {
  const placement: JsonObject = { id: 'custom.axisPlacement' };
  properties.push(placement);
  ledger.move(
    'older-panel',
    'the right axis is an override',
    { in: series, key: 'yaxis' },
    { in: placement, key: 'value' },
    'right',
  );
  const { custom, ...fields } = objectOf(series.$rightAxis);
  for (const [id, value] of Object.entries(fields)) properties.push({ id, value });
  for (const [id, value] of Object.entries(objectOf(custom)))
    if (id !== 'axisPlacement') properties.push({ id: `custom.${id}`, value });
}

/** The numbers of a legend, in the order in which they are shown. */
const LEGEND_VALUES = ['min', 'max', 'avg', 'current', 'total'];

function legend(panel: JsonObject, ledger: Ledger): void {
  const { legend: old } = panel;
  if (!isObject(old)) return;
  const shown = old.values === true ? LEGEND_VALUES.filter((name) => old[name] === true) : [];
  const became: JsonObject = {
    calcs: shown.map((name) => reducerOf(name) ?? name),
    displayMode: old.alignAsTable === true ? 'table' : 'list',
    placement: old.rightSide === true ? 'right' : 'bottom',
    showLegend: old.show !== false,
    ...(old.sort !== undefined &&
      old.sort !== null &&
      typeof old.sortDesc === 'boolean' && {
        sortBy: labelOf(old.sort),
        sortDesc: old.sortDesc,
      }),
    ...(numberOf(old.sideWidth) !== undefined && { width: numberOf(old.sideWidth)! }),
  };
  moveField(ledger, panel, 'legend', optionsOf(panel), 'legend', became, 'graph');
}

/** Legends sort by the heading of a column. */
function labelOf(sort: JsonValue): string {
  const headings: Readonly<Record<string, string>> = {
    avg: 'Mean',
    current: 'Last *',
    max: 'Max',
    min: 'Min',
    total: 'Total',
  };
  const name = String(sort);
  return Object.hasOwn(headings, name) ? headings[name]! : name;
}

function tooltip(panel: JsonObject, ledger: Ledger): void {
  const { tooltip: old } = panel;
  if (!isObject(old)) return;
  const sort = numberOf(old.sort) ?? 0;
  const became = {
    mode: old.shared === false ? 'single' : 'multi',
    sort: sort === 1 ? 'asc' : sort === 2 ? 'desc' : 'none',
  };
  moveField(ledger, panel, 'tooltip', optionsOf(panel), 'tooltip', became, 'graph');
}

function thresholds(panel: JsonObject, ledger: Ledger): void {
  const old = objectsOf(panel.thresholds).filter((threshold) => numberOf(threshold.value) !== undefined);
  if (old.length === 0) {
    dropFields(ledger, panel, ['thresholds'], 'graph');
    return;
  }
  const sorted = old.toSorted((a, b) => numberOf(a.value)! - numberOf(b.value)!);
  const made: JsonObject[] = [];
  sorted.forEach((threshold, i) => {
    const value = numberOf(threshold.value)!;
    const next = sorted[i + 1];
    if (threshold.op !== 'lt') {
      made.push({ color: colorOf(threshold), value });
      return;
    }
    if (made.length === 0) made.push({ color: colorOf(threshold), value: null });
    made.push({ color: next?.op === 'lt' ? colorOf(next) : 'transparent', value });
  });
  if (made[0]?.value !== null) made.unshift({ color: 'transparent', value: null });
  const area = old.some(({ fill }) => fill === true);
  const line = old.some((threshold) => threshold.line === true);
  const mode = area && line ? 'line+area' : area ? 'area' : 'line';
  const custom = customOf(panel);
  if (custom.thresholdsStyle === undefined)
    ledger.put('older-panel', 'thresholds of a graph are drawn', custom, 'thresholdsStyle', { mode });
  const became = { mode: 'absolute', steps: made };
  moveField(ledger, panel, 'thresholds', defaultsOf(panel), 'thresholds', became, 'graph');
}

function colorOf({ colorMode, fillColor, lineColor }: JsonObject): JsonValue {
  switch (colorMode) {
    case 'warning':
      return 'orange';
    case 'custom':
      return fillColor ?? lineColor ?? 'red';
    case 'ok':
      return 'green';
    default:
      return 'red';
  }
}
