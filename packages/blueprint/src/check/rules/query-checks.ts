/**
 * The checks of the PromQL checker, made of every rule's expression and placed in its file.
 *
 * Without a catalog nothing is known of any metric, so unknown ones are not reported; the other checks report only what
 * the query itself gives away.
 */
import { CHECK_NAMES, type Finding } from '@binnacle/promql';
import type { CheckContext, CheckFinding, RuleCheck } from '../check.ts';

/** Checks that report nothing where no metric is known. */
const NEED_CATALOG: ReadonlySet<string> = new Set([
  'unknown-metric',
  'unknown-label',
  'rate-of-gauge',
  'delta-of-counter',
  'counter-without-rate',
  'unit-mismatch',
]);

/** One check of rules for each check of queries. */
export const queryChecks: readonly RuleCheck[] = CHECK_NAMES.map((name) => ({
  name,
  needsCatalog: NEED_CATALOG.has(name),
  inspect(rule, report) {
    for (const finding of rule.findings())
      if (finding.check === name) report(rule.placeOf(finding), findingIn(rule.context, finding));
  },
}));

/** The finding of a query as one of a repository. */
export function findingIn(
  { uncataloguedJobs }: CheckContext,
  { check, severity, message, reason, remedy, suggestion }: Finding,
): CheckFinding {
  const common = { message, ...(suggestion !== undefined && { suggestion }) };
  // It may be one of theirs: only a name that is nearly right is certainly wrong.
  if (check === 'unknown-metric' && suggestion === undefined && uncataloguedJobs.length > 0)
    return {
      ...common,
      severity: 'info',
      reason: `the catalog does not have it; it may be one of ${uncataloguedJobs.join(', ')}, of which there is no catalog`,
      remedy: 'give the catalog of that job too, or correct the name.',
    };
  return { ...common, severity, reason, remedy };
}
