/** Panels with the same id. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { subjectAt } from '../dashboard-subject.ts';

/** Reports ids of panels from the second time on. */
export const duplicatePanelId: DashboardCheck = {
  name: 'duplicate-panel-id',
  inspect(dashboard, report) {
    for (const { code, from, to, was } of dashboard.notes) {
      if (code !== 'panel-id' || typeof was !== 'number') continue;
      report(subjectAt(to, dashboard), dashboard.locate(from), {
        severity: 'warning',
        message: `two panels have the id ${was}`,
        reason:
          'links to a panel, alerts and "view panel" lead to one of the two, and saving drops the other',
        remedy: 'give each an id of its own.',
      });
    }
  },
};
