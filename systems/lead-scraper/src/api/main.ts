/** The processes of the API. `/metrics` is on its own port, and whichever process answers it answers for all. */
import { runService } from '@binnacle/system-parts/service-group';
import { SERVICE } from '../metrics.ts';
import { API_PORT, API_PORT_VARIABLE, apiWorkers, HOST_VARIABLE } from '../settings.ts';

await runService({
  name: SERVICE,
  port: API_PORT,
  portVariable: API_PORT_VARIABLE,
  hostVariable: HOST_VARIABLE,
  workers: apiWorkers(process.env),

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
