/** How often which value occurred: equal bins over all values of the shown time. */
import { tickBase } from '../format/units.ts';

/** One bin: at least `from`, less than `to`. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** How many bins there are when nobody says it. */
const BINS_USUAL = 24;
/** More bins than these cannot be told apart. */
const BINS_MOST = 400;

/** How wide bins are for values between two ends: a number that reads well. */
export function binSize(least: number, most: number, count: number, unit: string): number {
  const wanted = (most - least) / Math.max(1, count) || 1;
  if (tickBase(unit) === 'binary') return 2 ** Math.ceil(Math.log2(wanted));
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([1, 2, 2.5, 5, 10].find((digit) => digit * power >= wanted * (1 - 1e-9)) ?? 10) * power;
}

/** The bins, from that of the least value to that of the greatest. */
export function binsOf(
  values: readonly number[],
  unit: string,
  {
    size,
    count = BINS_USUAL,
  }: { readonly size?: number | undefined; readonly count?: number | undefined } = {},
): Bin[] {
  if (values.length === 0) return [];
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  let width = size !== undefined && size > 0 ? size : binSize(least, most, count, unit);
  if ((most - least) / width > BINS_MOST) width = binSize(least, most, BINS_MOST, unit);
  const first = Math.floor(least / width);
  const counts = new Array<number>(Math.floor(most / width) - first + 1).fill(0);
  for (const value of values) {
    const at = Math.floor(value / width) - first;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts.map((n, i) => ({ from: (first + i) * width, to: (first + i + 1) * width, count: n }));
}
