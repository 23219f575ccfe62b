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
 * - an exemplar with more than 128 characters in its labels is left out;
 * - a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD when the slices are encoded.
 *
 * Names outside the classic alphabet stand in quotes in the braces, as Prometheus 3 reads and writes them; 1.0
 * itself does not know them, and negotiation writes them only for those who ask for it.
 *
 * Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
import type { Escaping } from './escaping.ts';
import type { Family } from './families.ts';
import { LineBuffer } from './line-buffer.ts';
import { preparedOf } from './openmetrics-lines.ts';
import { planOpenMetrics } from './openmetrics-plan.ts';
import { FamilyRules } from './openmetrics-rules.ts';
import { unescaped } from './series-text.ts';
import { ExpositionError, parseNumber } from './text.ts';

/** The `Content-Type` of the format. */
export const OPENMETRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** What of the families is written. */
export interface OpenMetricsWriterOptions {
  /** Whether each counter, histogram and summary has a sample with the time at which it began. Default true. */
  readonly created?: boolean | undefined;
  /** Of the names of exemplars' labels; those of families are escaped already. Default `allow-utf-8`. */
  readonly escaping?: Escaping | undefined;
  /** Called for each family that is left out because another has one of its names. */
  readonly onLeftOut?: ((family: Family) => void) | undefined;
}

/**
 * Renders families, in slices that end at a line; the last one ends the body. All but the numbers is prepared once
 * and kept for as long as the family object lives.
 */
export function* encodeOpenMetrics(
  families: Iterable<Family>,
  { created = true, escaping = 'allow-utf-8', onLeftOut }: OpenMetricsWriterOptions = {},
): Generator<Uint8Array, void, undefined> {
  const out = new LineBuffer();
  const options = { created, escaping };
  for (const written of planOpenMetrics([...families], onLeftOut)) {
    const prepared = preparedOf(written);
    prepared.writeHead(out);
    // Series that come while slices are being sent are for the next time.
    const count = written.family.series.length;
    for (let i = 0; i < count; ) {
      i = prepared.write(out, i, count, options);
      if (out.isFull) yield out.take();
    }
  }
  out.string(END);
  yield out.end();
}

/** Renders families as text: {@link encodeOpenMetrics} for those who need strings. */
export function* writeOpenMetrics(
  families: Iterable<Family>,
  options?: OpenMetricsWriterOptions,
): Generator<string, void, undefined> {
  for (const slice of encodeOpenMetrics(families, options)) yield strictDecoder.decode(slice);
}

const END = '# EOF\n';

/** What {@link parseOpenMetrics} finds, in the order of the body. */
export interface OpenMetricsHandler {
  /** A line of metadata, about the family's name (`uploads` for `uploads_total`); help is unescaped. */
  family?(name: string, field: 'type' | 'help' | 'unit', value: string): void;
  /**
   * A sample line. The series text is `body[seriesStart..seriesEnd)`; `parseSeriesText` decodes it.
   * `timestampMs` is NaN where the line has none.
   */
  sample(body: Uint8Array, seriesStart: number, seriesEnd: number, value: number, timestampMs: number): void;
  /**
   * When a counter, histogram or summary began to count: a `_created` line, which is a sample for handlers without
   * this. The series text has the suffix.
   */
  created?(body: Uint8Array, seriesStart: number, seriesEnd: number, createdMs: number): void;
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

/** What is checked while reading. */
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

const NO_BYTES = new Uint8Array(0);
/** The types whose series may say when they began. */
const COUNTING: ReadonlySet<string> = new Set(['counter', 'histogram', 'summary']);

const METADATA = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\.)+") (.*)$/s;
const encoder = new TextEncoder();
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
  /** How the series of `_created` lines of the open family begin; empty where it has none. */
  #createdStart = NO_BYTES;
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
    if (field === 'type') {
      const start = written.startsWith('"') ? `{${written.slice(0, -1)}_created"` : `${written}_created`;
      this.#createdStart = COUNTING.has(value) ? encoder.encode(start) : NO_BYTES;
    }
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
    const { created } = this.#handler;
    if (created !== undefined && this.#isCreated(seriesStart, seriesEnd))
      created.call(this.#handler, body, seriesStart, seriesEnd, milliseconds(value));
    else this.#handler.sample(body, seriesStart, seriesEnd, value, milliseconds(seconds));
    if (this.#at < this.#end) this.#exemplar();
  }

  #isCreated(seriesStart: number, seriesEnd: number): boolean {
    const start = this.#createdStart;
    const end = seriesStart + start.length;
    if (start.length === 0 || end > seriesEnd) return false;
    for (let i = 0; i < start.length; i++) if (this.#body[seriesStart + i] !== start[i]) return false;
    return end === seriesEnd || !isNameByte(this.#body[end]!, true);
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
