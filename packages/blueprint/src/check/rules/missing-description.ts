/** An alert with a headline and nothing below: how bad it is and where is what the description is for. */
import type { RuleCheck } from '../check.ts';
import { isOfSeverity } from './alert-severity.ts';
import { hasAnnotation } from './missing-summary.ts';

/** Alerts without a description. */
export const missingDescription: RuleCheck = {
  name: 'missing-description',
  inspect(rule, report) {
    if (rule.type !== 'alert' || isOfSeverity(rule, 'none')) return;
    if (hasAnnotation(rule, ['description', 'message'])) return;
    report(rule.place, {
      severity: 'info',
      message: 'the alert has no description',
      reason: 'how bad it is, where, and since when is not in the message',
      remedy: 'add the annotation description, with the value and the labels that tell where.',
    });
  },
};
