/** The functions that every Go template has. `and`, `or` and `call` are the evaluator's, which knows their operands. */
import { printValue, sprint, sprintln } from './go-format.ts';
import { sprintf } from './go-sprintf.ts';
import { escapeHtml, escapeJs, queryEscape } from './go-strings.ts';
import {
  ANY,
  compareBytes,
  type GoFunction,
  GoMap,
  GoScalar,
  GoSlice,
  GoStruct,
  type GoValue,
  isTrue,
  plain,
  REFLECT_VALUE,
  STRING,
  typeName,
  typeOf,
  UINT8,
  zeroOf,
} from './go-value.ts';

/** The functions by name. */
export const BUILTIN_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['and', atLeastOne(([first]) => first!)],
  ['or', atLeastOne(([first]) => first!)],
  ['not', { params: [REFLECT_VALUE], call: ([value]) => !isTrue(value!) }],
  ['print', { params: [ANY], variadic: true, call: sprint }],
  ['println', { params: [ANY], variadic: true, call: sprintln }],
  [
    'printf',
    { params: [STRING, ANY], variadic: true, call: ([text, ...values]) => sprintf(String(text), values) },
  ],
  ['html', { params: [ANY], variadic: true, call: (args) => escapeHtml(printAll(args)) }],
  ['js', { params: [ANY], variadic: true, call: (args) => escapeJs(printAll(args)) }],
  ['urlquery', { params: [ANY], variadic: true, call: (args) => queryEscape(printAll(args)) }],
  ['len', { params: [REFLECT_VALUE], call: ([value]) => lengthOf(value!) }],
  ['index', atLeastOne(([value, ...keys]) => indexAll(value!, keys))],
  ['slice', atLeastOne(([value, ...bounds]) => slice(value!, bounds))],
  ['eq', atLeastOne(([first, ...rest]) => isOneOf(first!, rest))],
  ['ne', { params: [REFLECT_VALUE, REFLECT_VALUE], call: ([a, b]) => !isOneOf(a!, [b!]) }],
  ['lt', ordering((a, b) => isLess(a, b))],
  ['le', ordering((a, b) => isLess(a, b) || isOneOf(a, [b]))],
  ['gt', ordering((a, b) => !isLess(a, b) && !isOneOf(a, [b]))],
  ['ge', ordering((a, b) => !isLess(a, b))],
  // No data here has functions, so there is nothing that `call` could call; the evaluator says so.
  ['call', atLeastOne(() => null)],
]);

function atLeastOne(call: GoFunction['call']): GoFunction {
  return { params: [REFLECT_VALUE, REFLECT_VALUE], variadic: true, call };
}

function ordering(call: (a: GoValue, b: GoValue) => boolean): GoFunction {
  return { params: [REFLECT_VALUE, REFLECT_VALUE], call: ([a, b]) => call(a!, b!) };
}

/** Arguments as one text; what is nil prints as in an action. */
function printAll(args: readonly GoValue[]): string {
  return sprint(args.map((arg) => (arg instanceof GoStruct || arg === null ? printValue(arg) : arg)));
}

function lengthOf(value: GoValue): bigint {
  const inner = plain(value);
  if (typeof inner === 'string') return BigInt(Buffer.byteLength(inner));
  if (value instanceof GoSlice) return BigInt(value.items.length);
  if (value instanceof GoMap) return BigInt(value.entries.size);
  if (value === null) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  throw new Error(`len of type ${pointeeName(value)}`);
}

/** The type of a value, or of what it points to. */
function pointeeName(value: GoValue): string {
  return typeOf(value)?.pointee?.name ?? typeName(value);
}

function indexAll(value: GoValue, keys: readonly GoValue[]): GoValue {
  if (value === null) throw new Error('index of untyped nil');
  return keys.reduce(indexOne, value);
}

function indexOne(value: GoValue, key: GoValue): GoValue {
  if (value === null) throw new Error('index of nil pointer');
  if (value instanceof GoMap) return value.entries.get(mapKey(key)) ?? zeroOf(value.type.element!);
  const inner = plain(value);
  if (value instanceof GoSlice) {
    const at = indexArgument(key, value.items.length);
    if (at >= value.items.length) throw new Error('reflect: slice index out of range');
    return value.items[at]!;
  }
  if (typeof inner === 'string') {
    const bytes = Buffer.from(inner);
    const at = indexArgument(key, bytes.length);
    if (at >= bytes.length) throw new Error('reflect: string index out of range');
    return new GoScalar(UINT8, BigInt(bytes[at]!));
  }
  throw new Error(`can't index item of type ${pointeeName(value)}`);
}

function mapKey(key: GoValue): string {
  if (key === null) throw new Error('value is nil; should be of type string');
  if (typeof key === 'string') return key;
  throw new Error(`value has type ${typeName(key)}; should be string`);
}

