/**
 * `rate`, `increase`, `delta`, `irate` and `idelta`.
 *
 * A counter that falls was reset; what it had before is added again. For that the sum of all corrections up to each
 * sample is prepared once per series, so that a window needs two look-ups whatever its width.
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
  const corrections = counter ? resetCorrections(values) : undefined;
  const divisor = perSecond ? rangeMs / 1000 : 1;
  const n = timestamps.length;
  let lo = 0;
  let hi = 0;
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
    if (corrections !== undefined) {
      const correction = corrections[last]! - corrections[lo]!;
      // Infinite corrections cannot be taken apart again.
      result += Number.isNaN(correction) ? correctionOf(values, lo, hi) : correction;
    }
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

/** For each sample the sum of all corrections up to it; `undefined` when the counter was never reset. */
function resetCorrections(values: Float64Array): Float64Array | undefined {
  let at = 1;
  while (at < values.length && !(values[at]! < values[at - 1]!)) at++;
  if (at >= values.length) return undefined;
  const corrections = new Float64Array(values.length);
  let sum = 0;
  for (; at < values.length; at++) {
    if (values[at]! < values[at - 1]!) sum += values[at - 1]!;
    corrections[at] = sum;
  }
  return corrections;
}

function correctionOf(values: Float64Array, lo: number, hi: number): number {
  let sum = 0;
  for (let i = lo + 1; i < hi; i++) if (values[i]! < values[i - 1]!) sum += values[i - 1]!;
  return sum;
}
