/**
 * What the service counts. Definitions only: importing this file counts nothing and opens nothing.
 *
 * Who counts what: whoever decides it. The web process counts requests, uploads, downloads, cleanup, the queue and how
 * each job ended, because a worker may die before it has said so; a worker says what memory it takes.
 */
import { counter, gauge, histogram, info, label } from '@binnacle/metrics';
import { diskMetrics } from '@binnacle/metrics/disk';
import { httpMetrics } from '@binnacle/metrics/fastify';
import { jobTracker } from '@binnacle/metrics/jobs';
import { systemMetrics } from '@binnacle/metrics/system';
import { uploadMetrics } from '@binnacle/metrics/uploads';

/** The service's name in its metrics directory, and its job name in Prometheus. */
export const SERVICE = 'bricklayers-web';

const FILE_SIZE_BUCKETS = [
  100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
];

/** Requests and their duration, by route. */
export const http = httpMetrics({
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
  names: { inFlight: false, errors: false, requestSize: false, responseSize: false },
});

/** Always 1; says what runs. */
export const appInfo = info({
  name: 'app_info',
  help: 'Application metadata',
  labels: { name: label, version: label, description: label },
});

/** Why an upload is refused. */
export const REFUSALS = [
  'file_too_large',
  'invalid_extension',
  'invalid_parameter',
  'missing_file',
  'empty_file',
  'several_files',
  'not_multipart',
  'malformed_body',
] as const;

/** One of {@link REFUSALS}. */
export type Refusal = (typeof REFUSALS)[number];

/** Every upload, once, by how it ended. */
export const uploading = uploadMetrics({
  names: { duration: false, inProgress: false },
  reasons: REFUSALS,
  sizeBuckets: FILE_SIZE_BUCKETS,
});

/** All of them, sizes of those that were accepted, and why others were refused. */
export const { total: uploads, size: uploadFileSize, refused: uploadValidationFailures } = uploading;

/** How jobs end. */
export const JOB_ENDS = ['completed', 'error', 'timeout'] as const;

/**
 * Jobs in the hands of a worker, and each, once, by how it ended. The tracker's duration would be that of all jobs,
 * as the pool sees it; {@link processingDuration} is what a worker says of those that completed.
 */
export const processing = jobTracker({
  name: 'processing_job',
  help: 'Processing jobs',
  names: { active: 'processing_jobs_active', duration: false, errors: false },
  statuses: { success: 'completed', failed: 'error', timeout: 'timeout', aborted: false },
});

/** Its two metrics. */
export const { total: processingJobs, active: processingJobsActive } = processing;

/** Jobs in the queue. */
export const processingJobsPending = gauge({
  name: 'processing_jobs_pending',
  help: 'Number of jobs waiting in queue',
  mode: 'live sum',
});

/** Durations of jobs that completed. */
export const processingDuration = histogram({
  name: 'processing_duration_seconds',
  help: 'Time taken to process jobs',
  unit: 'seconds',
  buckets: [1, 5, 10, 30, 60, 120, 300, 600],
});

/** Input of jobs that completed. */
export const processingInputSize = histogram({
  name: 'processing_input_size_bytes',
  help: 'Size of input files processed',
  unit: 'bytes',
  buckets: FILE_SIZE_BUCKETS,
});

/** Output of jobs that completed. */
export const processingOutputSize = histogram({
  name: 'processing_output_size_bytes',
  help: 'Size of output files produced',
  unit: 'bytes',
  buckets: FILE_SIZE_BUCKETS,
});

/** How downloads end. */
export const DOWNLOAD_STATUSES = [
  'success',
  'failed_not_found',
  'failed_not_ready',
  'failed_file_missing',
] as const;

/** Downloads by how they ended; one that the client broke off is only an HTTP request. */
export const downloads = counter({
  name: 'downloads_total',
  help: 'Total file downloads by status',
  labels: { status: DOWNLOAD_STATUSES },
});

/** Passes of the cleanup service. */
export const cleanupRuns = counter({ name: 'cleanup_runs_total', help: 'Total cleanup service runs' });

/** Files that the cleanup service removed. */
export const cleanupFilesDeleted = counter({
  name: 'cleanup_files_deleted_total',
  help: 'Total files deleted by cleanup service',
});

/** What the removed files held. */
export const cleanupBytesFreed = counter({
  name: 'cleanup_bytes_freed_total',
  help: 'Total bytes freed by cleanup service',
});

/** Files and folders that the cleanup service could not read or remove. */
export const cleanupErrors = counter({
  name: 'cleanup_errors_total',
  help: 'Total errors during cleanup operations',
});

/** Resident memory of all processes, added up. */
export const system = systemMetrics({
  only: ['processMemory'],
  names: { processMemory: 'system_memory_usage_bytes' },
});

/** Bytes in the folders of uploads and outputs, together. */
export const disk = diskMetrics({
  folders: ['uploads', 'outputs'],
  names: {
    usage: 'system_disk_usage_bytes',
    files: false,
    diskUsed: false,
    diskAvailable: false,
    diskTotal: false,
  },
  labels: { folder: false },
});
