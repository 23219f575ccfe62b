/** What a process that scrapes does. */
import { setTimeout as sleep } from 'node:timers/promises';
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

/** How long a process that stops waits for a queue that is away, for which others wait without end. */
const AWAY_MS_MAX = 1_000;

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
      const stopped = runner.stop();
      // What cannot be given back to a queue that is away comes back when its lease has run out.
      await (queue.isThere ? stopped : Promise.race([stopped, sleep(AWAY_MS_MAX)]));
      await queue.close();
      await pool.end();
    },
  };
}
