/**
 * An alert whose expression always has an answer: nothing is compared, or `bool` turned the comparison into a 0 that is
 * an answer too, or the comparison always holds. It fires as soon as there is a series, and never ends.
 *
 * `vector(1)` asks for nothing and fires for ever, as a watchdog is to, so it is left alone.
 */
import { type Expr, isComparison, unwrapParens } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { hasCondition, isConstant, thresholdsIn } from './expression-shape.ts';
import { alwaysHolds, valueRange } from './value-range.ts';

/** Alerts that fire for as long as there are series. */
export const missingCondition: RuleCheck = {
  name: 'missing-condition',
  inspect(rule, report) {
    const { tree } = rule;
    if (rule.type !== 'alert' || tree === undefined || isConstant(tree)) return;
    if (!hasCondition(tree, rule)) {
      const bool = boolIn(tree);
      report(rule.placeOf(bool ?? tree), {
        severity: bool === undefined ? 'warning' : 'error',
        message:
          bool === undefined
            ? 'the alert compares nothing'
            : 'bool keeps the series for which the comparison is false',
        reason:
          bool === undefined
            ? 'it fires for as long as the series are there, whatever their values'
            : 'they have the value 0, which is an answer too, so the alert always fires',
        remedy: bool === undefined ? 'compare the value with a limit.' : 'remove bool.',
      });
      return;
    }
    const facts = (expr: Expr) => rule.facts(expr);
    const whole = unwrapParens(tree);
    for (const { comparison, value, op, limit } of thresholdsIn(tree)) {
      // Below other operators a comparison may only choose series.
      if (comparison !== whole || isTestOfExistence(value)) continue;
      if (!alwaysHolds(valueRange(value, facts), op, { min: limit, max: limit })) continue;
      report(rule.placeOf(comparison), {
        severity: 'error',
        message: 'the comparison always holds',
        reason: 'the alert fires for as long as the series are there, whatever their values',
        remedy: 'compare with a limit that is passed when something is wrong.',
      });
    }
  },
};

/** `count(x) > 0` and `absent(x) == 1` are ways to say that there is something, or nothing. */
function isTestOfExistence(value: Expr): boolean {
  const inner = unwrapParens(value);
  if (inner.type === 'aggregation')
    return inner.op === 'count' || inner.op === 'group' || isTestOfExistence(inner.expr);
  return (
    inner.type === 'call' &&
    /^(?:absent|absent_over_time|present_over_time|count_over_time)$/.test(inner.func)
  );
}

/** The comparison at the top that keeps everything. */
function boolIn(expr: Expr): Expr | undefined {
  const inner = unwrapParens(expr);
  if (inner.type !== 'binaryExpr') return undefined;
  return isComparison(inner.op) && inner.returnBool ? inner : (boolIn(inner.lhs) ?? boolIn(inner.rhs));
}
