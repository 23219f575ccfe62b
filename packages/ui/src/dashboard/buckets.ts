/**
 * Buckets of classic histograms. Each series of a query over `le` counts what is at most its bound, those of smaller
 * bounds among it; a picture of the distribution needs what is in one bucket alone: the difference to the next smaller
 * bound.
 */
import { parseValue } from '../api/prometheus.ts';
import type { Column } from '../chart/series-data.ts';
import type { PanelSeries } from './load-panel.ts';

/** One bucket: more than `from`, at most `to`. */
export interface Bucket {
  /** Minus infinity in the first bucket of values that may be negative; 0 where they are not. */
  readonly from: number;
  /** Infinity in the last one. */
  readonly to: number;
  readonly series: PanelSeries;
  /** What is in this bucket alone. */
  readonly column: Column;
}

/** The buckets, from the smallest on. Series that are not told apart by `le` are left out. */
export function bucketsOf(series: readonly PanelSeries[]): Bucket[] {
  const bounded = series
    .flatMap((one) => {
      const { le = '' } = one.labels;
      const to = parseValue(le);
      return le === '' || Number.isNaN(to) ? [] : [{ to, one }];
    })
    .sort((a, b) => a.to - b.to);
  return bounded.map(({ to, one }, i) => {
    const before = bounded[i - 1];
    return {
      from: before?.to ?? (to > 0 ? 0 : Number.NEGATIVE_INFINITY),
      to,
      series: one,
      column: before === undefined ? one.column : difference(one.column, before.one.column),
    };
  });
}

/** Scrapes of one moment may see a bucket before the next one has grown: less than nothing is nothing. */
function difference(column: Column, before: Column): Column {
  return column.map((value, i) => {
    if (value === null) return null;
    return Math.max(0, value - (before[i] ?? 0));
  });
}
