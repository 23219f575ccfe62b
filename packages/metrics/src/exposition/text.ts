/**
 * Prometheus text format 0.0.4, writer and parser.
 *
 *     # HELP uploads_total Total file uploads      help; `\` and newline are escaped
 *     # TYPE uploads_total counter                 counter, gauge, histogram, summary or untyped
 *     uploads_total{status="success"} 156          series text, value and, rarely, a time in milliseconds
 *
 * A histogram's buckets are cumulative here (`_bucket{le="0.5"}`), followed by `_sum` and `_count`. The format
 * does not know info metrics and state sets: they are written as gauges, as every client does. A name outside the classic
 * alphabet moves into the braces in quotes: `{"http.requests", method="GET"} 1`.
 *
 * The parser reports each sample as a range of bytes and a number and builds no label set: whoever scrapes a
 * target again sees the same series text again and can look it up, or compare it, without decoding it.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { Labels, METRIC_NAME } from '../model/labels.ts';
import { isClassicMetricName } from '../model/names.ts';
import { formatValue } from '../model/value.ts';
import type { Family, HistogramFamily, ScalarFamily, SummaryFamily } from './families.ts';
import { BucketLines, type LineStyle } from './histogram-lines.ts';
import { LineBuffer } from './line-buffer.ts';
import { ScalarLines } from './scalar-lines.ts';
import { unescaped, writtenName } from './series-text.ts';

/** The `Content-Type` of the format. */
export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Renders families, in slices that together are the body. Between two slices the caller may do
 * something else. What does not change from scrape to scrape, all but the numbers, is prepared once and kept for as
 * long as the family object lives.
 */
export function* encodeText(families: Iterable<Family>): Generator<Uint8Array, void, undefined> {
  const out = new LineBuffer();
  for (const family of families) {
    const prepared = preparedOf(family);
    prepared.writeHead(out);
    // Series that come while slices are being sent are for the next time.
    const count = family.series.length;
    for (let i = 0; i < count; ) {
      i = prepared.write(out, i, count);
      if (out.isFull) yield out.take();
    }
  }
  if (!out.isEmpty) yield out.end();
}

/** Renders families as text: {@link encodeText} for those who need strings. */
export function* writeText(families: Iterable<Family>): Generator<string, void, undefined> {
  for (const slice of encodeText(families)) yield decoder.decode(slice);
}

/** The lines of a family but for their numbers. */
interface Prepared {
  /** `# HELP` and `# TYPE`. */
  writeHead(out: LineBuffer): void;
  /**
   * Writes some of the first `count` series, from the one at `index` on, where the call before has ended; returns
   * the index of the next.
   */
  write(out: LineBuffer, index: number, count: number): number;
}

const preparedFamilies = new WeakMap<Family, Prepared>();

function preparedOf(family: Family): Prepared {
  let prepared = preparedFamilies.get(family);
  if (prepared === undefined) {
    prepared = prepare(family);
    preparedFamilies.set(family, prepared);
  }
  return prepared;
}

function prepare(family: Family): Prepared {
  if (family.type === 'histogram') return new PreparedHistograms(family);
  return family.type === 'summary' ? new PreparedSummaries(family) : new PreparedScalars(family);
}

function headOf({ name, help, type }: Family): string {
  const written = writtenName(name);
  const helpLine = help === '' ? '' : `# HELP ${written} ${escapeHelp(help)}\n`;
  return `${helpLine}# TYPE ${written} ${type === 'info' || type === 'stateset' ? 'gauge' : type}\n`;
}

class PreparedScalars implements Prepared {
  readonly #lines: ScalarLines;
  readonly #head: string;

  constructor(family: ScalarFamily) {
    this.#lines = new ScalarLines(family);
    this.#head = headOf(family);
  }

  writeHead(out: LineBuffer): void {
    out.string(this.#head);
  }

  write(out: LineBuffer, index: number, count: number): number {
    return this.#lines.writePage(out, index, count);
  }
}

const SUM = 0;
const COUNT = 1;

class PreparedHistograms implements Prepared {
  readonly #family: HistogramFamily;
  readonly #lines: BucketLines;

  constructor(family: HistogramFamily) {
    this.#family = family;
    this.#lines = new BucketLines(family, styleOf(family));
  }

  writeHead(out: LineBuffer): void {
    this.#lines.head(out);
  }

  write(out: LineBuffer, index: number): number {
    this.#lines.extend(index + 1);
    const { counts, sum } = this.#family.series[index]!;
    const count = this.#lines.all(out, index, counts);
    this.#lines.suffixed(out, index, SUM, sum);
    this.#lines.suffixed(out, index, COUNT, count);
    return index + 1;
  }
}

class PreparedSummaries implements Prepared {
  readonly #family: SummaryFamily;
  readonly #lines: BucketLines;

