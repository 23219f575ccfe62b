/**
 * `anchored` and `smoothed`: windows that know what was before and behind them.
 *
 * An anchored window starts with the last sample at or before its start, the anchor, so that nothing that happened
 * between two samples is lost between two windows; nothing is extrapolated. A smoothed window begins and ends with
 * values interpolated between the samples on both sides of its borders. Samples up to the lookback away count on
 * either side. Where a side has no sample, the first or last one in the window stands for the border.
 *
 * ```
 *             start                      end
 *   -----o------|-----o--------o----------|---o----
 *        anchor ^left                right^            increase = right - left + what resets took away
 * ```
 *
 * Borders only ever move forward, so each of four indices slides along the samples once.
 */
import { QueryError } from '../value.ts';
import type { Column, RangeSeries } from './column.ts';
import { type CounterSeries, isReset } from './start-timestamps.ts';
import type { Windows } from './window-plan.ts';

/** How a selector looks beyond its window. */
export interface Extension {
  readonly kind: 'anchored' | 'smoothed';
  /** How far. */
  readonly lookbackMs: number;
}

type Extensible = 'changes' | 'delta' | 'increase' | 'rate' | 'resets';

const ALLOWED: Readonly<Record<Extension['kind'], readonly Extensible[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

/** @throws QueryError when a function does not know what to do with samples outside of the window */
export function checkExtensible(kind: Extension['kind'], func: string): void {
  const allowed: readonly string[] = ALLOWED[kind];
  if (!allowed.includes(func)) {
    const message = `${kind} modifier can only be used with: ${allowed.join(', ')} - not with ${func}`;
    throw new QueryError('execution', message);
  }
}

/** The samples that belong to one window and its borders, as indices. */
export interface Span {
  /** The anchor, or the first sample where there is none. */
  first: number;
  /** The last sample, or, where smoothed, the first at or behind the end; both inclusive. */
  last: number;
}

/**
 * Evaluates one of the functions that {@link checkExtensible} lets pass over all windows of a series; returns how many
 * samples the windows had in all.
 */
export function overExtended(
  series: CounterSeries,
  func: string,
  { grid, rangeMs, offsetMs, fixedEndMs }: Windows,
  { kind, lookbackMs }: Extension,
  { values: out, present }: Column,
): number {
  const { timestamps, values } = series;
  const cursor = new SpanCursor(timestamps, kind, lookbackMs);
  const span: Span = { first: 0, last: 0 };
  const smoothed = kind === 'smoothed';
  const counter = func === 'rate' || func === 'increase';
  const divisor = func === 'rate' ? rangeMs / 1000 : 1;
  let seen = 0;
  for (let step = 0; step < out.length; step++) {
    const endMs = fixedEndMs ?? grid.startMs + step * grid.stepMs - offsetMs;
    const startMs = endMs - rangeMs;
    if (!cursor.move(startMs, endMs, span)) continue;
    const { first, last } = span;
    seen += last - first + 1;
    present[step] = 1;
    if (func === 'resets') out[step] = resetsIn(series, first, last);
    else if (func === 'changes') out[step] = changesIn(values, first, last);
    else {
      const left = leftValue(series, first, startMs, smoothed, counter);
      const right = rightValue(series, last, endMs, smoothed, counter);
      let result = right - left;
      if (counter) {
        // The borders stand for the samples at and beyond them.
        const from = timestamps[first]! <= startMs ? first + 1 : first;
        const to = timestamps[last]! >= endMs ? last - 1 : last;
        result += lostInResets(left, right, values, from, to);
      }
      out[step] = result / divisor;
    }
  }
  return seen;
}

/** A whole window, as the result of a query: its samples between values at both borders. */
export function extendedWindow(
  series: RangeSeries,
  startMs: number,
  endMs: number,
  { kind, lookbackMs }: Extension,
): RangeSeries {
  const { timestamps, values } = series;
  const smoothed = kind === 'smoothed';
  const span: Span = { first: 0, last: 0 };
  if (!new SpanCursor(timestamps, kind, lookbackMs).move(startMs, endMs, span))
    return { ...series, timestamps: timestamps.slice(0, 0), values: values.slice(0, 0) };
  const { first, last } = span;
  const from = timestamps[first]! <= startMs ? first + 1 : first;
  const to = timestamps[last]! >= endMs ? last - 1 : last;
  const left = leftValue(series, first, startMs, smoothed, false);
  const right = rightValue(series, last, endMs, smoothed, false);
  return {
    ...series,
    timestamps: Float64Array.from([startMs, ...timestamps.slice(from, to + 1), endMs]),
    values: Float64Array.from([left, ...values.slice(from, to + 1), right]),
  };
}

/**
 * Fills a column with values interpolated at the times `firstMs + i * stepMs`; behind the last sample its value holds
 * for the lookback.
 */
export function smoothedValues(
  series: RangeSeries,
  column: Column,
  firstMs: number,
  stepMs: number,
  lookbackMs: number,
): void {
  const { timestamps, values } = series;
  const { values: out, present } = column;
  let at = -1;
  for (let step = 0; step < out.length; step++) {
    const time = firstMs + step * stepMs;
    while (at + 1 < timestamps.length && timestamps[at + 1]! <= time) at++;
    if (at < 0 || timestamps[at]! <= time - lookbackMs) continue;
    const between = timestamps[at] !== time && timestamps[at + 1]! <= time + lookbackMs;
    out[step] = between ? interpolated(series, at, time, false) : values[at]!;
    present[step] = 1;
  }
}

/** Finds the span of one window after the other. */
export class SpanCursor {
  readonly #timestamps: Float64Array;
  readonly #smoothed: boolean;
  readonly #lookbackMs: number;
  /** The first sample near enough before the window. */
  #lo = 0;
  /** The first sample behind the window's start. */
  #inside = 0;
  /** The first sample at or behind the window's end. */
  #atEnd = 0;
  /** The first sample too far behind the window. */
  #hi = 0;

  constructor(timestamps: Float64Array, kind: Extension['kind'], lookbackMs: number) {
    this.#timestamps = timestamps;
    this.#smoothed = kind === 'smoothed';
    this.#lookbackMs = lookbackMs;
  }

  /** Goes to the next window; false when nothing can be said about it. */
  move(startMs: number, endMs: number, span: Span): boolean {
    const timestamps = this.#timestamps;
    const n = timestamps.length;
    const reachMs = this.#smoothed ? endMs + this.#lookbackMs : endMs;
    while (this.#lo < n && timestamps[this.#lo]! <= startMs - this.#lookbackMs) this.#lo++;
    while (this.#inside < n && timestamps[this.#inside]! <= startMs) this.#inside++;
    while (this.#atEnd < n && timestamps[this.#atEnd]! < endMs) this.#atEnd++;
    while (this.#hi < n && timestamps[this.#hi]! <= reachMs) this.#hi++;
    span.first = Math.max(this.#lo, this.#inside - 1);
    span.last = this.#smoothed ? Math.min(this.#atEnd, this.#hi - 1) : this.#hi - 1;
    // A sample behind the start is needed, and one that is not behind the end.
    return span.last >= this.#inside && !(this.#smoothed && timestamps[span.first]! > endMs);
  }
}

function leftValue(
  series: RangeSeries,
  first: number,
  startMs: number,
  smoothed: boolean,
  counter: boolean,
): number {
  return smoothed && series.timestamps[first]! < startMs
    ? interpolated(series, first, startMs, counter)
    : series.values[first]!;
}

function rightValue(
  series: RangeSeries,
  last: number,
  endMs: number,
  smoothed: boolean,
  counter: boolean,
): number {
  return smoothed && series.timestamps[last]! > endMs
    ? interpolated(series, last - 1, endMs, counter)
    : series.values[last]!;
}

/** The value at a time between the samples `i` and `i + 1`; a counter that was reset began at 0. */
function interpolated(
  { timestamps, values }: RangeSeries,
  i: number,
  timeMs: number,
  counter: boolean,
): number {
  const next = values[i + 1]!;
  const before = counter && next < values[i]! ? 0 : values[i]!;
  const elapsed = (timeMs - timestamps[i]!) / (timestamps[i + 1]! - timestamps[i]!);
  return before + (next - before) * elapsed;
}

/** What a counter had before each of its resets, in all. */
function lostInResets(left: number, right: number, values: Float64Array, from: number, to: number): number {
  let lost = 0;
  let before = left;
  for (let i = from; i <= to; i++) {
    const value = values[i]!;
    if (value < before) lost += before;
    before = value;
  }
  return right < before ? lost + before : lost;
}

function resetsIn(series: CounterSeries, first: number, last: number): number {
  const { values, startTimestamps } = series;
  let resets = 0;
  for (let i = first + 1; i <= last; i++) {
    const fell = values[i]! < values[i - 1]!;
    if (fell || (startTimestamps !== undefined && isReset(series, startTimestamps, i))) resets++;
  }
  return resets;
}

function changesIn(values: Float64Array, first: number, last: number): number {
  let changes = 0;
  for (let i = first + 1; i <= last; i++) {
    const [before, now] = [values[i - 1]!, values[i]!];
    if (now !== before && !(Number.isNaN(now) && Number.isNaN(before))) changes++;
  }
  return changes;
}
