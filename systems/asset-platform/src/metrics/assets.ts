/** What the assets service counts. Definitions only: importing this file counts nothing and opens nothing. */
import { counter } from '@binnacle/metrics';
import { fetchMetrics } from '@binnacle/metrics/fetch';
import { httpMetrics } from '@binnacle/metrics/http';
import { databaseMetrics } from '@binnacle/metrics/pg';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'assets-service';

export const http = httpMetrics({ names: { requestSize: false, responseSize: false } });
export const database = databaseMetrics({ names: { idle: false } });
export const calls = fetchMetrics();

/** Assets that were created. */
export const assetsCreated = counter({
  name: 'assets_created_total',
  help: 'Total number of assets created',
});

/** Assets that were changed. */
export const assetsUpdated = counter({
  name: 'assets_updated_total',
  help: 'Total number of assets updated',
});

/** Assets that were deleted. */
export const assetsDeleted = counter({
  name: 'assets_deleted_total',
  help: 'Total number of assets deleted',
});

/** Assets that were handed out: one by one, or each one of a list. */
export const assetsRetrieved = counter({
  name: 'assets_retrieved_total',
  help: 'Total number of assets retrieved',
});
