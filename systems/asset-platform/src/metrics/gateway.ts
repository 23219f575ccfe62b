/**
 * What the gateway counts. It has no database; the families are declared, so that dashboards over all services find
 * them. It tells of the machine, too, for all services on it. Definitions only: importing this file counts nothing and
 * opens nothing.
 */
import { fetchMetrics } from '@binnacle/metrics/fetch';
import { healthMetrics } from '@binnacle/metrics/health';
import { httpMetrics } from '@binnacle/metrics/http';
import { databaseMetrics } from '@binnacle/metrics/pg';
import { systemMetrics } from '@binnacle/metrics/system';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'api-gateway';

/** What the platform cannot do without. */
export const DEPENDENCIES = ['assets', 'files', 'search', 'transcode', 'database'] as const;

/** With sizes, since everything passes here; without errors, since there is no framework that would catch them. */
export const http = httpMetrics({ names: { errors: false } });
export const database = databaseMetrics({
  names: { errors: false, idle: false, waiting: false, connectionsMax: false, wait: false },
});
export const calls = fetchMetrics();
export const health = healthMetrics({ dependencies: DEPENDENCIES, names: { duration: false } });
export const system = systemMetrics({
  only: ['memoryUsed', 'memoryTotal', 'cpu', 'cpuCores', 'periods', 'throttled', 'oomKills'],
});