  constructor(family: SummaryFamily) {
    this.#family = family;
    this.#lines = new BucketLines(family, styleOf(family));
  }

  writeHead(out: LineBuffer): void {
    this.#lines.head(out);
  }

  write(out: LineBuffer, index: number): number {
    this.#lines.extend(index + 1);
    const { quantileValues, sum, count } = this.#family.series[index]!;
    const { buckets } = this.#lines;
    for (let i = 0; i < buckets; i++) this.#lines.one(out, index, i, quantileValues[i] ?? Number.NaN);
    this.#lines.suffixed(out, index, SUM, sum);
    this.#lines.suffixed(out, index, COUNT, count);
    return index + 1;
  }
}

function styleOf(family: Family): LineStyle {
  return { head: headOf(family), bound: formatValue, suffixes: ['_sum', '_count'] };
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (c) => (c === '\n' ? '\\n' : '\\\\'));
}

/** A body that is not in the format. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
  readonly code = 'exposition_invalid';
  /** From 1. */
  readonly line: number;
  /** In bytes, from 1. */
  readonly column: number;

  constructor(problem: string, line: number, column: number) {
    super(`line ${line}, column ${column}: ${problem}`);
    this.line = line;
    this.column = column;
  }
}

/** What {@link parseText} finds, in the order of the body. */
export interface TextHandler {
  /** A `# TYPE` or `# HELP` line; help is unescaped, an unknown type is passed on as written. */
  family?(name: string, field: 'type' | 'help', value: string): void;
  /**
   * A sample line. The series text is `body[seriesStart..seriesEnd)`; {@link parseSeriesText} decodes it.
   * `timestampMs` is NaN where the line has none.
   */
  sample(body: Uint8Array, seriesStart: number, seriesEnd: number, value: number, timestampMs: number): void;
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Reads a body line by line.
 * @throws ExpositionError at the first line that is not in the format; what the handler got before stands
 */
export function parseText(body: Uint8Array, handler: TextHandler): void {
  let line = 1;
  let at = 0;
  while (at < body.length) {
    let end = body.indexOf(NEWLINE, at);
    if (end < 0) end = body.length;
    parseLine(body, at, end, line, handler);
    at = end + 1;
    line++;
  }
}

function parseLine(
  body: Uint8Array,
  lineStart: number,
  lineEnd: number,
  line: number,
  handler: TextHandler,
): void {
  let end = lineEnd;
  if (end > lineStart && body[end - 1] === RETURN) end--;
  const start = skipSpace(body, lineStart, end);
  if (start === end) return;
  if (body[start] === HASH) {
    if (handler.family !== undefined) parseComment(body, start, end, handler);
    return;
  }
  const seriesEnd = findSeriesEnd(body, start, end);
  if (seriesEnd < 0)
    throw new ExpositionError('the label set is not closed by "}"', line, end - lineStart + 1);
  const valueStart = skipSpace(body, seriesEnd, end);
  if (valueStart === end) throw new ExpositionError('a value is missing', line, end - lineStart + 1);
  const valueEnd = findSpace(body, valueStart, end);
  const value = parseNumber(body, valueStart, valueEnd);
  if (value === undefined) {
    const text = decode(body, valueStart, valueEnd);
    throw new ExpositionError(`${JSON.stringify(text)} is not a number`, line, valueStart - lineStart + 1);
  }
  const timeStart = skipSpace(body, valueEnd, end);
  let timestampMs = Number.NaN;
  if (timeStart < end) {
    const timeEnd = findSpace(body, timeStart, end);
    const time = parseNumber(body, timeStart, timeEnd);
    if (time === undefined || !Number.isInteger(time) || skipSpace(body, timeEnd, end) < end) {
      const text = decode(body, timeStart, end);
      throw new ExpositionError(
        `${JSON.stringify(text)} is not a time in milliseconds`,
        line,
        timeStart - lineStart + 1,
      );
    }
    timestampMs = time;
  }
  handler.sample(body, start, seriesEnd, value, timestampMs);
}

function parseComment(body: Uint8Array, start: number, end: number, handler: TextHandler): void {
  const match = /^#[ \t]+(HELP|TYPE)[ \t]+("(?:[^"\\]|\\.)*"|[^ \t]+)[ \t]*(.*)$/s.exec(
    decode(body, start, end),
  );
  if (match === null) return;
  const written = match[2]!;
  const name = written.startsWith('"') ? unescaped(written.slice(1, -1)) : written;
  if (match[1] === 'TYPE') handler.family?.(name, 'type', match[3]!.trim());
  else handler.family?.(name, 'help', unescaped(match[3]!));
}

