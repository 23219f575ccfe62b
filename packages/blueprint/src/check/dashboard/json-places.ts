/**
 * Where the values of a JSON file stand in its text, by JSON pointer, down to the single character of a string.
 *
 * The text is walked once, with the first question: most dashboards give no reason to ask. It is known to be JSON,
 * since somebody has parsed it before, so that the walk only has to tell strings from brackets.
 */
import { pointerTo } from '../../grafana/reading/json.ts';
import type { Place } from '../problem.ts';
import type { SourceFile } from '../source-file.ts';

/** Where a value stands, in UTF-16 code units. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Fields that name the object which they stand in: an object is shown by the first of them. */
const NAMING = ['title', 'name', 'refId', 'id'];

/** The places of one file. */
export class JsonPlaces {
  readonly #file: SourceFile;
  #spans: ReadonlyMap<string, Span> | undefined;

  constructor(file: SourceFile) {
    this.#file = file;
  }

  /**
   * The place of the value at a pointer; of an object, that of its name; where there is none, that of what is around.
   * With `from` and `to`, offsets in the value of a string, the place of that part of it.
   */
  place(pointer: string, from?: number, to?: number): Place {
    const spans = this.#all();
    let at = pointer;
    while (!spans.has(at) && at !== '') at = at.slice(0, at.lastIndexOf('/'));
    const span = spans.get(at) ?? { start: 0, end: 0 };
    const { text } = this.#file;
    if (text[span.start] === '{') {
      const named = NAMING.map((name) => spans.get(pointerTo(at, name))).find((one) => one !== undefined);
      return named === undefined
        ? this.#file.place(span.start, span.start + 1)
        : this.#file.place(named.start, named.end);
    }
    if (from === undefined || at !== pointer || text[span.start] !== '"')
      return this.#file.place(span.start, span.end);
    const start = offsetIn(text, span, from);
    return this.#file.place(start, Math.max(start, offsetIn(text, span, to ?? from)));
  }

  #all(): ReadonlyMap<string, Span> {
    this.#spans ??= spansOf(this.#file.text);
    return this.#spans;
  }
}

/** The offset in the text of a character of the string that stands at a span. */
function offsetIn(text: string, { start, end }: Span, index: number): number {
  let at = start + 1;
  for (let i = 0; i < index && at < end - 1; i++) {
    if (text[at] !== '\\') at++;
    else at += text[at + 1] === 'u' ? 6 : 2;
  }
  return Math.min(at, end - 1);
}

/** What is open around a value: the pointer, and for a list the index of the next item. */
interface Open {
  readonly pointer: string;
  readonly start: number;
  index: number | undefined;
  key: string;
}

/** The spans of all values of a text that is JSON. */
function spansOf(text: string): Map<string, Span> {
  const spans = new Map<string, Span>();
  const open: Open[] = [];
  // Of a string, a number or a word; brackets are taken one by one.
  const token = /"(?:[^"\\]|\\.)*"|[-\w.+]+|[{}[\],:]/g;
  let isKey = false;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [word] = match;
    const around = open.at(-1);
    const start = match.index;
    if (word === '{' || word === '[') {
      open.push({ pointer: pointerIn(around), start, index: word === '[' ? 0 : undefined, key: '' });
      isKey = word === '{';
    } else if (word === '}' || word === ']') {
      open.pop();
      spans.set(around?.pointer ?? '', { start: around?.start ?? 0, end: start + 1 });
      isKey = false;
    } else if (word === ',') {
      if (around?.index !== undefined) around.index++;
      isKey = around?.index === undefined;
    } else if (word === ':') isKey = false;
    else if (isKey && around !== undefined) around.key = String(JSON.parse(word));
    else spans.set(pointerIn(around), { start, end: start + word.length });
  }
  return spans;
}

function pointerIn(around: Open | undefined): string {
  return around === undefined ? '' : pointerTo(around.pointer, around.index ?? around.key);
}
