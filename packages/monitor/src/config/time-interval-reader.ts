/**
 * Reads the time intervals of `alertmanager.yml`. Each part of an interval is a list of ranges, written as Alertmanager
 * writes them: `monday:friday`, `-3:-1`, `march`, `2024:2026`, `09:00` to `17:30`.
 */
import type { NumberRange, TimeInterval, TimeIntervalsConfig } from './alertmanager.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const DAYS_OF_MONTH_MAX = 31;
/** Every month has these; what is empty in such a month is taken for a mistake. */
const DAYS_OF_MONTH_MIN = 28;
/** The shortest way to say the whole day is `00:00` to `24:00`. */
const TIME_OF_DAY = /^(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/;

/** The zones of the IANA database whose names are three letters. */
const ABBREVIATED_ZONES = 'CET EET EST GMT HST MET MST PRC ROC ROK UCT UTC WET'.split(' ');

/** Reads both lists of named intervals; the older one, `mute_time_intervals`, means the same. */
export function readTimeIntervals(root: YamlMap | undefined): readonly TimeIntervalsConfig[] {
  const all: TimeIntervalsConfig[] = [];
  for (const field of ['mute_time_intervals', 'time_intervals']) {
    for (const item of root?.items(field) ?? []) {
      const map = item.map();
      if (map === undefined) continue;
      const nameNode = map.required('name');
      const name = nameNode?.text() ?? '';
      if (nameNode !== undefined && name === '') nameNode.problem(`${nameNode.path} must not be empty`);
      if (name !== '' && all.some((known) => known.name === name))
        nameNode?.problem(`the time interval ${JSON.stringify(name)} is given twice`);
      const intervals = map.items('time_intervals').flatMap((interval) => readInterval(interval.map()));
      map.finish();
      all.push({ name, intervals });
    }
  }
  return all;
}

function readInterval(map: YamlMap | undefined): TimeInterval[] {
  if (map === undefined) return [];
  const interval: TimeInterval = {
    times: ranges(map, 'times', timeRange),
    weekdays: ranges(map, 'weekdays', (node) => namedRange(node, weekday)),
    daysOfMonth: ranges(map, 'days_of_month', dayRange),
    months: ranges(map, 'months', (node) => namedRange(node, month)),
    years: ranges(map, 'years', (node) => namedRange(node, integer)),
    location: location(map.field('location')),
  };
  map.finish();
  return [interval];
}

/** An absent part holds always; an empty list, which nobody should write, never. */
function ranges(
  map: YamlMap,
  field: string,
  read: (node: YamlNode) => NumberRange | undefined,
): readonly NumberRange[] | undefined {
  return map
    .field(field)
    ?.items()
    ?.flatMap((node) => read(node) ?? []);
}

function timeRange(node: YamlNode): NumberRange | undefined {
  const map = node.map();
  if (map === undefined) return undefined;
  const start = timeOfDay(map.required('start_time'));
  const end = timeOfDay(map.required('end_time'));
  map.finish();
  if (start === undefined || end === undefined) return undefined;
  if (start >= end)
    node.problem(`${node.path} must start before it ends; write what spans midnight as two ranges`);
  return { start, end };
}

function timeOfDay(node: YamlNode | undefined): number | undefined {
  const text = node?.text();
  if (text === undefined) return undefined;
  const match = TIME_OF_DAY.exec(text);
  if (match === null) {
    node?.problem(`${node.path} must be a time from 00:00 to 24:00, not ${JSON.stringify(text)}`);
    return undefined;
  }
  return Number(match[1] ?? match[3]) * 60 + Number(match[2] ?? match[4]);
}

function dayRange(node: YamlNode): NumberRange | undefined {
  const range = textRange(node, integer);
  if (range === undefined) return undefined;
  const { start, end } = range;
  for (const day of [start, end]) {
    if (day !== 0 && Math.abs(day) <= DAYS_OF_MONTH_MAX) continue;
    node.problem(`${node.path}: ${day} is no day of a month: 1 to 31, or -31 to -1 from its end`);
    return undefined;
  }
  const inShortMonth = (day: number): number => (day < 0 ? DAYS_OF_MONTH_MIN + day : day);
  if (start < 0 && end > 0)
    node.problem(`${node.path}: a range that starts with a day from the month's end must end with one`);
  else if (inShortMonth(start) > inShortMonth(end))
    node.problem(`${node.path}: the day ${end} always comes before the day ${start}`);
  return range;
}

function namedRange(node: YamlNode, member: (text: string) => number | string): NumberRange | undefined {
  const range = textRange(node, member);
  if (range !== undefined && range.start > range.end)
    node.problem(`${node.path} must start before it ends; write what spans the turn as two ranges`);
  return range;
}

/** Reads `member` or `member:member`; a member that is wrong is told in words. */
function textRange(node: YamlNode, member: (text: string) => number | string): NumberRange | undefined {
  const text = node.text();
  if (text === undefined) return undefined;
  const parts = text.toLowerCase().split(':');
  if (parts.length > 2) {
    node.problem(`${node.path} must be one value, or two with a colon between, not ${JSON.stringify(text)}`);
    return undefined;
  }
  const start = member(parts[0]!);
  const end = member(parts.at(-1)!);
  if (typeof start === 'number' && typeof end === 'number') return { start, end };
  node.problem(`${node.path}: ${typeof start === 'string' ? start : end}`);
  return undefined;
}

function weekday(text: string): number | string {
  const day = WEEKDAYS.indexOf(text);
  return day < 0 ? `${JSON.stringify(text)} is no weekday: ${WEEKDAYS.join(', ')}` : day;
}

function month(text: string): number | string {
  const at = MONTHS.indexOf(text);
  if (at >= 0) return at + 1;
  const number = integer(text);
  return typeof number === 'number'
    ? number
    : `${JSON.stringify(text)} is no month: january, february, ..., or 1 to 12`;
}

function integer(text: string): number | string {
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : `${JSON.stringify(text)} is no whole number`;
}

function location(node: YamlNode | undefined): string {
  const name = node?.text() ?? '';
  if (name === '' || name === 'UTC') return 'UTC';
  try {
    // `Local` is the zone of the machine that this runs on.
    if (name === 'Local') return new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
    new Intl.DateTimeFormat('en', { timeZone: name });
    if (isSpeltAsZone(name)) return name;
  } catch {
    // Told below.
  }
  node?.problem(
    `${node.path} must be a time zone of the IANA database such as Europe/Berlin, not ${JSON.stringify(name)}`,
  );
  return 'UTC';
}

/** Node also takes small letters, and abbreviations that mean different things to different people: `IST`, `CST`. */
function isSpeltAsZone(name: string): boolean {
  if (/^[A-Z]{3}$/.test(name)) return ABBREVIATED_ZONES.includes(name);
  return name.split('/').every((part) => /^[A-Z]/.test(part));
}
