/** What a process that scrapes does. */
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import type { Environment } from '@binnacle/system-parts/settings';
import { SmartScraper } from '../enrich/smart-scraper.ts';
import { Leads } from '../leads/leads.ts';
import { MIGRATIONS } from '../leads/migrations.ts';
import { PageFetcher } from '../pages/fetch-page.ts';
import { openQueue } from '../queue/open-queue.ts';
import {
  fetcherLimits,
  jobMsMaxFrom,
  leaseMsFrom,
  ollamaFrom,
  resolveMxFrom,
  siteFrom,
} from '../settings.ts';
import { Jobs } from './jobs.ts';
import { Runner } from './runner.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const leaseMs = leaseMsFrom(environment);
  const tools = {
    fetcher: new PageFetcher(siteFrom(environment), fetcherLimits(environment)),
    smartScraper: new SmartScraper(ollamaFrom(environment)),
    resolveMx: resolveMxFrom(environment),
    jobMsMax: jobMsMaxFrom(environment),
  };
  const pool = await openDatabase(environment, { migrations: MIGRATIONS });
  const queue = await openQueue(environment, { pool, leaseMs, takes: true });
  const runner = new Runner({ ...tools, queue, leaseMs, jobs: new Jobs(pool), leads: new Leads(pool) });
  runner.start();
  return {
    async stop() {
      await runner.stop();
      await queue.close();
      await pool.end();
    },
  };
}
