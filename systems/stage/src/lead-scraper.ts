/** The lead scraper on the stage: the visitors run the site that it scrapes, on a port that is chosen before both. */
import path from 'node:path';
import { choosePort } from '@binnacle/system-parts/ports';
import type { System } from './system.ts';

const VISITS_PER_SECOND = 2;
/** So that companies come again within minutes, and duplicates are met. */
const COMPANIES = 2_000;

interface Listening {
  readonly url: string;
  readonly services: { readonly api: { readonly metricsUrl: string | undefined } };
}

export const leadScraper: System = {
  name: 'lead-scraper',
  watched: new URL('./watched/lead-scraper.js', import.meta.url),
  drills: '@binnacle/lead-scraper/drills',

  async start(processes, folder) {
    const site = { service: 'lead-scraper site', host: '127.0.0.1', variable: 'LEAD_SCRAPER_SITE_PORT' };
    // Nobody opens it but the system, so that any port will do.
    const port = await choosePort({ ...site, fallback: 0 }, process.env);
    const system = processes.start({
      title: 'lead scraper',
      module: '@binnacle/lead-scraper/lead-scraper-process',
      env: {
        LEAD_SCRAPER_DIR: folder,
        PROMETHEUS_MULTIPROC_DIR: path.join(folder, 'metrics'),
        SCRAPING_SITE_URL: `http://127.0.0.1:${port}`,
      },
      quiet: /listening on|are ready/,
    });
    const { url, services } = await processes.listening<Listening>(system);
    processes.start({
      title: 'lead scraper visitors',
      module: '@binnacle/lead-scraper/visitors-process',
      args: [
        ...['--url', url],
        ...['--site-port', String(port)],
        ...['--companies', String(COMPANIES)],
        ...['--rate', String(VISITS_PER_SECOND)],
      ],
      quiet: /^\{/, // the ledger, as it ends
    });
    return { url, targets: { api: new URL(services.api.metricsUrl ?? url).host } };
  },
};
