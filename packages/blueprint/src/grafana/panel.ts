/** One panel as Grafana's JSON: what all kinds share, then each kind's options. */
import type { GaugePanel } from '../dashboard/gauge.ts';
import type { Panel } from '../dashboard/panel.ts';
import type { StatPanel } from '../dashboard/stat.ts';
import type { TimeseriesPanel } from '../dashboard/timeseries.ts';
import type {
  GrafanaDatasource,
  GrafanaFieldConfig,
  GrafanaGaugeOptions,
  GrafanaMapping,
  GrafanaOverride,
  GrafanaPanel,
  GrafanaReduceOptions,
  GrafanaStatOptions,
  GrafanaTarget,
  GrafanaThresholds,
  GrafanaTimeseriesOptions,
  GrafanaTimeseriesStyle,
  GridPos,
} from './json.ts';

/** Renders one panel. */
export function renderPanel(
  panel: Panel,
  id: number,
  gridPos: GridPos,
  datasource: GrafanaDatasource,
): GrafanaPanel {
  const common = {
    id,
    title: panel.title,
    description: panel.description ?? '',
    datasource,
    gridPos,
    targets: targetsOf(panel, datasource),
    fieldConfig: { defaults: fieldConfigOf(panel), overrides: overridesOf(panel) },
  };
  switch (panel.type) {
    case 'timeseries':
      return { ...common, type: panel.type, options: timeseriesOptions(panel) };
    case 'stat':
      return { ...common, type: panel.type, options: statOptions(panel) };
    case 'gauge':
      return { ...common, type: panel.type, options: gaugeOptions(panel) };
  }
}

function targetsOf(panel: Panel, datasource: GrafanaDatasource): GrafanaTarget[] {
  return panel.queries.map((query, i) => ({
    refId: refIdOf(i),
    datasource,
    editorMode: 'code',
    expr: query.expr,
    legendFormat: query.legend === '' ? '__auto' : query.legend,
    range: !query.instant,
    instant: query.instant,
  }));
}

/** A to Z, then AA, AB and so on. */
function refIdOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : refIdOf(Math.floor(index / 26) - 1) + last;
}

function fieldConfigOf(panel: Panel): GrafanaFieldConfig {
  return {
    color: { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' },
    ...(panel.type === 'timeseries' && { custom: timeseriesStyle(panel) }),
    ...(panel.decimals !== undefined && { decimals: panel.decimals }),
    mappings: mappingsOf(panel),
    ...(panel.max !== undefined && { max: panel.max }),
    ...(panel.min !== undefined && { min: panel.min }),
    ...(panel.noValue !== undefined && { noValue: panel.noValue }),
    thresholds: thresholdsOf(panel),
    unit: panel.unit,
  };
}

function thresholdsOf(panel: Panel): GrafanaThresholds {
  const base = panel.type === 'stat' ? 'text' : 'green';
  const steps = panel.thresholds ?? [{ color: base }];
  return { mode: 'absolute', steps: steps.map(({ color, value }) => ({ color, value: value ?? null })) };
}

function mappingsOf(panel: Panel): GrafanaMapping[] {
  const texts = Object.entries(panel.mappings ?? {});
  if (texts.length === 0) return [];
  return [
    {
      type: 'value',
      options: Object.fromEntries(texts.map(([value, shown], index) => [value, { ...shown, index }])),
    },
  ];
}

function overridesOf(panel: Panel): GrafanaOverride[] {
  return Object.entries(panel.colors ?? {}).map(([name, fixedColor]) => ({
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
  }));
}

function timeseriesStyle(panel: TimeseriesPanel): GrafanaTimeseriesStyle {
  return {
    axisBorderShow: false,
    axisLabel: '',
    axisPlacement: 'auto',
    drawStyle: panel.draw,
    fillOpacity: panel.fill,
    gradientMode: 'none',
    lineInterpolation: panel.interpolation,
    lineWidth: panel.draw === 'bars' ? 0 : 1.5,
    pointSize: 4,
    scaleDistribution: panel.logarithmic ? { type: 'log', log: 10 } : { type: 'linear' },
    showPoints: 'auto',
    spanNulls: false,
    stacking: { group: 'A', mode: panel.stack },
    thresholdsStyle: { mode: panel.thresholdStyle },
  };
}

function timeseriesOptions(panel: TimeseriesPanel): GrafanaTimeseriesOptions {
  return {
    legend: {
      calcs: panel.calcs,
      displayMode: panel.calcs.length > 0 ? 'table' : 'list',
      placement: panel.legendPlacement === 'right' ? 'right' : 'bottom',
      showLegend: panel.legendPlacement !== 'hidden',
    },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
}

function statOptions(panel: StatPanel): GrafanaStatOptions {
  return {
    colorMode: panel.colorMode,
    graphMode: panel.graph,
    justifyMode: 'auto',
    orientation: 'auto',
    percentChangeColorMode: 'standard',
    reduceOptions: reduceBy(panel.calc),
    showPercentChange: false,
    textMode: panel.textMode,
    wideLayout: true,
  };
}

function gaugeOptions(panel: GaugePanel): GrafanaGaugeOptions {
  return {
    minVizHeight: 75,
    minVizWidth: 75,
    orientation: 'auto',
    reduceOptions: reduceBy(panel.calc),
    showThresholdLabels: false,
    showThresholdMarkers: panel.markers,
    sizing: 'auto',
  };
}

function reduceBy(calc: string): GrafanaReduceOptions {
  return { calcs: [calc], fields: '', values: false };
}
