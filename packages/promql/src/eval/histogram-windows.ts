/**
 * Functions over windows of series that hold native histograms.
 *
 * A window may hold floats, histograms or both. Functions of numbers look at the floats alone, so these become a
 * series of their own. Functions that can compute with either (`rate`, `sum_over_time`, ...) give nothing where a
 * window holds both. The others look at each sample as it comes.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { sameHistogram } from '../histogram/counter-reset.ts';
import { divided, totalOf } from '../histogram/histogram-sum.ts';
import type { Column, Histograms } from './column.ts';
import { type Extension, overExtended, SpanCursor } from './extended-windows.ts';
import { extendedDifference } from './histogram-extended.ts';
import {
  boundsReconciled,
  ignoredInRange,
  mixedFloatsAndHistograms,
  mixedSchemas,
  resetsCollided,
} from './histogram-notes.ts';
import { HistogramDifferences, type SeriesNotes } from './histogram-rate.ts';
import { overWindows, type RangeCall } from './range-functions.ts';
import { type CounterSeries, isReset, overStarted, usesStarts } from './start-timestamps.ts';
import type { Windows } from './window-plan.ts';

/** A series that holds histograms. */
export type HistogramSeries = CounterSeries & { readonly histograms: Histograms };

/** A result, or nothing. */
type Result = number | NativeHistogram | undefined;

/** Functions that compute with each sample, whatever it is. */
const MIXED: ReadonlySet<string> = new Set([
  ...['changes', 'count_over_time', 'first_over_time', 'idelta', 'irate', 'last_over_time'],
  ...['present_over_time', 'resets', 'ts_of_first_over_time', 'ts_of_last_over_time'],
]);

/** Functions that compute with windows of one kind. */
const EITHER: ReadonlySet<string> = new Set(['avg_over_time', 'delta', 'increase', 'rate', 'sum_over_time']);

/**
 * Evaluates a function over all windows of a series that holds histograms.
 * @param column an empty column with the result's labels; the result has its arrays
 */
export function overHistogramWindows(
  series: HistogramSeries,
  name: string,
  call: RangeCall,
  extension: Extension | undefined,
  column: Column,
  about: SeriesNotes,
): { readonly column: Column; readonly samplesSeen: number } {
  const starts = usesStarts(name) ? series.startTimestamps : undefined;
  const differences = new HistogramDifferences(series.timestamps, series.histograms, starts, about);
  if (extension !== undefined)
    return overExtendedWindows(series, name, call, extension, column, about, differences);
  if (MIXED.has(name)) {
    return collected(series.timestamps, call, column, (lo, hi) =>
      ofSamples(name, series, lo, hi, differences, about),
    );
  }
  const floats = floatsOf(series);
  if (starts === undefined || floats.startTimestamps === undefined) overWindows(floats, name, call, column);
  else overStarted(floats, floats.startTimestamps, name, call, column, about.onOverlap);
  const { notes, at, metricName } = about;
  if (!EITHER.has(name)) {
    return collected(series.timestamps, call, column, (lo, hi, step) => {
      const histograms = histogramsIn(series, lo, hi);
      if (histograms > 0 && histograms < hi - lo) notes.info(ignoredInRange(metricName), at);
      return column.present[step] === 1 ? column.values[step]! : undefined;
    });
  }
  return collected(series.timestamps, call, column, (lo, hi, step) => {
    const histograms = histogramsIn(series, lo, hi);
    if (histograms === 0) return column.present[step] === 1 ? column.values[step]! : undefined;
    if (histograms < hi - lo) {
      notes.warn(mixedFloatsAndHistograms(metricName), at);
      return undefined;
    }
    if (name === 'sum_over_time' || name === 'avg_over_time')
      return total(series, lo, hi, name === 'avg_over_time', about);
    const endMs = call.fixedEndMs ?? call.grid.startMs + step * call.grid.stepMs - call.offsetMs;
    const startMs = endMs - call.rangeMs;
    return differences.extrapolated(lo, hi, startMs, endMs, name !== 'delta', name === 'rate');
  });
}

/** The same where windows are anchored or smoothed. */
function overExtendedWindows(
  series: HistogramSeries,
  name: string,
  call: RangeCall,
  extension: Extension,
  column: Column,
  about: SeriesNotes,
  differences: HistogramDifferences,
): { readonly column: Column; readonly samplesSeen: number } {
  const { grid, rangeMs, offsetMs, fixedEndMs } = call;
  const { notes, at, metricName } = about;
  const cursor = new SpanCursor(series.timestamps, extension.kind, extension.lookbackMs);
  const smoothed = extension.kind === 'smoothed';
  const counter = name !== 'delta';
  const span = { first: 0, last: 0 };
  const found = new Array<NativeHistogram | undefined>(grid.count).fill(undefined);
  const own = name === 'resets' || name === 'changes';
  if (!own) overExtended(floatsOf(series), name, call, extension, column);
  let samplesSeen = 0;
  for (let step = 0; step < grid.count; step++) {
    const endMs = fixedEndMs ?? grid.startMs + step * grid.stepMs - offsetMs;
    const startMs = endMs - rangeMs;
    const any = cursor.move(startMs, endMs, span);
    const histograms = any ? histogramsIn(series, span.first, span.last + 1) : 0;
    samplesSeen += any ? span.last - span.first + 1 : 0;
    if (own && any) {
      const result = ofSamples(name, series, span.first, span.last + 1, differences, about);
      column.values[step] = result as number;
      column.present[step] = 1;
    }
    if (own || (any && histograms === 0)) continue;
    column.present[step] = 0;
    if (!any) continue;
    if (histograms <= span.last - span.first) {
      notes.warn(mixedFloatsAndHistograms(metricName), at);
      continue;
    }
    const window = { startMs, endMs, smoothed, counter };
    const gained = extendedDifference(series, span, window, about);
    if (gained === undefined) continue;
    found[step] = name === 'rate' ? divided(gained, rangeMs / 1000) : gained;
    column.present[step] = 1;
  }
  return { column: own ? column : { ...column, histograms: found }, samplesSeen };
}

