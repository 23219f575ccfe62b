/** What the transcode service counts. Importing this file counts nothing and opens nothing. */
import { counter, gauge, histogram, label } from '@binnacle/metrics';
import { fetchMetrics } from '@binnacle/metrics/fetch';
import { httpMetrics } from '@binnacle/metrics/http';
import { databaseMetrics } from '@binnacle/metrics/pg';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'transcode-service';

/** How jobs end. */
export const JOB_ENDS = ['completed', 'failed'] as const;

/** Where jobs can be. */
export const JOB_STATUSES = ['queued', 'processing', ...JOB_ENDS] as const;

/** One of {@link JOB_STATUSES}. */
export type JobStatus = (typeof JOB_STATUSES)[number];

export const http = httpMetrics({ names: { requestSize: false, responseSize: false } });
export const database = databaseMetrics({ names: { idle: false } });
export const calls = fetchMetrics();

// By hand and not with a `jobTracker`, whose labels of the duration are labels of the total as well.

/** Every job, once, by how it ended. */
export const transcodeJobs = counter({
  name: 'transcode_jobs_total',
  help: 'Total number of transcode jobs',
  labels: { status: JOB_ENDS },
});

/** How long jobs that completed took, from when a process took them up. */
export const transcodeDuration = histogram({
  name: 'transcode_duration_seconds',
  help: 'Transcode job duration in seconds',
  unit: 'seconds',
  labels: { source_format: label, target_format: label },
  buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300],
});

/** Reads the mean progress of the jobs in each status. */
export type ReadProgress = () => Promise<Readonly<Record<JobStatus, number>>>;

let readProgress: ReadProgress | undefined;

/** Says where {@link transcodeProgress} is read from; undefined for nowhere. */
export function readProgressFrom(read: ReadProgress | undefined): void {
  readProgress = read;
}

/** Mean progress of the jobs that are in a status now, 0 where none is; every process reads the same. */
export const transcodeProgress = gauge({
  name: 'transcode_progress_percentage',
  help: 'Transcode job progress percentage',
  mode: 'live max',
  labels: { status: JOB_STATUSES },
  collect: async (self) => {
    const progress = await readProgress?.();
    if (progress === undefined) return;
    for (const status of JOB_STATUSES) self.set({ status }, progress[status]);
  },
});
