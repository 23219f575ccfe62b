/**
 * What the builder's functions take and give: queries that know, for the compiler, which labels their series have.
 *
 * A query is made from text, which is parsed at once, printed and parsed again: `expr` is the tree that the parser
 * gives for `toString()`, and its positions are offsets into that text. Nothing downstream can tell a built query
 * from a written one, and every rule of the language is checked where the query is built.
 */
import type { Expr } from '../ast.ts';
import { valueType } from '../check.ts';
import { parseDuration } from '../duration.ts';
import { parse } from '../parser.ts';
import { printExpr } from '../printer.ts';

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'y';

/** A duration as PromQL writes it: `5m`, `1h30m`. */
export type Duration = `${number}${Unit}` | `${number}${Unit}${number}${Unit}`;

/** What the samples of a vector are: numbers or native histograms. */
export type Sample = 'float' | 'histogram';

/** A query with its tree. */
abstract class Query {
  /** The syntax tree; its positions are offsets into {@link toString}. */
  readonly expr: Expr;
  readonly #text: string;

  /** @throws ParseError when the text is no query */
  constructor(text: string) {
    this.#text = printExpr(parse(text));
    this.expr = parse(this.#text);
  }

  /** The query as PromQL. */
  toString(): string {
    return this.#text;
  }
}

/** A number that may change over time: `time()`, `scalar(x)`. */
export class Scalar extends Query {
  readonly kind = 'scalar';
}

/** An instant vector whose series have the labels `N`. */
export class Vector<N extends string, S extends Sample = 'float'> extends Query {
  readonly kind = 'vector';
  /** Never there, and only for the compiler: `N` and `S` of two vectors are compared exactly. */
  readonly has?: (labels: N, samples: S) => [N, S];
}

/** A range vector whose series have the labels `N`: a subquery. */
export class Range<N extends string> {
  readonly kind = 'range';
  /** Never there, and only for the compiler. */
  readonly has?: (labels: N) => N;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What stands where a number is wanted. */
export type NumberLike = number | Scalar;

/** An operand as text, in parentheses where an operator beside it would tear it apart. */
export function operandText(operand: NumberLike | Vector<never, Sample> | { readonly expr: Expr }): string {
  if (typeof operand === 'number') return numberText(operand);
  const { type } = operand.expr;
  return type === 'binaryExpr' || type === 'unaryExpr' ? `(${operand})` : String(operand);
}

/** A number as text. */
export function numberText(value: NumberLike): string {
  if (typeof value !== 'number') return String(value);
  if (value === Number.POSITIVE_INFINITY) return 'Inf';
  return String(value).replace('Infinity', 'Inf');
}

/**
 * A duration, checked.
 * @throws RangeError with where it stands and its text
 */
export function durationText(where: string, text: Duration): string {
  try {
    if (parseDuration(text) > 0) return text;
  } catch (error) {
    throw new RangeError(`${where}: ${error instanceof Error ? error.message : error}`);
  }
  throw new RangeError(`${where}: duration must be greater than 0, not ${JSON.stringify(text)}`);
}

/**
 * A query that the builder has no words for, with the labels that its series have.
 * @throws ParseError
 */
export function promql<N extends string = never>(text: string): Vector<N> {
  const query = new Vector<N>(text);
  if (valueType(query.expr) !== 'vector')
    throw new TypeError(`promql(${JSON.stringify(text)}) must be an instant vector`);
  return query;
}
