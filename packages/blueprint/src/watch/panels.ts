/**
 * The panels that watches have in common: how much, how much of it fails, how long it takes, how much is waiting.
 *
 * The limits of alerts are drawn in as dashed lines. Where there can be many lines, the greatest few are shown.
 */
import { type RangeLength, topk } from '@binnacle/promql/builder';
import type { NamedColor } from '../dashboard/color.ts';
import type { Threshold } from '../dashboard/field.ts';
import { type GaugePanel, gauge } from '../dashboard/gauge.ts';
import { type HeatmapPanel, heatmap } from '../dashboard/heatmap.ts';
import type { QuerySpec } from '../dashboard/panel.ts';
import { type PiePanel, pie } from '../dashboard/pie.ts';
import { type TimeseriesPanel, type TimeseriesSpec, timeseries } from '../dashboard/timeseries.ts';
import type { Unit } from '../dashboard/unit-id.ts';
import type { Outcomes } from './outcomes.ts';
import { kept, type Scope, type Series, shareOf } from './scope.ts';
import type { WatchedMetric } from './watched-metric.ts';

/** Lines of one panel, where there can be any number. */
export const LINES_MAX = 5;

/** What every panel of a watch says. */
export interface AboutPanel {
  readonly title: string;
  /** What it means, what is good, and what to do when it is not. */
  readonly description: string;
}

/** The range of a rate in a panel, which follows the dashboard's resolution. */
const RESOLUTION = '$__rate_interval';

/** A query of a panel, with ranges that follow the dashboard's resolution. */
export function asked(build: (window: RangeLength) => Series, legend: string): QuerySpec {
  return { expr: build(RESOLUTION), legend };
}

/** Green below a limit and red from it on, drawn as a dashed line; nothing without a limit. */
export function limit(max: number | undefined): Pick<LinesSpec, 'thresholds' | 'thresholdStyle'> {
  if (max === undefined) return {};
  return { thresholds: [{ color: 'green' }, { value: max, color: 'red' }], thresholdStyle: 'dashed' };
}

/** What lines show, and how they look. */
export interface LinesSpec
  extends Pick<
    TimeseriesSpec,
    'unit' | 'max' | 'colors' | 'thresholds' | 'stack' | 'interpolation' | 'thresholdStyle'
  > {
  readonly queries: readonly QuerySpec[];
}

/** Lines from 0 on. Colours of lines that are not there, since a part of the instrument is absent, are left out. */
export function lines(about: AboutPanel, { colors, ...spec }: LinesSpec): TimeseriesPanel {
  const legends = spec.queries.map(({ legend = '' }) => legend);
  const mayBeAny = legends.some((legend) => legend.includes('{{'));
  const shown = Object.entries(colors ?? {}).filter(([name]) => mayBeAny || legends.includes(name));
  return timeseries({
    min: 0,
    ...about,
    ...spec,
    ...(shown.length > 0 && { colors: Object.fromEntries(shown) }),
  });
}

/** How often, by how it ended. */
export function endings(outcomes: Outcomes, about: AboutPanel, unit: Unit = 'ops'): TimeseriesPanel {
  const { of, label } = outcomes;
  const mayBeMany = label !== undefined && of.labels[label] === 'open';
  const queries = outcomes.lines(RESOLUTION).map(
    ({ legend, series }): QuerySpec => ({
      expr: mayBeMany ? topk(LINES_MAX, series) : series,
      legend,
    }),
  );
  const parts = queries.length === 1;
  return lines(about, {
    queries,
    unit,
    colors: outcomes.colors,
    // The endings of one counter are parts of a whole; created, completed and failed are not.
    stack: parts ? 'normal' : 'none',
  });
}

/** How often per second, the greatest few by a label; undefined where the metric does not have it. */
export function busiest(
  scope: Scope,
  metric: WatchedMetric,
  by: string | undefined,
  about: AboutPanel,
  unit: Unit = 'ops',
): TimeseriesPanel | undefined {
  if (by === undefined || kept(metric, by).length === 0) return undefined;
  const query = asked((window) => topk(LINES_MAX, scope.events(metric, 'rate', window, { by })), `{{${by}}}`);
  return lines(about, { queries: [query], unit });
}

/** Which share fails, held against the limit of its alert; undefined where nothing tells failures. */
export function failureShare(
  outcomes: Outcomes,
  about: AboutPanel,
  shareMax: number,
): TimeseriesPanel | undefined {
  const { failed } = outcomes;
  if (failed === undefined) return undefined;
  const share = (window: RangeLength): Series =>
    shareOf(failed('rate', window), outcomes.ended('rate', window));
  return lines(about, {
    queries: [asked(share, 'failed')],
    unit: 'percentunit',
    colors: { failed: 'red' },
    ...limit(shareMax),
  });
}

