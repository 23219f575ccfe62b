/**
 * Go's layouts of times: a sample of how the moment `Mon Jan 2 15:04:05 MST 2006` would be written.
 *
 *     2006 06   Jan January 1 01   2 _2 02 002 __2   Mon Monday   15 3 03 PM pm   4 04   5 05   .000 .999 ,000 ,999
 *     MST   -0700 -07:00 -07 -070000 -07:00:00   Z0700 Z07:00 Z07 Z070000 Z07:00:00
 */
import type { Wall } from './go-time.ts';

/** The parts of a layout; longer ones stand before those that they begin with. */
const PARTS =
  /January|Jan(?![a-z])|Jan|Monday|Mon(?![a-z])|Mon|MST|2006|__2|_2006|_2|002|0[1-6]|15|[1-5]|PM|pm|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07|[.,](?:0+|9+)(?!\d)/g;

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Writes a wall clock by a layout. */
export function expandLayout(layout: string, wall: Wall): string {
  return layout.replace(PARTS, (part, offset: number) => {
    // A word that only begins like a month or a day ("Janet") is left as it is.
    if ((part === 'Jan' || part === 'Mon') && /^[a-z]/.test(layout.slice(offset + 3))) return part;
    return expandPart(part, wall);
  });
}

function expandPart(part: string, wall: Wall): string {
  const two = (value: number, fill = '0'): string => String(value).padStart(2, fill);
  switch (part) {
    case '2006':
      return year(wall.year);
    case '_2006':
      return `_${year(wall.year)}`;
    case '06':
      return two(Math.abs(wall.year) % 100);
    case 'January':
      return MONTHS[wall.month - 1]!;
    case 'Jan':
      return MONTHS[wall.month - 1]!.slice(0, 3);
    case '1':
      return String(wall.month);
    case '01':
      return two(wall.month);
    case 'Monday':
      return WEEKDAYS[wall.weekday]!;
    case 'Mon':
      return WEEKDAYS[wall.weekday]!.slice(0, 3);
    case '2':
      return String(wall.day);
    case '_2':
      return two(wall.day, ' ');
    case '02':
      return two(wall.day);
    case '002':
      return String(wall.yearDay).padStart(3, '0');
    case '__2':
      return String(wall.yearDay).padStart(3, ' ');
    case '15':
      return two(wall.hour);
    case '3':
      return String(wall.hour % 12 || 12);
    case '03':
      return two(wall.hour % 12 || 12);
    case '4':
      return String(wall.minute);
    case '04':
      return two(wall.minute);
    case '5':
      return String(wall.second);
    case '05':
      return two(wall.second);
    case 'PM':
      return wall.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return wall.hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return wall.zoneName === '' ? numericZone('-0700', wall.offsetSeconds) : wall.zoneName;
    default:
      return /^[.,]/.test(part) ? fraction(part, wall.nanosecond) : numericZone(part, wall.offsetSeconds);
  }
}

function year(value: number): string {
  return (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(4, '0');
}

function fraction(part: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, part.length - 1)
    .padEnd(part.length - 1, '0');
  const kept = part[1] === '9' ? digits.replace(/0+$/, '') : digits;
  return kept === '' ? '' : part[0] + kept;
}

function numericZone(part: string, offsetSeconds: number): string {
  if (part.startsWith('Z') && offsetSeconds === 0) return 'Z';
  const size = Math.abs(offsetSeconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const pieces = [two(size / 3600), two((size / 60) % 60), two(size % 60)];
  const sign = offsetSeconds < 0 ? '-' : '+';
  const body = part.slice(1);
  const count = body.replaceAll(':', '').length / 2;
  return sign + pieces.slice(0, count).join(body.includes(':') ? ':' : '');
}
