/** Scrapes that are so far apart that a graph falls into single points. */
import { formatDuration } from '@binnacle/promql';
import type { RepositoryCheck } from '../repository-check.ts';

/** How far back Prometheus looks for the last sample, where nothing else is said. */
const LOOKBACK_MS = 5 * 60_000;

/** Reports intervals that are as long as the time that a sample counts. */
export const longScrapeInterval: RepositoryCheck = {
  name: 'long-scrape-interval',
  inspect({ scrapeFiles }, report) {
    for (const { global, jobs } of scrapeFiles) {
      for (const { interval } of [global, ...jobs]) {
        if (!interval.own || interval.ms < LOOKBACK_MS) continue;
        report(interval.at.place, {
          severity: 'warning',
          message: `scrapes are ${formatDuration(interval.ms)} apart, and a sample counts for ${formatDuration(LOOKBACK_MS)}`,
          reason:
            'between two scrapes the series is not there: graphs have gaps, and alerts on it resolve themselves',
          remedy: 'scrape every two minutes at most, so that a scrape that fails does no harm.',
        });
      }
    }
  },
};
