/** From stored samples to columns and windows. */
import { isStaleAt, wordsOf } from '@binnacle/metrics/model';
import type { Series } from '../storage.ts';
import { type Column, type Grid, type RangeSeries, timeAt } from './column.ts';

/**
 * Fills a column with the latest sample before each of the times `firstMs + i * stepMs`, or with its time in
 * seconds. A sample is gone after `lookbackMs`, and at once when it is a staleness marker.
 */
export function latest(
  { timestamps, values }: Series,
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
    if (Number.isNaN(value) && isStaleAt(words, at)) continue;
    out[step] = times ? timestamps[at]! / 1000 : value;
    present[step] = 1;
  }
}

/** Range functions do not see staleness markers. */
export function withoutMarkers({ labels, timestamps, values }: Series): RangeSeries {
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

/** A subquery's column as samples. */
export function dense({ labels, dropName, values, present }: Column, grid: Grid): RangeSeries {
  const timestamps = values.map((_, step) => timeAt(grid, step));
  if (present.indexOf(0) < 0) return { labels, dropName, timestamps, values };
  return {
    labels,
    dropName,
    timestamps: timestamps.filter((_, step) => present[step] === 1),
    values: values.filter((_, step) => present[step] === 1),
  };
}
