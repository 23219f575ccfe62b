/**
 * What the API counts. Definitions only: importing this file counts nothing and opens nothing.
 *
 * Who counts what: whoever decides it, each thing once. A process of the API counts what it answers itself. What becomes
 * of jobs and videos the worker decides, in the database, where it stays whoever dies: there the API reads it, in one of
 * its processes, as totals that only grow.
 */
import { counter, gauge, label } from '@binnacle/metrics';
import { httpMetrics } from '@binnacle/metrics/http';
import { databaseMetrics } from '@binnacle/metrics/pg';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'api';

/** Requests by route, how long they take, and how many are under way; `/metrics` is not among them. */
export const http = httpMetrics({
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
  names: {
    inFlight: 'http_requests_in_flight',
    errors: false,
    requestSize: false,
    responseSize: false,
  },
});

/** The database as the API sees it: operations, what fails, and connections in use. */
export const database = databaseMetrics({
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5],
  names: {
    duration: 'db_query_duration_seconds',
    errors: 'db_errors_total',
    connections: 'db_connections_active',
    idle: false,
    waiting: false,
    connectionsMax: false,
    wait: false,
  },
  labels: { table: false },
});

/** What a job is made of: one video, or all of a channel. */
export const JOB_TYPES = ['single', 'channel'] as const;

/** One of {@link JOB_TYPES}. */
export type JobType = (typeof JOB_TYPES)[number];

/** Jobs that were taken, counted by the process that took them. */
export const jobsCreated = counter({
  name: 'jobs_created_total',
  help: 'Total jobs created',
  labels: { job_type: JOB_TYPES },
});

/** Jobs all of whose videos have ended, at least one of them well; a total of the database. */
export const jobsCompleted = counter({
  name: 'jobs_completed_total',
  help: 'Total jobs completed',
  labels: { job_type: JOB_TYPES },
});

/** Jobs all of whose videos have ended, none of them well; a total of the database. */
export const jobsFailed = counter({
  name: 'jobs_failed_total',
  help: 'Total jobs failed',
  labels: { job_type: JOB_TYPES },
});

/** Videos whose transcript is stored; a total of the database. */
export const videosTranscribed = counter({
  name: 'videos_transcribed_total',
  help: 'Total videos transcribed',
});

/** Videos that were given up; a total of the database. */
export const videosFailed = counter({
  name: 'videos_failed_total',
  help: 'Total videos that failed',
});

/** What answers searches: the database. OpenSearch would be another one. */
export const SEARCH_BACKENDS = ['postgres'] as const;

/** One of {@link SEARCH_BACKENDS}. */
export type SearchBackend = (typeof SEARCH_BACKENDS)[number];

/** Searches that were answered. */
export const searchQueries = counter({
  name: 'search_queries_total',
  help: 'Total search queries',
  labels: { backend: SEARCH_BACKENDS },
});

/** What a transcript can be fetched as. */
export const EXPORT_FORMATS = ['srt', 'vtt', 'json', 'pdf'] as const;

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Transcripts that were made into a file for somebody. */
export const exports = counter({
  name: 'exports_total',
  help: 'Total exports of transcripts',
  labels: { format: EXPORT_FORMATS },
});

/** Always 1; says what runs. A gauge as in the document, and gone with the process that set it. */
export const appInfo = gauge({
  name: 'app_info',
  help: 'Application info; always 1',
  labels: { version: label },
  mode: 'live max',
});
