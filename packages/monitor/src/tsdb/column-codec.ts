/**
 * Columns of the log: all values of a source at one time, each coded against the same series' value in the
 * source's previous column. The alphabet is that of symbol.ts; a run goes over neighbouring series.
 *
 * Encoder and decoder hold the same state per position: the bits of the last value (at first those of +0), and
 * the last scaled integer with its scale (at first none).
 */
import { type ByteReader, type ByteWriter, DamagedBytes, fromZigzag, putVarint, zigzagOf } from './bytes.ts';
import {
  ESCAPE,
  ESCAPE_ABSENT,
  ESCAPE_SCALE,
  ESCAPE_STALE,
  HIGH,
  isAbsentAt,
  LOW,
  POWERS,
  putXor,
  RUN,
  SCALE_MAX,
  SCALE_NONE,
  STALE_HIGH,
  STALE_LOW,
  SYMBOL_BYTES_MAX,
  scaledAt,
  UNCHANGED,
  writeAbsentAt,
} from './symbol.ts';

/** What both sides remember of the previous column. */
class ColumnState {
  last = new Float64Array(0);
  lastWords = new Uint32Array(0);
  /** The last scaled integer of each position; no meaning while the scale is none. */
  scaled = new Float64Array(0);
  scales = new Int8Array(0);

  /** Makes room for positions; never shrinks. */
  grow(count: number): void {
    if (count <= this.last.length) return;
    const capacity = Math.max(count, Math.ceil(this.last.length * 1.5));
    const last = new Float64Array(capacity);
    last.set(this.last);
    const scaled = new Float64Array(capacity);
    scaled.set(this.scaled);
    const scales = new Int8Array(capacity).fill(SCALE_NONE);
    scales.set(this.scales);
    this.last = last;
    this.lastWords = new Uint32Array(last.buffer);
    this.scaled = scaled;
    this.scales = scales;
  }
}

/** Writes the columns of one source into one segment. */
export class ColumnEncoder {
  readonly #state = new ColumnState();

  /** Appends the column `values`, whose words are `words`. */
  encode(out: ByteWriter, values: Float64Array, words: Uint32Array): void {
    this.#state.grow(values.length);
    out.reserve(values.length * SYMBOL_BYTES_MAX);
    out.length = encodeColumn(out.bytes, out.length, values, words, this.#state);
  }
}

/** A loop over primitives: every call it makes is monomorphic and inlined. */
function encodeColumn(
  bytes: Uint8Array,
  at: number,
  values: Float64Array,
  words: Uint32Array,
  state: ColumnState,
): number {
  const { lastWords, scaled, scales } = state;
  const count = values.length;
  let run = 0;
  for (let i = 0; i < count; i++) {
    const low = words[2 * i + LOW]!;
    const high = words[2 * i + HIGH]!;
    const lowBefore = lastWords[2 * i + LOW]!;
    const highBefore = lastWords[2 * i + HIGH]!;
    if (low === lowBefore && high === highBefore) {
      run++;
      continue;
    }
    if (run > 0) {
      at = putRun(bytes, at, run);
      run = 0;
    }
    lastWords[2 * i + LOW] = low;
    lastWords[2 * i + HIGH] = high;
    if ((high & 0x7ff00000) !== 0x7ff00000) {
      const value = values[i]!;
      const scale = scales[i]!;
      let integer = scale === SCALE_NONE ? Number.NaN : scaledAt(value, scale);
      // biome-ignore lint/suspicious/noSelfCompare: the fastest test for NaN
      if (integer === integer && integer !== scaled[i]) {
        at = putVarint(bytes, at, zigzagOf(integer - scaled[i]!) + 2);
        scaled[i] = integer;
        continue;
      }
      for (let next = Math.max(0, scale); next <= SCALE_MAX; next++) {
        integer = scaledAt(value, next);
        if (Number.isNaN(integer)) continue;
        bytes[at++] = ESCAPE;
        bytes[at++] = ESCAPE_SCALE | next;
        at = putVarint(bytes, at, zigzagOf(integer));
        scaled[i] = integer;
        scales[i] = next;
        break;
      }
      if (!Number.isNaN(integer)) continue;
    }
    bytes[at++] = ESCAPE;
    if (low === STALE_LOW && (high & 0x7ff00000) === 0x7ff00000) {
      bytes[at++] = ESCAPE_STALE;
      // The canonical marker is what the reader will have, so the next difference is against it.
      lastWords[2 * i + LOW] = STALE_LOW;
      lastWords[2 * i + HIGH] = STALE_HIGH;
    } else if (isAbsentAt(words, i)) {
      bytes[at++] = ESCAPE_ABSENT;
    } else {
      at = putXor(bytes, at, (high ^ highBefore) >>> 0, (low ^ lowBefore) >>> 0);
    }
  }
  return run > 0 ? putRun(bytes, at, run) : at;
}

function putRun(bytes: Uint8Array, at: number, run: number): number {
  if (run === 1) {
    bytes[at++] = UNCHANGED;
    return at;
  }
  bytes[at++] = RUN;
  return putVarint(bytes, at, run - 2);
}

/** Reads the columns of one source from one segment. */
export class ColumnDecoder {
  readonly #state = new ColumnState();

  /**
   * Reads a column of `count` values. The result is this decoder's own and valid until the next call.
   * @throws DamagedBytes
   */
  decode(reader: ByteReader, count: number): Float64Array {
    const state = this.#state;
    state.grow(count);
    const { last, lastWords, scaled, scales } = state;
    for (let i = 0; i < count; i++) {
      const symbol = reader.varint();
      if (symbol > ESCAPE) {
        const scale = scales[i]!;
        if (scale === SCALE_NONE) throw new DamagedBytes('difference without a scale');
        const integer = scaled[i]! + fromZigzag(symbol - 2);
        scaled[i] = integer;
        last[i] = integer / POWERS[scale]!;
      } else if (symbol === RUN) {
        i += reader.varint() + 1;
        if (i >= count) throw new DamagedBytes('run is longer than the column');
      } else if (symbol === ESCAPE) {
        const control = reader.byte();
        if (control === ESCAPE_STALE) {
          lastWords[2 * i + LOW] = STALE_LOW;
          lastWords[2 * i + HIGH] = STALE_HIGH;
        } else if (control === ESCAPE_ABSENT) {
          writeAbsentAt(lastWords, i);
        } else if (control >= ESCAPE_SCALE) {
          const scale = control - ESCAPE_SCALE;
          if (scale > SCALE_MAX) throw new DamagedBytes('unknown scale');
          scales[i] = scale;
          scaled[i] = reader.zigzag();
          last[i] = scaled[i]! / POWERS[scale]!;
        } else {
          readXor(reader, control, lastWords, i);
        }
      }
    }
    return last.subarray(0, count);
  }
}

/** Applies the exclusive-or that follows a control byte to the value at `index`. */
export function readXor(reader: ByteReader, control: number, words: Uint32Array, index: number): void {
  const leading = control >>> 4;
  const end = leading + (control & 0xf);
  if (end > 8 || end === leading) throw new DamagedBytes('unknown control byte');
  let high = 0;
  let low = 0;
  for (let i = leading; i < end; i++) {
    if (i < 4) high |= reader.byte() << (24 - 8 * i);
    else low |= reader.byte() << (56 - 8 * i);
  }
  words[2 * index + LOW] = words[2 * index + LOW]! ^ low;
  words[2 * index + HIGH] = words[2 * index + HIGH]! ^ high;
}
