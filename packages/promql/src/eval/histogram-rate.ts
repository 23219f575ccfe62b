/**
 * `rate`, `increase`, `delta`, `irate` and `idelta` of native histograms.
 *
 * The same as of floats, bucket by bucket: what a counter had before a reset is added again, and the result is
 * extrapolated to the window. Whether a sample comes after a reset depends on the one before it only and is found
 * once per series.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import type { PositionRange } from '../ast.ts';
import { isCustom } from '../histogram/bounds.ts';
import { compacted, EMPTY_HISTOGRAM } from '../histogram/buckets.ts';
import { isReset } from '../histogram/counter-reset.ts';
import { divided, HistogramSum, scaled } from '../histogram/histogram-sum.ts';
import type { Annotations } from './annotations.ts';
import type { Histograms } from './column.ts';
import { boundsReconciled, mixedSchemas, notACounter, notAGauge } from './histogram-notes.ts';
import { isOverlap, startsAnew } from './start-timestamps.ts';

/** Where to say what is wrong with a series. */
export interface SeriesNotes {
  readonly notes: Annotations;
  readonly at: PositionRange;
  readonly metricName: string;
  /** Called for each window in which two counters seem to write the series. */
  readonly onOverlap: () => void;
}

/** Computes differences within one series. */
export class HistogramDifferences {
  readonly #timestamps: Float64Array;
  readonly #histograms: Histograms;
  readonly #about: SeriesNotes;
  readonly #starts: Float64Array | undefined;
  /** Whether a sample comes after a reset: 0 no, 1 yes, 2 not known yet. */
  readonly #resets: Uint8Array;

  /** @param starts start timestamps, where they are known and wanted */
  constructor(
    timestamps: Float64Array,
    histograms: Histograms,
    starts: Float64Array | undefined,
    about: SeriesNotes,
  ) {
    this.#starts = starts;
    this.#timestamps = timestamps;
    this.#histograms = histograms;
    this.#about = about;
    this.#resets = new Uint8Array(histograms.length).fill(2);
  }

  /** Whether sample `i` comes after a reset; it and the one before are histograms. */
  isReset(i: number): boolean {
    if (this.#resets[i] === 2) {
      const began = this.#starts !== undefined && startsAnew(this.#timestamps, this.#starts, i);
      this.#resets[i] = began || isReset(this.#histograms[i]!, this.#histograms[i - 1]!) ? 1 : 0;
    }
    return this.#resets[i] === 1;
  }

