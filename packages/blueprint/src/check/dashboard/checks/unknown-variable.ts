/** References to variables that the dashboard does not have. */
import { nearest } from '@binnacle/promql';
import type { VariableReference } from '../../../grafana/inventory.ts';
import { valueAt } from '../../../grafana/reading/json.ts';
import type { DashboardCheck } from '../dashboard-check.ts';
import { type DashboardSubject, subjectAt } from '../dashboard-subject.ts';

/** Places in which a dollar sign is often just one: prices in a text, groups of a pattern. */
const NOT_FILLED_IN = /\/(?:content|description|regex|pattern|renamePattern|options\/code)(?:\/|$)/;

/** What goes to the data source. */
const ASKS = /\/(?:expr|query|definition|interval)$/;

/** Reports `$name` where neither the dashboard nor Grafana knows the name. */
export const unknownVariable: DashboardCheck = {
  name: 'unknown-variable',
  inspect(dashboard, report) {
    const names = dashboard.inventory.variables.map(({ name }) => name);
    for (const reference of dashboard.inventory.references) {
      const { name, part, pointer, kind } = reference;
      if (kind !== 'unknown' || isNoReference(reference, dashboard)) continue;
      const suggestion = nearest(name, names);
      report(
        subjectAt(pointer, dashboard),
        dashboard.place(pointer, part.offset, part.offset + part.text.length),
        {
          severity: ASKS.test(pointer) ? 'error' : 'warning',
          message: `there is no variable ${part.text}`,
          reason: ASKS.test(pointer)
            ? 'it is sent to the data source as it stands there, and the query is refused or selects nothing'
            : 'it is shown as it stands there, and nothing is repeated by it',
          remedy:
            names.length === 0
              ? 'declare it; the dashboard has no variables.'
              : `declare it, or use one of ${names.join(', ')}.`,
          ...(suggestion !== undefined && { suggestion }),
        },
      );
    }
  },
};

/** Whether a dollar sign means something else: the group of a pattern, an amount, a regular expression's end. */
function isNoReference({ name, pointer, part }: VariableReference, { dashboard }: DashboardSubject): boolean {
  if (/^\d/.test(name) || NOT_FILLED_IN.test(pointer)) return true;
  // Only queries and what is shown are filled in; everything else may hold anything.
  if (!/\/(?:expr|query|legendFormat|title|url|interval|definition|repeat)(?:\/|$)/.test(pointer))
    return true;
  const text = valueAt(dashboard, pointer);
  return typeof text === 'string' && text[part.offset - 1] === '\\';
}
