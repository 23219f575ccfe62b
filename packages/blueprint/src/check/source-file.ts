/** A file that is checked: its text, and places in it with the line and marks below. */
import { marksBelow } from '@binnacle/promql';
import type { Place } from './problem.ts';

/** How much of a line is shown; a dashboard may be one line of 100 kB. */
const EXCERPT_CHARACTERS_MAX = 160;
/** How much of it stands in front of the place, where the line is cut. */
const EXCERPT_BEFORE = 40;

/** A text with a name. */
export class SourceFile {
  /** Relative to the folder that is checked, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Where each line begins; found with the first question. */
  #lineStarts: readonly number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** The place of a stretch of the text, in UTF-16 code units; marks stand below its first line only. */
  place(start: number, end: number = start): Place {
    const line = this.lineAt(start);
    const shown = this.line(line);
    // Of what ends a line, its first character is the last place.
    const from = Math.min(start - this.#starts()[line - 1]!, shown.length);
    const length = Math.max(0, Math.min(end - start, shown.length - from));
    return {
      file: this.path,
      line,
      column: from + 1,
      ...(shown.trim() !== '' && { excerpt: excerpt(shown, from, from + length) }),
    };
  }

  /** The place of a line as a whole, without its indentation. Lines begin at 1. */
  placeOfLine(line: number): Place {
    const start = this.#starts()[line - 1] ?? this.text.length;
    const text = this.line(line);
    return this.place(start + text.length - text.trimStart().length, start + text.length);
  }

  /** The number of the line that a UTF-16 code unit stands on. */
  lineAt(offset: number): number {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** The offset of the first code unit of a line. */
  lineStart(line: number): number {
    return this.#starts()[line - 1] ?? this.text.length;
  }

  /** The text of a line without what ends it. */
  line(line: number): string {
    const start = this.#starts()[line - 1];
    if (start === undefined) return '';
    const end = this.#starts()[line] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, '');
  }

  /** How many lines there are. */
  get lineCount(): number {
    return this.#starts().length;
  }

  #starts(): readonly number[] {
    if (this.#lineStarts !== undefined) return this.#lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
    return starts;
  }
}

/** A line with marks below a stretch of it; of a long line, what stands around the stretch. */
export function excerpt(line: string, from: number, to: number): string {
  if (line.length <= EXCERPT_CHARACTERS_MAX) return `${line}\n${marksBelow(line, from, to)}`;
  const start = Math.max(0, Math.min(from - EXCERPT_BEFORE, line.length - EXCERPT_CHARACTERS_MAX));
  const end = start + EXCERPT_CHARACTERS_MAX;
  const head = start > 0 ? '...' : '';
  const shown = `${head}${line.slice(start, end)}${end < line.length ? '...' : ''}`;
  const at = from - start + head.length;
  return `${shown}\n${marksBelow(shown, at, Math.min(to, end) - start + head.length)}`;
}
