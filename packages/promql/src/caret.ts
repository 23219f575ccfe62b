/**
 * Shows a place in a query: the query with a line of `^` under the place.
 *
 * ```
 * sum by (job) (
 *   rate(x)
 *        ^
 * )
 * 2:8: parse error: expected type range vector in call to function "rate", got instant vector
 * ```
 *
 * The line is padded by what the text in front of the place takes on a screen: a tab for a tab, two columns for a wide
 * character such as `語`, none for one that combines with the character before it.
 */
import type { PositionRange } from './ast.ts';
import type { ParseError } from './parse-error.ts';
import { indexOfByte } from './position.ts';

const NO_COLUMN = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Characters that terminals and editors draw two columns wide. */
const TWO_COLUMNS =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

/** A query that does not parse, a line of `^` under its first problem, and the message. */
export function renderParseError(error: ParseError): string {
  if (error.query === '') return error.message;
  return `${underline(error.query, error)}\n${error.message}`;
}

/**
 * A text with a line of `^` under a stretch of it, given in bytes of UTF-8; at least one `^`, and under the first line
 * of the stretch only.
 */
export function underline(text: string, { start, end }: PositionRange): string {
  const from = indexOfByte(text, start);
  const to = indexOfByte(text, Math.max(start, end));
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const newline = text.indexOf('\n', from);
  const lineEnd = newline < 0 ? text.length : newline;
  const before = text.slice(0, lineEnd).replace(/\r$/, '');
  const marks = marksBelow(text.slice(lineStart, lineEnd), from - lineStart, to - lineStart);
  return `${before}\n${marks}${text.slice(lineEnd)}`;
}

/** A line of `^` for below a line, under a stretch of it in UTF-16 code units; at least one `^`. */
export function marksBelow(line: string, from: number, to: number): string {
  const padding = [...line.slice(0, from)].map(blank).join('');
  const width = [...line.slice(from, to).trimEnd()].reduce((sum, one) => sum + columns(one), 0);
  return `${padding}${'^'.repeat(Math.max(1, width))}`;
}

function blank(character: string): string {
  return character === '\t' ? '\t' : ' '.repeat(columns(character));
}

function columns(character: string): number {
  if (character.codePointAt(0)! < 0x300) return 1;
  if (NO_COLUMN.test(character)) return 0;
  return TWO_COLUMNS.test(character) ? 2 : 1;
}
