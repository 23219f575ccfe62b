/**
 * `anchored` and `smoothed` over native histograms: what `extended-windows.ts` does with floats, bucket by bucket.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { isCustom } from '../histogram/bounds.ts';
import { compacted } from '../histogram/buckets.ts';
import { isReset } from '../histogram/counter-reset.ts';
import { HistogramSum, scaled } from '../histogram/histogram-sum.ts';
import type { Column, Histograms, RangeSeries } from './column.ts';
import type { Extension, Span } from './extended-windows.ts';
import {
  boundsReconciled,
  type HistogramOperation,
  mixedFloatsAndHistograms,
  mixedSchemas,
  notACounter,
  notAGauge,
} from './histogram-notes.ts';
import type { SeriesNotes } from './histogram-rate.ts';

/** Where to say what is wrong with a series. */
type About = Omit<SeriesNotes, 'onOverlap'>;

/** A series of which some samples are histograms, without staleness markers. */
type Mixed = RangeSeries & { readonly histograms: Histograms };

/** Where a window begins and ends, and what is wanted of it. */
export interface ExtendedWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly smoothed: boolean;
  readonly counter: boolean;
}

/** What a series of histograms gained in a window whose samples, all histograms, are those of `span`. */
export function extendedDifference(
  { timestamps, histograms }: Mixed,
  { first, last }: Span,
  { startMs, endMs, smoothed, counter }: ExtendedWindow,
  about: About,
): NativeHistogram | undefined {
  const { notes, at, metricName } = about;
  const all = histograms.slice(first, last + 1) as NativeHistogram[];
  const times = timestamps.subarray(first, last + 1);
  if (!sameKind(all)) {
    notes.warn(mixedSchemas(metricName), at);
    return undefined;
  }
  if (counter && all.some(({ counterResetHint }) => counterResetHint === 'gauge'))
    notes.warn(notACounter(metricName), at);
  const end = all.length - 1;
  const fromBefore = smoothed && times[0]! < startMs;
  const left = fromBefore ? between(all, times, 0, startMs, counter, about) : all[0]!;
  const beyond = smoothed && times[end]! > endMs;
  const right = beyond ? between(all, times, end - 1, endMs, counter, about) : all[end]!;
  if (!counter && (left.counterResetHint !== 'gauge' || right.counterResetHint !== 'gauge'))
    notes.warn(notAGauge(metricName), at);
  const sum = new HistogramSum(right);
  add(sum, left, -1, about);
  if (counter) {
    for (const lost of lostInResets(all, left, right, fromBefore)) add(sum, lost, 1, about);
  }
  sum.hint = 'gauge';
  return compacted(sum.finish());
}

/** What the counter had before each reset. The borders stand for the first and the last sample. */
function lostInResets(
  all: readonly NativeHistogram[],
  left: NativeHistogram,
  right: NativeHistogram,
  fromBefore: boolean,
): NativeHistogram[] {
  // A reset between the first two samples is in the interpolated left border already.
  const crossed = fromBefore && isReset(all[1]!, all[0]!);
  const from = crossed ? 2 : 1;
  if (from > all.length - 1) return [];
  const lost: NativeHistogram[] = [];
  let before = crossed ? all[1]! : left;
  for (const now of [...all.slice(from, -1), right]) {
    if (isReset(now, before)) lost.push(before);
    before = now;
  }
  return lost;
}

/**
 * Fills a column with samples interpolated at the times `firstMs + i * stepMs`; behind the last sample it holds for the
 * lookback. Returns the histograms.
 */
export function smoothedHistograms(
  series: Mixed,
  { values: out, present }: Column,
  firstMs: number,
  stepMs: number,
  { lookbackMs }: Pick<Extension, 'lookbackMs'>,
  about: About,
): Histograms {
  const { timestamps, values, histograms } = series;
  const { notes, at, metricName } = about;
  const found = new Array<NativeHistogram | undefined>(out.length).fill(undefined);
  let [lo, next, hi] = [0, 0, 0];
  for (let step = 0; step < out.length; step++) {
    const time = firstMs + step * stepMs;
    while (lo < timestamps.length && timestamps[lo]! <= time - lookbackMs) lo++;
    while (next < timestamps.length && timestamps[next]! < time) next++;
    while (hi < timestamps.length && timestamps[hi]! <= time + lookbackMs) hi++;
    const around = histograms.slice(lo, hi);
    const count = around.filter((histogram) => histogram !== undefined).length;
    if (count > 0 && count < around.length) {
      notes.warn(mixedFloatsAndHistograms(metricName), at);
      continue;
    }
    const exact = timestamps[next] === time;
    if (!exact && next <= lo) continue;
    const place = exact ? next : next - 1;
    const inside = !exact && next < hi;
    if (count === 0) {
      if (around.length === 0) continue;
      const share = inside ? (time - timestamps[place]!) / (timestamps[next]! - timestamps[place]!) : 0;
      out[step] = values[place]! + (inside ? (values[next]! - values[place]!) * share : 0);
    } else if (inside) {
      const pair = [histograms[place]!, histograms[next]!];
      if (!sameKind(pair)) {
        notes.warn(mixedSchemas(metricName), at);
        continue;
      }
      const gauges = pair.every(({ counterResetHint }) => counterResetHint === 'gauge');
      found[step] = between(pair, timestamps.subarray(place, next + 1), 0, time, !gauges, about);
    } else {
      // What a hint says of the sample before is not true of one that is held.
      found[step] = exact ? histograms[place]! : { ...histograms[place]!, counterResetHint: 'unknown' };
    }
    present[step] = 1;
  }
  return found;
}

/** The histogram at a time between the samples `i` and `i + 1`; a counter that was reset began at 0. */
function between(
  histograms: readonly NativeHistogram[],
  times: Float64Array,
  i: number,
  timeMs: number,
  counter: boolean,
  about: About,
): NativeHistogram {
  const [before, after] = [histograms[i]!, histograms[i + 1]!];
  if (timeMs === times[i]) return before;
  if (timeMs === times[i + 1]) return after;
  const share = (timeMs - times[i]!) / (times[i + 1]! - times[i]!);
  if (counter && isReset(after, before)) return scaled(after, share);
  const sum = new HistogramSum(after);
  add(sum, before, -1, about);
  sum.scale(share);
  add(sum, before, 1, about);
  return sum.finish();
}

/** Adds a histogram of the same kind. */
function add(
  sum: HistogramSum,
  other: NativeHistogram,
  sign: 1 | -1,
  { notes, at }: Pick<About, 'notes' | 'at'>,
): void {
  const operation: HistogramOperation = sign > 0 ? 'addition' : 'subtraction';
  if (sum.add(other, sign) === 'reconciled') notes.info(boundsReconciled(operation), at);
}

function sameKind(histograms: readonly NativeHistogram[]): boolean {
  return histograms.every(({ schema }) => isCustom(schema) === isCustom(histograms[0]!.schema));
}
