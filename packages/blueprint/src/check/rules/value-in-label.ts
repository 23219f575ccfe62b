/**
 * The value of an alert in one of its labels. Labels are what an alert is: with every evaluation it becomes another one,
 * the old one is resolved, and `for` never comes to its end.
 */
import type { RuleCheck } from '../check.ts';
import { templateUses } from './template-uses.ts';

/** `$value` in labels. */
export const valueInLabel: RuleCheck = {
  name: 'value-in-label',
  inspect(rule, report) {
    if (rule.type !== 'alert') return;
    for (const { name, value } of rule.labels) {
      if (!value.text.includes('{{')) continue;
      for (const use of templateUses(value.text).values) {
        report(value.locate(use.start, use.end), {
          severity: 'error',
          message: `the label ${name} holds the value of the alert`,
          reason:
            rule.forMs > 0
              ? 'with each new value it is another alert, which begins to wait anew, so it never fires'
              : 'with each new value it is another alert: it is sent again, and the one before is resolved',
          remedy: 'show the value in an annotation.',
        });
      }
    }
  },
};
