/**
 * Sums and differences of histograms.
 *
 * Histograms with different schemas are added in the coarser one, those with zero buckets of different width with
 * the wider one, those with different custom bounds with the bounds that both have. Exponential and custom buckets
 * cannot be added. Every count is summed with compensation, as Prometheus sums many.
 */
import type { CounterResetHint, NativeHistogram } from '@binnacle/metrics/model';
import { KahanSum } from '../eval/kahan.ts';
import { commonBounds, customTargets, isCustom, sameBounds } from './bounds.ts';
import { BucketSums } from './bucket-sums.ts';
import { type Buckets, coarser, negativeBuckets, positiveBuckets, spansOf } from './buckets.ts';
import { outsideZero, widenedZero, type Zeroed } from './zero-bucket.ts';

/**
 * How an addition went: `reconciled` with custom bounds that had to be reduced to the common ones, `incompatible`
 * not at all, because one has exponential and the other custom buckets.
 */
export type Addition = 'added' | 'reconciled' | 'incompatible';

/** A running sum. */
export class HistogramSum {
  hint: CounterResetHint;
  /** Whether a counter that was reset met one that was not. */
  hintsCollided = false;
  #schema: number;
  #zeroThreshold: number;
  #customValues: Float64Array;
  readonly #zeroCount = new KahanSum();
  readonly #count = new KahanSum();
  readonly #sum = new KahanSum();
  readonly #positive: BucketSums;
  readonly #negative: BucketSums;

  /** Begins with one histogram, in a coarser schema if wanted. */
  constructor(first: NativeHistogram, schema: number = first.schema) {
    this.hint = first.counterResetHint;
    this.#schema = schema;
    this.#zeroThreshold = first.zeroThreshold;
    this.#customValues = first.customValues;
    this.#zeroCount.sum = first.zeroCount;
    this.#count.sum = first.count;
    this.#sum.sum = first.sum;
    const steps = first.schema - schema;
    this.#positive = new BucketSums(coarser(positiveBuckets(first), steps));
    this.#negative = new BucketSums(coarser(negativeBuckets(first), steps));
  }

