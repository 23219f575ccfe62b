/** Rates over a range that does not follow the zoom of the dashboard. */
import type { Call, MatrixSelector } from '@binnacle/promql';
import type { DashboardCheck } from '../dashboard-check.ts';
import { callsOf } from '../expression-shape.ts';

/** Functions that want `$__rate_interval` on a graph. `increase` over a fixed hour is a number of its own. */
const RATES: ReadonlySet<string> = new Set(['rate', 'irate']);

/** Kinds on which time runs along an axis. */
const OVER_TIME: ReadonlySet<string> = new Set([
  'timeseries',
  'heatmap',
  'trend',
  'barchart',
  'state-timeline',
  'status-history',
]);

/** Reports fixed ranges and `$__interval` in the rates of graphs. */
export const rateInterval: DashboardCheck = {
  name: 'rate-interval',
  inspect({ asked }, report) {
    for (const { query, subject, panel, expression } of asked) {
      if (query.kind !== 'panel' || query.instant || !OVER_TIME.has(panel?.type ?? '')) continue;
      const { tree, interpolated } = expression;
      if (tree === undefined) continue;
      for (const call of callsOf(tree, RATES)) {
        const range = rangeOf(call);
        if (range === undefined) continue;
        const place = expression.placeOf(range);
        const written = interpolated.replacements.find(
          ({ kind, start, end }) => kind === 'duration' && start >= range.start && end <= range.end,
        );
        const name = written?.reference.name;
        if (name === '__rate_interval' || (name !== undefined && name !== '__interval')) continue;
        report(subject, place, {
          severity: name === '__interval' ? 'warning' : 'info',
          message:
            name === '__interval' ? `${call.func} over $__interval` : `${call.func} over a fixed range`,
          reason:
            name === '__interval'
              ? 'zoomed in it is one scrape long, in which two samples do not fit: the graph is empty'
              : 'zoomed out, the graph shows one such range per point and leaves out what happens between them',
          remedy: 'use $__rate_interval.',
        });
      }
    }
  },
};

/** The range of a call over a selector. */
function rangeOf({ args }: Call): MatrixSelector | undefined {
  return args.find((arg): arg is MatrixSelector => arg.type === 'matrixSelector');
}
