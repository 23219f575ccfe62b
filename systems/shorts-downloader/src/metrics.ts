/**
 * What the downloader counts. Definitions only: importing this file counts nothing and opens nothing.
 *
 * Who counts what: each attempt at a download, each call to a video site, each upload and each request is counted by
 * the process that made it. How tasks end is counted by the database, in the transaction that ends one, and read from
 * there (`totals.ts`): a worker that is killed in that moment can neither lose a task nor count it twice.
 */
import { counter, gauge, histogram, info, label } from '@binnacle/metrics';
import { httpMetrics } from '@binnacle/metrics/fastify';
import { jobTracker } from '@binnacle/metrics/jobs';
import { storageMetrics } from '@binnacle/metrics/storage';
import { codeOf } from './errors.ts';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'youtube_downloader';

/** The storage providers. */
export const PROVIDERS = ['gcs', 'azure', 's3'] as const;

/** One of {@link PROVIDERS}. */
export type ProviderName = (typeof PROVIDERS)[number];

/** How tasks and downloads end. */
export const ENDINGS = ['success', 'failed'] as const;

/** One of {@link ENDINGS}. */
export type Ending = (typeof ENDINGS)[number];

/** The provider of a download that failed before one was chosen. */
export const NO_PROVIDER = 'unknown';

/** The name of the one kind of tasks. */
export const PROCESS_DOWNLOAD = 'process_download';

/** Always 1; says what runs. */
export const appInfo = info({
  name: 'app_info',
  help: 'Application information',
  labels: { name: label, version: label },
});

/** Requests and their duration, by route. */
export const http = httpMetrics({
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
  names: { inFlight: false, errors: false, requestSize: false, responseSize: false },
});

/** Downloads that have ended, after all attempts, by how and by who keeps the file. Read from the database. */
export const downloads = counter({
  name: 'downloads_total',
  help: 'Total number of download requests',
  labels: { status: ENDINGS, provider: label },
});

/** Attempts at downloads: those under way, how long each takes, and with what error it fails. */
export const attempting = jobTracker({
  name: 'download',
  help: 'Attempts to download and store a video',
  names: { total: false, errors: 'errors_total' },
  buckets: [5, 10, 30, 60, 120, 300, 600, 1800],
  errorCode: codeOf,
});

/** Its three metrics. */
export const { active: downloadsInProgress, duration: downloadDuration, errors } = attempting;

/** Uploads to the providers, and what lies there. */
export const storage = storageMetrics({
  providers: PROVIDERS,
  names: { usageErrors: false, reads: false, readDuration: false, deletes: false },
  buckets: [1, 5, 10, 30, 60, 120, 300],
});

/** What a video site is asked for. */
export const OPERATIONS = ['get_video_info', 'download_video'] as const;

/** Calls to video sites. */
export const youtubeApi = jobTracker({
  name: 'youtube_api_call',
  help: 'Calls to video sites',
  labels: { operation: OPERATIONS },
  names: { duration: 'youtube_api_duration_seconds', active: false, errors: false },
  statuses: { aborted: false },
  buckets: [0.5, 1, 2, 5, 10, 30, 60],
});

/** Its two metrics. */
export const { total: youtubeApiCalls, duration: youtubeApiDuration } = youtubeApi;

/** Tasks that have ended, each once, after all attempts. Read from the database. */
export const celeryTasks = counter({
  name: 'celery_tasks_total',
  help: 'Total Celery tasks',
  labels: { task_name: [PROCESS_DOWNLOAD], status: ENDINGS },
});

/** From the beginning of a task's first attempt to its end, pauses between attempts included. */
export const celeryTaskDuration = histogram({
  name: 'celery_task_duration_seconds',
  help: 'Celery task execution time',
  unit: 'seconds',
  labels: { task_name: [PROCESS_DOWNLOAD] },
  buckets: [5, 10, 30, 60, 120, 300, 600],
});

let readQueueLength: (() => Promise<number>) | undefined;

/** Says where {@link celeryQueueLength} is read from; undefined for nowhere. */
export function readQueueLengthFrom(read: (() => Promise<number>) | undefined): void {
  readQueueLength = read;
}

/** Tasks that wait to be begun, or begun again. */
export const celeryQueueLength = gauge({
  name: 'celery_queue_length',
  help: 'Number of tasks in Celery queue',
  mode: 'mostrecent',
  collect: async (self) => {
    const length = await readQueueLength?.();
    if (length !== undefined) self.set(length);
  },
});
