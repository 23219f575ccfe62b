/**
 * `compose.services.yml`: what a service's own compose file takes over by `extends`, so that its processes share a
 * directory in memory for their counts and stand in the network that is scraped.
 */
import type { Config, Service } from '../config/config.ts';
import { fromContainer } from './targets.ts';
import { yamlText } from './yaml-text.ts';

/** Where the processes of a service count. */
const METRICS_DIRECTORY = '/run/binnacle';

/** More than any service's series take; what is not used takes no memory. */
const METRICS_DIRECTORY_SIZE = '64m';

/** Renders the file: one service per service of the configuration, each with its directory and port. */
export function renderComposeForServices(config: Config): string {
  return yamlText(
    { services: Object.fromEntries(config.services.map((service) => [service.name, fields(service)])) },
    {
      about: [
        'For the compose files of the services themselves, which take it over:',
        '',
        '  services:',
        `    ${config.services[0]?.name ?? 'web'}:`,
        `      extends: { file: monitoring/compose.services.yml, service: ${config.services[0]?.name ?? 'web'} }`,
        '',
        'The directory is memory: counts of a service that was stopped whole begin at 0 again.',
        'Give uid and gid of the account that the service runs as, if it is not 1000.',
      ],
    },
  );
}

function fields(service: Service) {
  const port = portOf(service);
  return {
    environment: {
      BINNACLE_METRICS_DIR: METRICS_DIRECTORY,
      BINNACLE_METRICS_HOST: '0.0.0.0',
      // Only who asks by a name that is known is answered.
      BINNACLE_METRICS_HOSTS: hostsOf(service).join(','),
      ...(port !== undefined && { BINNACLE_METRICS_PORT: port }),
    },
    tmpfs: [`${METRICS_DIRECTORY}:size=${METRICS_DIRECTORY_SIZE},mode=0700,uid=1000,gid=1000`],
  };
}

/** The names by which a scraper asks, each once. */
function hostsOf({ targets }: Service): readonly string[] {
  return [...new Set(targets.map((target) => fromContainer(target).replace(/:\d+$/, '')))].sort();
}

/** The port of the first target; undefined where it goes without saying. */
function portOf({ targets }: Service): string | undefined {
  return /:(\d+)$/.exec(targets[0] ?? '')?.[1];
}
