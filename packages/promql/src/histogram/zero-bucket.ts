/**
 * Zero buckets of different widths.
 *
 * Two histograms can be added or compared only when their zero buckets are equally wide, so the narrower one is
 * widened: buckets that lie within the new width become a part of it. A width that would cut a filled bucket in two
 * is widened further, to that bucket's outer bound.
 */
import { exponentialBound } from './bounds.ts';
import type { Buckets } from './buckets.ts';

/** What widening looks at. */
export interface Zeroed {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

/** A zero bucket. */
export interface ZeroBucket {
  readonly threshold: number;
  readonly count: number;
}

/**
 * The zero bucket of a histogram if it were at least as wide as `threshold`, which is not below the present one.
 */
export function widenedZero(histogram: Zeroed, threshold: number): ZeroBucket {
  const { schema, zeroThreshold, zeroCount, positive, negative } = histogram;
  if (threshold === zeroThreshold) return { threshold, count: zeroCount };
  let wanted = threshold;
  for (;;) {
    const right = swallowed(positive, schema, wanted);
    // A bucket that is cut on the negative side changes what the positive side gives.
    const left = swallowed(negative, schema, right.threshold);
    if (left.threshold === right.threshold)
      return { threshold: left.threshold, count: zeroCount + right.count + left.count };
    wanted = left.threshold;
  }
}

/** The observations of one side up to a threshold, and the threshold, moved outwards where it cuts a bucket. */
function swallowed({ indices, counts }: Buckets, schema: number, threshold: number): ZeroBucket {
  let count = 0;
  for (let i = 0; i < indices.length; i++) {
    if (exponentialBound(indices[i]! - 1, schema) >= threshold) break;
    count += counts[i]!;
    const outer = exponentialBound(indices[i]!, schema);
    if (outer > threshold) return { threshold: counts[i] === 0 ? threshold : outer, count };
  }
  return { threshold, count };
}

/** The buckets that do not lie within a zero bucket. */
export function outsideZero(buckets: Buckets, schema: number, threshold: number): Buckets {
  const { indices, counts } = buckets;
  let first = 0;
  if (threshold > 0)
    while (first < indices.length && exponentialBound(indices[first]!, schema) <= threshold) first++;
  return first === 0 ? buckets : { indices: indices.subarray(first), counts: counts.subarray(first) };
}
