/**
 * `rate`, `increase`, `delta`, `irate` and `idelta`.
 *
 * A counter that falls was reset; what it had before is added again. The resets of a series are found once, so that
 * a window looks at its resets only, whatever its width. Sums of all corrections up to each sample would need no
 * loop at all, but their differences lose digits that Prometheus has.
 *
 * The result is extrapolated to the window as Prometheus does: all the way to a border when the first or last
 * sample is nearer to it than 1.1 times the mean distance of samples, else by half of that distance, and for
 * counters never beyond the time at which the counter was zero.
 */
import type { Column, Grid, RangeSeries } from './column.ts';

/** Computes a window, `[lo, hi)`, of at least as many samples as the function needs. */
export type Kernel = (lo: number, hi: number, step: number) => number;

/** Where the windows of a range function lie: each ends at a step minus the offset, or all where `@` says. */
export interface Windows {
  readonly grid: Grid;
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly fixedEndMs: number | undefined;
}

/**
 * `rate`, `increase` or `delta` of a whole series; returns how many samples the windows had in all.
 *
 * The loop is that of `slide` with the arithmetic in it: a call per window costs as much as the arithmetic.
 */
export function extrapolate(
  { timestamps, values }: RangeSeries,
  { grid, rangeMs, offsetMs, fixedEndMs }: Windows,
  counter: boolean,
  perSecond: boolean,
  { values: out, present }: Column,
): number {
  const resets = counter ? resetsOf(values) : NO_RESETS;
  const divisor = perSecond ? rangeMs / 1000 : 1;
  const n = timestamps.length;
  let lo = 0;
  let hi = 0;
  let reset = 0;
  let seen = 0;
  for (let step = 0; step < out.length; step++) {
    const endMs = fixedEndMs ?? grid.startMs + step * grid.stepMs - offsetMs;
    const startMs = endMs - rangeMs;
    while (hi < n && timestamps[hi]! <= endMs) hi++;
    while (lo < hi && timestamps[lo]! <= startMs) lo++;
    const last = hi - 1;
    if (last <= lo) continue;
    seen += hi - lo;
    const firstMs = timestamps[lo]!;
    const lastMs = timestamps[last]!;
    const firstValue = values[lo]!;
    let result = values[last]! - firstValue;
    while (reset < resets.length && resets[reset]! <= lo) reset++;
    for (let k = reset; k < resets.length && resets[k]! <= last; k++) result += values[resets[k]! - 1]!;
    let toStart = (firstMs - startMs) / 1000;
    let toEnd = (endMs - lastMs) / 1000;
    const sampled = (lastMs - firstMs) / 1000;
    const between = sampled / (last - lo);
    const threshold = between * 1.1;
    if (toStart >= threshold) toStart = between / 2;
    if (counter && result > 0 && firstValue >= 0) {
      const toZero = sampled * (firstValue / result);
      if (toZero < toStart) toStart = toZero;
    }
    if (toEnd >= threshold) toEnd = between / 2;
    let factor = (sampled + toStart + toEnd) / sampled;
    if (perSecond) factor /= divisor;
    out[step] = result * factor;
    present[step] = 1;
  }
  return seen;
}

/** The kernel of `irate` or `idelta`: the last two samples alone. */
export function instantaneous(series: RangeSeries, perSecond: boolean): Kernel {
  const { timestamps, values } = series;
  return (_lo, hi) => {
    const last = values[hi - 1]!;
    const before = values[hi - 2]!;
    if (!perSecond) return last - before;
    const increase = last < before ? last : last - before;
    return increase / ((timestamps[hi - 1]! - timestamps[hi - 2]!) / 1000);
  };
}

const NO_RESETS = new Int32Array();

/** The indices of the samples that are lower than the one before. */
function resetsOf(values: Float64Array): Int32Array {
  let count = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) count++;
  if (count === 0) return NO_RESETS;
  const resets = new Int32Array(count);
  count = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) resets[count++] = i;
  return resets;
}
