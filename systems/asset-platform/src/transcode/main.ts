/** The process `transcode-service`. */

import { runService } from '@binnacle/system-parts/service-group';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';
import { SERVICE } from '../metrics/transcode.ts';
import { HOST_VARIABLE } from '../service/host.ts';

await runService({
  name: SERVICE,
  port: 8003,
  portVariable: 'TRANSCODE_SERVICE_PORT',
  hostVariable: HOST_VARIABLE,
  metricsPort: 9094,
  runtime: RUNTIME_METRICS,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
