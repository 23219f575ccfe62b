/**
 * Quantiles, fractions and the variance of native histograms.
 *
 * Within an exponential bucket observations are taken to be spread as a finer histogram would show them, evenly on a
 * logarithmic scale; within custom buckets and the zero bucket they are spread evenly. A zero bucket with filled
 * buckets on one side only is taken to reach to that side only.
 *
 * Observations of NaN are in no bucket, but they count: they make the sum NaN and the count greater than that of all
 * buckets.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { KahanSum } from '../eval/kahan.ts';
import { isCustom } from './bounds.ts';
import { BucketList } from './buckets.ts';

/** What observations of NaN did to a result. */
export type NaNEffect = 'quantile is NaN' | 'quantile is skewed' | 'fraction excludes';

const list = new BucketList();

/**
 * The φ-quantile.
 * @param affected called when there are observations of NaN
 */
export function quantile(q: number, histogram: NativeHistogram, affected: (how: NaNEffect) => void): number {
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const observations = histogram.count;
  if (observations === 0 || Number.isNaN(q)) return Number.NaN;
  const custom = isCustom(histogram.schema);
  const hasNaN = Number.isNaN(histogram.sum);
  list.read(histogram);
  // From the nearer end, which is more exact; NaN would be at the upper end.
  const forward = hasNaN || q < 0.5;
  let rank = (forward ? q : 1 - q) * observations;
  let count = 0;
  let at = -1;
  for (let i = 0; i < list.size; i++) {
    const place = forward ? i : list.size - 1 - i;
    at = place;
    if (list.counts[place] === 0) continue;
    count += list.counts[place]!;
    if (count >= rank) break;
  }
  const inBucket = at < 0 ? 0 : list.counts[at]!;
  let lower = at < 0 ? 0 : list.lower[at]!;
  let upper = at < 0 ? 0 : list.upper[at]!;
  if (custom) {
    if (lower === Number.NEGATIVE_INFINITY) {
      if (upper <= 0) return upper;
      lower = 0;
    } else if (upper === Number.POSITIVE_INFINITY) return lower;
  } else if (lower < 0 && upper > 0) ({ lower, upper } = oneSided(histogram, lower, upper));
  // Rounding may have made the buckets hold more than there is.
  count = Math.min(count, observations);
  if (count < rank) {
    if (!hasNaN) return upper;
    affected('quantile is NaN');
    return Number.NaN;
  }
  rank = forward ? rank - (count - inBucket) : count - rank;
  if (hasNaN) {
    for (let i = at + 1; i < list.size; i++) count += list.counts[i]!;
    if (count < observations) affected('quantile is skewed');
  }
  const fraction = rank / inBucket;
  if (custom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  return lower > 0
    ? 2 ** (logLower + (logUpper - logLower) * fraction)
    : -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/**
 * Which share of the observations lies between two values.
 * @param affected called when there are observations of NaN
 */
export function fraction(
  lower: number,
  upper: number,
  histogram: NativeHistogram,
  affected: (how: NaNEffect) => void,
): number {
  const observations = histogram.count;
  if (observations === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  list.read(histogram);
  let count = observations;
  if (Number.isNaN(histogram.sum)) {
    count = 0;
    for (let i = 0; i < list.size; i++) count += list.counts[i]!;
    if (count < observations) affected('fraction excludes');
  }
  const below = (value: number): number => Math.min(rankOf(value, histogram), count);
  return (below(upper) - below(lower)) / observations;
}

/** How many observations of the list lie below a value; infinite when all do. */
function rankOf(value: number, histogram: NativeHistogram): number {
  const custom = isCustom(histogram.schema);
  let rank = 0;
  for (let i = 0; i < list.size; i++) {
    let from = list.lower[i]!;
    let to = list.upper[i]!;
    const count = list.counts[i]!;
    const zero = from <= 0 && to >= 0;
    if (zero) ({ lower: from, upper: to } = oneSided(histogram, from, to));
    if (from >= value) return rank;
    if (to > value) {
      if (from === Number.NEGATIVE_INFINITY) return custom || zero ? count : rank;
      return rank + count * fractionBelow(value, from, to, custom || zero);
    }
    rank += count;
  }
  return Number.POSITIVE_INFINITY;
}

/** The share of a bucket's observations that lies below a value inside of it. */
export function fractionBelow(value: number, lower: number, upper: number, linear: boolean): number {
  if (linear) return (value - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  return value > 0
    ? (logValue - logLower) / (logUpper - logLower)
    : 1 - (logValue - logUpper) / (logLower - logUpper);
}

/** A zero bucket reaches to the side only where there are buckets, when they are all on one side. */
function oneSided(
  { positiveCounts, negativeCounts }: NativeHistogram,
  lower: number,
  upper: number,
): { readonly lower: number; readonly upper: number } {
  if (negativeCounts.length === 0 && positiveCounts.length > 0) return { lower: 0, upper };
  if (positiveCounts.length === 0 && negativeCounts.length > 0) return { lower, upper: 0 };
  return { lower, upper };
}

/** The variance, as if all observations of a bucket were in its middle: the geometric one of exponential buckets. */
export function variance(histogram: NativeHistogram): number {
  const { schema, sum, count } = histogram;
  const mean = sum / count;
  const squares = new KahanSum();
  list.read(histogram);
  for (let i = 0; i < list.size; i++) {
    if (list.counts[i] === 0) continue;
    const lower = list.lower[i]!;
    const upper = list.upper[i]!;
    const zero = lower <= 0 && upper >= 0;
    let middle = 0;
    if (isCustom(schema)) middle = (upper + lower) / 2;
    else if (!zero) middle = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1);
    const delta = middle - mean;
    squares.add(list.counts[i]! * delta * delta);
  }
  return (squares.sum + squares.lost) / count;
}
