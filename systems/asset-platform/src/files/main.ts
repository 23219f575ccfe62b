/** The process `files-service`. */
import { SERVICE } from '../metrics/files.ts';
import { runService } from '../service/group.ts';

await runService({
  name: SERVICE,
  port: 8002,
  portVariable: 'FILES_SERVICE_PORT',
  metricsPort: 9092,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
