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
import type { Column, RangeSeries } from './column.ts';
import type { WindowPlan, Windows } from './window-plan.ts';

/** Computes a window, `[lo, hi)`, of at least as many samples as the function needs. */
export type Kernel = (lo: number, hi: number, step: number) => number;

/**
 * `rate`, `increase` or `delta` of a whole series; returns how many samples the windows had in all.
 * @param plan is laid over the times of the series, where it does not lie there already
 *
 * The loop is that of `slide` with the arithmetic in it: a call per window costs as much as the arithmetic.
 */
export function extrapolate(
  { timestamps, values }: RangeSeries,
  windows: Windows,
  plan: WindowPlan,
  counter: boolean,
  perSecond: boolean,
  { values: out, present }: Column,
): number {
  plan.lay(timestamps, windows);
  const { first, last, sampled, toStart, toEnd, clear, samples } = plan;
  const factor = perSecond ? plan.perSecond : plan.factor;
  const resets = counter ? resetsOf(values) : NO_RESETS;
  const divisor = perSecond ? windows.rangeMs / 1000 : 1;
  let reset = 0;
  present.set(plan.present);
  for (let step = 0; step < out.length; step++) {
    const lo = first[step]!;
    const at = last[step]!;
    if (at <= lo) continue;
    const firstValue = values[lo]!;
    let result = values[at]! - firstValue;
    if (reset < resets.length) {
      while (reset < resets.length && resets[reset]! <= lo) reset++;
      for (let k = reset; k < resets.length && resets[k]! <= at; k++) result += values[resets[k]! - 1]!;
    }
    let by = factor[step]!;
    // A counter is not extrapolated to before the time at which it was zero, which is rarely that late.
    if (counter && firstValue <= clear[step]! * result && result > 0 && firstValue >= 0) {
      const within = sampled[step]!;
      const toZero = within * (firstValue / result);
      if (toZero < toStart[step]!) by = (within + toZero + toEnd[step]!) / within / divisor;
    }
    out[step] = result * by;
  }
  return samples;
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
