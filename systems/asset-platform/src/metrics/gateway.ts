/**
 * What the gateway counts. It has no database; the families are declared, so that dashboards over all services find
 * them. Definitions only: importing this file counts nothing and opens nothing.
 */
import { databaseMetrics, httpMetrics } from './instruments.ts';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'api-gateway';

export const http = httpMetrics();
export const database = databaseMetrics();
