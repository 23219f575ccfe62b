/**
 * The open block of a table: columns of raw values, one after the other in one piece of memory that threads share.
 *
 * ```
 * columns  |s0 s1 s2 - - - |s0 s1 s2 - - - |s0 s1 s2 s3 - - |            - is absent: room for series that come later
 * times     t0              t1              t2
 * ```
 *
 * What a reader was shown is not written to again. Columns are added behind it; where one that was shown must change,
 * or the memory has become too small, everything moves to new memory, and readers keep the old one.
 */
import { fillAbsent, isAbsentAt, writeAbsentAt } from './symbol.ts';

/** Columns in a block: Prometheus's 120 samples a chunk; more would be read for nothing by instant queries. */
export const BLOCK_COLUMNS_MAX = 120;
/** Columns that there is room for at first; then twice as many each time. */
const COLUMNS_FIRST = 15;
/** Values of a cache line: strides are odd multiples of it, so that the values of a series spread over the cache. */
const LINE_VALUES = 8;

/** Columns that are still raw. */
export class OpenBlock {
  readonly times = new Float64Array(BLOCK_COLUMNS_MAX);
  #columns: Float64Array = new Float64Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #stride = 0;
  #count = 0;
  /** How many columns readers have seen. */
  #shown = 0;

  /** How many columns there are. */
  get count(): number {
    return this.#count;
  }

  /** How much memory the block takes. */
  get bytes(): number {
    return this.#columns.byteLength;
  }

  /** The time of the last column; -Infinity when there is none. */
  get endMs(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : this.times[this.#count - 1]!;
  }

  /** The columns as a part of a window. */
  show(from: number, to: number): { readonly columns: Float64Array; readonly stride: number } {
    if (to > from) this.#shown = Math.max(this.#shown, to);
    return { columns: this.#columns, stride: this.#stride };
  }

  /** Copies a column behind the last one. There must be fewer than {@link BLOCK_COLUMNS_MAX}. */
  add(timestampMs: number, column: Float64Array): void {
    if (column.length > this.#stride || this.#count === this.#capacity) {
      const stride = column.length > this.#stride ? strideFor(column.length) : this.#stride;
      const wanted =
        this.#count === this.#capacity ? Math.max(COLUMNS_FIRST, 2 * this.#count) : this.#capacity;
      this.#move(Math.min(wanted, BLOCK_COLUMNS_MAX), stride);
    }
    const at = this.#count * this.#stride;
    // Copied as words: markers must keep their bits.
    const words = new Uint32Array(column.buffer, column.byteOffset, 2 * column.length);
    this.#words.set(words, 2 * at);
    fillAbsent(this.#columns, at + column.length, at + this.#stride);
    this.times[this.#count++] = timestampMs;
  }

  /** Puts the values of a column, of series that the last one lacks, into the last one. */
  merge(column: Float64Array): void {
    const last = this.#count - 1;
    if (column.length > this.#stride) this.#move(this.#capacity, strideFor(column.length));
    else if (this.#shown > last) this.#move(this.#capacity, this.#stride);
    const from = new Uint32Array(column.buffer, column.byteOffset, 2 * column.length);
    for (let i = 0; i < column.length; i++) {
      if (isAbsentAt(from, i)) continue;
      const at = last * this.#stride + i;
      this.#words[2 * at] = from[2 * i]!;
      this.#words[2 * at + 1] = from[2 * i + 1]!;
    }
  }

  /** Reads all values of a position. */
  read(position: number, out: Float64Array, words: Uint32Array): void {
    gather(this.#columns, this.#stride, position, 0, this.#count, out, words, 0);
  }

  get #capacity(): number {
    return this.#stride === 0 ? 0 : this.#columns.length / this.#stride;
  }

  #move(capacity: number, stride: number): void {
    const columns = new Float64Array(
      new SharedArrayBuffer(capacity * stride * Float64Array.BYTES_PER_ELEMENT),
    );
    const words = new Uint32Array(columns.buffer);
    for (let i = 0; i < this.#count; i++) {
      const from = 2 * i * this.#stride;
      words.set(this.#words.subarray(from, from + 2 * this.#stride), 2 * i * stride);
      fillAbsent(columns, i * stride + this.#stride, (i + 1) * stride);
    }
    this.#columns = columns;
    this.#words = words;
    this.#stride = stride;
    this.#shown = 0;
  }
}

/** Room for some more series than there are. */
function strideFor(positions: number): number {
  const lines = Math.ceil((positions + (positions >>> 4)) / LINE_VALUES);
  return (lines | 1) * LINE_VALUES;
}

/**
 * Reads one position across columns into `out` from `at` on; `words` are those of `out`. Where a value is NaN its bits
 * are taken, so that markers keep theirs.
 */
export function gather(
  columns: Float64Array,
  stride: number,
  position: number,
  from: number,
  to: number,
  out: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  let source: Uint32Array | undefined;
  for (let i = from; i < to; i++, at++) {
    if (position >= stride) {
      writeAbsentAt(words, at);
      continue;
    }
    const index = i * stride + position;
    const value = columns[index]!;
    // biome-ignore lint/suspicious/noSelfCompare: the fastest test for NaN
    if (value === value) {
      out[at] = value;
    } else {
      source ??= new Uint32Array(columns.buffer, columns.byteOffset, 2 * columns.length);
      words[2 * at] = source[2 * index]!;
      words[2 * at + 1] = source[2 * index + 1]!;
    }
  }
}
