/** The process `api-gateway`. */

import { runService } from '@binnacle/system-parts/service-group';
import { SERVICE } from '../metrics/gateway.ts';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';
import { HOST_VARIABLE } from '../service/host.ts';

await runService({
  name: SERVICE,
  port: 8000,
  portVariable: 'API_GATEWAY_PORT',
  hostVariable: HOST_VARIABLE,
  metricsPort: 9090,
  runtime: RUNTIME_METRICS,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
