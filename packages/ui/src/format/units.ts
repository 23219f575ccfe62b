/**
 * Units: how a number reads, by Grafana's unit ids.
 *
 * A unit turns a value into a scaled number and what stands around it: `1536` in `bytes` is `1.5` and ` KiB`.
 * Where no decimals are asked for, three significant digits are shown, and none after the point for whole
 * numbers. All units are in the one table below; an id of the form `kind:rest` makes a unit of its own, and any
 * other unknown id is shown behind the number, as Grafana does.
 */

/** A value, ready to be shown: a headline may draw the affixes smaller. */
export interface Formatted {
  readonly prefix: string;
  readonly text: string;
  readonly suffix: string;
}

/** How far a value is scaled, and what then stands around it. */
interface Scaled {
  readonly value: number;
  readonly prefix?: string;
  readonly suffix?: string;
  /** In place of the number. */
  readonly text?: string;
}

type Unit = (value: number) => Scaled;

const SHORT = ['', ' K', ' Mil', ' Bil', ' Tri', ' Quadr', ' Quint', ' Sext', ' Sept'];
const COUNT = ['', 'K', 'M', 'B', 'T'];
const SI = ['f', 'p', 'n', 'µ', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SI_ONE = 5;
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** Steps of time from a second on: below `until` seconds, in units of `seconds`. */
const TIME: readonly { readonly until: number; readonly seconds: number; readonly name: string }[] = [
  { until: 1e-6, seconds: 1e-9, name: 'ns' },
  { until: 1e-3, seconds: 1e-6, name: 'µs' },
  { until: 1, seconds: 1e-3, name: 'ms' },
  { until: 60, seconds: 1, name: 's' },
  { until: 3600, seconds: 60, name: 'min' },
  { until: 86_400, seconds: 3600, name: 'hour' },
  { until: 604_800, seconds: 86_400, name: 'day' },
  { until: 31_536_000, seconds: 604_800, name: 'week' },
  { until: Number.POSITIVE_INFINITY, seconds: 31_536_000, name: 'year' },
];

/** A fixed text behind the number. */
const fixed =
  (suffix: string): Unit =>
  (value) => ({ value, suffix });

/** The power of `factor` nearest below the value, and the name that it has in a list. */
function scaleBy(factor: number, names: readonly string[], one: number, unit: string): Unit {
  return (value) => {
    const size = Math.abs(value);
    // Log2 and log10 are exact at whole powers, where a quotient of natural logarithms is not.
    const log = factor === 1024 ? Math.log2(size) / 10 : Math.log10(size) / 3;
    const power =
      size === 0 || !Number.isFinite(size) ? 0 : clamp(Math.floor(log), -one, names.length - 1 - one);
    return { value: value / factor ** power, suffix: names[one + power]! + unit };
  };
}

const spaced = (names: readonly string[]): string[] => names.map((name) => ` ${name}`);
const si = (unit: string, offset = 0): Unit => scaleBy(1000, spaced(SI), SI_ONE + offset, unit);
const iec = (unit: string, offset = 0): Unit => scaleBy(1024, spaced(IEC), offset, unit);
const count = (unit: string): Unit => scaleBy(1000, COUNT, 0, ` ${unit}`);

function currency(symbol: string): Unit {
  const scale = scaleBy(1000, COUNT, 0, '');
  return (value) => ({ ...scale(Math.abs(value)), prefix: value < 0 ? `-${symbol}` : symbol });
}

function bool(yes: string, no: string): Unit {
  return (value) => ({ value, text: value === 0 || Number.isNaN(value) ? no : yes });
}

/** Time given in units of `seconds`. Minutes and more are words, and take a plural. */
function time(seconds: number): Unit {
  return (value) => {
    const size = Math.abs(value * seconds);
    const given = TIME.find((step) => step.seconds === seconds)!;
    const step = size === 0 || !Number.isFinite(size) ? given : TIME.find(({ until }) => size < until)!;
    const scaled = (value * seconds) / step.seconds;
    const plural = step.seconds >= 60 && Math.abs(scaled) !== 1 ? 's' : '';
    return { value: scaled, suffix: ` ${step.name}${plural}` };
  };
}

/** `2 hours, 5 minutes`: the two largest parts. */
function inWords(value: number): Scaled {
  const names = ['year', 'week', 'day', 'hour', 'minute', 'second'];
  const seconds = [31_536_000, 604_800, 86_400, 3600, 60, 1];
  let rest = Math.abs(value);
  const parts: string[] = [];
  for (let i = 0; i < names.length && parts.length < 2; i++) {
    const whole = Math.floor(rest / seconds[i]!);
    if (whole > 0) parts.push(`${whole} ${names[i]}${whole === 1 ? '' : 's'}`);
    else if (parts.length > 0) break;
    rest -= whole * seconds[i]!;
  }
  return { value, text: (parts.join(', ') || '0 seconds') + (value < 0 ? ' ago' : '') };
}

/** Milliseconds of the Unix epoch as local time. */
function dateTime(value: number): Scaled {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return { value };
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return {
    value,
    text: `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
}

/** Every unit by its id. */
const UNITS: Readonly<Record<string, Unit>> = {
  none: fixed(''),
  short: scaleBy(1000, SHORT, 0, ''),
  percent: fixed('%'),
  percentunit: (value) => ({ value: value * 100, suffix: '%' }),
  humidity: fixed(' %H'),
  dB: fixed(' dB'),
  sci: (value) => ({ value, text: value.toExponential(2) }),
  locale: (value) => ({ value, text: groupThousands(value) }),

  ns: time(1e-9),
  µs: time(1e-6),
  ms: time(1e-3),
  s: time(1),
  m: time(60),
  h: time(3600),
  d: time(86_400),
  dtdurations: inWords,
  dtdurationms: (value) => inWords(value / 1000),
  dateTimeAsIso: dateTime,
  dateTimeFromNow: dateTime,
  hertz: si('Hz'),

  bits: iec('b'),
  bytes: iec('B'),
  kbytes: iec('B', 1),
  mbytes: iec('B', 2),
  gbytes: iec('B', 3),
  decbits: si('b'),
  decbytes: si('B'),
  deckbytes: si('B', 1),
  decmbytes: si('B', 2),
  decgbytes: si('B', 3),
  bps: si('b/s'),
  Bps: si('B/s'),
  binbps: iec('b/s'),
  binBps: iec('B/s'),
  pps: si('p/s'),

  cps: count('c/s'),
  ops: count('ops/s'),
  reqps: count('req/s'),
  rps: count('rd/s'),
  wps: count('wr/s'),
  iops: count('io/s'),
  eps: count('evt/s'),
  mps: count('msg/s'),
  recps: count('rec/s'),
  rowsps: count('rows/s'),
  cpm: count('c/m'),
  opm: count('ops/m'),
  reqpm: count('req/m'),

  bool: bool('True', 'False'),
  bool_yes_no: bool('Yes', 'No'),
  bool_on_off: bool('On', 'Off'),

  celsius: fixed(' °C'),
  fahrenheit: fixed(' °F'),
  kelvin: fixed(' K'),
  watt: si('W'),
  joule: si('J'),
  volt: si('V'),
  amp: si('A'),
  rotrpm: fixed(' rpm'),
  degree: fixed(' °'),
  pixel: fixed(' px'),
  lengthmm: si('m', -1),
  lengthm: si('m'),

  currencyUSD: currency('$'),
  currencyEUR: currency('€'),
  currencyGBP: currency('£'),
  currencyJPY: currency('¥'),
};

/** The unit of an id, which may name its own affix: `suffix:jobs`, `prefix:#`, `count:jobs`, `si:mF`, `bool:up/down`. */
function unitOf(id: string): Unit {
  const known = Object.hasOwn(UNITS, id) ? UNITS[id] : undefined;
  if (known !== undefined) return known;
  const colon = id.indexOf(':');
  const rest = id.slice(colon + 1);
  switch (id.slice(0, Math.max(0, colon))) {
    case 'prefix':
      return (value) => ({ value, prefix: rest });
    case 'suffix':
      return fixed(` ${rest.trimStart()}`);
    case 'count':
      return count(rest);
    case 'currency':
      return currency(rest);
    case 'time':
      return dateTime;
    case 'bool': {
      const [yes, no] = rest.split('/');
      return bool(yes ?? rest, no ?? '-');
    }
    case 'si': {
      const offset = rest.length > 1 ? SI.indexOf(rest[0]!) - SI_ONE : 0;
      return offset < -SI_ONE || offset === 0 ? si(rest) : si(rest.slice(1), offset);
    }
    default:
      return id === '' ? fixed('') : fixed(` ${id}`);
  }
}

/** A value in its unit, in parts. */
export function formatParts(value: number, unitId: string, decimals?: number): Formatted {
  if (Number.isNaN(value)) return { prefix: '', text: 'NaN', suffix: '' };
  const scaled = unitOf(unitId)(value);
  if (scaled.text !== undefined) return { prefix: '', text: scaled.text, suffix: '' };
  return { prefix: scaled.prefix ?? '', text: toText(scaled.value, decimals), suffix: scaled.suffix ?? '' };
}

/** A value in its unit: `format(1536, 'bytes')` is `1.5 KiB`. */
export function format(value: number, unitId: string, decimals?: number): string {
  const { prefix, text, suffix } = formatParts(value, unitId, decimals);
  return prefix + text + suffix;
}

/**
 * Values of one axis: all with the same number of decimals, as many as tell neighbours apart. Ticks may fall
 * into different powers (`900 ms`, `1.2 s`), so each power is judged by the step as it appears there.
 */
export function formatTicks(values: readonly number[], unitId: string, decimals?: number): string[] {
  const unit = unitOf(unitId);
  const step = values.length > 1 ? Math.abs(values[1]! - values[0]!) : 0;
  return values.map((value) => {
    const scaled = unit(value);
    if (scaled.text !== undefined) return scaled.text;
    const factor = value === 0 ? 1 : Math.abs(scaled.value / value);
    const places = decimals ?? (value === 0 ? 0 : decimalsOfStep(step * factor));
    return (scaled.prefix ?? '') + toText(scaled.value, places) + (scaled.suffix ?? '');
  });
}

/** The distance between ticks that reads well in a unit: powers of two for bytes, of sixty for time. */
export function tickBase(unitId: string): 'decimal' | 'binary' | 'time' {
  if (/^(bytes|bits|[kmg]bytes|binbps|binBps)$/.test(unitId)) return 'binary';
  return unitId === 's' ? 'time' : 'decimal';
}

function toText(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Math.abs(value) >= 1e21) return String(value);
  const text = value.toFixed(decimals ?? decimalsOf(value));
  // Rounding may leave a negative zero.
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/** Three significant digits, none after the point for whole numbers. */
function decimalsOf(value: number): number {
  if (value === 0 || Number.isInteger(value)) return 0;
  return clamp(2 - Math.floor(Math.log10(Math.abs(value))), 0, 20);
}

/** As many decimals as the step has digits after the point, to two significant ones. */
function decimalsOfStep(step: number): number {
  if (step === 0) return 0;
  const places = Math.max(0, -Math.floor(Math.log10(step)));
  for (let more = 0; more < 2; more++) {
    const scaled = step * 10 ** (places + more);
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(1, scaled))
      return Math.min(20, places + more);
  }
  return Math.min(20, places + 1);
}

function groupThousands(value: number): string {
  const [whole, part] = String(value).split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return part === undefined ? grouped : `${grouped}.${part}`;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
