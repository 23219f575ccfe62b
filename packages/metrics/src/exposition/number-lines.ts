/**
 * Lines of a text and a number, kept as they were written last, numbers included:
 *
 *     page of 64 lines   uploads_total{status="success"} 156⏎ uploads_total{status="failed"} 7⏎ …
 *
 * Whoever writes them again puts in the numbers that have changed and copies the whole page. Most numbers are the
 * same from one scrape to the next, and most of the others are as long as before, so that they are written over the
 * old ones; where one is not, its page is put together anew from there on.
 */
import { bytesOf, copyBytes, grown, type LineBuffer, SLACK_BYTES } from './line-buffer.ts';
import { NUMBER_BYTES_MAX, overwriteNumber, writeNumber } from './number-text.ts';
import { writeUtf8 } from './utf8.ts';

/** Lines of a page. New ones are made as pages are written, so that their first slice is not far longer than others. */
export const PAGE_LINES = 64;
/** Room for numbers that become longer, in bytes of each line. */
const SPARE_BYTES = 2;
const FIRST_LINES = 16;
const GROWTH = 1.3;
const NEWLINE = 0x0a;

/** Where a page is put together anew; one serves all. */
let scratch = new DataView(new ArrayBuffer(1024));

/** The lines of one family. */
export class NumberLines {
  readonly #pages: DataView<ArrayBuffer>[] = [];
  #count = 0;
  /** Of each line, in its page. */
  #ends = new Uint32Array(FIRST_LINES);
  /** Of each line, without its number. */
  #textBytes = new Uint32Array(FIRST_LINES);
  /** As they stand in the lines. */
  #values = new Float64Array(FIRST_LINES);

  get count(): number {
    return this.#count;
  }

  /** Adds a line: a text, which ends with a space, and a number. */
  add(text: string, value: number): void {
    const index = this.#count;
    const at = index % PAGE_LINES;
    const page = (index - at) / PAGE_LINES;
    if (index === this.#ends.length) this.#extend();
    const start = this.#start(index);
    const bytes = start + 3 * text.length + NUMBER_BYTES_MAX + SLACK_BYTES;
    let view = at === 0 ? new DataView(new ArrayBuffer(bytes)) : this.#pages[page]!;
    if (bytes > view.byteLength) view = grown(view, bytes);
    const textEnd = writeUtf8(view, start, text);
    const end = writeNumber(view, textEnd, value);
    view.setUint8(end, NEWLINE);
    this.#textBytes[index] = textEnd - start;
    this.#ends[index] = end + 1;
    this.#values[index] = value;
    this.#count++;
    const full = at === PAGE_LINES - 1;
    this.#pages[page] = full ? copyOf(view, end + 1) : view;
  }

  /** Writes the text of a line with another number behind it. */
  writeLine(out: LineBuffer, index: number, value: number): void {
    const page = this.#pages[Math.floor(index / PAGE_LINES)]!;
    out.line(page, this.#start(index), this.#textBytes[index]!, value);
  }

  /**
   * Writes the lines of a page, from `first` on, which is a multiple of {@link PAGE_LINES}, and before `last`.
   * @param values the number of line `first + i` is at `offset + i`
   * @returns `last`
   */
  writePage(out: LineBuffer, first: number, last: number, values: ArrayLike<number>, offset: number): number {
    const page = first / PAGE_LINES;
    this.#bringUpToDate(page, first, last, values, offset - first);
    out.bytes(new Uint8Array(this.#pages[page]!.buffer, 0, this.#ends[last - 1]!));
    return last;
  }

  #bringUpToDate(page: number, first: number, last: number, values: ArrayLike<number>, shift: number): void {
    const view = this.#pages[page]!;
    let start = 0;
    for (let i = first; i < last; i++) {
      const value = values[i + shift]!;
      const end = this.#ends[i]!;
      if (!Object.is(value, this.#values[i])) {
        const at = start + this.#textBytes[i]!;
        if (!overwriteNumber(view, at, end - 1 - at, value)) {
          this.#rewrite(page, i, last, values, shift, start);
          return;
        }
        this.#values[i] = value;
      }
      start = end;
    }
  }

  /** Puts a page together anew from the line `from` on, which begins at `start`. */
  #rewrite(
    page: number,
    from: number,
    last: number,
    values: ArrayLike<number>,
    shift: number,
    start: number,
  ): void {
    const view = this.#pages[page]!;
    // Somebody else may have added lines to the page that are not asked for.
    const end = Math.min((page + 1) * PAGE_LINES, this.#count);
    const bytes = this.#ends[end - 1]! + (end - from) * NUMBER_BYTES_MAX + SLACK_BYTES;
    if (bytes > scratch.byteLength) scratch = new DataView(new ArrayBuffer(Math.ceil(bytes * GROWTH)));
    let textStart = start;
    let at = start;
    for (let i = from; i < end; i++) {
      const value = i < last ? values[i + shift]! : this.#values[i]!;
      const textBytes = this.#textBytes[i]!;
      copyBytes(view, textStart, scratch, at, textBytes);
      at = writeNumber(scratch, at + textBytes, value);
      scratch.setUint8(at++, NEWLINE);
      textStart = this.#ends[i]!;
      this.#ends[i] = at;
      this.#values[i] = value;
    }
    const target = at + SLACK_BYTES > view.byteLength ? copyOf(view, start, at) : view;
    bytesOf(target).set(bytesOf(scratch).subarray(start, at), start);
    this.#pages[page] = target;
  }

  #start(index: number): number {
    return index % PAGE_LINES === 0 ? 0 : this.#ends[index - 1]!;
  }

  #extend(): void {
    const length = Math.ceil(this.#count * GROWTH);
    const longer = <T extends Uint32Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#ends = longer(new Uint32Array(length), this.#ends);
    this.#textBytes = longer(new Uint32Array(length), this.#textBytes);
    this.#values = longer(new Float64Array(length), this.#values);
  }
}

/** A page of its own with the first bytes of another one, and with room for longer numbers. */
function copyOf(view: DataView<ArrayBuffer>, bytes: number, bytesMin = bytes): DataView<ArrayBuffer> {
  const page = new Uint8Array(bytesMin + PAGE_LINES * SPARE_BYTES + SLACK_BYTES);
  page.set(bytesOf(view).subarray(0, bytes));
  return new DataView(page.buffer);
}
