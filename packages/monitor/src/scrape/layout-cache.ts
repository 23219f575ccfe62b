/**
 * The layout cache: reads a target's body by comparing it with an earlier one.
 *
 * A service exposes the same lines again and again, and only the values change. So the cache remembers one body,
 * cut at its values: what stands before a value (the rest of comments and the series text) is its prefix.
 *
 * ```
 * # TYPE jobs_total counter\njobs_total{kind="mail"} 17\njobs_total{kind="image"} 4\n# end
 * |_____________ prefix 0 ____________________________|  |_______ prefix 1 _______|  |tail|
 * ```
 *
 * 1. For each prefix in turn: the new body must have the same bytes at the place reached, then a number, then a
 *    line's end. Only the number is read. At the end the tail must be the same.
 * 2. At the first difference, whatever it is, the body is read by the parser from its beginning; each series
 *    text is looked up in a map of the last body's texts, and only new ones are decoded. The body is learned.
 *
 * It is exact: every byte is compared. Unchanged layouts cost 74 ns a sample against 434 for the map of series
 * texts and 1,371 for ordinary parsing (prototypes; `bench/ingest.mjs` measures this one). A body with
 * timestamps or unusual line ends always takes way 2.
 */
import { parseNumber, parseSeriesText, parseText } from '@binnacle/metrics/exposition';
import { Labels, type Metadata, type MetricType } from '@binnacle/metrics/model';

/** What a body says. Valid until the next call of `read`. */
export interface ParsedBody {
  /** The series of each sample line, in the body's order. The same array as long as the lines are the same. */
  readonly series: readonly Labels[];
  /** By line. */
  readonly values: Float64Array;
  /** By line, NaN where the line has none; undefined when no line has any. */
  readonly timestamps: Float64Array | undefined;
  /** By family. The same map as long as the lines are the same. */
  readonly metadata: ReadonlyMap<string, Metadata>;
}

/** Strings of series that are gone are forgotten when there are so many beyond four for each series. */
const STRINGS_SPARE = 10_000;

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);

/** Reads the bodies of one target. */
export class LayoutCache {
  readonly #labelsOf: (exposed: Labels) => Labels;
  /** By series text, as Latin-1 of its bytes. */
  #known = new Map<string, Labels>();
  /** Each name and value once: what label sets are made of. */
  readonly #strings = new Map<string, string>();
  #series: readonly Labels[] = [];
  #metadata: ReadonlyMap<string, Metadata> = new Map();
  #values = new Float64Array(0);
  /** The body that was learned; undefined when there is none to compare with. */
  #learned: DataView | undefined;
  /** Prefix `i` of the learned body is at `#prefixes[2 * i]`, up to `#prefixes[2 * i + 1]`. */
  #prefixes = new Int32Array(0);
  #tailStart = 0;

  /** `labelsOf` turns what the target exposes into what is stored; it is asked once for each new series. */
  constructor(labelsOf: (exposed: Labels) => Labels) {
    this.#labelsOf = labelsOf;
  }

  /**
   * Reads a body.
   * @throws ExpositionError when it is not in the format; the cache is as before
   */
  read(body: Uint8Array): ParsedBody {
    if (this.#learned !== undefined && this.#compare(body, this.#learned)) {
      return {
        series: this.#series,
        values: this.#values,
        timestamps: undefined,
        metadata: this.#metadata,
      };
    }
    return this.#learn(body);
  }

