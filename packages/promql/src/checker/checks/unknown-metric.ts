/** A name that no program exposes: the selector has no answer, and whatever is built on it none either. */
import { metricNameOf } from '../infer.ts';
import type { Check, Inspection } from '../inspection.ts';
import { listed } from '../inspection.ts';

/** Selectors of metrics that are not in the catalog. */
export const unknownMetric: Check = {
  name: 'unknown-metric',
  inspect(expr, inspection) {
    if (expr.type !== 'vectorSelector') return;
    const name = metricNameOf(expr);
    const { catalog } = inspection;
    if (name === undefined || catalog.series(name) !== undefined) return;
    const severity = isTestedForAbsence(inspection) ? 'warning' : 'error';
    const family = catalog.family(name);
    if (family?.type === 'histogram') {
      const series = ['bucket', 'sum', 'count'].map((suffix) => `${name}_${suffix}`);
      inspection.report(expr, {
        severity,
        message: `${name} has no series of that name`,
        reason: `it is a classic histogram, whose series are ${listed(series)}`,
        remedy: 'name one of them: the buckets for quantiles, the sum and the count for means and rates.',
      });
      return;
    }
    const suggestion = catalog.nearestName(name);
    inspection.report(expr, {
      severity,
      message: `unknown metric ${name}`,
      reason:
        'no definition and no recording rule in the catalog gives a series of that name, so nothing is selected',
      remedy: 'correct the name, or add the metric to the catalog.',
      ...(suggestion !== undefined && { suggestion }),
    });
  },
};

/** `absent(x)` may ask for a metric of which one hopes that it does not exist. */
function isTestedForAbsence({ path }: Inspection): boolean {
  return path.some((around) => around.type === 'call' && around.func.startsWith('absent'));
}
