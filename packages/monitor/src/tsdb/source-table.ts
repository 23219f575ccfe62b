/**
 * A source table: the samples of the series that one source (a target, a rule group) writes together.
 *
 * Series have positions. A column holds one value per position at one time; columns gather in the open block,
 * raw, so that taking a sample is copying it. A full block is sealed: it is turned by series, each of which
 * becomes one chunk, and all chunks lie in one array of bytes. The times are kept once per block, for all series.
 *
 * ```
 * open     times   t0        t1        t2                sealed   times    t0 t1 ... t119
 *          columns [s0 s1 s2][s0 s1 s2][s0 s1 s2 s3]              bytes    |chunk s0|chunk s1||chunk s3|
 *                                                                 offsets  0        9        20 20     31
 * ```
 *
 * Columns may differ in length: a series that comes later gets the next position, and the columns before do not
 * reach it. A series that a column lacks is absent in it (symbol.ts). Blocks are in the order of writing; in
 * each the times ascend, but a source that gives its own timestamps may begin a block before the end of the last.
 */
import { chunkBytesMax, decodeChunk, encodeChunk } from './chunk.ts';
import { fillAbsent, isAbsentAt, writeAbsentAt } from './symbol.ts';

/** A block that takes no more samples. */
interface SealedBlock {
  readonly times: Float64Array;
  readonly bytes: Uint8Array;
  /** One more than there are positions. */
  readonly offsets: Uint32Array;
}

/** The columns of one block whose times lie in a range. */
interface WindowPart {
  /** Undefined for the open block. */
  readonly sealed: SealedBlock | undefined;
  /** The range of the block's times. */
  readonly from: number;
  readonly to: number;
}

/** A range of time in a table, prepared once and then read for many series. */
export interface TableWindow {
  readonly parts: readonly WindowPart[];
  /** The times of all parts, one after the other. */
  readonly times: Float64Array;
  /** Whether `times` ascend. */
  readonly ascending: boolean;
}

/** Columns in a block: Prometheus's 120 samples a chunk; more would be read for nothing by instant queries. */
export const BLOCK_COLUMNS_MAX = 120;
/** Raw values in the open block of one source (48 MB); a source of 100,000 series seals after 60 columns. */
export const OPEN_VALUES_MAX = 6_000_000;
/** Below it a block is not sealed for its size alone: chunks of few values compress badly. */
const BLOCK_COLUMNS_MIN = 20;

/** Shared by all decoding: blocks have at most BLOCK_COLUMNS_MAX columns. */
const scratch = new Float64Array(BLOCK_COLUMNS_MAX);
const scratchWords = new Uint32Array(scratch.buffer);
let sealBytes = new Uint8Array(1 << 16);

/** The samples of one source. */
export class SourceTable {
  readonly source: string;
  /** Unique among the tables of a process: names the table in the log. */
  readonly id: number;
  /** This table as a list: what most series have as their homes. */
  readonly alone: readonly SourceTable[] = [this];
  /** Series by position. */
  readonly refs: number[] = [];
  readonly #positions = new Map<number, number>();
  #sealed: SealedBlock[] = [];
  #times = new Float64Array(BLOCK_COLUMNS_MAX);
  #columns: Float64Array[] = [];
  #columnWords: Uint32Array[] = [];
  #sealedBytes = 0;
  #openValues = 0;

  constructor(source: string, id: number) {
    this.source = source;
    this.id = id;
  }

  /** How many positions there are. */
  get size(): number {
    return this.refs.length;
  }

  /** Bytes that blocks and columns take. */
  get bytes(): number {
    return this.#sealedBytes + this.#openValues * 8 + this.refs.length * POSITION_BYTES;
  }

  /** Bytes of the chunks alone, and the samples' places in them: for figures. */
  get chunkBytes(): number {
    return this.#sealed.reduce((sum, block) => sum + block.bytes.length, 0);
  }

  get blocks(): number {
    return this.#sealed.length;
  }

  get openColumns(): number {
    return this.#columns.length;
  }

