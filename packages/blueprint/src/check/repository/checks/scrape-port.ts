/** Targets that are services of a compose file, and do not listen where they are scraped. */
import type { ComposeFile, ComposeService } from '../compose-file.ts';
import type { RepositoryCheck } from '../repository-check.ts';
import { mountingsOf } from '../repository-path.ts';

/** Compares the targets of a `prometheus.yml` that runs in a compose file with the services beside it. */
export const scrapePort: RepositoryCheck = {
  name: 'scrape-port',
  inspect({ scrapeFiles, composeFiles }, report) {
    for (const { file, jobs } of scrapeFiles) {
      const around = new Set(mountingsOf(file.path, composeFiles).map(({ compose }) => compose));
      // Files of one folder are put together, as `compose.override.yml` is.
      const folders = new Set([...around].map(({ folder }) => folder));
      const beside = composeFiles.filter(({ folder }) => folders.has(folder));
      if (beside.length === 0) continue;
      for (const { name, targets, relabels } of jobs) {
        if (relabels) continue;
        for (const { address, host, port, at } of targets) {
          const reached = servicesAt(host, beside);
          const listens = new Set(reached.flatMap((service) => [...service.listens]));
          if (reached.length === 0 || listens.size === 0 || listens.has(port)) continue;
          const published = reached.flatMap(({ ports }) => ports).find((one) => one.published === port);
          report(at.place, {
            severity: published === undefined ? 'warning' : 'error',
            message: `job ${name} scrapes ${address}, and service ${host} listens on ${[...listens].join(', ')}`,
            reason:
              published === undefined
                ? 'the port is not among those that the compose file names, so that the scrape probably fails'
                : `${port} is its port on the host; in the network of the services it is ${published.target}`,
            remedy:
              published === undefined
                ? 'use the port that it serves its metrics on, or name that port under expose.'
                : `use ${host}:${published.target}.`,
          });
        }
      }
    }
  },
};

function servicesAt(host: string, composeFiles: readonly ComposeFile[]): ComposeService[] {
  return composeFiles.flatMap(({ services }) => services.filter(({ hosts }) => hosts.includes(host)));
}
