/** Averages of ratios. */
import { unwrapParens, walk } from '@binnacle/promql';
import type { DashboardCheck } from '../dashboard-check.ts';
import { callsOf } from '../expression-shape.ts';

const GROWTH: ReadonlySet<string> = new Set(['rate', 'increase', 'irate']);

/** Reports `avg(a / b)` of rates: the quotient of the sums is what is meant. */
export const averagedRatio: DashboardCheck = {
  name: 'averaged-ratio',
  inspect({ asked }, report) {
    for (const { query, subject, expression } of asked) {
      if (expression.tree === undefined || query.kind === 'variable') continue;
      walk(expression.tree, (node) => {
        if (node.type !== 'aggregation' || (node.op !== 'avg' && node.op !== 'sum')) return;
        const inner = unwrapParens(node.expr);
        if (inner.type !== 'binaryExpr' || inner.op !== '/') return;
        if (![inner.lhs, inner.rhs].every((side) => callsOf(side, GROWTH).length > 0)) return;
        report(subject, expression.placeOf(node), {
          severity: 'warning',
          message: `${node.op} of ratios`,
          reason:
            'an instance with one request counts as much as one with a thousand, and one without traffic makes it NaN',
          remedy: 'divide the sums: sum(rate(a[...])) / sum(rate(b[...])).',
        });
      });
    }
  },
};
