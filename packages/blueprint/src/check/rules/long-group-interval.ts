/**
 * A group that is evaluated less often than every five minutes: what it records is older than a query looks back, so
 * graphs of it have gaps, and alerts of it come late and are taken for resolved.
 */
import { formatDuration } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';

/** How far a query looks back for the last sample. */
const LOOKBACK_MS = 5 * 60_000;

/** Groups with an interval above the lookback. */
export const longGroupInterval: RuleCheck = {
  name: 'long-group-interval',
  inspect(rule, report) {
    const { group } = rule;
    // Once for each group.
    if (group.rules[0] !== rule || group.intervalMs === undefined || group.intervalMs <= LOOKBACK_MS) return;
    report(group.place, {
      severity: 'warning',
      message: `the group ${group.name} is evaluated every ${formatDuration(group.intervalMs)}`,
      reason: `a query looks back ${formatDuration(LOOKBACK_MS)} for the last sample, so what is recorded here is gone between two evaluations`,
      remedy: `use an interval of at most ${formatDuration(LOOKBACK_MS)}.`,
    });
  },
};
