/**
 * Snappy's block format, as remote write wants it: writer and reader.
 *
 *     block     length of the content as varint, then elements
 *     element   literal   tag bits 00: upper six bits length - 1, or 60, 61, … for 1, 2, … bytes of it; then bytes
 *               copy      tag bits 01: length 4 to 11, distance of 11 bits
 *                         tag bits 10: length 1 to 64, distance of 16 bits
 *                         tag bits 11: the same with 32 bits
 *
 * For example `05 10 68 65 6c 6c 6f`: five bytes, all literal, `hello`.
 *
 * The writer goes through pieces of 64 kB. It looks up each four bytes in a table of where such were last seen, and
 * where they are the same goes on to the end of what is equal; where nothing is found for a while it takes larger
 * steps, so that what cannot be compressed costs little. Label sets repeat themselves: they become a sixth or less.
 *
 * Source: https://github.com/google/snappy/blob/main/format_description.txt
 */

const PIECE_BYTES = 65_536;
const TABLE_BITS = 14;
const COPY_BYTES_MIN = 4;
const COPY_BYTES_MAX = 64;
/** The largest content that is read, so that a few bytes cannot ask for all memory. */
export const SNAPPY_BYTES_MAX = 256 * 1024 * 1024;

/** A block that is not in the format. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError';
  readonly code = 'snappy_invalid';
}

/** Compresses into one block. */
export function compressSnappy(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(10 + content.length + Math.ceil(content.length / 6) + 16);
  let length = writeVarint(out, 0, content.length);
  const table = new Uint16Array(1 << TABLE_BITS);
  for (let start = 0; start < content.length; start += PIECE_BYTES) {
    const end = Math.min(start + PIECE_BYTES, content.length);
    table.fill(0);
    length = compressPiece(content, start, end, table, out, length);
  }
  return out.slice(0, length);
}

/** @returns where `out` goes on */
function compressPiece(
  content: Uint8Array,
  start: number,
  end: number,
  table: Uint16Array,
  out: Uint8Array,
  to: number,
): number {
  let literalStart = start;
  let at = start;
  let misses = 0;
  while (at + COPY_BYTES_MIN <= end) {
    const word = wordAt(content, at);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
    // 0 stands for the first byte of the piece, whether or not its four bytes were ever there: they are compared.
    const candidate = start + table[slot]!;
    table[slot] = at - start;
    if (candidate >= at || wordAt(content, candidate) !== word) {
      at += 1 + (misses++ >> 5);
      continue;
    }
    misses = 0;
    if (at > literalStart) to = writeLiteral(content, literalStart, at, out, to);
    let equal = COPY_BYTES_MIN;
    while (at + equal < end && content[candidate + equal] === content[at + equal]) equal++;
    to = writeCopy(at - candidate, equal, out, to);
    at += equal;
    literalStart = at;
  }
  return literalStart < end ? writeLiteral(content, literalStart, end, out, to) : to;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function writeLiteral(content: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  const last = end - start - 1;
  if (last < 60) out[to++] = last << 2;
  else if (last < 256) {
    out[to++] = 60 << 2;
    out[to++] = last;
  } else {
    out[to++] = 61 << 2;
    out[to++] = last & 0xff;
    out[to++] = last >> 8;
  }
  out.set(content.subarray(start, end), to);
  return to + last + 1;
}

function writeCopy(distance: number, length: number, out: Uint8Array, to: number): number {
  for (let rest = length; rest > 0; ) {
    if (rest >= 4 && rest <= 11 && distance < 2048) {
      out[to++] = 1 | ((rest - 4) << 2) | ((distance >> 8) << 5);
      out[to++] = distance & 0xff;
      return to;
    }
    const now = Math.min(rest, COPY_BYTES_MAX);
    out[to++] = 2 | ((now - 1) << 2);
    out[to++] = distance & 0xff;
    out[to++] = distance >> 8;
    rest -= now;
  }
  return to;
}

function writeVarint(out: Uint8Array, to: number, value: number): number {
  while (value >= 0x80) {
    out[to++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  out[to++] = value;
  return to;
}

/**
 * The content of a block.
 * @throws SnappyError
 */
export function uncompressSnappy(block: Uint8Array, bytesMax = SNAPPY_BYTES_MAX): Uint8Array {
  let length = 0;
  let at = 0;
  for (let factor = 1; ; factor *= 0x80) {
    const byte = block[at++];
    if (byte === undefined || at > 5) throw new SnappyError('the block does not begin with a length');
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  if (length > bytesMax) throw new SnappyError(`the content has ${length} bytes, more than ${bytesMax}`);
  const content = new Uint8Array(length);
  let to = 0;
  while (at < block.length) {
    const tag = block[at++]!;
    const element = tag & 3;
    if (element === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) {
        const sizeBytes = size - 60;
        size = 1 + littleEndian(block, at, sizeBytes);
        at += sizeBytes;
      }
      if (at + size > block.length || to + size > length)
        throw new SnappyError('a literal goes beyond the end');
      content.set(block.subarray(at, at + size), to);
      at += size;
      to += size;
      continue;
    }
    const size = element === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distanceBytes = element === 1 ? 1 : element === 2 ? 2 : 4;
    const distance = littleEndian(block, at, distanceBytes) + (element === 1 ? (tag >> 5) * 256 : 0);
    at += distanceBytes;
    if (distance === 0 || distance > to) throw new SnappyError('a copy begins before the content');
    if (to + size > length) throw new SnappyError('a copy goes beyond the end');
    // Byte by byte: what is copied may be what was just written.
    for (let i = 0; i < size; i++, to++) content[to] = content[to - distance]!;
  }
  if (to !== length) throw new SnappyError(`the content ends after ${to} of ${length} bytes`);
  return content;
}

function littleEndian(block: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > block.length) throw new SnappyError('an element is cut off');
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + block[at + i]!;
  return value;
}
