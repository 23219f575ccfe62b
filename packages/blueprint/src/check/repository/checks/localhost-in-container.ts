/** `localhost` as a target of a Prometheus that runs in a container. */

import { LOOPBACK } from '../compose-network.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { mountingsOf } from '../repository-path.ts';

/** Prometheus's own port: it may scrape itself. */
const OWN_PORT = 9090;

/** Reports targets on `localhost` in a configuration that a compose file mounts. */
export const localhostInContainer: RepositoryCheck = {
  name: 'localhost-in-container',
  inspect({ scrapeFiles, composeFiles }, report) {
    for (const { file, jobs } of scrapeFiles) {
      const container = mountingsOf(file.path, composeFiles).find(
        ({ service }) => !service.hasHostNetwork,
      )?.service;
      if (container === undefined) continue;
      for (const { name, targets, relabels } of jobs) {
        if (relabels) continue;
        for (const { address, host, port, at } of targets) {
          if (!LOOPBACK.has(host) || port === OWN_PORT || container.listens.has(port)) continue;
          report(at.place, {
            severity: 'warning',
            message: `job ${name} scrapes ${address} out of the container of ${container.name}`,
            reason: 'in a container that is the container itself, in which nothing but Prometheus runs',
            remedy:
              'name the service of the compose file, or host.docker.internal for a program on the host.',
          });
        }
      }
    }
  },
};
