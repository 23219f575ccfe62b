/** The options and the style of each kind of panel, in Grafana's words. */
import type { BarGaugePanel } from '../dashboard/bar-gauge.ts';
import type { GaugePanel } from '../dashboard/gauge.ts';
import type { HeatmapPanel } from '../dashboard/heatmap.ts';
import type { HistogramPanel } from '../dashboard/histogram.ts';
import type { LegendSettings } from '../dashboard/legend-settings.ts';
import type { PiePanel } from '../dashboard/pie.ts';
import type { StatPanel } from '../dashboard/stat.ts';
import type { StateTimelinePanel } from '../dashboard/state-timeline.ts';
import type { TimeseriesPanel } from '../dashboard/timeseries.ts';
import type {
  GrafanaLegend,
  GrafanaPanelOptions,
  GrafanaReduceOptions,
  GrafanaTooltip,
} from './json-options.ts';

type Options<Type extends keyof GrafanaPanelOptions> = GrafanaPanelOptions[Type]['options'];
type Style<Type extends keyof GrafanaPanelOptions> = NonNullable<GrafanaPanelOptions[Type]['custom']>;

/** Of a timeseries. */
export function timeseriesOptions(panel: TimeseriesPanel): Options<'timeseries'> {
  return { legend: legendOf(panel), tooltip: tooltipOf(panel) };
}

/** How the lines of a timeseries look. */
export function timeseriesStyle(panel: TimeseriesPanel): Style<'timeseries'> {
  return {
    axisBorderShow: false,
    axisLabel: panel.axisLabel,
    axisPlacement: 'auto',
    drawStyle: panel.draw,
    fillOpacity: panel.fill,
    gradientMode: 'none',
    lineInterpolation: panel.interpolation,
    lineWidth: panel.draw === 'bars' ? 0 : 1.5,
    pointSize: 4,
    scaleDistribution: panel.logarithmic ? { type: 'log', log: 10 } : { type: 'linear' },
    showPoints: 'auto',
    spanNulls: panel.spanGaps,
    stacking: { group: 'A', mode: panel.stack },
    thresholdsStyle: { mode: panel.thresholdStyle },
  };
}

/** Of a stat. */
export function statOptions(panel: StatPanel): Options<'stat'> {
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

/** Of a gauge. */
export function gaugeOptions(panel: GaugePanel): Options<'gauge'> {
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

/** Of a bar gauge. */
export function barGaugeOptions(panel: BarGaugePanel): Options<'bargauge'> {
  return {
    displayMode: panel.display,
    legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: false },
    maxVizHeight: 300,
    minVizHeight: 16,
    minVizWidth: 8,
    namePlacement: 'auto',
    orientation: panel.orientation,
    reduceOptions: reduceBy(panel.calc),
    showUnfilled: panel.unfilled,
    sizing: 'auto',
    valueMode: panel.valueMode,
  };
}

/** Of a heatmap: the buckets are the query's, so nothing is calculated. */
export function heatmapOptions(panel: HeatmapPanel): Options<'heatmap'> {
  return {
    calculate: false,
    cellGap: 1,
    color: {
      mode: 'scheme',
      scheme: panel.scheme,
      steps: panel.steps,
      scale: panel.scale,
      exponent: 0.5,
      fill: 'dark-orange',
      reverse: false,
    },
    exemplars: { color: 'rgba(255,0,255,0.7)' },
    filterValues: { le: panel.hideBelow },
    legend: { show: panel.colorScale },
    rowsFrame: { layout: 'auto' },
    showValue: 'never',
    tooltip: { mode: 'single', showColorScale: panel.colorScale, yHistogram: true },
    yAxis: { axisPlacement: 'left', reverse: false, unit: panel.unit },
  };
}

/** Of a histogram. */
export function histogramOptions(panel: HistogramPanel): Options<'histogram'> {
  const { bucketCount, bucketSize, combine } = panel;
  return {
    ...(bucketCount !== undefined && { bucketCount }),
    ...(bucketSize !== undefined && { bucketSize }),
    combine,
    legend: legendOf(panel),
    tooltip: tooltipOf(panel),
  };
}

/** Of a pie. */
export function pieOptions(panel: PiePanel): Options<'piechart'> {
  return {
    displayLabels: panel.labels,
    legend: {
      calcs: [],
      displayMode: panel.legendValues.length > 0 ? 'table' : 'list',
      placement: panel.legendPlacement === 'bottom' ? 'bottom' : 'right',
      showLegend: panel.legendPlacement !== 'hidden',
      values: panel.legendValues,
    },
    orientation: 'auto',
    pieType: panel.shape,
    reduceOptions: reduceBy(panel.calc),
    sort: 'desc',
    tooltip: { mode: 'single', sort: 'none' },
  };
}

/** Of a state timeline. */
export function stateTimelineOptions(panel: StateTimelinePanel): Options<'state-timeline'> {
  return {
    alignValue: 'left',
    legend: legendOf(panel),
    mergeValues: panel.merge,
    rowHeight: panel.bandHeight,
    showValue: panel.values,
    tooltip: tooltipOf(panel),
  };
}

function legendOf({ calcs, legendPlacement }: Required<LegendSettings>): GrafanaLegend {
  return {
    calcs,
    displayMode: calcs.length > 0 ? 'table' : 'list',
    placement: legendPlacement === 'right' ? 'right' : 'bottom',
    showLegend: legendPlacement !== 'hidden',
  };
}

function tooltipOf({ tooltip }: Required<LegendSettings>): GrafanaTooltip {
  return { mode: tooltip, sort: tooltip === 'multi' ? 'desc' : 'none' };
}

function reduceBy(calc: string): GrafanaReduceOptions {
  return { calcs: [calc], fields: '', values: false };
}