/** Which share fails by a label, the greatest few; undefined where the metric does not have it. */
export function failureShareBy(
  outcomes: Outcomes,
  by: string | undefined,
  about: AboutPanel,
  shareMax: number,
): TimeseriesPanel | undefined {
  const { failed } = outcomes;
  if (failed === undefined || by === undefined || kept(outcomes.of, by).length === 0) return undefined;
  const share = (window: RangeLength): Series =>
    topk(LINES_MAX, shareOf(failed('rate', window, by), outcomes.ended('rate', window, by)));
  return lines(about, { queries: [asked(share, `{{${by}}}`)], unit: 'percentunit', ...limit(shareMax) });
}

/** Which share ends well, as a gauge; green as long as no more fails than its alert allows. */
export function successShare(
  outcomes: Outcomes,
  about: AboutPanel,
  shareMax: number,
): GaugePanel | undefined {
  const { failed, succeeded } = outcomes;
  if (failed === undefined || succeeded === undefined) return undefined;
  const green = Number((1 - shareMax).toPrecision(6));
  const orange = Number(Math.max(0, 1 - 2 * shareMax).toPrecision(6));
  const thresholds: Threshold[] = [
    { color: 'red' },
    ...(orange > 0 ? [{ value: orange, color: 'orange' } as const] : []),
    { value: green, color: 'green' },
  ];
  return gauge({
    ...about,
    expr: shareOf(succeeded('rate', RESOLUTION), outcomes.ended('rate', RESOLUTION)),
    unit: 'percentunit',
    noValue: 'nothing yet',
    thresholds,
  });
}

/** Shades from light to dark, because a higher quantile is not a worse one. */
const QUANTILES: readonly (readonly [q: number, legend: string, color: NamedColor])[] = [
  [0.5, 'median', 'light-blue'],
  [0.95, '95 %', 'blue'],
  [0.99, '99 %', 'dark-blue'],
];

/** How long it takes, or how large it is: the median, and what 95 and 99 of 100 stay below. */
export function quantiles(
  scope: Scope,
  histogram: WatchedMetric,
  about: AboutPanel,
  { unit = 's', max }: { readonly unit?: Unit; readonly max?: number | undefined } = {},
): TimeseriesPanel {
  return lines(about, {
    queries: QUANTILES.map(([q, legend]) => asked((window) => scope.quantile(q, histogram, window), legend)),
    unit,
    colors: Object.fromEntries(QUANTILES.map(([, legend, color]) => [legend, color])),
    ...limit(max),
  });
}

/** What 95 of 100 stay below, the greatest few by a label; undefined where the histogram does not have it. */
export function slowest(
  scope: Scope,
  histogram: WatchedMetric,
  by: string | undefined,
  about: AboutPanel,
  { unit = 's', max }: { readonly unit?: Unit; readonly max?: number | undefined } = {},
): TimeseriesPanel | undefined {
  if (by === undefined || kept(histogram, by).length === 0) return undefined;
  const query = asked((window) => topk(LINES_MAX, scope.quantile(0.95, histogram, window, by)), `{{${by}}}`);
  return lines(about, { queries: [query], unit, ...limit(max) });
}

/** How a classic histogram moves over time; undefined for a native one, whose buckets Grafana does not draw so. */
export function distribution(
  scope: Scope,
  histogram: WatchedMetric,
  about: AboutPanel,
  unit: Unit = 's',
): HeatmapPanel | undefined {
  if (histogram.buckets === 'native') return undefined;
  return heatmap({
    ...about,
    queries: [asked((window) => scope.bucketIncreases(histogram, window), '{{le}}')],
    unit,
  });
}

/** What all events of the shown time were, by a label; undefined where the metric does not have it. */
export function reasons(
  scope: Scope,
  metric: WatchedMetric,
  by: string | undefined,
  about: AboutPanel,
): PiePanel | undefined {
  if (by === undefined || kept(metric, by).length === 0) return undefined;
  return pie({
    ...about,
    queries: [
      {
        expr: topk(2 * LINES_MAX, scope.events(metric, 'increase', '$__range', { by })),
        legend: `{{${by}}}`,
      },
    ],
    unit: 'short',
    decimals: 0,
    noValue: 'none',
  });
}

/** One gauge of a panel of levels. */
export interface Level {
  readonly legend: string;
  readonly metric: WatchedMetric;
  readonly color?: NamedColor;
  /** Kept apart; its value is the legend then. */
  readonly by?: string | undefined;
}

/** Numbers of things as they are: steps, since nothing lies between 3 and 4. */
export function levels(
  scope: Scope,
  gauges: readonly Level[],
  about: AboutPanel,
  { unit = 'short', max }: { readonly unit?: Unit; readonly max?: number | undefined } = {},
): TimeseriesPanel | undefined {
  if (gauges.length === 0) return undefined;
  const queries = gauges.map(({ metric, legend, by }) => {
    const [apart] = kept(metric, by);
    if (apart === undefined) return asked(() => scope.level(metric), legend);
    return asked(() => topk(LINES_MAX, scope.level(metric, { by })), `{{${apart}}}`);
  });
  const colors = gauges.flatMap(({ legend, color }) =>
    color === undefined ? [] : [[legend, color] as const],
  );
  return lines(about, {
    queries,
    unit,
    interpolation: 'stepAfter',
    ...(colors.length > 0 && { colors: Object.fromEntries(colors) }),
    ...limit(max),
  });
}
