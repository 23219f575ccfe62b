/** An alert that does not say what to do. Who is woken by it finds out at night, and again the next time. */
import type { RuleCheck } from '../check.ts';
import { isOfSeverity } from './alert-severity.ts';

/** The annotations that hold the link. */
const RUNBOOKS = ['runbook_url', 'runbook', 'runbook_link'];

/** Alerts without a link to what to do, or with one that leads nowhere. */
export const missingRunbook: RuleCheck = {
  name: 'missing-runbook',
  inspect(rule, report) {
    if (rule.type !== 'alert' || isOfSeverity(rule, 'none')) return;
    const link = rule.annotations.find(
      ({ name, value }) => RUNBOOKS.includes(name) && value.text.trim() !== '',
    );
    if (link === undefined) {
      report(rule.place, {
        severity: isOfSeverity(rule, 'critical') ? 'warning' : 'info',
        message: 'the alert has no runbook_url',
        reason: 'who gets it must find out what to do, at night, every time',
        remedy: 'add the annotation runbook_url: a page that says how to look and what to do.',
      });
      return;
    }
    const { text } = link.value;
    if (text.includes('{{') || /^\S*\/\S*$/.test(text.trim())) return;
    report(link.value.locate(0, text.length), {
      severity: 'warning',
      message: `${link.name} is no address: ${JSON.stringify(text)}`,
      reason: 'a link that cannot be followed is none',
      remedy: 'write it in full: https://wiki.example.com/runbooks#high-error-rate.',
    });
  },
};
