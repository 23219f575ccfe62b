/**
 * `delta`, `idelta`, `deriv` or `predict_linear` of a counter. They do not know of resets: a restart within the range
 * gives a large negative value. Sums of histograms are left alone, because they fall where what is observed is
 * negative.
 */
import { type Check, quoted } from '../inspection.ts';

const FOR_COUNTERS: Readonly<Record<string, string>> = {
  delta: 'increase',
  idelta: 'irate',
  deriv: 'rate',
  predict_linear: 'rate',
};

/** Functions of gauges around counters. */
export const deltaOfCounter: Check = {
  name: 'delta-of-counter',
  inspect(expr, inspection) {
    if (expr.type !== 'call') return;
    const instead = FOR_COUNTERS[expr.func];
    const [arg] = expr.args;
    if (instead === undefined || arg === undefined) return;
    const { kind, metric } = inspection.facts(arg);
    if (kind !== 'counter' || metric?.endsWith('_sum')) return;
    inspection.report(expr, {
      severity: 'warning',
      message: `${expr.func} of ${metric ?? quoted(arg)}, which is a counter`,
      reason: `${expr.func} knows nothing of resets: when the program starts again within the range, the counter falls to 0 and the answer is far off`,
      remedy: `use ${instead}, which corrects for resets.`,
      suggestion: instead,
    });
  },
};
