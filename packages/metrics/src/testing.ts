/**
 * For tests of programs that count: what a metric says, and what a piece of work changed. Values are those of
 * this process, wherever they lie; reading one makes no series.
 *
 *     expect(await changes(metrics, () => upload(file))).toEqual({ 'uploads_total{status="success"}': 1 });
 */
import type { BoundCounter, Counter } from './counter.ts';
import type { BoundGauge, Gauge } from './gauge.ts';
import type { BoundHistogram, Histogram } from './histogram.ts';
import type { Info } from './info.ts';
import { INSIDE, type Metric } from './inside.ts';
import type { LabelledArguments, LabelSpec } from './labels.ts';
import { createRegistry, type PlacedSeries, type Registry, type RegistryOptions } from './registry.ts';
import { isThenable } from './settle.ts';
import type { StateSet } from './state-set.ts';
import { type FamilyShape, layoutOf, type Slots } from './store/store.ts';
import type { BoundSummary, Summary } from './summary.ts';

/** What a series of a histogram says. */
export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  /** Observations up to each bound, cumulative as they are exposed: `{ '0.1': 2, '1': 5, '+Inf': 6 }`. */
  readonly buckets: Readonly<Record<string, number>>;
}

/** What a series of a summary says. */
export interface SummaryValue {
  readonly count: number;
  readonly sum: number;
}

/** By series, as in the text format, how much its value has grown: `{ 'uploads_total{status="success"}': 1 }`. */
export type Changes = Readonly<Record<string, number>>;

/** What {@link changes} looks at: a registry, a metric, or an object (of objects) of metrics and operations. */
export type Watched = Registry | Metric | object;

/** What a series of a histogram says; a series that there is not yet has counted nothing. */
export function value<L extends LabelSpec>(
  metric: Histogram<L>,
  ...labels: LabelledArguments<L, []>
): HistogramValue;
export function value(child: BoundHistogram): HistogramValue;
/** What a series of a summary says; a series that there is not yet has counted nothing. */
export function value<L extends LabelSpec>(
  metric: Summary<L>,
  ...labels: LabelledArguments<L, []>
): SummaryValue;
export function value(child: BoundSummary): SummaryValue;
/** Whether a state set is in a state, 1 or 0: `value(breaker, { upstream: 'billing' }, 'open')`. */
export function value<L extends LabelSpec, State extends string>(
  metric: StateSet<L, State>,
  ...labelsAndState: LabelledArguments<L, [state: State]>
): number;
/** The value of a series; a series that there is not yet is 0. */
export function value<L extends LabelSpec>(
  metric: Counter<L> | Gauge<L> | Info<L>,
  ...labels: LabelledArguments<L, []>
): number;
export function value(child: BoundCounter | BoundGauge): number;
export function value(
  from: Metric | BoundCounter | BoundGauge | BoundHistogram | BoundSummary,
  first?: unknown,
  second?: unknown,
): unknown {
  if ('values' in from) {
    if (!(INSIDE in from)) return from.values[from.index]!;
    const inside = from[INSIDE];
    return inside === 'summary' ? summaryValue(from) : histogramValue(inside, from);
  }
  const stateOf = from[INSIDE].shape.type === 'stateset' ? (second ?? first) : undefined;
  const labels =
    stateOf === undefined
      ? first
      : { ...(second === undefined ? {} : (first as object)), [from.name]: stateOf };
  const { registry, shape, fixed } = from[INSIDE];
  const wanted = {
    ...registry.labels,
    ...fixed,
    ...(labels as Readonly<Record<string, string>> | undefined),
  };
  for (const series of registry.series()) {
    if (series.shape.name !== shape.name || !hasLabels(series, wanted)) continue;
    return valueIn(shape, series);
  }
  return valueIn(shape, { values: new Float64Array(layoutOf(shape).size), index: 0 });
}

function valueIn({ type, bounds = [] }: FamilyShape, slots: Slots): HistogramValue | SummaryValue | number {
  if (type === 'histogram') return histogramValue(bounds, slots);
  return type === 'summary' ? summaryValue(slots) : slots.values[slots.index]!;
}

