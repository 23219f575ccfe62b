/**
 * Start timestamps: when the counter behind a sample began to count, where storage knows.
 *
 * A counter that begins anew and overtakes its old value before the next scrape shows no fall; its start timestamp
 * does show it. So a sample counts as a reset when its start lies
 *
 * - behind the sample before: the counter began in between;
 * - exactly on the sample before, and that one has a start of its own: the samples are deltas, each counts what came
 *   since the last. (A start equal to the sample's own time is OpenTelemetry's way of saying that it is unknown.)
 *
 * A start at or behind its own sample is no start. One before the sample before, but not the same as that one's, means
 * that two counters write one series, of which the user is warned.
 *
 * Where the first sample of a window began inside the window, its counter was zero there: the increase begins with its
 * whole value, and nothing is extrapolated to the window's start. One sample is then enough.
 *
 * Series without start timestamps never come here.
 */
import { isStaleAt, wordsOf } from '@binnacle/metrics/model';
import type { Series } from '../storage.ts';
import type { Column, RangeSeries } from './column.ts';
import { withoutMarkers } from './samples.ts';
import type { Windows } from './window-plan.ts';

/** A series that may know when its counter began. */
export interface CounterSeries extends RangeSeries {
  /** As in {@link Series}. */
  readonly startTimestamps?: Float64Array;
}

const USING: ReadonlySet<string> = new Set(['increase', 'irate', 'rate', 'resets']);

/** Whether a function of a range vector looks at start timestamps. */
export function usesStarts(func: string): boolean {
  return USING.has(func);
}

/** The samples that range functions see, with their start timestamps. */
export function withStarts(series: Series): CounterSeries {
  const seen = withoutMarkers(series);
  const { startTimestamps, timestamps } = series;
  if (startTimestamps === undefined) return seen;
  if (seen.timestamps.length === timestamps.length) return { ...seen, startTimestamps };
  let at = 0;
  const kept = startTimestamps.filter((_, i) => {
    const keep = timestamps[i] === seen.timestamps[at];
    if (keep) at++;
    return keep;
  });
  return { ...seen, startTimestamps: kept };
}

/**
 * Evaluates one of the functions of {@link usesStarts} over all windows of a series; returns how many samples the
 * windows had in all.
 * @param onOverlap called for each window in which two counters seem to write the series
 */
export function overStarted(
  series: RangeSeries,
  starts: Float64Array,
  func: string,
  { grid, rangeMs, offsetMs, fixedEndMs }: Windows,
  { values: out, present }: Column,
  onOverlap: () => void,
): number {
  const { timestamps, values } = series;
  const n = timestamps.length;
  const resets = indicesWhere(n, (i) => isReset(series, starts, i));
  const overlaps = indicesWhere(n, (i) => isOverlap(timestamps, starts, i));
  const divisor = func === 'rate' ? rangeMs / 1000 : 1;
  let [lo, hi, reset, overlap, seen] = [0, 0, 0, 0, 0];
  for (let step = 0; step < out.length; step++) {
    const endMs = fixedEndMs ?? grid.startMs + step * grid.stepMs - offsetMs;
    const startMs = endMs - rangeMs;
    while (hi < n && timestamps[hi]! <= endMs) hi++;
    while (lo < hi && timestamps[lo]! <= startMs) lo++;
    if (lo === hi) continue;
    const last = hi - 1;
    while (reset < resets.length && resets[reset]! <= lo) reset++;
    while (overlap < overlaps.length && overlaps[overlap]! <= lo) overlap++;
    let result: number | undefined;
    switch (func) {
      case 'resets':
        result = 0;
        for (let k = reset; k < resets.length && resets[k]! <= last; k++) result++;
        break;
      case 'irate':
        if (last > lo) result = latestRate(series, starts, last);
        break;
      default: {
        let increase = values[last]! - values[lo]!;
        for (let k = reset; k < resets.length && resets[k]! <= last; k++) increase += values[resets[k]! - 1]!;
        if (overlap < overlaps.length && overlaps[overlap]! <= last) onOverlap();
        result = extrapolated(series, starts[lo]!, lo, last, startMs, endMs, increase);
        if (result !== undefined) result /= divisor;
      }
    }
    if (result === undefined) continue;
    seen += hi - lo;
    out[step] = result;
    present[step] = 1;
  }
  return seen;
}

