/**
 * OpenMetrics 1.0 text, writer and parser.
 *
 *     # HELP uploads Total file uploads        the family's name: without `_total`, without `_info`
 *     # TYPE uploads counter
 *     # UNIT size_bytes bytes                  only where the name ends in it
 *     uploads_total{status="success"} 156
 *     uploads_created{status="success"} 1726839813.016
 *     # EOF                                    so that a body that was cut off is noticed
 *
 * Stricter than the older text format: one space everywhere, no blank lines or comments, times in seconds, and
 * an exemplar may follow a bucket or a counter: `... 5 # {trace_id="abc"} 0.4 1726839813.016`.
 *
 * A name belongs to one family only, and a family has more names than it shows: a counter `uploads` has
 * `uploads`, `uploads_total` and `uploads_created`. What our model allows and the format does not:
 *
 * - a counter or info metric whose names another family has, or that lacks its suffix, is written under its
 *   whole name with type `unknown` (info: `gauge`), so that its values are there;
 * - a gauge or counter whose name is one of a histogram's (`size_bytes_count` beside `size_bytes`) is left out;
 * - `_sum` and `_count` of a histogram with negative bounds, or whose sum is negative or NaN, are left out, and so
 *   is a counter's value that is negative or NaN, and an info series whose value is not 1, a state's value that is
 *   neither 0 nor 1, and what is negative of a summary;
 * - a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD when the slices are encoded.
 *
 * Names outside the classic alphabet stand in quotes in the braces, as Prometheus 3 reads and writes them; 1.0
 * itself does not know them, and negotiation writes them only for those who ask for it.
 *
 * Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
import { isClassicLabelName, isClassicMetricName } from '../model/names.ts';
import { formatValue } from '../model/value.ts';
import type { Family, HistogramFamily, ScalarFamily, ScalarSeries, SummaryFamily } from './families.ts';
import { LineBuffer, PreparedTexts } from './line-buffer.ts';
import { planOpenMetrics, type Written } from './openmetrics-plan.ts';
import { FamilyRules, type OpenMetricsType } from './openmetrics-rules.ts';
import { ExpositionError, parseNumber } from './text.ts';

/** The `Content-Type` of the format. */
export const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** What of the families is written. */
export interface OpenMetricsOptions {
  /** Whether each counter and histogram has a sample with the time at which it began. Default true. */
  readonly created?: boolean;
}

/**
 * Renders families, in slices that end at a line; the last one ends the body. All but the numbers is prepared once
 * and kept for as long as the family object lives.
 */
export function* encodeOpenMetrics(
  families: Iterable<Family>,
  { created = true }: OpenMetricsOptions = {},
): Generator<Uint8Array, void, undefined> {
  const out = new LineBuffer();
  for (const written of planOpenMetrics([...families])) {
    const prepared = preparedOf(written);
    prepared.extend();
    prepared.writeHead(out);
    // Series that come while slices are being sent are for the next time.
    const count = written.family.series.length;
    const { order } = prepared;
    for (let i = 0; i < count; i++) {
      prepared.writeSeries(out, order?.[i] ?? i, created);
      if (out.isFull) yield out.take();
    }
  }
  out.text(END, 0);
  yield out.take();
}

/** Renders families as text: {@link encodeOpenMetrics} for those who need strings. */
export function* writeOpenMetrics(families: Iterable<Family>): Generator<string, void, undefined> {
  for (const slice of encodeOpenMetrics(families)) yield strictDecoder.decode(slice);
}

const END = new PreparedTexts();
END.add('# EOF\n');

/** The lines of a family but for their numbers. */
interface Prepared {
  readonly type: OpenMetricsType;
  /** The indexes of the series in the order in which they are written, where it is not their own. */
  readonly order?: readonly number[] | undefined;
  writeHead(out: LineBuffer): void;
  /** Prepares the series that are new. */
  extend(): void;
  writeSeries(out: LineBuffer, index: number, created: boolean): void;
}

const preparedFamilies = new WeakMap<Family, Prepared>();

