/**
 * The operators `</` and `>/`: what a histogram has below or above a value.
 *
 * A bucket that the value cuts keeps the share of its observations that lies on the wanted side; how they are spread
 * within the bucket is taken as it is for quantiles. As soon as anything is cut off, count and sum are those of what
 * is left, each bucket's observations taken to be in the middle of their part of it.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { boundOf, isCustom } from './bounds.ts';
import { type Buckets, compacted, negativeBuckets, positiveBuckets } from './buckets.ts';
import { fractionBelow } from './quantile.ts';

/** What is left of a bucket, and where it is taken to be. */
interface Kept {
  readonly count: number;
  readonly middle: number;
}

/** The part of a histogram above a value, or below it. */
export function trimmed(histogram: NativeHistogram, value: number, keep: 'above' | 'below'): NativeHistogram {
  const total = { count: 0, sum: 0, cut: false };
  const positive = trimSide(histogram, positiveBuckets(histogram), 1, value, keep, total);
  const negative = trimSide(histogram, negativeBuckets(histogram), -1, value, keep, total);
  let zeroCount = histogram.zeroCount;
  if (zeroCount > 0) {
    const { zeroThreshold, positiveCounts, negativeCounts } = histogram;
    const hasPositive = positiveCounts.some((count) => count !== 0);
    const hasNegative = negativeCounts.some((count) => count !== 0);
    const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
    const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
    const kept = trimZero(zeroCount, lower, upper, value, keep);
    if (kept.count !== zeroCount) total.cut = true;
    zeroCount = kept.count;
    total.count += kept.count;
    total.sum += kept.count * kept.middle;
  }
  if (!total.cut) return histogram;
  return compacted({
    ...histogram,
    count: total.count,
    sum: total.sum,
    zeroCount,
    positiveCounts: positive,
    negativeCounts: negative,
  });
}

/** The counts that are left on one side of zero; adds them to the total. */
function trimSide(
  { schema, customValues }: NativeHistogram,
  { indices, counts }: Buckets,
  side: 1 | -1,
  value: number,
  keep: 'above' | 'below',
  total: { count: number; sum: number; cut: boolean },
): Float64Array {
  const custom = isCustom(schema);
  const result = counts.slice();
  for (let i = 0; i < indices.length; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    const inner = side * boundOf(indices[i]! - 1, schema, customValues);
    const outer = side * boundOf(indices[i]!, schema, customValues);
    const [lower, upper] = side > 0 ? [inner, outer] : [outer, inner];
    const kept = trimBucket(count, lower, upper, value, keep, custom, side);
    result[i] = kept.count;
    total.count += kept.count;
    // What is not there has no place.
    if (kept.count !== 0) total.sum += kept.count * kept.middle;
    if (kept.count !== count) total.cut = true;
  }
  return result;
}

function trimBucket(
  count: number,
  lower: number,
  upper: number,
  value: number,
  keep: 'above' | 'below',
  custom: boolean,
  side: 1 | -1,
): Kept {
  const middle = (from: number, to: number): number => middleOf(from, to, side, custom);
  if (keep === 'below') {
    if (upper <= value) return { count, middle: middle(lower, upper) };
    if (!(lower < value)) return { count: 0, middle: 0 };
    if (upper === Infinity || lower === -Infinity) return cutInfiniteBelow(count, lower, upper, value);
    return { count: count * fractionBelow(value, lower, upper, custom), middle: middle(lower, value) };
  }
  if (lower >= value) return { count, middle: middle(lower, upper) };
  if (!(upper > value)) return { count: 0, middle: 0 };
  if (upper === Infinity || lower === -Infinity) return cutInfiniteAbove(count, lower, upper, value);
  return { count: count - count * fractionBelow(value, lower, upper, custom), middle: middle(value, upper) };
}

/** What lies below a value inside of a bucket without an end: nobody knows, unless it can be taken to begin at 0. */
function cutInfiniteBelow(count: number, lower: number, upper: number, value: number): Kept {
  if (lower !== -Infinity) return { count: 0, middle: 0 };
  if (value > 0 && upper !== Infinity) return { count: (count * value) / upper, middle: value / 2 };
  return upper <= 0 ? { count, middle: value } : { count: 0, middle: 0 };
}

/** What lies above a value inside of a bucket without an end. */
function cutInfiniteAbove(count: number, lower: number, upper: number, value: number): Kept {
  if (lower !== -Infinity) return { count, middle: value };
  if (value >= 0 && upper !== Infinity)
    return { count: count * (1 - value / upper), middle: (value + upper) / 2 };
  return { count: 0, middle: 0 };
}

function trimZero(count: number, lower: number, upper: number, value: number, keep: 'above' | 'below'): Kept {
  const whole = { count, middle: (lower + upper) / 2 };
  const nothing = { count: 0, middle: 0 };
  if (value <= lower) return keep === 'below' ? nothing : whole;
  if (value >= upper) return keep === 'below' ? whole : nothing;
  return keep === 'below'
    ? { count: (count * (value - lower)) / (upper - lower), middle: (lower + value) / 2 }
    : { count: (count * (upper - value)) / (upper - lower), middle: (value + upper) / 2 };
}

/** Where the observations of a stretch are taken to be; of one without an end at the end that it has. */
function middleOf(lower: number, upper: number, side: 1 | -1, linear: boolean): number {
  const endless = [lower, upper].filter((bound) => Math.abs(bound) === Infinity).length;
  if (endless === 2) return 0;
  if (Math.abs(lower) === Infinity) return upper > 0 ? upper / 2 : upper;
  if (Math.abs(upper) === Infinity) return lower;
  return linear ? (lower + upper) / 2 : side * Math.sqrt(Math.abs(lower * upper));
}
