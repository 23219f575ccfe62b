/** Panels that do not say what is good. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

/** Reports panels with queries and without a description. */
export const undescribedPanel: DashboardCheck = {
  name: 'undescribed-panel',
  inspect({ inventory, place }, report) {
    for (const panel of inventory.panels) {
      if (panel.description.trim() !== '' || panel.queries.length === 0 || panel.library !== undefined)
        continue;
      report(panelSubject(panel), place(panel.pointer), {
        severity: 'info',
        message: 'it has no description',
        reason:
          'at night somebody looks at it who has not made it, and a curve does not say whether it is a good one',
        remedy: 'say what it means, what is good, and what to do when it is not.',
      });
    }
  },
};
