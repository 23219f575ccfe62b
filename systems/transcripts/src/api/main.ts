/** The process `api`. */
import { runService } from '@binnacle/system-parts/service-group';
import { SERVICE } from '../metrics/api.ts';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';

await runService({
  name: SERVICE,
  port: 8000,
  portVariable: 'TRANSCRIPTS_API_PORT',
  hostVariable: 'TRANSCRIPTS_HOST',
  runtime: RUNTIME_METRICS,

  // The primary needs nothing of what its workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
