/**
 * The wire format of protobuf, as far as metrics need it: writing and reading the fields of one message.
 *
 *     message    fields in any order, each: varint (number << 3 | wire type), then
 *                  wire type 0 varint · 1 eight bytes, little-endian · 2 length and bytes · 5 four bytes
 *     varint     7 bits a byte, the lowest first, the top bit set where more follow; 10 bytes at most
 *
 * For example `18 ac 02`: field 3, wire type 0, 300.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

import { writeUtf8 } from './utf8.ts';

/** Wire types. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const FIXED32 = 5;

/** A body that is not in the format. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
  readonly code = 'exposition_invalid';
  /** In bytes, from 0. */
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`byte ${offset}: ${problem}`);
    this.offset = offset;
  }
}

/** Bytes that may be copied beyond the end. */
const SLACK_BYTES = 3;

const utf8 = new TextEncoder();

/** A message that is written; it grows as it is written to, and can be used again. */
export class Encoder {
  #bytes: Uint8Array;
  #view: DataView;
  length = 0;

  constructor(bytes = 1024) {
    this.#bytes = new Uint8Array(bytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** What was written; the same memory. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  field(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** An integer from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.length++] = rest;
  }

  /** An integer of either sign, up to 2^52: 0, -1, 1, -2, … as 0, 1, 2, 3, … */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(number: number, value: number): void {
    this.field(number, FIXED64);
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** A count: in its integer field, or in the other one where it is no integer. */
  count(integerField: number, floatField: number, value: number): void {
    if (Number.isSafeInteger(value) && value >= 0) {
      this.field(integerField, VARINT);
      this.varint(value);
    } else this.double(floatField, value);
  }

  text(number: number, text: string): void {
    this.field(number, BYTES);
    // Most texts are short: then the length is one byte, and the text can be encoded in place.
    if (text.length <= 42) {
      this.#reserve(1 + 3 * text.length);
      const end = writeUtf8(this.#view, this.length + 1, text);
      this.#bytes[this.length] = end - this.length - 1;
      this.length = end;
    } else {
      const encoded = utf8.encode(text);
      this.varint(encoded.length);
      this.#append(encoded);
    }
  }

  message(number: number, inner: Encoder): void {
    this.field(number, BYTES);
    this.varint(inner.length);
    this.#append(inner.bytes());
  }

  /** Copies what another one holds from `start` to `end`. */
  range(from: Encoder, start: number, end: number): void {
    this.#reserve(end - start);
    // Short, so that a loop is done before `set` has made the view that it needs; up to three bytes too many.
    const to = this.#view;
    const view = from.#view;
    const shift = this.length - start;
    for (let i = start; i < end; i += 4) to.setUint32(i + shift, view.getUint32(i));
    this.length += end - start;
  }

  /** Copies what another one holds from `start` to `end`, with another double at its end. */
  copyWithDouble(from: Encoder, start: number, end: number, value: number): void {
    this.range(from, start, end);
    this.#view.setFloat64(this.length - 8, value, true);
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  #reserve(more: number): void {
    const bytes = this.length + more + SLACK_BYTES;
    if (bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, bytes));
    grown.set(this.bytes());
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one message: `next` goes to a field, and then exactly one of `varint`, `double`, `text`, `inner`, `skip`. */
export class Decoder {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  at: number;
  field = 0;
  wireType = 0;

  constructor(body: Uint8Array, start: number, end: number) {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#end = end;
    this.at = start;
  }

  get done(): boolean {
    return this.at >= this.#end;
  }

  next(): boolean {
    if (this.done) return false;
    const at = this.at;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field < 1 || this.field > 0x1fffffff || this.wireType < 0)
      throw new ProtobufError('no field has this number', at);
    return true;
  }

  is(field: number, wireType: number): boolean {
    return this.field === field && this.wireType === wireType;
  }

  /** An integer of 64 bits, of which the highest is the sign; beyond 2^53 the nearest double. */
  varint(): number {
    const start = this.at;
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.#end) throw new ProtobufError('a number is cut off', start);
      const byte = this.#body[this.at++]!;
      if (i === 9) return this.#negative(start);
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
      if (byte < 0x80) return value;
    }
    throw new ProtobufError('a number is too long', start);
  }

  /** An integer as {@link Encoder.zigzag} writes it; beyond 2^53 the nearest double. */
  zigzag(): number {
    const odd = (this.#body[this.at] ?? 0) % 2 === 1;
    const value = this.varint();
    const unsigned = value < 0 ? value + 2 ** 64 : value;
    return odd ? -(unsigned + 1) / 2 : unsigned / 2;
  }

  /** A number of ten bytes is below 0; its complement is exact where the sum of its parts is not. */
  #negative(start: number): number {
    if (this.#body[start + 9] !== 1) throw new ProtobufError('a number is too long', start);
    let complement = 0;
    let factor = 1;
    for (let i = 0; i < 9; i++) {
      complement += (~this.#body[start + i]! & 0x7f) * factor;
      factor *= 0x80;
    }
    return -complement - 1;
  }

  double(): number {
    if (this.at + 8 > this.#end) throw new ProtobufError('a number is cut off', this.at);
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  text(): string {
    const [start, end] = this.#range();
    try {
      return strictDecoder.decode(this.#body.subarray(start, end));
    } catch {
      throw new ProtobufError('the text is not UTF-8', start);
    }
  }

  /** The message that begins here, with its length before it. */
  inner(): Decoder {
    const [start, end] = this.#range();
    return new Decoder(this.#body, start, end);
  }

  skip(): void {
    if (this.wireType === VARINT) this.varint();
    else if (this.wireType === BYTES) this.#range();
    else if (this.wireType === FIXED64) this.#advance(8);
    else if (this.wireType === FIXED32) this.#advance(4);
    else throw new ProtobufError(`wire type ${this.wireType} is not supported`, this.at);
  }

  #range(): [number, number] {
    const length = this.varint();
    if (length < 0) throw new ProtobufError('a length is negative', this.at);
    const start = this.at;
    this.#advance(length);
    return [start, this.at];
  }

  #advance(bytes: number): void {
    if (this.at + bytes > this.#end) throw new ProtobufError('a message is cut off', this.at);
    this.at += bytes;
  }
}
