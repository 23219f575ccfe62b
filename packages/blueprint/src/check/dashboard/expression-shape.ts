/** What several checks ask of an expression of a dashboard. */
import { type Call, type Expr, unwrapParens, walk } from '@binnacle/promql';

/** Shares become percentages by this. */
const LARGE = 100;

/** What stands outermost, but for parentheses, comparisons with a number and `or vector(0)`. */
export function coreOf(tree: Expr): Expr {
  const expr = unwrapParens(tree);
  if (expr.type !== 'binaryExpr') return expr;
  const right = unwrapParens(expr.rhs);
  const isFilter = ['>', '<', '>=', '<='].includes(expr.op) && right.type === 'numberLiteral';
  const isDefault = expr.op === 'or' && right.type === 'call' && right.func === 'vector';
  return isFilter || isDefault ? coreOf(expr.lhs) : expr;
}

/** Whether the values are the quotient of two others. */
export function isDivision(tree: Expr): boolean {
  const expr = coreOf(tree);
  return expr.type === 'binaryExpr' && expr.op === '/' && !isNumber(expr.lhs) && !isNumber(expr.rhs);
}

/** Whether a number of 100 or more stands somewhere in it, as it does where something is converted. */
export function hasLargeNumber(tree: Expr): boolean {
  let found = false;
  walk(tree, (node) => {
    if (node.type === 'numberLiteral' && Math.abs(node.value) >= LARGE) found = true;
  });
  return found;
}

/** The factor by which the whole expression is multiplied; 1 where it is not. */
export function factorOf(tree: Expr): number {
  const expr = coreOf(tree);
  if (expr.type !== 'binaryExpr' || expr.op !== '*') return 1;
  for (const side of [unwrapParens(expr.lhs), unwrapParens(expr.rhs)])
    if (side.type === 'numberLiteral') return side.value;
  return 1;
}

/** The calls of some functions, in the order of the text. */
export function callsOf(tree: Expr, functions: ReadonlySet<string>): Call[] {
  const found: Call[] = [];
  walk(tree, (node) => {
    if (node.type === 'call' && functions.has(node.func)) found.push(node);
  });
  return found;
}

function isNumber(expr: Expr): boolean {
  return unwrapParens(expr).type === 'numberLiteral';
}
