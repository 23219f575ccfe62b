/**
 * Histograms as tests write them: `{{schema:1 count:3 sum:5 z_bucket:1 z_bucket_w:0.5 offset:1 buckets:[1 0 2]}}`.
 *
 * Keys, each at most once and in any order: `schema`, `count`, `sum`, `z_bucket` (observations in the zero bucket),
 * `z_bucket_w` (its width), `buckets` with `offset` (the index of the first one), `n_buckets` with `n_offset` on the
 * negative side, `custom_values` (the bounds of schema -53), `counter_reset_hint`.
 */
import type { BucketSpan, CounterResetHint, NativeHistogram } from '@binnacle/metrics/model';
import { parseNumber } from '../number.ts';

const HINTS: ReadonlySet<string> = new Set(['unknown', 'reset', 'not_reset', 'gauge']);
const NUMBERS: ReadonlySet<string> = new Set([
  ...['schema', 'count', 'sum', 'z_bucket', 'z_bucket_w', 'offset', 'n_offset'],
]);
const LISTS: ReadonlySet<string> = new Set(['buckets', 'n_buckets', 'custom_values']);
const ITEM = /\s*([a-zA-Z_]+):(?:\[([^\]]*)\]|([^\s\]]+))\s*/y;

/** A histogram that was read, and whether the text said anything of counter resets. */
export interface HistogramLiteral {
  readonly histogram: NativeHistogram;
  readonly hintGiven: boolean;
}

/**
 * Reads a histogram with its braces.
 * @throws RangeError that says which part is wrong
 */
export function parseHistogramLiteral(text: string): HistogramLiteral {
  const inner = text.slice(2, -2);
  const numbers = new Map<string, number>();
  const lists = new Map<string, Float64Array>();
  let hint: CounterResetHint | undefined;
  ITEM.lastIndex = 0;
  while (ITEM.lastIndex < inner.trimEnd().length) {
    const from = ITEM.lastIndex;
    const item = ITEM.exec(inner);
    if (item === null) throw new RangeError(`bad histogram descriptor found: ${inner.slice(from).trim()}`);
    const [whole, name, list, single] = item;
    const key = name!.toLowerCase();
    if (key === 'counter_reset_hint' && isHint(single)) hint = single;
    else if (NUMBERS.has(key) && single !== undefined) numbers.set(key, signedNumber(single));
    else if (LISTS.has(key) && list !== undefined)
      lists.set(key, Float64Array.from(list.split(/\s+/).filter(Boolean).map(signedNumber)));
    else throw new RangeError(`bad histogram descriptor found: ${whole.trim()}`);
  }
  const number = (key: string): number => numbers.get(key) ?? 0;
  const counts = (key: string): Float64Array => lists.get(key) ?? new Float64Array();
  const histogram: NativeHistogram = {
    schema: number('schema'),
    count: number('count'),
    sum: number('sum'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    positiveSpans: spanOf(counts('buckets'), number('offset')),
    positiveCounts: counts('buckets'),
    negativeSpans: spanOf(counts('n_buckets'), number('n_offset')),
    negativeCounts: counts('n_buckets'),
    customValues: counts('custom_values'),
    counterResetHint: hint ?? 'unknown',
  };
  return { histogram, hintGiven: hint !== undefined };
}

function spanOf(counts: Float64Array, offset: number): BucketSpan[] {
  return counts.length === 0 ? [] : [{ offset, length: counts.length }];
}

function isHint(text: string | undefined): text is CounterResetHint {
  return text !== undefined && HINTS.has(text);
}

/** A number literal of the query language, with a sign if wanted. */
export function signedNumber(text: string): number {
  if (text.startsWith('-')) return -parseNumber(text.slice(1));
  return parseNumber(text.startsWith('+') ? text.slice(1) : text);
}
