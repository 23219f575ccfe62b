/** Averages and sums of quantiles. */
import { type AggregateExpr, type Expr, metricNameOf, walk } from '@binnacle/promql';
import type { DashboardCheck } from '../dashboard-check.ts';

/** What makes one number of several that only their sources can give. */
const BLENDING: ReadonlySet<string> = new Set(['avg', 'sum']);
const BLENDING_OVER_TIME: ReadonlySet<string> = new Set(['avg_over_time', 'sum_over_time']);

/** Reports `avg` and `sum` over `histogram_quantile` or over the quantiles of a summary. */
export const averagedQuantile: DashboardCheck = {
  name: 'averaged-quantile',
  inspect({ asked, context: { catalog } }, report) {
    const isSummary = (name: string): boolean => catalog.family(name)?.type === 'summary';
    for (const { query, subject, expression } of asked) {
      const { tree } = expression;
      if (tree === undefined || query.kind === 'variable') continue;
      walk(tree, (node) => {
        const inner = blended(node);
        if (inner === undefined || !holdsQuantile(inner, isSummary)) return;
        // By its own quantile nothing is blended that differs in it, but each of them is still an average.
        report(subject, expression.placeOf(node), {
          severity: 'warning',
          message: `${node.type === 'aggregation' ? (node as AggregateExpr).op : 'a mean over time'} of quantiles`,
          reason:
            'the mean of two 95th percentiles is no percentile of anything: a quiet instance counts as much as a busy one',
          remedy:
            'add up the buckets first: histogram_quantile(0.95, sum by (le) (rate(..._bucket[$__rate_interval]))); of summaries show each, or the max.',
        });
      });
    }
  },
};

function blended(node: Expr): Expr | undefined {
  if (node.type === 'aggregation') return BLENDING.has(node.op) ? node.expr : undefined;
  return node.type === 'call' && BLENDING_OVER_TIME.has(node.func) ? node.args[0] : undefined;
}

/** Whether quantiles come through: not those that something inside has already made into something else. */
function holdsQuantile(expr: Expr, isSummary: (name: string) => boolean): boolean {
  switch (expr.type) {
    case 'parenExpr':
    case 'subquery':
      return holdsQuantile(expr.expr, isSummary);
    case 'call':
      return expr.func === 'histogram_quantile';
    case 'vectorSelector':
      return isSummary(metricNameOf(expr) ?? '');
    case 'matrixSelector':
      return isSummary(metricNameOf(expr.selector) ?? '');
    default:
      return false;
  }
}
