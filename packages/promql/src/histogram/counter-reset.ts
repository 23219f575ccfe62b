/** Whether the counter behind a histogram was reset, and whether two histograms are the same. */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { commonBounds, customTargets, isCustom, sameBounds } from './bounds.ts';
import { BucketSums } from './bucket-sums.ts';
import { type Buckets, coarser, negativeBuckets, positiveBuckets, withoutEmpty } from './buckets.ts';
import { outsideZero, widenedZero } from './zero-bucket.ts';

/**
 * Whether the counter was reset between two samples: the later one's hint says so, or any of its counts is lower
 * than before. Coarser buckets and a wider zero bucket are no reset, finer ones and a narrower one are.
 */
export function isReset(current: NativeHistogram, previous: NativeHistogram): boolean {
  if (current.counterResetHint === 'reset') return true;
  if (current.counterResetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (isCustom(current.schema)) {
    if (!isCustom(previous.schema)) return true;
    if (!sameBounds(current.customValues, previous.customValues))
      return lostInCommonBuckets(current, previous);
    return anyLower(positiveBuckets(current), positiveBuckets(previous));
  }
  // Custom buckets before have the lowest schema of all.
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const positive = positiveBuckets(previous);
  const negative = negativeBuckets(previous);
  const zero = widenedZero({ ...previous, positive, negative }, current.zeroThreshold);
  if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.count) return true;
  const steps = previous.schema - current.schema;
  const outside = (buckets: Buckets): Buckets =>
    coarser(outsideZero(buckets, previous.schema, current.zeroThreshold), steps);
  return (
    anyLower(positiveBuckets(current), outside(positive)) ||
    anyLower(negativeBuckets(current), outside(negative))
  );
}

/** Whether a bucket has fewer observations than before, or has gone though it had some. */
function anyLower(current: Buckets, previous: Buckets): boolean {
  let at = 0;
  for (let i = 0; i < previous.indices.length; i++) {
    const index = previous.indices[i]!;
    while (at < current.indices.length && current.indices[at]! < index) at++;
    const before = previous.counts[i]!;
    if (current.indices[at] === index ? current.counts[at]! < before : before !== 0) return true;
  }
  return false;
}

function lostInCommonBuckets(current: NativeHistogram, previous: NativeHistogram): boolean {
  const common = commonBounds(current.customValues, previous.customValues);
  const merged = (histogram: NativeHistogram): Buckets => {
    const buckets = new BucketSums(positiveBuckets(histogram));
    buckets.retarget(customTargets(histogram.customValues, common));
    return buckets.finish();
  };
  return anyLower(merged(current), merged(previous));
}

/** Whether two histograms hold the same; empty buckets and hints do not count. */
export function sameHistogram(a: NativeHistogram, b: NativeHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameBounds(a.customValues, b.customValues) &&
    sameBuckets(positiveBuckets(a), positiveBuckets(b)) &&
    sameBuckets(negativeBuckets(a), negativeBuckets(b))
  );
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  const left = withoutEmpty(a);
  const right = withoutEmpty(b);
  return (
    left.indices.length === right.indices.length &&
    left.indices.every((index, i) => index === right.indices[i] && left.counts[i] === right.counts[i])
  );
}
