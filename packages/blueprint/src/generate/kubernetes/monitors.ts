/**
 * `ServiceMonitor` and `PodMonitor`: how the Prometheus operator finds what is scraped.
 *
 * Both find things by the label `app.kubernetes.io/name`, which is the service's name, and ask the port that is called
 * `metrics`. The label `job` and the service's own labels are set as the configuration says, so that rules and dashboards
 * mean the same series as everywhere else.
 */
import type { Config, Service } from '../../config/config.ts';
import { sortedByName } from '../../order.ts';
import { type Manifest, metadata } from './manifest.ts';

/** The name of the port, in Services and in containers. */
export const METRICS_PORT_NAME = 'metrics';
/** The label by which a service's Pods and Services are found. */
export const NAME_LABEL = 'app.kubernetes.io/name';

/** One for each service, for those that have a Service in front of their Pods. */
export function serviceMonitors(config: Config): readonly Manifest[] {
  return config.services.map((service) => ({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: metadata(config, service.name),
    spec: { selector: selector(service), endpoints: [endpoint(config, service)] },
  }));
}

/** One for each service, for those that have none: workers that nobody calls. */
export function podMonitors(config: Config): readonly Manifest[] {
  return config.services.map((service) => ({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    metadata: metadata(config, service.name),
    spec: { selector: selector(service), podMetricsEndpoints: [endpoint(config, service)] },
  }));
}

function selector({ name }: Service) {
  return { matchLabels: { [NAME_LABEL]: name } };
}

function endpoint(config: Config, service: Service) {
  const { scrapeInterval, scrapeTimeout } = config.production;
  return {
    port: METRICS_PORT_NAME,
    path: service.metricsPath,
    scheme: service.scheme,
    interval: service.scrapeInterval ?? scrapeInterval,
    // The environment's timeout may be longer than an interval that a service has for itself.
    scrapeTimeout:
      service.scrapeTimeout ?? (service.scrapeInterval === undefined ? scrapeTimeout : undefined),
    relabelings: Object.entries({ ...sortedByName(service.labels), job: service.job }).map(
      ([targetLabel, replacement]) => ({ action: 'replace', targetLabel, replacement }),
    ),
  };
}
