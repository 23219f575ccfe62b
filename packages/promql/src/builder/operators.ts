/** Arithmetic, comparison and set operators: `gt(div(a, b), 0.05)`, `and(a, b).on('job')`. */
import type { ArithmeticOp, BinaryOp, ComparisonOp, Expr, SetOp } from '../ast.ts';
import {
  Compared,
  Filtered,
  Matched,
  SetOperation,
  type Undecided,
  type UndecidedComparison,
  type UndecidedSet,
} from './matching.ts';
import { binaryNode, NODE, negativeNode } from './node.ts';
import type { OtherLabels, SameLabels } from './reasons.ts';
import {
  type AnyVector,
  type LabelsOf,
  type NumberLike,
  nodeOfNumber,
  nodeOfVector,
  type Sample,
  type SampleOf,
  Scalar,
  Vector,
} from './vector.ts';

/** What stands beside an operator. */
type Operand = NumberLike | AnyVector;

type SampleOfOperand<Q> = Q extends AnyVector ? SampleOf<Q> : 'float';

/** What an operator makes of two kinds of samples; never where it cannot. */
type Combined<Op extends BinaryOp, A, B> = [A, B] extends ['float', 'float']
  ? 'float'
  : [A, B] extends ['histogram', 'histogram']
    ? Op extends '+' | '-' | '==' | '!='
      ? 'histogram'
      : never
    : [A, B] extends ['histogram', 'float']
      ? Op extends '*' | '/'
        ? 'histogram'
        : never
      : [A, B] extends ['float', 'histogram']
        ? Op extends '*'
          ? 'histogram'
          : never
        : never;

type Result<Op extends BinaryOp, A, B> = Combined<Op, SampleOfOperand<A>, SampleOfOperand<B>>;

/** The right side, or why it cannot stand there. */
type Beside<Op extends BinaryOp, A, B> = [Result<Op, A, B>] extends [never]
  ? `${SampleOfOperand<A>} ${Op} ${SampleOfOperand<B>}: no such operation on native histograms`
  : B;

/** What an arithmetic operator gives. */
type Calculated<Op extends ArithmeticOp, A, B> = A extends AnyVector
  ? B extends AnyVector
    ? SameLabels<LabelsOf<A>, LabelsOf<B>> extends true
      ? Matched<LabelsOf<A>, LabelsOf<B>, Result<Op, A, B>>
      : Undecided<LabelsOf<A>, LabelsOf<B>, Result<Op, A, B>, OtherLabels<LabelsOf<A>, LabelsOf<B>>>
    : Vector<LabelsOf<A>, Result<Op, A, B>>
  : B extends AnyVector
    ? Vector<LabelsOf<B>, Result<Op, A, B>>
    : Scalar;

/** What a comparison gives. */
type Selected<Op extends ComparisonOp, A, B> = A extends AnyVector
  ? B extends AnyVector
    ? SameLabels<LabelsOf<A>, LabelsOf<B>> extends true
      ? Compared<LabelsOf<A>, LabelsOf<B>, Result<Op, A, B>>
      : UndecidedComparison<LabelsOf<A>, LabelsOf<B>, Result<Op, A, B>, OtherLabels<LabelsOf<A>, LabelsOf<B>>>
    : Filtered<LabelsOf<A>, Result<Op, A, B>>
  : B extends AnyVector
    ? Filtered<LabelsOf<B>, Result<Op, A, B>>
    : Scalar;

/** An arithmetic operator. */
export type Arithmetic<Op extends ArithmeticOp> = <A extends Operand, B extends Operand>(
  a: A,
  b: Beside<Op, A, B>,
) => Calculated<Op, A, B>;

/** A comparison; it leaves out the series for which it does not hold. Of two numbers it is 0 or 1. */
export type Comparison<Op extends ComparisonOp> = <A extends Operand, B extends Operand>(
  a: A,
  b: Beside<Op, A, B>,
) => Selected<Op, A, B>;

