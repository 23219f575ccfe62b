/**
 * What a registry hands to a format's writer: families with their current values, already added up over
 * processes. Each writer (text, OpenMetrics and protobuf) renders the same families.
 */
import type { NativeHistogram } from '../model/native-histogram.ts';

interface FamilyBase {
  /** The whole name, with its suffix where it has one: `uploads_total`. */
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly labelNames: readonly string[];
}

/** An observation that stands for many, with what leads to it, such as the id of a trace. */
export interface Exemplar {
  /** Names and values, together at most 128 characters. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  /** Unix milliseconds; undefined where it is not known. */
  readonly timestampMs: number | undefined;
}

/** One series of a family with single values. */
export interface ScalarSeries {
  /** In the order of the family's `labelNames`. */
  readonly labelValues: readonly string[];
  /** Labels beside the family's own, such as the worker of a gauge that is kept per worker. */
  readonly extraLabels?: readonly (readonly [string, string])[] | undefined;
  readonly value: number;
  /** Unix milliseconds at which the series began to count; gauges have none. */
  readonly createdMs?: number | undefined;
  /** Counters only. */
  readonly exemplar?: Exemplar | undefined;
}

/**
 * A state set has a series of value 0 or 1 for each state; the label that names the state is the last one and has
 * the name of the family.
 */
export interface ScalarFamily extends FamilyBase {
  readonly type: 'counter' | 'gauge' | 'info' | 'stateset';
  readonly series: readonly ScalarSeries[];
  /** Where present, the values of all series once more, one behind the other: reading them is much faster. */
  readonly values?: ArrayLike<number>;
}

/** One series of a histogram, classic, native, or both. */
export interface HistogramSeries {
  readonly labelValues: readonly string[];
  /** Observations per bucket, not cumulative; one more than the family's `bounds`, the last for `+Inf`. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
  readonly createdMs?: number | undefined;
  /** By bucket, undefined where a bucket has none. */
  readonly exemplars?: readonly (Exemplar | undefined)[] | undefined;
  /** The same observations in exponential buckets. */
  readonly native?: NativeHistogram | undefined;
}

export interface HistogramFamily extends FamilyBase {
  readonly type: 'histogram';
  /** Upper bounds, inclusive, increasing, without `+Inf`; none where the histogram is only native. */
  readonly bounds: readonly number[];
  readonly series: readonly HistogramSeries[];
}

/** Whether counts may go down; all series of a family are alike in this. */
export function isGaugeHistogram({ series }: HistogramFamily): boolean {
  return series[0]?.native?.counterResetHint === 'gauge';
}

/** One series of a summary. */
export interface SummarySeries {
  readonly labelValues: readonly string[];
  /** Of everything observed since {@link createdMs}. */
  readonly sum: number;
  readonly count: number;
  /** By quantile of the family, of what was observed lately; NaN where that is nothing. */
  readonly quantileValues: ArrayLike<number>;
  readonly createdMs?: number | undefined;
}

export interface SummaryFamily extends FamilyBase {
  readonly type: 'summary';
  /** From 0 to 1, increasing; may be empty. */
  readonly quantiles: readonly number[];
  readonly series: readonly SummarySeries[];
}

export type Family = ScalarFamily | HistogramFamily | SummaryFamily;
