/**
 * The nodes that the builder makes. They have no positions, since there is no text yet; `Query.expr` has.
 *
 * Parentheses are nodes too, and the printer writes only those that it is given. They are put in here, when an operand
 * comes under its operator: where the operand binds weaker, or as strong on the side to which the operator does not
 * associate, and nowhere else. That depends on the operand's own operator alone, so that a query of any size is made
 * in time proportional to it.
 *
 *     a + (b + c)    the right side binds as strong, and + associates to the left
 *     (-2) ^ x       a power binds tighter than the sign in front of it
 *     (a / b)[1h:]   brackets bind tighter than any operator
 */
import type {
  AggregateExpr,
  AggregationOp,
  BinaryExpr,
  BinaryOp,
  Call,
  Cardinality,
  Expr,
  NumberLiteral,
  StringLiteral,
  SubqueryExpr,
} from '../ast.ts';
import { PRECEDENCE } from '../parser.ts';
import type { RangeParts } from './duration.ts';

/** Under which a query of the builder keeps its node. */
export const NODE: unique symbol = Symbol('node');

/** Where a node without a text is. */
export const NOWHERE = { start: 0, end: 0 };

/** How the sides of an operator match. */
export interface MatchingParts {
  readonly on?: boolean;
  readonly labels?: readonly string[];
  readonly card?: Cardinality;
  readonly include?: readonly string[];
}

/** A number. */
export function numberNode(value: number): NumberLiteral {
  return { type: 'numberLiteral', value, duration: false, ...NOWHERE };
}

/** A string. */
export function stringNode(value: string): StringLiteral {
  return { type: 'stringLiteral', value, ...NOWHERE };
}

/** A function and its arguments. */
export function callNode(func: string, args: readonly Expr[]): Call {
  return { type: 'call', func, args, ...NOWHERE };
}

/** An aggregation; `grouping` are the labels that stay, or those that go. */
export function aggregationNode(
  op: AggregationOp,
  expr: Expr,
  param: Expr | undefined,
  grouping: readonly string[] = [],
  without = false,
): AggregateExpr {
  const node: AggregateExpr = { type: 'aggregation', op, expr, grouping, without, ...NOWHERE };
  return param === undefined ? node : { ...node, param };
}

/** An operator between its sides; `matching` only where both are vectors. */
export function binaryNode(
  op: BinaryOp,
  left: Expr,
  right: Expr,
  matching: MatchingParts | undefined,
  returnBool = false,
): BinaryExpr {
  const node: BinaryExpr = {
    type: 'binaryExpr',
    op,
    lhs: enclosedIf(tornOnTheLeft(left, op), left),
    rhs: enclosedIf(tornOnTheRight(right, op), right),
    returnBool,
    opRange: NOWHERE,
    ...NOWHERE,
  };
  if (matching === undefined) return node;
  const { card = 'one-to-one', labels = [], on = false, include = [] } = matching;
  return { ...node, matching: { card, labels, on, include, fill: {} } };
}

/** The negative of an expression. */
export function negativeNode(expr: Expr): Expr {
  if (expr.type === 'numberLiteral') return numberNode(-expr.value);
  const torn = expr.type === 'binaryExpr' && expr.op !== '^';
  return { type: 'unaryExpr', op: '-', expr: enclosedIf(torn, expr), ...NOWHERE };
}

/** An expression over a range; a step of 0 is the engine's. */
export function subqueryNode(expr: Expr, range: RangeParts, step: RangeParts): SubqueryExpr {
  const torn = expr.type === 'binaryExpr' || expr.type === 'unaryExpr';
  return {
    type: 'subquery',
    expr: enclosedIf(torn, expr),
    rangeMs: range.ms,
    ...(range.placeholder !== undefined && { rangePlaceholder: range.placeholder }),
    stepMs: step.ms,
    ...(step.placeholder !== undefined && { stepPlaceholder: step.placeholder }),
    offsetMs: 0,
    ...NOWHERE,
  };
}

function enclosedIf(torn: boolean, expr: Expr): Expr {
  return torn ? { type: 'parenExpr', expr, ...NOWHERE } : expr;
}

function tornOnTheLeft(expr: Expr, op: BinaryOp): boolean {
  if (expr.type === 'binaryExpr')
    return PRECEDENCE[expr.op]! < PRECEDENCE[op]! || (op === '^' && expr.op === '^');
  return op === '^' && (expr.type === 'unaryExpr' || isNegative(expr));
}

function tornOnTheRight(expr: Expr, op: BinaryOp): boolean {
  if (expr.type !== 'binaryExpr' || (op === '^' && expr.op === '^')) return false;
  return PRECEDENCE[expr.op]! <= PRECEDENCE[op]!;
}

/** Whether a number is written with a sign. */
function isNegative(expr: Expr): boolean {
  return expr.type === 'numberLiteral' && (expr.value < 0 || Object.is(expr.value, -0));
}
