/**
 * Values as Go's `fmt` prints them, each by a directive: `%v` for `{{ value }}` and `print`, any for `printf`.
 *
 * A verb that does not suit its value prints what is wrong in place of it, as in Go: `%!d(float64=12.5)`.
 * Left out, because no alert has a use for them: hexadecimal and binary floats, and `#` for floats.
 */

import { quote, quoteCharacter } from '@binnacle/promql';
import { formatFloat } from './go-number.ts';
import { isPrint } from './go-strings.ts';
import {
  GoMap,
  type GoObject,
  GoScalar,
  GoSlice,
  GoStruct,
  type GoValue,
  typeName,
  typeOf,
} from './go-value.ts';

/** What stands between `%` and its verb, and the verb. */
export interface Directive {
  readonly verb: string;
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  /** The verb does not suit the value, which is printed to tell so: then `+` asks for a sign, also of `%v`. */
  readonly telling?: boolean;
}

/** `%v` */
export const PLAIN: Directive = { verb: 'v', flags: '', width: undefined, precision: undefined };

/** A value as `{{ value }}` prints it. */
export function printValue(value: GoValue): string {
  if (value === null) return '<no value>';
  return printArgument(value);
}

/** Go's `Sprint`: blanks only between operands of which neither is a string. */
export function sprint(values: readonly GoValue[]): string {
  return values
    .map((value, i) => {
      const gap = i > 0 && !isString(value) && !isString(values[i - 1]!);
      return (gap ? ' ' : '') + printArgument(value, true);
    })
    .join('');
}

/** Go's `Sprintln`: blanks between all operands, and a line feed. */
export function sprintln(values: readonly GoValue[]): string {
  return `${values.map((value) => printArgument(value, true)).join(' ')}\n`;
}

function isString(value: GoValue): boolean {
  return typeOf(value)?.kind === 'string';
}

function printArgument(value: GoValue, showPointer = false): string {
  if (value instanceof GoStruct && value.type.kind === 'pointer' && !showPointer)
    return formatObject(value.as(value.type.pointee!), PLAIN, 0);
  return format(value, PLAIN, 0);
}

/** A value as a directive wants it; `depth` is 0 but inside of other values. */
export function format(value: GoValue, directive: Directive, depth: number): string {
  const { verb } = directive;
  if (verb === 'T' && value !== null) return pad(cutTo(typeName(value), directive.precision), directive);
  if (value === null) return verb === 'v' || verb === 'T' ? pad('<nil>', directive) : `%!${verb}(<nil>)`;
  if (verb === 'p') return badVerb(value, directive, depth);
  const toText = typeOf(value)!.toText;
  const goSyntax = verb === 'v' && directive.flags.includes('#');
  if (toText !== undefined && !goSyntax && 'vsxXq'.includes(verb))
    return formatString(toText(value), value, directive);
  switch (typeof value) {
    case 'string':
      return formatString(value, value, directive);
    case 'number':
      return formatNumber(value, directive, depth);
    case 'bigint':
      return formatInteger(value, value, directive, depth);
    case 'boolean':
      return 'tv'.includes(verb) ? pad(String(value), directive) : badVerb(value, directive, depth);
    default:
      return formatObject(value, directive, depth);
  }
}

function formatObject(value: GoObject, directive: Directive, depth: number): string {
  if (value instanceof GoScalar) {
    const inner = value.value;
    if (typeof inner === 'string') return formatString(inner, value, directive);
    if (typeof inner === 'bigint') return formatInteger(inner, value, directive, depth);
    return format(inner, directive, depth);
  }
  const goSyntax = directive.verb === 'v' && directive.flags.includes('#');
  const inner = (item: GoValue): string => format(item, directive, depth + 1);
  const name = goSyntax ? value.type.name : '';
  if (value instanceof GoSlice) {
    const items = value.items.map(inner);
    return goSyntax ? `${name}{${items.join(', ')}}` : `[${items.join(' ')}]`;
  }
  if (value instanceof GoMap) {
    const pairs = value.sortedKeys().map((key) => `${inner(key)}:${inner(value.entries.get(key)!)}`);
    return goSyntax ? `${name}{${pairs.join(', ')}}` : `map[${pairs.join(' ')}]`;
  }
  if (value instanceof GoStruct) {
    if (value.type.kind === 'pointer') {
      // Inside another value Go prints an address, which is different at each run.
      if (depth > 0) return directive.verb === 'v' ? '0xc00000000000' : badVerb(value, directive, 0);
      return `&${formatObject(value.as(value.type.pointee!), directive, depth)}`;
    }
    const named = directive.verb === 'v' && /[+#]/.test(directive.flags);
    const fields = [...value.fields].map(([field, item]) =>
      named ? `${field}:${inner(item)}` : inner(item),
    );
    return `${name}{${fields.join(goSyntax ? ', ' : ' ')}}`;
  }
  return badVerb(value, directive, depth);
}

function formatString(text: string, value: GoValue, directive: Directive): string {
  const { verb, flags, precision } = directive;
  const cut = cutTo(text, precision);
  switch (verb) {
    case 'v':
      return pad(flags.includes('#') ? quote(cut) : cut, directive);
    case 's':
      return pad(cut, directive);
    case 'q':
      return pad(quoteString(cut, flags), directive);
    case 'x':
    case 'X': {
      let hex = Buffer.from(text).subarray(0, precision).toString('hex');
      if (flags.includes(' ')) hex = hex.replace(/..(?=.)/g, '$& ');
      if (flags.includes('#')) hex = hex.replace(flags.includes(' ') ? /\b(?=\w)/g : /^(?=.)/, '0x');
      return pad(verb === 'X' ? hex.toUpperCase() : hex, directive);
    }
    default:
      return badVerb(value, directive, 0);
  }
}

function cutTo(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text].slice(0, precision).join('');
}