/** A set operator that can leave everything out or in where labels differ. */
export type SetOperator = <A extends string, S extends Sample, B extends string, R extends Sample>(
  a: Vector<A, S>,
  b: Vector<B, R>,
) => SameLabels<A, B> extends true ? SetOperation<A, B, A, S> : UndecidedSet<A, B, S, OtherLabels<A, B>>;

function isVector(operand: Operand): operand is AnyVector {
  return typeof operand !== 'number' && operand.kind === 'vector';
}

function nodeOf(op: BinaryOp, operand: Operand): Expr {
  if (typeof operand === 'number' || operand instanceof Scalar) return nodeOfNumber(operand);
  return nodeOfVector(op, operand);
}

// The implementations see any operands; the types say which result belongs to which.
function arithmetic<Op extends ArithmeticOp>(op: Op): Arithmetic<Op>;
function arithmetic(op: ArithmeticOp): unknown {
  return (a: Operand, b: Operand) => {
    const [left, right] = [nodeOf(op, a), nodeOf(op, b)];
    if (isVector(a) && isVector(b)) return new Matched({ op, left, right });
    const node = binaryNode(op, left, right, undefined);
    return isVector(a) || isVector(b) ? new Vector(node) : new Scalar(node);
  };
}

function comparison<Op extends ComparisonOp>(op: Op): Comparison<Op>;
function comparison(op: ComparisonOp): unknown {
  return (a: Operand, b: Operand) => {
    const [left, right] = [nodeOf(op, a), nodeOf(op, b)];
    if (isVector(a) && isVector(b)) return new Compared({ op, left, right });
    if (isVector(a) || isVector(b)) return new Filtered({ op, left, right });
    return new Scalar(binaryNode(op, left, right, undefined, true));
  };
}

function setOperator(op: SetOp): SetOperator;
function setOperator(op: SetOp): unknown {
  return (a: AnyVector, b: AnyVector) => setOperation(op, a, b);
}

function setOperation(op: SetOp, a: AnyVector, b: AnyVector): SetOperation<never, never, never, never> {
  return new SetOperation({ op, left: nodeOfVector(op, a), right: nodeOfVector(op, b) });
}

/** `a + b` */
export const add = arithmetic('+');
/** `a - b` */
export const sub = arithmetic('-');
/** `a * b` */
export const mul = arithmetic('*');
/** `a / b` */
export const div = arithmetic('/');
/** `a % b` */
export const mod = arithmetic('%');
/** `a ^ b` */
export const pow = arithmetic('^');
/** `a atan2 b` */
export const atan2 = arithmetic('atan2');

/** `a == b` */
export const eq = comparison('==');
/** `a != b` */
export const ne = comparison('!=');
/** `a > b` */
export const gt = comparison('>');
/** `a >= b` */
export const ge = comparison('>=');
/** `a < b` */
export const lt = comparison('<');
/** `a <= b` */
export const le = comparison('<=');

/** Series of the left side that match one of the right. */
export const and = setOperator('and');
/** Series of the left side that match none of the right. */
export const unless = setOperator('unless');
/** All series of the left side, and those of the right that match none of them. */
export function or<A extends string, S extends Sample, B extends string, R extends Sample>(
  a: Vector<A, S>,
  b: Vector<B, R>,
): SetOperation<A, B, A | B, S | R>;
export function or(a: AnyVector, b: AnyVector): unknown {
  return setOperation('or', a, b);
}

/** `-a` */
export function neg(a: Scalar): Scalar;
export function neg<N extends string, S extends Sample>(a: Vector<N, S>): Vector<N, S>;
export function neg(a: Scalar | AnyVector): unknown {
  return a instanceof Scalar
    ? new Scalar(negativeNode(a[NODE]))
    : new Vector(negativeNode(nodeOfVector('-', a)));
}
