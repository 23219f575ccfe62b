/** Dashboards as ConfigMaps, which the sidecar of Grafana's chart picks up by their label. */
import type { Config } from '../../config/config.ts';
import type { Dashboard } from '../../dashboard/dashboard.ts';
import { DefinitionError } from '../../dashboard/definition-error.ts';
import { stringifyDashboard } from '../../grafana/render.ts';
import { type Manifest, metadata } from './manifest.ts';

/** What a ConfigMap may hold, less a little for what surrounds the dashboard. */
const CONFIG_MAP_CHARACTERS_MAX = 1_000_000;

/**
 * A dashboard as a ConfigMap.
 * @throws DefinitionError when it is larger than a ConfigMap may be
 */
export function dashboardConfigMap(
  config: Config,
  dashboard: Dashboard,
): Manifest & { readonly data: object } {
  const text = stringifyDashboard(dashboard);
  if (text.length > CONFIG_MAP_CHARACTERS_MAX)
    throw new DefinitionError(
      `dashboard ${JSON.stringify(dashboard.title)} has ${text.length} characters, and a ConfigMap takes ${CONFIG_MAP_CHARACTERS_MAX}: split it`,
    );
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(config, configMapName(config, dashboard), { grafana_dashboard: '1' }),
    data: { [`${dashboard.uid}.json`]: text },
  };
}

/** Names of objects are lower case, without `_`, and end with a letter or digit; at most 63 characters are safe everywhere. */
function configMapName(config: Config, { uid }: Dashboard): string {
  const name = uid
    .toLowerCase()
    .replace(/_/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${config.name}-dashboard-${name}`;
}
