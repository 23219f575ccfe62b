/** Titles that do not fit. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

/** About so many characters stand in one column of 24, on a screen of 1440 pixels. */
const CHARACTERS_PER_COLUMN = 7;
/** A title of a whole line is none. */
const CHARACTERS_MAX = 100;

/** Reports titles of panels that are cut off. */
export const longTitle: DashboardCheck = {
  name: 'long-title',
  inspect({ inventory, place }, report) {
    for (const panel of inventory.panels) {
      const most = Math.min(CHARACTERS_MAX, panel.json.gridPos.w * CHARACTERS_PER_COLUMN);
      if (panel.title.length <= most) continue;
      report(panelSubject(panel), place(`${panel.pointer}/title`), {
        severity: 'info',
        message: `the title has ${panel.title.length} characters, and about ${most} fit`,
        reason: 'the end of it is cut off',
        remedy: 'say it shorter, and the rest in the description.',
      });
    }
  },
};
