/** Aggregations: `sum(x)`, and `sum(x).by('job')`, `sum(x).without('instance')`. */
import type { AggregationOp, Expr } from '../ast.ts';
import { labelNames } from './conditions.ts';
import { aggregationNode, stringNode } from './node.ts';
import {
  type AnyVector,
  type NumberLike,
  nodeOfNumber,
  nodeOfVector,
  type Sample,
  Vector,
} from './vector.ts';

/** What is aggregated, and how. */
interface Parts {
  readonly op: AggregationOp;
  readonly expr: Expr;
  readonly param?: Expr | undefined;
}

function grouped({ op, expr, param }: Parts, labels: readonly string[], without: boolean): Expr {
  return aggregationNode(op, expr, param, labelNames(op, labels), without);
}

/** An aggregation over everything; `by` and `without` say what is kept apart. `Added` is a label that it makes. */
export class Aggregation<
  N extends string,
  S extends Sample = 'float',
  Added extends string = never,
> extends Vector<Added, S> {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super(grouped(parts, [], false));
    this.#parts = parts;
  }

  /** One result for each set of values of these labels, which are all that is left. */
  by<K extends N = never>(...labels: readonly K[]): Vector<K | Added, S> {
    return new Vector(grouped(this.#parts, labels, false));
  }

  /** These labels go, the others stay. */
  without<K extends N = never>(...labels: readonly K[]): Vector<Exclude<N, K> | Added, S> {
    return new Vector(grouped(this.#parts, labels, true));
  }
}

/** Some of the series with all their labels; `by` and `without` say among which each choice is made. */
export class Choice<N extends string, S extends Sample = 'float'> extends Vector<N, S> {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super(grouped(parts, [], false));
    this.#parts = parts;
  }

  /** A choice among the series that have the same values of these labels. */
  by(...labels: readonly N[]): Vector<N, S> {
    return new Vector(grouped(this.#parts, labels, false));
  }

  /** A choice among the series that have the same values of all other labels. */
  without(...labels: readonly N[]): Vector<N, S> {
    return new Vector(grouped(this.#parts, labels, true));
  }
}

function parts(op: AggregationOp, vector: AnyVector, param?: Expr): Parts {
  return { op, expr: nodeOfVector(op, vector), param };
}

function ofFloats(op: AggregationOp) {
  return <N extends string>(vector: Vector<N>): Aggregation<N> => new Aggregation(parts(op, vector));
}

function ofSamples(op: AggregationOp) {
  return <N extends string, S extends Sample>(vector: Vector<N, S>): Aggregation<N, S> =>
    new Aggregation(parts(op, vector));
}

function counting(op: AggregationOp) {
  return <N extends string, S extends Sample>(vector: Vector<N, S>): Aggregation<N> =>
    new Aggregation(parts(op, vector));
}

function choosing(op: AggregationOp) {
  return <N extends string>(k: NumberLike, vector: Vector<N>): Choice<N> =>
    new Choice(parts(op, vector, nodeOfNumber(k)));
}

function sampling(op: AggregationOp) {
  return <N extends string, S extends Sample>(k: NumberLike, vector: Vector<N, S>): Choice<N, S> =>
    new Choice(parts(op, vector, nodeOfNumber(k)));
}

/** The sum, also of native histograms. */
export const sum = ofSamples('sum');
/** The mean, also of native histograms. */
export const avg = ofSamples('avg');
/** The least value. */
export const min = ofFloats('min');
/** The greatest value. */
export const max = ofFloats('max');
/** The standard deviation over series. */
export const stddev = ofFloats('stddev');
/** The variance over series. */
export const stdvar = ofFloats('stdvar');
/** How many series there are. */
export const count = counting('count');
/** 1 for each group that there is. */
export const group = counting('group');
/** The `k` greatest series, with all their labels. */
export const topk = choosing('topk');
/** The `k` least series, with all their labels. */
export const bottomk = choosing('bottomk');
/** Any `k` series, the same ones each time. Experimental: the engine must be asked for it. */
export const limitk = sampling('limitk');
/** A share of all series, the same ones each time; a negative one takes the others. Experimental. */
export const limitRatio = sampling('limit_ratio');

/** The quantile over series, from 0 to 1. */
export function quantile<N extends string>(q: NumberLike, vector: Vector<N>): Aggregation<N> {
  return new Aggregation(parts('quantile', vector, nodeOfNumber(q)));
}

/** How many series have each value, which becomes a label. */
export function countValues<N extends string, S extends Sample, const L extends string>(
  label: L,
  vector: Vector<N, S>,
): Aggregation<N, 'float', L> {
  const [name] = labelNames('count_values', [label]);
  return new Aggregation(parts('count_values', vector, stringNode(name!)));
}
