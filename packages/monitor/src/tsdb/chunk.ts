/**
 * Chunks: up to some hundred values of one series, compressed. The times are not in the chunk: all series of a
 * source share those of its block.
 *
 * A chunk is one byte of mode and then a symbol for every time of the block:
 *
 * - mode 0 to 6: values are integers scaled by 10^mode; the alphabet of symbol.ts, a run goes over time, the
 *   value before the first is +0. `ESCAPE_SCALE | mode` restates the integer where its difference is 0 but the
 *   bits are not (after a marker).
 * - mode 7, where fewer than three in four finite values are short decimals: one control byte a value:
 *   `00` and a varint n: the next n + 1 values have the same bits as the ones before them; otherwise as after
 *   an escape.
 *
 * A series that the source did not have in the whole block has a chunk of no bytes. For example a counter that
 * reads 1000, 1003, 1003, 1003 is `00 d2 0f 08 01 00`: mode 0, +1000, +3, run of two.
 */
import { ByteReader, putVarint, zigzagOf } from './bytes.ts';
import { readXor } from './column-codec.ts';
import {
  ESCAPE,
  ESCAPE_ABSENT,
  ESCAPE_SCALE,
  ESCAPE_STALE,
  fillAbsent,
  HIGH,
  isAbsentAt,
  LOW,
  POWERS,
  putXor,
  RUN,
  SCALE_MAX,
  STALE_HIGH,
  STALE_LOW,
  SYMBOL_BYTES_MAX,
  scaledAt,
  UNCHANGED,
  writeAbsentAt,
} from './symbol.ts';

const MODE_XOR = 7;

/** The most bytes that a chunk of `count` values can take. */
export function chunkBytesMax(count: number): number {
  return 1 + count * SYMBOL_BYTES_MAX;
}

/**
 * Writes the chunk of the first `count` values, for which `bytes` has room; returns the position after it.
 * `words` are those of `values`.
 */
export function encodeChunk(
  bytes: Uint8Array,
  at: number,
  values: Float64Array,
  words: Uint32Array,
  count: number,
): number {
  let present = false;
  for (let i = 0; i < count && !present; i++) present = !isAbsentAt(words, i);
  if (!present) return at;
  const mode = modeOf(values, count);
  bytes[at++] = mode;
  return mode === MODE_XOR
    ? encodeXor(bytes, at, words, count)
    : encodeScaled(bytes, at, values, words, count, mode);
}

/** The smallest scale that holds the values, or MODE_XOR when it would leave out more than a quarter. */
function modeOf(values: Float64Array, count: number): number {
  let scale = 0;
  let finite = 0;
  let misses = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    finite++;
    if (!Number.isNaN(scaledAt(value, scale))) continue;
    let next = scale + 1;
    while (next <= SCALE_MAX && Number.isNaN(scaledAt(value, next))) next++;
    if (next <= SCALE_MAX) scale = next;
    else if (++misses > count >>> 2) return MODE_XOR;
  }
  return misses * 4 > finite ? MODE_XOR : scale;
}

function encodeScaled(
  bytes: Uint8Array,
  at: number,
  values: Float64Array,
  words: Uint32Array,
  count: number,
  scale: number,
): number {
  let lowBefore = 0;
  let highBefore = 0;
  let integerBefore = 0;
  let run = 0;
  for (let i = 0; i < count; i++) {
    const low = words[2 * i + LOW]!;
    const high = words[2 * i + HIGH]!;
    if (low === lowBefore && high === highBefore) {
      run++;
      continue;
    }
    if (run === 1) bytes[at++] = UNCHANGED;
    else if (run > 1) {
      bytes[at++] = RUN;
      at = putVarint(bytes, at, run - 2);
    }
    run = 0;
    if ((high & 0x7ff00000) !== 0x7ff00000) {
      const integer = scaledAt(values[i]!, scale);
      if (!Number.isNaN(integer)) {
        if (integer !== integerBefore) {
          at = putVarint(bytes, at, zigzagOf(integer - integerBefore) + 2);
        } else {
          bytes[at++] = ESCAPE;
          bytes[at++] = ESCAPE_SCALE | scale;
          at = putVarint(bytes, at, zigzagOf(integer));
        }
        integerBefore = integer;
        lowBefore = low;
        highBefore = high;
        continue;
      }
    }
    bytes[at++] = ESCAPE;
    at = putSpecial(bytes, at, words, i, high ^ highBefore, low ^ lowBefore);
    lowBefore = isStale(low, high) ? STALE_LOW : low;
    highBefore = isStale(low, high) ? STALE_HIGH : high;
  }
  if (run === 1) bytes[at++] = UNCHANGED;
  else if (run > 1) {
    bytes[at++] = RUN;
    at = putVarint(bytes, at, run - 2);
  }
  return at;
}

function encodeXor(bytes: Uint8Array, at: number, words: Uint32Array, count: number): number {
  let lowBefore = 0;
  let highBefore = 0;
  let run = 0;
  for (let i = 0; i < count; i++) {
    const low = words[2 * i + LOW]!;
    const high = words[2 * i + HIGH]!;
    if (low === lowBefore && high === highBefore) {
      run++;
      continue;
    }
    if (run > 0) {
      bytes[at++] = 0;
      at = putVarint(bytes, at, run - 1);
      run = 0;
    }
    at = putSpecial(bytes, at, words, i, high ^ highBefore, low ^ lowBefore);
    lowBefore = isStale(low, high) ? STALE_LOW : low;
    highBefore = isStale(low, high) ? STALE_HIGH : high;
  }
  if (run > 0) {
    bytes[at++] = 0;
    at = putVarint(bytes, at, run - 1);
  }
  return at;
}

