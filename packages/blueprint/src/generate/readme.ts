/** `README.md` of the generated folder: the two commands that start it, what lies where, and what is left to do. */

import { secretsOf } from '../alerting/secrets.ts';
import type { Config } from '../config/config.ts';
import { block, paragraphs, table } from '../markdown.ts';
import type { Backend } from './backend.ts';
import { composeProject } from './compose.ts';
import { GENERATED_HEADER, type GeneratedFile } from './generated-file.ts';
import { alertingSecretName } from './kubernetes/alertmanager-config.ts';
import { METRICS_PORT_NAME, NAME_LABEL } from './kubernetes/monitors.ts';
import { makeTarget } from './makefile.ts';
import { publishedAt, publishedPort } from './ports.ts';
import { HOST_FROM_CONTAINER, isLoopback } from './targets.ts';

/** What lies in the folder, by the first part of its path. */
const CONTENTS: Readonly<Record<string, string>> = {
  '.env.example': 'variables of `compose.yml`',
  '.env.production.example': 'variables of `compose.prod.yml`',
  '.gitignore': 'what must not come into the repository',
  Makefile: 'starts and stops the stack',
  'MONITORING.md': 'the handbook: metrics, dashboards, alerts and what to do',
  alertmanager: 'who is told of alerts, and the texts',
  'compose.prod.yml': 'the stack for production',
  'compose.services.yml': 'what the compose files of services take over',
  'compose.yml': 'the stack for developers',
  grafana: 'data source and dashboards',
  kubernetes: 'the same for a cluster with the Prometheus operator',
  mimir: 'the configuration of Mimir',
  prometheus: 'what is scraped, and the rules',
  thanos: 'where blocks go',
};

/** Renders the README of a folder with these files. */
export function renderReadme(config: Config, backend: Backend, files: readonly GeneratedFile[]): string {
  return `${paragraphs(
    `<!-- ${GENERATED_HEADER} -->`,
    `# The monitoring of ${config.name}`,
    `${backend.title}${config.alerting === undefined ? '' : ', Alertmanager'} and Grafana. [MONITORING.md](MONITORING.md) says what is measured, shown and alerted on.`,
    '## Start',
    'For developers:',
    block(
      'sh',
      `cp .env.example .env   # and fill in GRAFANA_PASSWORD\nmake ${makeTarget('up', 'development')}   # or: docker compose up -d`,
    ),
    'In production:',
    block(
      'sh',
      `cp .env.production.example .env.production   # and fill it in\nmake ${makeTarget('up', 'production')}   # or: docker compose -f compose.prod.yml --env-file .env.production up -d`,
    ),
    addresses(config, backend),
    `\`make ${makeTarget('down', 'development')}\` and \`make ${makeTarget('down', 'production')}\` stop it; what was kept stays.`,
    'After a change of `binnacle.config.ts`:',
    block(
      'sh',
      `npx binnacle generate\ndocker compose kill -s HUP ${reloaded(config, backend).join(' ')}   # reads the new files; Grafana looks by itself`,
    ),
    '`npx binnacle generate --check` in the pipeline fails when these files are not what the configuration says.',
    ...(backend.readme.length === 0
      ? []
      : [`## ${backend.title}`, backend.readme.map((line) => `- ${line}`).join('\n')]),
    '## What lies where',
    contents(files),
    '## Your services',
    services(config),
    '## Secrets',
    secrets(config),
    '## Kubernetes',
    kubernetes(config),
  )}\n`;
}

function addresses(config: Config, backend: Backend): string {
  return table(
    ['What', 'Where'],
    [
      ['Grafana (account `admin`)', `http://${publishedAt(config, 'grafana')}`],
      [backend.title, `http://127.0.0.1:${publishedPort(config, backend.queryPort)}`],
      ...(config.alerting === undefined
        ? []
        : [['Alertmanager', `http://${publishedAt(config, 'alertmanager')}`]]),
    ],
  );
}

/** The services that read their configuration again on SIGHUP. */
function reloaded(config: Config, backend: Backend): readonly string[] {
  return [
    backend.scraper,
    ...(backend.scraper === 'vmagent' ? ['vmalert'] : []),
    ...(config.alerting === undefined ? [] : ['alertmanager']),
  ];
}

function contents(files: readonly GeneratedFile[]): string {
  const folders = new Map<string, string>();
  for (const { path } of files) {
    const [first = ''] = path.split('/');
    folders.set(first, path.includes('/') ? `${first}/` : first);
  }
  return table(
    ['File or folder', 'What it is'],
    [...folders]
      .filter(([first]) => CONTENTS[first] !== undefined)
      .map(([first, shown]) => [`\`${shown}\``, CONTENTS[first] ?? '']),
  );
}

function services(config: Config): string {
  const onHost = config.services
    .filter(({ targets }) => targets.some(isLoopback))
    .map(({ name }) => `\`${name}\``);
  return paragraphs(
    onHost.length === 0
      ? ''
      : `${onHost.join(', ')} run${onHost.length === 1 ? 's' : ''} on the machine itself, and containers reach ${onHost.length === 1 ? 'it' : 'them'} by the name \`${HOST_FROM_CONTAINER}\`. The service must listen for that, and not on the loopback address alone: \`BINNACLE_METRICS_HOST=0.0.0.0\`. Keep its port closed to the outside.`,
    `A service in a container of its own joins the network and takes over its directory for metrics:`,
    block(
      'yaml',
      [
        'services:',
        `  ${config.services[0]?.name ?? 'web'}:`,
        `    extends: { file: monitoring/compose.services.yml, service: ${config.services[0]?.name ?? 'web'} }`,
        '    networks: [default, monitoring]',
        'networks:',
        '  monitoring:',
        `    name: ${composeProject(config, 'production')}`,
        '    external: true',
      ].join('\n'),
    ),
    `In development the network is called \`${composeProject(config, 'development')}\`.`,
  );
}

function secrets(config: Config): string {
  const named = secretsOf(config.alerting);
  const files = named.filter(({ source }) => 'file' in source);
  return paragraphs(
    'No secret stands in this folder. Keep `.env` and `.env.production` out of the repository.',
    table(
      ['Secret', 'Comes from', 'What it is'],
      [
        ['Grafana', '`GRAFANA_PASSWORD`', 'password of `admin` at the first start'],
        ...named.map(({ name, source, purpose }) => [
          `\`${name}\``,
          'env' in source ? `\`${source.env}\`` : `the file \`${source.file}\``,
          purpose,
        ]),
      ],
    ),
    files.length === 0
      ? ''
      : 'Files of the host are mounted as they are: the account 65534, which Alertmanager runs as, must be able to read them.',
  );
}

function kubernetes(config: Config): string {
  const named = secretsOf(config.alerting);
  return paragraphs(
    `With the Prometheus operator and Grafana's chart in the cluster. Services carry the label \`${NAME_LABEL}\` with the name of the service here, and a port called \`${METRICS_PORT_NAME}\`.`,
    block(
      'sh',
      [
        ...(named.length === 0
          ? []
          : [
              `kubectl create secret generic ${alertingSecretName(config)} -n monitoring \\\n${named.map(({ name }) => `  --from-file=${name}=./${name}`).join(' \\\n')}`,
            ]),
        'kubectl apply --server-side -n monitoring -k kubernetes',
      ].join('\n'),
    ),
    config.alerting === undefined
      ? ''
      : 'The operator binds an `AlertmanagerConfig` to alerts of its own namespace unless `alertmanagerConfigMatcherStrategy` of the Alertmanager says otherwise: set it to `None` where alerts of other namespaces are meant too.',
  );
}
