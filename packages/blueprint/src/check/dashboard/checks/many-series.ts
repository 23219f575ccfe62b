/** Graphs that may draw a line for every user. */
import { passesSeries, unwrapParens } from '@binnacle/promql';
import type { DashboardCheck } from '../dashboard-check.ts';
import { panelSubject, shownQueries } from '../dashboard-subject.ts';

/** More queries than these make no panel that can be read. */
const QUERIES_MAX = 10;
/** Labels whose values come from users, not from the program. */
const UNBOUNDED =
  /(?:^|_)(?:id|uuid|user|username|email|mail|ip|addr|address|url|uri|path|session|token|trace|request|query|customer|account|phone|file|filename)$/i;
/** Kinds that draw each series. */
const DRAW: ReadonlySet<string> = new Set([
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'piechart',
  'state-timeline',
  'barchart',
]);

/** Reports results by a label that has no end of values, without a limit, and panels of very many queries. */
export const manySeries: DashboardCheck = {
  name: 'many-series',
  inspect(dashboard, report) {
    for (const panel of dashboard.inventory.panels) {
      if (!DRAW.has(panel.type)) continue;
      const queries = shownQueries(dashboard, panel);
      if (queries.length > QUERIES_MAX)
        report(panelSubject(panel), dashboard.place(panel.pointer), {
          severity: 'info',
          message: `it asks ${queries.length} queries`,
          reason: 'nobody tells so many lines apart, and each refresh asks all of them',
          remedy: 'ask once and group by a label, or make several panels of it.',
        });
      for (const { expression, subject } of queries) {
        const { tree } = expression;
        if (tree === undefined || expression.groupsByVariable) continue;
        const outermost = unwrapParens(tree);
        if (outermost.type === 'aggregation' && passesSeries(outermost.op)) continue;
        const { labels } = expression.facts(tree);
        const label = labels
          .names()
          .find((name) => UNBOUNDED.test(name) && labels.get(name).values === undefined);
        if (label === undefined) continue;
        report(subject, expression.placeOf(tree), {
          severity: 'info',
          message: `there may be a series for each ${label}`,
          reason: 'with a thousand of them the panel takes seconds and shows a knot',
          remedy: 'show the largest: topk(5, ...), or add them up.',
        });
      }
    }
  },
};
