/** An address that two jobs scrape, or one job twice. */
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports each address from the second time on. */
export const duplicateTarget: RepositoryCheck = {
  name: 'duplicate-target',
  inspect({ scrapeFiles }, report) {
    for (const { jobs } of scrapeFiles) {
      const seen = new Map<string, string>();
      for (const { name, metricsPath, targets, relabels } of jobs) {
        // A job that rewrites addresses lists something else than what it scrapes, such as what a prober asks for.
        if (relabels) continue;
        for (const { address, at } of targets) {
          const key = `${address}${metricsPath}`;
          const first = seen.get(key);
          if (first === undefined) {
            seen.set(key, name);
            continue;
          }
          report(at.place, {
            severity: 'warning',
            message:
              first === name
                ? `job ${name} scrapes ${address} twice`
                : `job ${name} scrapes ${address}, which job ${first} scrapes too`,
            reason: 'every sample of it is stored twice, and a sum over both jobs counts everything twice',
            remedy: 'keep one of the two.',
          });
        }
      }
    }
  },
};
