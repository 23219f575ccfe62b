/** Alerts that silence others with which they have nothing to do. */
import { type AlertLabels, alertLabels } from '../alert-labels.ts';
import type { AlertMatcher } from '../alerting-file.ts';
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports `equal` labels that both sides of an inhibition lack: two absent labels count as equal. */
export const looseInhibition: RepositoryCheck = {
  name: 'loose-inhibition',
  inspect({ alertingFiles, context, externalLabels }, report) {
    const alerts = alertLabels(context.rules);
    for (const { inhibitions } of alertingFiles) {
      for (const { source, target, equal } of inhibitions) {
        const sources = alerts.filter((alert) => passesAll(alert, source));
        const targets = alerts.filter((alert) => passesAll(alert, target));
        for (const { name, at } of equal) {
          if (externalLabels.has(name)) continue;
          // A label that nobody has at all is another mistake.
          if (!alerts.some((alert) => alert.canHave(name))) continue;
          const from = sources.find((alert) => !alert.canHave(name));
          const to = targets.find((alert) => !alert.canHave(name) && alert.name !== from?.name);
          if (from === undefined || to === undefined) continue;
          report(at.place, {
            severity: 'warning',
            message: `${from.name} silences ${to.name}, and neither has the label ${name}`,
            reason:
              'a label that is missing on both sides counts as equal, so that the one silences the other everywhere',
            remedy: `name only labels that all of these alerts have, or keep ${name} in their expressions.`,
          });
        }
      }
    }
  },
};

function passesAll(alert: AlertLabels, matchers: readonly AlertMatcher[]): boolean {
  return matchers.every((matcher) => alert.canPass(matcher));
}
