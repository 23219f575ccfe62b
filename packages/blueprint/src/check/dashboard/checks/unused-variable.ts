/** Variables that the reader can choose and that change nothing. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { variableSubject } from '../dashboard-subject.ts';

/** Kinds that work without being named: filters that Grafana adds to all queries, and choices of it. */
const WORK_BY_THEMSELVES: ReadonlySet<string> = new Set(['adhoc', 'groupby', 'system']);

/** Reports variables that no query, title, link or other variable names. */
export const unusedVariable: DashboardCheck = {
  name: 'unused-variable',
  inspect({ inventory, place }, report) {
    const used = new Set<string>();
    for (const { name, pointer } of inventory.references) {
      const own = inventory.variables.find((variable) => pointer.startsWith(`${variable.pointer}/`));
      if (own?.name !== name) used.add(name);
    }
    for (const variable of inventory.variables) {
      if (used.has(variable.name) || WORK_BY_THEMSELVES.has(variable.type)) continue;
      // One that is hidden may be there for links from elsewhere.
      if (variable.json.hide === 2) continue;
      report(variableSubject(variable), place(variable.pointer), {
        severity: 'info',
        message: `nothing uses $${variable.name}`,
        reason:
          'who chooses something else at the top of the dashboard sees the same, and believes it to be the answer',
        remedy: 'use it in the queries, or remove it.',
      });
    }
  },
};
