/**
 * The functions of alert templates: Prometheus's own and the built-in ones of Go's `text/template`.
 *
 * `and` and `or` are the evaluator's, because they choose what is evaluated; `query` is, because it waits.
 * `reReplaceAll` is missing until the package has a regular expression library of its own, `js` and `call` because
 * no alert has a use for them.
 */
import { parseDuration } from '@binnacle/promql';
import { matcherTest } from '@binnacle/promql/storage';
import {
  formatFloat,
  type GoMap,
  GoStruct,
  type GoValue,
  isGoList,
  isGoMap,
  printValue,
  sprintf,
  typeName,
} from '../template/go-format.ts';
import { TemplateError } from '../template/template-lexer.ts';

/** A function with the number of arguments that it takes; -1 for any, at least `least`. */
export interface TemplateFunction {
  readonly arity: number;
  readonly least?: number;
  readonly call: (args: readonly GoValue[]) => GoValue;
}

const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const LARGE_BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** The functions by name. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  // Prometheus: numbers
  ['humanize', numeric(humanize)],
  ['humanize1024', numeric(humanize1024)],
  ['humanizeDuration', numeric(humanizeDuration)],
  ['humanizePercentage', numeric((value) => `${four(value * 100)}%`)],
  ['humanizeTimestamp', numeric(humanizeTimestamp)],
  // A time without methods: it can be printed, and that is what it is used for.
  ['toTime', numeric(humanizeTimestamp)],
  ['parseDuration', text((value) => parseDuration(value) / 1000)],
  // Prometheus: strings
  ['title', text(title)],
  ['toUpper', text((value) => value.toUpperCase())],
  ['toLower', text((value) => value.toLowerCase())],
  ['stripPort', text(stripPort)],
  ['stripDomain', text(stripDomain)],
  ['match', { arity: 2, call: ([pattern, value]) => matches(textOf(pattern!), textOf(value!)) }],
  ['graphLink', text((expr) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=0`)],
  ['tableLink', text((expr) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=1`)],
  ['safeHtml', text((value) => value)],
  // Prometheus: vectors
  ['first', { arity: 1, call: ([vector]) => firstOf(vector!) }],
  ['label', { arity: 2, call: ([name, sample]) => labelOf(textOf(name!), sample!) }],
  ['value', { arity: 1, call: ([sample]) => fieldOfSample(sample!, 'Value') }],
  ['strvalue', { arity: 1, call: ([sample]) => labelOf('__value__', sample!) }],
  ['sortByLabel', { arity: 2, call: ([name, vector]) => sortByLabel(textOf(name!), vector!) }],
  [
    'args',
    { arity: -1, call: (args) => new Map<string, GoValue>(args.map((arg, i) => [`arg${i}`, arg])) as GoMap },
  ],
  // Go
  ['print', { arity: -1, call: (args) => print(args) }],
  ['println', { arity: -1, call: (args) => `${args.map(printValue).join(' ')}\n` }],
  ['printf', { arity: -1, least: 1, call: ([format, ...args]) => sprintf(textOf(format!), args) }],
  ['not', { arity: 1, call: ([value]) => !isTrue(value!) }],
  ['len', { arity: 1, call: ([value]) => lengthOf(value!) }],
  ['index', { arity: -1, least: 1, call: ([value, ...keys]) => keys.reduce(indexOf, value!) }],
  ['slice', { arity: -1, least: 1, call: ([value, ...bounds]) => sliceOf(value!, bounds) }],
  [
    'eq',
    { arity: -1, least: 2, call: ([first, ...rest]) => rest.some((value) => compare(first!, value) === 0) },
  ],
  ['ne', { arity: 2, call: ([a, b]) => compare(a!, b!) !== 0 }],
  ['lt', { arity: 2, call: ([a, b]) => ordered(a!, b!) < 0 }],
  ['le', { arity: 2, call: ([a, b]) => ordered(a!, b!) <= 0 }],
  ['gt', { arity: 2, call: ([a, b]) => ordered(a!, b!) > 0 }],
  ['ge', { arity: 2, call: ([a, b]) => ordered(a!, b!) >= 0 }],
  ['urlquery', { arity: -1, call: (args) => queryEscape(print(args)) }],
  ['html', { arity: -1, call: (args) => escapeHtml(print(args)) }],
]);

