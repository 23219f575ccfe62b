/**
 * An aggregation before the rate: `rate(sum(x)[5m:])`, or the rate of a recording of `sum(x)`. When one of the
 * programs restarts, the sum falls by what that program had counted; rate takes it for a reset of everything and
 * counts the whole sum anew.
 */
import { type Expr, unwrapParens } from '../../ast.ts';
import { type Check, quoted } from '../inspection.ts';

const RATES: ReadonlySet<string> = new Set(['rate', 'irate', 'increase']);

/** Rates of aggregated counters. */
export const sumBeforeRate: Check = {
  name: 'sum-before-rate',
  inspect(expr, inspection) {
    if (expr.type !== 'call' || !RATES.has(expr.func)) return;
    const [arg] = expr.args;
    if (arg === undefined) return;
    const facts = inspection.facts(arg);
    if (facts.kind !== 'counter' || !facts.aggregated) return;
    const recorded = arg.type === 'matrixSelector';
    inspection.report(expr, {
      severity: 'error',
      message: `${expr.func} of ${recorded ? `${facts.metric}, which records an aggregation` : quoted(within(arg))}`,
      reason:
        'when one program restarts, the aggregate falls by its share only, and rate takes that for a reset of the whole and counts everything again',
      remedy: recorded
        ? `record ${expr.func}(...) of the single series and aggregate that: sum(${expr.func}(x[5m])).`
        : `take the rate first and aggregate then: sum(${expr.func}(x[5m])).`,
    });
  },
};

function within(arg: Expr): Expr {
  return arg.type === 'subquery' ? unwrapParens(arg.expr) : arg;
}
