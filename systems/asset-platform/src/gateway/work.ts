/** What a worker of the gateway does. */
import { database, http } from '../metrics/gateway.ts';
import type { Work } from '../service/group.ts';
import { type Environment, urlFrom } from '../service/settings.ts';
import { createGateway } from './proxy.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  database.connections.set(0);
  const server = createGateway(
    {
      assets: urlFrom(environment, 'ASSETS_SERVICE_URL', 'http://127.0.0.1:8001'),
      files: urlFrom(environment, 'FILES_SERVICE_URL', 'http://127.0.0.1:8002'),
      search: urlFrom(environment, 'SEARCH_SERVICE_URL', 'http://127.0.0.1:8004'),
      transcode: urlFrom(environment, 'TRANSCODE_SERVICE_URL', 'http://127.0.0.1:8003'),
    },
    http,
  );
  return { server, stop: async () => {} };
}
