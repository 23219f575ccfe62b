/**
 * Values as Go's templates see them: JavaScript's own where one fits, objects with a Go type elsewhere.
 *
 *     string   string             bigint  int             null   nil, "no value"
 *     number   float64            boolean bool            GoScalar, GoMap, GoSlice, GoStruct, GoTime
 *
 * Types are there because templates show them: in messages ("expected string; got float64"), in what may be
 * compared with what, and in the methods that a value has. A type is known by its name.
 */

/** What a type is made of, in reflection's words. */
export type GoKind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'float64'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'pointer'
  | 'interface';

/** A Go type. */
export interface GoType {
  /** As Go prints it: `float64`, `map[string]string`, `template.KV`. */
  readonly name: string;
  readonly kind: GoKind;
  /** The name of the type beneath: `map[string]string` of `template.KV`; a type that has no name of its own is its own. */
  readonly underlying: string;
  /** Of a slice or a map. */
  readonly element?: GoType;
  /** What a pointer points to. */
  readonly pointee?: GoType;
  readonly methods?: ReadonlyMap<string, GoMethod>;
  /** How `fmt` prints it, where it has a `String` method. */
  readonly toText?: (value: GoValue) => string;
  /** The names of a struct's fields in JSON. */
  readonly jsonNames?: Readonly<Record<string, string>>;
  /** A struct's fields whose type is `interface {}`. */
  readonly interfaceFields?: readonly string[];
}

/** What a function or a method takes. */
export interface GoSignature {
  readonly params: readonly GoType[];
  /** Whether the last parameter may be repeated or left out. */
  readonly variadic?: boolean;
}

/** A function that templates may call. It throws an Error to stop the template. */
export interface GoFunction extends GoSignature {
  readonly call: (args: readonly GoValue[]) => GoValue;
}

/** A method of a type. */
export interface GoMethod extends GoSignature {
  readonly call: (receiver: GoValue, args: readonly GoValue[]) => GoValue;
}

/** What templates compute with. */
export type GoValue = string | number | bigint | boolean | null | GoObject;

/** A value with a type that JavaScript does not have. */
export abstract class GoObject {
  readonly type: GoType;
  /** How many characters the value holds, about: bounds what printing it gives. */
  readonly weight: number;

  constructor(type: GoType, weight = 1) {
    this.type = type;
    this.weight = weight;
  }

  /** The same value with another type, as after following a pointer. */
  abstract as(type: GoType): GoObject;
}

function weightOf(values: Iterable<GoValue>): number {
  let weight = 1;
  for (const value of values) {
    if (typeof value === 'string') weight += value.length + 1;
    else weight += value instanceof GoObject ? value.weight + 1 : 1;
  }
  return weight;
}

/** A named string, number or boolean: `time.Duration`, `template.HTML`, `uint8`. */
export class GoScalar extends GoObject {
  readonly value: string | number | bigint | boolean;

  constructor(type: GoType, value: string | number | bigint | boolean) {
    super(type);
    this.value = value;
  }

  as(type: GoType): GoScalar {
    return new GoScalar(type, this.value);
  }
}

/** A map from strings. */
export class GoMap extends GoObject {
  readonly entries: ReadonlyMap<string, GoValue>;

  constructor(type: GoType, entries: ReadonlyMap<string, GoValue>) {
    super(type, weightOf(entries.keys()) + weightOf(entries.values()));
    this.entries = entries;
  }

  as(type: GoType): GoMap {
    return new GoMap(type, this.entries);
  }

  /** Keys in the order of their bytes, in which templates walk over maps. */
  sortedKeys(): string[] {
    return [...this.entries.keys()].sort(compareBytes);
  }
}

/** A list. */
export class GoSlice extends GoObject {
  readonly items: readonly GoValue[];

  constructor(type: GoType, items: readonly GoValue[]) {
    super(type, weightOf(items));
    this.items = items;
  }

  as(type: GoType): GoSlice {
    return new GoSlice(type, this.items);
  }
}

/** A struct, or a pointer to one: unlike a map, it does not have fields that it does not have. */
export class GoStruct extends GoObject {
  readonly fields: ReadonlyMap<string, GoValue>;

  constructor(type: GoType, fields: ReadonlyMap<string, GoValue>) {
    super(type, weightOf(fields.values()));
    this.fields = fields;
  }

