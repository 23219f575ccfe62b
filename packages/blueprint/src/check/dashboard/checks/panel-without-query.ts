/** Panels that ask for nothing. */
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject } from '../dashboard-subject.ts';

/** Kinds that show something of their own. */
const NEED_NONE: ReadonlySet<string> = new Set([
  'text',
  'row',
  'news',
  'dashlist',
  'alertlist',
  'welcome',
  'gettingstarted',
  'annolist',
  'pluginlist',
  'canvas',
  'debug',
]);

/** Reports panels without a query, with empty ones, or with none that is switched on. */
export const panelWithoutQuery: DashboardCheck = {
  name: 'panel-without-query',
  inspect({ inventory, place }, report) {
    for (const panel of inventory.panels) {
      if (NEED_NONE.has(panel.type) || panel.library !== undefined || panel.type.includes('-app')) continue;
      // Of other languages it is not known which queries have no text.
      if (
        panel.queries.some(
          ({ hidden, expr, language }) => !hidden && (expr.trim() !== '' || language !== 'promql'),
        )
      )
        continue;
      const [first] = panel.queries;
      report(panelSubject(panel), place(first?.pointer ?? panel.pointer), {
        severity: 'warning',
        message:
          panel.queries.length === 0
            ? `a ${panel.type} panel has no query`
            : `no query of the ${panel.type} panel asks for anything`,
        reason: 'it shows "No data", as it would if everything was down',
        remedy: 'give it a query, or remove it.',
      });
    }
  },
};
