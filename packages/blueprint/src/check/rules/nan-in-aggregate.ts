/**
 * A quotient inside an aggregation: where one of the series has had no traffic, 0 / 0 is NaN, and a sum, an average or
 * an extreme with one NaN in it is NaN or tells nothing. A mean of shares is also not the share of the whole, since a
 * service with ten requests counts as much as one with ten thousand.
 */
import { type Expr, unwrapParens, walk } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { isConstant, numberOf } from './expression-shape.ts';

/** Aggregations over quotients. */
export const nanInAggregate: RuleCheck = {
  name: 'nan-in-aggregate',
  inspect(rule, report) {
    if (rule.tree === undefined) return;
    walk(rule.tree, (node) => {
      if (node.type !== 'aggregation' || (node.op !== 'sum' && node.op !== 'avg')) return;
      const inner = unwrapParens(node.expr);
      if (inner.type !== 'binaryExpr' || inner.op !== '/' || !isOfTraffic(inner.rhs)) return;
      report(rule.placeOf(node), {
        severity: 'warning',
        message: `${node.op} of quotients`,
        reason:
          node.op === 'sum'
            ? 'where one of them has had no traffic it is NaN, and so is the sum'
            : 'where one of them has had no traffic it is NaN, and so is the mean; and the mean of shares is not the share of the whole',
        remedy: `aggregate above and below alone: sum(a) / sum(b).`,
      });
    });
  },
};

/** Whether a divisor is the growth of something, and nothing keeps it from being 0. */
function isOfTraffic(expr: Expr): boolean {
  if (numberOf(expr) !== undefined || isConstant(expr)) return false;
  let grows = false;
  let isGuarded = false;
  walk(expr, (node) => {
    if (node.type === 'call' && /^(?:rate|irate|increase)$/.test(node.func)) grows = true;
    if (node.type === 'call' && node.func === 'clamp_min') isGuarded = true;
    if (node.type === 'binaryExpr' && node.op === '>') isGuarded = true;
  });
  return grows && !isGuarded;
}
