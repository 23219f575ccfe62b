/** Grafana's provisioning: where it asks, and which dashboards it shows from the first start on. */
import type { Config } from '../config/config.ts';
import { stringifyDashboard } from '../grafana/render.ts';
import type { GeneratedFile } from './generated-file.ts';
import { yamlText } from './yaml-text.ts';

/** What dashboards and links know the data source by, whatever stands behind it. */
const DATASOURCE_UID = 'prometheus';

/** The variable of Grafana's environment that holds the scrape interval, which differs between environments. */
export const SCRAPE_INTERVAL_VARIABLE = 'SCRAPE_INTERVAL';

/** Where the container finds the dashboards. */
export const DASHBOARDS_FOLDER = '/etc/grafana/dashboards';

/** How often Grafana looks for changed files. */
const UPDATE_INTERVAL_S = 30;

/** Provisioning and dashboards, below `grafana/`. */
export function grafanaFiles(config: Config, queryUrl: string): readonly GeneratedFile[] {
  return [
    {
      path: 'grafana/provisioning/datasources/prometheus.yml',
      text: yamlText(
        {
          apiVersion: 1,
          datasources: [
            {
              name: 'Prometheus',
              uid: DATASOURCE_UID,
              type: 'prometheus',
              access: 'proxy',
              url: queryUrl,
              isDefault: true,
              editable: false,
              jsonData: { httpMethod: 'POST', timeInterval: `$${SCRAPE_INTERVAL_VARIABLE}` },
            },
          ],
        },
        {
          notes: [
            [
              ['datasources', 0, 'jsonData', 'timeInterval'],
              'The scrape interval, of which rates are made; the compose files say it.',
            ],
          ],
        },
      ),
    },
    {
      path: 'grafana/provisioning/dashboards/dashboards.yml',
      text: yamlText({
        apiVersion: 1,
        providers: [
          {
            name: config.name,
            orgId: 1,
            folder: config.dashboardFolder,
            type: 'file',
            // What is no longer generated goes from Grafana, too.
            disableDeletion: false,
            allowUiUpdates: false,
            updateIntervalSeconds: UPDATE_INTERVAL_S,
            options: { path: DASHBOARDS_FOLDER },
          },
        ],
      }),
    },
    ...config.dashboards.map((dashboard) => ({
      path: `grafana/dashboards/${dashboard.uid}.json`,
      text: stringifyDashboard(dashboard),
    })),
  ];
}
