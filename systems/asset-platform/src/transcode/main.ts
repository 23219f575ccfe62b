/** The process `transcode-service`. */
import { SERVICE } from '../metrics/transcode.ts';
import { runService } from '../service/group.ts';

await runService({
  name: SERVICE,
  port: 8003,
  portVariable: 'TRANSCODE_SERVICE_PORT',
  metricsPort: 9094,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
