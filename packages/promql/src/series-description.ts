/**
 * Series in the notation of Prometheus's rule tests: `metric{label="value"} 1 2+3x4 _ stale`.
 *
 * `a+bxn` stands for `a`, `a+b`, ... `a+n*b`; `axn` for `n+1` times `a`; `_` for no sample, `_xn` for `n` of them.
 */
import { Labels } from '@binnacle/metrics/model';
import { parseNumber } from './number.ts';
import { ParseError } from './parse-error.ts';
import { parseMetricSelector } from './parser.ts';

/** A sample, a staleness marker, or nothing. */
export type SequenceValue = number | 'stale' | undefined;

/** A series and its values, one per interval. */
export interface SeriesDescription {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

const NUMBER = String.raw`[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF]|[nN][aA][nN])`;
const ITEM = new RegExp(
  `^(${NUMBER})(?:([+-])((?:(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)|[iI][nN][fF]|[nN][aA][nN]))?(?:x(\\d+))?$`,
);

/**
 * Reads a series description. Native histograms (`{{...}}`) are not understood yet.
 * @throws ParseError
 */
export function parseSeriesDescription(text: string): SeriesDescription {
  const split = endOfMetric(text);
  const labels = parseLabels(text.slice(0, split));
  const values: SequenceValue[] = [];
  for (const item of text.slice(split).trim().split(/\s+/)) {
    if (item === '') continue;
    const repeated = /^(_|stale)(?:x(\d+))?$/.exec(item);
    if (repeated !== null) {
      const gap = repeated[1] === '_';
      const times = repeated[2] === undefined ? 1 : Number(repeated[2]) + (gap ? 0 : 1);
      for (let i = 0; i < times; i++) values.push(gap ? undefined : 'stale');
      continue;
    }
    const match = ITEM.exec(item);
    if (match === null) {
      const start = text.indexOf(item, split);
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
  return { labels, values };
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

function signedNumber(text: string): number {
  if (text.startsWith('-')) return -parseNumber(text.slice(1));
  return parseNumber(text.startsWith('+') ? text.slice(1) : text);
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
