/**
 * Time intervals: whether a moment lies in one, and which of them keep a route quiet.
 *
 * A moment is turned into what a clock and a calendar on the wall of the interval's place show, by the time zones
 * that Node carries. An hour that a change of clocks leaves out is in no interval, one that comes twice is in it
 * both times.
 */
import type { NumberRange, RouteConfig, TimeInterval, TimeIntervalsConfig } from '../config/alertmanager.ts';

/** What clock and calendar show. */
interface WallTime {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  readonly minuteOfDay: number;
}

/** How many days a month has, by its year. */
function daysInMonth({ year, month }: WallTime): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Whether at least one of the intervals holds at a moment. */
export function containsTime(intervals: readonly TimeInterval[], timeMs: number): boolean {
  return intervals.some((interval) => holds(interval, wallTime(interval.location, timeMs)));
}

/**
 * The names of the time intervals that keep a route quiet at a moment; none when it may speak. Outside of all of its
 * active intervals it is kept quiet by all of them; inside, by those of its mute intervals that hold.
 */
export function mutedBy(
  route: Pick<RouteConfig, 'activeTimeIntervals' | 'muteTimeIntervals'>,
  timeIntervals: readonly TimeIntervalsConfig[],
  nowMs: number,
): readonly string[] {
  const { activeTimeIntervals: active, muteTimeIntervals: mute } = route;
  const isNow = (name: string): boolean =>
    containsTime(timeIntervals.find((known) => known.name === name)?.intervals ?? [], nowMs);
  if (active.length > 0 && !active.some(isNow)) return active;
  return mute.filter(isNow);
}

function holds(interval: TimeInterval, wall: WallTime): boolean {
  const { times, weekdays, daysOfMonth, months, years } = interval;
  return (
    (times === undefined ||
      times.some(({ start, end }) => start <= wall.minuteOfDay && wall.minuteOfDay < end)) &&
    (daysOfMonth === undefined || daysOfMonth.some((range) => containsDay(range, wall))) &&
    contains(months, wall.month) &&
    (weekdays === undefined || contains(weekdays, weekdayOf(wall))) &&
    contains(years, wall.year)
  );
}

function contains(ranges: readonly NumberRange[] | undefined, value: number): boolean {
  return ranges === undefined || ranges.some(({ start, end }) => start <= value && value <= end);
}

/** A negative day counts from the month's end, the last day is -1; what lies beyond the month is cut off. */
function containsDay({ start, end }: NumberRange, wall: WallTime): boolean {
  const days = daysInMonth(wall);
  const from = start < 0 ? days + start + 1 : start;
  const to = end < 0 ? days + end + 1 : end;
  return from <= wall.day && wall.day <= to;
}

function weekdayOf({ year, month, day }: WallTime): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
}

function wallTime(location: string, timeMs: number): WallTime {
  if (location !== 'UTC') return wallTimeIn(formatterOf(location), timeMs);
  const date = new Date(timeMs);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    minuteOfDay: date.getUTCHours() * 60 + date.getUTCMinutes(),
  };
}

function wallTimeIn(formatter: Intl.DateTimeFormat, timeMs: number): WallTime {
  const shown: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(timeMs)) shown[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = shown;
  return { year, month, day, minuteOfDay: hour * 60 + minute };
}

/** One for each zone that was asked for; a formatter takes a thousand times longer to make than to use. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(location: string): Intl.DateTimeFormat {
  let formatter = formatters.get(location);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
      timeZone: location,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    });
    formatters.set(location, formatter);
  }
  return formatter;
}
