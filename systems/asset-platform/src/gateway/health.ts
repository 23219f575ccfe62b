/**
 * Whether what the platform cannot do without is well: the services, by their own `/health`, and the database, by a
 * connection of its own. All workers of the gateway look; one that finds something down is enough.
 *
 * The services count these requests under the endpoint `health`, which belongs to nobody's visits.
 */
import { type Check, type HealthChecks, healthChecks } from '@binnacle/metrics/health';
import { Client } from 'pg';
import { health } from '../metrics/gateway.ts';
import type { Targets } from './proxy.ts';

/** From one look to the next. */
export const CHECK_MS = 5_000;
/** How long a dependency may take to say how it is. */
const ANSWER_MS_MAX = 2_000;

/** Looks from now on. Without the address of a database, that one is nobody's to look at. */
export function checkHealth(targets: Targets, databaseUrl: string | undefined): HealthChecks<string> {
  const services = {
    assets: serviceAt(targets.assets),
    files: serviceAt(targets.files),
    search: serviceAt(targets.search),
    transcode: serviceAt(targets.transcode),
  };
  const common = { metrics: health, intervalMs: CHECK_MS, timeoutMs: ANSWER_MS_MAX };
  return databaseUrl
    ? healthChecks({ checks: { ...services, database: () => connectTo(databaseUrl) }, ...common })
    : healthChecks({ checks: services, ...common });
}

function serviceAt(url: string): Check {
  return async (signal) => {
    const response = await fetch(new URL('/health', url), { signal });
    await response.arrayBuffer();
    return response.ok;
  };
}

async function connectTo(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: ANSWER_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
  });
  // One that is lost fails the query as well.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}
