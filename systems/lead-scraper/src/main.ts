/**
 * The whole system: the database and Redis where none is named, the API, and the processes that scrape.
 *
 *     node main.js
 *
 * `DATABASE_URL` names a PostgreSQL server; without it an embedded one is started. `REDIS_URL` names a Redis server;
 * without it a `redis-server` is started where this machine has one, else the queue lies in the database; the value
 * `none` asks for that. `LEAD_SCRAPER_DIR` is where the embedded database is kept; without it, it lies in a temporary
 * folder, and goes at the end.
 *
 * Ends with everything it started on SIGTERM, SIGINT, when the process that started it with a channel goes away, and
 * when a part of it ends.
 */
import path from 'node:path';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import { metricsFolder } from '@binnacle/system-parts/metrics-folder';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import type { Listening } from '@binnacle/system-parts/service-group';
import { isProduction } from '@binnacle/system-parts/settings';
import { runSystem, type SystemStart } from '@binnacle/system-parts/system-process';
import { SERVICE } from './metrics.ts';
import { checkSettings } from './settings.ts';

/** What the system says to the process that started it. */
export interface LeadScraperListening extends Listening {
  readonly services: { readonly api: Pick<Listening, 'url' | 'metricsUrl'> };
}

/** What `REDIS_URL` is where the queue is to lie in the database even though there is a `redis-server`. */
const NO_REDIS = 'none';
/** The database and the queue's server, started here where nobody names them. */
async function surroundings(system: SystemStart): Promise<Record<string, string>> {
  const { DATABASE_URL, REDIS_URL, LEAD_SCRAPER_DIR } = process.env;
  const variables: Record<string, string> = {};
  if (!DATABASE_URL) {
    const folder = LEAD_SCRAPER_DIR ? path.join(LEAD_SCRAPER_DIR, 'database') : undefined;
    variables.DATABASE_URL = system.keep(await EmbeddedPostgres.start(folder)).url;
  }
  if (REDIS_URL === NO_REDIS) variables.REDIS_URL = '';
  else if (!REDIS_URL && !isProduction(process.env)) {
    const redis = await RedisServer.start();
    if (redis === undefined)
      console.log('lead-scraper: there is no redis-server here; the queue lies in the database');
    else variables.REDIS_URL = system.keep(redis).url;
  }
  return variables;
}

await runSystem('lead-scraper', async (system): Promise<LeadScraperListening> => {
  checkSettings(process.env);
  // Both groups count in one folder, so that it is chosen before they start.
  const variables = { ...(await surroundings(system)), ...metricsFolder(SERVICE, process.env) };
  const start = (part: 'api' | 'scraping'): Promise<Listening> =>
    system.service(part, new URL(`./${part}/main.js`, import.meta.url), variables);
  const [api] = await Promise.all([start('api'), start('scraping')]);
  return { ...api, services: { api: { url: api.url, metricsUrl: api.metricsUrl } } };
});
