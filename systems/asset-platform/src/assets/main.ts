/** The process `assets-service`. */

import { runService } from '@binnacle/system-parts/service-group';
import { SERVICE } from '../metrics/assets.ts';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';
import { HOST_VARIABLE } from '../service/host.ts';

await runService({
  name: SERVICE,
  port: 8001,
  portVariable: 'ASSETS_SERVICE_PORT',
  hostVariable: HOST_VARIABLE,
  metricsPort: 9091,
  runtime: RUNTIME_METRICS,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