/** An increase between two samples as one over the whole window. */
function extrapolated(
  { timestamps, values }: RangeSeries,
  counterStart: number,
  first: number,
  last: number,
  startMs: number,
  endMs: number,
  increase: number,
): number | undefined {
  const [firstMs, lastMs, firstValue] = [timestamps[first]!, timestamps[last]!, values[first]!];
  const between = last > first ? (lastMs - firstMs) / 1000 / (last - first) : 0;
  const threshold = between * 1.1;
  let toEnd = (endMs - lastMs) / 1000;
  if (toEnd >= threshold) toEnd = between / 2;
  if (counterStart !== 0 && counterStart > startMs && counterStart < firstMs) {
    const counted = (lastMs - counterStart) / 1000;
    return (increase + firstValue) * ((counted + toEnd) / counted);
  }
  if (last === first) return undefined;
  const sampled = (lastMs - firstMs) / 1000;
  let toStart = (firstMs - startMs) / 1000;
  if (toStart >= threshold) toStart = between / 2;
  if (increase > 0 && firstValue >= 0) toStart = Math.min(toStart, sampled * (firstValue / increase));
  return increase * ((sampled + toStart + toEnd) / sampled);
}

function latestRate(series: RangeSeries, starts: Float64Array, last: number): number {
  const { timestamps, values } = series;
  const value = values[last]!;
  const increase = isReset(series, starts, last) ? value : value - values[last - 1]!;
  return increase / ((timestamps[last]! - timestamps[last - 1]!) / 1000);
}

/** Whether the counter began anew between the sample before and sample `i`. */
export function isReset(
  { timestamps, values }: Pick<RangeSeries, 'timestamps' | 'values'>,
  starts: Float64Array,
  i: number,
): boolean {
  return values[i]! < values[i - 1]! || startsAnew(timestamps, starts, i);
}

/** Whether start timestamps say that the counter began anew between the sample before and sample `i`. */
export function startsAnew(timestamps: Float64Array, starts: Float64Array, i: number): boolean {
  const [start, before, startBefore] = [starts[i]!, timestamps[i - 1]!, starts[i - 1]!];
  if (start === 0 || start >= timestamps[i]! || start < before) return false;
  return start > before || (startBefore !== 0 && startBefore < before);
}

/** Whether two counters seem to write the series around sample `i`. */
export function isOverlap(timestamps: Float64Array, starts: Float64Array, i: number): boolean {
  return starts[i] !== 0 && starts[i]! < timestamps[i - 1]! && starts[i] !== starts[i - 1];
}

function indicesWhere(n: number, test: (i: number) => boolean): Int32Array {
  const found: number[] = [];
  for (let i = 1; i < n; i++) if (test(i)) found.push(i);
  return Int32Array.from(found);
}

/** Fills a column with the start timestamp, in seconds, of the latest sample at each time; 0 where it is unknown. */
export function latestStarts(
  { timestamps, values, histograms, startTimestamps }: Series,
  { values: out, present }: Column,
  firstMs: number,
  stepMs: number,
  lookbackMs: number,
): void {
  const words = wordsOf(values);
  let at = -1;
  for (let step = 0; step < out.length; step++) {
    const time = firstMs + step * stepMs;
    while (at + 1 < timestamps.length && timestamps[at + 1]! <= time) at++;
    if (at < 0 || timestamps[at]! <= time - lookbackMs) continue;
    if (Number.isNaN(values[at]!) && isStaleAt(words, at) && histograms?.[at] === undefined) continue;
    out[step] = (startTimestamps?.[at] ?? 0) / 1000;
    present[step] = 1;
  }
}
