/** Prometheus as a service of a compose file. */

import type { Config, EnvironmentName } from '../config/config.ts';
import { type ComposeService, composeService, literal, NOBODY } from './compose-service.ts';
import { IMAGES } from './images.ts';
import { loopbackOf, PORTS } from './ports.ts';
import { HOST_FROM_CONTAINER } from './targets.ts';

/** What a Prometheus is told that has something behind it. */
interface PrometheusSettings {
  /** How long it keeps samples itself, where something else keeps them longer. */
  readonly retentionTime?: string;
  readonly flags?: readonly string[];
}

/** Prometheus in a container: reads its folder, writes its volume, and nothing else. */
export function prometheusService(
  config: Config,
  environment: EnvironmentName,
  { retentionTime, flags = [] }: PrometheusSettings = {},
): ComposeService {
  const settings = config[environment];
  const size = retentionTime === undefined ? settings.retentionSize : undefined;
  return composeService(environment, {
    image: IMAGES.prometheus,
    user: NOBODY,
    command: [
      `--config.file=/etc/prometheus/config/${prometheusFileName(environment)}`,
      '--storage.tsdb.path=/prometheus',
      `--storage.tsdb.retention.time=${retentionTime ?? settings.retentionTime}`,
      ...(size === undefined ? [] : [`--storage.tsdb.retention.size=${size}`]),
      // The address of the outside would become the prefix of all paths, which the proxy takes off.
      ...(settings.externalUrl === undefined
        ? []
        : [`--web.external-url=${literal(settings.externalUrl)}/prometheus/`, '--web.route-prefix=/']),
      ...flags,
    ],
    // Folders and not files: a file that is replaced stays the old one for a container that mounted it.
    volumes: ['./prometheus:/etc/prometheus/config:ro', 'prometheus-data:/prometheus'],
    tmpfs: ['/tmp'],
    read_only: true,
    extra_hosts: [`${HOST_FROM_CONTAINER}:host-gateway`],
    port: PORTS.prometheus,
    healthy: ['CMD', 'promtool', 'check', 'ready', `--url=http://${loopbackOf('prometheus')}`],
    limits: { cpus: '2.0', memory: '2g' },
  });
}

/** The name of the configuration of an environment, below `prometheus/`. */
export function prometheusFileName(environment: EnvironmentName): string {
  return environment === 'production' ? 'prometheus.prod.yml' : 'prometheus.yml';
}
