/** An alert that says nothing: its message is its name and labels, and who reads it at night must guess. */
import type { RuleCheck } from '../check.ts';
import type { RuleSubject } from '../rule-subject.ts';
import { isOfSeverity } from './alert-severity.ts';

/** Annotations that say in one line what is wrong; `message` and `title` are what older rules have. */
const SUMMARIES = ['summary', 'message', 'title'];

/** Alerts without a summary. */
export const missingSummary: RuleCheck = {
  name: 'missing-summary',
  inspect(rule, report) {
    if (rule.type !== 'alert' || isOfSeverity(rule, 'none') || hasAnnotation(rule, SUMMARIES)) return;
    report(rule.place, {
      severity: 'warning',
      message: 'the alert has no summary',
      reason: 'its message is its name and labels only, so who reads it must guess what is wrong',
      remedy: 'add the annotation summary: what is wrong, in one line.',
    });
  },
};

/** Whether an alert has one of some annotations, and not an empty one. */
export function hasAnnotation(rule: RuleSubject, names: readonly string[]): boolean {
  return rule.annotations.some(({ name, value }) => names.includes(name) && value.text.trim() !== '');
}
