/** Targets that are services of a compose file, and do not listen where they are scraped. */
import { ComposeNetwork, explained } from '../compose-network.ts';
import type { RepositoryCheck } from '../repository-check.ts';

/** Compares the targets of a `prometheus.yml` that runs in a compose file with the services beside it. */
export const scrapePort: RepositoryCheck = {
  name: 'scrape-port',
  inspect({ scrapeFiles, composeFiles }, report) {
    for (const { file, jobs } of scrapeFiles) {
      const network = new ComposeNetwork(file.path, composeFiles);
      for (const { name, targets, relabels } of jobs) {
        if (relabels) continue;
        for (const { address, host, port, at } of targets) {
          const mistake = network.mistakeIn(host, port);
          if (mistake === undefined) continue;
          const { what, reason, remedy } = explained(mistake, host);
          const suggestion = mistake.kind === 'host' ? mistake.suggestion : undefined;
          report(at.place, {
            severity: mistake.kind === 'host-port' ? 'error' : 'warning',
            message: `job ${name} scrapes ${address}, and ${what}`,
            reason,
            remedy,
            ...(suggestion !== undefined && { suggestion }),
          });
        }
      }
    }
  },
};
