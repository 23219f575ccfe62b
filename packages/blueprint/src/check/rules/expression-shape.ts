/** What several checks ask of an expression: its selectors, its ranges, its comparisons, and when it has an answer. */
import {
  type BinaryExpr,
  children,
  type Expr,
  isComparison,
  metricNameOf,
  unwrapParens,
  type VectorSelector,
  walk,
} from '@binnacle/promql';
import type { RuleSubject } from '../rule-subject.ts';

/** All selectors of an expression. */
export function selectorsIn(expr: Expr): VectorSelector[] {
  const found: VectorSelector[] = [];
  walk(expr, (node) => {
    if (node.type === 'vectorSelector') found.push(node);
  });
  return found;
}

/** The names of the series that an expression selects. */
export function metricsIn(expr: Expr): Set<string> {
  return new Set(selectorsIn(expr).flatMap((selector) => metricNameOf(selector) ?? []));
}

/** The longest range that an expression looks back over, in milliseconds; 0 where it looks at one moment. */
export function longestRangeMs(expr: Expr): number {
  let longest = 0;
  walk(expr, (node) => {
    if (node.type === 'matrixSelector' || node.type === 'subquery') longest = Math.max(longest, node.rangeMs);
  });
  return longest;
}

/** The number that an expression is; undefined where it is none. */
export function numberOf(expr: Expr): number | undefined {
  const inner = unwrapParens(expr);
  if (inner.type === 'numberLiteral') return inner.value;
  if (inner.type === 'unaryExpr') {
    const value = numberOf(inner.expr);
    return value === undefined ? undefined : inner.op === '-' ? -value : value;
  }
  if (inner.type !== 'binaryExpr') return undefined;
  const [left, right] = [numberOf(inner.lhs), numberOf(inner.rhs)];
  if (left === undefined || right === undefined) return undefined;
  switch (inner.op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '^':
      return left ** right;
    default:
      return undefined;
  }
}

/** A comparison of something with a number, turned so that the number stands on the right. */
export interface Threshold {
  readonly comparison: BinaryExpr;
  readonly value: Expr;
  readonly op: '==' | '!=' | '>' | '>=' | '<' | '<=';
  readonly limit: number;
  /** The side that says the number. */
  readonly limitExpr: Expr;
}

const TURNED = { '==': '==', '!=': '!=', '>': '<', '>=': '<=', '<': '>', '<=': '>=' } as const;

/** All comparisons with numbers that leave series out. */
export function thresholdsIn(expr: Expr): Threshold[] {
  const found: Threshold[] = [];
  walk(expr, (node) => {
    if (node.type !== 'binaryExpr' || !isComparison(node.op) || node.returnBool) return;
    const [left, right] = [numberOf(node.lhs), numberOf(node.rhs)];
    if (right !== undefined && left === undefined)
      found.push({ comparison: node, value: node.lhs, op: node.op, limit: right, limitExpr: node.rhs });
    else if (left !== undefined && right === undefined)
      found.push({
        comparison: node,
        value: node.rhs,
        op: TURNED[node.op],
        limit: left,
        limitExpr: node.lhs,
      });
  });
  return found;
}

/** How deep recorded names are followed. */
const RECORDINGS_DEPTH_MAX = 8;

/**
 * Whether an expression has an answer only under a condition, rather than for as long as its series exist. A recorded
 * name is followed to what records it.
 */
export function hasCondition(expr: Expr, rule: RuleSubject, depth = 0): boolean {
  const inner = unwrapParens(expr);
  switch (inner.type) {
    case 'binaryExpr':
      if (isComparison(inner.op)) return !inner.returnBool;
      if (inner.op === 'and' || inner.op === 'unless') return true;
      if (inner.op === 'or')
        return hasCondition(inner.lhs, rule, depth) && hasCondition(inner.rhs, rule, depth);
      return hasCondition(inner.lhs, rule, depth) || hasCondition(inner.rhs, rule, depth);
    case 'call':
      return inner.func.startsWith('absent') || children(inner).some((arg) => hasCondition(arg, rule, depth));
    case 'vectorSelector': {
      const name = metricNameOf(inner);
      if (name === 'ALERTS' || name === 'ALERTS_FOR_STATE') return true;
      if (name === undefined || depth >= RECORDINGS_DEPTH_MAX) return false;
      return rule.context
        .recordingsOf(name)
        .some(({ tree }) => tree !== undefined && hasCondition(tree, rule, depth + 1));
    }
    default:
      return children(inner).some((child) => hasCondition(child, rule, depth));
  }
}

/** Whether an expression asks for nothing at all: `vector(1)`, which fires for ever, as a watchdog is to. */
export function isConstant(expr: Expr): boolean {
  return selectorsIn(expr).length === 0;
}
