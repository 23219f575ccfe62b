/**
 * A function of histogram buckets whose argument has no label `le`: an aggregation removed it, or the argument is not
 * buckets at all. Native histograms need none.
 */

import type { Expr } from '../../ast.ts';
import type { Facts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { type Check, type Inspection, listed, quoted } from '../inspection.ts';

/** Where the function has its histograms. */
const HISTOGRAM_ARGUMENT: Readonly<Record<string, number>> = {
  histogram_quantile: 1,
  histogram_quantiles: 0,
  histogram_fraction: 2,
};

/** Quantiles of what has no buckets. */
export const quantileWithoutLe: Check = {
  name: 'quantile-without-le',
  inspect(expr, inspection) {
    if (expr.type !== 'call') return;
    const at = HISTOGRAM_ARGUMENT[expr.func];
    const arg = at === undefined ? undefined : expr.args[at];
    if (arg === undefined) return;
    const facts = inspection.facts(arg);
    if (facts.kind === 'histogram' || facts.kind === 'unknown' || facts.labels.has('le')) return;
    inspection.report(expr, {
      severity: 'error',
      message: `${expr.func} of ${quoted(arg)}, which has no label le`,
      ...explained(arg, facts, inspection),
    });
  },
};

function explained(
  arg: Expr,
  { labels, metric }: Facts,
  { catalog }: Inspection,
): Pick<Finding, 'reason' | 'remedy' | 'suggestion' | 'related'> {
  const removal = labels.removalOf('le');
  if (removal !== undefined) {
    return {
      reason:
        'buckets are told apart by le, and where it is removed they are added up, so there is nothing to calculate a quantile from',
      remedy: 'keep le: sum by (le) (rate(..._bucket[5m])).',
      related: { ...removal, message: 'le is removed here' },
    };
  }
  const family = metric?.replace(/_(?:sum|count)$/, '');
  const buckets = family !== undefined && catalog.series(`${family}_bucket`) ? `${family}_bucket` : undefined;
  return {
    reason: `${metric ?? quoted(arg)} is not the buckets of a histogram; its labels are ${listed(labels.names())}`,
    remedy: 'use the buckets of a histogram, whose name ends in _bucket.',
    ...(buckets !== undefined && { suggestion: buckets }),
  };
}
