/** Variables that ask for the values of a label which the series do not have. */
import { nearest } from '@binnacle/promql';
import type { DashboardCheck } from '../dashboard-check.ts';

/** Reports `label_values(metric, label)` of a label that the metric has not. */
export const variableLabel: DashboardCheck = {
  name: 'variable-label',
  needsCatalog: true,
  inspect({ asked, place }, report) {
    for (const { query, subject, expression } of asked) {
      if (query.kind !== 'variable' || query.ask.asks !== 'label_values') continue;
      const { label } = query.ask;
      // Which label is asked for may itself be chosen.
      if (label.text.includes('$') || label.text.includes('[[') || expression.tree === undefined) continue;
      const { labels, metric, aggregated } = expression.facts(expression.tree);
      if (labels.has(label.text) || labels.open) continue;
      const suggestion = nearest(label.text, labels.names());
      report(subject, place(query.exprSpot.pointer, label.offset, label.offset + label.text.length), {
        severity: 'error',
        message: `${(aggregated ? undefined : metric) ?? 'what is selected'} has no label ${label.text}`,
        reason: 'the variable has nothing to choose from, and the panels that use it select nothing',
        remedy: `its labels are ${labels.names().sort().join(', ')}.`,
        ...(suggestion !== undefined && { suggestion }),
      });
    }
  },
};
