/** Labels in legends and in the texts of annotations that the series do not have. */
import { nearest } from '@binnacle/promql';
import type { DashboardCheck } from '../dashboard-check.ts';

/** Not labels, but what Grafana adds to each series. */
const ADDED: ReadonlySet<string> = new Set(['__name__', '__value__']);

/** Reports `{{label}}` where the expression drops the label or never had it. */
export const legendLabel: DashboardCheck = {
  name: 'legend-label',
  inspect({ inventory, asked, place }, report) {
    for (const { query, subject, panel, expression } of asked) {
      if (query.kind === 'variable' || expression.tree === undefined || expression.groupsByVariable) continue;
      const uses =
        query.kind === 'panel'
          ? (panel?.labelUses ?? []).filter(({ kind, refId }) => kind === 'legend' && refId === query.refId)
          : inventory.labelUses.filter(
              ({ kind, pointer }) => kind === 'annotation' && pointer.startsWith(`${query.pointer}/`),
            );
      const { labels } = expression.facts(expression.tree);
      for (const { name, pointer, offset } of uses) {
        if (ADDED.has(name) || labels.has(name)) continue;
        const isDropped = labels.removalOf(name) !== undefined;
        const has = labels.names().sort();
        const suggestion = nearest(name, has);
        report(
          subject,
          offset === undefined ? place(pointer) : place(pointer, offset, offset + name.length),
          {
            severity: 'warning',
            message: isDropped
              ? `${name} is named, and the expression drops it`
              : `${name} is named, and the series have no such label`,
            reason: 'it is always empty, so that series look alike',
            remedy:
              has.length === 0
                ? 'keep it by (...) in the expression, or name the series by a plain text.'
                : `the series have ${has.join(', ')}; keep the label by (...), or name another one.`,
            ...(suggestion !== undefined && { suggestion }),
          },
        );
      }
    }
  },
};
