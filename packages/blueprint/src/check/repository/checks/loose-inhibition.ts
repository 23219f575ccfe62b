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
          const others = equal.map((label) => label.name).filter((label) => label !== name);
          const pair = firstPair(
            sources,
            targets,
            (from, to) => bothLack(name, from, to) && canBeEqual(others, from, to),
          );
          if (pair === undefined) continue;
          const [from, to] = pair;
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

function bothLack(label: string, from: AlertLabels, to: AlertLabels): boolean {
  return !from.canHave(label) && !to.canHave(label);
}

/** Whether two alerts can have the same values of some labels: never of their names, unless they are the same. */
function canBeEqual(labels: readonly string[], from: AlertLabels, to: AlertLabels): boolean {
  return labels.every((label) => {
    const [a, b] = [from.valuesOf(label), to.valuesOf(label)];
    return a === undefined || b === undefined || [...a].some((value) => b.has(value));
  });
}

/** The first two different alerts of which something holds. */
function firstPair(
  sources: readonly AlertLabels[],
  targets: readonly AlertLabels[],
  holds: (from: AlertLabels, to: AlertLabels) => boolean,
): readonly [AlertLabels, AlertLabels] | undefined {
  for (const from of sources)
    for (const to of targets) if (from.name !== to.name && holds(from, to)) return [from, to];
  return undefined;
}

function passesAll(alert: AlertLabels, matchers: readonly AlertMatcher[]): boolean {
  return matchers.every((matcher) => alert.canPass(matcher));
}
