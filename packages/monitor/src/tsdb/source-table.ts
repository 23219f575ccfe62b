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
import { chunkBytesMax, encodeChunk } from './chunk.ts';
import { BLOCK_COLUMNS_MAX, OpenBlock } from './open-block.ts';
import type { TableWindow, WindowPart } from './window.ts';

/** A block that takes no more samples. Chunks and offsets lie in memory that threads share. */
interface SealedBlock {
  readonly times: Float64Array;
  readonly bytes: Uint8Array;
  /** One more than there are positions. */
  readonly offsets: Uint32Array;
}

/** Raw values in the open block of one source (48 MB); a source of 100,000 series seals after 60 columns. */
export const OPEN_VALUES_MAX = 6_000_000;
/** Below it a block is not sealed for its size alone: chunks of few values compress badly. */
const BLOCK_COLUMNS_MIN = 20;

/** Shared by all sealing: blocks have at most BLOCK_COLUMNS_MAX columns. */
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
  #open = new OpenBlock();
  #sealedBytes = 0;
  /** How many values the open block was given. */
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
    return this.#sealedBytes + this.#open.bytes + this.refs.length * POSITION_BYTES;
  }

  /** Bytes of the chunks alone, and the samples' places in them: for figures. */
  get chunkBytes(): number {
    return this.#sealed.reduce((sum, block) => sum + block.bytes.length, 0);
  }

  get blocks(): number {
    return this.#sealed.length;
  }

  get openColumns(): number {
    return this.#open.count;
  }

  get empty(): boolean {
    return this.#sealed.length === 0 && this.#open.count === 0;
  }

  /** The time of the last column of the open block; -Infinity when there is none. */
  get openEndMs(): number {
    return this.#open.endMs;
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
    const { count } = this.#open;
    return (
      count >= BLOCK_COLUMNS_MAX ||
      (count >= BLOCK_COLUMNS_MIN && this.#openValues + this.refs.length > OPEN_VALUES_MAX)
    );
  }

  /**
   * Takes the values of a column. One of the last column's time must have other series than that, and is merged into
   * it. The caller seals the table when it has become full.
   */
  add(timestampMs: number, column: Float64Array): void {
    this.#openValues += column.length;
    if (timestampMs === this.openEndMs) {
      this.#open.merge(column);
      return;
    }
    if (timestampMs < this.openEndMs) this.seal();
    this.#open.add(timestampMs, column);
  }

  /** Turns the open block into chunks. Returns the positions that were absent in all of it. */
  seal(): number[] {
    const absent: number[] = [];
    const { count, times } = this.#open;
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
      this.#open.read(position, scratch, scratchWords);
      at = encodeChunk(sealBytes, at, scratch, scratchWords, count);
      offsets[position + 1] = at;
      if (at === offsets[position]) absent.push(position);
    }
    const block = sealedBlock(times.slice(0, count), sealBytes.subarray(0, at), offsets);
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
    if (this.#open.count > 0 && this.openEndMs <= timestampMs) {
      dropped += this.#openValues;
      this.#clearOpen();
    }
    return dropped;
  }

  /** The samples with `startMs < t && t <= endMs`, for reading now or later. */
  window(startMs: number, endMs: number): TableWindow {
    const parts: WindowPart[] = [];
    const times: Float64Array[] = [];
    for (const block of this.#sealed) {
      const [from, to] = rangeOf(block.times, startMs, endMs);
      if (from >= to) continue;
      parts.push({ kind: 'sealed', bytes: block.bytes, offsets: block.offsets, from, to });
      times.push(block.times.subarray(from, to));
    }
    const openTimes = this.#open.times.subarray(0, this.#open.count);
    const [from, to] = rangeOf(openTimes, startMs, endMs);
    if (from < to) {
      parts.push({ kind: 'open', ...this.#open.show(from, to), from, to });
      times.push(openTimes.subarray(from, to));
    }
    const all = new Float64Array(times.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const some of times) {
      all.set(some, at);
      at += some.length;
    }
    let ascending = true;
    for (let i = 1; i < all.length && ascending; i++) ascending = all[i]! > all[i - 1]!;
    return { parts, times: all, ascending };
  }

  #clearOpen(): void {
    this.#open = new OpenBlock();
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

/** Moves offsets and chunks to one piece of memory that threads share. */
function sealedBlock(times: Float64Array, chunks: Uint8Array, offsets: Uint32Array): SealedBlock {
  const memory = new SharedArrayBuffer(offsets.byteLength + chunks.length);
  const shared = new Uint32Array(memory, 0, offsets.length);
  shared.set(offsets);
  const bytes = new Uint8Array(memory, offsets.byteLength, chunks.length);
  bytes.set(chunks);
  return { times, bytes, offsets: shared };
}

/** The indices of the times with `startMs < t && t <= endMs`: the first, and the one behind the last. */
function rangeOf(times: Float64Array, startMs: number, endMs: number): [number, number] {
  if (times.length === 0 || times[0]! > endMs || times[times.length - 1]! <= startMs) return [0, 0];
  return [firstAfter(times, startMs), firstAfter(times, endMs)];
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