/** Where the series text that begins at `start` ends, or -1 when its braces are not closed. */
function findSeriesEnd(body: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; at < end; at++) {
    const c = body[at]!;
    if (c === OPEN) return findClose(body, at + 1, end);
    if (c === SPACE || c === TAB) {
      // Spaces may stand between a name and its braces.
      const next = skipSpace(body, at, end);
      return next < end && body[next] === OPEN ? findClose(body, next + 1, end) : at;
    }
  }
  return at;
}

function findClose(body: Uint8Array, start: number, end: number): number {
  let quoted = false;
  for (let at = start; at < end; at++) {
    const c = body[at]!;
    if (quoted) {
      if (c === BACKSLASH) at++;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    else if (c === CLOSE) return at + 1;
  }
  return -1;
}

function skipSpace(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (body[at] === SPACE || body[at] === TAB)) at++;
  return at;
}

function findSpace(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && body[at] !== SPACE && body[at] !== TAB) at++;
  return at;
}

const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);

/**
 * Reads the number in `body[start..end)`; undefined when it is none.
 *
 * Up to 15 digits fit a double exactly and so does the power of ten below them, hence one division gives the
 * correctly rounded value; everything else goes through `Number`.
 */
export function parseNumber(body: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  const negative = body[at] === MINUS;
  if (negative || body[at] === PLUS) at++;
  const digitsStart = at;
  let mantissa = 0;
  let point = -1;
  for (; at < end; at++) {
    const c = body[at]!;
    if (c >= ZERO && c <= NINE) mantissa = mantissa * 10 + (c - ZERO);
    else if (c === POINT && point < 0) point = at;
    else return parseUnusual(decode(body, start, end));
  }
  const digits = at - digitsStart - (point < 0 ? 0 : 1);
  if (digits === 0 || digits > 15) return parseUnusual(decode(body, start, end));
  const value = point < 0 ? mantissa : mantissa / POWERS_OF_TEN[end - point - 1]!;
  return negative ? -value : value;
}

function parseUnusual(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text);
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (word === null) return undefined;
  if (word[2]!.toLowerCase() === 'nan') return Number.NaN;
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const decoder = new TextDecoder('utf-8');

function decode(body: Uint8Array, start: number, end: number): string {
  return decoder.decode(body.subarray(start, end));
}

/**
 * Decodes series text such as `up{job="web"}` or `{"http.requests",job="web"}` to a label set that holds the
 * metric name under `__name__`.
 * @throws ExpositionError with line 1 and the column within the text
 */
export function parseSeriesText(text: string): Labels {
  const open = text.indexOf('{');
  const name = (open < 0 ? text : text.slice(0, open)).trim();
  const pairs: [string, string][] = [];
  if (name !== '') pairs.push([METRIC_NAME, name]);
  if (name !== '' && !isClassicMetricName(name)) {
    throw new ExpositionError(
      `${JSON.stringify(name)} is not a metric name; a name of other characters goes in quotes`,
      1,
      1,
    );
  }
  if (open >= 0) parsePairs(text, open + 1, pairs);
  if (!pairs.some(([label]) => label === METRIC_NAME))
    throw new ExpositionError('the metric name is missing', 1, 1);
  const seen = new Set<string>();
  for (const [label] of pairs) {
    if (seen.has(label)) throw new ExpositionError(`label ${JSON.stringify(label)} is given twice`, 1, 1);
    seen.add(label);
  }
  return Labels.fromPairs(pairs);
}

/** One pair: a name, perhaps quoted, with a value in quotes; a quoted name alone is the metric name. */
const PAIR =
  /[ \t]*(?:([a-zA-Z_][a-zA-Z0-9_]*)|"((?:[^"\\]|\\.)*)")[ \t]*(?:=[ \t]*"((?:[^"\\]|\\.)*)")?[ \t]*([,}])/sy;
const CLOSING = /[ \t]*\}/y;

function parsePairs(text: string, start: number, pairs: [string, string][]): void {
  let at = start;
  while (true) {
    CLOSING.lastIndex = at;
    if (CLOSING.test(text)) return;
    PAIR.lastIndex = at;
    const match = PAIR.exec(text);
    if (match === null) throw new ExpositionError('expected name="value"', 1, at + 1);
    const quoted = match[2];
    const value = match[3];
    if (value !== undefined) pairs.push([match[1] ?? unescaped(quoted!), unescaped(value)]);
    else if (quoted !== undefined) pairs.push([METRIC_NAME, unescaped(quoted)]);
    else throw new ExpositionError(`label ${JSON.stringify(match[1])} has no value`, 1, at + 1);
    at = PAIR.lastIndex;
    if (match[4] === '}') return;
  }
}