/** An index in a list of a length; the length itself is one for `slice`. */
function indexArgument(index: GoValue, length: number): number {
  if (index === null) throw new Error('cannot index slice/array with nil');
  const at = plain(index);
  if (typeof at !== 'bigint') throw new Error(`cannot index slice/array with type ${typeName(index)}`);
  if (at < 0n || at > BigInt(length)) throw new Error(`index out of range: ${at}`);
  return Number(at);
}

/** Go's `x[i:j]`; strings are cut by bytes. */
function slice(value: GoValue, bounds: readonly GoValue[]): GoValue {
  if (value === null) throw new Error('slice of untyped nil');
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  const inner = plain(value);
  if (typeof inner === 'string') {
    if (bounds.length === 3) throw new Error('cannot 3-index slice a string');
    const bytes = Buffer.from(inner);
    const cut = textOf(bytes.subarray(...sliceBounds(bounds, bytes.length)));
    return value instanceof GoScalar ? new GoScalar(value.type, cut) : cut;
  }
  if (value instanceof GoSlice)
    return new GoSlice(value.type, value.items.slice(...sliceBounds(bounds, value.items.length)));
  throw new Error(`can't slice item of type ${pointeeName(value)}`);
}

/** Bytes as text. Texts here are characters: each byte of one that was cut in two becomes a replacement character. */
function textOf(bytes: Buffer): string {
  const isRest = (at: number): boolean => (bytes[at]! & 0xc0) === 0x80;
  let start = 0;
  while (start < bytes.length && isRest(start)) start++;
  let last = bytes.length - 1;
  while (last > start && isRest(last)) last--;
  const lead = bytes[last] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const end = last >= start && last + length > bytes.length ? last : bytes.length;
  const broken = (count: number): string => '\uFFFD'.repeat(count);
  return broken(start) + bytes.subarray(start, end).toString() + broken(bytes.length - Math.max(start, end));
}

function sliceBounds(bounds: readonly GoValue[], length: number): [number, number] {
  const [from = 0, to = length, capacity] = bounds.map((bound) => indexArgument(bound, length));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (capacity !== undefined && to > capacity) throw new Error(`invalid slice index: ${to} > ${capacity}`);
  return [from, to];
}

type Comparable = { readonly kind: 'bool' | 'int' | 'uint' | 'float64' | 'string'; readonly value: GoValue };

function comparable(value: GoValue): Comparable | undefined {
  const kind = typeOf(value)?.kind;
  switch (kind) {
    case 'bool':
    case 'int':
    case 'uint':
    case 'float64':
    case 'string':
      return { kind, value: plain(value) };
    default:
      return undefined;
  }
}

/** Go compares only like with like: an int constant beside a float64 is the mistake that it names. */
function isOneOf(first: GoValue, others: readonly GoValue[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  const a = comparable(first);
  for (const other of others) {
    const b = comparable(other);
    if (a !== undefined && b !== undefined) {
      if (!isAlike(a, b)) throw incompatible(first, other);
      if (a.value === b.value) return true;
      continue;
    }
    if (first === null || other === null) {
      if (first === other) return true;
      continue;
    }
    if ((a === undefined) !== (b === undefined)) throw incompatible(first, other);
    if (typeOf(first)!.kind !== typeOf(other)!.kind)
      throw new Error(
        `non-comparable types ${sprintf('%s', [first])}: ${typeName(first)}, ${typeName(other)}: ${sprintf('%v', [other])}`,
      );
    if (other instanceof GoSlice || other instanceof GoMap)
      throw new Error(`non-comparable type ${sprintf('%s', [other])}: ${typeName(other)}`);
    if (isSame(first, other)) return true;
  }
  return false;
}

/** Pointers are equal when they point to the same, structs when all of them is. */
function isSame(a: GoValue, b: GoValue): boolean {
  if (typeOf(a)?.kind === 'pointer') return a === b;
  return typeName(a) === typeName(b) && printValue(a) === printValue(b);
}

function incompatible(a: GoValue, b: GoValue): Error {
  return new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function isAlike(a: Comparable, b: Comparable): boolean {
  const whole = (kind: string): boolean => kind === 'int' || kind === 'uint';
  return a.kind === b.kind || (whole(a.kind) && whole(b.kind));
}

function isLess(first: GoValue, second: GoValue): boolean {
  const a = comparable(first);
  const b = comparable(second);
  if (a === undefined || b === undefined) throw new Error('invalid type for comparison');
  if (!isAlike(a, b)) throw incompatible(first, second);
  if (a.kind === 'bool') throw new Error('invalid type for comparison');
  if (typeof a.value === 'string') return compareBytes(a.value, String(b.value)) < 0;
  return a.value! < b.value!;
}
