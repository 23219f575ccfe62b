/** A scrape that may take longer than until the next one. */
import { formatDuration } from '@binnacle/promql';
import type { RepositoryCheck } from '../repository-check.ts';

/** Reports timeouts above their interval, for all jobs and for single ones. */
export const scrapeTimeout: RepositoryCheck = {
  name: 'scrape-timeout',
  inspect({ scrapeFiles }, report) {
    for (const { global, jobs } of scrapeFiles) {
      const all = [{ name: undefined, ...global }, ...jobs];
      for (const { name, interval, timeout } of all) {
        if (!timeout.own || timeout.ms <= interval.ms) continue;
        const of = name === undefined ? '' : ` of job ${name}`;
        report(timeout.at.place, {
          severity: 'error',
          message: `the timeout${of} is ${formatDuration(timeout.ms)}, and a scrape comes every ${formatDuration(interval.ms)}`,
          reason: 'Prometheus does not start with a timeout above its interval',
          remedy: `use at most ${formatDuration(interval.ms)}.`,
        });
      }
    }
  },
};
