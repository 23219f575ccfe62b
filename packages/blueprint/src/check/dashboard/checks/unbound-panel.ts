/** Metrics of several services that a panel takes together. */
import { metricNameOf, walk } from '@binnacle/promql';
import { servicesOf } from '../../catalogs.ts';
import type { DashboardCheck } from '../dashboard-check.ts';

/** Reports selectors that take series of several services whose job the result does not tell. */
export const unboundPanel: DashboardCheck = {
  name: 'unbound-panel',
  needsCatalog: true,
  inspect({ asked, context }, report) {
    if (context.catalogs.length < 2) return;
    for (const { query, subject, expression } of asked) {
      const { tree } = expression;
      if (query.kind !== 'panel' || tree === undefined || expression.groupsByVariable) continue;
      const { labels } = expression.facts(tree);
      walk(tree, (node) => {
        if (node.type !== 'vectorSelector') return;
        const name = metricNameOf(node);
        if (name === undefined) return;
        const taken = servicesOf(node, context.servicesHaving(name));
        const telling = ['job', ...taken.flatMap(({ targetLabels }) => Object.keys(targetLabels))];
        if (taken.length < 2 || telling.some((label) => labels.has(label))) return;
        // A variable chooses between them.
        if (node.matchers.some((matcher) => telling.includes(matcher.name))) return;
        report(subject, expression.placeOf(node), {
          severity: 'warning',
          message: `${taken.map(({ service }) => service).join(' and ')} have ${name}, and are taken together`,
          reason:
            'the numbers of both are mixed, and with a second service the panel shows something else than before',
          remedy: `say whose it is, job=${JSON.stringify(taken[0]!.job)}, or keep them apart: by (job).`,
        });
      });
    }
  },
};
