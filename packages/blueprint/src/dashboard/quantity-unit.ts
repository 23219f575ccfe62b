/** The unit of Grafana's in which a quantity is shown. */
import { rounded } from '../decimal.ts';
import type { Base, Quantity } from './quantity.ts';
import type { UnitId } from './unit-id.ts';

/** Units by base, then by the factor in front of it. */
const UNITS: Readonly<Record<string, ReadonlyMap<number, UnitId>>> = {
  events: new Map([[1, 'short']]),
  'events/seconds': new Map([
    [1, 'ops'],
    [60, 'opm'],
  ]),
  seconds: new Map([
    [1, 's'],
    [1e3, 'ms'],
    [1e6, 'µs'],
    [1e9, 'ns'],
    [1 / 60, 'm'],
    [1 / 3600, 'h'],
    [1 / 86_400, 'd'],
  ]),
  milliseconds: new Map([[1, 'ms']]),
  microseconds: new Map([[1, 'µs']]),
  nanoseconds: new Map([[1, 'ns']]),
  minutes: new Map([[1, 'm']]),
  hours: new Map([[1, 'h']]),
  days: new Map([[1, 'd']]),
  bytes: new Map([
    [1, 'bytes'],
    [8, 'bits'],
    [1 / 2 ** 10, 'kbytes'],
    [1 / 2 ** 20, 'mbytes'],
    [1 / 2 ** 30, 'gbytes'],
    [1e-3, 'deckbytes'],
    [1e-6, 'decmbytes'],
    [1e-9, 'decgbytes'],
  ]),
  'bytes/seconds': new Map([
    [1, 'Bps'],
    [8, 'bps'],
  ]),
  bits: new Map([[1, 'bits']]),
  'bits/seconds': new Map([[1, 'bps']]),
  kilobytes: new Map([[1, 'deckbytes']]),
  megabytes: new Map([[1, 'decmbytes']]),
  gigabytes: new Map([[1, 'decgbytes']]),
  kibibytes: new Map([[1, 'kbytes']]),
  mebibytes: new Map([[1, 'mbytes']]),
  gibibytes: new Map([[1, 'gbytes']]),
  celsius: new Map([[1, 'celsius']]),
  kelvin: new Map([[1, 'kelvin']]),
  fahrenheit: new Map([[1, 'fahrenheit']]),
  meters: new Map([[1, 'lengthm']]),
  'meters/seconds': new Map([[1, 'velocityms']]),
  volts: new Map([[1, 'volt']]),
  amperes: new Map([[1, 'amp']]),
  joules: new Map([[1, 'joule']]),
  // A joule in each second.
  'joules/seconds': new Map([[1, 'watt']]),
  watts: new Map([[1, 'watt']]),
  grams: new Map([[1, 'massg']]),
  hertz: new Map([[1, 'hertz']]),
};

/** The unit that a quantity is shown in; undefined where Grafana has none for it. */
export function unitOf(quantity: Quantity | undefined): UnitId | undefined {
  if (quantity === undefined) return undefined;
  const { base, share } = quantity;
  // Percents are multiplied by 100 and divided in any order, which leaves the last digits open.
  const factor = rounded(quantity.factor);
  if (share) return factor === 1 ? 'percentunit' : factor === 100 ? 'percent' : undefined;
  const key = keyOf(base);
  if (key === 'events/seconds' && [...quantity.counted].some((name) => /request/.test(name)))
    return factor === 1 ? 'reqps' : factor === 60 ? 'reqpm' : undefined;
  for (const [known, unit] of UNITS[key] ?? []) if (rounded(known) === factor) return unit;
  return undefined;
}

/** What there can be none of, and never less: not temperatures, voltages or heights. */
const AMOUNTS: ReadonlySet<string> = new Set([
  ...['events', 'seconds', 'milliseconds', 'microseconds', 'nanoseconds', 'minutes', 'hours', 'days'],
  ...['bytes', 'bits', 'kilobytes', 'megabytes', 'gigabytes', 'kibibytes', 'mebibytes', 'gibibytes'],
]);

/** Whether a quantity is of something that there cannot be less of than none. */
export function isAmount(quantity: Quantity | undefined): boolean {
  return quantity !== undefined && Object.keys(quantity.base).every((name) => AMOUNTS.has(name));
}

/** `{ bytes: 1, seconds: -1 }` as `bytes/seconds`. Per event is what each of them took: seconds, bytes. */
function keyOf(base: Base): string {
  const parts = Object.entries(base).filter(([name, exponent]) => name !== 'events' || exponent > 0);
  const above = parts.filter(([, exponent]) => exponent === 1).map(([name]) => name);
  const below = parts.filter(([, exponent]) => exponent === -1).map(([name]) => name);
  if (above.length + below.length < parts.length) return '';
  return below.length === 0 ? above.join('*') : `${above.join('*')}/${below.join('*')}`;
}
