/**
 * Values as Go's `fmt` prints them, as far as templates need it: `%v` of a float64 and `printf`.
 *
 * Digits come from one place: `toExponential(100)` is the exact decimal expansion of a double as far as
 * rounding needs it, and is then rounded half to even, as Go does; JavaScript's own `toFixed` rounds half up.
 */

/** What templates compute with; a `bigint` is Go's int, a `number` its float64. */
export type GoValue = string | number | bigint | boolean | null | GoStruct | GoMap | readonly GoValue[];

/** A Go map with string keys. */
export interface GoMap extends ReadonlyMap<string, GoValue> {}

/** A Go struct: unlike a map, it does not have fields that it does not have. */
export class GoStruct {
  readonly typeName: string;
  readonly fields: GoMap;

  constructor(typeName: string, fields: GoMap) {
    this.typeName = typeName;
    this.fields = fields;
  }
}

/** Whether a value is a map. */
export function isGoMap(value: GoValue): value is GoMap {
  return value instanceof Map;
}

/** Whether a value is a list. */
export function isGoList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}

/** A value as `{{ value }}` prints it: Go's `%v`. */
export function printValue(value: GoValue): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return formatFloat(value, 'g', -1);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return '<no value>';
      if (isGoList(value)) return `[${value.map(printValue).join(' ')}]`;
      if (value instanceof GoStruct) return `{${[...value.fields.values()].map(printValue).join(' ')}}`;
      return `map[${[...value]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => `${key}:${printValue(item)}`)
        .join(' ')}]`;
  }
}

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

/** Go's `fmt.Sprintf` with the verbs `v s q d f F e g x X t c` and `%%`; flags `+ - 0 #` and space. */
export function sprintf(format: string, values: readonly GoValue[]): string {
  let next = 0;
  const out = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%])|%$/g,
    (match, flags: string | undefined, width: string | undefined, _precision: string | undefined, verb) => {
      if (verb === '%') return '%';
      if (verb === undefined) return '%!(NOVERB)';
      const size = width === '*' ? Number(values[next++] ?? 0) : Number(width ?? 0);
      const precision = precisionOf(match, () => Number(values[next++] ?? 0));
      if (next >= values.length) return `%!${verb}(MISSING)`;
      return pad(formatVerb(verb, flags ?? '', precision, values[next++]!), flags ?? '', size);
    },
  );
  if (next >= values.length) return out;
  const extra = values.slice(next).map((value) => `${typeName(value)}=${printValue(value)}`);
  return `${out}%!(EXTRA ${extra.join(', ')})`;
}

function precisionOf(match: string, argument: () => number): number {
  const dot = match.indexOf('.');
  if (dot < 0) return -1;
  if (match[dot + 1] === '*') return argument();
  return Number.parseInt(match.slice(dot + 1), 10) || 0;
}

function formatVerb(verb: string, flags: string, precision: number, value: GoValue): string {
  const plus = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const signed = (text: string): string => (/^[-+]/.test(text) ? text : plus + text);
  // `%+v` asks for the names of a struct's fields, not for a sign.
  if (verb === 'v') return typeof value === 'number' ? formatFloat(value, 'g', precision) : printValue(value);
  if (verb === 't' && typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (verb === 'f' || verb === 'F') return signed(formatFloat(value, 'f', precision < 0 ? 6 : precision));
    if (verb === 'e') return signed(formatFloat(value, 'e', precision < 0 ? 6 : precision));
    if (verb === 'g') return signed(formatFloat(value, 'g', precision));
  }
  if (typeof value === 'bigint') {
    if (verb === 'd') return signed(String(value));
    if (verb === 'x') return value.toString(16);
    if (verb === 'X') return value.toString(16).toUpperCase();
    if (verb === 'c') return String.fromCodePoint(Number(value));
  }
  if (typeof value === 'string') {
    if (verb === 's') return precision < 0 ? value : [...value].slice(0, precision).join('');
    if (verb === 'q') return JSON.stringify(value);
    if (verb === 'x') return Buffer.from(value).toString('hex');
  }
  if (verb === 's' && typeof value === 'object' && value !== null) return printValue(value);
  return `%!${verb}(${typeName(value)}=${printValue(value)})`;
}

function pad(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const sign = /^[-+]/.test(text) ? text[0]! : '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

/** A value's type as Go names it in messages. */
export function typeName(value: GoValue): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int';
    case 'boolean':
      return 'bool';
    default:
      if (value === null) return '<nil>';
      if (value instanceof GoStruct) return value.typeName;
      return isGoList(value) ? '[]interface {}' : 'map[string]string';
  }
}
