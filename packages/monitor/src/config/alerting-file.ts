/** Reads the `alerting` section of `prometheus.yml`, with Prometheus's names, defaults and checks. */
import type { AlertingConfig, AlertmanagerSetConfig } from './alerting.ts';
import { readHttpFields } from './http-config.ts';
import type { StaticConfig } from './prometheus.ts';
import { readRelabelRules } from './relabel.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

const TIMEOUT_MS = 10_000;

/** Ways to find Alertmanagers that are not read yet. */
const LATER_DISCOVERY = [
  'azure_sd_configs',
  'consul_sd_configs',
  'digitalocean_sd_configs',
  'dns_sd_configs',
  'docker_sd_configs',
  'dockerswarm_sd_configs',
  'ec2_sd_configs',
  'eureka_sd_configs',
  'file_sd_configs',
  'gce_sd_configs',
  'hetzner_sd_configs',
  'http_sd_configs',
  'ionos_sd_configs',
  'kubernetes_sd_configs',
  'kuma_sd_configs',
  'lightsail_sd_configs',
  'linode_sd_configs',
  'marathon_sd_configs',
  'nerve_sd_configs',
  'nomad_sd_configs',
  'openstack_sd_configs',
  'ovhcloud_sd_configs',
  'puppetdb_sd_configs',
  'scaleway_sd_configs',
  'serverset_sd_configs',
  'stackit_sd_configs',
  'triton_sd_configs',
  'uyuni_sd_configs',
  'vultr_sd_configs',
  'sigv4',
];

/** The section; undefined where it is absent. */
export function readAlerting(map: YamlMap | undefined, configPath: string): AlertingConfig | undefined {
  if (map === undefined) return undefined;
  const config: AlertingConfig = {
    alertRelabelRules: readRelabelRules(map, 'alert_relabel_configs'),
    alertmanagers: map.items('alertmanagers').flatMap((item) => readSet(item, configPath)),
  };
  map.finish();
  return config;
}

function readSet(item: YamlNode, configPath: string): AlertmanagerSetConfig[] {
  const map = item.map();
  if (map === undefined) return [];
  const scheme = map.text('scheme') ?? 'http';
  if (scheme !== 'http' && scheme !== 'https')
    map.field('scheme')?.problem(`${item.path}.scheme must be http or https`);
  const version = map.text('api_version') ?? 'v2';
  if (version !== 'v2')
    map
      .field('api_version')
      ?.problem(`${item.path}.api_version must be v2; Alertmanager has no other any more`);
  const relabelRules = readRelabelRules(map, 'relabel_configs');
  const config: AlertmanagerSetConfig = {
    scheme: scheme === 'https' ? 'https' : 'http',
    pathPrefix: map.text('path_prefix') ?? '',
    timeoutMs: map.durationMs('timeout') ?? TIMEOUT_MS,
    http: readHttpFields(map, configPath),
    // Relabelling can make an address of anything.
    staticConfigs: map
      .items('static_configs')
      .flatMap((group) => readGroup(group, relabelRules.length === 0)),
    relabelRules,
    alertRelabelRules: readRelabelRules(map, 'alert_relabel_configs'),
  };
  map.finish(LATER_DISCOVERY);
  return [config];
}

function readGroup(item: YamlNode, isFinal: boolean): StaticConfig[] {
  const map = item.map();
  if (map === undefined) return [];
  const targets = map.items('targets').flatMap((target) => {
    const address = target.text();
    if (address === undefined) return [];
    if (isFinal && address.includes('/'))
      target.problem(
        `${target.path} must be host:port; a path goes to path_prefix, a scheme to scheme: ${JSON.stringify(address)}`,
      );
    return [address];
  });
  const labels = map.texts('labels');
  map.finish();
  return [{ targets, labels }];
}
