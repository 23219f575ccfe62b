/** The process `files-service`. */

import { runService } from '@binnacle/system-parts/service-group';
import { SERVICE } from '../metrics/files.ts';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';
import { HOST_VARIABLE } from '../service/host.ts';

await runService({
  name: SERVICE,
  port: 8002,
  portVariable: 'FILES_SERVICE_PORT',
  hostVariable: HOST_VARIABLE,
  metricsPort: 9092,
  runtime: RUNTIME_METRICS,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
