/**
 * Native histograms: one sample that holds a whole distribution.
 *
 * The shape follows Prometheus's float histogram. Bucket `i` of schema `s` covers
 * `(2^(2^-s * (i-1)), 2^(2^-s * i)]`; schema -53 takes its bounds from `customValues`. Spans say which buckets
 * are present: each skips `offset` buckets (the first from index 0, so it may be negative) and covers `length`.
 */

/** A run of consecutive buckets. */
export interface BucketSpan {
  readonly offset: number;
  readonly length: number;
}

/** Whether the counter that feeds the histogram was reset before this sample. */
export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** One native histogram sample; counts are absolute, not deltas. */
export interface NativeHistogram {
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positiveSpans: readonly BucketSpan[];
  readonly positiveCounts: Float64Array;
  readonly negativeSpans: readonly BucketSpan[];
  readonly negativeCounts: Float64Array;
  /** Upper bounds for schema -53, otherwise empty. */
  readonly customValues: Float64Array;
  readonly counterResetHint: CounterResetHint;
}
