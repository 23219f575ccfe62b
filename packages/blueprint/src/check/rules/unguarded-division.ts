/**
 * An alert on a share of traffic that is too small (`ok / all < 0.95`) without a guard for little traffic: without any,
 * 0 / 0 is NaN, which passes no comparison, so the alert is silent when everything stands still; with little, one event
 * decides.
 */
import {
  type BinaryExpr,
  type Expr,
  isComparison,
  isSetOperator,
  unwrapParens,
  walk,
} from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { numberOf, thresholdsIn } from './expression-shape.ts';

/** Shares that are compared with a lower limit, and nobody asks for how many events. */
export const unguardedDivision: RuleCheck = {
  name: 'unguarded-division',
  inspect(rule, report) {
    const { tree } = rule;
    if (rule.type !== 'alert' || tree === undefined || isGuarded(tree)) return;
    for (const { value, op } of thresholdsIn(tree)) {
      if (op !== '<' && op !== '<=') continue;
      const division = divisionIn(value);
      if (division === undefined || !isOfTraffic(division.rhs) || hasComparison(division.rhs)) continue;
      report(rule.placeOf(division), {
        severity: 'info',
        message: 'nothing guards this share against little traffic',
        reason:
          'without traffic it is NaN, which passes no comparison, so the alert is silent; with little, one event decides',
        remedy: 'add a minimum: ... and sum(rate(all[5m])) > 0.1, and another alert for no traffic at all.',
      });
    }
  },
};

/** Whether the whole holds only where something else does. */
function isGuarded(tree: Expr): boolean {
  const inner = unwrapParens(tree);
  return inner.type === 'binaryExpr' && isSetOperator(inner.op) && inner.op !== 'or';
}

function divisionIn(expr: Expr): BinaryExpr | undefined {
  const inner = unwrapParens(expr);
  if (inner.type !== 'binaryExpr') return undefined;
  if (inner.op === '/' && numberOf(inner.rhs) === undefined) return inner;
  return divisionIn(inner.lhs) ?? divisionIn(inner.rhs);
}

function isOfTraffic(expr: Expr): boolean {
  let found = false;
  walk(expr, (node) => {
    if (node.type === 'call' && /^(?:rate|irate|increase)$/.test(node.func)) found = true;
  });
  return found;
}

function hasComparison(expr: Expr): boolean {
  let found = false;
  walk(expr, (node) => {
    if (node.type === 'binaryExpr' && isComparison(node.op)) found = true;
    if (node.type === 'call' && node.func === 'clamp_min') found = true;
  });
  return found;
}
