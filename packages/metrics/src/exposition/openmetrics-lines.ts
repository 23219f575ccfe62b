/** The lines of OpenMetrics families: all but the numbers is prepared once and kept. */
import { formatValue } from '../model/value.ts';
import type { Escaping } from './escaping.ts';
import { exemplarText } from './exemplar.ts';
import type {
  Exemplar,
  Family,
  HistogramFamily,
  HistogramSeries,
  ScalarFamily,
  ScalarSeries,
  SummaryFamily,
} from './families.ts';
import { BucketLines, type LineStyle } from './histogram-lines.ts';
import { type LineBuffer, PreparedTexts } from './line-buffer.ts';
import { PAGE_LINES } from './number-lines.ts';
import type { Written } from './openmetrics-plan.ts';
import type { OpenMetricsType } from './openmetrics-rules.ts';
import { ScalarLines } from './scalar-lines.ts';
import { escaped, seriesText, writtenName } from './series-text.ts';

/** What of a series is written, and how. */
export interface SeriesOptions {
  /** Whether the time at which it began has a sample. */
  readonly created: boolean;
  /** Of the names of exemplars' labels. */
  readonly escaping: Escaping;
}

/** The lines of a family but for their numbers. */
export interface Prepared {
  readonly type: OpenMetricsType;
  writeHead(out: LineBuffer): void;
  /**
   * Writes some of the first `count` series, from the `from`th on, where the call before has ended; returns which is
   * the next.
   */
  write(out: LineBuffer, from: number, count: number, options: SeriesOptions): number;
}

const preparedFamilies = new WeakMap<Family, Prepared>();

/** The lines of a family, which are kept for as long as the family object lives. */
export function preparedOf(written: Written): Prepared {
  const { family, type } = written;
  let prepared = preparedFamilies.get(family);
  // The type changes where another family takes or frees a name.
  if (prepared?.type !== type) {
    prepared = prepare(written);
    preparedFamilies.set(family, prepared);
  }
  return prepared;
}

function prepare({ family, name, type }: Written): Prepared {
  const head = headOf(family, name, type);
  if (family.type === 'histogram') return new PreparedHistograms(family, type, head);
  if (family.type === 'summary') return new PreparedSummaries(family, head);
  return new PreparedScalars(family, name, type, head);
}

function headOf({ help, unit }: Family, name: string, type: OpenMetricsType): string {
  const shown = writtenName(name);
  let text = help === '' ? '' : `# HELP ${shown} ${escaped(help)}\n`;
  text += `# TYPE ${shown} ${type}\n`;
  const united = type !== 'info' && type !== 'stateset';
  if (unit !== '' && united && name.endsWith(`_${unit}`)) text += `# UNIT ${shown} ${unit}\n`;
  return text;
}

/** `name{labels} value` of every series, and for counters the same with `_created`. */
class PreparedScalars implements Prepared {
  readonly type: OpenMetricsType;
  readonly #family: ScalarFamily;
  readonly #lines: ScalarLines;
  readonly #createdName: string;
  readonly #head: string;
  /**
   * Whole lines, with the times in them, once somebody has asked for them: they take more memory than all the rest.
   * Hardly ever does a time change, and then the line is not taken from here.
   */
  readonly #created = new PreparedTexts();
  readonly #createdMs: number[] = [];
  #order: readonly number[] = [];

  constructor(family: ScalarFamily, name: string, type: OpenMetricsType, head: string) {
    this.type = type;
    this.#family = family;
    this.#lines = new ScalarLines(family);
    this.#createdName = `${name}_created`;
    this.#head = head;
  }

  writeHead(out: LineBuffer): void {
    out.string(this.#head);
  }

  write(out: LineBuffer, from: number, count: number, options: SeriesOptions): number {
    const { type } = this;
    if (type === 'stateset') return this.#writeState(out, from, count);
    const last = Math.min(from + PAGE_LINES, count);
    const plain = type === 'info' || type === 'counter' ? this.#isPlain(from, last, options) : true;
    if (plain) return this.#lines.writePage(out, from, count);
    this.#lines.extend(last);
    for (let i = from; i < last; i++) this.#writeSeries(out, i, options);
    return last;
  }

  /** Whether of these series nothing is left out, and nothing comes with them. */
  #isPlain(from: number, last: number, { created }: SeriesOptions): boolean {
    const { series } = this.#family;
    for (let i = from; i < last; i++) {
      const one = series[i]!;
      if (!this.#isValid(one.value) || one.exemplar !== undefined) return false;
      if (created && one.createdMs !== undefined) return false;
    }
    return true;
  }

  /** What other values a series has cannot be said in the format. */
  #isValid(value: number): boolean {
    return this.type === 'counter' ? value >= 0 : value === 1;
  }

