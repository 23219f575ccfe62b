/** Panels of kinds that Grafana no longer has. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { subjectAt } from '../dashboard-subject.ts';

/** Reports panels that are made into something else when the dashboard is loaded. */
export const deprecatedPanel: DashboardCheck = {
  name: 'deprecated-panel',
  inspect(dashboard, report) {
    // What is older in the options of a panel has types, too.
    const types = new Set(dashboard.inventory.panels.map(({ pointer }) => `${pointer}/type`));
    for (const { code, from, to, was, became } of dashboard.notes) {
      if (code !== 'older-panel' || to === undefined || !types.has(to)) continue;
      report(subjectAt(to, dashboard), dashboard.locate(from), {
        severity: 'warning',
        message: `there are no ${String(was)} panels any more`,
        reason:
          'Grafana 12 has no Angular panels: it makes another kind of them as well as it can, with every load',
        remedy: `make it a ${String(became)} panel.`,
      });
    }
  },
};
