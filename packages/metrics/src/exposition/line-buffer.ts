/**
 * Output that is put together from prepared texts and from numbers.
 *
 * Lines of an exposition are short: copying one with `set` makes a view first, which costs twice the copy, and
 * copying it byte by byte more than three times. So texts are copied eight bytes at a time, up to seven too many,
 * over which the next piece is written; both sides have room for that. The eight bytes travel as a double, which no
 * machine changes unless it is NaN, and a NaN never stands in UTF-8: its last two bytes would be 0xF0 or more, with
 * which a character of four bytes begins, and 0x7F or 0xFF, with which none goes on.
 */
import { NUMBER_BYTES_MAX, writeNumber } from './number-text.ts';
import { writeUtf8 } from './utf8.ts';

/** Bytes after which a slice is handed over: a fraction of a millisecond's work, and few enough turns. */
const SLICE_BYTES = 128 * 1024;
/** New series are prepared as they are written, so many at once: their first slice is not far longer than others. */
export const PREPARED_AT_ONCE = 64;
/** Most expositions are far smaller. */
const FIRST_BYTES = 16 * 1024;
/** Bytes that may be copied beyond the end of a text. */
export const SLACK_BYTES = 7;
/** From here on `copyWithin` is faster than the loop, which takes longer the more there is. */
const LONG_BYTES = 96;
/** How much larger an array becomes that is full: what is prepared stays, so that room for twice as much would too. */
const GROWTH = 1.3;
const NEWLINE = 0x0a;

/** Texts one behind the other: one array of bytes for all series takes far less memory than one for each. */
export class PreparedTexts {
  view = new DataView(new ArrayBuffer(256));
  #ends = new Uint32Array(16);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  start(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!;
  }

  end(index: number): number {
    return this.#ends[index]!;
  }

  /** Adds a text; returns its index. */
  add(text: string): number {
    const start = this.start(this.#count);
    const bytes = start + 3 * text.length + SLACK_BYTES;
    if (bytes > this.view.byteLength) this.view = grown(this.view, bytes);
    if (this.#count === this.#ends.length) {
      const ends = new Uint32Array(Math.ceil(this.#count * GROWTH));
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#ends[this.#count] = writeUtf8(this.view, start, text);
    return this.#count++;
  }
}

export class LineBuffer {
  #view = new DataView(new ArrayBuffer(FIRST_BYTES));
  #used = 0;

  /** Whether a slice is full and ought to be taken. */
  get isFull(): boolean {
    return this.#used >= SLICE_BYTES;
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  text(texts: PreparedTexts, index: number): void {
    const start = texts.start(index);
    const bytes = texts.end(index) - start;
    this.#reserve(bytes + SLACK_BYTES);
    copyBytes(texts.view, start, this.#view, this.#used, bytes);
    this.#used += bytes;
  }

  /** Writes a text and a number behind it, and ends the line. */
  line(from: DataView, start: number, bytes: number, value: number): void {
    this.#reserve(bytes + SLACK_BYTES + NUMBER_BYTES_MAX);
    const view = this.#view;
    const used = this.#used;
    copyBytes(from, start, view, used, bytes);
    const at = writeNumber(view, used + bytes, value);
    view.setUint8(at, NEWLINE);
    this.#used = at + 1;
  }

  /** Writes many lines at once. */
  bytes(lines: Uint8Array): void {
    this.#reserve(lines.length);
    bytesOf(this.#view).set(lines, this.#used);
    this.#used += lines.length;
  }

  /** Writes a text that is not prepared. */
  string(text: string): void {
    this.#reserve(3 * text.length);
    this.#used = writeUtf8(this.#view, this.#used, text);
  }

  /** Puts a text, which ends the line again, behind the line that was written last. */
  append(text: string): void {
    this.#used--;
    this.string(text);
  }

  /** Writes a number and ends the line. */
  number(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    this.#used = writeNumber(this.#view, this.#used, value);
    this.#view.setUint8(this.#used++, NEWLINE);
  }

  /**
   * Writes the lines of a histogram's buckets, which differ from each other in their ends and numbers only: the
   * first line is put together, the others take their beginning, and the number where it is the same, from the
   * line before.
   * @param opening the index in `around` of what stands before the labels
   * @param ends the index in `around` of what stands behind the labels of the first bucket; the other buckets follow
   * @returns how many observations there are in all
   */
  buckets(
    around: PreparedTexts,
    opening: number,
    ends: number,
    labels: PreparedTexts,
    index: number,
    counts: ArrayLike<number>,
    buckets: number,
  ): number {
    const openingStart = around.start(opening);
    const openingBytes = around.end(opening) - openingStart;
    const labelsStart = labels.start(index);
    const labelsBytes = labels.end(index) - labelsStart;
    const beginningBytes = openingBytes + labelsBytes;
    const lastEnd = ends + buckets - 1;
    const endsBytes = around.end(lastEnd) - around.start(ends);
    this.#reserve(buckets * (beginningBytes + NUMBER_BYTES_MAX) + endsBytes + SLACK_BYTES);
    const view = this.#view;
    const from = around.view;
    const beginning = this.#used;
    copyBytes(from, openingStart, view, beginning, openingBytes);
    copyBytes(labels.view, labelsStart, view, beginning + openingBytes, labelsBytes);
    let at = beginning;
    let cumulative = 0;
    let numberStart = 0;
    let numberBytes = 0;
    let textStart = around.start(ends);
    const bytes = beginningBytes < LONG_BYTES ? undefined : bytesOf(view);
    for (let i = 0; i < buckets; i++) {
      if (i > 0) {
        if (bytes === undefined) copyBytes(view, beginning, view, at, beginningBytes);
        else bytes.copyWithin(at, beginning, beginning + beginningBytes);
      }
      at += beginningBytes;
      const textEnd = around.end(ends + i);
      copyBytes(from, textStart, view, at, textEnd - textStart);
      at += textEnd - textStart;
      textStart = textEnd;
      const count = counts[i] ?? 0;
      if (count === 0 && i > 0) {
        copyBytes(view, numberStart, view, at, numberBytes);
        numberStart = at;
        at += numberBytes;
        continue;
      }
      cumulative += count;
      numberStart = at;
      at = writeNumber(view, at, cumulative);
      view.setUint8(at++, NEWLINE);
      numberBytes = at - numberStart;
    }
    this.#used = at;
    return cumulative;
  }

  /** What was written since the last slice was taken; nothing is written after it. */
  end(): Uint8Array {
    return bytesOf(this.#view).subarray(0, this.#used);
  }

  /** Hands over what was written since the last time; the bytes are the caller's. */
  take(): Uint8Array {
    const slice = this.end();
    // Room for the line that makes a slice full.
    this.#view = new DataView(new ArrayBuffer(SLICE_BYTES + FIRST_BYTES));
    this.#used = 0;
    return slice;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > this.#view.byteLength) this.#view = grown(this.#view, this.#used + bytes);
  }
}

/** Copies `bytes` bytes, and up to {@link SLACK_BYTES} more. */
export function copyBytes(from: DataView, start: number, to: DataView, at: number, bytes: number): void {
  for (let i = 0; i < bytes; i += 8) to.setFloat64(at + i, from.getFloat64(start + i, true), true);
}

/** A larger view with the same bytes. */
export function grown(view: DataView<ArrayBuffer>, bytesMin: number): DataView<ArrayBuffer> {
  const larger = new DataView(new ArrayBuffer(Math.max(Math.ceil(view.byteLength * GROWTH), bytesMin)));
  bytesOf(larger).set(bytesOf(view));
  return larger;
}

/** The bytes of a view. */
export function bytesOf(view: DataView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