/** What `compute` gives for each window that is not empty. */
function collected(
  timestamps: Float64Array,
  { grid, rangeMs, offsetMs, fixedEndMs }: Windows,
  { labels, dropName, values, present }: Column,
  compute: (lo: number, hi: number, step: number) => Result,
): { readonly column: Column; readonly samplesSeen: number } {
  const histograms = new Array<NativeHistogram | undefined>(values.length).fill(undefined);
  let any = false;
  let samplesSeen = 0;
  let lo = 0;
  let hi = 0;
  for (let step = 0; step < values.length; step++) {
    const endMs = fixedEndMs ?? grid.startMs + step * grid.stepMs - offsetMs;
    while (hi < timestamps.length && timestamps[hi]! <= endMs) hi++;
    while (lo < hi && timestamps[lo]! <= endMs - rangeMs) lo++;
    const result = lo === hi ? undefined : compute(lo, hi, step);
    samplesSeen += hi - lo;
    present[step] = result === undefined ? 0 : 1;
    if (typeof result === 'number') values[step] = result;
    else if (result !== undefined) {
      histograms[step] = result;
      any = true;
    }
  }
  const column = { labels, dropName, values, present };
  return { column: any ? { ...column, histograms } : column, samplesSeen };
}

function ofSamples(
  name: string,
  { timestamps, values, histograms, startTimestamps }: HistogramSeries,
  lo: number,
  hi: number,
  differences: HistogramDifferences,
  { notes, at, metricName }: SeriesNotes,
): Result {
  /** Whether float `i` is one after a reset; the one before is a float too. */
  const fell = (i: number): boolean =>
    startTimestamps === undefined
      ? values[i]! < values[i - 1]!
      : isReset({ timestamps, values }, startTimestamps, i);
  switch (name) {
    case 'count_over_time':
      return hi - lo;
    case 'present_over_time':
      return 1;
    case 'first_over_time':
      return histograms[lo] ?? values[lo];
    case 'last_over_time':
      return histograms[hi - 1] ?? values[hi - 1];
    case 'ts_of_first_over_time':
      return timestamps[lo]! / 1000;
    case 'ts_of_last_over_time':
      return timestamps[hi - 1]! / 1000;
    case 'changes': {
      let changes = 0;
      for (let i = lo + 1; i < hi; i++) if (!sameSample(values, histograms, i - 1, i)) changes++;
      return changes;
    }
    case 'resets': {
      let resets = 0;
      for (let i = lo + 1; i < hi; i++) {
        const both = histograms[i] !== undefined && histograms[i - 1] !== undefined;
        const neither = histograms[i] === undefined && histograms[i - 1] === undefined;
        if (both ? differences.isReset(i) : neither ? fell(i) : true) resets++;
      }
      return resets;
    }
  }
  // irate and idelta
  if (hi - lo < 2) return undefined;
  const last = hi - 1;
  const perSecond = name === 'irate';
  if (histograms[last] !== undefined && histograms[last - 1] !== undefined)
    return differences.ofNeighbours(last, perSecond);
  if (histograms[last] !== undefined || histograms[last - 1] !== undefined) {
    notes.warn(mixedFloatsAndHistograms(metricName), at);
    return undefined;
  }
  const now = values[last]!;
  const before = values[last - 1]!;
  if (!perSecond) return now - before;
  return (fell(last) ? now : now - before) / ((timestamps[last]! - timestamps[last - 1]!) / 1000);
}

function sameSample(values: Float64Array, histograms: Histograms, i: number, k: number): boolean {
  const [a, b] = [histograms[i], histograms[k]];
  if (a !== undefined && b !== undefined) return sameHistogram(a, b);
  if (a !== undefined || b !== undefined) return false;
  return values[i] === values[k] || (Number.isNaN(values[i]!) && Number.isNaN(values[k]!));
}

function total(
  { histograms }: HistogramSeries,
  lo: number,
  hi: number,
  average: boolean,
  { notes, at, metricName }: SeriesNotes,
): Result {
  const window = histograms.slice(lo, hi) as NativeHistogram[];
  const { histogram, reconciled, hintsCollided } = totalOf(window, average);
  if (histogram === undefined) {
    notes.warn(mixedSchemas(metricName), at);
    return undefined;
  }
  if (hintsCollided) notes.warn(resetsCollided('aggregation'), at);
  if (reconciled) notes.info(boundsReconciled('aggregation'), at);
  return histogram;
}

function histogramsIn({ histograms }: HistogramSeries, lo: number, hi: number): number {
  let count = 0;
  for (let i = lo; i < hi; i++) if (histograms[i] !== undefined) count++;
  return count;
}

/** The floats of a series alone. */
function floatsOf(series: HistogramSeries): CounterSeries {
  const { labels, dropName, timestamps, values, histograms, startTimestamps } = series;
  const isFloat = (_: number, i: number): boolean => histograms[i] === undefined;
  return {
    labels,
    dropName,
    timestamps: timestamps.filter(isFloat),
    values: values.filter(isFloat),
    ...(startTimestamps !== undefined && { startTimestamps: startTimestamps.filter(isFloat) }),
  };
}