function summaryValue({ values, index }: Slots): SummaryValue {
  return { count: values[index]!, sum: values[index + 1]! };
}

/**
 * What `work` changes, sync or async: the series whose value differs afterwards, with the difference. Of a
 * histogram these are `_count` and `_sum`. What the watched metrics could not count as asked is there too, as
 * `binnacle_metrics_dropped_total` and `binnacle_series_dropped_total`. Throws what `work` throws.
 * @throws TypeError where there is no metric in what is to be watched
 */
export function changes<R>(
  watched: Watched,
  work: () => R,
): R extends PromiseLike<unknown> ? Promise<Changes> : Changes;
export function changes(watched: Watched, work: () => unknown): Changes | Promise<Changes> {
  if (!isRegistry(watched) && metricsIn(watched).length === 0) {
    throw new TypeError(
      'changes watches a registry, a metric, or an object of metrics; here is none of them',
    );
  }
  const before = reading(watched);
  const difference = (): Changes => {
    const changed: Record<string, number> = {};
    for (const [series, after] of reading(watched)) {
      const was = before.get(series) ?? 0;
      if (!Object.is(after, was)) changed[series] = after - was;
    }
    return changed;
  };
  const result = work();
  return isThenable(result) ? Promise.resolve(result).then(difference) : difference();
}

/**
 * A registry that no other test and no part of the program counts in. Pass it where metrics are defined, best
 * through `defineMetrics`.
 */
export function isolatedRegistry(options: RegistryOptions = {}): Registry {
  return createRegistry(options);
}

function histogramValue(bounds: ArrayLike<number>, { values, index }: Slots): HistogramValue {
  const buckets: Record<string, number> = {};
  let count = 0;
  for (let i = 0; i <= bounds.length; i++) {
    count += values[index + i]!;
    buckets[i < bounds.length ? String(bounds[i]) : '+Inf'] = count;
  }
  return { count, sum: values[index + bounds.length + 1]!, buckets };
}

function hasLabels({ shape, labelValues }: PlacedSeries, wanted: Readonly<Record<string, string>>): boolean {
  return shape.labelNames.every((name, i) => !Object.hasOwn(wanted, name) || wanted[name] === labelValues[i]);
}

/** The values of all watched series by their text. */
function reading(watched: Watched): Map<string, number> {
  const found = new Map<string, number>();
  if (isRegistry(watched)) {
    for (const series of watched.series()) note(found, series);
    return found;
  }
  for (const metric of metricsIn(watched)) {
    const { registry, shape, fixed } = metric[INSIDE];
    for (const series of registry.series()) {
      const own = series.shape.name === shape.name && hasLabels(series, fixed);
      if (own || isDropOf(shape.name, series)) note(found, series);
    }
  }
  return found;
}

function note(found: Map<string, number>, { shape, labelValues, values, index }: PlacedSeries): void {
  const pairs = shape.labelNames.map((name, i) => `${name}=${JSON.stringify(labelValues[i])}`);
  const labels = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
  const value = valueIn(shape, { values, index });
  if (typeof value === 'number') {
    found.set(`${shape.name}${labels}`, value);
    return;
  }
  const { count, sum } = value;
  found.set(`${shape.name}_count${labels}`, count);
  found.set(`${shape.name}_sum${labels}`, sum);
}

function isDropOf(metric: string, { shape, labelValues }: PlacedSeries): boolean {
  return (
    (shape.name === 'binnacle_metrics_dropped_total' || shape.name === 'binnacle_series_dropped_total') &&
    labelValues[shape.labelNames.indexOf('metric')] === metric
  );
}

function isRegistry(watched: Watched): watched is Registry {
  return 'series' in watched && typeof watched.series === 'function';
}

function metricsIn(watched: object, seen = new Set<object>()): Metric[] {
  if (isMetric(watched)) return [watched];
  if (seen.has(watched) || ArrayBuffer.isView(watched)) return [];
  seen.add(watched);
  return Object.values(watched).flatMap((part: unknown) =>
    typeof part === 'object' && part !== null ? metricsIn(part, seen) : [],
  );
}

function isMetric(watched: object): watched is Metric {
  return INSIDE in watched && !('values' in watched);
}
