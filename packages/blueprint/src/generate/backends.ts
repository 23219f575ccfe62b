/** The backends that there are. */

import type { Backend, BackendName } from './backend.ts';
import { mimir } from './mimir.ts';
import { addressOf, loopbackOf, PORTS } from './ports.ts';
import { prometheusService } from './prometheus-service.ts';
import { thanos } from './thanos.ts';
import { victoriametrics } from './victoriametrics.ts';

const PROMETHEUS: Backend = {
  title: 'Prometheus',
  queryUrl: `http://${addressOf('prometheus')}`,
  queryPort: PORTS.prometheus,
  scraper: 'prometheus',
  ready: ['prometheus'],
  volumes: ['prometheus-data'],
  ownJobs: { prometheus: loopbackOf('prometheus') },
  surroundings: {},
  services: (config, environment) => ({ prometheus: prometheusService(config, environment) }),
  files: () => [],
  readme: [],
};

/** All backends, by name. */
export const BACKENDS: Readonly<Record<BackendName, Backend>> = {
  prometheus: PROMETHEUS,
  mimir,
  thanos,
  victoriametrics,
};
