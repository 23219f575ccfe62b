/** Addresses of data sources at which nobody answers. */
import { ComposeNetwork, explained, LOOPBACK } from '../compose-network.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { hostAndPort } from '../scrape-file.ts';

/** Compares the data sources of a Grafana that runs in a compose file with the services beside it. */
export const datasourceUrl: RepositoryCheck = {
  name: 'datasource-url',
  inspect({ provisioningFiles, composeFiles }, report) {
    for (const { file, datasources } of provisioningFiles) {
      const network = new ComposeNetwork(file.path, composeFiles);
      // What the browser asks itself is not asked from the container.
      for (const { name, url, urlAt, isAskedByBrowser } of datasources) {
        const match = /^(https?):\/\/(?:[^/@]*@)?([^/?#]+)/.exec(url ?? '');
        if (match === null || isAskedByBrowser) continue;
        const { host, port } = hostAndPort(match[2]!, match[1]!);
        const container = network.containers.find(({ hasHostNetwork }) => !hasHostNetwork);
        if (LOOPBACK.has(host) && container !== undefined && !container.listens.has(port)) {
          report(urlAt.place, {
            severity: 'error',
            message: `data source ${name} is asked at ${match[2]} out of the container of ${container.name}`,
            reason: 'in a container that is the container itself, in which nothing but Grafana runs',
            remedy: 'name the service of the compose file: http://prometheus:9090.',
          });
          continue;
        }
        const mistake = network.mistakeIn(host, port);
        if (mistake === undefined) continue;
        const { what, reason, remedy } = explained(mistake, host);
        const suggestion = mistake.kind === 'host' ? mistake.suggestion : undefined;
        report(urlAt.place, {
          severity: mistake.kind === 'host-port' ? 'error' : 'warning',
          message: `data source ${name} is asked at ${match[2]}, and ${what}`,
          reason,
          remedy,
          ...(suggestion !== undefined && { suggestion }),
        });
      }
    }
  },
};
