/** Arithmetic, comparison and set operators; how vectors match is said behind them, as in PromQL. */
import { isClassicLabelName } from '@binnacle/metrics/model';
import type { ArithmeticOp, BinaryOp, ComparisonOp } from '../ast.ts';
import { quote } from '../quote.ts';
import { type NumberLike, operandText, Scalar, Vector } from './vector.ts';

interface Parts {
  readonly left: string;
  readonly op: BinaryOp;
  readonly right: string;
  readonly bool?: string;
  readonly match?: string;
}

/** Label names as PromQL lists them. */
export function labelList(labels: readonly string[]): string {
  return labels.map((name) => (isClassicLabelName(name) ? name : quote(name))).join(', ');
}

/** Two vectors and an operator, whose matching is said: `N` is what the series are left with. */
export class Matched<A extends string, B extends string, N extends string = A> extends Vector<N> {
  protected readonly parts: Parts;

  constructor(parts: Parts) {
    const { left, op, right, bool = '', match = '' } = parts;
    super(`${left} ${op}${bool}${match} ${right}`);
    this.parts = parts;
  }

  /** Series with the same values of these labels match. */
  on<K extends A & B>(...labels: readonly K[]): Grouped<A, B, K> {
    return new Grouped({ ...this.parts, match: ` on (${labelList(labels)})` });
  }

  /** Series with the same values of all other labels match. */
  ignoring<K extends A | B>(...labels: readonly K[]): Grouped<A, B, Exclude<A, K>> {
    return new Grouped({ ...this.parts, match: ` ignoring (${labelList(labels)})` });
  }
}

/** A comparison of two vectors. */
export class Compared<A extends string, B extends string> extends Matched<A, B> {
  /** 0 or 1 instead of leaving series out; said before `on` and `ignoring`, as in PromQL. */
  bool(): Matched<A, B> {
    return new Matched({ ...this.parts, bool: ' bool' });
  }
}

/** A comparison of a vector and a number. */
export class Filtered<N extends string> extends Vector<N> {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    super(`${parts.left} ${parts.op} ${parts.right}`);
    this.#parts = parts;
  }

  /** 0 or 1 instead of leaving series out. */
  bool(): Vector<N> {
    const { left, op, right } = this.#parts;
    return new Vector(`${left} ${op} bool ${right}`);
  }
}

/** A matching that may have several series on one side. */
export class Grouped<A extends string, B extends string, N extends string> extends Vector<N> {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    const { left, op, right, bool = '', match = '' } = parts;
    super(`${left} ${op}${bool}${match} ${right}`);
    this.#parts = parts;
  }

  /** Many series on the left match one on the right, from which they take `labels`. */
  groupLeft<K extends B = never>(...labels: readonly K[]): Vector<A | K> {
    return this.#group('left', labels);
  }

  /** Many series on the right match one on the left, from which they take `labels`. */
  groupRight<K extends A = never>(...labels: readonly K[]): Vector<B | K> {
    return this.#group('right', labels);
  }

  #group<R extends string>(side: string, labels: readonly string[]): Vector<R> {
    const { left, op, right, bool = '', match = '' } = this.#parts;
    return new Vector(`${left} ${op}${bool}${match} group_${side} (${labelList(labels)}) ${right}`);
  }
}

/** An arithmetic operator. */
export interface Arithmetic {
  <A extends string, B extends string>(a: Vector<A>, b: Vector<B>): Matched<A, B>;
  <A extends string>(a: Vector<A>, b: NumberLike): Vector<A>;
  <B extends string>(a: NumberLike, b: Vector<B>): Vector<B>;
  (a: NumberLike, b: NumberLike): Scalar;
}

/** A comparison; it leaves out the series for which it does not hold. */
export interface Comparison {
  <A extends string, B extends string>(a: Vector<A>, b: Vector<B>): Compared<A, B>;
  <A extends string>(a: Vector<A>, b: NumberLike): Filtered<A>;
  <B extends string>(a: NumberLike, b: Vector<B>): Filtered<B>;
}

type Operand = NumberLike | Vector<string>;

function partsOf(a: Operand, op: BinaryOp, b: Operand): Parts {
  const left = operandText(a);
  // A power binds tighter than the sign before it.
  return { left: op === '^' && left.startsWith('-') ? `(${left})` : left, op, right: operandText(b) };
}

// The implementations see one type of operand; the interfaces say which result belongs to which.
function arithmetic(op: ArithmeticOp) {
  return (a: Operand, b: Operand) => {
    const parts = partsOf(a, op, b);
    if (a instanceof Vector && b instanceof Vector) return new Matched<string, string>(parts);
    const text = `${parts.left} ${op} ${parts.right}`;
    return a instanceof Vector || b instanceof Vector ? new Vector<string>(text) : new Scalar(text);
  };
}

function comparison(op: ComparisonOp) {
  return (a: Operand, b: Operand) => {
    const parts = partsOf(a, op, b);
    return a instanceof Vector && b instanceof Vector
      ? new Compared<string, string>(parts)
      : new Filtered<string>(parts);
  };
}

/** `a + b` */
export const add = arithmetic('+') as Arithmetic;
/** `a - b` */
export const sub = arithmetic('-') as Arithmetic;
/** `a * b` */
export const mul = arithmetic('*') as Arithmetic;
/** `a / b` */
export const div = arithmetic('/') as Arithmetic;
/** `a % b` */
export const mod = arithmetic('%') as Arithmetic;
/** `a ^ b` */
export const pow = arithmetic('^') as Arithmetic;
/** `a == b` */
export const eq = comparison('==') as Comparison;
/** `a != b` */
export const ne = comparison('!=') as Comparison;
/** `a > b` */
export const gt = comparison('>') as Comparison;
/** `a >= b` */
export const ge = comparison('>=') as Comparison;
/** `a < b` */
export const lt = comparison('<') as Comparison;
/** `a <= b` */
export const le = comparison('<=') as Comparison;

/** A set operator; its result has the labels of the left side. */
function setOperator(op: 'and' | 'unless') {
  return <A extends string, B extends string>(a: Vector<A>, b: Vector<B>): SetOperation<A, B> =>
    new SetOperation(operandText(a), op, operandText(b));
}

/** `and`, `or`, `unless` of two vectors. */
export class SetOperation<A extends string, B extends string, N extends string = A> extends Vector<N> {
  readonly #parts: readonly [left: string, op: BinaryOp, right: string];

  constructor(left: string, op: BinaryOp, right: string, match = '') {
    super(`${left} ${op}${match} ${right}`);
    this.#parts = [left, op, right];
  }

  /** Series with the same values of these labels match. */
  on<K extends A & B>(...labels: readonly K[]): Vector<N> {
    return new SetOperation<A, B, N>(...this.#parts, ` on (${labelList(labels)})`);
  }

  /** Series with the same values of all other labels match. */
  ignoring<K extends A | B>(...labels: readonly K[]): Vector<N> {
    return new SetOperation<A, B, N>(...this.#parts, ` ignoring (${labelList(labels)})`);
  }
}

/** Series of the left side that match one of the right. */
export const and = setOperator('and');
/** Series of the left side that match none of the right. */
export const unless = setOperator('unless');
/** All series of the left side, and those of the right that match none of them. */
export function or<A extends string, B extends string>(
  a: Vector<A>,
  b: Vector<B>,
): SetOperation<A, B, A | B> {
  return new SetOperation(operandText(a), 'or', operandText(b));
}
