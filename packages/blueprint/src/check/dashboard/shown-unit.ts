/** What Grafana's units say of the numbers that are shown with them. */
import type { Unit } from '@binnacle/promql';

/** What a number must be, to be shown with a unit. */
export interface ShownUnit {
  readonly unit: Unit;
  /** The factor by which a number in base units had to be multiplied: 1000 for `ms`. */
  readonly factor: number;
}

const SECONDS: Unit = { seconds: 1 };
const BYTES: Unit = { bytes: 1 };
const BITS: Unit = { bits: 1 };
const BYTES_RATE: Unit = { bytes: 1, seconds: -1 };
const BITS_RATE: Unit = { bits: 1, seconds: -1 };
const ONE: Unit = {};

/** Ids of units with a dimension. The others, such as `short` and `reqps`, fit to any number of things. */
const SHOWN: ReadonlyMap<string, ShownUnit> = new Map([
  ...sameAs(SECONDS, 1, 's dtdurations clocks dthms dtdhms'),
  ...sameAs(SECONDS, 1e3, 'ms dtdurationms clockms'),
  ...sameAs(SECONDS, 1e6, 'µs'),
  ...sameAs(SECONDS, 1e9, 'ns'),
  ...sameAs(SECONDS, 1 / 60, 'm'),
  ...sameAs(SECONDS, 1 / 3600, 'h'),
  ...sameAs(SECONDS, 1 / 86_400, 'd'),
  ...sameAs(BYTES, 1, 'bytes decbytes'),
  ...sameAs(BYTES, 1 / 2 ** 10, 'kbytes'),
  ...sameAs(BYTES, 1 / 2 ** 20, 'mbytes'),
  ...sameAs(BYTES, 1 / 2 ** 30, 'gbytes'),
  ...sameAs(BYTES, 1e-3, 'deckbytes'),
  ...sameAs(BYTES, 1e-6, 'decmbytes'),
  ...sameAs(BYTES, 1e-9, 'decgbytes'),
  ...sameAs(BITS, 1, 'bits decbits'),
  ...sameAs(BYTES_RATE, 1, 'Bps binBps'),
  ...sameAs(BITS_RATE, 1, 'bps binbps'),
  ...sameAs(ONE, 1, 'percentunit'),
  ...sameAs(ONE, 100, 'percent'),
  ...sameAs({ celsius: 1 }, 1, 'celsius'),
  ...sameAs({ hertz: 1 }, 1, 'hertz'),
  ...sameAs({ volts: 1 }, 1, 'volt'),
  ...sameAs({ watts: 1 }, 1, 'watt'),
]);

/** What a number must be that is shown with a unit; undefined where it may be anything. */
export function shownUnit(id: string): ShownUnit | undefined {
  return SHOWN.get(id);
}

/** The id of the unit that shows numbers in base units. */
export function unitIdFor(unit: Unit): string | undefined {
  for (const [id, shown] of SHOWN) if (shown.factor === 1 && sameUnit(shown.unit, unit)) return id;
  return undefined;
}

/** Whether two units are the same. */
export function sameUnit(a: Unit, b: Unit): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function sameAs(unit: Unit, factor: number, ids: string): [string, ShownUnit][] {
  return ids.split(' ').map((id) => [id, { unit, factor }]);
}
