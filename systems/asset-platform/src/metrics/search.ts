/** What the search service counts. Definitions only: importing this file counts nothing and opens nothing. */
import { counter } from '@binnacle/metrics';
import { httpMetrics } from '@binnacle/metrics/http';
import { databaseMetrics } from '@binnacle/metrics/pg';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'search-service';

/** What can be found. */
export const ENTITY_TYPES = ['asset', 'file'] as const;

/** What can be looked for. */
export const QUERY_TYPES = ['all', ...ENTITY_TYPES] as const;

export const http = httpMetrics({ names: { requestSize: false, responseSize: false } });
export const database = databaseMetrics({ names: { idle: false } });

/** Queries that were answered. */
export const searchQueries = counter({
  name: 'search_queries_total',
  help: 'Total number of search queries',
  labels: { query_type: QUERY_TYPES },
});

/** Results that were handed out. */
export const searchResults = counter({
  name: 'search_results_total',
  help: 'Total number of search results returned',
  labels: { query_type: QUERY_TYPES },
});

/** Announcements that changed the index; one that comes a second time does not. */
export const contentIndexed = counter({
  name: 'content_indexed_total',
  help: 'Total number of content items indexed',
  labels: { entity_type: ENTITY_TYPES },
});