  as(type: GoType): GoStruct {
    return new GoStruct(type, this.fields);
  }
}

/** A value that templates can hand on and print, and nothing else. */
export class GoOpaque extends GoObject {
  readonly text: string;

  constructor(type: GoType, text: string) {
    super(type, text.length);
    this.text = text;
  }

  as(type: GoType): GoOpaque {
    return new GoOpaque(type, this.text);
  }
}

function basic(name: string, kind: GoKind): GoType {
  return { name, kind, underlying: name };
}

export const STRING = basic('string', 'string');
export const INT = basic('int', 'int');
export const INT64 = basic('int64', 'int');
export const UINT8 = basic('uint8', 'uint');
export const FLOAT64 = basic('float64', 'float64');
export const BOOL = basic('bool', 'bool');
/** The empty interface: anything, untyped nil included. */
export const ANY = basic('interface {}', 'interface');
/** `reflect.Value`, what most built-in functions take: anything, and told apart from {@link ANY} in messages only. */
export const REFLECT_VALUE = basic('reflect.Value', 'struct');

/** The type of lists of a type. */
export function sliceOf(element: GoType): GoType {
  const name = `[]${element.name}`;
  return { name, kind: 'slice', underlying: name, element };
}

/** The type of maps from strings to a type. */
export function mapOf(element: GoType): GoType {
  const name = `map[string]${element.name}`;
  return { name, kind: 'map', underlying: name, element };
}

/** The type of pointers to a type; it has the methods of that type. */
export function pointerTo(pointee: GoType): GoType {
  const { methods, toText } = pointee;
  return {
    name: `*${pointee.name}`,
    kind: 'pointer',
    underlying: `*${pointee.name}`,
    pointee,
    ...(methods === undefined ? {} : { methods }),
    ...(toText === undefined ? {} : { toText }),
  };
}

export const STRINGS = sliceOf(STRING);
export const ANYS = sliceOf(ANY);
export const STRING_MAP = mapOf(STRING);
export const ANY_MAP = mapOf(ANY);

/** The type of a value; undefined for nil, which has none. */
export function typeOf(value: GoValue): GoType | undefined {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'number':
      return FLOAT64;
    case 'bigint':
      return INT;
    case 'boolean':
      return BOOL;
    default:
      return value?.type;
  }
}

/** A value's type as Go names it in messages. */
export function typeName(value: GoValue): string {
  return typeOf(value)?.name ?? '<nil>';
}

/** The kind of a value, seen through a pointer; undefined for nil. */
export function kindOf(value: GoValue): GoKind | undefined {
  const type = typeOf(value);
  return type?.kind === 'pointer' ? type.pointee!.kind : type?.kind;
}

/** A value without its name: the string of a `template.HTML`, the number of a `time.Duration`. */
export function plain(value: GoValue): GoValue {
  return value instanceof GoScalar ? value.value : value;
}

/** A list of strings. */
export function strings(items: readonly string[]): GoSlice {
  return new GoSlice(STRINGS, items);
}

/** What Go's templates take for true: anything but the zero value of its type; structs and pointers always are. */
export function isTrue(value: GoValue): boolean {
  if (value instanceof GoSlice) return value.items.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  const inner = plain(value);
  return inner !== null && inner !== '' && inner !== 0 && inner !== 0n && inner !== false;
}

/** Whether a value of one type may be given where another is wanted. */
export function isAssignable(from: GoType, to: GoType): boolean {
  if (from.name === to.name || to.kind === 'interface') return true;
  const unnamed = from.name === from.underlying || to.name === to.underlying;
  const basic = from.kind !== 'slice' && from.kind !== 'map';
  return unnamed && !basic && from.underlying === to.underlying;
}

/** The zero value of a type. */
export function zeroOf(type: GoType): GoValue {
  switch (type.kind) {
    case 'string':
      return type === STRING ? '' : new GoScalar(type, '');
    case 'int':
    case 'uint':
      return type === INT ? 0n : new GoScalar(type, 0n);
    case 'float64':
      return 0;
    case 'bool':
      return false;
    case 'slice':
      return new GoSlice(type, []);
    case 'map':
      return new GoMap(type, new Map());
    default:
      return null;
  }
}

/** Orders strings as Go does: by the bytes of their UTF-8. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
