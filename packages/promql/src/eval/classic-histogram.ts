/**
 * Quantiles and fractions of classic histograms.
 *
 * The buckets of a histogram are the series that differ in `le` only; they are gathered and sorted once, and each
 * step reads their counts. Within a bucket observations are taken to be spread evenly.
 */
import type { Labels } from '@binnacle/metrics/model';
import type { Column } from './column.ts';

/** Differences of neighbouring buckets below this share are noise of floating point. */
const NOISE = 1e-12;
const LE: ReadonlySet<string> = new Set(['le']);

/** The smallest normal double. */
const LEAST_NORMAL = 2 ** -1022;

/** The buckets of one histogram, by upper bound. */
export interface ClassicHistogram {
  /** Without `le`. */
  readonly labels: Labels;
  readonly buckets: readonly { readonly upperBound: number; readonly column: Column }[];
}

/**
 * Groups series to histograms.
 * @param malformed called with each series whose `le` is no number
 */
export function histogramsOf(
  columns: readonly Column[],
  malformed: (column: Column, le: string) => void,
): ClassicHistogram[] {
  const histograms = new Map<string, { labels: Labels; buckets: { upperBound: number; column: Column }[] }>();
  for (const column of columns) {
    const le = column.labels.get('le');
    const upperBound = parseBound(le);
    if (upperBound === undefined) {
      malformed(column, le);
      continue;
    }
    const labels = column.labels.without(LE);
    let histogram = histograms.get(labels.key);
    if (histogram === undefined) {
      histogram = { labels, buckets: [] };
      histograms.set(labels.key, histogram);
    }
    histogram.buckets.push({ upperBound, column });
  }
  for (const { buckets } of histograms.values()) buckets.sort((a, b) => a.upperBound - b.upperBound || 0);
  return [...histograms.values()];
}

/** Counts of a histogram at one step, cumulative; reused from step to step. */
export class BucketCounts {
  readonly bounds: Float64Array;
  readonly counts: Float64Array;
  size = 0;
  /** What {@link makeMonotonic} had to change beyond noise. */
  forced: { minBucket: number; maxBucket: number; maxDiff: number } | undefined;

  constructor(capacity: number) {
    this.bounds = new Float64Array(capacity);
    this.counts = new Float64Array(capacity);
  }

  /** Takes the counts of a step; buckets with equal bounds become one. Returns whether there are any. */
  read({ buckets }: ClassicHistogram, step: number): boolean {
    this.size = 0;
    this.forced = undefined;
    for (const { upperBound, column } of buckets) {
      if (column.present[step] === 0) continue;
      const last = this.size - 1;
      if (last >= 0 && this.bounds[last] === upperBound) {
        this.counts[last] = this.counts[last]! + column.values[step]!;
        continue;
      }
      this.bounds[this.size] = upperBound;
      this.counts[this.size++] = column.values[step]!;
    }
    return this.size > 0;
  }

  /** Raises counts that are below the one before, which scrapes that are not atomic can cause. */
  makeMonotonic(): void {
    let before = this.counts[0]!;
    for (let i = 1; i < this.size; i++) {
      const count = this.counts[i]!;
      if (count === before) continue;
      if (almostEqual(before, count)) this.counts[i] = before;
      else if (count < before) {
        this.counts[i] = before;
        const bound = this.bounds[i]!;
        this.forced ??= {
          minBucket: Number.POSITIVE_INFINITY,
          maxBucket: Number.NEGATIVE_INFINITY,
          maxDiff: 0,
        };
        this.forced.minBucket = Math.min(this.forced.minBucket, bound);
        this.forced.maxBucket = Math.max(this.forced.maxBucket, bound);
        this.forced.maxDiff = Math.max(this.forced.maxDiff, before - count);
      } else before = count;
    }
  }
}

/** The φ-quantile; NaN without a `+Inf` bucket or without observations. */
export function bucketQuantile(q: number, buckets: BucketCounts): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const { bounds, counts, size } = buckets;
  if (bounds[size - 1] !== Number.POSITIVE_INFINITY) return Number.NaN;
  buckets.makeMonotonic();
  if (size < 2) return Number.NaN;
  const observations = counts[size - 1]!;
  if (observations === 0) return Number.NaN;
  let rank = q * observations;
  let at = 0;
  while (at < size - 1 && !(counts[at]! >= rank)) at++;
  if (at === size - 1) return bounds[size - 2]!;
  if (at === 0 && bounds[0]! <= 0) return bounds[0]!;
  let lower = 0;
  let count = counts[at]!;
  if (at > 0) {
    lower = bounds[at - 1]!;
    count -= counts[at - 1]!;
    rank -= counts[at - 1]!;
  }
  return lower + (bounds[at]! - lower) * (rank / count);
}

/** Which share of the observations lies between two values. */
export function bucketFraction(lower: number, upper: number, buckets: BucketCounts): number {
  const { bounds, counts, size } = buckets;
  if (bounds[size - 1] !== Number.POSITIVE_INFINITY) return Number.NaN;
  const count = counts[size - 1]!;
  if (count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const rankOf = (value: number): number => {
    let rank = 0;
    for (let i = 0; i < size; i++) {
      const from = i > 0 ? bounds[i - 1]! : bounds[0]! <= 0 ? Number.NEGATIVE_INFINITY : 0;
      const to = bounds[i]!;
      if (from >= value) return rank;
      if (to > value) {
        return from === Number.NEGATIVE_INFINITY
          ? counts[i]!
          : rank + ((counts[i]! - rank) * (value - from)) / (to - from);
      }
      rank = counts[i]!;
    }
    return count;
  };
  return (Math.min(rankOf(upper), count) - Math.min(rankOf(lower), count)) / count;
}

/** A bucket's bound as Go's `ParseFloat` reads it. */
function parseBound(text: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(text))
    return text[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < LEAST_NORMAL) return difference < NOISE * LEAST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < NOISE;
}
