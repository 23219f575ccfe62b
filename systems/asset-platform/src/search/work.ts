/** What a worker of the search service does. */
import type { Server } from 'node:http';
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import type { Environment } from '@binnacle/system-parts/settings';
import { createAdaptorServer } from '@hono/node-server';
import { database } from '../metrics/search.ts';
import { MIGRATIONS } from '../migrations.ts';
import { createApp } from './app.ts';
import { SearchIndex } from './search-index.ts';

const FORGET_INTERVAL_MS = 60_000;

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const pool = await openDatabase(environment, { metrics: database, migrations: MIGRATIONS });
  const index = new SearchIndex(pool);
  // Plain HTTP is asked for by giving it no TLS; the type covers HTTP/2 as well.
  const server = createAdaptorServer({ fetch: createApp(index).fetch }) as Server;
  const timer = setInterval(() => void index.forget().catch(() => {}), FORGET_INTERVAL_MS);
  return {
    server,
    async stop() {
      clearInterval(timer);
      await pool.end();
    },
  };
}
