/**
 * `compose.yml` and `compose.prod.yml`: the whole stack on one machine.
 *
 * Every port is open to this machine only; what the outside may see goes through a proxy. Configuration is mounted for
 * reading, by folder; what is kept lies in named volumes. Secrets come from variables or files of the host and become
 * files within the one container that needs them.
 */

import type { Alerting } from '../alerting/alerting.ts';
import { SECRETS_FOLDER, secretsOf } from '../alerting/secrets.ts';
import type { Config, EnvironmentName } from '../config/config.ts';
import type { Backend } from './backend.ts';
import {
  after,
  answers,
  type ComposeService,
  composeService,
  literal,
  NETWORK,
  NOBODY,
} from './compose-service.ts';
import { DASHBOARDS_FOLDER, SCRAPE_INTERVAL_VARIABLE } from './grafana.ts';
import { IMAGES } from './images.ts';
import { PORTS, publishedPort } from './ports.ts';
import { filled, type YamlNote, yamlText } from './yaml-text.ts';

/** Renders the compose file of an environment. */
export function renderCompose(config: Config, environment: EnvironmentName, backend: Backend): string {
  const production = environment === 'production';
  const services: Record<string, ComposeService> = { ...backend.services(config, environment) };
  const volumes = [...backend.volumes, 'grafana-data'];
  if (config.alerting !== undefined) {
    services.alertmanager = alertmanagerService(config, config.alerting, environment);
    volumes.push('alertmanager-data');
  }
  services.grafana = grafanaService(config, environment, backend);
  return yamlText(
    {
      name: composeProject(config, environment),
      services: published(config, services),
      networks: { [NETWORK]: { name: composeProject(config, environment) } },
      volumes: Object.fromEntries(volumes.sort().map((volume) => [volume, null])),
      secrets: filled(composeSecrets(config.alerting)),
    },
    {
      about: [
        production
          ? `The monitoring of ${config.name}. Start: docker compose -f compose.prod.yml --env-file .env.production up -d`
          : `The monitoring of ${config.name}, for developers. Start: docker compose up -d`,
      ],
      notes: notes(services),
    },
  );
}

/** The services, reached at ports of the machine that no other service has. */
function published(
  config: Config,
  services: Readonly<Record<string, ComposeService>>,
): Record<string, ComposeService> {
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const ports = service.ports?.map((text) => {
        const [address, , port] = text.split(':');
        return `${address}:${publishedPort(config, Number(port))}:${port}`;
      });
      return [name, { ...service, ...(ports !== undefined && { ports }) }];
    }),
  );
}

/** What names containers, the network and the volumes. On one machine neither environment touches what the other keeps. */
export function composeProject({ name }: Config, environment: EnvironmentName): string {
  return environment === 'production' ? `${name}-monitoring` : `${name}-monitoring-dev`;
}

function alertmanagerService(
  config: Config,
  alerting: Alerting,
  environment: EnvironmentName,
): ComposeService {
  const { externalUrl } = config[environment];
  const secrets = secretsOf(alerting);
  return composeService(environment, {
    image: IMAGES.alertmanager,
    user: NOBODY,
    command: [
      '--config.file=/etc/alertmanager/config/alertmanager.yml',
      '--storage.path=/alertmanager',
      // One Alertmanager has nobody to talk to.
      '--cluster.listen-address=',
      ...(externalUrl === undefined
        ? []
        : [`--web.external-url=${literal(externalUrl)}/alertmanager/`, '--web.route-prefix=/']),
    ],
    volumes: ['./alertmanager:/etc/alertmanager/config:ro', 'alertmanager-data:/alertmanager'],
    ...(secrets.length > 0 && {
      secrets: secrets.map(({ name }) => ({ source: name, target: `${SECRETS_FOLDER}/${name}` })),
    }),
    tmpfs: ['/tmp'],
    // A secret from a variable is written into the container, which a read-only one refuses.
    ...(secrets.every(({ source }) => 'file' in source) && { read_only: true }),
    port: PORTS.alertmanager,
    healthy: answers(PORTS.alertmanager, '/-/healthy'),
    limits: { cpus: '0.5', memory: '256m' },
  });
}

function grafanaService(config: Config, environment: EnvironmentName, backend: Backend): ComposeService {
  const production = environment === 'production';
  const home = config.dashboards[0];
  return composeService(environment, {
    image: IMAGES.grafana,
    environment: {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: compose fills it in
      GF_SECURITY_ADMIN_PASSWORD: '${GRAFANA_PASSWORD:?set GRAFANA_PASSWORD, there is no default}',
      GF_USERS_ALLOW_SIGN_UP: 'false',
      GF_AUTH_ANONYMOUS_ENABLED: 'false',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      ...(home !== undefined && {
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${DASHBOARDS_FOLDER}/${home.uid}.json`,
      }),
      ...(production && {
        GF_SERVER_ROOT_URL: rootUrl(config),
        GF_SECURITY_COOKIE_SECURE: 'true',
        GF_SECURITY_STRICT_TRANSPORT_SECURITY: 'true',
      }),
      [SCRAPE_INTERVAL_VARIABLE]: config[environment].scrapeInterval,
    },
    volumes: [
      './grafana/provisioning:/etc/grafana/provisioning:ro',
      // A folder that is not there would be made, by root.
      ...(home === undefined ? [] : [`./grafana/dashboards:${DASHBOARDS_FOLDER}:ro`]),
      'grafana-data:/var/lib/grafana',
    ],
    depends_on: after(...backend.ready),
    port: PORTS.grafana,
    healthy: answers(PORTS.grafana, '/api/health'),
    limits: { cpus: '1.0', memory: '512m' },
  });
}

/** The address of Grafana that people type: that of the configuration, unless the environment says another. */
function rootUrl({ production: { externalUrl } }: Config): string {
  return externalUrl === undefined
    ? // biome-ignore lint/suspicious/noTemplateCurlyInString: compose fills it in
      '${GRAFANA_ROOT_URL:?set GRAFANA_ROOT_URL to the address that people type}'
    : `\${GRAFANA_ROOT_URL:-${literal(externalUrl)}/}`;
}

/** Each secret by its source: a variable of the environment in which compose runs, or a file of the host. */
function composeSecrets(alerting: Alerting | undefined): Readonly<Record<string, object>> {
  return Object.fromEntries(
    secretsOf(alerting).map(({ name, source }) => [
      name,
      'env' in source ? { environment: source.env } : { file: literal(source.file) },
    ]),
  );
}

function notes(services: Readonly<Record<string, ComposeService>>): YamlNote[] {
  const found: YamlNote[] = [];
  for (const [name, { extra_hosts, secrets, read_only }] of Object.entries(services)) {
    if (extra_hosts !== undefined)
      found.push([
        ['services', name, 'extra_hosts'],
        'The way to programs that run on this machine, outside of containers.',
      ]);
    if (secrets !== undefined && read_only !== true)
      found.push([
        ['services', name, 'secrets'],
        'Written into the container, which therefore is not read_only.',
      ]);
  }
  return found;
}
