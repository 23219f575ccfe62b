/**
 * Series in the notation of Prometheus's rule tests: `metric{label="value"} 1 2+3x4 _ stale`.
 *
 * `a+bxn` stands for `a`, `a+b`, ... `a+n*b`; `axn` for `n+1` times `a`; `_` for no sample, `_xn` for `n` of them. `a`
 * and `b` are numbers or native histograms (`histogram/literal.ts`).
 */
import { Labels, type NativeHistogram } from '@binnacle/metrics/model';
import { HistogramSum } from './histogram/histogram-sum.ts';
import { parseHistogramLiteral, signedNumber } from './histogram/literal.ts';
import { parseNumber } from './number.ts';
import { ParseError } from './parse-error.ts';
import { parseMetricSelector } from './parser.ts';

/** A sample, a staleness marker, or nothing. */
export type SequenceValue = number | NativeHistogram | 'stale' | undefined;

/** A series and its values, one per interval. */
export interface SeriesDescription {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
  /** The histograms among the values whose text names a counter reset hint. */
  readonly hinted: ReadonlySet<NativeHistogram>;
}

const NUMBER = String.raw`[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN])`;
const ITEM = new RegExp(
  `^(${NUMBER})(?:([+-])((?:(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)|[iI][nN][fF]|[nN][aA][nN]))?(?:x(\\d+))?$`,
);

/** Histograms, which may contain spaces, or anything else without spaces. */
const WORD = /\{\{[^}]*\}\}\S*?(?:\{\{[^}]*\}\}\S*)?(?=\s|$)|\S+/g;
const HISTOGRAM_ITEM = /^(\{\{[^}]*\}\})(?:([+-])(\{\{[^}]*\}\}))?(?:x(\d+))?$/;

/**
 * Reads a series description.
 * @throws ParseError
 */
export function parseSeriesDescription(text: string): SeriesDescription {
  const split = endOfMetric(text);
  const labels = parseLabels(text.slice(0, split));
  const values: SequenceValue[] = [];
  const hinted = new Set<NativeHistogram>();
  for (const { 0: item, index } of text.slice(split).matchAll(WORD)) {
    if (item.startsWith('{{')) {
      try {
        values.push(...histogramSequence(item, hinted));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const start = split + index;
        throw new ParseError(text, [{ message: error.message, start, end: start + item.length }]);
      }
      continue;
    }
    const repeated = /^(_|stale)(?:x(\d+))?$/.exec(item);
    if (repeated !== null) {
      const gap = repeated[1] === '_';
      const times = repeated[2] === undefined ? 1 : Number(repeated[2]) + (gap ? 0 : 1);
      for (let i = 0; i < times; i++) values.push(gap ? undefined : 'stale');
      continue;
    }
    const match = ITEM.exec(item);
    if (match === null) {
      const start = split + index;
      const message = `unexpected ${JSON.stringify(item)} in series values`;
      throw new ParseError(text, [{ message, start, end: start + item.length }]);
    }
    const [, first, sign, increment, times] = match;
    let value = signedNumber(first!);
    const step = increment === undefined ? 0 : parseNumber(increment) * (sign === '-' ? -1 : 1);
    for (let i = 0; i <= Number(times ?? 0); i++) {
      values.push(value);
      if (increment !== undefined) value += step;
    }
  }
  return { labels, values, hinted };
}

/** Reads `metric{label="value"}`. */
export function parseLabels(text: string): Labels {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === '{}') return Labels.EMPTY;
  const pairs = parseMetricSelector(trimmed).map(({ name, op, value }): [string, string] => {
    if (op !== '=') {
      const message = `unexpected ${JSON.stringify(op)} in label set, expected "="`;
      throw new ParseError(text, [{ message, start: 0, end: text.length }]);
    }
    return [name, value];
  });
  // A name in front of the braces comes last and wins.
  const byName = new Map(pairs);
  return Labels.fromPairs(byName);
}

/**
 * The histograms of one item.
 * @throws RangeError
 */
function histogramSequence(item: string, hinted: Set<NativeHistogram>): NativeHistogram[] {
  const match = HISTOGRAM_ITEM.exec(item);
  if (match === null) throw new RangeError(`unexpected ${JSON.stringify(item)} in series values`);
  const [, first, sign, increment, times] = match;
  const start = parseHistogramLiteral(first!);
  const step = increment === undefined ? undefined : parseHistogramLiteral(increment);
  const sequence: NativeHistogram[] = [];
  for (let i = 0, value = start.histogram; i <= Number(times ?? 0); i++) {
    if (i > 0 && step !== undefined) value = next(value, sign === '-' ? -1 : 1, step.histogram);
    sequence.push(value);
  }
  if ((step ?? start).hintGiven) for (const histogram of sequence) hinted.add(histogram);
  return sequence;
}

function next(value: NativeHistogram, sign: 1 | -1, step: NativeHistogram): NativeHistogram {
  if (value.schema > step.schema)
    throw new RangeError(
      `error combining histograms: cannot merge from schema ${step.schema} to ${value.schema}`,
    );
  const sum = new HistogramSum(value);
  if (sum.add(step, sign) === 'incompatible')
    throw new RangeError(
      'error combining histograms: cannot apply this operation on histograms with a mix of exponential and custom bucket schemas',
    );
  return sum.finish();
}

/** Where the labels end: behind the closing brace, or at the first space outside of braces. */
function endOfMetric(text: string): number {
  let quoted = '';
  let open = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted !== '') {
      if (c === '\\' && quoted !== '`') i++;
      else if (c === quoted) quoted = '';
    } else if (open) {
      if (c === '"' || c === "'" || c === '`') quoted = c;
      else if (c === '}') return i + 1;
    } else if (c === '{') open = true;
    else if (/\s/.test(c) && text.slice(0, i).trim() !== '') {
      // `metric {a="b"}` has its braces behind a space.
      if (!/^\s*\{[^{]/.test(text.slice(i))) return i;
    }
  }
  return text.length;
}
