/**
 * Units: a product of base units with exponents. Bytes per second is `{bytes: 1, seconds: -1}`; a number of things,
 * a share and what is always 1 have the empty product. `undefined` is a unit that is not known, which fits to
 * everything and makes everything that is calculated with it unknown too.
 *
 * A factor may convert (`* 1000`, `/ 1024`), so what is multiplied with a number has a unit that is not known, unless
 * the number is so near to 1 that no conversion is (`0.8 * limit_bytes`).
 */

/** Exponents by base unit, none of them 0. */
export type Unit = Readonly<Record<string, number>>;

/** The unit of shares and of numbers of things. */
export const ONE: Unit = {};
/** The unit of durations and of points in time. */
export const SECONDS: Unit = { seconds: 1 };

/** Factors that convert nothing lie between these. */
const PLAIN_FACTOR_MIN = 0.5;
const PLAIN_FACTOR_MAX = 2;

/** The words that are units, as the naming conventions of Prometheus and OpenMetrics have them. */
const UNITS: ReadonlyMap<string, Unit> = new Map<string, Unit>(
  [
    'seconds milliseconds microseconds nanoseconds minutes hours days',
    'bytes bits kilobytes megabytes gigabytes kibibytes mebibytes gibibytes',
    'celsius kelvin fahrenheit meters volts amperes joules grams hertz watts',
  ]
    .join(' ')
    .split(' ')
    .map((unit) => [unit, { [unit]: 1 }]),
);

/**
 * The unit that a word stands for. Words such as `requests` are none: they say what is counted, and what is counted
 * may be divided by anything.
 */
export function unitOf(word: string): Unit | undefined {
  return word === 'ratio' ? ONE : UNITS.get(word);
}

/** The unit that a family's name ends in, if any. */
export function unitOfName(family: string): Unit | undefined {
  const stem = family.endsWith('_total') ? family.slice(0, -'_total'.length) : family;
  const last = stem.slice(stem.lastIndexOf('_') + 1);
  return last === stem ? undefined : unitOf(last);
}

/** The unit of a product, or with `sign` -1 of a quotient. */
export function multiplied(a: Unit | undefined, b: Unit | undefined, sign: 1 | -1 = 1): Unit | undefined {
  if (a === undefined || b === undefined) return undefined;
  const product: Record<string, number> = { ...a };
  for (const [base, exponent] of Object.entries(b)) {
    const sum = (product[base] ?? 0) + sign * exponent;
    if (sum === 0) delete product[base];
    else product[base] = sum;
  }
  return product;
}

/** The unit per second. */
export function perSecond(unit: Unit | undefined): Unit | undefined {
  return multiplied(unit, SECONDS, -1);
}

/** Whether a factor is so near to 1 that it does not convert a unit. */
export function isPlainFactor(factor: number): boolean {
  return Math.abs(factor) >= PLAIN_FACTOR_MIN && Math.abs(factor) <= PLAIN_FACTOR_MAX;
}

/** Whether two units fit; one that is not known fits to all. */
export function fits(a: Unit | undefined, b: Unit | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** A unit in words: `bytes per seconds`. */
export function unitInWords(unit: Unit): string {
  const power = ([base, exponent]: readonly [string, number]): string =>
    Math.abs(exponent) === 1 ? base : `${base}^${Math.abs(exponent)}`;
  const parts = Object.entries(unit);
  const above = parts.filter(([, exponent]) => exponent > 0).map(power);
  const below = parts.filter(([, exponent]) => exponent < 0).map(power);
  if (below.length === 0) return above.join('·') || 'a plain number';
  return `${above.join('·') || 'a number'} per ${below.map(singular).join('·')}`;
}

function singular(word: string): string {
  return word.endsWith('s') && word !== 'celsius' ? word.slice(0, -1) : word;
}
