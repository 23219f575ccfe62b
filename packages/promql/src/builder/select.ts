/** Selecting the series of a metric: names and label values come from its definition. */

import { isClassicLabelName } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';
import { quote } from '../quote.ts';
import type { MatchOp } from '../storage.ts';
import { type Duration, durationText, type Sample, Vector } from './vector.ts';

/** What a metric of `@binnacle/metrics` looks like from here. */
interface Removing<V> {
  readonly name: string;
  remove(labels: V): void;
}
/** A counter with the labels `V`. */
export interface CounterLike<V> extends Removing<V> {
  readonly inc: unknown;
  readonly dec?: never;
}
/** A gauge with the labels `V`. */
export interface GaugeLike<V> extends Removing<V> {
  readonly dec: unknown;
}
/** A histogram with the labels `V`. */
export interface HistogramLike<V> extends Removing<V> {
  readonly observe: unknown;
}

/** The labels that scraping adds to every series. */
export type TargetLabel = 'job' | 'instance';

/** What a series is sampled from, which decides what may be asked of it. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** A condition on a label other than equality. */
export interface Condition<V extends string> {
  readonly op: MatchOp;
  readonly value: string;
  /** Never there, and only for the compiler. */
  readonly of?: V;
}

/** Any value but this one: `!=`. */
export function not<const V extends string>(value: V): Condition<V> {
  return { op: '!=', value };
}
/** Values that match the whole regular expression: `=~`. */
export function re(pattern: string): Condition<never> {
  return { op: '=~', value: pattern };
}
/** Values that do not match the regular expression: `!~`. */
export function notRe(pattern: string): Condition<never> {
  return { op: '!~', value: pattern };
}

/** Conditions by label name. */
export type Conditions<V> = {
  readonly [K in keyof V | TargetLabel]?: K extends keyof V
    ? (V[K] & string) | Condition<V[K] & string>
    : string | Condition<string>;
};

type Names<V> = (keyof V & string) | TargetLabel;

/** The series of a metric; `K` says what kind of metric. */
export class Selector<
  N extends string,
  K extends MetricKind,
  S extends Sample = K extends 'histogram' ? 'histogram' : 'float',
> extends Vector<N, S> {
  readonly metric?: K;
  readonly #series: string;
  readonly #modifiers: string;

  constructor(series: string, modifiers = '') {
    super(series + modifiers);
    this.#series = series;
    this.#modifiers = modifiers;
  }

  /** As it was so long ago. */
  offset(duration: Duration): Selector<N, K, S> {
    const text = durationText(`offset of ${this.#series}`, duration);
    return new Selector(this.#series, `${this.#modifiers} offset ${text}`);
  }

  /** As it is at one time, in Unix seconds, or at the query's start or end. */
  at(time: number | 'start' | 'end'): Selector<N, K, S> {
    if (typeof time === 'number' && !Number.isFinite(time))
      throw new RangeError(`at of ${this.#series}: the time must be finite, not ${time}`);
    return new Selector(
      this.#series,
      `${this.#modifiers} @ ${typeof time === 'number' ? time.toFixed(3) : `${time}()`}`,
    );
  }

  /** The text of the range vector. */
  range(where: string, duration: Duration): string {
    return `${this.#series}[${durationText(`${where} of ${this.#series}`, duration)}]${this.#modifiers}`;
  }
}

/** Any metric that can be selected. */
export type MetricLike = CounterLike<never> | GaugeLike<never> | HistogramLike<never>;

type ValuesOf<M> = M extends { remove(labels: infer V): void } ? V : never;
type KindOf<M> = M extends { readonly observe: unknown }
  ? 'histogram'
  : M extends { readonly dec: unknown }
    ? 'gauge'
    : 'counter';

/** The series of a metric, whose labels meet the conditions. A histogram is selected as a native one. */
export function select<M extends MetricLike>(
  metric: M,
  conditions: Conditions<ValuesOf<M>> = {},
): Selector<Names<ValuesOf<M>>, KindOf<M>> {
  return new Selector(seriesText(metric.name, conditions));
}

/** The classic buckets of a histogram: the counters `_bucket`, with the label `le`. */
export function buckets<V>(
  histogram: HistogramLike<V>,
  conditions: Conditions<NoInfer<V> & { le: string }> = {},
): Selector<Names<V> | 'le', 'counter'> {
  return new Selector(seriesText(`${histogram.name}_bucket`, conditions));
}

/** How many values a classic histogram has seen: the counter `_count`. */
export function countOf<V>(
  histogram: HistogramLike<V>,
  conditions: Conditions<NoInfer<V>> = {},
): Selector<Names<V>, 'counter'> {
  return new Selector(seriesText(`${histogram.name}_count`, conditions));
}

/** The sum of the values that a classic histogram has seen: the counter `_sum`. */
export function sumOf<V>(
  histogram: HistogramLike<V>,
  conditions: Conditions<NoInfer<V>> = {},
): Selector<Names<V>, 'counter'> {
  return new Selector(seriesText(`${histogram.name}_sum`, conditions));
}

function seriesText(name: string, conditions: object): string {
  if (name === '') throw new TypeError('select: the metric has no name');
  const matchers = Object.entries(conditions).flatMap(([label, given]: [string, unknown]) => {
    if (given === undefined) return [];
    const { op, value } =
      typeof given === 'string' ? { op: '=', value: given } : (given as Condition<string>);
    if (op === '=~' || op === '!~') checkPattern(`${name}{${label}}`, value);
    return [`${isClassicLabelName(label) ? label : quote(label)}${op}${quote(value)}`];
  });
  const text = matchers.join(',');
  return text === '' ? name : `${name}{${text}}`;
}

function checkPattern(where: string, pattern: string): void {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    throw new TypeError(
      `${where}: ${JSON.stringify(pattern)} is not a regular expression: ${error instanceof Error ? error.message : error}`,
    );
  }
}
