/** The lines of families with single values, which the text formats have alike: `name{labels} value`. */
import type { ScalarFamily } from './families.ts';
import type { LineBuffer } from './line-buffer.ts';
import { NumberLines, PAGE_LINES } from './number-lines.ts';
import { labelText, seriesText, writtenLabelName } from './series-text.ts';

/** The values of a page, where the family does not have them one behind the other. */
const gathered = new Float64Array(PAGE_LINES);

/** The prepared lines of one family. */
export class ScalarLines {
  readonly #family: ScalarFamily;
  readonly #names: readonly string[];
  readonly #lines = new NumberLines();

  constructor(family: ScalarFamily) {
    this.#family = family;
    this.#names = family.labelNames.map(writtenLabelName);
  }

  /**
   * Writes a page of the first `count` series, beginning with the one at `index`, where the page before has ended;
   * returns the index of the next.
   */
  writePage(out: LineBuffer, index: number, count: number): number {
    const last = Math.min(index + PAGE_LINES, count);
    this.extend(last);
    const { values, series } = this.#family;
    if (values !== undefined) return this.#lines.writePage(out, index, last, values, index);
    for (let i = index; i < last; i++) gathered[i - index] = series[i]!.value;
    return this.#lines.writePage(out, index, last, gathered, 0);
  }

  /** Writes the line of one series, which is prepared. */
  writeLine(out: LineBuffer, index: number, value: number): void {
    this.#lines.writeLine(out, index, value);
  }

  /** Prepares those of the first `count` series that are new. */
  extend(count: number): void {
    const { name, series } = this.#family;
    for (let i = this.#lines.count; i < count; i++) {
      const { value } = series[i]!;
      this.#lines.add(seriesText(name, this.labelsOf(i)), value);
    }
  }

  /** The labels of a series as they are written. */
  labelsOf(index: number): string {
    const { labelValues, extraLabels } = this.#family.series[index]!;
    return labelText(this.#names, labelValues, extraLabels);
  }
}
