/**
 * Numbers as Go writes and reads them.
 *
 * Digits come from one place: `toExponential(100)` is the exact decimal expansion of a double as far as
 * rounding needs it, and is then rounded half to even, as Go does; JavaScript's own `toFixed` rounds half up.
 */
import { quote } from '@binnacle/promql';

/**
 * A float64 as Go's `strconv.FormatFloat` writes it.
 * @param precision digits after the point (`e`, `f`) or significant digits (`g`); -1 for as few as identify the value
 */
export function formatFloat(value: number, verb: 'e' | 'f' | 'g', precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  const exact = decimalOf(magnitude, precision < 0);
  switch (verb) {
    case 'e': {
      const rounded = precision < 0 ? exact : round(exact, precision + 1);
      return sign + exponential(rounded.digits.padEnd(precision + 1, '0'), rounded.exponent);
    }
    case 'f': {
      const rounded = precision < 0 ? exact : round(exact, exact.exponent + 1 + precision);
      return sign + positional(rounded, precision);
    }
    case 'g': {
      const rounded = precision < 0 ? exact : round(exact, Math.max(precision, 1));
      const digits = trimZeros(rounded.digits);
      const exponentMax = precision < 0 ? SHORTEST_EXPONENT_MAX : Math.max(precision, 1);
      if (rounded.exponent < -4 || rounded.exponent >= exponentMax)
        return sign + exponential(digits, rounded.exponent);
      return sign + positional({ digits, exponent: rounded.exponent }, -1);
    }
  }
}

/** From this exponent on the shortest form is written with one: 1e6 is `1e+06`. */
const SHORTEST_EXPONENT_MAX = 6;

/** `0.digits × 10^(exponent + 1)`; the first digit is not 0 except for the value 0. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

function decimalOf(magnitude: number, shortest: boolean): Decimal {
  if (!shortest && magnitude >= 1e21) {
    const digits = BigInt(magnitude).toString();
    return { digits, exponent: digits.length - 1 };
  }
  const [mantissa, exponent] = (shortest ? magnitude.toExponential() : magnitude.toExponential(100)).split(
    'e',
  );
  return { digits: mantissa!.replace('.', ''), exponent: Number(exponent) };
}

/** Rounds half to even to a number of significant digits, which may be 0 or less. */
function round(decimal: Decimal, significant: number): Decimal {
  if (significant >= decimal.digits.length) return decimal;
  if (significant < 0) return { digits: '', exponent: decimal.exponent };
  const kept = decimal.digits.slice(0, significant);
  const rest = decimal.digits.slice(significant);
  const isHalf = /^50*$/.test(rest);
  const lastIsOdd = '13579'.includes(kept.at(-1) ?? '0');
  if (!(isHalf ? lastIsOdd : rest[0]! >= '5')) return { digits: kept, exponent: decimal.exponent };
  const up = (BigInt(kept === '' ? '0' : kept) + 1n).toString();
  // 9.99 becomes 10.0: one digit more, so the exponent grows.
  return up.length > kept.length
    ? { digits: up, exponent: decimal.exponent + 1 }
    : { digits: up.padStart(kept.length, '0'), exponent: decimal.exponent };
}

function exponential(digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
}

/** Writes without exponent; `places` -1 for as many as there are. */
function positional(decimal: Decimal, places: number): string {
  const { digits, exponent } = decimal;
  const whole = exponent >= 0 ? digits.slice(0, exponent + 1).padEnd(exponent + 1, '0') : '0';
  let fraction = exponent >= 0 ? digits.slice(exponent + 1) : '0'.repeat(-exponent - 1) + digits;
  if (places < 0) fraction = trimZeros(fraction, '');
  else fraction = fraction.slice(0, places).padEnd(places, '0');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

function trimZeros(digits: string, otherwise = '0'): string {
  const trimmed = digits.replace(/0+$/, '');
  return trimmed === '' ? otherwise : trimmed;
}

/** Go's `strconv.ParseFloat`: also hexadecimal floats and infinities by name. @throws Error in Go's words */
export function parseFloat64(text: string): number {
  const infinite = /^([+-]?)(?:inf|infinity)$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const hexadecimal = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?\d+)$/.exec(text);
  if (hexadecimal !== null) {
    const [, sign, whole = '', fraction = '', exponent] = hexadecimal;
    const digits = Number.parseInt(whole + fraction || '0', 16);
    return (sign === '-' ? -1 : 1) * digits * 2 ** (Number(exponent) - 4 * fraction.length);
  }
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
    throw new Error(`strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isFinite(value))
    throw new Error(`strconv.ParseFloat: parsing ${quote(text)}: value out of range`);
  return value;
}

/** A constant in a template. A whole number is an int unless it is written as a float; it still serves as both. */
export interface GoConstant {
  readonly text: string;
  /** What it is where nothing says what it should be; undefined where that is an int too large for one. */
  readonly value: number | bigint | undefined;
  readonly asInt: bigint | undefined;
  readonly asFloat: number;
}

const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

/** Reads a constant: Go's integers of any base, floats and characters; undefined when it is none of them. */
export function parseConstant(text: string): GoConstant | undefined {
  if (!/^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|[1-9](?:_?\d)*|0)$/.test(text))
    return parseFloatConstant(text);
  const digits = text.replaceAll('_', '').replace(/^[+-]/, '');
  const octal = /^0[oO]?([0-7]+)$/.exec(digits);
  const magnitude = BigInt(octal === null ? digits : `0o${octal[1]}`);
  const value = text.startsWith('-') ? -magnitude : magnitude;
  if (value > UINT_MAX || value < -INT_MAX - 1n) return undefined;
  const whole = value > INT_MAX ? undefined : value;
  return { text, value: whole, asInt: whole, asFloat: Number(value) };
}

function parseFloatConstant(text: string): GoConstant | undefined {
  if (!/^[+-]?(?:0[xX]|\d|\.\d)/.test(text) || /__|_$|^_|_[.eEpP]|[.eEpP]_/.test(text)) return undefined;
  try {
    const value = parseFloat64(text.replaceAll('_', ''));
    if (!/[.eEpP]/.test(text)) return undefined;
    const whole = Number.isInteger(value) && Math.abs(value) < 2 ** 63;
    return { text, value, asInt: whole ? BigInt(value) : undefined, asFloat: value };
  } catch {
    return undefined;
  }
}
