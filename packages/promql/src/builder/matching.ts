/**
 * How the series of two vectors find each other: `div(a, b).on('job').groupLeft('version')`.
 *
 * Without a word, all labels must be equal. Where the sides are known to have other labels that can never be, and
 * the operation is no query until `on` or `ignoring` says which labels match.
 */
import type { BinaryOp, Expr } from '../ast.ts';
import { labelNames } from './conditions.ts';
import { binaryNode, type MatchingParts } from './node.ts';
import { type Sample, Vector } from './vector.ts';

/** An operation whose sides have other labels; `Why` says which. */
export interface Undecided<A extends string, B extends string, S extends Sample, Why> {
  /** Why this is no vector yet. */
  readonly kind: Why;
  /** Series with the same values of these labels match. */
  on<K extends A & B = never>(...labels: readonly K[]): Grouped<A, B, K, K, S>;
  /** Series with the same values of all other labels match. */
  ignoring<K extends A | B = never>(...labels: readonly K[]): Grouped<A, B, never, Exclude<A, K>, S>;
}

/** A comparison whose sides have other labels; `Why` says which. */
export interface UndecidedComparison<A extends string, B extends string, S extends Sample, Why>
  extends Undecided<A, B, S, Why> {
  /** 0 or 1 instead of leaving series out. */
  bool(): Undecided<A, B, 'float', Why>;
}

/** A set operation whose sides have other labels; `Why` says which. */
export interface UndecidedSet<A extends string, B extends string, S extends Sample, Why> {
  /** Why this is no vector yet. */
  readonly kind: Why;
  /** Series with the same values of these labels match. */
  on<K extends A & B = never>(...labels: readonly K[]): Vector<A, S>;
  /** Series with the same values of all other labels match. */
  ignoring<K extends A | B = never>(...labels: readonly K[]): Vector<A, S>;
}

/** An operation between two vectors. */
interface Operation {
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool?: boolean;
  readonly matching?: MatchingParts;
}

function nodeOf({ op, left, right, bool = false, matching = {} }: Operation): Expr {
  return binaryNode(op, left, right, matching, bool);
}

function matched(operation: Operation, on: boolean, labels: readonly string[]): Operation {
  const names = labelNames(`${operation.op} ${on ? 'on' : 'ignoring'}`, labels);
  return { ...operation, matching: { ...operation.matching, on, labels: names } };
}

/** An operation between vectors whose series match by all their labels, which can be changed. */
export class Matched<A extends string, B extends string, S extends Sample> extends Vector<A, S> {
  protected readonly operation: Operation;

  constructor(operation: Operation) {
    super(nodeOf(operation));
    this.operation = operation;
  }

  /** Series with the same values of these labels match. */
  on<K extends A & B = never>(...labels: readonly K[]): Grouped<A, B, K, K, S> {
    return new Grouped(matched(this.operation, true, labels));
  }

  /** Series with the same values of all other labels match. */
  ignoring<K extends A | B = never>(...labels: readonly K[]): Grouped<A, B, never, Exclude<A, K>, S> {
    return new Grouped(matched(this.operation, false, labels));
  }
}

/** A comparison of two vectors. */
export class Compared<A extends string, B extends string, S extends Sample> extends Matched<A, B, S> {
  /** 0 or 1 instead of leaving series out; said before `on` and `ignoring`, as in PromQL. */
  bool(): Matched<A, B, 'float'> {
    return new Matched({ ...this.operation, bool: true });
  }
}

/** A comparison of a vector and a number. */
export class Filtered<N extends string, S extends Sample> extends Vector<N, S> {
  readonly #operation: Operation;

  constructor(operation: Operation) {
    super(binaryNode(operation.op, operation.left, operation.right, undefined));
    this.#operation = operation;
  }

  /** 0 or 1 instead of leaving series out. */
  bool(): Vector<N> {
    const { op, left, right } = this.#operation;
    return new Vector(binaryNode(op, left, right, undefined, true));
  }
}

/** A matching by `On`, that may have several series on one side; `N` is what the series are left with. */
export class Grouped<
  A extends string,
  B extends string,
  On extends string,
  N extends string,
  S extends Sample,
> extends Vector<N, S> {
  readonly #operation: Operation;

  constructor(operation: Operation) {
    super(nodeOf(operation));
    this.#operation = operation;
  }

  /** Many series on the left match one on the right, from which they take `labels`. */
  groupLeft<K extends Exclude<B, On> = never>(...labels: readonly K[]): Vector<A | K, S> {
    return this.#group('many-to-one', labels);
  }

  /** Many series on the right match one on the left, from which they take `labels`. */
  groupRight<K extends Exclude<A, On> = never>(...labels: readonly K[]): Vector<B | K, S> {
    return this.#group('one-to-many', labels);
  }

  #group<R extends string>(card: 'many-to-one' | 'one-to-many', labels: readonly string[]): Vector<R, S> {
    const { op, matching } = this.#operation;
    const group = card === 'many-to-one' ? 'group_left' : 'group_right';
    const include = labelNames(`${op} ${group}`, labels);
    const twice = matching?.on ? include.find((label) => matching.labels?.includes(label)) : undefined;
    if (twice !== undefined)
      throw new TypeError(`${op} ${group}: the label ${twice} matches already and cannot be taken`);
    return new Vector(nodeOf({ ...this.#operation, matching: { ...matching, card, include } }));
  }
}

/** A set operation; `N` is what its series have. */
export class SetOperation<
  A extends string,
  B extends string,
  N extends string,
  S extends Sample,
> extends Vector<N, S> {
  readonly #operation: Operation;

  constructor(operation: Operation) {
    super(nodeOf({ ...operation, matching: MANY }));
    this.#operation = { ...operation, matching: MANY };
  }

  /** Series with the same values of these labels match. */
  on<K extends A & B = never>(...labels: readonly K[]): Vector<N, S> {
    return new Vector(nodeOf(matched(this.#operation, true, labels)));
  }

  /** Series with the same values of all other labels match. */
  ignoring<K extends A | B = never>(...labels: readonly K[]): Vector<N, S> {
    return new Vector(nodeOf(matched(this.#operation, false, labels)));
  }
}

const MANY: MatchingParts = { card: 'many-to-many' };
