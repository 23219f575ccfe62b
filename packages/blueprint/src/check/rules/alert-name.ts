/** The name of an alert that is not in CamelCase, as all others that people meet are: `HighErrorRate`. */
import type { RuleCheck } from '../check.ts';

/** Names of alerts that are written otherwise. */
export const alertName: RuleCheck = {
  name: 'alert-name',
  inspect(rule, report) {
    if (rule.type !== 'alert' || /^[A-Z][A-Za-z0-9]*$/.test(rule.name)) return;
    const words = rule.name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
    const suggestion = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
    report(rule.place, {
      severity: 'info',
      message: `the name ${JSON.stringify(rule.name)} is not in CamelCase`,
      reason: 'names are searched, silenced and routed by, and all others that people meet are written so',
      remedy: 'name the component and its problem.',
      ...(/^[A-Z]/.test(suggestion) && { suggestion }),
    });
  },
};
