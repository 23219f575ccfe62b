/** What a worker of the assets service does. */
import { createServer } from 'node:http';
import { instrumentFetch } from '@binnacle/metrics/fetch';
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import { type Environment, urlFrom } from '@binnacle/system-parts/settings';
import { calls, database, SERVICE } from '../metrics/assets.ts';
import { MIGRATIONS } from '../migrations.ts';
import { Announcer } from '../service/announcements.ts';
import { createApp } from './app.ts';
import { Assets } from './assets.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const searchUrl = urlFrom(environment, 'SEARCH_SERVICE_URL', 'http://127.0.0.1:8004');
  instrumentFetch({ metrics: calls, hosts: [new URL(searchUrl).host] });
  const pool = await openDatabase(environment, { metrics: database, migrations: MIGRATIONS });
  const announcer = new Announcer(pool, searchUrl, SERVICE);
  const server = createServer(createApp(new Assets(pool, announcer)));
  announcer.start();
  return {
    server,
    async stop() {
      await announcer.stop();
      await pool.end();
    },
  };
}
