/**
 * How one value of a series becomes bytes: the alphabet that the log (a column over all series of a source) and
 * the chunks (one series over time) share.
 *
 * A value is coded against the one before it of the same series. Almost all metrics are integers or short
 * decimals, so a value is taken as an integer `r` and a scale `k`, `value === r / 10^k` exactly, and only the
 * difference of `r` is written. What cannot be written so is written as the exclusive-or of its 64 bits with
 * those of the value before. All comparisons are on bits, so -0, every NaN and staleness markers come back as
 * they went in; a marker never passes through a register as a number.
 *
 * ```
 * varint u = 0        same bits as before
 *          u = 1      run: varint n follows, the next n + 2 values have the same bits as the ones before them
 *          u >= 3     zigzag difference u - 2 (never 0) of the scaled integer, scale as before
 *          u = 2      escape, one byte follows:
 *                       0x(z)(n)  z leading zero bytes, then n bytes, then zeros, of the exclusive-or;
 *                                 highest byte first (z <= 7, 1 <= n <= 8)
 *                       0xf0 | k  scale becomes k; zigzag varint with the integer itself
 *                       0xfe      absent: the source did not have this series
 *                       0xff      staleness marker
 * ```
 *
 * After an exclusive-or, an absence or a marker, integer and scale keep what they were.
 * Worked example: 12.5, 12.5, 12.7, -0 is `02 f1 fa 01` (scale 1, 125), `00`, `06` (+2), `02 08 ...` (raw).
 *
 * `absent` exists only inside storage: a NaN that no exposition can name.
 */

export const UNCHANGED = 0;
export const RUN = 1;
export const ESCAPE = 2;
export const ESCAPE_SCALE = 0xf0;
export const ESCAPE_ABSENT = 0xfe;
export const ESCAPE_STALE = 0xff;

/** No value needs more: escape, control byte, eight bytes, or a varint; and a run in front of it. */
export const SYMBOL_BYTES_MAX = 20;

/** Decimals that are tried. More would catch few values and cost a division each. */
export const SCALE_MAX = 6;
/** No scale is known yet. */
export const SCALE_NONE = -1;

export const POWERS: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];

/** Beyond it a scaled integer is not tried, so that differences and their zigzag form stay exact. */
const SCALED_MAX = 2 ** 50;

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
/** Where the low and the high word of value `i` lie in its array's words: `2 * i + LOW`. */
export const LOW = LITTLE_ENDIAN ? 0 : 1;
export const HIGH = 1 - LOW;

const ABSENT_LOW = 0xab5e;
const ABSENT_HIGH = 0x7ff80000;
export const STALE_LOW = 2;
export const STALE_HIGH = 0x7ff00000;

const ABSENT_BITS = (BigInt(ABSENT_HIGH) << 32n) | BigInt(ABSENT_LOW);

/** Makes a range of values absent. */
export function fillAbsent(values: Float64Array, start = 0, end = values.length): void {
  new BigUint64Array(values.buffer, values.byteOffset, values.length).fill(ABSENT_BITS, start, end);
}

export function isAbsentAt(words: Uint32Array, index: number): boolean {
  return words[2 * index + LOW] === ABSENT_LOW && words[2 * index + HIGH] === ABSENT_HIGH;
}

/** The index of the first value in `[from, to)` that is absent, or `to`. */
export function firstAbsent(words: Uint32Array, from: number, to: number): number {
  for (let i = from; i < to; i++) if (words[2 * i + LOW] === ABSENT_LOW && isAbsentAt(words, i)) return i;
  return to;
}

export function writeAbsentAt(words: Uint32Array, index: number): void {
  words[2 * index + LOW] = ABSENT_LOW;
  words[2 * index + HIGH] = ABSENT_HIGH;
}

/**
 * The integer that stands for a finite value at a scale, or NaN when the scale does not hold it exactly.
 * -0 has none.
 */
export function scaledAt(value: number, scale: number): number {
  const power = POWERS[scale]!;
  const scaled = Math.round(value * power);
  if (scaled / power !== value || scaled > SCALED_MAX || scaled < -SCALED_MAX) return Number.NaN;
  if (scaled === 0 && 1 / value < 0) return Number.NaN;
  return scaled;
}

/** Writes control byte and bytes of an exclusive-or that is not zero; returns the position after them. */
export function putXor(bytes: Uint8Array, at: number, high: number, low: number): number {
  const leading = high !== 0 ? Math.clz32(high) >>> 3 : 4 + (Math.clz32(low) >>> 3);
  const trailing = low !== 0 ? trailingZeroBytes(low) : 4 + trailingZeroBytes(high);
  const last = 8 - trailing;
  bytes[at++] = (leading << 4) | (last - leading);
  for (let i = leading; i < last; i++) {
    bytes[at++] = i < 4 ? high >>> (24 - 8 * i) : low >>> (56 - 8 * i);
  }
  return at;
}

function trailingZeroBytes(word: number): number {
  return (31 - Math.clz32(word & -word)) >>> 3;
}
