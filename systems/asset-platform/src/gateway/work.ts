/** What a worker of the gateway does. */
import { instrumentFetch } from '@binnacle/metrics/fetch';
import { reportSystem } from '@binnacle/metrics/system';
import type { Work } from '@binnacle/system-parts/service-group';
import { type Environment, urlFrom } from '@binnacle/system-parts/settings';
import { calls, system } from '../metrics/gateway.ts';
import { checkHealth } from './health.ts';
import { createGateway } from './proxy.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const targets = {
    assets: urlFrom(environment, 'ASSETS_SERVICE_URL', 'http://127.0.0.1:8001'),
    files: urlFrom(environment, 'FILES_SERVICE_URL', 'http://127.0.0.1:8002'),
    search: urlFrom(environment, 'SEARCH_SERVICE_URL', 'http://127.0.0.1:8004'),
    transcode: urlFrom(environment, 'TRANSCODE_SERVICE_URL', 'http://127.0.0.1:8003'),
  };
  reportSystem({ metrics: system });
  instrumentFetch({ metrics: calls, hosts: Object.values(targets).map((url) => new URL(url).host) });
  const health = checkHealth(targets, environment.DATABASE_URL);
  return { server: createGateway(targets, health), stop: async () => health.stop() };
}
