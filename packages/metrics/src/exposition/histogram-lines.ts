/**
 * The lines of histograms and summaries, which the text formats have alike:
 *
 *     size_bytes_bucket{kind="x",le="0.5"} 1       cumulative, up to le="+Inf"; of a summary `size_bytes{quantile=…}`
 *     size_bytes_sum{kind="x"} 12.5
 *     size_bytes_count{kind="x"} 6
 *
 * Of each series only its labels are kept. What stands around them is the same for all series of a family and kept
 * once: a whole histogram is over a thousand bytes, far more than all the rest of the series.
 */
import type { HistogramFamily, SummaryFamily } from './families.ts';
import { type LineBuffer, PreparedTexts } from './line-buffer.ts';
import { closing, labelText, openedName, writtenLabelName } from './series-text.ts';

/** What the formats write differently. */
export interface LineStyle {
  /** Metadata. */
  readonly head: string;
  /** The value of `le` or `quantile`. */
  readonly bound: (value: number) => string;
  /** Behind the name: of the sum, of the count, and of further samples. */
  readonly suffixes: readonly string[];
}

/** Indexes in `#around`: the head, the opening of a bucket's line, the closing of those without `le`. */
const HEAD = 0;
const OPENING = 1;
const CLOSING = 2;
/** Then the openings of the suffixes, and at last what stands behind the labels of each bucket. */
const SUFFIXES = 3;

/** The prepared lines of one family. */
export class BucketLines {
  readonly #family: HistogramFamily | SummaryFamily;
  readonly #names: readonly string[];
  readonly #labels = new PreparedTexts();
  readonly #around = new PreparedTexts();
  readonly #ends: number;
  /** How many buckets or quantiles a series has. */
  readonly buckets: number;

  constructor(family: HistogramFamily | SummaryFamily, { head, bound, suffixes }: LineStyle) {
    this.#family = family;
    const { name, labelNames, type } = family;
    const labelled = labelNames.length > 0;
    this.#names = labelNames.map(writtenLabelName);
    const around = this.#around;
    around.add(head);
    around.add(openedName(type === 'histogram' ? `${name}_bucket` : name, true));
    around.add(closing(name, labelled));
    for (const suffix of suffixes) around.add(openedName(name + suffix, labelled));
    this.#ends = around.count;
    const bounds = type === 'histogram' ? [...family.bounds, Number.POSITIVE_INFINITY] : family.quantiles;
    const label = type === 'histogram' ? 'le' : 'quantile';
    for (const value of bounds) around.add(`${labelled ? ',' : ''}${label}="${bound(value)}"} `);
    this.buckets = bounds.length;
  }

  /** Prepares those of the first `count` series that are new. */
  extend(count: number): void {
    const { series } = this.#family;
    for (let i = this.#labels.count; i < count; i++) {
      this.#labels.add(labelText(this.#names, series[i]!.labelValues));
    }
  }

  head(out: LineBuffer): void {
    out.text(this.#around, HEAD);
  }

  /** The lines of all buckets; returns how many observations there are in all. */
  all(out: LineBuffer, index: number, counts: ArrayLike<number>): number {
    return out.buckets(this.#around, OPENING, this.#ends, this.#labels, index, counts, this.buckets);
  }

  /** The line of one bucket or quantile. */
  one(out: LineBuffer, index: number, bucket: number, value: number): void {
    out.text(this.#around, OPENING);
    out.text(this.#labels, index);
    out.text(this.#around, this.#ends + bucket);
    out.number(value);
  }

  /** The line with one of the suffixes. */
  suffixed(out: LineBuffer, index: number, suffix: number, value: number): void {
    out.text(this.#around, SUFFIXES + suffix);
    out.text(this.#labels, index);
    out.text(this.#around, CLOSING);
    out.number(value);
  }
}
