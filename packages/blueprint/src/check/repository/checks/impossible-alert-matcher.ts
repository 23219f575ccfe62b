/** Conditions of an `alertmanager.yml` that no alert can meet. */
import { nearest } from '@binnacle/promql';
import { alertLabels } from '../alert-labels.ts';
import type { AlertMatcher } from '../alerting-file.ts';
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports matchers for values that no alert of the repository has, such as a severity that nobody gives. */
export const impossibleAlertMatcher: RepositoryCheck = {
  name: 'impossible-alert-matcher',
  inspect({ alertingFiles, context, externalLabels }, report) {
    const alerts = alertLabels(context.rules);
    if (alerts.length === 0) return;
    const check = (matcher: AlertMatcher): void => {
      const { label, op, value, at } = matcher;
      // What no alert has at all is another mistake.
      if (externalLabels.has(label) || !alerts.some((alert) => alert.canHave(label))) return;
      if (alerts.some((alert) => alert.canPass(matcher))) return;
      const values = [...new Set(alerts.flatMap((alert) => [...(alert.valuesOf(label) ?? [])]))]
        .filter(Boolean)
        .sort();
      const suggestion = op === '=' ? nearest(value, values) : undefined;
      report(at.place, {
        severity: 'warning',
        message: `no alert has ${label} ${op} ${JSON.stringify(value)}`,
        reason: 'the route or rule never applies, and what it is for goes another way',
        remedy: `alerts have ${label} ${values.join(', ')}.`,
        ...(suggestion !== undefined && { suggestion }),
      });
    };
    for (const { routes, inhibitions } of alertingFiles) {
      for (const { matchers } of routes) matchers.forEach(check);
      for (const { source, target } of inhibitions) [...source, ...target].forEach(check);
    }
  },
};
