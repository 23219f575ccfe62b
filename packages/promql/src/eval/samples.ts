/** From stored samples to columns and windows. */
import { isStaleAt, type NativeHistogram, wordsOf } from '@binnacle/metrics/model';
import type { Series } from '../storage.ts';
import { type Column, type Grid, type Histograms, type RangeSeries, timeAt } from './column.ts';

/**
 * Fills a column with the latest sample before each of the times `firstMs + i * stepMs`, or with its time in
 * seconds. A sample is gone after `lookbackMs`, and at once when it is a staleness marker.
 */
export function latest(
  { timestamps, values, histograms }: Series,
  column: Column,
  firstMs: number,
  stepMs: number,
  lookbackMs: number,
  times: boolean,
): void {
  const n = timestamps.length;
  const words = wordsOf(values);
  const { values: out, present } = column;
  let at = -1;
  for (let step = 0; step < out.length; step++) {
    const time = firstMs + step * stepMs;
    while (at + 1 < n && timestamps[at + 1]! <= time) at++;
    if (at < 0 || timestamps[at]! <= time - lookbackMs) continue;
    const value = values[at]!;
    if (Number.isNaN(value) && isStaleAt(words, at) && histograms?.[at] === undefined) continue;
    out[step] = times ? timestamps[at]! / 1000 : value;
    present[step] = 1;
  }
}

/** {@link latest} of a series that holds histograms; returns those of the steps. */
export function latestHistograms(
  series: Series & { readonly histograms: Histograms },
  column: Column,
  firstMs: number,
  stepMs: number,
  lookbackMs: number,
): Histograms {
  const { timestamps, values, histograms } = series;
  const n = timestamps.length;
  const words = wordsOf(values);
  const { values: out, present } = column;
  const found = new Array<NativeHistogram | undefined>(out.length).fill(undefined);
  let at = -1;
  for (let step = 0; step < out.length; step++) {
    const time = firstMs + step * stepMs;
    while (at + 1 < n && timestamps[at + 1]! <= time) at++;
    if (at < 0 || timestamps[at]! <= time - lookbackMs) continue;
    found[step] = histograms[at];
    if (found[step] === undefined) {
      const value = values[at]!;
      if (Number.isNaN(value) && isStaleAt(words, at)) continue;
      out[step] = value;
    }
    present[step] = 1;
  }
  return found;
}

/** Range functions do not see staleness markers. */
export function withoutMarkers(series: Series): RangeSeries {
  const { labels, timestamps, values, histograms } = series;
  if (histograms !== undefined) return mixedWithoutMarkers({ ...series, histograms });
  let first = 0;
  while (first < values.length && !Number.isNaN(values[first]!)) first++;
  if (first === values.length) return { labels, dropName: false, timestamps, values };
  const words = wordsOf(values);
  const keep = values.map((value, i) => (Number.isNaN(value) && isStaleAt(words, i) ? 0 : 1));
  return {
    labels,
    dropName: false,
    timestamps: timestamps.filter((_, i) => keep[i] === 1),
    values: values.filter((_, i) => keep[i] === 1),
  };
}

function mixedWithoutMarkers({
  labels,
  timestamps,
  values,
  histograms,
}: Series & { readonly histograms: Histograms }): RangeSeries {
  const words = wordsOf(values);
  const keep = (_: unknown, i: number): boolean =>
    histograms[i] !== undefined || !Number.isNaN(values[i]!) || !isStaleAt(words, i);
  return {
    labels,
    dropName: false,
    timestamps: timestamps.filter(keep),
    values: values.filter(keep),
    histograms: histograms.filter(keep),
  };
}

/** A subquery's column as samples. */
export function dense(column: Column, grid: Grid): RangeSeries {
  const { labels, dropName, values, present, histograms } = column;
  const timestamps = values.map((_, step) => timeAt(grid, step));
  if (histograms !== undefined) {
    const kept = (_: unknown, step: number): boolean => present[step] === 1;
    return {
      labels,
      dropName,
      timestamps: timestamps.filter(kept),
      values: values.filter(kept),
      histograms: histograms.map(withUnknownReset).filter(kept),
    };
  }
  if (present.indexOf(0) < 0) return { labels, dropName, timestamps, values };
  return {
    labels,
    dropName,
    timestamps: timestamps.filter((_, step) => present[step] === 1),
    values: values.filter((_, step) => present[step] === 1),
  };
}

/**
 * What a hint says of the sample before is not true of a subquery, which may leave samples out or repeat them.
 */
function withUnknownReset(histogram: NativeHistogram | undefined): NativeHistogram | undefined {
  const hint = histogram?.counterResetHint;
  return histogram !== undefined && (hint === 'reset' || hint === 'not_reset')
    ? { ...histogram, counterResetHint: 'unknown' }
    : histogram;
}
