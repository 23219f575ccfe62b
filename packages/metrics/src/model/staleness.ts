/**
 * Staleness markers: the sample that says "this series has ended".
 *
 * Prometheus marks the end of a series with a NaN of its own, `0x7ff0000000000002`. It is a signalling NaN, so
 * an engine may set its quiet bit whenever it moves the value through a register; the low word survives that.
 * A marker is therefore recognised by being a NaN whose low word is 2, and an ordinary NaN, which arithmetic
 * produces with a low word of 0 (Prometheus: 1), is never taken for one.
 *
 * Because JavaScript cannot compare NaNs, a marker is written and read through the words of an array, never
 * through a `number`.
 */

const LOW_WORD = 2;
const HIGH_WORD = 0x7ff00000;
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const LOW = LITTLE_ENDIAN ? 0 : 1;
const HIGH = 1 - LOW;

/** The 32-bit words of an array of values: what {@link isStaleAt} and {@link writeStaleAt} work on. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Whether the value at `index` is a staleness marker. Ask only where the value is NaN: this looks at one word. */
export function isStaleAt(words: Uint32Array, index: number): boolean {
  return words[2 * index + LOW] === LOW_WORD && (words[2 * index + HIGH]! & HIGH_WORD) === HIGH_WORD;
}

/** Makes the value at `index` a staleness marker. */
export function writeStaleAt(words: Uint32Array, index: number): void {
  words[2 * index + LOW] = LOW_WORD;
  words[2 * index + HIGH] = HIGH_WORD;
}
