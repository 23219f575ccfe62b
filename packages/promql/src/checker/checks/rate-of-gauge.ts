/**
 * `rate`, `increase`, `irate` or `resets` of a gauge. They take every decrease for a reset of a counter and add it, so
 * that a gauge that goes down and up again seems to grow. Also of what `rate` gives: a rate is a gauge itself.
 */
import { type Check, quoted } from '../inspection.ts';

const FOR_GAUGES: Readonly<Record<string, string>> = {
  rate: 'deriv',
  increase: 'delta',
  irate: 'idelta',
  resets: 'changes',
};

/** Functions of counters around gauges. */
export const rateOfGauge: Check = {
  name: 'rate-of-gauge',
  inspect(expr, inspection) {
    if (expr.type !== 'call') return;
    const instead = FOR_GAUGES[expr.func];
    const [arg] = expr.args;
    if (instead === undefined || arg === undefined) return;
    const facts = inspection.facts(arg);
    if (facts.kind !== 'gauge') return;
    const subquery = arg.type === 'subquery';
    const subject = subquery || facts.metric === undefined ? quoted(arg) : facts.metric;
    inspection.report(expr, {
      severity: 'error',
      message: `${expr.func} of ${subject}, which is a gauge`,
      reason: `${expr.func} takes each decrease for a reset of a counter and counts what follows as growth, so what goes up and down seems only to grow`,
      remedy: subquery
        ? 'apply a function of gauges to the subquery, such as avg_over_time or max_over_time.'
        : `use ${instead} for a gauge, or avg_over_time, min_over_time and max_over_time.`,
      ...(!subquery && { suggestion: instead }),
    });
  },
};
