/**
 * Times and durations as Go has them: nanoseconds since 1970 and a time zone, printed by a sample.
 *
 *     Mon Jan 2 15:04:05 MST 2006        the moment that a layout shows, so "02.01.2006" is day.month.year
 *
 * Zones are those of `Intl`. The short names of zones (`CEST`, `PDT`) are `Intl`'s too, as far as some locale has
 * one; where none has, the offset stands in its place, as Go writes zones without a name (`+03`).
 */

import { expandLayout } from './go-time-layout.ts';
import {
  type GoMethod,
  GoObject,
  GoScalar,
  type GoType,
  type GoValue,
  INT,
  INT64,
  pointerTo,
  STRING,
} from './go-value.ts';

/** A moment in a zone. */
export class GoTime extends GoObject {
  /** Nanoseconds since 1970; Go's zero time is in the year 1. */
  readonly epochNs: bigint;
  /** `UTC`, `Local`, a name of the IANA database, or a fixed offset such as `+02:00`. */
  readonly zone: string;

  constructor(epochNs: bigint, zone = 'UTC', type: GoType = TIME) {
    super(type);
    this.epochNs = epochNs;
    this.zone = zone;
  }

  as(type: GoType): GoTime {
    return new GoTime(this.epochNs, this.zone, type);
  }

  /** The same moment in another zone. */
  in(zone: string): GoTime {
    return new GoTime(this.epochNs, zone);
  }
}

const NS_PER_MS = 1_000_000n;
const ZERO_NS = BigInt(Date.UTC(2001, 0, 1) - 2000 * 365.2425 * 86_400_000) * NS_PER_MS;

/** Go's zero time, the first moment of the year 1. */
export const ZERO_TIME_NS = ZERO_NS;

/** The wall clock of a moment in its zone. */
export interface Wall {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly yearDay: number;
  /** East of Greenwich. */
  readonly offsetSeconds: number;
  readonly zoneName: string;
}

/** What a clock on the wall shows. */
export function wallOf(time: GoTime): Wall {
  const ms = floorDivide(time.epochNs, NS_PER_MS);
  const offsetSeconds = offsetOf(time.zone, Number(ms));
  const date = new Date(Number(ms) + offsetSeconds * 1000);
  const year = date.getUTCFullYear();
  const newYear = new Date(0);
  newYear.setUTCFullYear(year, 0, 1);
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanosecond: date.getUTCMilliseconds() * 1_000_000 + Number(time.epochNs - ms * NS_PER_MS),
    weekday: date.getUTCDay(),
    yearDay: Math.floor((date.getTime() - newYear.getTime()) / 86_400_000) + 1,
    offsetSeconds,
    zoneName: zoneNameOf(time.zone, Number(ms), offsetSeconds),
  };
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}

function offsetOf(zone: string, ms: number): number {
  if (zone === 'UTC') return 0;
  if (zone === 'Local') return -new Date(ms).getTimezoneOffset() * 60;
  const fixed = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (fixed !== null) return (fixed[1] === '-' ? -60 : 60) * (Number(fixed[2]) * 60 + Number(fixed[3]));
  const text = partOf(zone, 'en-US', 'longOffset', ms);
  const offset = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  if (offset === null) return 0;
  const seconds = Number(offset[2]) * 3600 + Number(offset[3]) * 60 + Number(offset[4] ?? 0);
  return offset[1] === '-' ? -seconds : seconds;
}

/** Locales that have short names for zones: each has those of its own region. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'ja-JP', 'ko-KR', 'zh-CN'];

/** Names that no locale has, after the IANA database. */
const ZONE_NAMES: Readonly<Record<string, string>> = {
  'Asia/Tokyo': 'JST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Kolkata': 'IST',
  'Asia/Calcutta': 'IST',
  'Asia/Karachi': 'PKT',
  'Asia/Manila': 'PST',
  'Asia/Jakarta': 'WIB',
  'Africa/Johannesburg': 'SAST',
  'Africa/Nairobi': 'EAT',
  'Africa/Lagos': 'WAT',
  'Europe/Moscow': 'MSK',
};

function zoneNameOf(zone: string, ms: number, offsetSeconds: number): string {
  if (zone === 'UTC' || (zone === 'Local' && offsetSeconds === 0)) return 'UTC';
  if (/^[+-]/.test(zone)) return '';
  const region = zone === 'Local' ? undefined : zone;
  if (region !== undefined && ZONE_NAMES[region] !== undefined) return ZONE_NAMES[region];
  for (const locale of LOCALES) {
    const name = partOf(region, locale, 'short', ms);
    if (/^[A-Z]{2,5}$/.test(name) && (name !== 'GMT' || offsetSeconds === 0)) return name;
  }
  const minutes = Math.abs(offsetSeconds) / 60;
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0');
  return `${offsetSeconds < 0 ? '-' : '+'}${hours}${rest}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function partOf(zone: string | undefined, locale: string, style: 'short' | 'longOffset', ms: number): string {
  const key = `${zone}\0${locale}\0${style}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, {
      timeZoneName: style,
      ...(zone === undefined ? {} : { timeZone: zone }),
    });
    formats.set(key, format);
  }
  return format.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? '';
}