  #writeSeries(out: LineBuffer, index: number, { created, escaping }: SeriesOptions): void {
    const { value, exemplar, createdMs } = this.#family.series[index]!;
    if (!this.#isValid(value)) return;
    this.#lines.writeLine(out, index, value);
    if (exemplar !== undefined) appendExemplar(out, exemplar, escaping);
    if (!created || createdMs === undefined) return;
    if (index >= this.#created.count) this.#extendCreated(index + 1);
    if (createdMs === this.#createdMs[index]) out.text(this.#created, index);
    else out.string(this.#createdLine(index, createdMs));
  }

  #extendCreated(count: number): void {
    for (let i = this.#created.count; i < count; i++) {
      const { createdMs = 0 } = this.#family.series[i]!;
      this.#created.add(this.#createdLine(i, createdMs));
      this.#createdMs.push(createdMs);
    }
  }

  #createdLine(index: number, createdMs: number): string {
    return `${seriesText(this.#createdName, this.#lines.labelsOf(index))}${formatValue(createdMs / 1000)}\n`;
  }

  /** One state; the states of each set stand together. */
  #writeState(out: LineBuffer, at: number, count: number): number {
    const { series } = this.#family;
    if (at === 0) {
      if (this.#order.length !== count) this.#order = orderBySet(series.slice(0, count));
      this.#lines.extend(count);
    }
    const index = this.#order[at]!;
    const { value } = series[index]!;
    if (value === 0 || value === 1) this.#lines.writeLine(out, index, value);
    return at + 1;
  }
}

function appendExemplar(out: LineBuffer, exemplar: Exemplar, escaping: Escaping): void {
  const text = exemplarText(exemplar, escaping);
  if (text !== '') out.append(`${text}\n`);
}

/** The order in which all states of a set, whose labels but for the state are the same, stand together. */
function orderBySet(series: readonly ScalarSeries[]): readonly number[] {
  const sets = new Map<string, number[]>();
  for (const [i, { labelValues, extraLabels }] of series.entries()) {
    const key = JSON.stringify([labelValues.slice(0, -1), extraLabels]);
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [i]);
    else set.push(i);
  }
  return [...sets.values()].flat();
}

const SUM = 0;
const COUNT = 1;
const CREATED = 2;

class PreparedHistograms implements Prepared {
  readonly type: OpenMetricsType;
  readonly #family: HistogramFamily;
  readonly #lines: BucketLines;
  readonly #negative: boolean;

  constructor(family: HistogramFamily, type: OpenMetricsType, head: string) {
    this.type = type;
    this.#family = family;
    this.#negative = family.bounds.some((bound) => bound < 0);
    const suffixes = type === 'gaugehistogram' ? ['_gsum', '_gcount'] : ['_sum', '_count', '_created'];
    this.#lines = new BucketLines(family, styleOf(head, suffixes));
  }

  writeHead(out: LineBuffer): void {
    this.#lines.head(out);
  }

  write(out: LineBuffer, index: number, _count: number, { created, escaping }: SeriesOptions): number {
    this.#lines.extend(index + 1);
    const series = this.#family.series[index]!;
    const { counts, sum, createdMs, exemplars } = series;
    const count =
      exemplars === undefined
        ? this.#lines.all(out, index, counts)
        : this.#withExemplars(out, index, series, exemplars, escaping);
    const gauge = this.type === 'gaugehistogram';
    if (this.#negative ? gauge : sum >= 0) {
      this.#lines.suffixed(out, index, SUM, sum);
      this.#lines.suffixed(out, index, COUNT, count);
    }
    if (created && !gauge && createdMs !== undefined)
      this.#lines.suffixed(out, index, CREATED, createdMs / 1000);
    return index + 1;
  }

  #withExemplars(
    out: LineBuffer,
    index: number,
    { counts }: HistogramSeries,
    exemplars: NonNullable<HistogramSeries['exemplars']>,
    escaping: Escaping,
  ): number {
    let cumulative = 0;
    for (let i = 0; i < this.#lines.buckets; i++) {
      cumulative += counts[i] ?? 0;
      this.#lines.one(out, index, i, cumulative);
      const exemplar = exemplars[i];
      if (exemplar !== undefined) appendExemplar(out, exemplar, escaping);
    }
    return cumulative;
  }
}

class PreparedSummaries implements Prepared {
  readonly type = 'summary';
  readonly #family: SummaryFamily;
  readonly #lines: BucketLines;

  constructor(family: SummaryFamily, head: string) {
    this.#family = family;
    this.#lines = new BucketLines(family, styleOf(head, ['_sum', '_count', '_created']));
  }

  writeHead(out: LineBuffer): void {
    this.#lines.head(out);
  }

  write(out: LineBuffer, index: number, _count: number, { created }: SeriesOptions): number {
    this.#lines.extend(index + 1);
    const { quantileValues, sum, count, createdMs } = this.#family.series[index]!;
    for (let i = 0; i < this.#lines.buckets; i++) {
      const value = quantileValues[i] ?? Number.NaN;
      if (!(value < 0)) this.#lines.one(out, index, i, value);
    }
    if (sum >= 0) this.#lines.suffixed(out, index, SUM, sum);
    if (count >= 0) this.#lines.suffixed(out, index, COUNT, count);
    if (created && createdMs !== undefined) this.#lines.suffixed(out, index, CREATED, createdMs / 1000);
    return index + 1;
  }
}

function styleOf(head: string, suffixes: readonly string[]): LineStyle {
  return { head, bound: canonicalNumber, suffixes };
}

/**
 * A number as the values of `le` and `quantile` have it, so that the same bound is the same series whoever
 * writes it: as Go's `%g` does, with a `.0` where neither point nor exponent stands: `1.0`, `0.25`, `1e-05`,
 * `1e+06`, `+Inf`.
 */
export function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) return formatValue(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 6) {
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
