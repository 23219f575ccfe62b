/** The process `search-service`. */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { database, SERVICE } from '../metrics/search.ts';
import { openDatabase } from '../service/database.ts';
import { runService } from '../service/group.ts';
import { createApp } from './app.ts';
import { SearchIndex } from './search-index.ts';

const FORGET_INTERVAL_MS = 60_000;

await runService({
  name: SERVICE,
  port: 8004,
  portVariable: 'SEARCH_SERVICE_PORT',
  metricsPort: 9093,

  async start(environment) {
    const pool = await openDatabase(environment, database);
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
  },
});
