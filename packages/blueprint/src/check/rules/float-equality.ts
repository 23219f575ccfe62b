/**
 * `==` or `!=` with what is measured: rates, quotients, averages and quantiles are hardly ever exactly a number, so the
 * comparison never holds, or always. 0 is another matter, since nothing gives exactly nothing, and so is 1 for a share or
 * a mean, since all of all is exactly that.
 */
import { type Expr, unwrapParens } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { numberOf, thresholdsIn } from './expression-shape.ts';

/** Functions whose results are whole numbers only by chance. */
const FRACTIONS =
  /^(?:rate|irate|increase|deriv|delta|idelta|predict_linear|avg_over_time|quantile_over_time|stddev_over_time|histogram_quantile|histogram_avg|histogram_fraction)$/;

/** Comparisons of fractions for equality. */
export const floatEquality: RuleCheck = {
  name: 'float-equality',
  inspect(rule, report) {
    if (rule.tree === undefined) return;
    for (const { comparison, value, op, limit } of thresholdsIn(rule.tree)) {
      if ((op !== '==' && op !== '!=') || limit === 0) continue;
      if (Number.isInteger(limit) && !isFraction(value)) continue;
      if (limit === 1 && isShareOrMean(value)) continue;
      report(rule.placeOf(comparison), {
        severity: 'warning',
        message: `${op} compares a fraction with ${limit}`,
        reason: `what is measured is hardly ever exactly that, so the comparison ${op === '==' ? 'never' : 'always'} holds`,
        remedy: 'compare with >, >=, < or <=.',
      });
    }
  },
};

function isFraction(expr: Expr): boolean {
  const inner = unwrapParens(expr);
  switch (inner.type) {
    case 'call':
      return FRACTIONS.test(inner.func);
    case 'aggregation':
      return inner.op === 'avg' || inner.op === 'quantile' || isFraction(inner.expr);
    case 'binaryExpr':
      return isQuotient(inner) || isFraction(inner.lhs) || isFraction(inner.rhs);
    default:
      return false;
  }
}

function isShareOrMean(expr: Expr): boolean {
  const inner = unwrapParens(expr);
  return (
    (inner.type === 'aggregation' && (inner.op === 'avg' || isShareOrMean(inner.expr))) || isQuotient(inner)
  );
}

/** Whether an expression is, at its top, one thing divided by another. */
export function isQuotient(expr: Expr): boolean {
  const inner = unwrapParens(expr);
  if (inner.type !== 'binaryExpr') return false;
  if (inner.op === '/') return numberOf(inner.rhs) === undefined;
  return isQuotient(inner.lhs) || isQuotient(inner.rhs);
}
