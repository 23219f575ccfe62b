/** What a worker of the assets service does. */
import { createServer } from 'node:http';
import { instrumentFetch } from '@binnacle/metrics/fetch';
import { calls, database, SERVICE } from '../metrics/assets.ts';
import { Announcer } from '../service/announcements.ts';
import { openDatabase } from '../service/database.ts';
import type { Work } from '../service/group.ts';
import { type Environment, urlFrom } from '../service/settings.ts';
import { createApp } from './app.ts';
import { Assets } from './assets.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const searchUrl = urlFrom(environment, 'SEARCH_SERVICE_URL', 'http://127.0.0.1:8004');
  instrumentFetch({ metrics: calls, hosts: [new URL(searchUrl).host] });
  const pool = await openDatabase(environment, database);
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
