/**
 * What the builder's functions take and give: queries that know, for the compiler, which labels their series have.
 *
 * A query keeps the nodes that it is made of. Its text is printed when it is asked for; `expr` is the tree that the
 * text parses to, the same nodes with positions in that text. Nothing downstream can tell a built query from a
 * written one.
 */
import { type Expr, type SubqueryExpr, type VectorSelector, walk } from '../ast.ts';
import { valueType } from '../check.ts';
import { parse } from '../parser.ts';
import { printExpr } from '../printer.ts';
import {
  type Duration,
  type EvaluationTime,
  pinned,
  type RangeLength,
  rangeParts,
  shifted,
} from './duration.ts';
import { NODE, numberNode, subqueryNode } from './node.ts';

/** What the samples of a vector are: numbers or native histograms. */
export type Sample = 'float' | 'histogram';

/** Where the values of a range come from, which decides what may be asked of it. */
export type SeriesKind = 'counter' | 'gauge' | 'histogram' | 'unknown' | 'computed';

/** Only for the compiler: labels and samples of two vectors are compared exactly. `string` is labels not known. */
export interface Has<N extends string, S extends Sample> {
  readonly labels: (name: N) => N;
  readonly samples: (sample: S) => S;
}

/** Under which a query has {@link Has}; never there. */
declare const HAS: unique symbol;
/** Under which a query has its {@link SeriesKind}; never there. */
export declare const OF: unique symbol;

/** A query with its tree. */
abstract class Query {
  readonly [NODE]: Expr;
  #text: string | undefined;
  #expr: Expr | undefined;

  constructor(node: Expr) {
    this[NODE] = node;
  }

  /**
   * The syntax tree; its positions are offsets into {@link toString}.
   * @throws TypeError when only a dashboard can fill in a range of the query
   */
  get expr(): Expr {
    if (this.#expr === undefined) {
      const placeholder = placeholderIn(this[NODE]);
      if (placeholder !== undefined)
        throw new TypeError(
          `only a dashboard can fill in ${placeholder}, and this query is asked elsewhere: give a duration such as "5m" in ${this}`,
        );
      this.#expr = parse(this.toString(), { experimental: true });
    }
    return this.#expr;
  }

  /** The query as PromQL, with the fewest parentheses. */
  toString(): string {
    this.#text ??= printExpr(this[NODE]);
    return this.#text;
  }
}

/** The first range of a query that waits for a dashboard. */
function placeholderIn(node: Expr): string | undefined {
  let found: string | undefined;
  walk(node, (part) => {
    if (part.type === 'matrixSelector') found ??= part.rangePlaceholder;
    if (part.type === 'subquery') found ??= part.rangePlaceholder ?? part.stepPlaceholder;
  });
  return found;
}

/** A number that may change over time: `time()`, `scalar(x)`. */
export class Scalar extends Query {
  readonly kind = 'scalar';
}

/** An instant vector whose series have the labels `N`. */
export class Vector<N extends string, S extends Sample = 'float'> extends Query {
  readonly kind = 'vector';
  declare readonly [HAS]: Has<N, S>;
}

/** A vector asked again and again over a range. */
export class Range<N extends string, K extends SeriesKind, S extends Sample> extends Query {
  declare readonly [NODE]: SubqueryExpr;
  readonly kind = 'range';
  declare readonly [HAS]: Has<N, S>;
  declare readonly [OF]: K;

  /** As it was so long ago; `-5m` is five minutes later. */
  offset(duration: Duration): Range<N, K, S> {
    return new Range(shifted('the subquery', this[NODE], duration));
  }

  /** As it is at one time. */
  at(time: EvaluationTime): Range<N, K, S> {
    return new Range(pinned('the subquery', this[NODE], time));
  }
}

/** Any instant vector. */
export interface AnyVector {
  readonly kind: 'vector';
  readonly [NODE]: Expr;
}

/** Any subquery. */
export interface AnyRange {
  readonly kind: 'range';
  readonly [NODE]: SubqueryExpr;
}

/** Any selector: an instant vector that can have a range. */
export interface AnySelector {
  readonly kind: 'vector';
  readonly [NODE]: VectorSelector;
}

/** Only for the compiler: that the values of a query come from `K`. */
export interface Of<K extends SeriesKind> {
  readonly [OF]: K;
}

/** Where the values of a query come from. */
export type KindOf<Q> = Q extends (AnySelector | AnyRange) & Of<infer K extends SeriesKind> ? K : 'computed';

/** The labels that the series of a query have. */
export type LabelsOf<Q> = Q extends { readonly [HAS]: Has<infer N extends string, infer _ extends Sample> }
  ? N
  : never;

/** What the samples of a query are. */
export type SampleOf<Q> = Q extends { readonly [HAS]: Has<infer _ extends string, infer S extends Sample> }
  ? S
  : never;

/** What stands where a number is wanted. */
export type NumberLike = number | Scalar;

/** The node of a number. */
export function nodeOfNumber(value: NumberLike): Expr {
  if (typeof value === 'number') return numberNode(value);
  if (value instanceof Scalar) return value[NODE];
  throw new TypeError(`a number or a scalar as time() is needed, not ${String(value)}`);
}

/** The node of an instant vector; whoever works without types is told what is missing. */
export function nodeOfVector(where: string, vector: AnyVector): Expr {
  if (vector instanceof Vector) return vector[NODE];
  throw new TypeError(`${where} needs an instant vector, as select(metric) is one, not ${String(vector)}`);
}

/** A vector asked again and again over a range; the step is the engine's where it is left out. */
export function subquery<Q extends AnyVector>(
  vector: Q,
  range: RangeLength,
  step?: RangeLength,
): Range<LabelsOf<Q>, KindOf<Q>, SampleOf<Q>> {
  const steps = step === undefined ? { ms: 0 } : rangeParts('step of a subquery', step);
  return new Range(
    subqueryNode(nodeOfVector('subquery', vector), rangeParts('range of a subquery', range), steps),
  );
}

/**
 * A query that the builder has no words for, with the labels that its series have: `promql<'job'>('up == 0')`. Where
 * they are not given they are not known, and no label is refused.
 * @throws ParseError, TypeError when it is no instant vector
 */
export function promql<N extends string = string, S extends Sample = 'float'>(text: string): Vector<N, S> {
  const node = parse(text, { experimental: true });
  if (valueType(node) === 'vector') return new Vector(node);
  throw new TypeError(`promql(${JSON.stringify(text)}) must be an instant vector`);
}
