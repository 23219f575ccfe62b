/** Adding up exponential buckets of several writers: a native histogram, or the quantiles of a summary. */
import { bucketBound, coarserIndex, SCHEMA_MIN } from '../model/exponential.ts';
import type { BucketSpan, NativeHistogram } from '../model/native-histogram.ts';
import {
  type NativeShape,
  PAGE_BUCKETS,
  type Part,
  type SeriesLayout,
  type StoredSeries,
  WINDOW,
  type WindowShape,
} from './store.ts';

/** Counts by index of one schema and sign. */
export interface SparseCounts {
  readonly schema: number;
  readonly sign: 0 | 1;
  readonly counts: Map<number, number>;
}

/** Adds the buckets of a part, less what was erased, to those of their schema and sign. */
export function addPage(
  to: SparseCounts[],
  { values, index, baseline }: StoredSeries,
  { schema, sign, first }: Extract<Part, { kind: 'buckets' }>,
): void {
  let sparse = to.find((one) => one.schema === schema && one.sign === sign);
  if (sparse === undefined) {
    sparse = { schema, sign, counts: new Map() };
    to.push(sparse);
  }
  for (let i = 0; i < PAGE_BUCKETS; i++) {
    const count = values[index + 1 + i]! - (baseline?.[1 + i] ?? 0);
    if (count > 0) sparse.counts.set(first + i, (sparse.counts.get(first + i) ?? 0) + count);
  }
}

/** The histogram of pages in the finest schema that all pages have and that needs no more buckets than allowed. */
export function nativeOf(
  { schema: finest, bucketsMax, zeroThreshold }: NativeShape,
  pages: readonly SparseCounts[],
  zeroCount: number,
  sum: number,
): NativeHistogram {
  let schema = pages.reduce((least, page) => Math.min(least, page.schema), finest);
  let [positive, negative] = bothSigns(pages, schema);
  while (positive.size + negative.size > bucketsMax && schema > SCHEMA_MIN) {
    schema--;
    [positive, negative] = bothSigns(pages, schema);
  }
  let count = zeroCount;
  for (const one of positive.values()) count += one;
  for (const one of negative.values()) count += one;
  const [positiveSpans, positiveCounts] = spansOf(positive);
  const [negativeSpans, negativeCounts] = spansOf(negative);
  return {
    schema,
    count,
    sum,
    zeroThreshold,
    zeroCount,
    positiveSpans,
    positiveCounts,
    negativeSpans,
    negativeCounts,
    customValues: NO_VALUES,
    counterResetHint: 'unknown',
  };
}

const NO_VALUES = new Float64Array(0);

function bothSigns(
  pages: readonly SparseCounts[],
  schema: number,
): [Map<number, number>, Map<number, number>] {
  const signs: [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  for (const page of pages) {
    const to = signs[page.sign];
    for (const [index, count] of page.counts) {
      const coarser = coarserIndex(index, page.schema - schema);
      to.set(coarser, (to.get(coarser) ?? 0) + count);
    }
  }
  return signs;
}

/** A gap of so many empty buckets costs less written out than as a span of its own. */
const GAP_MAX = 2;

function spansOf(counts: ReadonlyMap<number, number>): [BucketSpan[], Float64Array] {
  const spans: { offset: number; length: number }[] = [];
  const written: number[] = [];
  let end = 0;
  for (const index of [...counts.keys()].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last === undefined || index - end > GAP_MAX) spans.push({ offset: index - end, length: 0 });
    else for (; end < index; end++, last.length++) written.push(0);
    spans.at(-1)!.length++;
    written.push(counts.get(index)!);
    end = index + 1;
  }
  return [spans, Float64Array.from(written)];
}

/** Adds what a series' own slots know of the windows that began after `since`. */
export function addWindows(
  to: QuantileEstimate,
  { values, index }: StoredSeries,
  { windowsAt }: SeriesLayout,
  { count }: WindowShape,
  since: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = index + windowsAt + i * WINDOW.size;
    if (values[at + WINDOW.startMs]! <= since) continue;
    to.addZeros(values[at + WINDOW.zeros]!);
    to.addExtremes(values[at + WINDOW.least]!, values[at + WINDOW.greatest]!);
  }
}

/**
 * Quantiles from exponential buckets. A value is taken for the geometric middle of its bucket, which is wrong by at
 * most 2^(2^-(schema+1)) - 1 of itself: 1.1 % in schema 5. The least and the greatest value are known exactly.
 */
export class QuantileEstimate {
  readonly #buckets: { readonly value: number; readonly count: number }[] = [];
  #total = 0;
  #least = Number.POSITIVE_INFINITY;
  #greatest = Number.NEGATIVE_INFINITY;
  #sorted = true;

  addZeros(count: number): void {
    if (count > 0) this.#add(0, count);
  }

  addExtremes(least: number, greatest: number): void {
    this.#least = Math.min(this.#least, least);
    this.#greatest = Math.max(this.#greatest, greatest);
  }

  addPages(pages: readonly SparseCounts[]): void {
    for (const { schema, sign, counts } of pages) {
      for (const [index, count] of counts) {
        const middle = Math.sqrt(bucketBound(index - 1, schema)) * Math.sqrt(bucketBound(index, schema));
        this.#add(sign === 0 ? middle : -middle, count);
      }
    }
  }

  /** The value that a share of `quantile` (0 to 1) of the observations do not exceed; NaN where there are none. */
  at(quantile: number): number {
    if (this.#total === 0) return Number.NaN;
    if (!this.#sorted) {
      this.#buckets.sort((a, b) => a.value - b.value);
      this.#sorted = true;
    }
    const rank = Math.max(1, Math.ceil(quantile * this.#total));
    if (rank === 1) return this.#least;
    if (rank >= this.#total) return this.#greatest;
    let passed = 0;
    for (const { value, count } of this.#buckets) {
      passed += count;
      if (passed >= rank) return Math.min(this.#greatest, Math.max(this.#least, value));
    }
    return this.#greatest;
  }

  #add(value: number, count: number): void {
    this.#buckets.push({ value, count });
    this.#total += count;
    this.#sorted = false;
  }
}