function quoteString(text: string, flags: string): string {
  if (flags.includes('#') && [...text].every((char) => char !== '`' && (char === '	' || isPrint(char))))
    return `\`${text}\``;
  return flags.includes('+') ? asciiOnly(quote(text)) : quote(text);
}

function asciiOnly(quoted: string): string {
  return [...quoted]
    .map((char) => {
      const code = char.codePointAt(0)!;
      if (code < 0x80) return char;
      return code < 0x10000
        ? `\\u${code.toString(16).padStart(4, '0')}`
        : `\\U${code.toString(16).padStart(8, '0')}`;
    })
    .join('');
}

function formatNumber(value: number, directive: Directive, depth: number): string {
  const { verb, precision } = directive;
  const float = (kind: 'e' | 'f' | 'g', usual: number): string => {
    const text = formatFloat(value, kind, precision ?? usual);
    return padNumber(
      verb === 'E' || verb === 'G' ? text.toUpperCase() : text,
      directive,
      Number.isFinite(value),
    );
  };
  switch (verb) {
    case 'v':
      return float('g', -1);
    case 'g':
    case 'G':
      return float('g', -1);
    case 'e':
    case 'E':
      return float('e', 6);
    case 'f':
    case 'F':
      return float('f', 6);
    default:
      return badVerb(value, directive, depth);
  }
}

function formatInteger(number: bigint, value: GoValue, directive: Directive, depth: number): string {
  const { verb, flags } = directive;
  const based = (base: number, prefix: string): string => {
    if (directive.precision === 0 && number === 0n) return pad('', { ...directive, flags: '' });
    const digits = (number < 0n ? -number : number).toString(base).padStart(directive.precision ?? 1, '0');
    const magnitude = octal && !digits.startsWith('0') ? `0${digits}` : digits;
    return padNumber(
      `${number < 0n ? '-' : ''}${prefix}${magnitude}`,
      directive,
      directive.precision === undefined,
    );
  };
  const sharp = flags.includes('#');
  const octal = sharp && (verb === 'o' || verb === 'O');
  const codePoint = number >= 0n && number <= 0x10ffffn ? Number(number) : 0xfffd;
  switch (verb) {
    case 'v':
      return sharp && typeOf(value)?.kind === 'uint' ? based(16, '0x') : based(10, '');
    case 'd':
      return based(10, '');
    case 'b':
      return based(2, sharp ? '0b' : '');
    case 'o':
      return based(8, '');
    case 'O':
      return based(8, '0o');
    case 'x':
      return based(16, sharp ? '0x' : '');
    case 'X':
      return based(16, sharp ? '0X' : '').toUpperCase();
    case 'c':
      return pad(String.fromCodePoint(codePoint), directive);
    case 'q':
      return pad(
        flags.includes('+')
          ? asciiOnly(quoteCharacter(String.fromCodePoint(codePoint)))
          : quoteCharacter(String.fromCodePoint(codePoint)),
        directive,
      );
    case 'U': {
      const digits = BigInt.asUintN(64, number).toString(16).toUpperCase();
      const shown =
        sharp && codePoint === Number(number) && isPrint(String.fromCodePoint(codePoint))
          ? ` ${quoteCharacter(String.fromCodePoint(codePoint))}`
          : '';
      const text = `U+${digits.padStart(Math.max(4, directive.precision ?? 0), '0')}${shown}`;
      return pad(text, { ...directive, flags: flags.replaceAll('0', '') });
    }
    default:
      return badVerb(value, directive, depth);
  }
}

function badVerb(value: GoValue, directive: Directive, depth: number): string {
  return `%!${directive.verb}(${typeName(value)}=${formatPlain(value, directive, depth)})`;
}

/** A value as `%v` prints it with a directive's flags; without methods, as Go does while it tells of an error. */
function formatPlain(value: GoValue, directive: Directive, depth: number): string {
  const shown = { ...directive, verb: 'v', flags: directive.flags.replaceAll('#', ''), telling: true };
  if (value !== null && typeof value === 'object') {
    return value instanceof GoStruct ||
      value instanceof GoMap ||
      value instanceof GoSlice ||
      value instanceof GoScalar
      ? formatObject(value, shown, depth)
      : format(value, shown, depth);
  }
  return format(value, shown, depth);
}

function pad(text: string, { flags, width }: Directive): string {
  if (width === undefined) return text;
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  return (flags.includes('0') ? '0' : ' ').repeat(missing) + text;
}

function padNumber(text: string, directive: Directive, zeros: boolean): string {
  const { verb, flags, width } = directive;
  const plus =
    flags.includes('+') && (verb !== 'v' || directive.telling === true)
      ? '+'
      : flags.includes(' ')
        ? ' '
        : '';
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/.exec(text)!;
  const shownSign = sign === '-' ? '-' : sign === '+' && plus === ' ' ? ' ' : sign === '' ? plus : sign;
  if (zeros && flags.includes('0') && !flags.includes('-') && width !== undefined)
    return shownSign + digits.padStart(width - shownSign.length, '0');
  return pad(shownSign + digits, { ...directive, flags: flags.replaceAll('0', '') });
}
