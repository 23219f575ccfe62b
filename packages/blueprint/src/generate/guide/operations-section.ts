/** Running it: settings, the way in from outside, and what must survive a broken disk. */

import { formatDuration, parseDuration } from '@binnacle/promql';
import type { Config } from '../../config/config.ts';
import { block, code, paragraphs, table } from '../../markdown.ts';
import type { Backend } from '../backend.ts';
import { composeProject } from '../compose.ts';
import { PORTS, publishedAt } from '../ports.ts';

/** What a sample takes on disk, as a rule of thumb of Prometheus's own documentation: one to two bytes. */
const BYTES_PER_SAMPLE = 1.5;
/** The number of series by which the example reckons. */
const EXAMPLE_SERIES = 10_000;

/** Sections by title. */
export function operationsSection(config: Config, backend: Backend): [string, string][] {
  return [
    ['Tuning', tuning(config)],
    ['Access from outside', nginx(config, backend)],
    ['Network isolation', isolation(config)],
    ['Backup and restore', backup(config, backend)],
  ];
}

function tuning(config: Config): string {
  const { development, production } = config;
  const seconds = parseDuration(production.retentionTime) / 1000;
  const bytes =
    (seconds / (parseDuration(production.scrapeInterval) / 1000)) * EXAMPLE_SERIES * BYTES_PER_SAMPLE;
  return paragraphs(
    table(
      ['Setting', 'Development', 'Production'],
      [
        ['`scrapeInterval`', development.scrapeInterval, production.scrapeInterval],
        ['`scrapeTimeout`', development.scrapeTimeout, production.scrapeTimeout],
        ['`evaluationInterval`', development.evaluationInterval, production.evaluationInterval],
        ['`retentionTime`', development.retentionTime, production.retentionTime],
        ['`retentionSize`', development.retentionSize ?? 'no limit', production.retentionSize ?? 'no limit'],
      ],
    ),
    'They are set in `binnacle.config.ts` under `development` and `production`; a service has its own `scrapeInterval` and `scrapeTimeout`.',
    `The disk: ${EXAMPLE_SERIES} series, scraped every ${production.scrapeInterval} and kept ${formatDuration(parseDuration(production.retentionTime))}, take about ${gigabytes(bytes)} GB (${BYTES_PER_SAMPLE} bytes per sample). Whichever limit is reached first, time or size, holds.`,
    `Memory and processors of the containers are limited in ${code('compose.prod.yml')}. Many series cost memory, many labels with many values make them: ${code('topk(10, count by (__name__) ({__name__=~".+"}))')} names the largest metrics.`,
    'An alert that fires too often wants a longer `for`, or a threshold from the distribution of the last weeks, before it wants a silence.',
  );
}

/** One digit behind the point below ten, none above. */
function gigabytes(bytes: number): string {
  const value = bytes / 1e9;
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function nginx(config: Config, backend: Backend): string {
  const { externalUrl } = config.production;
  const host = /^https?:\/\/([\w.-]+)/.exec(externalUrl ?? '')?.[1] ?? 'monitoring.example.com';
  return paragraphs(
    'All ports are bound to the loopback address. People come in through a proxy with TLS; Grafana has accounts of its own, everything else gets a password here:',
    block(
      'nginx',
      `server {
  listen 443 ssl;
  http2 on;
  server_name ${host};

  ssl_certificate     /etc/letsencrypt/live/${host}/fullchain.pem;
  ssl_certificate_key /etc/letsencrypt/live/${host}/privkey.pem;
  ssl_protocols       TLSv1.2 TLSv1.3;

  location / {
    proxy_pass http://${publishedAt(config, 'grafana')};
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  }

  # Grafana Live keeps a connection open.
  location /api/live/ {
    proxy_pass http://${publishedAt(config, 'grafana')};
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
  }
${
  backend.scraper !== 'prometheus'
    ? ''
    : `
  location /prometheus/ {
    auth_basic           "monitoring";
    auth_basic_user_file /etc/nginx/monitoring.htpasswd;
    proxy_pass           http://${publishedAt(config, 'prometheus')}/;
  }
`
}${
  config.alerting === undefined
    ? ''
    : `
  # Silences. Whoever reaches Alertmanager can silence everything.
  location /alertmanager/ {
    auth_basic           "monitoring";
    auth_basic_user_file /etc/nginx/monitoring.htpasswd;
    proxy_pass           http://${publishedAt(config, 'alertmanager')}/;
  }
`
}}

server {
  listen 80;
  server_name ${host};
  return 301 https://$host$request_uri;
}`,
    ),
    block('sh', 'htpasswd -B -c /etc/nginx/monitoring.htpasswd NAME\nnginx -t && systemctl reload nginx'),
    externalUrl === undefined
      ? 'Put that address into `production.externalUrl` of the configuration: links in alerts and in Grafana are made of it.'
      : '',
  );
}

function isolation(config: Config): string {
  return paragraphs(
    [
      `- The stack has a network of its own, \`${composeProject(config, 'production')}\`. Only what must be scraped joins it.`,
      '- Ports of metrics are for the scraper: never publish them, and let a firewall close them where services run on the machine itself.',
      '- `/metrics` tells names, versions and numbers of a business. Where the way to it is not your own network, give it a token (`BINNACLE_METRICS_TOKEN`) or TLS.',
      '- Containers have no capabilities, cannot gain privileges, and read their configuration without being able to change it.',
      `- From elsewhere: \`ssh -L ${PORTS.grafana}:${publishedAt(config, 'grafana')} HOST\` needs no open port at all.`,
    ].join('\n'),
  );
}

function backup(config: Config, backend: Backend): string {
  const project = composeProject(config, 'production');
  const volumes = [
    ...backend.volumes,
    'grafana-data',
    ...(config.alerting === undefined ? [] : ['alertmanager-data']),
  ].sort();
  const compose = 'docker compose -f compose.prod.yml --env-file .env.production';
  return paragraphs(
    `This folder is in the repository. What is not: the volumes (${volumes.map(code).join(', ')}) and \`.env.production\`.`,
    'A copy is only whole while nothing writes, so stop, copy, start; the gap in the graphs is as long as that takes:',
    block(
      'sh',
      `${compose} stop
mkdir -p backup
for volume in ${volumes.join(' ')}; do
  docker run --rm -v "${project}_$volume:/data:ro" -v "$PWD/backup:/backup" busybox \\
    tar -czf "/backup/$volume.tar.gz" -C /data .
done
${compose} start`,
    ),
    'Back again, on this or on another machine:',
    block(
      'sh',
      `${compose} down
for volume in ${volumes.join(' ')}; do
  docker volume rm -f "${project}_$volume"
done
${compose} create
for volume in ${volumes.join(' ')}; do
  docker run --rm -v "${project}_$volume:/data" -v "$PWD/backup:/backup:ro" busybox \\
    tar -xzf "/backup/$volume.tar.gz" -C /data
done
${compose} up -d`,
    ),
    'Try it once before it is needed: a backup that nobody has restored is a hope.',
  );
}
