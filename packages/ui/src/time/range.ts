/**
 * The time range of a view and the grid of steps that a chart asks for.
 *
 * A range is written as Grafana writes it: `now-1h` and `now`, or Unix milliseconds. Resolved against a clock it
 * becomes a {@link Window}. Start and end of a query lie on whole multiples of the step, so that a refresh asks
 * for the same points again and a line moves without trembling.
 */
import { formatDuration, parseDuration } from '../format/duration.ts';

/** As in the address: `now-1h`, `now`, `1700000000000`. */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

/** A range at one moment, in Unix milliseconds. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The points of a range query, in Unix seconds, all on multiples of the step. */
export interface Grid {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Ranges that the picker offers. */
export const QUICK_RANGES: readonly TimeRange[] = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h'].map(
  (length) => ({ from: `now-${length}`, to: 'now' }),
);

/** Steps that read well on an axis, in milliseconds. */
const STEPS_MS = [
  1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_200_000,
  1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
];

/** The least time that a zoom may show. */
export const SPAN_LEAST_MS = 10_000;

/** One end of a range at a moment; `undefined` when the text is no time. */
export function resolveTime(text: string, nowMs: number): number | undefined {
  if (/^\d{11,}$/.test(text)) return Number(text);
  const match = /^now(?:([+-])([\dsmhdwMy.]+))?(?:\/[smhdwMy])?$/.exec(text);
  if (match === null) return undefined;
  const length = match[2] === undefined ? 0 : parseDuration(match[2]);
  if (length === undefined) return undefined;
  return match[1] === '+' ? nowMs + length : nowMs - length;
}

/** A range at a moment. What cannot be read becomes the last hour. */
export function resolveRange(range: TimeRange, nowMs: number): Window {
  const toMs = resolveTime(range.to, nowMs) ?? nowMs;
  const fromMs = resolveTime(range.from, nowMs) ?? toMs - 3_600_000;
  return fromMs < toMs ? { fromMs, toMs } : { fromMs: toMs - SPAN_LEAST_MS, toMs };
}

/** Whether a range moves with the clock. */
export function isLive(range: TimeRange): boolean {
  return range.to.startsWith('now');
}

/** The shortest length that reads well on an axis and is at least as long as wanted. */
export function niceLength(wantedMs: number): number {
  return STEPS_MS.find((step) => step >= wantedMs) ?? Math.ceil(wantedMs / 86_400_000) * 86_400_000;
}

/** The step for a range in a width: a point a pixel at most, never finer than the data is scraped. */
export function stepOf({ fromMs, toMs }: Window, widthPx: number, scrapeMs: number): number {
  return Math.max(niceLength((toMs - fromMs) / Math.max(50, widthPx)), scrapeMs);
}

/** The grid of a range: its points are multiples of the step, and the first is not before the range. */
export function gridOf({ fromMs, toMs }: Window, stepMs: number): Grid {
  const start = Math.ceil(fromMs / stepMs) * stepMs;
  const end = Math.max(start, Math.floor(toMs / stepMs) * stepMs);
  return { start: start / 1000, end: end / 1000, step: stepMs / 1000 };
}

/** How many points a grid has. */
export function gridLength({ start, end, step }: Grid): number {
  return Math.round((end - start) / step) + 1;
}

/** A range in words: `Last 15m`, or both ends, with the day where it is not today. */
export function rangeTitle(range: TimeRange, nowMs: number): string {
  const relative = /^now-([\dsmhdwMy]+)$/.exec(range.from);
  if (relative !== null && range.to === 'now') return `Last ${relative[1]}`;
  const { fromMs, toMs } = resolveRange(range, nowMs);
  const day = (ms: number): string => new Date(ms).toDateString();
  return `${moment(fromMs, day(fromMs) !== day(nowMs))} – ${moment(toMs, day(toMs) !== day(fromMs))}`;
}

/** Twice the range around its middle; a live one stays live. */
export function zoomOut(range: TimeRange, nowMs: number): TimeRange {
  const { fromMs, toMs } = resolveRange(range, nowMs);
  const length = toMs - fromMs;
  if (isLive(range)) return { from: `now-${formatDuration(length * 2)}`, to: 'now' };
  const to = Math.min(nowMs, Math.round(toMs + length / 2));
  return { from: String(to - Math.round(length * 2)), to: String(to) };
}

/** A moment in local time, `14:05:09`, with its day in front where asked. */
export function moment(ms: number, withDay = false): string {
  const date = new Date(ms);
  const two = (part: number): string => String(part).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (!withDay) return clock;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}
