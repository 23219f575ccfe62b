/** Panels of before Grafana 8 in the form of today: `graph` as timeseries, `singlestat` as stat or gauge. */
import { isObject, type JsonObject, number, object, objects, text } from './json.ts';

/** A dashboard whose panels are of today; what is wrapped stays wrapped. */
export function renewed(json: unknown): unknown {
  if (!isObject(json)) return json;
  const inner = ['dashboard', 'spec'].find((name) => isObject(json[name]));
  if (inner !== undefined) return { ...json, [inner]: renewed(json[inner]) };
  return { ...json, panels: renewedPanels(json.panels) };
}

function renewedPanels(panels: unknown): JsonObject[] {
  return objects(panels).map((panel) => {
    if (panel.type === 'graph') return fromGraph(panel);
    if (panel.type === 'singlestat') return fromSinglestat(panel);
    return panel.type === 'row' ? { ...panel, panels: renewedPanels(panel.panels) } : panel;
  });
}

/** What a panel already says in the form of today holds. */
function withDefaults(panel: JsonObject, defaults: JsonObject, overrides: readonly JsonObject[]): JsonObject {
  const { defaults: own, overrides: ownOverrides } = object(panel.fieldConfig);
  return {
    defaults: {
      ...defaults,
      ...object(own),
      custom: { ...object(defaults.custom), ...object(object(own).custom) },
    },
    overrides: [...overrides, ...objects(ownOverrides)],
  };
}

/** Old calculations, as they are called today. */
const CALCS: Readonly<Record<string, string>> = {
  avg: 'mean',
  current: 'lastNotNull',
  max: 'max',
  min: 'min',
  total: 'sum',
  first: 'firstNotNull',
  delta: 'diff',
  diff: 'diff',
  range: 'range',
};

function calcOf(name: string): string {
  return Object.hasOwn(CALCS, name) ? CALCS[name]! : 'lastNotNull';
}

function fromGraph(panel: JsonObject): JsonObject {
  // Whoever writes JSON by hand may give the left axis alone.
  const [left = {}, right = {}] = isObject(panel.yaxes) ? [panel.yaxes] : objects(panel.yaxes);
  const legend = object(panel.legend);
  const tooltip = object(panel.tooltip);
  const calcs = Object.keys(CALCS).filter((name) => legend[name] === true);
  const overrides = [
    ...Object.entries(object(panel.aliasColors)).map(([name, color]) =>
      override('byName', name, [['color', { mode: 'fixed', fixedColor: color }]]),
    ),
    ...objects(panel.seriesOverrides).map((one) => fromSeriesOverride(one, right)),
  ];
  const sort = ['none', 'asc', 'desc'][number(tooltip.sort) ?? 0];
  return {
    ...panel,
    type: 'timeseries',
    fieldConfig: withDefaults(panel, { ...axisOf(left), custom: lineOf(panel, left) }, overrides),
    options: {
      legend: {
        showLegend: legend.show !== false,
        displayMode: legend.alignAsTable === true ? 'table' : 'list',
        placement: legend.rightSide === true ? 'right' : 'bottom',
        calcs: legend.values === true ? calcs.map(calcOf) : [],
      },
      tooltip: { mode: tooltip.shared === false ? 'single' : 'multi', sort },
      ...object(panel.options),
    },
  };
}

function axisOf({ format, unit, min, max, decimals }: JsonObject): JsonObject {
  return { unit: text(format) ?? text(unit) ?? 'short', min, max, decimals };
}

function lineOf(panel: JsonObject, axis: JsonObject): JsonObject {
  return {
    drawStyle:
      panel.bars === true ? 'bars' : panel.lines === false && panel.points === true ? 'points' : 'line',
    lineInterpolation: panel.steppedLine === true ? 'stepAfter' : 'linear',
    lineWidth: number(panel.linewidth) ?? 1,
    // From 0 to 10.
    fillOpacity: panel.bars === true ? 100 : 10 * (number(panel.fill) ?? 1),
    spanNulls: panel.nullPointMode === 'connected',
    stacking: { mode: panel.stack !== true ? 'none' : panel.percentage === true ? 'percent' : 'normal' },
    scaleDistribution: { type: (number(axis.logBase) ?? 1) > 1 ? 'log' : 'linear' },
    axisLabel: text(axis.label) ?? '',
    lineStyle: panel.dashes === true ? { fill: 'dash' } : undefined,
  };
}

function override(
  id: string,
  options: string,
  properties: readonly (readonly [string, unknown])[],
): JsonObject {
  return { matcher: { id, options }, properties: properties.map(([name, value]) => ({ id: name, value })) };
}

/** A name in slashes is a pattern. */
function fromSeriesOverride(one: JsonObject, right: JsonObject): JsonObject {
  const alias = text(one.alias) ?? '';
  const { unit, min, max } = axisOf(right);
  const onRight: (readonly [string, unknown])[] = [
    ['custom.axisPlacement', 'right'],
    ['unit', unit],
    ['min', min],
    ['max', max],
  ];
  return override(alias.startsWith('/') ? 'byRegexp' : 'byName', alias, [
    ...(number(one.yaxis) === 2 ? onRight : []),
    ...(typeof one.color === 'string' ? [['color', { mode: 'fixed', fixedColor: one.color }] as const] : []),
    ...(one.fill === undefined ? [] : [['custom.fillOpacity', 10 * (number(one.fill) ?? 0)] as const]),
    ...(one.linewidth === undefined ? [] : [['custom.lineWidth', one.linewidth] as const]),
    ...(one.bars === true ? [['custom.drawStyle', 'bars'] as const] : []),
    ...(one.dashes === true ? [['custom.lineStyle', { fill: 'dash' }] as const] : []),
    ...(one.stack === false ? [['custom.stacking', { mode: 'none' }] as const] : []),
    ...(one.transform === 'negative-Y' ? [['custom.transform', 'negative-Y'] as const] : []),
  ]);
}

function fromSinglestat(panel: JsonObject): JsonObject {
  const gauge = object(panel.gauge);
  const colors = Array.isArray(panel.colors) ? panel.colors : [];
  const bounds = (text(panel.thresholds) ?? '').split(',').flatMap((bound) => number(bound) ?? []);
  const steps = [null, ...bounds].map((value, i) => ({ value, color: text(colors[i]) ?? 'text' }));
  const isColored = panel.colorValue === true || panel.colorBackground === true || gauge.show === true;
  const defaults = {
    unit: text(panel.format) ?? 'none',
    decimals: panel.decimals,
    noValue: text(panel.nullText),
    min: gauge.show === true ? gauge.minValue : undefined,
    max: gauge.show === true ? gauge.maxValue : undefined,
    thresholds: { mode: 'absolute', steps: isColored ? steps : [{ value: null, color: 'text' }] },
    mappings: objects(panel.valueMaps).map(({ value, text: shown }) => ({ type: 1, value, text: shown })),
  };
  return {
    ...panel,
    type: gauge.show === true ? 'gauge' : 'stat',
    fieldConfig: withDefaults(panel, defaults, []),
    options: {
      reduceOptions: { calcs: [calcOf(text(panel.valueName) ?? 'avg')] },
      colorMode: panel.colorBackground === true ? 'background' : 'value',
      graphMode: object(panel.sparkline).show === true ? 'area' : 'none',
      ...object(panel.options),
    },
  };
}
