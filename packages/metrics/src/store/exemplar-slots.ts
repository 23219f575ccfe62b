/**
 * The slots of an exemplar. Unlike a counter it is more than one number, so a reader in another process could see
 * half of one; a sequence lock tells:
 *
 *     slot 0       sequence number, an int32: odd while somebody writes, 0 where there never was an exemplar
 *     slot 1       value
 *     slot 2       Unix milliseconds
 *     slot 3       bytes of the labels
 *     slots 4-23   labels: for each its name and its value, a byte of length in front of each, UTF-8
 */
import type { Exemplar } from '../exposition/families.ts';
import { EXEMPLAR_SLOTS, type Slots } from './store.ts';

/** The most bytes that the labels of an exemplar take, lengths included. */
export const EXEMPLAR_BYTES_MAX = (EXEMPLAR_SLOTS - 4) * 8;

/** How often a reader looks again while somebody writes. */
const READ_ATTEMPTS_MAX = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const scratch = new Uint8Array(EXEMPLAR_BYTES_MAX);

/** Encodes labels for {@link writeExemplar}; undefined where they have no room. The bytes last until the next call. */
export function encodeExemplarLabels(labels: Readonly<Record<string, string>>): Uint8Array | undefined {
  let at = 0;
  for (const name in labels) {
    for (const text of [name, labels[name]!]) {
      if (at >= scratch.length) return undefined;
      const { read, written } = encoder.encodeInto(text, scratch.subarray(at + 1));
      if (read < text.length || written > 255) return undefined;
      scratch[at] = written;
      at += 1 + written;
    }
  }
  return scratch.subarray(0, at);
}

/** Puts an exemplar in the place of the one before. */
export function writeExemplar(
  { values, index }: Slots,
  labels: Uint8Array,
  value: number,
  timestampMs: number,
): void {
  const at = values.byteOffset + index * 8;
  const sequence = new Int32Array(values.buffer, at, 1);
  const before = Atomics.load(sequence, 0);
  Atomics.store(sequence, 0, before | 1);
  values[index + 1] = value;
  values[index + 2] = timestampMs;
  values[index + 3] = labels.length;
  new Uint8Array(values.buffer, at + 32, EXEMPLAR_BYTES_MAX).set(labels);
  // Never 0 again, also after it has gone round.
  Atomics.store(sequence, 0, ((before | 1) + 1) & 0x3fff_fffe || 2);
}

/** When the exemplar was written, in Unix milliseconds; 0 where there is none. */
export function exemplarTimeMs({ values, index }: Slots): number {
  return values[index + 2]!;
}

/** The exemplar; undefined where there is none, or where it was being written each time that it was looked at. */
export function readExemplar({ values, index }: Slots): Exemplar | undefined {
  const at = values.byteOffset + index * 8;
  const sequence = new Int32Array(values.buffer, at, 1);
  for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
    const before = Atomics.load(sequence, 0);
    if (before === 0) return undefined;
    if ((before & 1) === 1) continue;
    const value = values[index + 1]!;
    const timestampMs = values[index + 2]!;
    const length = values[index + 3]!;
    const bytes = new Uint8Array(values.buffer, at + 32, EXEMPLAR_BYTES_MAX).slice();
    if (Atomics.load(sequence, 0) !== before) continue;
    return { labels: decodeLabels(bytes, Math.min(length, bytes.length)), value, timestampMs };
  }
  return undefined;
}

function decodeLabels(bytes: Uint8Array, length: number): [string, string][] {
  const texts: string[] = [];
  for (let at = 0; at < length; ) {
    const end = at + 1 + bytes[at]!;
    texts.push(decoder.decode(bytes.subarray(at + 1, end)));
    at = end;
  }
  const labels: [string, string][] = [];
  for (let i = 0; i + 1 < texts.length; i += 2) labels.push([texts[i]!, texts[i + 1]!]);
  return labels;
}
