/** VictoriaMetrics in place of Prometheus: vmagent scrapes, vmsingle keeps and answers, vmalert evaluates the rules. */

import { parseDuration } from '@binnacle/promql';
import type { Config, EnvironmentName } from '../config/config.ts';
import { DAY_MS } from '../duration.ts';
import { sortedByName } from '../order.ts';
import type { Backend } from './backend.ts';
import { after, answers, composeService, finished, literal, NOBODY, volumeOwner } from './compose-service.ts';
import { IMAGES } from './images.ts';
import { addressOf } from './ports.ts';
import { prometheusFileName } from './prometheus-service.ts';
import { HOST_FROM_CONTAINER } from './targets.ts';

const STORE = 'http://victoriametrics:8428';

/** VictoriaMetrics, vmagent and vmalert. */
export const victoriametrics: Backend = {
  title: 'VictoriaMetrics',
  queryUrl: STORE,
  queryPort: 8428,
  scraper: 'vmagent',
  ready: ['victoriametrics'],
  volumes: ['victoriametrics-data', 'vmagent-data'],
  ownJobs: { victoriametrics: 'victoriametrics:8428', vmagent: '127.0.0.1:8429', vmalert: 'vmalert:8880' },
  surroundings: { scrapeOnly: true },
  services: (config, environment) => ({
    'own-volumes': volumeOwner(environment, ['victoriametrics-data', 'vmagent-data']),
    victoriametrics: composeService(environment, {
      image: IMAGES.victoriametrics,
      user: NOBODY,
      command: ['-storageDataPath=/storage/data', `-retentionPeriod=${retentionPeriod(config, environment)}`],
      volumes: ['victoriametrics-data:/storage'],
      tmpfs: ['/tmp'],
      read_only: true,
      depends_on: finished('own-volumes'),
      port: 8428,
      healthy: answers(8428, '/health'),
      limits: { cpus: '2.0', memory: '2g' },
    }),
    vmagent: composeService(environment, {
      image: IMAGES.vmagent,
      user: NOBODY,
      command: [
        `-promscrape.config=/etc/prometheus/config/${prometheusFileName(environment)}`,
        `-remoteWrite.url=${STORE}/api/v1/write`,
        '-remoteWrite.tmpDataPath=/buffer/data',
      ],
      volumes: ['./prometheus:/etc/prometheus/config:ro', 'vmagent-data:/buffer'],
      tmpfs: ['/tmp'],
      read_only: true,
      extra_hosts: [`${HOST_FROM_CONTAINER}:host-gateway`],
      depends_on: after('victoriametrics'),
      port: 8429,
      healthy: answers(8429, '/health'),
      limits: { cpus: '1.0', memory: '512m' },
    }),
    vmalert: composeService(environment, {
      image: IMAGES.vmalert,
      user: NOBODY,
      command: [
        '-rule=/etc/prometheus/config/rules/*.yml',
        `-datasource.url=${STORE}`,
        `-remoteRead.url=${STORE}`,
        `-remoteWrite.url=${STORE}`,
        ...(config.alerting === undefined
          ? ['-notifier.blackhole']
          : [`-notifier.url=http://${addressOf('alertmanager')}`]),
        `-evaluationInterval=${config[environment].evaluationInterval}`,
        ...Object.entries(sortedByName(config[environment].externalLabels)).map(
          ([name, value]) => `-external.label=${name}=${literal(value)}`,
        ),
        ...(config[environment].externalUrl === undefined
          ? []
          : [`-external.url=${literal(config[environment].externalUrl)}`]),
      ],
      volumes: ['./prometheus:/etc/prometheus/config:ro'],
      tmpfs: ['/tmp'],
      read_only: true,
      depends_on: after('victoriametrics'),
      port: 8880,
      healthy: answers(8880, '/health'),
      limits: { cpus: '1.0', memory: '512m' },
    }),
  }),
  // vmalert refuses fields that it does not know, and calls this one by another name.
  ruleFileText: (text) => text.replace(/^ {4}query_offset:/gm, '    eval_delay:'),
  files: () => [],
  readme: [
    'vmagent scrapes what `prometheus/` says, VictoriaMetrics keeps it and answers queries, and vmalert evaluates the rules and tells Alertmanager.',
    'VictoriaMetrics answers PromQL with its own functions and small differences (`rate` and `increase` also see the sample in front of the window, and do not extrapolate): try the alerts that matter.',
    'It has no limit by size: `retentionSize` of the configuration does not hold here. Keep an eye on the disk.',
  ],
};

/** VictoriaMetrics takes whole days and more; less than a day is one. */
function retentionPeriod(config: Config, environment: EnvironmentName): string {
  return `${Math.max(1, Math.ceil(parseDuration(config[environment].retentionTime) / DAY_MS))}d`;
}
