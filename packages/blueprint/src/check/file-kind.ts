/**
 * What a file of a repository is, told by its name and by the words at the beginning of its lines. Nothing is parsed
 * but what looks like a panel alone, since most files of a repository are none of ours.
 */
import { isObject } from '../grafana/reading/json.ts';

/**
 * `datasources` and `dashboard-providers` are Grafana's provisioning; `kubernetes` are manifests that are looked into
 * (`PrometheusRule`, `ServiceMonitor`, ...); `rule-tests` are promtool's; `source` are programs in which definitions
 * stand.
 */
export const FILE_KINDS = [
  'prometheus',
  'rules',
  'rule-tests',
  'alertmanager',
  'dashboard',
  'datasources',
  'dashboard-providers',
  'compose',
  'kubernetes',
  'source',
] as const;

/** One of {@link FILE_KINDS}. */
export type FileKind = (typeof FILE_KINDS)[number];

/** The manifests that are looked into. */
const MANIFESTS = '(?:Prometheus(?:Rule)?|ServiceMonitor|PodMonitor|AlertmanagerConfig|Service)';

/** What a file is; undefined where it is none that is checked. */
export function fileKind(path: string, text: string): FileKind | undefined {
  if (/\.[cm]?[jt]sx?$/.test(path)) return 'source';
  if (path.endsWith('.json')) return isDashboard(text) ? 'dashboard' : undefined;
  if (!/\.ya?ml$/.test(path)) return undefined;
  // A template of Helm is no YAML before it is filled in.
  if (/\{\{[^}]*\.(?:Values|Release|Chart)\b/.test(text)) return undefined;
  // JSON is YAML, and what jsonnet writes as YAML has its keys in quotation marks.
  // Editors on Windows begin files with a mark of the byte order.
  const begin = /^\s*(?:---\s*)?\{/.test(text) ? '' : '^\\uFEFF?';
  const has = (key: string, value = ''): boolean =>
    new RegExp(`${begin}(["']?)\\b${key}\\1\\s*:${value}`, 'm').test(text);
  if (has('apiVersion') && has('kind')) {
    if (has('kind', `\\s*(["']?)${MANIFESTS}\\2\\s*(?:[,}#]|$)`)) return 'kubernetes';
    if (!has('datasources') && !has('providers')) return undefined;
  }
  if (has('tests') && has('rule_files')) return 'rule-tests';
  if (has('scrape_configs') || (has('global') && (has('rule_files') || has('alerting')))) return 'prometheus';
  if (has('route') && has('receivers')) return 'alertmanager';
  if (has('groups') && /(?:^|[{,-])\s*(["']?)(?:alert|record|rules)\1\s*:/m.test(text)) return 'rules';
  if (has('datasources') && has('apiVersion')) return 'datasources';
  if (has('providers') && has('apiVersion')) return 'dashboard-providers';
  if (
    has('services') &&
    (/(?:^|\/)(?:docker-)?compose[^/]*$/.test(path) || /^\s+["']?image["']?:/m.test(text))
  )
    return 'compose';
  return undefined;
}

/** A dashboard, bare, in the envelope of the HTTP API, or in one of the new resources. */
function isDashboard(text: string): boolean {
  if (!/"(?:panels|rows)"\s*:/.test(text)) return isPanel(text);
  return /"(?:schemaVersion|templating|annotations|dashboard|gridPos|__inputs)"\s*:/.test(text);
}

const PANEL_TYPE =
  /"type"\s*:\s*"(?:timeseries|graph|stat|singlestat|gauge|bargauge|barchart|table|heatmap|histogram|piechart|state-timeline|status-history)"/;

/**
 * A panel alone, as documents show it: what it asks in PromQL, and as what it is drawn. Those that stand in a list, or
 * in something else, are no file for Grafana.
 */
function isPanel(text: string): boolean {
  if (!/"expr"\s*:/.test(text) || !PANEL_TYPE.test(text)) return false;
  try {
    const root: unknown = JSON.parse(text);
    return isObject(root) && Array.isArray(root.targets) && typeof root.type === 'string';
  } catch {
    return false;
  }
}