function preparedOf({ family, name, type }: Written): Prepared {
  let prepared = preparedFamilies.get(family);
  // The type changes where another family takes or frees a name.
  if (prepared?.type !== type) {
    const head = headOf(family, name, type);
    if (family.type === 'histogram') prepared = new PreparedHistograms(family, head);
    else if (family.type === 'summary') prepared = new PreparedSummaries(family, head);
    else prepared = new PreparedScalars(family, name, type, head);
    preparedFamilies.set(family, prepared);
  }
  return prepared;
}

function headOf({ help, unit }: Family, name: string, type: OpenMetricsType): string {
  const shown = isClassicMetricName(name) ? name : quoted(name);
  let text = help === '' ? '' : `# HELP ${shown} ${escaped(help)}\n`;
  text += `# TYPE ${shown} ${type}\n`;
  if (unit !== '' && type !== 'info' && type !== 'stateset' && name.endsWith(`_${unit}`))
    text += `# UNIT ${shown} ${unit}\n`;
  return text;
}

/** `name{labels} ` of every series, and for counters the same with `_created`. */
class PreparedScalars implements Prepared {
  readonly type: OpenMetricsType;
  readonly #family: ScalarFamily;
  readonly #names: readonly string[];
  readonly #createdName: string;
  readonly #head = new PreparedTexts();
  readonly #values = new PreparedTexts();
  /** Whole lines, with the times in them: hardly ever does a time change, and then it is not taken from here. */
  readonly #created = new PreparedTexts();
  readonly #createdMs: number[] = [];
  /** State sets: the states of each set together. */
  order: readonly number[] | undefined;

  constructor(family: ScalarFamily, name: string, type: OpenMetricsType, head: string) {
    this.type = type;
    this.#family = family;
    this.#names = family.labelNames.map(writtenLabelName);
    this.#createdName = `${name}_created`;
    this.#head.add(head);
  }

