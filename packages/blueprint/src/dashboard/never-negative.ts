/** Whether a chart of an expression may begin at 0: its values are counts, rates or what was observed. */
import type { Expr } from '@binnacle/promql';

/** Functions whose values are 0 at least, whatever they are given. */
const COUNTING: ReadonlySet<string> = new Set([
  ...['rate', 'irate', 'increase', 'changes', 'resets', 'count_over_time', 'present_over_time'],
  ...['histogram_count', 'histogram_fraction', 'abs', 'absent', 'absent_over_time'],
]);

/** Functions whose values are 0 at least where those of their only vector are. */
const KEEPING: ReadonlySet<string> = new Set([
  ...['avg_over_time', 'sum_over_time', 'min_over_time', 'max_over_time', 'last_over_time'],
  ...[
    'first_over_time',
    'ceil',
    'floor',
    'round',
    'sort',
    'sort_desc',
    'label_replace',
    'label_join',
    'vector',
  ],
]);

/**
 * Whether no value of an expression can be below 0. What is not known may be.
 * @param amounts whether what histograms have observed were amounts, of which there cannot be less than none
 */
export function isNeverNegative(expr: Expr, amounts: boolean): boolean {
  const below = (part: Expr): boolean => isNeverNegative(part, amounts);
  switch (expr.type) {
    case 'numberLiteral':
      return expr.value >= 0;
    case 'parenExpr':
    case 'subquery':
      return below(expr.expr);
    case 'aggregation':
      return ['count', 'group', 'stddev', 'stdvar'].includes(expr.op) || below(expr.expr);
    case 'call':
      if (COUNTING.has(expr.func)) return true;
      if (expr.func === 'histogram_quantile' || expr.func === 'histogram_avg') return amounts;
      if (expr.func === 'quantile_over_time') return below(expr.args[1]!);
      return KEEPING.has(expr.func) && below(expr.args[0]!);
    case 'binaryExpr':
      switch (expr.op) {
        case '+':
        case '*':
        case '/':
        case 'or':
          return below(expr.lhs) && below(expr.rhs);
        case 'and':
        case 'unless':
        case '%':
          return below(expr.lhs);
        default:
          return false;
      }
    case 'matrixSelector':
    case 'stringLiteral':
    case 'unaryExpr':
    case 'vectorSelector':
      return false;
  }
}