  get empty(): boolean {
    return this.#sealed.length === 0 && this.#columns.length === 0;
  }

  /** The time of the last column of the open block; -Infinity when there is none. */
  get openEndMs(): number {
    return this.#columns.length === 0 ? Number.NEGATIVE_INFINITY : this.#times[this.#columns.length - 1]!;
  }

  /** The position of a series, or -1. */
  position(ref: number): number {
    return this.#positions.get(ref) ?? -1;
  }

  /** Gives a series the next position; it must have none. */
  addPosition(ref: number): number {
    const position = this.refs.length;
    this.refs.push(ref);
    this.#positions.set(ref, position);
    return position;
  }

  /** Whether the open block is to be sealed. */
  get full(): boolean {
    const count = this.#columns.length;
    return (
      count >= BLOCK_COLUMNS_MAX ||
      (count >= BLOCK_COLUMNS_MIN && this.#openValues + this.refs.length > OPEN_VALUES_MAX)
    );
  }

  /**
   * Takes a column, which the table then owns. One of the last column's time must have other series than that,
   * and is merged into it. The caller seals the table when it has become full.
   */
  add(timestampMs: number, column: Float64Array): void {
    if (timestampMs === this.openEndMs) column = mergeColumns(this.#removeLast(), column);
    else if (timestampMs < this.openEndMs) this.seal();
    this.#times[this.#columns.length] = timestampMs;
    this.#columns.push(column);
    this.#columnWords.push(new Uint32Array(column.buffer, column.byteOffset, column.length * 2));
    this.#openValues += column.length;
  }

  /** Turns the open block into chunks. Returns the positions that were absent in all of it. */
  seal(): number[] {
    const absent: number[] = [];
    const count = this.#columns.length;
    if (count === 0) return absent;
    const positions = this.refs.length;
    const offsets = new Uint32Array(positions + 1);
    let at = 0;
    for (let position = 0; position < positions; position++) {
      if (sealBytes.length - at < chunkBytesMax(count)) {
        const grown = new Uint8Array(Math.max(sealBytes.length * 2, at + chunkBytesMax(count)));
        grown.set(sealBytes.subarray(0, at));
        sealBytes = grown;
      }
      gather(this.#columns, this.#columnWords, position, 0, count, scratch, scratchWords, 0);
      at = encodeChunk(sealBytes, at, scratch, scratchWords, count);
      offsets[position + 1] = at;
      if (at === offsets[position]) absent.push(position);
    }
    const block = { times: this.#times.slice(0, count), bytes: sealBytes.slice(0, at), offsets };
    if (sealBytes.length > SEAL_BYTES_KEPT) sealBytes = new Uint8Array(1 << 16);
    this.#sealed.push(block);
    this.#sealedBytes += blockBytes(block);
    this.#clearOpen();
    return absent;
  }

  /** The end of each sealed block: what retention by size chooses from. */
  sealedEndsMs(): number[] {
    return this.#sealed.map(endOf);
  }

  /** Drops what ended at or before a time. Returns how many samples' places were dropped. */
  dropUpTo(timestampMs: number): number {
    let dropped = 0;
    const kept = this.#sealed.filter((block) => {
      if (endOf(block) > timestampMs) return true;
      dropped += block.times.length * (block.offsets.length - 1);
      this.#sealedBytes -= blockBytes(block);
      return false;
    });
    if (kept.length !== this.#sealed.length) this.#sealed = kept;
    if (this.#columns.length > 0 && this.openEndMs <= timestampMs) {
      dropped += this.#openValues;
      this.#clearOpen();
    }
    return dropped;
  }

  /** Prepares reading the samples with `startMs < t && t <= endMs`. Valid until the table changes. */
  window(startMs: number, endMs: number): TableWindow {
    const parts: WindowPart[] = [];
    let count = 0;
    for (const sealed of this.#sealed) count += addPart(parts, sealed, sealed.times, startMs, endMs);
    const openTimes = this.#times.subarray(0, this.#columns.length);
    count += addPart(parts, undefined, openTimes, startMs, endMs);
    const times = new Float64Array(count);
    let at = 0;
    for (const part of parts) {
      times.set((part.sealed?.times ?? openTimes).subarray(part.from, part.to), at);
      at += part.to - part.from;
    }
    let ascending = true;
    for (let i = 1; i < count && ascending; i++) ascending = times[i]! > times[i - 1]!;
    return { parts, times, ascending };
  }

  /**
   * Reads the values of a position at the window's times into `out` from `at` on, where there is room for all;
   * times at which the source did not have the series are absent. `words` are those of `out`.
   */
  read(window: TableWindow, position: number, out: Float64Array, words: Uint32Array, at: number): void {
    for (const { sealed, from, to } of window.parts) {
      if (sealed === undefined) {
        gather(this.#columns, this.#columnWords, position, from, to, out, words, at);
      } else if (position >= sealed.offsets.length - 1) {
        fillAbsent(out, at, at + to - from);
      } else {
        const { bytes, offsets } = sealed;
        const [start, end] = [offsets[position]!, offsets[position + 1]!];
        // What comes after the range need not be decoded; what comes before it must be.
        if (from === 0) decodeChunk(bytes, start, end, to, out, words, at);
        else {
          decodeChunk(bytes, start, end, to, scratch, scratchWords);
          out.set(scratch.subarray(from, to), at);
        }
      }
      at += to - from;
    }
  }

  #removeLast(): Float64Array {
    this.#columnWords.pop();
    const column = this.#columns.pop()!;
    this.#openValues -= column.length;
    return column;
  }

  #clearOpen(): void {
    this.#columns = [];
    this.#columnWords = [];
    this.#openValues = 0;
  }
}

/** A position's entry in the map of positions and the list of refs. */
const POSITION_BYTES = 48;
/** The buffer of sealing is kept for the next time up to this size. */
const SEAL_BYTES_KEPT = 1 << 24;

function blockBytes(block: SealedBlock): number {
  return block.bytes.length + block.offsets.byteLength + block.times.byteLength + 200;
}

function endOf(block: SealedBlock): number {
  return block.times[block.times.length - 1]!;
}

function addPart(
  parts: WindowPart[],
  sealed: SealedBlock | undefined,
  times: Float64Array,
  startMs: number,
  endMs: number,
): number {
  if (times.length === 0 || times[0]! > endMs || times[times.length - 1]! <= startMs) return 0;
  const from = firstAfter(times, startMs);
  const to = firstAfter(times, endMs);
  if (from >= to) return 0;
  parts.push({ sealed, from, to });
  return to - from;
}

/** The first index whose time is later than `timestampMs`; times ascend. */
function firstAfter(times: Float64Array, timestampMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= timestampMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The values of two columns, at most one of which has a position. */
function mergeColumns(a: Float64Array, b: Float64Array): Float64Array {
  const merged = new Float64Array(Math.max(a.length, b.length));
  fillAbsent(merged, a.length);
  merged.set(a);
  const words = new Uint32Array(merged.buffer);
  const wordsB = new Uint32Array(b.buffer, b.byteOffset, b.length * 2);
  for (let i = 0; i < b.length; i++) {
    if (isAbsentAt(wordsB, i)) continue;
    words[2 * i] = wordsB[2 * i]!;
    words[2 * i + 1] = wordsB[2 * i + 1]!;
  }
  return merged;
}

/** Reads one position across columns; copies words where a value is NaN, so that markers keep their bits. */
function gather(
  columns: readonly Float64Array[],
  columnWords: readonly Uint32Array[],
  position: number,
  from: number,
  to: number,
  out: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  for (let i = from; i < to; i++, at++) {
    const column = columns[i]!;
    if (position >= column.length) {
      writeAbsentAt(words, at);
      continue;
    }
    const value = column[position]!;
    // biome-ignore lint/suspicious/noSelfCompare: the fastest test for NaN
    if (value === value) {
      out[at] = value;
    } else {
      const source = columnWords[i]!;
      words[2 * at] = source[2 * position]!;
      words[2 * at + 1] = source[2 * position + 1]!;
    }
  }
}
