/**
 * Functions over windows.
 *
 * The windows of a series are `(end - range, end]` and move forward with the steps, so their bounds only ever grow:
 * two indices slide along the samples and nothing is searched. What a function computes in a window stands in its
 * kernel. Sums and means walk through each window: sliding them would be faster where windows overlap much, but
 * would lose digits that Prometheus has.
 */
import { type Column, type RangeSeries, timeAt } from './column.ts';
import { KahanSum, mean, quantileOf } from './kahan.ts';
import { extrapolate, instantaneous, type Kernel } from './rate.ts';
import type { WindowPlan, Windows } from './window-plan.ts';

/** What a kernel may need beside the series. */
export interface RangeCall extends Windows {
  /** Scalar arguments, a value per step. */
  readonly scalars: readonly Float64Array[];
  readonly plan: WindowPlan;
}

interface RangeFunction {
  /** Windows with fewer samples have no result. */
  readonly samplesMin: 1 | 2;
  readonly kernel: (series: RangeSeries, call: RangeCall) => Kernel;
}

/** Functions that keep the metric name. */
export const NAME_KEEPING: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);

/** The functions that compute window by window. */
const KERNELS: Readonly<Record<string, RangeFunction>> = {
  irate: pair((series) => instantaneous(series, true)),
  idelta: pair((series) => instantaneous(series, false)),
  deriv: pair((series) => (lo, hi) => regression(series, lo, hi, series.timestamps[lo]!).slope),
  predict_linear: pair((series, { grid, scalars }) => (lo, hi, step) => {
    const { slope, intercept } = regression(series, lo, hi, timeAt(grid, step));
    return slope * scalars[0]![step]! + intercept;
  }),
  avg_over_time: some(
    ({ values }) =>
      (lo, hi) =>
        mean(values, lo, hi),
  ),
  count_over_time: some(() => (lo, hi) => hi - lo),
  first_over_time: some(
    ({ values }) =>
      (lo) =>
        values[lo]!,
  ),
  last_over_time: some(
    ({ values }) =>
      (_lo, hi) =>
        values[hi - 1]!,
  ),
  present_over_time: some(() => () => 1),
  max_over_time: some(
    ({ values }) =>
      (lo, hi) =>
        values[extreme(values, lo, hi, false)]!,
  ),
  min_over_time: some(
    ({ values }) =>
      (lo, hi) =>
        values[extreme(values, lo, hi, true)]!,
  ),
  sum_over_time: some(({ values }) => (lo, hi) => {
    const running = new KahanSum();
    for (let i = lo; i < hi; i++) running.add(values[i]!);
    return running.total;
  }),
  stddev_over_time: some(
    ({ values }) =>
      (lo, hi) =>
        Math.sqrt(variance(values, lo, hi)),
  ),
  stdvar_over_time: some(
    ({ values }) =>
      (lo, hi) =>
        variance(values, lo, hi),
  ),
  quantile_over_time: some(
    ({ values }, { scalars }) =>
      (lo, hi, step) =>
        quantileOf(scalars[0]![step]!, values.slice(lo, hi), hi - lo),
  ),
  mad_over_time: some(({ values }) => (lo, hi) => {
    const window = values.slice(lo, hi);
    // A NaN makes the median undefined.
    if (window.some(Number.isNaN)) return Number.NaN;
    const median = quantileOf(0.5, window, window.length);
    for (let i = 0; i < window.length; i++) window[i] = Math.abs(window[i]! - median);
    return quantileOf(0.5, window, window.length);
  }),
  ts_of_first_over_time: some(
    ({ timestamps }) =>
      (lo) =>
        timestamps[lo]! / 1000,
  ),
  ts_of_last_over_time: some(
    ({ timestamps }) =>
      (_lo, hi) =>
        timestamps[hi - 1]! / 1000,
  ),
  ts_of_max_over_time: some(({ timestamps, values }) => (lo, hi) => {
    return timestamps[extreme(values, lo, hi, false, true)]! / 1000;
  }),
  ts_of_min_over_time: some(({ timestamps, values }) => (lo, hi) => {
    return timestamps[extreme(values, lo, hi, true, true)]! / 1000;
  }),
  changes: some(({ values }) => (lo, hi) => {
    let changes = 0;
    for (let i = lo + 1; i < hi; i++) {
      const before = values[i - 1]!;
      const now = values[i]!;
      if (now !== before && !(Number.isNaN(now) && Number.isNaN(before))) changes++;
    }
    return changes;
  }),
  resets: some(({ values }) => (lo, hi) => {
    let resets = 0;
    for (let i = lo + 1; i < hi; i++) if (values[i]! < values[i - 1]!) resets++;
    return resets;
  }),
  double_exponential_smoothing: pair(({ values }, { scalars }) => (lo, hi, step) => {
    return smoothed(values, lo, hi, scalars[0]![step]!, scalars[1]![step]!);
  }),
};