/** Go's `time.LoadLocation`. @throws Error when there is no such zone */
export function loadLocation(name: string): string {
  if (name === '' || name === 'UTC') return 'UTC';
  if (name === 'Local') return 'Local';
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    if (/^[+-]/.test(name)) throw new RangeError(name);
    return name;
  } catch {
    throw new Error(`unknown time zone ${name}`);
  }
}

/** A time by a layout. */
export function formatTime(time: GoTime, layout: string): string {
  return expandLayout(layout, wallOf(time));
}

/** A time as Go prints it: `2015-07-01 20:10:51.781 +0000 UTC`. */
export function printTime(time: GoTime): string {
  return formatTime(time, '2006-01-02 15:04:05.999999999 -0700 MST');
}

/** A time as Go writes it in JSON. */
export function jsonTime(time: GoTime): string {
  return formatTime(time, '2006-01-02T15:04:05.999999999Z07:00');
}

const NS_PER_SECOND = 1_000_000_000n;

/** A duration as Go prints it: `1h5m0s`, `1.5s`, `120ms`, `3µs`. */
export function printDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = (value: bigint, unit: bigint): string => {
    const digits = String(value % unit).padStart(String(unit).length - 1, '0');
    const text = unit === 1n ? '' : digits.replace(/0+$/, '');
    return `${value / unit}${text === '' ? '' : `.${text}`}`;
  };
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < NS_PER_MS) return `${sign}${fraction(size, 1000n)}µs`;
  if (size < NS_PER_SECOND) return `${sign}${fraction(size, NS_PER_MS)}ms`;
  const minutes = size / (60n * NS_PER_SECOND);
  const seconds = `${fraction(size % (60n * NS_PER_SECOND), NS_PER_SECOND)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

function duration(receiver: GoValue): bigint {
  return receiver instanceof GoScalar ? BigInt(receiver.value) : 0n;
}

function getter(call: (receiver: GoValue) => GoValue): GoMethod {
  return { params: [], call };
}

/** `time.Duration`. */
export const DURATION: GoType = {
  name: 'time.Duration',
  kind: 'int',
  underlying: 'int64',
  toText: (value) => printDuration(duration(value)),
  methods: new Map<string, GoMethod>([
    ['String', getter((value) => printDuration(duration(value)))],
    ['Seconds', getter((value) => Number(duration(value)) / 1e9)],
    ['Minutes', getter((value) => Number(duration(value)) / 6e10)],
    ['Hours', getter((value) => Number(duration(value)) / 3.6e12)],
    ['Milliseconds', getter((value) => new GoScalar(INT64, duration(value) / NS_PER_MS))],
    ['Microseconds', getter((value) => new GoScalar(INT64, duration(value) / 1000n))],
    ['Nanoseconds', getter((value) => new GoScalar(INT64, duration(value)))],
    ['Abs', getter((value) => goDuration(duration(value) < 0n ? -duration(value) : duration(value)))],
    ['Truncate', rounding((size, step) => size - (size % step))],
    ['Round', rounding(roundHalfAway)],
  ]),
};

function rounding(call: (size: bigint, step: bigint) => bigint): GoMethod {
  return {
    get params() {
      return [DURATION];
    },
    call: (receiver, [argument]) => {
      const step = duration(argument!);
      const size = duration(receiver);
      return goDuration(step <= 0n ? size : call(size, step));
    },
  };
}

function roundHalfAway(size: bigint, step: bigint): bigint {
  const rest = size % step;
  const magnitude = rest < 0n ? -rest : rest;
  if (magnitude * 2n < step) return size - rest;
  return size - rest + (size < 0n ? -step : step);
}

/** A duration. */
export function goDuration(nanoseconds: bigint): GoScalar {
  return new GoScalar(DURATION, nanoseconds);
}

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function named(name: string, texts: readonly string[], first: number): GoType {
  const toText = (value: GoValue): string => texts[Number(duration(value)) - first] ?? '';
  const methods = new Map<string, GoMethod>([['String', getter(toText)]]);
  return { name, kind: 'int', underlying: 'int', toText, methods };
}

const MONTH = named('time.Month', MONTHS, 1);
const WEEKDAY = named('time.Weekday', WEEKDAYS, 0);

function timeMethod(
  params: () => readonly GoType[],
  call: (time: GoTime, args: readonly GoValue[]) => GoValue,
): GoMethod {
  return {
    get params() {
      return params();
    },
    call: (receiver, args) => call(receiver as GoTime, args),
  };
}

function timeGetter(call: (time: GoTime) => GoValue): GoMethod {
  return timeMethod(() => [], call);
}

function wallGetter(field: keyof Wall): GoMethod {
  return timeGetter((time) => BigInt(wallOf(time)[field]));
}

function againstTime(call: (time: GoTime, other: GoTime) => GoValue): GoMethod {
  return timeMethod(
    () => [TIME],
    (time, [other]) => call(time, other as GoTime),
  );
}

/** `time.Time`. */
export const TIME: GoType = {
  name: 'time.Time',
  kind: 'struct',
  underlying: 'time.Time',
  toText: (value) => printTime(value as GoTime),
  methods: new Map<string, GoMethod>([
    ['String', timeGetter(printTime)],
    [
      'Format',
      timeMethod(
        () => [STRING],
        (time, [layout]) => formatTime(time, String(layout)),
      ),
    ],
    ['UTC', timeGetter((time) => time.in('UTC'))],
    ['Local', timeGetter((time) => time.in('Local'))],
    ['Unix', timeGetter((time) => new GoScalar(INT64, floorDivide(time.epochNs, NS_PER_SECOND)))],
    ['UnixMilli', timeGetter((time) => new GoScalar(INT64, floorDivide(time.epochNs, NS_PER_MS)))],
    ['UnixMicro', timeGetter((time) => new GoScalar(INT64, floorDivide(time.epochNs, 1000n)))],
    ['UnixNano', timeGetter((time) => new GoScalar(INT64, time.epochNs))],
    ['IsZero', timeGetter((time) => time.epochNs === ZERO_NS)],
    ['Year', wallGetter('year')],
    ['Day', wallGetter('day')],
    ['Hour', wallGetter('hour')],
    ['Minute', wallGetter('minute')],
    ['Second', wallGetter('second')],
    ['Nanosecond', wallGetter('nanosecond')],
    ['YearDay', wallGetter('yearDay')],
    ['Month', timeGetter((time) => new GoScalar(MONTH, BigInt(wallOf(time).month)))],
    ['Weekday', timeGetter((time) => new GoScalar(WEEKDAY, BigInt(wallOf(time).weekday)))],
    ['Sub', againstTime((time, other) => goDuration(time.epochNs - other.epochNs))],
    ['After', againstTime((time, other) => time.epochNs > other.epochNs)],
    ['Before', againstTime((time, other) => time.epochNs < other.epochNs)],
    ['Equal', againstTime((time, other) => time.epochNs === other.epochNs)],
    [
      'Compare',
      againstTime((time, other) =>
        time.epochNs < other.epochNs ? -1n : time.epochNs > other.epochNs ? 1n : 0n,
      ),
    ],
    [
      'Add',
      timeMethod(
        () => [DURATION],
        (time, [by]) => new GoTime(time.epochNs + duration(by!), time.zone),
      ),
    ],
    ['AddDate', timeMethod(() => [INT, INT, INT], addDate)],
    ['Truncate', stepped((ns, step) => ns - (ns % step))],
    ['Round', stepped(roundHalfAway)],
  ]),
};

/** Rounds counting from Go's zero time, as Go does. */
function stepped(call: (ns: bigint, step: bigint) => bigint): GoMethod {
  return timeMethod(
    () => [DURATION],
    (time, [by]) => {
      const step = duration(by!);
      if (step <= 0n) return time;
      return new GoTime(call(time.epochNs - ZERO_NS, step) + ZERO_NS, time.zone);
    },
  );
}

function addDate(time: GoTime, [years, months, days]: readonly GoValue[]): GoTime {
  const wall = wallOf(time);
  const date = new Date(0);
  date.setUTCFullYear(wall.year + Number(years), wall.month - 1 + Number(months), wall.day + Number(days));
  date.setUTCHours(wall.hour, wall.minute, wall.second);
  const guess = date.getTime() - wall.offsetSeconds * 1000;
  const ms = date.getTime() - offsetOf(time.zone, guess) * 1000;
  if (Number.isNaN(ms)) throw new Error('the time is out of range');
  return new GoTime(BigInt(ms) * NS_PER_MS + BigInt(wall.nanosecond), time.zone);
}

/** `*time.Time`. */
export const TIME_POINTER: GoType = pointerTo(TIME);
