/**
 * Thanos beside Prometheus: a sidecar ships every finished block to a bucket, a store gateway reads them there, a
 * compactor thins them out, and a querier asks both the sidecar and the gateway as one.
 */

import type { EnvironmentName } from '../config/config.ts';
import type { Backend } from './backend.ts';
import {
  after,
  answers,
  type ComposeService,
  type ComposeServiceSpec,
  composeService,
  finished,
  NOBODY,
  volumeOwner,
} from './compose-service.ts';
import { IMAGES } from './images.ts';
import { addressOf, loopbackOf } from './ports.ts';
import { prometheusService } from './prometheus-service.ts';
import { yamlText } from './yaml-text.ts';

/** What Prometheus keeps itself: enough for the sidecar to ship it after an outage of the bucket. */
const LOCAL_RETENTION = '7d';
const BUCKET = '--objstore.config-file=/etc/thanos/bucket.yml';
/** Blocks on their way must not be compacted by Prometheus, or the compactor would meet the same samples twice. */
const SIDECAR_FLAGS = ['--storage.tsdb.min-block-duration=2h', '--storage.tsdb.max-block-duration=2h'];

const HTTP_PORT = 10902;

/** Prometheus and Thanos. */
export const thanos: Backend = {
  title: 'Thanos',
  queryUrl: `http://thanos-query:${HTTP_PORT}`,
  queryPort: HTTP_PORT,
  scraper: 'prometheus',
  ready: ['thanos-query'],
  volumes: ['prometheus-data', 'thanos-bucket', 'thanos-compact-data'],
  ownJobs: {
    prometheus: loopbackOf('prometheus'),
    'thanos-compact': `thanos-compact:${HTTP_PORT}`,
    'thanos-query': `thanos-query:${HTTP_PORT}`,
    'thanos-sidecar': `thanos-sidecar:${HTTP_PORT}`,
    'thanos-store': `thanos-store:${HTTP_PORT}`,
  },
  // The sidecar refuses a Prometheus that nothing tells apart from others.
  surroundings: { externalLabels: ({ name }) => ({ monitor: name }) },
  services: (config, environment) => ({
    prometheus: prometheusService(config, environment, {
      retentionTime: LOCAL_RETENTION,
      flags: SIDECAR_FLAGS,
    }),
    'own-volumes': volumeOwner(environment, ['thanos-bucket', 'thanos-compact-data']),
    'thanos-sidecar': thanosService(environment, {
      command: [
        'sidecar',
        '--tsdb.path=/prometheus',
        `--prometheus.url=http://${addressOf('prometheus')}`,
        BUCKET,
      ],
      volumes: ['./thanos:/etc/thanos:ro', 'prometheus-data:/prometheus', 'thanos-bucket:/bucket'],
      depends_on: { ...after('prometheus'), ...finished('own-volumes') },
    }),
    'thanos-store': thanosService(environment, {
      command: ['store', '--data-dir=/tmp/store', BUCKET],
      volumes: ['./thanos:/etc/thanos:ro', 'thanos-bucket:/bucket'],
      depends_on: finished('own-volumes'),
    }),
    'thanos-compact': thanosService(environment, {
      command: [
        'compact',
        '--wait',
        '--data-dir=/compact',
        `--retention.resolution-raw=${config[environment].retentionTime}`,
        BUCKET,
      ],
      volumes: ['./thanos:/etc/thanos:ro', 'thanos-bucket:/bucket', 'thanos-compact-data:/compact'],
      depends_on: finished('own-volumes'),
    }),
    'thanos-query': thanosService(environment, {
      command: [
        'query',
        '--endpoint=thanos-sidecar:10901',
        '--endpoint=thanos-store:10901',
        '--query.replica-label=replica',
      ],
      depends_on: after('thanos-sidecar', 'thanos-store'),
      port: HTTP_PORT,
    }),
  }),
  files: () => [
    {
      path: 'thanos/bucket.yml',
      text: yamlText(
        { type: 'FILESYSTEM', config: { directory: '/bucket' } },
        { about: ['Where blocks go: a folder of this machine, until there is an object store.'] },
      ),
    },
  ],
  readme: [
    `Prometheus keeps ${LOCAL_RETENTION}. A Thanos sidecar ships each finished block to the bucket, and dashboards ask \`thanos-query\`, which knows both.`,
    'The bucket is the volume `thanos-bucket` of this machine. For an object store replace `thanos/bucket.yml` (`type: S3`, ...); its keys are secrets, so keep that file out of the repository.',
    "Thanos tells Prometheus servers apart by their external labels. Without `externalLabels` in the configuration there is one, `monitor`; with several servers give each its own, such as `{ cluster: 'eu', replica: 'a' }`.",
  ],
};

function thanosService(
  environment: EnvironmentName,
  spec: Omit<ComposeServiceSpec, 'image' | 'healthy' | 'limits'>,
): ComposeService {
  return composeService(environment, {
    image: IMAGES.thanos,
    // The account that writes the blocks of Prometheus, and whom the volumes belong to.
    user: NOBODY,
    tmpfs: ['/tmp'],
    read_only: true,
    healthy: answers(HTTP_PORT, '/-/ready'),
    limits: { cpus: '1.0', memory: '1g' },
    ...spec,
  });
}
