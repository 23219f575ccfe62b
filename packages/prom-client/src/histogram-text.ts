/** How histograms are shown: cumulative buckets, `le` before all other labels, then sum and count. */
import type { Exemplar } from './exemplar.ts';
import { exemplarOf, labelsOfFamily, textOfFamily } from './family-labels.ts';
import type { GivenLabels } from './labels.ts';
import type { Series } from './series.ts';
import {
  type Defaults,
  defaultsText,
  type Family,
  formatNumber,
  joined,
  labelsText,
  type TextOutput,
} from './text.ts';

/** What is written of a histogram. */
interface Shown {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly upperBounds: readonly number[];
}

/** A histogram's lines, prepared as far as all of its series have them in common. */
class Lines {
  readonly #out: TextOutput;
  readonly #name: string;
  /** `le="0.5"` of each bucket, `+Inf` last. */
  readonly #bounds: readonly string[];
  readonly #defaults: Defaults;

  constructor(out: TextOutput, { name, labelNames, upperBounds }: Shown) {
    this.#out = out;
    this.#name = name;
    this.#bounds = [...upperBounds.map((bound) => `le="${bound}"`), 'le="+Inf"'];
    this.#defaults = out.defaultsFor(labelNames);
  }

  /** @param own the labels, for those that replace default ones */
  series(
    text: string,
    own: GivenLabels,
    counts: ArrayLike<number>,
    at: number,
    sum: number,
    exemplar: (bucket: number) => Exemplar | undefined,
  ): void {
    const labels = joined(defaultsText(this.#defaults, own), text);
    const braces = labels === '' ? '' : `{${labels}}`;
    const tail = labels === '' ? '' : `,${labels}`;
    let count = 0;
    for (let i = 0; i < this.#bounds.length; i++) {
      count += counts[at + i]!;
      const noted = exemplar(i);
      if (noted === undefined) this.#out.line(`${this.#name}_bucket{${this.#bounds[i]}${tail}} `, count);
      else this.#out.sample(`${this.#name}_bucket`, `${this.#bounds[i]}${tail}`, formatNumber(count), noted);
    }
    this.#out.line(`${this.#name}_sum${braces} `, sum);
    this.#out.line(`${this.#name}_count${braces} `, count);
  }

  /** Whether labels of a series replace default ones. */
  get replaces(): boolean {
    return this.#defaults.replaceable !== undefined;
  }
}

const NONE = () => undefined;

/** Writes the values of this process. */
export function writeHistogram(out: TextOutput, shown: Shown, allSeries: Iterable<Series>): void {
  const lines = new Lines(out, shown);
  for (const series of allSeries) {
    series.text ??= labelsText(series.labels);
    const { values, index, exemplars } = series;
    const sum = values[index + shown.upperBounds.length + 1]!;
    const exemplar = exemplars === undefined ? NONE : (bucket: number) => exemplars.get(bucket);
    lines.series(series.text, series.labels, values, index, sum, exemplar);
  }
}

/** Writes the values of all processes. */
export function writeHistogramFamily(out: TextOutput, shown: Shown, family: Family): void {
  if (family.type !== 'histogram') return;
  const lines = new Lines(out, shown);
  for (const series of family.series) {
    const own = lines.replaces ? labelsOfFamily(family, series) : {};
    const { counts, sum, exemplars } = series;
    const exemplar = exemplars === undefined ? NONE : (bucket: number) => exemplarOf(exemplars[bucket]);
    lines.series(textOfFamily(family, series), own, counts, 0, sum, exemplar);
  }
}
