/** From a classic histogram, whose buckets are series of their own, to a native one with the same bounds. */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { CUSTOM_SCHEMA } from './bounds.ts';
import { compacted, EMPTY_HISTOGRAM } from './buckets.ts';

/** The parts of a classic histogram at one time. */
export interface ClassicSample {
  /** Cumulative counts by upper bound. */
  readonly buckets: ReadonlyMap<number, number>;
  /** Without it the highest bucket's count. */
  readonly count: number | undefined;
  readonly sum: number;
}

/**
 * A histogram with custom buckets.
 * @throws RangeError when the counts are not those of a histogram
 */
export function fromClassic({ buckets, count, sum }: ClassicSample): NativeHistogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const observations = count ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Infinity) sorted.push([Infinity, observations]);
  if (sorted.at(-1)![1] !== observations)
    throw new RangeError(`count mismatch: count=${observations} != le=+Inf count=${sorted.at(-1)![1]}`);
  let before = 0;
  const counts = Float64Array.from(sorted, ([bound, cumulative]) => {
    if (cumulative < before)
      throw new RangeError(`count is not cumulative: ${cumulative} at le=${bound} < ${before}`);
    const own = cumulative - before;
    before = cumulative;
    return own;
  });
  return compacted({
    ...EMPTY_HISTOGRAM,
    schema: CUSTOM_SCHEMA,
    count: observations,
    sum,
    positiveSpans: [{ offset: 0, length: counts.length }],
    positiveCounts: counts,
    customValues: Float64Array.from(sorted.slice(0, -1), ([bound]) => bound),
  });
}