  /**
   * What a window of histograms, `[lo, hi)`, gives extrapolated to `startMs..endMs`. One is enough where its counter
   * began in the window.
   */
  extrapolated(
    lo: number,
    hi: number,
    startMs: number,
    endMs: number,
    counter: boolean,
    perSecond: boolean,
  ): NativeHistogram | undefined {
    const firstMs = this.#timestamps[lo]!;
    const lastMs = this.#timestamps[hi - 1]!;
    const first = this.#histograms[lo]!;
    const single = hi - lo === 1;
    const start = counter ? (this.#starts?.[lo] ?? 0) : 0;
    const begins = start !== 0 && start > startMs && start < firstMs;
    if (single && !begins) return undefined;
    let difference = single ? first : this.#difference(lo, hi, counter);
    if (difference === undefined) return undefined;
    const between = single ? 0 : (lastMs - firstMs) / 1000 / (hi - 1 - lo);
    let sampled = (lastMs - firstMs) / 1000;
    let toStart = (firstMs - startMs) / 1000;
    let toEnd = (endMs - lastMs) / 1000;
    if (begins) {
      toStart = 0;
      sampled = (lastMs - start) / 1000;
      if (!single) difference = this.#plus(difference, first);
      if (difference === undefined) return undefined;
    } else {
      if (toStart >= between * 1.1) toStart = between / 2;
      if (counter && difference.count > 0 && first.count >= 0)
        toStart = Math.min(toStart, sampled * (first.count / difference.count));
    }
    if (toEnd >= between * 1.1) toEnd = between / 2;
    const factor = (sampled + toStart + toEnd) / sampled;
    return scaled(difference, perSecond ? factor / ((endMs - startMs) / 1000) : factor);
  }

  /** The difference of two neighbours, the later one of which is `i`; per second for `irate`. */
  ofNeighbours(i: number, perSecond: boolean): NativeHistogram | undefined {
    const { notes, at, metricName } = this.#about;
    const last = this.#histograms[i]!;
    const before = this.#histograms[i - 1]!;
    const gauges = [last, before].filter(({ counterResetHint }) => counterResetHint === 'gauge').length;
    if (perSecond && gauges > 0) notes.warn(notACounter(metricName), at);
    if (!perSecond && gauges < 2) notes.warn(notAGauge(metricName), at);
    const difference = new HistogramSum(last);
    if (!perSecond || !this.isReset(i)) {
      const outcome = difference.add(before, -1);
      if (outcome === 'incompatible') {
        notes.warn(mixedSchemas(metricName), at);
        return undefined;
      }
      if (outcome === 'reconciled') notes.info(boundsReconciled('subtraction'), at);
    }
    difference.hint = 'gauge';
    const result = compacted(difference.finish());
    const seconds = (this.#timestamps[i]! - this.#timestamps[i - 1]!) / 1000;
    return perSecond ? divided(result, seconds) : result;
  }

  #overlapsIn(lo: number, hi: number): boolean {
    if (this.#starts === undefined) return false;
    for (let i = lo + 1; i < hi; i++) if (isOverlap(this.#timestamps, this.#starts, i)) return true;
    return false;
  }

  #plus(difference: NativeHistogram, other: NativeHistogram): NativeHistogram | undefined {
    const { notes, at, metricName } = this.#about;
    const sum = new HistogramSum(difference);
    const outcome = sum.add(other);
    if (outcome === 'incompatible') {
      notes.warn(mixedSchemas(metricName), at);
      return undefined;
    }
    if (outcome === 'reconciled') notes.info(boundsReconciled('addition'), at);
    return sum.finish();
  }

  /** The last sample minus the first, plus what was before each reset. */
  #difference(lo: number, hi: number, counter: boolean): NativeHistogram | undefined {
    const { notes, at, metricName } = this.#about;
    const all = this.#histograms;
    const first = all[lo]!;
    const last = all[hi - 1]!;
    // What was before a reset right after the first sample does not matter, nor whether its buckets fit.
    const afresh = counter && this.isReset(lo + 1);
    const base = afresh ? all[lo + 1]! : first;
    const custom = isCustom(base.schema);
    let schema = Math.min(last.schema, base.schema);
    let gauges = first.counterResetHint === 'gauge' || last.counterResetHint === 'gauge';
    let fits = isCustom(last.schema) === custom;
    if (counter) {
      for (let i = lo + 1; i < hi - 1; i++) {
        const between = all[i]!;
        schema = Math.min(schema, between.schema);
        if (between.counterResetHint === 'gauge') gauges = true;
        if (isCustom(between.schema) !== custom) fits = false;
      }
    }
    if (!fits) {
      notes.warn(mixedSchemas(metricName), at);
      return undefined;
    }
    if (counter && gauges) notes.warn(notACounter(metricName), at);
    const sum = new HistogramSum(last, schema);
    const start = afresh
      ? { ...EMPTY_HISTOGRAM, schema: base.schema, customValues: base.customValues }
      : first;
    if (sum.add(start, -1) === 'reconciled') notes.info(boundsReconciled('subtraction'), at);
    if (counter) {
      if (this.#overlapsIn(lo, hi)) this.#about.onOverlap();
      for (let i = lo + 2; i < hi; i++) {
        if (this.isReset(i) && sum.add(all[i - 1]!) === 'reconciled')
          notes.info(boundsReconciled('addition'), at);
      }
    } else if (first.counterResetHint !== 'gauge' || last.counterResetHint !== 'gauge')
      notes.warn(notAGauge(metricName), at);
    sum.hint = 'gauge';
    return compacted(sum.finish());
  }
}
