/** The process `assets-service`. */
import { createServer } from 'node:http';
import { instrumentFetch } from '@binnacle/metrics/fetch';
import { calls, database, SERVICE } from '../metrics/assets.ts';
import { Announcer } from '../service/announcements.ts';
import { openDatabase } from '../service/database.ts';
import { runService } from '../service/group.ts';
import { urlFrom } from '../service/settings.ts';
import { createApp } from './app.ts';
import { Assets } from './assets.ts';

await runService({
  name: SERVICE,
  port: 8001,
  portVariable: 'ASSETS_SERVICE_PORT',
  metricsPort: 9091,

  async start(environment) {
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
  },
});