  /** Adds a histogram, or subtracts it. */
  add(other: NativeHistogram, sign: 1 | -1 = 1): Addition {
    if (isCustom(this.#schema) !== isCustom(other.schema)) return 'incompatible';
    this.#meet(other.counterResetHint);
    if (isCustom(this.#schema)) return this.#addCustom(other, sign);
    const positive = positiveBuckets(other);
    const negative = negativeBuckets(other);
    const otherZero = this.#reconcileZero({ ...other, positive, negative });
    this.#addTotals(other, sign);
    this.#zeroCount.add(sign * otherZero);
    const steps = other.schema - this.#schema;
    if (steps < 0) this.coarsen(other.schema);
    // What the zero bucket has taken must be gone before coarser buckets take it too.
    const outside = (buckets: Buckets): Buckets =>
      coarser(outsideZero(buckets, other.schema, this.#zeroThreshold), Math.max(0, steps));
    this.#positive.add(outside(positive), sign);
    this.#negative.add(outside(negative), sign);
    return 'added';
  }

  /** Merges buckets to those of a coarser schema. */
  coarsen(schema: number): void {
    const steps = this.#schema - schema;
    this.#positive.coarsen(steps);
    this.#negative.coarsen(steps);
    this.#schema = schema;
  }

  /** Multiplies everything. */
  scale(factor: number): void {
    for (const one of this.#totals()) {
      one.sum *= factor;
      one.lost *= factor;
    }
    this.#positive.scale(factor);
    this.#negative.scale(factor);
    if (factor < 0) this.hint = 'gauge';
  }

  /** Divides everything; divided by zero a histogram has no buckets. */
  divide(divisor: number): void {
    for (const one of this.#totals()) {
      one.sum /= divisor;
      one.lost = divisor === 0 ? 0 : one.lost / divisor;
    }
    this.#positive.divide(divisor);
    this.#negative.divide(divisor);
    if (divisor < 0) this.hint = 'gauge';
  }

  /** Whether anything has become infinite. */
  get overflowed(): boolean {
    return (
      this.#totals().some(({ sum }) => sum === Infinity || sum === -Infinity) ||
      this.#positive.overflowed ||
      this.#negative.overflowed
    );
  }

  /** The sum; it must not be added to after this. */
  finish(): NativeHistogram {
    const positive = this.#positive.finish();
    const negative = this.#negative.finish();
    return {
      schema: this.#schema,
      count: this.#count.total,
      sum: this.#sum.total,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount.total,
      positiveSpans: spansOf(positive.indices),
      positiveCounts: positive.counts,
      negativeSpans: spansOf(negative.indices),
      negativeCounts: negative.counts,
      customValues: this.#customValues,
      counterResetHint: this.hint,
    };
  }

  #totals(): KahanSum[] {
    return [this.#zeroCount, this.#count, this.#sum];
  }

  #addTotals({ count, sum }: NativeHistogram, sign: 1 | -1): void {
    this.#count.add(sign * count);
    this.#sum.add(sign * sum);
  }

  #addCustom(other: NativeHistogram, sign: 1 | -1): Addition {
    this.#addTotals(other, sign);
    const buckets = positiveBuckets(other);
    if (sameBounds(this.#customValues, other.customValues)) {
      this.#positive.add(buckets, sign);
      return 'added';
    }
    const common = commonBounds(this.#customValues, other.customValues);
    this.#positive.retarget(customTargets(this.#customValues, common));
    const theirs = new BucketSums(buckets);
    theirs.retarget(customTargets(other.customValues, common));
    this.#positive.add(theirs.finish(), sign);
    this.#customValues = common;
    return 'reconciled';
  }

  /** Makes our zero bucket as wide as both need it; returns the other one's count in that width. */
  #reconcileZero(other: Zeroed): number {
    let { zeroThreshold: threshold, zeroCount: count } = other;
    while (threshold !== this.#zeroThreshold) {
      if (this.#zeroThreshold > threshold) ({ threshold, count } = widenedZero(other, this.#zeroThreshold));
      if (threshold > this.#zeroThreshold) this.#widenZero(threshold);
    }
    return count;
  }

  #widenZero(threshold: number): void {
    const widened = widenedZero(
      {
        schema: this.#schema,
        zeroThreshold: this.#zeroThreshold,
        zeroCount: this.#zeroCount.total,
        positive: totalsOf(this.#positive),
        negative: totalsOf(this.#negative),
      },
      threshold,
    );
    this.#zeroThreshold = widened.threshold;
    this.#zeroCount.sum = widened.count;
    this.#zeroCount.lost = 0;
    this.#positive.dropBelow(widened.threshold, this.#schema);
    this.#negative.dropBelow(widened.threshold, this.#schema);
  }

  /** A sum of counters is a counter as far as all hints say the same; with a gauge among them it is a gauge. */
  #meet(other: CounterResetHint): void {
    if (this.hint === other || this.hint === 'gauge') return;
    if (other === 'gauge') {
      this.hint = 'gauge';
      return;
    }
    if (this.hint !== 'unknown' && other !== 'unknown') this.hintsCollided = true;
    this.hint = 'unknown';
  }
}

function totalsOf({ indices, counts, lost }: BucketSums): Buckets {
  return { indices, counts: counts.map((count, i) => count + lost[i]!) };
}

/** A histogram with everything multiplied; by less than zero it becomes a gauge. */
export function scaled(histogram: NativeHistogram, factor: number): NativeHistogram {
  return {
    ...histogram,
    count: histogram.count * factor,
    sum: histogram.sum * factor,
    zeroCount: histogram.zeroCount * factor,
    positiveCounts: histogram.positiveCounts.map((count) => count * factor),
    negativeCounts: histogram.negativeCounts.map((count) => count * factor),
    counterResetHint: factor < 0 ? 'gauge' : histogram.counterResetHint,
  };
}

/** A histogram with everything divided; divided by zero it has no buckets. */
export function divided(histogram: NativeHistogram, divisor: number): NativeHistogram {
  const none = divisor === 0;
  const divide = (counts: Float64Array): Float64Array =>
    none ? new Float64Array() : counts.map((count) => count / divisor);
  return {
    ...histogram,
    count: histogram.count / divisor,
    sum: histogram.sum / divisor,
    zeroCount: histogram.zeroCount / divisor,
    positiveSpans: none ? [] : histogram.positiveSpans,
    positiveCounts: divide(histogram.positiveCounts),
    negativeSpans: none ? [] : histogram.negativeSpans,
    negativeCounts: divide(histogram.negativeCounts),
    counterResetHint: divisor < 0 ? 'gauge' : histogram.counterResetHint,
  };
}

/** A total, or why there is none. */
export interface HistogramTotal {
  /** Absent when exponential and custom buckets met. */
  readonly histogram: NativeHistogram | undefined;
  /** The place of the first one that could not be added; 0 when all could. */
  readonly failedAt: number;
  /** Of those up to the one that did not fit. */
  readonly reconciled: boolean;
  readonly hintsCollided: boolean;
}

/** The sum of at least one histogram, or its mean. */
export function totalOf(histograms: readonly NativeHistogram[], average: boolean): HistogramTotal {
  const running = new HistogramSum(histograms[0]!);
  let reconciled = false;
  let overflowAt: number | undefined;
  for (let i = 1; i < histograms.length; i++) {
    const outcome = running.add(histograms[i]!);
    if (outcome === 'incompatible')
      return { histogram: undefined, failedAt: i, reconciled, hintsCollided: false };
    if (outcome === 'reconciled') reconciled = true;
    if (average && overflowAt === undefined && running.overflowed) overflowAt = i;
  }
  const hintsCollided = haveBoth(histograms);
  if (!average) return { histogram: running.finish(), failedAt: 0, reconciled, hintsCollided };
  if (overflowAt === undefined) running.divide(histograms.length);
  const mean = overflowAt === undefined ? running : carriedMean(histograms, overflowAt);
  return { histogram: mean.finish(), failedAt: 0, reconciled, hintsCollided };
}

/** The mean where the sum overflows: the sum up to there divided, then the mean carried forward. */
function carriedMean(histograms: readonly NativeHistogram[], overflowAt: number): HistogramSum {
  const mean = new HistogramSum(histograms[0]!);
  for (let i = 1; i < overflowAt; i++) mean.add(histograms[i]!);
  mean.divide(overflowAt);
  for (let i = overflowAt; i < histograms.length; i++) {
    mean.scale(i / (i + 1));
    mean.add(divided(histograms[i]!, i + 1));
  }
  return mean;
}

function haveBoth(histograms: readonly NativeHistogram[]): boolean {
  const has = (hint: CounterResetHint): boolean =>
    histograms.some(({ counterResetHint }) => counterResetHint === hint);
  return has('reset') && has('not_reset');
}
