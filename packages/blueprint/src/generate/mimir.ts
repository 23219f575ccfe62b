/** Mimir behind Prometheus: Prometheus scrapes and evaluates, and sends every sample on to Mimir, which keeps them. */

import type { Backend } from './backend.ts';
import { composeService, finished, NOBODY, volumeOwner } from './compose-service.ts';
import { IMAGES } from './images.ts';
import { loopbackOf } from './ports.ts';
import { prometheusService } from './prometheus-service.ts';
import { yamlText } from './yaml-text.ts';

/** What Prometheus keeps itself: enough for rules, and to bridge an outage of Mimir. */
const LOCAL_RETENTION = '2d';

/** Mimir as one process with all of its data below one folder. */
const CONFIGURATION = {
  multitenancy_enabled: false,
  usage_stats: { enabled: false },
  server: { http_listen_port: 9009 },
  activity_tracker: { filepath: '/data/activity.log' },
  blocks_storage: {
    backend: 'filesystem',
    filesystem: { dir: '/data/blocks' },
    bucket_store: { sync_dir: '/data/bucket-sync' },
    tsdb: { dir: '/data/tsdb' },
  },
  compactor: { data_dir: '/data/compactor', sharding_ring: { kvstore: { store: 'memberlist' } } },
  distributor: { ring: { instance_addr: '127.0.0.1', kvstore: { store: 'memberlist' } } },
  ingester: {
    ring: { instance_addr: '127.0.0.1', kvstore: { store: 'memberlist' }, replication_factor: 1 },
  },
  ruler: { rule_path: '/data/ruler' },
  ruler_storage: { backend: 'filesystem', filesystem: { dir: '/data/rules' } },
  store_gateway: { sharding_ring: { replication_factor: 1 } },
} as const;

/** Prometheus and Mimir. */
export const mimir: Backend = {
  title: 'Grafana Mimir',
  queryUrl: 'http://mimir:9009/prometheus',
  queryPort: 9009,
  scraper: 'prometheus',
  ready: ['prometheus'],
  volumes: ['mimir-data', 'prometheus-data'],
  ownJobs: { mimir: 'mimir:9009', prometheus: loopbackOf('prometheus') },
  surroundings: { remoteWrite: [{ name: 'mimir', url: 'http://mimir:9009/api/v1/push' }] },
  services: (config, environment) => ({
    prometheus: prometheusService(config, environment, { retentionTime: LOCAL_RETENTION }),
    'own-volumes': volumeOwner(environment, ['mimir-data']),
    // Its image holds nothing but Mimir, so there is no program in it that could ask whether it is well.
    mimir: composeService(environment, {
      image: IMAGES.mimir,
      user: NOBODY,
      command: ['-target=all', '-config.file=/etc/mimir/mimir.yml'],
      volumes: ['./mimir:/etc/mimir:ro', 'mimir-data:/data'],
      tmpfs: ['/tmp'],
      read_only: true,
      depends_on: finished('own-volumes'),
      port: 9009,
      limits: { cpus: '2.0', memory: '4g' },
    }),
  }),
  files: (config) => [
    {
      path: 'mimir/mimir.yml',
      text: yamlText({
        ...CONFIGURATION,
        limits: { compactor_blocks_retention_period: config.production.retentionTime },
      }),
    },
  ],
  readme: [
    `Prometheus scrapes, evaluates the rules and keeps ${LOCAL_RETENTION}; it sends every sample to Mimir by remote write, and dashboards ask Mimir.`,
    'Mimir runs as one process with its blocks in the volume `mimir-data`. For more than one machine, give it an object store in `mimir/mimir.yml` (`common.storage.backend: s3`), and point `remote_write` at it.',
    'While Mimir is away, Prometheus keeps what it could not send for about two hours and sends it afterwards.',
  ],
};
