/** Alerts that nobody is told of. */
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports a Prometheus that reads rules with alerts and knows nobody to send them to. */
export const alertsWithoutAlertmanager: RepositoryCheck = {
  name: 'alerts-without-alertmanager',
  inspect({ scrapeFiles, context, alertingFiles }, report) {
    // A rule stands twice where it is both a file and a manifest.
    const alerts = new Set(context.rules.flatMap(({ type, name }) => (type === 'alert' ? [name] : [])));
    if (alerts.size === 0) return;
    for (const { ruleFiles, hasAlertmanagers } of scrapeFiles) {
      const first = ruleFiles[0];
      if (first === undefined || hasAlertmanagers) continue;
      report(first.at.place, {
        // Without an Alertmanager in the repository, the alerts may be read by whoever looks at the monitor.
        severity: alertingFiles.length > 0 ? 'warning' : 'info',
        message: `${alerts.size === 1 ? 'there is an alert' : `there are ${alerts.size} alerts`}, and no Alertmanager is told of ${alerts.size === 1 ? 'it' : 'them'}`,
        reason: 'an alert that fires is shown on a page of Prometheus, and wakes nobody',
        remedy: 'name the Alertmanager under alerting.alertmanagers.',
      });
    }
  },
};
