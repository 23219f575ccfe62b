/** Panels that lie on each other, or beyond the edge. */
import type { ClassicGridPos } from '../../../grafana/reading/classic.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

const COLUMNS = 24;

/** Reports panels that cover part of an earlier one, and those wider than the grid. */
export const overlappingPanels: DashboardCheck = {
  name: 'overlapping-panels',
  inspect({ inventory, notes, place }, report) {
    // What has no place of its own was laid below the others.
    const placed = new Set(notes.filter(({ code }) => code === 'grid-position').map(({ to }) => to));
    const panels = inventory.panels.filter(({ pointer }) => !placed.has(`${pointer}/gridPos`));
    const grids = new Map<string, (typeof panels)[number][]>();
    for (const panel of panels) {
      const at = panel.json.gridPos;
      const grid = gridOf(panel.pointer);
      const earlier = grids.get(grid);
      const below = earlier?.find((other) => overlap(other.json.gridPos, at));
      if (earlier === undefined) grids.set(grid, [panel]);
      else earlier.push(panel);
      const isBeyond = at.x < 0 || at.y < 0 || at.x + at.w > COLUMNS;
      if (below === undefined && !isBeyond) continue;
      report(panelSubject(panel), place(`${panel.pointer}/gridPos`), {
        severity: 'warning',
        message:
          below === undefined
            ? `it reaches beyond the ${COLUMNS} columns`
            : `it lies on ${panelSubject(below)}`,
        reason:
          'Grafana moves panels until they fit, so that the dashboard looks otherwise than it was laid out',
        remedy: 'correct x, y, w and h.',
      });
    }
  },
};

/** The grid that a panel lies on: that of the dashboard, or of one closed row. */
function gridOf(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

function overlap(a: ClassicGridPos, b: ClassicGridPos): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
