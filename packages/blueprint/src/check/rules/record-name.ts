/** The name of a recorded series that is not `level:metric:operations`: what it is aggregated by, of what, and how. */
import type { RuleCheck } from '../check.ts';

/** Names of recordings that are written otherwise. */
export const recordName: RuleCheck = {
  name: 'record-name',
  inspect(rule, report) {
    if (rule.type !== 'record') return;
    const parts = rule.name.split(':');
    if (parts.length >= 3 && parts.every((part) => part !== '')) return;
    report(rule.place, {
      severity: 'info',
      message: `the name ${rule.name} is not level:metric:operations`,
      reason:
        'who meets the series cannot tell that it is recorded, what it keeps of which labels, and how it was made',
      remedy: 'name the labels that are kept, the metric and what was done: job:http_requests:rate5m.',
    });
  },
};
