/** The process `api-gateway`. */
import { SERVICE } from '../metrics/gateway.ts';
import { runService } from '../service/group.ts';

await runService({
  name: SERVICE,
  port: 8000,
  portVariable: 'API_GATEWAY_PORT',
  metricsPort: 9090,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
