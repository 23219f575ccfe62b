/** Aggregations and the functions of range and instant vectors. */
import type { AggregationOp } from '../ast.ts';
import { quote } from '../quote.ts';
import { labelList } from './operators.ts';
import type { Selector } from './select.ts';
import {
  type Duration,
  durationText,
  type NumberLike,
  numberText,
  Range,
  type Sample,
  Scalar,
  Vector,
} from './vector.ts';

/** An aggregation over everything; `by` and `without` say what is kept apart. */
export class Aggregation<
  N extends string,
  S extends Sample = 'float',
  Added extends string = never,
> extends Vector<Added, S> {
  readonly #op: AggregationOp;
  readonly #args: string;

  constructor(op: AggregationOp, args: string) {
    super(`${op}(${args})`);
    this.#op = op;
    this.#args = args;
  }

  /** One result for each set of values of these labels, which are all that is left. */
  by<K extends N>(...labels: readonly K[]): Vector<K | Added, S> {
    return new Vector(`${this.#op} by (${labelList(labels)}) (${this.#args})`);
  }

  /** These labels go, the others stay. */
  without<K extends N>(...labels: readonly K[]): Vector<Exclude<N, K> | Added, S> {
    return new Vector(`${this.#op} without (${labelList(labels)}) (${this.#args})`);
  }
}

function fold(op: AggregationOp) {
  return <N extends string>(vector: Vector<N>): Aggregation<N> => new Aggregation(op, `${vector}`);
}

/** `sum`, also of native histograms. */
export function sum<N extends string, S extends Sample>(vector: Vector<N, S>): Aggregation<N, S> {
  return new Aggregation('sum', `${vector}`);
}
/** `avg` */
export const avg = fold('avg');
/** `min` */
export const min = fold('min');
/** `max` */
export const max = fold('max');
/** `count` */
export const count = fold('count');
/** `quantile` over series. */
export function quantile<N extends string>(q: NumberLike, vector: Vector<N>): Aggregation<N> {
  return new Aggregation('quantile', `${numberText(q)}, ${vector}`);
}
/** The `k` greatest series, with all their labels. */
export function topk<N extends string>(k: NumberLike, vector: Vector<N>): Vector<N> {
  return new Vector(`topk(${numberText(k)}, ${vector})`);
}
/** The `k` least series, with all their labels. */
export function bottomk<N extends string>(k: NumberLike, vector: Vector<N>): Vector<N> {
  return new Vector(`bottomk(${numberText(k)}, ${vector})`);
}
/** How many series have each value, which becomes a label. */
export function countValues<N extends string, const L extends string>(
  label: L,
  vector: Vector<N>,
): Aggregation<N, 'float', L> {
  return new Aggregation('count_values', `${quote(label)}, ${vector}`);
}

function ofCounter(name: string) {
  return <N extends string, K extends 'counter' | 'histogram', S extends Sample>(
    counter: Selector<N, K, S>,
    range: Duration,
  ): Vector<N, S> => new Vector(`${name}(${counter.range(name, range)})`);
}
/** How fast a counter grows, per second. */
export const rate = ofCounter('rate');
/** How much a counter has grown. */
export const increase = ofCounter('increase');
/** How fast a counter grew between its last two samples. */
export const irate = ofCounter('irate');

function ofGauge(name: string) {
  return <N extends string>(gauge: Selector<N, 'gauge'> | Range<N>, range?: Duration): Vector<N> =>
    new Vector(`${name}(${gauge instanceof Range ? gauge.text : gauge.range(name, range ?? missing(name))})`);
}
function missing(name: string): never {
  throw new TypeError(`${name} of a selector needs a range, as in ${name}(select(metric), "5m")`);
}
/** How much a gauge has changed. */
export const delta = ofGauge('delta');
/** How fast a gauge changes, per second, by linear regression. */
export const deriv = ofGauge('deriv');
/** `avg_over_time` */
export const avgOverTime = ofGauge('avg_over_time');
/** `max_over_time` */
export const maxOverTime = ofGauge('max_over_time');
/** `min_over_time` */
export const minOverTime = ofGauge('min_over_time');

/** A vector asked again and again over a range; the step is the engine's where it is left out. */
export function subquery<N extends string>(vector: Vector<N>, range: Duration, step?: Duration): Range<N> {
  const every = step === undefined ? '' : durationText('subquery step', step);
  return new Range(`(${vector})[${durationText('subquery range', range)}:${every}]`);
}

/** A quantile of native histograms, or of classic buckets that still have `le`. */
export function histogramQuantile<N extends string, S extends Sample>(
  q: NumberLike,
  vector: Vector<N, S> &
    (S extends 'histogram'
      ? unknown
      : 'le' extends N
        ? unknown
        : { error: 'histogramQuantile needs the label le: keep it with .by("le")' }),
): Vector<Exclude<N, 'le'>> {
  return new Vector(`histogram_quantile(${numberText(q)}, ${vector})`);
}

/** 1 where the vector is empty. */
export function absent(vector: Vector<string> | Vector<never> | { readonly kind: 'vector' }): Vector<never> {
  return new Vector(`absent(${vector})`);
}
/** The evaluation time in seconds. */
export function time(): Scalar {
  return new Scalar('time()');
}
/** The only series of a vector as a number. */
export function scalar(vector: { readonly kind: 'vector' }): Scalar {
  return new Scalar(`scalar(${vector})`);
}
/** A number as a series without labels. */
export function vector(value: NumberLike): Vector<never> {
  return new Vector(`vector(${numberText(value)})`);
}

/** Sets a label from what a regular expression finds in another; where it does not match, nothing changes. */
export function labelReplace<N extends string, const L extends string>(
  vector: Vector<N>,
  target: L,
  replacement: string,
  source: N,
  pattern: string,
): Vector<N | L> {
  const strings = [target, replacement, source, pattern].map((text) => quote(text));
  return new Vector(`label_replace(${vector}, ${strings.join(', ')})`);
}
