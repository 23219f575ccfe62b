/**
 * Bytes of the log: a growing writer and a checked reader of the same elements.
 *
 * ```
 * varint   unsigned, 7 bits a byte, lowest first, high bit set on all but the last; 0 to 2^53 - 1
 * zigzag   signed as varint: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4
 * string   varint length in bytes, then UTF-8
 * ```
 *
 * For example 300 is `ac 02`, and zigzag -3 is `05`.
 */

/** The reader met something that no writer writes. */
export class DamagedBytes extends Error {
  override readonly name = 'DamagedBytes';
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

/** Appends elements to a buffer that grows. */
export class ByteWriter {
  /** The buffer; the first `length` bytes are written. Replaced when it grows. */
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes; after it, `bytes` may be written directly. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  varint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    this.length = putVarint(this.bytes, this.length, value);
  }

  zigzag(value: number): void {
    this.varint(zigzagOf(value));
  }

  string(value: string): void {
    this.reserve(VARINT_BYTES_MAX + value.length);
    const { bytes, length } = this;
    // Nearly all names and values are short and ASCII: then a loop is faster than an encoder.
    if (value.length < 128) {
      let i = 0;
      for (; i < value.length; i++) {
        const unit = value.charCodeAt(i);
        if (unit >= 0x80) break;
        bytes[length + 1 + i] = unit;
      }
      if (i === value.length) {
        bytes[length] = i;
        this.length += 1 + i;
        return;
      }
    }
    const encoded = textEncoder.encode(value);
    this.varint(encoded.length);
    this.reserve(encoded.length);
    this.bytes.set(encoded, this.length);
    this.length += encoded.length;
  }

  u32At(at: number, value: number): void {
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
    this.bytes[at + 2] = value >>> 16;
    this.bytes[at + 3] = value >>> 24;
  }
}

/** The longest varint. */
export const VARINT_BYTES_MAX = 8;

/** Writes a varint for which there is room; returns the position after it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  // Bit operations end at 2^31: above it, seven bits at a time are taken off by division.
  while (value >= 0x80000000) {
    bytes[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  while (value >= 0x80) {
    bytes[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}

export function zigzagOf(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

export function fromZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Reads elements; every method throws DamagedBytes where the bytes end too early. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new DamagedBytes('ends in the middle of an element');
    return this.bytes[this.at++]!;
  }

  varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 128;
    for (let i = 1; i < VARINT_BYTES_MAX; i++) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
      scale *= 128;
    }
    throw new DamagedBytes('varint is too long');
  }

  zigzag(): number {
    return fromZigzag(this.varint());
  }

  /** A varint that counts something of which each takes at least `bytesEach` bytes of what is left. */
  count(bytesEach: number): number {
    const count = this.varint();
    if (count * bytesEach > this.end - this.at) throw new DamagedBytes('count is larger than the record');
    return count;
  }

  string(): string {
    const length = this.count(1);
    this.at += length;
    return textDecoder.decode(this.bytes.subarray(this.at - length, this.at));
  }
}
