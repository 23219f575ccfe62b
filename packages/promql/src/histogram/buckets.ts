/**
 * The buckets of a histogram as lists: spans become one index per bucket, and back.
 *
 *     spans  [offset 2, length 2] [offset 3, length 1]   indices  2 3 7
 *     counts 5 0 1                                       counts   5 0 1
 */
import type { BucketSpan, NativeHistogram } from '@binnacle/metrics/model';
import { boundOf, coarserIndex } from './bounds.ts';

/** The buckets on one side of zero, ascending by index; a bucket that is not listed is empty. */
export interface Buckets {
  readonly indices: Int32Array;
  readonly counts: Float64Array;
}

const NO_COUNTS = new Float64Array();

/** A histogram without observations. */
export const EMPTY_HISTOGRAM: NativeHistogram = {
  schema: 0,
  count: 0,
  sum: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [],
  positiveCounts: NO_COUNTS,
  negativeSpans: [],
  negativeCounts: NO_COUNTS,
  customValues: NO_COUNTS,
  counterResetHint: 'unknown',
};

/** The buckets of the positive side. */
export function positiveBuckets({ positiveSpans, positiveCounts }: NativeHistogram): Buckets {
  return { indices: indicesOf(positiveSpans, positiveCounts.length), counts: positiveCounts };
}

/** The buckets of the negative side. */
export function negativeBuckets({ negativeSpans, negativeCounts }: NativeHistogram): Buckets {
  return { indices: indicesOf(negativeSpans, negativeCounts.length), counts: negativeCounts };
}

/** The index of each bucket. Spans that cover fewer buckets than there are counts end the list. */
function indicesOf(spans: readonly BucketSpan[], count: number): Int32Array {
  const indices = new Int32Array(count);
  let at = 0;
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length && at < count; i++) indices[at++] = index++;
  }
  return at === count ? indices : indices.subarray(0, at);
}

/** The spans that cover the given buckets. */
export function spansOf(indices: Int32Array): BucketSpan[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indices) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** Buckets merged to those of a schema that is `steps` coarser. */
export function coarser(buckets: Buckets, steps: number): Buckets {
  if (steps === 0) return buckets;
  const { indices, counts } = buckets;
  const merged = { indices: new Int32Array(indices.length), counts: new Float64Array(indices.length) };
  let size = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = coarserIndex(indices[i]!, steps);
    if (size > 0 && merged.indices[size - 1] === index)
      merged.counts[size - 1] = merged.counts[size - 1]! + counts[i]!;
    else {
      merged.indices[size] = index;
      merged.counts[size++] = counts[i]!;
    }
  }
  return { indices: merged.indices.subarray(0, size), counts: merged.counts.subarray(0, size) };
}

/** The same histogram without empty buckets. */
export function compacted(histogram: NativeHistogram): NativeHistogram {
  const { positiveSpans, positiveCounts, negativeSpans, negativeCounts } = histogram;
  if (isCompact(positiveSpans, positiveCounts) && isCompact(negativeSpans, negativeCounts)) return histogram;
  const positive = withoutEmpty(positiveBuckets(histogram));
  const negative = withoutEmpty(negativeBuckets(histogram));
  return {
    ...histogram,
    positiveSpans: spansOf(positive.indices),
    positiveCounts: positive.counts,
    negativeSpans: spansOf(negative.indices),
    negativeCounts: negative.counts,
  };
}

/** Buckets without the empty ones. */
export function withoutEmpty(buckets: Buckets): Buckets {
  const { indices, counts } = buckets;
  const filled = (_: number, i: number): boolean => counts[i] !== 0;
  return counts.includes(0)
    ? { indices: indices.filter(filled), counts: counts.subarray(0, indices.length).filter(filled) }
    : buckets;
}

function isCompact(spans: readonly BucketSpan[], counts: Float64Array): boolean {
  return (
    !counts.includes(0) && spans.every(({ offset, length }, i) => length > 0 && (i === 0 || offset !== 0))
  );
}

/**
 * All buckets of a histogram from the lowest to the highest, with their bounds; one list serves many histograms.
 * Buckets that reach into the zero bucket end where it ends.
 */
export class BucketList {
  lower = new Float64Array(32);
  upper = new Float64Array(32);
  counts = new Float64Array(32);
  size = 0;

  read(histogram: NativeHistogram): void {
    const { schema, customValues, zeroThreshold, zeroCount } = histogram;
    const negative = negativeBuckets(histogram);
    const positive = positiveBuckets(histogram);
    this.#reserve(negative.indices.length + positive.indices.length + 1);
    this.size = 0;
    for (let i = negative.indices.length - 1; i >= 0; i--) {
      const index = negative.indices[i]!;
      const upper = -boundOf(index - 1, schema, customValues);
      this.#push(
        -boundOf(index, schema, customValues),
        upper < 0 && upper > -zeroThreshold ? -zeroThreshold : upper,
        negative.counts[i]!,
      );
    }
    if (zeroCount > 0) this.#push(-zeroThreshold, zeroThreshold, zeroCount);
    for (let i = 0; i < positive.indices.length; i++) {
      const index = positive.indices[i]!;
      const lower = boundOf(index - 1, schema, customValues);
      this.#push(
        lower > 0 && lower < zeroThreshold ? zeroThreshold : lower,
        boundOf(index, schema, customValues),
        positive.counts[i]!,
      );
    }
  }

  #push(lower: number, upper: number, count: number): void {
    this.lower[this.size] = lower;
    this.upper[this.size] = upper;
    this.counts[this.size++] = count;
  }

  #reserve(size: number): void {
    if (size <= this.counts.length) return;
    this.lower = new Float64Array(2 * size);
    this.upper = new Float64Array(2 * size);
    this.counts = new Float64Array(2 * size);
  }
}
