/** Data sources that are written into a dashboard. */
import type { DashboardQuery } from '../../../grafana/inventory.ts';
import type { ClassicDashboard } from '../../../grafana/reading/classic.ts';
import { valueAt } from '../../../grafana/reading/json.ts';
import { provisionedDatasources } from '../../repository/provisioned-datasources.ts';
import type { DashboardCheck } from '../dashboard-check.ts';

/** What is no data source that somebody set up, but Grafana itself. */
const OF_GRAFANA: ReadonlySet<string> = new Set([
  'grafana',
  '-- Grafana --',
  '-- Mixed --',
  '-- Dashboard --',
  '__expr__',
  'datasource',
]);

/** Reports uids of data sources that are not provisioned, and others where the reader could choose. */
export const fixedDatasource: DashboardCheck = {
  name: 'fixed-datasource',
  inspect({ inventory, dashboard, subject, place, context }, report) {
    const provisioned = provisionedDatasources(context);
    const seen = new Set<string>();
    for (const query of inventory.queries) {
      const uid = fixedUid(query);
      if (uid === undefined || seen.has(uid)) continue;
      seen.add(uid);
      const isKnown = provisioned.some((one) => one.uid === uid || one.name === uid);
      // Said of the dashboard, since all its panels have it.
      const at = place(datasourcePointer(query.pointer, dashboard));
      if (provisioned.length > 0 && !isKnown)
        report(subject, at, {
          severity: 'error',
          message: `there is no data source ${uid}`,
          reason: 'the panels say "Datasource not found"',
          remedy: `use the variable of a data source, or one of ${provisioned.map((one) => one.uid ?? one.name).join(', ')}.`,
        });
      else if (!isKnown)
        report(subject, at, {
          severity: 'info',
          message: `the data source ${uid} is written into it`,
          reason:
            'in another Grafana the data source has another uid, and the panels say "Datasource not found"',
          remedy: 'add a variable of the kind data source, and name it: $' + '{datasource}.',
        });
    }
  },
};

/** Where the data source of a query stands: with the query, or else with its panel. */
function datasourcePointer(query: string, dashboard: ClassicDashboard): string {
  const own = `${query}/datasource/uid`;
  return valueAt(dashboard, own) === undefined ? query.replace(/\/targets\/\d+$/, '/datasource/uid') : own;
}

function fixedUid({ datasource: { uid, variable } }: DashboardQuery): string | undefined {
  if (uid === undefined || uid === '' || variable !== undefined || OF_GRAFANA.has(uid) || uid.includes('$'))
    return undefined;
  return uid;
}
