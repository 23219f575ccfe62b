/** The process `assets-service`. */
import { SERVICE } from '../metrics/assets.ts';
import { runService } from '../service/group.ts';

await runService({
  name: SERVICE,
  port: 8001,
  portVariable: 'ASSETS_SERVICE_PORT',
  metricsPort: 9091,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
