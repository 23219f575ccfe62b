/**
 * What a registry hands to a format's writer: families with their current values, already added up over
 * processes. Each writer (text, later OpenMetrics and protobuf) renders the same families.
 */

interface FamilyBase {
  /** The whole name, with its suffix where it has one: `uploads_total`. */
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly labelNames: readonly string[];
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
}

export interface ScalarFamily extends FamilyBase {
  readonly type: 'counter' | 'gauge' | 'info';
  readonly series: readonly ScalarSeries[];
}

/** One series of a classic histogram. */
export interface HistogramSeries {
  readonly labelValues: readonly string[];
  /** Observations per bucket, not cumulative; one more than the family's `bounds`, the last for `+Inf`. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
  readonly createdMs?: number | undefined;
}

export interface HistogramFamily extends FamilyBase {
  readonly type: 'histogram';
  /** Upper bounds, inclusive, increasing, without `+Inf`. */
  readonly bounds: readonly number[];
  readonly series: readonly HistogramSeries[];
}

export type Family = ScalarFamily | HistogramFamily;
