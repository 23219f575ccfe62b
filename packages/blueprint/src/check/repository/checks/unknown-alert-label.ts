/** Labels by which alerts are routed, grouped or silenced, and that no alert has. */
import { nearest } from '@binnacle/promql';
import { alertLabels } from '../alert-labels.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import type { Located } from '../yaml-path.ts';

/** All labels, as `group_by` has it. */
const ALL_LABELS = '...';

/** Reports label names of an `alertmanager.yml` that no rule of the repository can give. */
export const unknownAlertLabel: RepositoryCheck = {
  name: 'unknown-alert-label',
  inspect({ alertingFiles, context, externalLabels }, report) {
    const alerts = alertLabels(context.rules);
    if (alerts.length === 0) return;
    const written = new Set(context.rules.flatMap(({ labels }) => labels.map(({ name }) => name)));
    const check = (label: string, at: Located, use: string): void => {
      if (label === ALL_LABELS || externalLabels.has(label) || alerts.some((alert) => alert.canHave(label)))
        return;
      const suggestion = nearest(label, [...written, 'alertname', 'job', 'instance', ...externalLabels]);
      report(at.place, {
        severity: 'warning',
        message: `no alert has the label ${label}, ${use}`,
        reason:
          'to Alertmanager a label that is missing is an empty one: the condition never holds, or always',
        remedy: 'use a label that the alerts have, or give it to them.',
        ...(suggestion !== undefined && { suggestion }),
      });
    };
    for (const { routes, inhibitions } of alertingFiles) {
      for (const { groupBy, matchers } of routes) {
        for (const { name, at } of groupBy) check(name, at, 'by which they are grouped');
        for (const { label, at } of matchers) check(label, at, 'by which they are routed');
      }
      for (const { source, target, equal } of inhibitions) {
        for (const { label, at } of [...source, ...target]) check(label, at, 'by which they are silenced');
        for (const { name, at } of equal) check(name, at, 'in which both sides are to be equal');
      }
    }
  },
};
