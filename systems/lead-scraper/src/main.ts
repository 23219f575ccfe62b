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
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmbeddedPostgres, EmbeddedPostgresError } from '@binnacle/system-parts/embedded-postgres';
import { metricsFolder } from '@binnacle/system-parts/metrics-folder';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import type { Listening } from '@binnacle/system-parts/service-group';
import { isProduction, SettingsError } from '@binnacle/system-parts/settings';
import { SERVICE } from './metrics.ts';
import { checkSettings } from './settings.ts';

/** What the system says to the process that started it. */
export interface LeadScraperListening extends Listening {
  readonly services: { readonly api: Pick<Listening, 'url' | 'metricsUrl'> };
}

/** What `REDIS_URL` is where the queue is to lie in the database even though there is a `redis-server`. */
const NO_REDIS = 'none';
/** How long the parts may take to stop before they are killed. */
const STOP_MS_MAX = 3_500;

const children: ChildProcess[] = [];
let database: EmbeddedPostgres | undefined;
let redis: RedisServer | undefined;
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const ended = running.map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  const kill = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL');
  }, STOP_MS_MAX);
  await Promise.all(ended);
  clearTimeout(kill);
  await Promise.all([redis?.stop(), database?.stop()]);
  process.exit(code);
}

for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => void stop(0));

/** Starts a part and waits until all its workers are ready. */
async function start(part: 'api' | 'scraping', variables: Record<string, string>): Promise<Listening> {
  const child = fork(fileURLToPath(new URL(`./${part}/main.js`, import.meta.url)), [], {
    execArgv: [],
    env: { ...process.env, ...variables },
  });
  children.push(child);
  child.once('exit', (code, signal) => {
    if (stopping) return;
    console.error(`lead-scraper: ${part} ended unexpectedly (${signal ?? `exit code ${code}`})`);
    void stop(1);
  });
  const [listening] = (await once(child, 'message')) as [Listening];
  return listening;
}

/** The database and the queue's server, started here where nobody names them. */
async function surroundings(): Promise<Record<string, string>> {
  const { DATABASE_URL, REDIS_URL, LEAD_SCRAPER_DIR } = process.env;
  const variables: Record<string, string> = {};
  if (!DATABASE_URL) {
    database = await EmbeddedPostgres.start(
      LEAD_SCRAPER_DIR ? path.join(LEAD_SCRAPER_DIR, 'database') : undefined,
    );
    variables.DATABASE_URL = database.url;
  }
  if (REDIS_URL === NO_REDIS) variables.REDIS_URL = '';
  else if (!REDIS_URL && !isProduction(process.env)) {
    redis = await RedisServer.start();
    if (redis === undefined)
      console.log('lead-scraper: there is no redis-server here; the queue lies in the database');
    else variables.REDIS_URL = redis.url;
  }
  return variables;
}

async function run(): Promise<LeadScraperListening> {
  checkSettings(process.env);
  // Both groups count in one folder, so that it is chosen before they start.
  const variables = { ...(await surroundings()), ...metricsFolder(SERVICE, process.env) };
  const [api] = await Promise.all([start('api', variables), start('scraping', variables)]);
  return { ...api, services: { api: { url: api.url, metricsUrl: api.metricsUrl } } };
}

try {
  const listening = await run();
  console.log(`lead-scraper: open ${listening.url}`);
  process.send?.(listening);
} catch (error) {
  const expected = error instanceof EmbeddedPostgresError || error instanceof SettingsError;
  if (!stopping)
    console.error(`lead-scraper: ${expected ? (error as Error).message : ((error as Error).stack ?? error)}`);
  await stop(1);
}
