/**
 * Numbers as text, written where they belong. Digits are made here because nine of ten values are integers, for which
 * a string would be made only to be copied.
 */
import { formatValue } from '../model/value.ts';

/** The longest text of a number: a sign, 17 digits, a point, an exponent; and a newline. */
export const NUMBER_BYTES_MAX = 33;
const INT32_END = 2 ** 31;
/** Below it a number of six decimals has 15 digits at most; above it stand times, which have three. */
const SIX_DECIMALS_END = 1e9;
const POINT = 0x2e;
const ZERO = 0x30;

/**
 * Writes a number over another one of `bytes` bytes, where it is as long; false, and nothing is written, where it is
 * not.
 */
export function overwriteNumber(view: DataView, at: number, bytes: number, value: number): boolean {
  const whole = value | 0;
  if (whole === value && (whole > 0 || Object.is(value, 0))) {
    if (digitsOf(whole) !== bytes) return false;
    writeInteger(view, at, whole);
    return true;
  }
  if (writeNumber(SCRATCH, 0, value) !== bytes) return false;
  for (let i = 0; i < bytes; i++) view.setUint8(at + i, SCRATCH.getUint8(i));
  return true;
}

const SCRATCH = new DataView(new ArrayBuffer(NUMBER_BYTES_MAX));

/** Writes any number; returns where it ends. */
export function writeNumber(view: DataView, start: number, value: number): number {
  let at = writeShort(view, start, value);
  if (at > 0) return at;
  at = start;
  const text = formatValue(value);
  for (let i = 0; i < text.length; i++) view.setUint8(at++, text.charCodeAt(i));
  return at;
}

/**
 * Writes a number from 0 to 2^31 that is an integer or has at most six decimals, from 10^9 on three; returns where
 * it ends, and 0 where it is no such number.
 *
 * A double has six decimals at most where n / 10^6 gives it for an integer n. Both are exact, so the quotient is the double
 * that is nearest to the decimal, which therefore reads back the same; and as n has 15 digits at most, no other
 * decimal of so few digits does, so that it is also the shortest.
 */
function writeShort(view: DataView, at: number, value: number): number {
  // -0 is no integer here: it is written with its sign.
  if (!(value < INT32_END) || !(value > 0 || Object.is(value, 0))) return 0;
  const whole = value | 0;
  if (whole === value) return writeInteger(view, at, whole);
  let decimals = value < SIX_DECIMALS_END ? 6 : 3;
  const scale = decimals === 6 ? 1e6 : 1e3;
  const scaled = Math.round(value * scale);
  if (scaled / scale !== value) return 0;
  let fraction = scaled - whole * scale;
  while (fraction % 10 === 0) {
    fraction = (fraction / 10) | 0;
    decimals--;
  }
  const point = writeInteger(view, at, whole);
  view.setUint8(point, POINT);
  for (let i = point + decimals; i > point; i--) {
    const next = (fraction / 10) | 0;
    view.setUint8(i, ZERO + fraction - next * 10);
    fraction = next;
  }
  return point + decimals + 1;
}

/** The digits of 0 to 99, two bytes each. */
const PAIRS = Uint16Array.from(
  { length: 100 },
  (_, i) => ((ZERO + Math.floor(i / 10)) << 8) | (ZERO + (i % 10)),
);

/** Writes an integer from 0 on; returns where it ends. */
function writeInteger(view: DataView, start: number, value: number): number {
  if (value < 10) {
    view.setUint8(start, ZERO + value);
    return start + 1;
  }
  if (value < 100) {
    view.setUint16(start, PAIRS[value]!);
    return start + 2;
  }
  const end = start + digitsOf(value);
  let at = end;
  let rest = value;
  while (rest >= 100) {
    const next = (rest / 100) | 0;
    at -= 2;
    view.setUint16(at, PAIRS[rest - next * 100]!);
    rest = next;
  }
  if (rest >= 10) view.setUint16(at - 2, PAIRS[rest]!);
  else view.setUint8(at - 1, ZERO + rest);
  return end;
}

/** How many digits an integer from 0 on has. */
function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  let digits = 3;
  for (let bound = 1000; digits < 10 && value >= bound; bound *= 10) digits++;
  return digits;
}
