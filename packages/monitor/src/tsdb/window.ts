/**
 * Windows: what a query reads of a table, and how.
 *
 * A window is made of references to memory that threads share: chunks of sealed blocks and columns of the open one,
 * none of which is written to again where the window looks. So an answer crosses to another thread as it is, whatever
 * its size, and each series is decoded where and when somebody asks for its samples.
 *
 * Queries look at one series after the other. Those who need it no longer when they take the next ask for `transient`
 * samples: all series of a window are then decoded into the same array, which stays in the processor's cache.
 */
import type { Labels } from '@binnacle/metrics/model';
import type { Series } from '@binnacle/promql/storage';
import { decodeChunk } from './chunk.ts';
import { BLOCK_COLUMNS_MAX, gather } from './open-block.ts';
import { fillAbsent, firstAbsent, isAbsentAt } from './symbol.ts';

/** The times `from` to `to` of a sealed block. */
interface SealedPart {
  readonly kind: 'sealed';
  /** All chunks of the block. */
  readonly bytes: Uint8Array;
  /** Where the chunk of each position begins, and one more. */
  readonly offsets: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/** The columns `from` to `to` of an open block. */
interface OpenPart {
  readonly kind: 'open';
  /** The values of a column lie one after the other, and those of the next one `stride` further on. */
  readonly columns: Float64Array;
  readonly stride: number;
  readonly from: number;
  readonly to: number;
}

export type WindowPart = SealedPart | OpenPart;

/** A range of time in a table. It can be handed to another thread. */
export interface TableWindow {
  readonly parts: readonly WindowPart[];
  /** The times of all parts, one after the other. */
  readonly times: Float64Array;
  /** Whether `times` ascend. */
  readonly ascending: boolean;
}

/** Samples of one series. */
export interface Samples {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** Values that are kept are allocated together: one array for each series costs more than filling it. */
const SLAB_VALUES = 1 << 16;

const scratch = new Float64Array(BLOCK_COLUMNS_MAX);
const scratchWords = new Uint32Array(scratch.buffer);

/** Reads the series of one window. */
export class WindowReader {
  readonly window: TableWindow;
  readonly #transient: Float64Array;
  readonly #transientWords: Uint32Array;
  #slab = new Float64Array(0);
  #slabWords = new Uint32Array(0);
  #slabUsed = 0;

  constructor(window: TableWindow) {
    this.window = window;
    this.#transient = new Float64Array(window.times.length);
    this.#transientWords = new Uint32Array(this.#transient.buffer);
  }

  /** The samples of a position, until the next call. */
  transient(position: number): Samples {
    const { times } = this.window;
    const timestamps = this.#read(position, this.#transient, this.#transientWords, 0);
    const values = timestamps === times ? this.#transient : this.#transient.subarray(0, timestamps.length);
    return { timestamps, values };
  }

  /** The samples of a position, for as long as they are wanted. */
  kept(position: number): Samples {
    const count = this.window.times.length;
    if (this.#slab.length - this.#slabUsed < count) {
      this.#slab = new Float64Array(Math.max(SLAB_VALUES, count));
      this.#slabWords = new Uint32Array(this.#slab.buffer);
      this.#slabUsed = 0;
    }
    const start = this.#slabUsed;
    const timestamps = this.#read(position, this.#slab, this.#slabWords, start);
    this.#slabUsed += timestamps.length;
    return { timestamps, values: this.#slab.subarray(start, this.#slabUsed) };
  }

  /** Whether a position has no chunk in any part, so that there is nothing to read. */
  isEmpty(position: number): boolean {
    for (const part of this.window.parts) {
      if (part.kind === 'open') return false;
      const { offsets } = part;
      if (position < offsets.length - 1 && offsets[position] !== offsets[position + 1]) return false;
    }
    return true;
  }

  /**
   * Reads what a position has into `out` from `at` on, where there is room for all times. Returns the times at which
   * it has something: those of the window where it has all, which most series share then.
   */
  #read(position: number, out: Float64Array, words: Uint32Array, at: number): Float64Array {
    const { parts, times } = this.window;
    let to = at;
    for (const part of parts) {
      readPart(part, position, out, words, to);
      to += part.to - part.from;
    }
    let end = firstAbsent(words, at, to);
    if (end === to) return times;
    const timestamps = times.slice();
    for (let i = end + 1; i < to; i++) {
      if (isAbsentAt(words, i)) continue;
      words[2 * end] = words[2 * i]!;
      words[2 * end + 1] = words[2 * i + 1]!;
      timestamps[end - at] = times[i - at]!;
      end++;
    }
    return timestamps.subarray(0, end - at);
  }
}

function readPart(
  part: WindowPart,
  position: number,
  out: Float64Array,
  words: Uint32Array,
  at: number,
): void {
  const { from, to } = part;
  if (part.kind === 'open') {
    gather(part.columns, part.stride, position, from, to, out, words, at);
    return;
  }
  const { bytes, offsets } = part;
  if (position >= offsets.length - 1) {
    fillAbsent(out, at, at + to - from);
    return;
  }
  const [start, end] = [offsets[position]!, offsets[position + 1]!];
  // What comes after the range need not be decoded; what comes before it must be.
  if (from === 0) decodeChunk(bytes, start, end, to, out, words, at);
  else {
    decodeChunk(bytes, start, end, to, scratch, scratchWords);
    copyWords(scratchWords, from, to, words, at);
  }
}

/** Copies values as words: a marker must not pass through a number. */
function copyWords(source: Uint32Array, from: number, to: number, words: Uint32Array, at: number): void {
  words.set(source.subarray(2 * from, 2 * to), 2 * at);
}

/** A series of a window, decoded when somebody asks for its samples. */
export class WindowSeries implements Series {
  readonly labels: Labels;
  readonly reader: WindowReader;
  readonly position: number;
  #samples: Samples | undefined;

  constructor(labels: Labels, reader: WindowReader, position: number) {
    this.labels = labels;
    this.reader = reader;
    this.position = position;
  }

  get samplesMax(): number {
    return this.reader.window.times.length;
  }

  get timestamps(): Float64Array {
    return this.#kept().timestamps;
  }

  get values(): Float64Array {
    return this.#kept().values;
  }

  transient(): Samples {
    return this.#samples ?? this.reader.transient(this.position);
  }

  #kept(): Samples {
    this.#samples ??= this.reader.kept(this.position);
    return this.#samples;
  }
}