  /** The label set over strings that other label sets have too: a service repeats them in every line. */
  #share(labels: Labels): Labels {
    return Labels.fromFlat(
      labels.flat().map((text) => {
        const known = this.#strings.get(text);
        if (known === undefined) this.#strings.set(text, text);
        return known ?? text;
      }),
    );
  }

  #compare(body: Uint8Array, learned: DataView): boolean {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const end = compareBody(body, view, learned, this.#prefixes, this.#values);
    const tail = learned.byteLength - this.#tailStart;
    return end >= 0 && body.length - end === tail && sameBytes(view, end, learned, this.#tailStart, tail);
  }

  #learn(body: Uint8Array): ParsedBody {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const known = new Map<string, Labels>();
    const series: Labels[] = [];
    const values: number[] = [];
    const timestamps: number[] = [];
    const prefixes: number[] = [];
    const families = new Map<string, { type: MetricType; help: string; unit: string }>();
    let timed = false;
    let at = 0;
    parseText(body, {
      family: (name, field, value) => {
        const family = families.get(name) ?? { type: 'unknown', help: '', unit: '' };
        if (field === 'type') family.type = typeOf(value);
        else family.help = value;
        families.set(name, family);
      },
      sample: (_, start, end, value, timestampMs) => {
        const text = bytes.toString('latin1', start, end);
        let labels = known.get(text) ?? this.#known.get(text);
        labels ??= this.#share(this.#labelsOf(parseSeriesText(bytes.toString('utf8', start, end))));
        known.set(text, labels);
        series.push(labels);
        values.push(value);
        timestamps.push(timestampMs);
        timed ||= !Number.isNaN(timestampMs);
        let valueStart = end;
        while (body[valueStart] === SPACE || body[valueStart] === TAB) valueStart++;
        prefixes.push(at, valueStart);
        const lineEnd = body.indexOf(NEWLINE, valueStart);
        at = lineEnd < 0 ? body.length : lineEnd + 1;
      },
    });
    this.#known = known;
    if (this.#strings.size > 4 * known.size + STRINGS_SPARE) this.#strings.clear();
    this.#metadata = families;
    const same = series.length === this.#series.length && series.every((s, i) => s === this.#series[i]);
    if (!same) this.#series = series;
    this.#values = Float64Array.from(values);
    this.#prefixes = Int32Array.from(prefixes);
    this.#tailStart = at;
    // A copy: the caller reads the next body into the same memory.
    const copy = body.slice();
    this.#learned = timed ? undefined : new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
    return {
      series: this.#series,
      values: this.#values,
      timestamps: timed ? Float64Array.from(timestamps) : undefined,
      metadata: families,
    };
  }
}

/**
 * Compares all prefixes and reads the values between them. Returns the position after the last value's line, or
 * -1 at the first difference. A loop over primitives, so that it is compiled once.
 */
function compareBody(
  body: Uint8Array,
  view: DataView,
  learned: DataView,
  prefixes: Int32Array,
  values: Float64Array,
): number {
  const end = body.length;
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    const prefixStart = prefixes[2 * i]!;
    const length = prefixes[2 * i + 1]! - prefixStart;
    if (at + length >= end || !sameBytes(view, at, learned, prefixStart, length)) return -1;
    const start = at + length;
    at = start;
    // The common number: an optional minus, at most 15 digits, perhaps with a point.
    const negative = body[at] === MINUS;
    if (negative) at++;
    const digitsStart = at;
    let mantissa = 0;
    let digit = at < end ? body[at]! - ZERO : -1;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = ++at < end ? body[at]! - ZERO : -1;
    }
    let digits = at - digitsStart;
    let decimals = 0;
    if (digit === POINT - ZERO) {
      const pointAt = at;
      digit = ++at < end ? body[at]! - ZERO : -1;
      while (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digit = ++at < end ? body[at]! - ZERO : -1;
      }
      decimals = at - pointAt - 1;
      digits += decimals;
    }
    if (at < end && body[at] === NEWLINE && digits > 0 && digits <= 15) {
      const value = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!;
      values[i] = negative ? -value : value;
    } else {
      while (at < end && body[at] !== NEWLINE) at++;
      const value = parseNumber(body, start, at);
      if (value === undefined) return -1;
      values[i] = value;
    }
    at++;
  }
  return Math.min(at, end);
}

/** Four bytes at a time: the fastest of those tried (D3 beside `Buffer.compare` and single bytes). */
function sameBytes(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  const words = length & ~3;
  let i = 0;
  for (; i < words; i += 4) if (a.getInt32(aStart + i) !== b.getInt32(bStart + i)) return false;
  for (; i < length; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
  return true;
}

function typeOf(text: string): MetricType {
  switch (text) {
    case 'counter':
    case 'gauge':
    case 'histogram':
    case 'summary':
    case 'info':
    case 'stateset':
      return text;
    default:
      return 'unknown';
  }
}