  writeHead(out: LineBuffer): void {
    out.text(this.#head, 0);
  }

  extend(): void {
    const { name, series } = this.#family;
    for (let i = this.#values.count; i < series.length; i++) {
      const { labelValues, extraLabels, createdMs } = series[i]!;
      const labels = labelText(this.#names, labelValues, extraLabels);
      this.#values.add(seriesText(name, labels));
      if (this.type !== 'counter') continue;
      this.#created.add(createdLine(this.#createdName, labels, createdMs ?? 0));
      this.#createdMs.push(createdMs ?? 0);
    }
    if (this.type === 'stateset' && this.order?.length !== series.length) this.order = orderBySet(series);
  }

  writeSeries(out: LineBuffer, index: number, created: boolean): void {
    const series = this.#family.series[index]!;
    const { value, createdMs } = series;
    const counter = this.type === 'counter';
    if (counter && !(value >= 0)) return;
    if (this.type === 'info' && value !== 1) return;
    if (this.type === 'stateset' && value !== 0 && value !== 1) return;
    out.text(this.#values, index);
    out.number(value, formatValue);
    out.byte(NEWLINE);
    if (!created || !counter || createdMs === undefined) return;
    if (createdMs === this.#createdMs[index]) out.text(this.#created, index);
    else {
      const labels = labelText(this.#names, series.labelValues, series.extraLabels);
      const line = new PreparedTexts();
      line.add(createdLine(this.#createdName, labels, createdMs));
      out.text(line, 0);
    }
  }
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

/** The labels of every series, and what stands around them, which is the same for all. */
class PreparedHistograms implements Prepared {
  readonly type = 'histogram';
  readonly #family: HistogramFamily;
  readonly #names: readonly string[];
  readonly #labels = new PreparedTexts();
  /** The head, then what stands before the labels of `_bucket`, `_sum`, `_count`, `_created`, then behind them. */
  readonly #around = new PreparedTexts();
  /** Behind the labels of a bucket line: `,le="0.5"} `. */
  readonly #les = new PreparedTexts();
  readonly #negative: boolean;

  constructor(family: HistogramFamily, head: string) {
    this.#family = family;
    const { name, bounds } = family;
    this.#names = family.labelNames.map(writtenLabelName);
    this.#negative = bounds.some((bound) => bound < 0);
    const labelled = family.labelNames.length > 0;
    this.#around.add(head);
    this.#around.add(openedText(`${name}_bucket`, true));
    for (const suffix of ['_sum', '_count', '_created'])
      this.#around.add(openedText(name + suffix, labelled));
    this.#around.add(labelled || !isClassicMetricName(name) ? '} ' : ' ');
    for (const bound of [...bounds, Number.POSITIVE_INFINITY])
      this.#les.add(`${labelled ? ',' : ''}le="${canonicalNumber(bound)}"} `);
  }

  writeHead(out: LineBuffer): void {
    out.text(this.#around, 0);
  }

  extend(): void {
    const { series } = this.#family;
    for (let i = this.#labels.count; i < series.length; i++)
      this.#labels.add(labelText(this.#names, series[i]!.labelValues));
  }

  writeSeries(out: LineBuffer, index: number, created: boolean): void {
    const { counts, sum, createdMs } = this.#family.series[index]!;
    const buckets = this.#les.count;
    let cumulative = 0;
    for (let i = 0; i < buckets; i++) {
      cumulative += counts[i] ?? 0;
      out.text(this.#around, 1);
      out.text(this.#labels, index);
      out.text(this.#les, i);
      out.number(cumulative, formatValue);
      out.byte(NEWLINE);
    }
    if (!this.#negative && sum >= 0) {
      this.#open(out, 2, index);
      out.number(sum, formatValue);
      out.byte(NEWLINE);
      this.#open(out, 3, index);
      out.number(cumulative, formatValue);
      out.byte(NEWLINE);
    }
    if (!created || createdMs === undefined) return;
    this.#open(out, 4, index);
    out.number(createdMs / 1000, formatValue);
    out.byte(NEWLINE);
  }

  #open(out: LineBuffer, name: number, index: number): void {
    out.text(this.#around, name);
    out.text(this.#labels, index);
    out.text(this.#around, 5);
  }
}

/** The labels of every series, and what stands around them. */
class PreparedSummaries implements Prepared {
  readonly type = 'summary';
  readonly #family: SummaryFamily;
  readonly #names: readonly string[];
  readonly #labels = new PreparedTexts();
  /** The head, then what stands before the labels of a quantile, `_sum`, `_count`, `_created`, then behind them. */
  readonly #around = new PreparedTexts();
  /** Behind the labels of a quantile's line: `,quantile="0.5"} `. */
  readonly #quantiles = new PreparedTexts();

  constructor(family: SummaryFamily, head: string) {
    this.#family = family;
    const { name, labelNames, quantiles } = family;
    this.#names = labelNames.map(writtenLabelName);
    const labelled = labelNames.length > 0;
    this.#around.add(head);
    this.#around.add(openedText(name, true));
    for (const suffix of ['_sum', '_count', '_created'])
      this.#around.add(openedText(name + suffix, labelled));
    this.#around.add(labelled || !isClassicMetricName(name) ? '} ' : ' ');
    for (const quantile of quantiles)
      this.#quantiles.add(`${labelled ? ',' : ''}quantile="${canonicalNumber(quantile)}"} `);
  }

  writeHead(out: LineBuffer): void {
    out.text(this.#around, 0);
  }

  extend(): void {
    const { series } = this.#family;
    for (let i = this.#labels.count; i < series.length; i++)
      this.#labels.add(labelText(this.#names, series[i]!.labelValues));
  }

  writeSeries(out: LineBuffer, index: number, created: boolean): void {
    const { quantileValues, sum, count, createdMs } = this.#family.series[index]!;
    for (let i = 0; i < this.#quantiles.count; i++) {
      const value = quantileValues[i] ?? Number.NaN;
      if (value < 0) continue;
      out.text(this.#around, 1);
      out.text(this.#labels, index);
      out.text(this.#quantiles, i);
      out.number(value, formatValue);
      out.byte(NEWLINE);
    }
    if (sum >= 0) this.#writeLine(out, 2, index, sum);
    if (count >= 0) this.#writeLine(out, 3, index, count);
    if (created && createdMs !== undefined) this.#writeLine(out, 4, index, createdMs / 1000);
  }

  #writeLine(out: LineBuffer, name: number, index: number, value: number): void {
    out.text(this.#around, name);
    out.text(this.#labels, index);
    out.text(this.#around, 5);
    out.number(value, formatValue);
    out.byte(NEWLINE);
  }
}

function createdLine(name: string, labels: string, createdMs: number): string {
  return `${seriesText(name, labels)}${formatValue(createdMs / 1000)}\n`;
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

/** A series up to its value: `name{labels} `. */
function seriesText(name: string, labels: string): string {
  const closed = labels === '' && isClassicMetricName(name);
  return `${openedText(name, labels !== '')}${labels}${closed ? ' ' : '} '}`;
}

/** What stands before the labels of a series: `name{`, and where there are none `name`. */
function openedText(name: string, labelled: boolean): string {
  if (isClassicMetricName(name)) return labelled ? `${name}{` : name;
  return labelled ? `{${quoted(name)},` : `{${quoted(name)}`;
}

function labelText(
  writtenNames: readonly string[],
  values: readonly string[],
  extra: readonly (readonly [string, string])[] = [],
): string {
  let text = '';
  for (let i = 0; i < writtenNames.length; i++) {
    text += `${i > 0 ? ',' : ''}${writtenNames[i]}=${quoted(values[i] ?? '')}`;
  }
  for (const [name, value] of extra) {
    text += `${text === '' ? '' : ','}${writtenLabelName(name)}=${quoted(value)}`;
  }
  return text;
}

function writtenLabelName(name: string): string {
  return isClassicLabelName(name) ? name : quoted(name);
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

/** Backslash, quote and newline are escaped, in help texts too. */
function escaped(text: string): string {
  if (!/["\\\n]/.test(text)) return text;
  return text.replace(/["\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

/** What {@link parseOpenMetrics} finds, in the order of the body. */
export interface OpenMetricsHandler {
  /** A line of metadata, about the family's name (`uploads` for `uploads_total`); help is unescaped. */
  family?(name: string, field: 'type' | 'help' | 'unit', value: string): void;
  /**
   * A sample line. The series text is `body[seriesStart..seriesEnd)`; `parseSeriesText` decodes it.
   * `timestampMs` is NaN where the line has none.
   */
  sample(body: Uint8Array, seriesStart: number, seriesEnd: number, value: number, timestampMs: number): void;
  /** The exemplar of the sample before; its labels are `body[labelsStart..labelsEnd)`, braces included. */
  exemplar?(
    body: Uint8Array,
    labelsStart: number,
    labelsEnd: number,
    value: number,
    timestampMs: number,
  ): void;
  /** `# EOF`: the body is complete. */
  end?(): void;
}

export interface OpenMetricsOptions {
  /**
   * `specification` (the default) refuses all that the specification forbids. `syntax` reads lines and does not
   * judge families, which a monitor needs: widespread clients write, for example, the sum of a histogram with
   * negative bounds.
   */
  readonly checks?: 'specification' | 'syntax';
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const METADATA = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\.)+") (.*)$/s;
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a body line by line.
 * @throws ExpositionError at the first line that is not in the format; what the handler got before stands
 */
export function parseOpenMetrics(
  body: Uint8Array,
  handler: OpenMetricsHandler,
  options: OpenMetricsOptions = {},
): void {
  const rules = options.checks === 'syntax' ? undefined : new FamilyRules();
  const reader = new Reader(body, handler, rules);
  let at = 0;
  while (!reader.ended) {
    if (at >= body.length) reader.fail('the body does not end in "# EOF"; it was cut off', at);
    const newline = body.indexOf(NEWLINE, at);
    const end = newline < 0 ? body.length : newline;
    reader.begin(at, end);
    reader.read();
    at = end + 1;
  }
  reader.begin(at, body.length);
  if (at < body.length) reader.fail('text stands after "# EOF"', at);
}

/** Reads one line after the other; its position is a byte of the body. */
class Reader {
  readonly #body: Uint8Array;
  readonly #handler: OpenMetricsHandler;
  readonly #rules: FamilyRules | undefined;
  /** Names and values of the label set that was read last, one after the other; only where rules are checked. */
  #labels: string[] = [];
  #line = 0;
  #start = 0;
  #end = 0;
  #at = 0;
  ended = false;

  constructor(body: Uint8Array, handler: OpenMetricsHandler, rules: FamilyRules | undefined) {
    this.#body = body;
    this.#handler = handler;
    this.#rules = rules;
  }

  begin(start: number, end: number): void {
    this.#line++;
    this.#start = start;
    this.#end = end;
    this.#at = start;
  }

  fail(problem: string, at: number): never {
    throw new ExpositionError(problem, Math.max(this.#line, 1), at - this.#start + 1);
  }

  read(): void {
    if (this.#start === this.#end) this.fail('a blank line is not allowed', this.#at);
    if (this.#body[this.#at] === HASH) this.#metadata();
    else this.#sample();
  }

  #metadata(): void {
    const text = this.#decode(this.#start, this.#end);
    if (text === '# EOF') {
      this.#judge((rules) => rules.end());
      this.ended = true;
      this.#handler.end?.();
      return;
    }
    const match = METADATA.exec(text);
    if (match === null)
      this.fail('expected "# HELP", "# TYPE" or "# UNIT" with name and value, or "# EOF"', this.#at);
    const [, keyword, written, value] = match as unknown as [
      string,
      'HELP' | 'TYPE' | 'UNIT',
      string,
      string,
    ];
    const name = written.startsWith('"') ? unescaped(written.slice(1, -1)) : written;
    const field = ({ HELP: 'help', TYPE: 'type', UNIT: 'unit' } as const)[keyword];
    this.#judge((rules) => rules.metadata(name, field, value));
    this.#handler.family?.(name, field, field === 'help' ? unescaped(value) : value);
  }

  #sample(): void {
    const body = this.#body;
    const seriesStart = this.#at;
    let name = '';
    while (this.#at < this.#end && isNameByte(body[this.#at]!, this.#at > seriesStart)) this.#at++;
    if (this.#rules !== undefined) name = this.#decode(seriesStart, this.#at);
    const named = this.#at > seriesStart;
    this.#labels = [];
    if (body[this.#at] === OPEN && this.#at < this.#end) {
      const inBraces = this.#labelSet(!named);
      if (!named) {
        if (inBraces === undefined) this.fail('the metric name is missing', seriesStart);
        name = inBraces;
      }
    } else if (!named) this.fail('expected a metric name', seriesStart);
    const seriesEnd = this.#at;
    const labels = this.#labels;
    this.#expectSpace('value');
    const value = this.#number('value');
    let seconds = Number.NaN;
    if (this.#at < this.#end && body[this.#at + 1] !== HASH) seconds = this.#time();
    this.#judge((rules) => rules.sample(name, labels, value, seconds));
    this.#handler.sample(body, seriesStart, seriesEnd, value, milliseconds(seconds));
    if (this.#at < this.#end) this.#exemplar();
  }

  #exemplar(): void {
    const body = this.#body;
    if (body[this.#at] !== SPACE || body[this.#at + 1] !== HASH || body[this.#at + 2] !== SPACE)
      this.fail('expected " # " and an exemplar, or the end of the line', this.#at);
    this.#at += 3;
    const labelsStart = this.#at;
    this.#labels = [];
    if (this.#at >= this.#end || body[this.#at] !== OPEN) this.fail('an exemplar begins with "{"', this.#at);
    this.#labelSet(false);
    const labelsEnd = this.#at;
    this.#expectSpace("exemplar's value");
    const value = this.#number("exemplar's value");
    const seconds = this.#at < this.#end ? this.#time() : Number.NaN;
    if (this.#at < this.#end) this.fail('text stands after the exemplar', this.#at);
    this.#judge((rules) => rules.exemplar(this.#labels));
    this.#handler.exemplar?.(body, labelsStart, labelsEnd, value, milliseconds(seconds));
  }

  /** Reads a label set from its brace on; gives the metric name where one stands in quotes at its beginning. */
  #labelSet(nameAllowed: boolean): string | undefined {
    const body = this.#body;
    let name: string | undefined;
    this.#at++;
    if (this.#next() === CLOSE) {
      this.#at++;
      return undefined;
    }
    while (true) {
      const start = this.#at;
      const inQuotes = this.#next() === QUOTE;
      let label = '';
      if (inQuotes) label = this.#quoted();
      else {
        while (this.#at < this.#end && isLabelByte(body[this.#at]!, this.#at > start)) this.#at++;
        if (this.#at === start) this.fail('expected a label name', start);
        if (this.#rules !== undefined) label = this.#decode(start, this.#at);
      }
      const first = start === this.#start + 1;
      if (inQuotes && nameAllowed && first && this.#next() !== EQUALS) name = label;
      else {
        if (this.#next() !== EQUALS) this.fail('expected "=" and a value in quotes', this.#at);
        this.#at++;
        if (this.#next() !== QUOTE) this.fail("a label's value stands in quotes", this.#at);
        const value = this.#quoted();
        if (this.#rules !== undefined) this.#labels.push(label, value);
      }
      const c = this.#next();
      this.#at++;
      if (c === CLOSE) return name;
      if (c !== COMMA) this.fail('expected "," or "}"', this.#at - 1);
    }
  }

  /** The byte at the position, or -1 at the end of the line. */
  #next(): number {
    return this.#at < this.#end ? this.#body[this.#at]! : -1;
  }

  /** Reads text in quotes; where nobody needs it, it is not decoded. */
  #quoted(): string {
    const body = this.#body;
    const start = ++this.#at;
    while (this.#at < this.#end && body[this.#at] !== QUOTE) this.#at += body[this.#at] === BACKSLASH ? 2 : 1;
    if (this.#at >= this.#end) this.fail('the quotes are not closed', start - 1);
    const text = this.#rules === undefined ? '' : unescaped(this.#decode(start, this.#at));
    this.#at++;
    return text;
  }

  #expectSpace(what: string): void {
    if (this.#next() !== SPACE) this.fail(`expected one space and the ${what}`, this.#at);
    this.#at++;
  }

  #number(what: string): number {
    const start = this.#at;
    while (this.#at < this.#end && this.#body[this.#at] !== SPACE) this.#at++;
    const value = start === this.#at ? undefined : parseNumber(this.#body, start, this.#at);
    // The format knows no sign of NaN.
    if (value === undefined || (Number.isNaN(value) && this.#at - start !== 3))
      this.fail(`the ${what} ${JSON.stringify(this.#decode(start, this.#at))} is not a number`, start);
    return value;
  }

  #time(): number {
    this.#expectSpace('time');
    const start = this.#at;
    const seconds = this.#number('time');
    if (!Number.isFinite(seconds)) this.fail('a time is finite', start);
    return seconds;
  }

  #judge(rule: (rules: FamilyRules) => string | undefined): void {
    if (this.#rules === undefined) return;
    const problem = rule(this.#rules);
    if (problem !== undefined) this.fail(problem, this.#start);
  }

  #decode(start: number, end: number): string {
    try {
      return strictDecoder.decode(this.#body.subarray(start, end));
    } catch {
      this.fail('the text is not UTF-8', start);
    }
  }
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}

function isNameByte(c: number, notFirst: boolean): boolean {
  return c === 0x3a || isLabelByte(c, notFirst);
}

function isLabelByte(c: number, notFirst: boolean): boolean {
  const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
  return letter || c === 0x5f || (notFirst && c >= 0x30 && c <= 0x39);
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(.)/gs, (whole, c: string) =>
    c === 'n' ? '\n' : c === '\\' || c === '"' ? c : whole,
  );
}
