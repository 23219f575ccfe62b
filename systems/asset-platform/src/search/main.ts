/** The process `search-service`. */
import { SERVICE } from '../metrics/search.ts';
import { runService } from '../service/group.ts';

await runService({
  name: SERVICE,
  port: 8004,
  portVariable: 'SEARCH_SERVICE_PORT',
  metricsPort: 9093,

  // The primary needs nothing of what workers work with.
  start: async (environment) => (await import('./work.ts')).start(environment),
});
