/**
 * From the series of an answer to the columns of a chart.
 *
 * A chart has one column of times, the grid of the query, and one column of values per series. An answer leaves
 * out the points where a series has no value, so each value is put at its place on the grid and the rest is
 * `null`: a gap stays a gap. Stacked columns are running sums in the order of the series.
 */
import { parseValue, type ResultSeries } from '../api/prometheus.ts';
import { type Grid, gridLength } from '../time/range.ts';

/** A column of values on a grid; `null` is a gap. */
export type Column = (number | null)[];

/** The times of a grid, in Unix seconds. */
export function timesOf(grid: Grid): number[] {
  return Array.from({ length: gridLength(grid) }, (_, i) => grid.start + i * grid.step);
}

/** The values of a series, each at its place on the grid. Infinite values and NaN cannot be drawn: gaps. */
export function columnOf(series: ResultSeries, grid: Grid): Column {
  const column: Column = new Array(gridLength(grid)).fill(null);
  const points = series.values ?? (series.value === undefined ? [] : [series.value]);
  for (const [time, text] of points) {
    const at = Math.round((time - grid.start) / grid.step);
    const value = parseValue(text);
    if (at >= 0 && at < column.length && Number.isFinite(value)) column[at] = value;
  }
  return column;
}

/**
 * Running sums, so that each column lies on the ones before it; in percent each point adds up to 1. A series
 * without a value counts as 0 there, unless none has one: then the point is a gap in all.
 */
export function stack(columns: readonly Column[], percent: boolean): Column[] {
  const length = columns[0]?.length ?? 0;
  const held = Array.from({ length }, (_, i) => columns.some((column) => column[i] !== null));
  const sums = new Float64Array(length);
  const stacked = columns.map((column) =>
    column.map((value, i) => {
      sums[i]! += value ?? 0;
      return held[i] ? sums[i]! : null;
    }),
  );
  if (!percent) return stacked;
  return stacked.map((column) =>
    column.map((value, i) => (value === null || sums[i] === 0 ? value : value / sums[i]!)),
  );
}

/** The points that have a gap on both sides, which no line would show. */
export function isolated(column: ArrayLike<number | null | undefined>): number[] {
  const alone: number[] = [];
  for (let i = 0; i < column.length; i++)
    if (column[i] != null && column[i - 1] == null && column[i + 1] == null) alone.push(i);
  return alone;
}

/**
 * The ends of the value axis. Given ends stay. A chart of values that are not negative starts at 0, unless all
 * of them lie so close together that 0 would hide their course; the top gets a tenth of air.
 */
export function valueRange(
  least: number | null,
  most: number | null,
  min: number | undefined,
  max: number | undefined,
): [number, number] {
  const low = least ?? 0;
  const high = most ?? 1;
  // A scale that is longer than a number holds cannot be divided into ticks.
  const span = Math.min(high - low, HUGE) || Math.abs(high) || 1;
  const nearZero = low >= 0 && low < 0.6 * high;
  const bottom = clamp(min ?? (nearZero || (low >= 0 && low === high) ? 0 : low - span * 0.1));
  const top = clamp(
    max ?? (high <= 0 && low < 0 ? Math.min(0, high + span * 0.1) : high + (high - bottom) * 0.08),
  );
  return bottom < top ? [bottom, top] : [bottom, bottom + Math.max(1, Math.abs(bottom) * 1e-9)];
}

/** Beyond this, sums and differences of ends leave what a number holds. */
const HUGE = 8e307;

function clamp(value: number): number {
  return Math.min(HUGE, Math.max(-HUGE, value));
}
