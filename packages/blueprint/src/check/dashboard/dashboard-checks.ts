/** The checks of dashboards, in the order of their documentation. */
import type { CheckFamily } from '../check.ts';
import { averagedQuantile } from './checks/averaged-quantile.ts';
import { averagedRatio } from './checks/averaged-ratio.ts';
import { deprecatedPanel } from './checks/deprecated-panel.ts';
import { duplicateDashboard } from './checks/duplicate-dashboard.ts';
import { duplicatePanelId } from './checks/duplicate-panel-id.ts';
import { editableDashboard } from './checks/editable-dashboard.ts';
import { fastRefresh } from './checks/fast-refresh.ts';
import { fixedDatasource } from './checks/fixed-datasource.ts';
import { gaugeWithoutMax } from './checks/gauge-without-max.ts';
import { legendLabel } from './checks/legend-label.ts';
import { longTitle } from './checks/long-title.ts';
import { manySeries } from './checks/many-series.ts';
import { misplacedField } from './checks/misplaced-field.ts';
import { overlappingPanels } from './checks/overlapping-panels.ts';
import { panelWithoutQuery } from './checks/panel-without-query.ts';
import { panelWithoutUnit } from './checks/panel-without-unit.ts';
import { percentScale } from './checks/percent-scale.ts';
import { dashboardQueryChecks, dashboardSyntax } from './checks/query-checks.ts';
import { rateInterval } from './checks/rate-interval.ts';
import { shortInterval } from './checks/short-interval.ts';
import { stackedQuantiles } from './checks/stacked-quantiles.ts';
import { unboundPanel } from './checks/unbound-panel.ts';
import { undescribedPanel } from './checks/undescribed-panel.ts';
import { unitMisfit } from './checks/unit-misfit.ts';
import { unknownSeries } from './checks/unknown-series.ts';
import { unknownUnit } from './checks/unknown-unit.ts';
import { unknownVariable } from './checks/unknown-variable.ts';
import { untitledPanel } from './checks/untitled-panel.ts';
import { unusedVariable } from './checks/unused-variable.ts';
import { variableLabel } from './checks/variable-label.ts';
import type { DashboardCheck } from './dashboard-check.ts';
import { readDashboards } from './read-dashboards.ts';

/** Those that are of dashboards only. */
export const DASHBOARD_CHECKS: readonly DashboardCheck[] = [
  unknownVariable,
  unusedVariable,
  variableLabel,
  legendLabel,
  unknownSeries,
  unboundPanel,
  rateInterval,
  shortInterval,
  averagedQuantile,
  averagedRatio,
  stackedQuantiles,
  manySeries,
  unknownUnit,
  unitMisfit,
  percentScale,
  panelWithoutUnit,
  gaugeWithoutMax,
  untitledPanel,
  undescribedPanel,
  panelWithoutQuery,
  longTitle,
  overlappingPanels,
  duplicatePanelId,
  deprecatedPanel,
  misplacedField,
  duplicateDashboard,
  fixedDatasource,
  fastRefresh,
  editableDashboard,
];

/** The check of files that look like a dashboard and cannot be read. */
export const DASHBOARD_FILE = 'dashboard-file';

/** Those of queries go by the names that they have for rules, too. */
const ALL: readonly DashboardCheck[] = [dashboardSyntax, ...dashboardQueryChecks, ...DASHBOARD_CHECKS];

/** The family of them. */
export const dashboardChecks: CheckFamily = {
  names: [DASHBOARD_FILE, ...DASHBOARD_CHECKS.map(({ name }) => name)],
  namesThatNeedCatalog: DASHBOARD_CHECKS.filter(({ needsCatalog }) => needsCatalog).map(({ name }) => name),
  run(context, isEnabled, report) {
    const enabled = ALL.filter(({ name }) => isEnabled(name));
    const { dashboards, unreadable } = readDashboards(context);
    if (isEnabled(DASHBOARD_FILE)) {
      for (const { place, message } of unreadable)
        report({
          check: DASHBOARD_FILE,
          severity: 'error',
          place,
          subject: '',
          message,
          reason: 'Grafana does not load it, and only says so in its log',
          remedy: 'correct the file here.',
        });
    }
    for (const dashboard of dashboards) {
      for (const { name, inspect } of enabled)
        inspect(dashboard, (subject, place, finding) => report({ check: name, place, subject, ...finding }));
    }
  },
};