function isStale(low: number, high: number): boolean {
  return low === STALE_LOW && (high & 0x7ff00000) === 0x7ff00000;
}

function putSpecial(
  bytes: Uint8Array,
  at: number,
  words: Uint32Array,
  index: number,
  highXor: number,
  lowXor: number,
): number {
  if (isStale(words[2 * index + LOW]!, words[2 * index + HIGH]!)) {
    bytes[at++] = ESCAPE_STALE;
    return at;
  }
  if (isAbsentAt(words, index)) {
    bytes[at++] = ESCAPE_ABSENT;
    return at;
  }
  return putXor(bytes, at, highXor >>> 0, lowXor >>> 0);
}

/**
 * Reads the chunk in `bytes[start..end)`: the `count` values of `out` from `first` on, whose words are `words`, are the
 * first ones that were written. Chunks live in memory and are trusted.
 */
export function decodeChunk(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  out: Float64Array,
  words: Uint32Array,
  first = 0,
): void {
  if (start === end) {
    fillAbsent(out, first, first + count);
    return;
  }
  const mode = bytes[start]!;
  if (mode === MODE_XOR) decodeXor(new ByteReader(bytes, start + 1, end), first, first + count, words);
  else decodeScaled(bytes, start + 1, end, first, first + count, out, words, mode);
}

/** The difference of each symbol of one byte that has one; none of `UNCHANGED`. */
const DIFFERENCES = Float64Array.from({ length: 0x80 }, (_, symbol) =>
  symbol <= ESCAPE ? 0 : ((symbol - 2) >>> 1) ^ -(symbol & 1),
);

/**
 * Decodes symbols that are differences of one byte, which nearly all are; returns how many. A function of its own and
 * a table take a third of the time that decoding them among the others does.
 */
function decodeShort(
  bytes: Uint8Array,
  at: number,
  out: Float64Array,
  first: number,
  last: number,
  integer: number,
  power: number,
): number {
  for (let i = first; i < last; i++) {
    const symbol = bytes[at++]!;
    if (symbol >= 0x80 || symbol === RUN || symbol === ESCAPE) return i - first;
    integer += DIFFERENCES[symbol]!;
    // Nearly all series are integers, and a division is what takes longest here.
    out[i] = power === 1 ? integer : integer / power;
  }
  return last - first;
}

function decodeScaled(
  bytes: Uint8Array,
  at: number,
  end: number,
  first: number,
  last: number,
  out: Float64Array,
  words: Uint32Array,
  mode: number,
): void {
  const power = POWERS[mode]!;
  let integer = 0;
  // Whether the value before is that integer, and not something that only its bits say.
  let plain = true;
  let i = first;
  while (i < last) {
    if (plain) {
      const short = decodeShort(bytes, at, out, i, last, integer, power);
      if (short > 0) {
        at += short;
        i += short;
        integer = power === 1 ? out[i - 1]! : Math.round(out[i - 1]! * power);
      }
      if (i === last) return;
    }
    const reader = new ByteReader(bytes, at, end);
    const symbol = reader.varint();
    if (symbol > ESCAPE) {
      const zigzag = symbol - 2;
      integer += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      out[i++] = integer / power;
      plain = true;
    } else if (symbol === UNCHANGED) copyBefore(words, first, i++, 1);
    else if (symbol === RUN) {
      const run = reader.varint() + 2;
      copyBefore(words, first, i, run);
      i = (i + run) | 0;
    } else {
      const control = reader.byte();
      plain = control >= ESCAPE_SCALE && control < ESCAPE_ABSENT;
      if (plain) {
        integer = reader.zigzag();
        out[i] = integer / power;
      } else {
        copyBefore(words, first, i, 1);
        readSpecial(reader, control, words, i);
      }
      i++;
    }
    at = reader.at | 0;
  }
}

function decodeXor(reader: ByteReader, first: number, last: number, words: Uint32Array): void {
  for (let i = first; i < last; i++) {
    const control = reader.byte();
    if (control === 0) {
      const run = reader.varint() + 1;
      copyBefore(words, first, i, run);
      i += run - 1;
    } else {
      copyBefore(words, first, i, 1);
      readSpecial(reader, control, words, i);
    }
  }
}

function readSpecial(reader: ByteReader, control: number, words: Uint32Array, index: number): void {
  if (control === ESCAPE_STALE) {
    words[2 * index + LOW] = STALE_LOW;
    words[2 * index + HIGH] = STALE_HIGH;
  } else if (control === ESCAPE_ABSENT) {
    writeAbsentAt(words, index);
  } else {
    readXor(reader, control, words, index);
  }
}

/** Gives `count` values from `index` on the bits of the value before them, which the first value does not have. */
function copyBefore(words: Uint32Array, first: number, index: number, count: number): void {
  const low = index === first ? 0 : words[2 * index - 2 + LOW]!;
  const high = index === first ? 0 : words[2 * index - 2 + HIGH]!;
  for (let i = index; i < index + count; i++) {
    words[2 * i + LOW] = low;
    words[2 * i + HIGH] = high;
  }
}
