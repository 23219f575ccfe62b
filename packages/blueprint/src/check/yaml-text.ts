/**
 * Where the characters of a YAML scalar's value stand in the file.
 *
 * Value and source are walked side by side, since what YAML changes on the way is little: it removes indentation,
 * folds line ends to spaces, undoubles single quotes and reads escapes. Where the two part nevertheless, nothing is
 * claimed:
 *
 *     expr: >-            value  s u m ( x ) _ >   _ 1
 *       sum(x)            source s u m ( x ) ⏎······> _ 1
 *       > 1
 */
import type { Scalar } from 'yaml';

/** How long an escape of double quotes is, from its backslash; of others it is two characters. */
const ESCAPE_LENGTHS: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };

/**
 * For each UTF-16 code unit of a scalar's value, and for its end, the offset in the source; undefined where they cannot
 * be told.
 */
export function offsetsOf(scalar: Scalar, source: string): Uint32Array | undefined {
  const { value, range, type } = scalar;
  if (typeof value !== 'string' || range === undefined || range === null) return undefined;
  const [start, end] = range;
  switch (type) {
    case 'BLOCK_LITERAL':
    case 'BLOCK_FOLDED':
      return alignBlock(value, source, start, end);
    case 'QUOTE_DOUBLE':
    case 'QUOTE_SINGLE':
      return align(value, source, start + 1, end, type === 'QUOTE_DOUBLE' ? 'double' : 'single', undefined);
    default:
      return align(value, source, start, end, 'plain', undefined);
  }
}

/** A block begins below its header, each line behind the indentation of the first that is not empty. */
function alignBlock(value: string, source: string, start: number, end: number): Uint32Array | undefined {
  const header = /^[|>][^\n]*\n/.exec(source.slice(start, end))?.[0];
  if (header === undefined) return value === '' ? new Uint32Array(1).fill(start) : undefined;
  const body = start + header.length;
  const first = /^(?:[ \t]*\r?\n)*( *)/.exec(source.slice(body, end))?.[1]?.length ?? 0;
  const said = /\d/.exec(header)?.[0];
  // A header that says the indentation counts from that of what is around, which the first line may exceed.
  const extra = said === undefined ? 0 : Math.max(0, /^\n* */.exec(value)![0].replaceAll('\n', '').length);
  return align(value, source, body, end, 'block', first - extra);
}

type Style = 'plain' | 'single' | 'double' | 'block';

function align(
  value: string,
  source: string,
  start: number,
  end: number,
  style: Style,
  indent: number | undefined,
): Uint32Array | undefined {
  const offsets = new Uint32Array(value.length + 1);
  let at = style === 'block' ? skipIndent(source, start, end, indent) : start;
  for (let i = 0; i < value.length; i++) {
    const wanted = value[i]!;
    // An escaped line end stands for nothing.
    while (style === 'double' && source[at] === '\\' && /[\r\n]/.test(source[at + 1] ?? ''))
      at = skipIndent(source, lineEndAfter(source, at + 1), end, indent);
    if (style === 'double' && source[at] === '\\') {
      offsets[i] = at;
      const length = ESCAPE_LENGTHS[source[at + 1] ?? ''] ?? 2;
      // One escape may be a pair of code units.
      if (/[\ud800-\udbff]/.test(wanted) && source[at + 1] === 'U') offsets[++i] = at;
      at += length;
      continue;
    }
    if (!isSpace(wanted)) {
      while (at < end && source[at] !== wanted && isSpace(source[at]!)) at++;
    } else if (isFoldedAt(source, at) && wanted !== source[at]) {
      // Blanks in front of a line end that is folded are not part of the value.
      while (source[at] === ' ' || source[at] === '\t') at++;
    }
    const here = source[at];
    if (at >= end && !isSpace(wanted)) return undefined;
    offsets[i] = Math.min(at, end);
    if (here === wanted || (isSpace(wanted) && isLineEnd(here))) {
      if (style === 'single' && wanted === "'") at += 2;
      else if (isLineEnd(here)) at = skipIndent(source, lineEndAfter(source, at), end, indent);
      else at++;
    } else if (!isSpace(wanted)) return undefined;
  }
  offsets[value.length] = Math.min(at, end);
  return offsets;
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

function isLineEnd(character: string | undefined): boolean {
  return character === '\n' || character === '\r';
}

/** Whether nothing but blanks stands between here and the end of the line. */
function isFoldedAt(source: string, at: number): boolean {
  while (source[at] === ' ' || source[at] === '\t') at++;
  return isLineEnd(source[at]);
}

function lineEndAfter(source: string, at: number): number {
  return source[at] === '\r' && source[at + 1] === '\n' ? at + 2 : at + 1;
}

/** Behind the indentation: a fixed one in blocks, any elsewhere. */
function skipIndent(source: string, at: number, end: number, indent: number | undefined): number {
  let skipped = 0;
  while (at < end && (source[at] === ' ' || source[at] === '\t') && skipped < (indent ?? Number.MAX_VALUE)) {
    at++;
    skipped++;
  }
  return at;
}
