/** The label `severity` of alerts: routes and inhibitions go by it, so it must be there and be a word that they know. */
import { nearest } from '@binnacle/promql';
import { ALERT_SEVERITIES, type AlertSeverity } from '../../rules/rule.ts';
import type { RuleCheck } from '../check.ts';
import type { RuleSubject } from '../rule-subject.ts';

/** Alerts without a severity, or with one that nobody knows. */
export const alertSeverity: RuleCheck = {
  name: 'alert-severity',
  inspect(rule, report) {
    if (rule.type !== 'alert') return;
    // An empty label is none.
    const label = rule.labels.find(({ name, value }) => name === 'severity' && value.text !== '');
    if (label === undefined) {
      report(rule.place, {
        severity: 'warning',
        message: 'the alert has no label severity',
        reason: 'routes and inhibitions go by it, so nobody can tell whether this one may wake somebody',
        remedy: `add severity: ${ALERT_SEVERITIES.join(', ')}.`,
      });
      return;
    }
    const { text } = label.value;
    if (text.includes('{{') || ALERT_SEVERITIES.some((known) => known === text)) return;
    const suggestion = nearest(text, ALERT_SEVERITIES);
    report(label.value.locate(0, text.length), {
      severity: 'warning',
      message: `${JSON.stringify(text)} is no severity`,
      reason: `there are ${ALERT_SEVERITIES.join(', ')}, and routes that go by them do not see this alert`,
      remedy: 'use one of these.',
      ...(suggestion !== undefined && { suggestion }),
    });
  },
};

/** Whether an alert has a severity. */
export function isOfSeverity(rule: RuleSubject, severity: AlertSeverity): boolean {
  return rule.labels.some(({ name, value }) => name === 'severity' && value.text === severity);
}
