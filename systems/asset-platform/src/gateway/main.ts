/** The process `api-gateway`. */
import { database, http, SERVICE } from '../metrics/gateway.ts';
import { runService } from '../service/group.ts';
import { urlFrom } from '../service/settings.ts';
import { createGateway } from './proxy.ts';

await runService({
  name: SERVICE,
  port: 8000,
  portVariable: 'API_GATEWAY_PORT',
  metricsPort: 9090,

  async start(environment) {
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
  },
});
