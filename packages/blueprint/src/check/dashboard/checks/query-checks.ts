/**
 * The checks of the PromQL checker, made of every expression of a dashboard: of panels, of the queries of variables and
 * of annotations. They go by the names that they have for rules.
 */
import { CHECK_NAMES } from '@binnacle/promql';
import { findingIn } from '../../rules/query-checks.ts';
import type { DashboardCheck } from '../dashboard-check.ts';

/** Of a variable's query only the series matter: nobody looks at their values. */
const ABOUT_VALUES: ReadonlySet<string> = new Set(['counter-without-rate']);

/** One check of dashboards for each check of queries. */
export const dashboardQueryChecks: readonly DashboardCheck[] = CHECK_NAMES.map((name) => ({
  name,
  inspect({ asked, context }, report) {
    for (const { query, subject, expression } of asked) {
      if (query.kind === 'variable' && ABOUT_VALUES.has(name)) continue;
      for (const finding of expression.findings())
        if (finding.check === name) report(subject, expression.placeOf(finding), findingIn(context, finding));
    }
  },
}));

/** Expressions that do not parse. */
export const dashboardSyntax: DashboardCheck = {
  name: 'promql-syntax',
  inspect({ asked }, report) {
    for (const { query, subject, expression } of asked) {
      // The default data source need not be a Prometheus.
      if (query.kind === 'variable' && query.datasource.type === undefined) continue;
      // What is wrong with an unknown variable in it is said of the variable.
      if (expression.problem === undefined || expression.interpolated.unknown.length > 0) continue;
      report(subject, expression.problem.place, {
        severity: 'error',
        message: expression.problem.message,
        reason: 'the data source refuses the query, and the panel shows a red triangle',
        remedy: 'correct the expression here.',
      });
    }
  },
};