/** Whether a name is that of a function over windows; `absent_over_time` looks at all series and is none. */
export function isRangeFunction(name: string): boolean {
  return name === 'rate' || name === 'increase' || name === 'delta' || KERNELS[name] !== undefined;
}

/** Evaluates a function over all windows of a series; returns how many samples the windows had in all. */
export function overWindows(series: RangeSeries, name: string, call: RangeCall, column: Column): number {
  switch (name) {
    case 'rate':
      return extrapolate(series, call, call.plan, true, true, column);
    case 'increase':
      return extrapolate(series, call, call.plan, true, false, column);
    case 'delta':
      return extrapolate(series, call, call.plan, false, false, column);
  }
  const { samplesMin, kernel } = KERNELS[name]!;
  return slide(series.timestamps, call, kernel(series, call), samplesMin, column);
}

/** Marks the steps whose window has a sample. */
export function markPresent(timestamps: Float64Array, windows: Windows, column: Column): void {
  slide(timestamps, windows, () => 1, 1, column);
}

function slide(
  timestamps: Float64Array,
  { grid, rangeMs, offsetMs, fixedEndMs }: Windows,
  kernel: Kernel,
  samplesMin: number,
  { values, present }: Column,
): number {
  const n = timestamps.length;
  let seen = 0;
  let lo = 0;
  let hi = 0;
  for (let step = 0; step < values.length; step++) {
    const endMs = fixedEndMs ?? grid.startMs + step * grid.stepMs - offsetMs;
    const startMs = endMs - rangeMs;
    while (hi < n && timestamps[hi]! <= endMs) hi++;
    while (lo < hi && timestamps[lo]! <= startMs) lo++;
    if (hi - lo < samplesMin) continue;
    seen += hi - lo;
    values[step] = kernel(lo, hi, step);
    present[step] = 1;
  }
  return seen;
}

function some(kernel: RangeFunction['kernel']): RangeFunction {
  return { samplesMin: 1, kernel };
}

function pair(kernel: RangeFunction['kernel']): RangeFunction {
  return { samplesMin: 2, kernel };
}

/** The index of the smallest or greatest value; NaN only where there is nothing else. Of equals the first. */
function extreme(values: Float64Array, lo: number, hi: number, smallest: boolean, last = false): number {
  let best = lo;
  for (let i = lo; i < hi; i++) {
    const value = values[i]!;
    const known = values[best]!;
    const better = smallest
      ? value < known || (last && value === known)
      : value > known || (last && value === known);
    if (better || Number.isNaN(known)) best = i;
  }
  return best;
}

function variance(values: Float64Array, lo: number, hi: number): number {
  const average = new KahanSum();
  const squares = new KahanSum();
  for (let i = lo; i < hi; i++) {
    const delta = values[i]! - (average.sum + average.lost);
    average.add(delta / (i - lo + 1));
    squares.add(delta * (values[i]! - (average.sum + average.lost)));
  }
  return (squares.sum + squares.lost) / (hi - lo);
}

/** Least squares; x in seconds from `originMs`. */
function regression(
  { timestamps, values }: RangeSeries,
  lo: number,
  hi: number,
  originMs: number,
): { readonly slope: number; readonly intercept: number } {
  const [x1, y1, xy, x2] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  let constant = true;
  const first = values[lo]!;
  for (let i = lo; i < hi; i++) {
    const y = values[i]!;
    if (y !== first && i > lo) constant = false;
    const x = (timestamps[i]! - originMs) / 1000;
    x1.add(x);
    y1.add(y);
    xy.add(x * y);
    x2.add(x * x);
  }
  if (constant) {
    const infinite = Math.abs(first) === Number.POSITIVE_INFINITY;
    return infinite ? { slope: Number.NaN, intercept: Number.NaN } : { slope: 0, intercept: first };
  }
  const n = hi - lo;
  const [sumX, sumY] = [x1.sum + x1.lost, y1.sum + y1.lost];
  const covariance = xy.sum + xy.lost - (sumX * sumY) / n;
  const spreadOfX = x2.sum + x2.lost - (sumX * sumX) / n;
  const slope = covariance / spreadOfX;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

/** Holt's linear smoothing. */
function smoothed(values: Float64Array, lo: number, hi: number, level: number, trend: number): number {
  let before = 0;
  let current = values[lo]!;
  let slope = values[lo + 1]! - values[lo]!;
  for (let i = lo + 1; i < hi; i++) {
    const scaled = level * values[i]!;
    // The first trend is the difference of the first two samples.
    if (i > lo + 1) slope = trend * (current - before) + (1 - trend) * slope;
    const next = scaled + (1 - level) * (current + slope);
    before = current;
    current = next;
  }
  return current;
}
