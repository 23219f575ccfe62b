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
  // Each end by itself: the distance of huge ends is more than a number holds.
  const parts = Math.max(1, count);
  const wanted = most / parts - least / parts || 1;
  if (tickBase(unit) === 'binary') return 2 ** Math.ceil(Math.log2(wanted));
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([1, 2, 2.5, 5, 10].find((digit) => digit * power >= wanted * (1 - 1e-9)) ?? 10) * power;
}

interface BinSettings {
  /** How wide a bin is, when it is said. */
  readonly size?: number | undefined;
  /** About how many there are, when that is said instead. */
  readonly count?: number | undefined;
}

/** How wide the bins of some values are: what is asked for, unless that would be far too many. */
export function binWidth(
  values: readonly number[],
  unit: string,
  { size, count = BINS_USUAL }: BinSettings = {},
): number {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (least > most) return 1;
  const width = size !== undefined && size > 0 ? size : binSize(least, most, count, unit);
  return most / width - least / width <= BINS_MOST ? width : binSize(least, most, BINS_MOST, unit);
}

/** The bins, from that of the least value to that of the greatest. */
export function binsOf(values: readonly number[], unit: string, settings: BinSettings = {}): Bin[] {
  if (values.length === 0) return [];
  const width = binWidth(values, unit, settings);
  const first = Math.floor(values.reduce((a, b) => Math.min(a, b)) / width);
  const last = Math.floor(values.reduce((a, b) => Math.max(a, b)) / width);
  const counts = new Array<number>(last - first + 1).fill(0);
  for (const value of values) {
    const at = Math.floor(value / width) - first;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts.map((n, i) => ({ from: (first + i) * width, to: (first + i + 1) * width, count: n }));
}
