/**
 * `limit_ratio`: a share of the series, always the same ones.
 *
 * Each label set has a place between 0 and 1, its hash divided by 2^64. A ratio `r` keeps the series whose place is
 * below `r`; a negative one those at `1 + r` and above, so that `limit_ratio(r, x)` and `limit_ratio(r - 1, x)` have no
 * series in common and all of them together. Grouping changes nothing, since every series is judged alone.
 *
 * The hash is the one of Prometheus, over its packed form of a label set: the length of each name and value, in one
 * byte below 255, else 255 and three bytes, low ones first, and then its text in UTF-8. A name that is to be dropped
 * is not part of it: what counts are the labels that the user sees.
 */
import type { Labels } from '@binnacle/metrics/model';
import type { AggregateExpr } from '../ast.ts';
import { QueryError } from '../value.ts';
import type { Annotations } from './annotations.ts';
import { type Column, isEmpty, METADATA_LABELS } from './column.ts';
import { formatGeneral } from './format-general.ts';
import { xxhash64 } from './xxhash64.ts';

const TWO_TO_64 = 2 ** 64;

/**
 * The columns with the steps that are kept.
 * @throws QueryError when a ratio is not a number
 */
export function limitRatio(
  { param }: AggregateExpr,
  columns: readonly Column[],
  ratios: Float64Array,
  notes: Annotations,
): Column[] {
  if (ratios.every((ratio) => ratio === 0)) return [];
  if (ratios.some(Number.isNaN)) throw new QueryError('execution', 'Ratio value is NaN');
  const lowest = ratios.reduce((least, ratio) => Math.min(least, ratio));
  const highest = ratios.reduce((most, ratio) => Math.max(most, ratio));
  const capped = (ratio: number, cap: number): void =>
    notes.warn(
      `ratio value should be between -1 and 1, got ${formatGeneral(ratio)}, capping to ${cap}`,
      param!,
    );
  if (highest > 1) capped(highest, 1);
  if (lowest < -1) capped(lowest, -1);
  return columns
    .map((column) => {
      const labels = column.dropName ? column.labels.without(METADATA_LABELS) : column.labels;
      const place = placeOf(labels);
      const present = column.present.map((bit, step) => (isKept(place, ratios[step]!) ? bit : 0));
      return { ...column, present };
    })
    .filter((column) => !isEmpty(column));
}

function isKept(place: number, ratio: number): boolean {
  if (ratio === 0) return false;
  const capped = Math.max(-1, Math.min(1, ratio));
  return capped > 0 ? place < capped : place >= 1 + capped;
}

/** Where a label set lies between 0 and 1. */
export function placeOf(labels: Labels): number {
  return Number(xxhash64(packed(labels))) / TWO_TO_64;
}

function packed({ names, values }: Labels): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < names.length; i++) {
    pushText(bytes, names[i]!);
    pushText(bytes, values[i]!);
  }
  return Uint8Array.from(bytes);
}

function pushText(bytes: number[], text: string): void {
  const lengthAt = bytes.length;
  bytes.push(0);
  for (const character of text) pushCharacter(bytes, character.codePointAt(0)!);
  const length = bytes.length - lengthAt - 1;
  if (length < 255) bytes[lengthAt] = length;
  else bytes.splice(lengthAt, 1, 255, length & 255, (length >> 8) & 255, (length >> 16) & 255);
}

function pushCharacter(bytes: number[], code: number): void {
  if (code < 0x80) bytes.push(code);
  else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
  else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  else {
    bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63));
    bytes.push(0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
}
