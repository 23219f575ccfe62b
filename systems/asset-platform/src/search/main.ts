/** The process `search-service`. */

import { runService } from '@binnacle/system-parts/service-group';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';
import { SERVICE } from '../metrics/search.ts';
import { HOST_VARIABLE } from '../service/host.ts';

await runService({
  name: SERVICE,
  port: 8004,
  portVariable: 'SEARCH_SERVICE_PORT',
  hostVariable: HOST_VARIABLE,
  metricsPort: 9093,
  runtime: RUNTIME_METRICS,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