/** What Go's templates take for true: anything but the zero value of its type. */
export function isTrue(value: GoValue): boolean {
  if (isGoList(value)) return value.length > 0;
  if (value instanceof GoStruct) return true;
  if (value !== null && typeof value === 'object') return value.size > 0;
  return value !== null && value !== '' && value !== 0 && value !== 0n && value !== false;
}

/** Go's `url.QueryEscape`. */
export function queryEscape(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function numeric(format: (value: number) => string): TemplateFunction {
  return { arity: 1, call: ([value]) => format(numberOf(value!)) };
}

function text(convert: (value: string) => GoValue): TemplateFunction {
  return { arity: 1, call: ([value]) => convert(textOf(value!)) };
}

function numberOf(value: GoValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') {
    const infinite = /^([+-]?)(?:inf|infinity)$/i.exec(value);
    if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
    const number =
      /^nan$/i.test(value) || value.trim() !== value || value === '' ? Number.NaN : Number(value);
    if (!Number.isNaN(number) || /^nan$/i.test(value)) return number;
    throw new TemplateError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  throw new TemplateError(`can't convert ${typeName(value)} to float`);
}

function textOf(value: GoValue): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`wrong type for value; expected string; got ${typeName(value)}`);
}

function four(value: number): string {
  return formatFloat(value, 'g', 4);
}

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return four(value);
  return Math.abs(value) >= 1 ? scaled(value, LARGE, 1000) : small(value);
}

function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return four(value);
  return scaled(value, LARGE_BINARY, 1024);
}

function scaled(value: number, prefixes: readonly string[], step: number): string {
  let prefix = '';
  for (const larger of prefixes) {
    if (Math.abs(value) < step) break;
    prefix = larger;
    value /= step;
  }
  return four(value) + prefix;
}

function small(value: number): string {
  let prefix = '';
  for (const smaller of SMALL) {
    if (Math.abs(value) >= 1) break;
    prefix = smaller;
    value *= 1000;
  }
  return four(value) + prefix;
}

function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return four(value);
  if (value === 0) return `${four(value)}s`;
  if (Math.abs(value) < 1) return `${small(value)}s`;
  const sign = value < 0 ? '-' : '';
  const seconds = Math.abs(value);
  const whole = Math.trunc(seconds);
  const s = whole % 60;
  const m = Math.trunc(whole / 60) % 60;
  const h = Math.trunc(whole / 3600) % 24;
  const d = Math.trunc(whole / 86_400);
  if (d > 0) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  if (h > 0) return `${sign}${h}h ${m}m ${s}s`;
  if (m > 0) return `${sign}${m}m ${s}s`;
  return `${sign}${four(seconds)}s`;
}

/** Go's way of printing a time: `2015-07-01 20:10:51.781 +0000 UTC`. */
function humanizeTimestamp(value: number): string {
  if (!Number.isFinite(value)) return four(value);
  const date = new Date(value * 1000);
  if (Number.isNaN(date.getTime())) throw new TemplateError(`${value} cannot be represented as a timestamp`);
  const [day, time] = date.toISOString().split('T');
  const clock = time!.replace('Z', '').replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : zeros));
  const trimmed = clock.includes('.') ? clock.replace(/0+$/, '') : clock;
  return `${day} ${trimmed} +0000 UTC`;
}

