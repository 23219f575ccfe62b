/** Panels without a title. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

/** Reports panels of which nobody can say what they show. */
export const untitledPanel: DashboardCheck = {
  name: 'untitled-panel',
  inspect({ inventory, place }, report) {
    for (const panel of inventory.panels) {
      // A text is its own title.
      if (panel.title.trim() !== '' || panel.type === 'text' || panel.library !== undefined) continue;
      report(panelSubject(panel), place(panel.pointer), {
        severity: 'warning',
        message: `a ${panel.type} panel has no title`,
        reason: 'who has not made it does not know what it shows, and no alert or message can name it',
        remedy: 'give it a title: what is counted, of what.',
      });
    }
  },
};
