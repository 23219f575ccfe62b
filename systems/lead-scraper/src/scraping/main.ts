/** The processes that scrape; they count in the API's service, whose `/metrics` answers for all. */
import { runService } from '@binnacle/system-parts/service-group';
import { SERVICE } from '../metrics.ts';
import { scrapingWorkers } from '../settings.ts';

await runService({
  name: 'scraping-workers',
  countsAs: SERVICE,
  workers: scrapingWorkers(process.env),

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