/** Raises the first letter of each word; digits in front of it belong to the word. */
function title(value: string): string {
  return value.replace(
    /(^|[^\p{L}\p{N}'_])([\p{N}_]*)(\p{Ll})/gu,
    (_, before: string, digits: string, letter: string) => {
      const upper = letter.toUpperCase();
      return before + digits + upper[0] + upper.slice(1).toLowerCase();
    },
  );
}

function stripPort(hostPort: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):[^:]*$/.exec(hostPort);
  return match === null ? hostPort : (match[1] ?? match[2] ?? hostPort);
}

function stripDomain(hostPort: string): string {
  const host = stripPort(hostPort);
  const port = hostPort.slice(host.length);
  if (/^[\d.]+$/.test(host) || host.includes(':')) return hostPort;
  return host.split('.')[0]! + port;
}

function matches(pattern: string, value: string): boolean {
  // The matcher's pattern is anchored; Go's regexp.MatchString is not.
  return matcherTest({ name: '', op: '=~', value: `.*(?:${pattern}).*` })(value);
}

function firstOf(vector: GoValue): GoValue {
  if (isGoList(vector) && vector.length > 0) return vector[0]!;
  throw new TemplateError('first() called on vector with no elements');
}

function fieldOfSample(sample: GoValue, field: string): GoValue {
  const value = sample instanceof GoStruct ? sample.fields.get(field) : undefined;
  if (value === undefined)
    throw new TemplateError(`wrong type for value; expected a sample; got ${typeName(sample)}`);
  return value;
}

function labelOf(name: string, sample: GoValue): GoValue {
  const labels = fieldOfSample(sample, 'Labels');
  return isGoMap(labels) ? (labels.get(name) ?? '') : '';
}

function sortByLabel(name: string, vector: GoValue): GoValue {
  if (!isGoList(vector))
    throw new TemplateError(`wrong type for value; expected a vector; got ${typeName(vector)}`);
  return vector.toSorted((a, b) => {
    const left = String(labelOf(name, a));
    const right = String(labelOf(name, b));
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

/** Go's `Sprint`: blanks only between operands of which neither is a string. */
function print(args: readonly GoValue[]): string {
  return args
    .map((arg, i) => {
      const gap = i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string';
      return (gap ? ' ' : '') + printValue(arg);
    })
    .join('');
}

function lengthOf(value: GoValue): bigint {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
  if (isGoList(value)) return BigInt(value.length);
  if (isGoMap(value)) return BigInt(value.size);
  throw new TemplateError(`len of type ${typeName(value)}`);
}

function indexOf(value: GoValue, key: GoValue): GoValue {
  if (isGoMap(value)) return value.get(textOf(key)) ?? '';
  if (isGoList(value)) {
    const item = typeof key === 'bigint' ? value[Number(key)] : undefined;
    if (item === undefined)
      throw new TemplateError(`error calling index: index out of range: ${printValue(key)}`);
    return item;
  }
  throw new TemplateError(`error calling index: can't index item of type ${typeName(value)}`);
}

/** Go's `x[i:j]`; strings are cut by bytes. */
function sliceOf(value: GoValue, bounds: readonly GoValue[]): GoValue {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return bytes.subarray(...sliceBounds(bounds, bytes.length)).toString();
  }
  if (isGoList(value)) return value.slice(...sliceBounds(bounds, value.length));
  throw new TemplateError(`error calling slice: can't slice item of type ${typeName(value)}`);
}

function sliceBounds(bounds: readonly GoValue[], length: number): [number, number] {
  const [from = 0, to = length] = bounds.map((bound) =>
    typeof bound === 'bigint' ? Number(bound) : Number.NaN,
  );
  if (from >= 0 && from <= to && to <= length) return [from, to];
  throw new TemplateError(`error calling slice: index out of range: ${bounds.map(printValue).join(' ')}`);
}

function compare(a: GoValue, b: GoValue): number {
  const isNumber = (value: GoValue): value is number | bigint =>
    typeof value === 'number' || typeof value === 'bigint';
  // Go compares only like with like: an int constant beside a float64 is the mistake that it names.
  if (isNumber(a) && isNumber(b) && typeof a !== typeof b)
    throw new TemplateError('incompatible types for comparison');
  if (typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
  if (a === b) return 0;
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : Number.NaN;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number.NaN;
}

function ordered(a: GoValue, b: GoValue): number {
  if (typeof a === 'boolean' || typeof a === 'object') throw new TemplateError('invalid type for comparison');
  return compare(a, b);
}

function escapeHtml(value: string): string {
  const entities: Record<string, string> = {
    '<': '&lt;',
    '>': '&gt;',
    '&': '&amp;',
    "'": '&#39;',
    '"': '&#34;',
  };
  return value.replace(/[<>&'"]/g, (char) => entities[char]!);
}
