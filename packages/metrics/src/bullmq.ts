/**
 * Metrics of BullMQ's queues: how many jobs end and how, how long they take and wait, how many wait, who works.
 *
 *     const metrics = queueMetrics();
 *     instrumentQueue(queue, { metrics });      // where the queue is: what waits, and for how long
 *     instrumentWorker(worker, { metrics });    // where the work is done: what ends, how, after how long
 *
 * Exactly one source counts how jobs end, and the definition says which, so that no job can be counted twice:
 *
 *     countedBy: 'workers'   the worker that ends a job, by its own event, which comes once Redis has taken the end
 *                            (default). Nothing has to be set up in BullMQ, kinds of jobs can be told apart, the
 *                            total agrees with the durations, and nobody can reset it. A worker that is killed between
 *                            Redis's taking the end and hearing of it takes that one along.
 *     countedBy: 'queue'     BullMQ's own counters in Redis, by their differences (`totals.ts`). Needs
 *                            `metrics: { maxDataPoints }` in the options of every worker. Counts what workers in other
 *                            services do, too, and loses nothing with a worker that is killed; does not know kinds of
 *                            jobs, nor, in BullMQ 5.1, jobs that fail because they stalled too often.
 *
 * Which jobs: an attempt that fails and is tried again is a retry, and the job has not ended. A job whose worker was
 * killed stalls, and somebody else does it again: it ends once, with whoever ends it. One that stalls too often fails,
 * with the worker that finds that out. That a job has ended for good, BullMQ says by `finishedOn`.
 *
 * The counts of a queue are Redis's, the same for whoever asks: one process of a service does, elected by a lock in its
 * metrics directory, and the metrics keep what was set last.
 */
import { type BoundCounter, type Counter, counter } from './counter.ts';
import { type BoundGauge, type Gauge, gauge } from './gauge.ts';
import { type BoundHistogram, type Histogram, histogram } from './histogram.ts';
import {
  type Bindable,
  type LabelNames,
  type Part,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import { measuredOnce, type Reporting } from './instrument/reporting.ts';
import { label, type OpenLabel } from './labels.ts';
import { QueueReader } from './queue/queue-reader.ts';
import { countTotalsOf } from './queue/queue-totals.ts';
import { WorkerRecorder } from './queue/worker-recorder.ts';
import { defaultRegistry, type Registry } from './registry.ts';
import type { CountedTotals, Remember } from './totals.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
export { QUEUE_INTERVAL_MS, QUEUE_SCRAPE_AGE_MS, QUEUE_TIMEOUT_MS } from './queue/queue-reader.ts';
export { rememberInQueue } from './queue/queue-totals.ts';
export { JOB_NAMES_MAX, OTHER_JOBS } from './queue/worker-recorder.ts';

/** Upper bounds of the duration, in seconds, when none are given. */
export const DEFAULT_DURATION_BUCKETS: readonly number[] = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600];

/** Upper bounds of the time that jobs wait, in seconds, when none are given. */
export const DEFAULT_WAIT_BUCKETS: readonly number[] = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];

/** Upper bounds of the number of attempts. */
export const ATTEMPTS_BUCKETS: readonly number[] = [1, 2, 3, 5, 10];

/** The parts of the instrument. */
export type QueuePart =
  | 'total'
  | 'retries'
  | 'stalled'
  | 'duration'
  | 'wait'
  | 'attempts'
  | 'pending'
  | 'active'
  | 'delayed'
  | 'waitingChildren'
  | 'oldestWaiting'
  | 'workers';

/** The labels of the instrument. Jobs are not told apart by their names unless `job_name` is given a name. */
export type QueueLabel = 'queue' | 'job_name' | 'status';

/** How endings are called in the label `status`. */
export interface QueueStatuses {
  /** Default `completed`. */
  readonly completed?: string;
  /** Default `failed`. */
  readonly failed?: string;
  /** Where it has a name, starts are counted too: each attempt, and again where a worker was killed. */
  readonly started?: string;
}

type Chosen<R extends LabelNames<QueueLabel>> = R extends { readonly job_name: string }
  ? R
  : Omit<R, 'job_name'> & { readonly job_name: false };
type QueueLabels<R extends LabelNames<QueueLabel>> = Renamed<{ readonly queue: OpenLabel }, R>;
type JobLabels<R extends LabelNames<QueueLabel>> = Renamed<
  { readonly queue: OpenLabel; readonly job_name: OpenLabel },
  Chosen<R>
>;
type EndLabels<R extends LabelNames<QueueLabel>> = Renamed<
  { readonly queue: OpenLabel; readonly job_name: OpenLabel; readonly status: readonly string[] },
  Chosen<R>
>;

/** The metrics of queues; those that are left out are undefined. */
export interface QueueMetrics<
  N extends PartNames<QueuePart> = Record<never, never>,
  R extends LabelNames<QueueLabel> = Record<never, never>,
> {
  /** `queue_jobs_total`: jobs that have ended, by how. */
  readonly total: Part<N, 'total', Counter<EndLabels<R>>>;
  /** `queue_job_retries_total`: attempts that failed and are made again. */
  readonly retries: Part<N, 'retries', Counter<JobLabels<R>>>;
  /** `queue_jobs_stalled_total`: how often a job was taken from a worker that had gone. */
  readonly stalled: Part<N, 'stalled', Counter<QueueLabels<R>>>;
  /** `queue_job_duration_seconds`: how long attempts took. */
  readonly duration: Part<N, 'duration', Histogram<JobLabels<R>, 'seconds'>>;
  /** `queue_job_wait_seconds`: from a job's creation, or the end of its delay, to its first start. */
  readonly wait: Part<N, 'wait', Histogram<JobLabels<R>, 'seconds'>>;
  /** `queue_job_attempts`: how many attempts jobs had needed when they ended. */
  readonly attempts: Part<N, 'attempts', Histogram<JobLabels<R>>>;
  /** `queue_jobs_waiting`: jobs that are due, prioritized and paused ones among them. */
  readonly pending: Part<N, 'pending', Gauge<QueueLabels<R>>>;
  /** `queue_jobs_active`: jobs that are worked on. */
  readonly active: Part<N, 'active', Gauge<QueueLabels<R>>>;
  /** `queue_jobs_delayed`: jobs that are not due yet. */
  readonly delayed: Part<N, 'delayed', Gauge<QueueLabels<R>>>;
  /** `queue_jobs_waiting_children`: jobs that wait for others. */
  readonly waitingChildren: Part<N, 'waitingChildren', Gauge<QueueLabels<R>>>;
  /** `queue_oldest_job_waiting_seconds`: for how long the job has been due that is next, or first of its priority. */
  readonly oldestWaiting: Part<N, 'oldestWaiting', Gauge<QueueLabels<R>, 'seconds'>>;
  /** `queue_workers`: workers of the service that run. */
  readonly workers: Part<N, 'workers', Gauge<QueueLabels<R>>>;
  /** Who counts how jobs end. */
  readonly countedBy: 'workers' | 'queue';
  /** What the labels are called. */
  readonly labelNames: LabelNames<QueueLabel>;
  /** How endings are called. */
  readonly statuses: QueueStatuses & { readonly completed: string; readonly failed: string };
  readonly registry: Registry;
}

/** Metrics of queues, whatever they are called. */
export interface QueueInstrument {
  readonly total: Bindable<BoundCounter> | undefined;
  readonly retries: Bindable<BoundCounter> | undefined;
  readonly stalled: Bindable<BoundCounter> | undefined;
  readonly duration: Bindable<BoundHistogram> | undefined;
  readonly wait: Bindable<BoundHistogram> | undefined;
  readonly attempts: Bindable<BoundHistogram> | undefined;
  readonly pending: QueueGauge | undefined;
  readonly active: QueueGauge | undefined;
  readonly delayed: QueueGauge | undefined;
  readonly waitingChildren: QueueGauge | undefined;
  readonly oldestWaiting: QueueGauge | undefined;
  readonly workers: QueueGauge | undefined;
  readonly countedBy: 'workers' | 'queue';
  readonly labelNames: LabelNames<QueueLabel>;
  readonly statuses: QueueStatuses & { readonly completed: string; readonly failed: string };
  readonly registry: Registry;
}

/** A gauge, whatever its labels are called. */
export interface QueueGauge extends Bindable<BoundGauge> {
  readonly name: string;
  remove(labels: never): void;
}

/** What can be chosen about the definitions. */
export interface QueueMetricsOptions<
  N extends PartNames<QueuePart> = Record<never, never>,
  R extends LabelNames<QueueLabel> = Record<never, never>,
> {
  /** Whole names of metrics, by part; `false` leaves one out. */
  readonly names?: N;
  /**
   * Names of labels; `false` leaves one out, `queue` only where there is one queue, since two would set one gauge.
   */
  readonly labels?: R;
  readonly statuses?: QueueStatuses;
  /** Who counts how jobs end: see the head of this file. Default `workers`. */
  readonly countedBy?: 'workers' | 'queue';
  /** Upper bounds of the duration in seconds. Default: {@link DEFAULT_DURATION_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Upper bounds of the time that jobs wait, in seconds. Default: {@link DEFAULT_WAIT_BUCKETS}. */
  readonly waitBuckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/**
 * The definitions, for `jobsWatch`.
 * @throws TypeError where the queue is to count what it does not know: starts, or kinds of jobs
 */
export function queueMetrics<
  const N extends PartNames<QueuePart> = Record<never, never>,
  const R extends LabelNames<QueueLabel> = Record<never, never>,
>(options: QueueMetricsOptions<N, R> = {}): QueueMetrics<N, R> {
  const { names, countedBy = 'workers', registry = defaultRegistry() } = options;
  const labelNames: LabelNames<QueueLabel> = { job_name: false, ...options.labels };
  const statuses = { completed: 'completed', failed: 'failed', ...options.statuses };
  const byQueue = countedBy === 'queue';
  if (byQueue && (statuses.started !== undefined || labelNames.job_name !== false))
    throw new TypeError(
      'queueMetrics: a queue that counts knows neither starts nor job_name; leave them out',
    );
  const ofQueue = { queue: label };
  const ofJob = { queue: label, job_name: label };
  const ofEnd = { ...ofJob, status: Object.values(statuses) };
  const called = (part: QueuePart, usual: string) => partName<PartNames<QueuePart>>(names, part, usual);
  const counts = (part: QueuePart, usual: string, help: string, of: typeof ofQueue) => {
    const name = called(part, usual) as `${string}_total` | undefined;
    return name && counter({ name, help, labels: renamed(of, labelNames), registry });
  };
  const times = (part: QueuePart, usual: string, help: string, buckets: readonly number[]) => {
    const name = called(part, usual) as `${string}_seconds` | undefined;
    const labels = renamed(ofJob, labelNames);
    return name && histogram({ name, help, unit: 'seconds', labels, buckets, registry });
  };
  const labels = renamed(ofQueue, labelNames);
  const level = (
    part: QueuePart,
    usual: string,
    help: string,
    mode: 'mostrecent' | 'live sum' = 'mostrecent',
  ) => {
    const name = called(part, usual);
    return name && gauge({ name, help, mode, labels, registry });
  };
  const { buckets = DEFAULT_DURATION_BUCKETS, waitBuckets = DEFAULT_WAIT_BUCKETS } = options;
  const oldest = called('oldestWaiting', 'queue_oldest_job_waiting_seconds') as
    | `${string}_seconds`
    | undefined;
  const attempts = called('attempts', 'queue_job_attempts');
  const metrics: { readonly [P in QueuePart]: unknown } = {
    total: counts('total', 'queue_jobs_total', 'Jobs that have ended, by how', ofEnd),
    retries: counts(
      'retries',
      'queue_job_retries_total',
      'Attempts at jobs that failed and are made again',
      ofJob,
    ),
    stalled: counts('stalled', 'queue_jobs_stalled_total', 'Jobs taken from workers that had gone', ofQueue),
    duration: times('duration', 'queue_job_duration_seconds', 'How long attempts at jobs took', buckets),
    wait: times('wait', 'queue_job_wait_seconds', 'From when a job is due to its first start', waitBuckets),
    attempts:
      attempts &&
      histogram({
        name: attempts,
        help: 'Attempts that jobs had needed when they ended',
        labels: renamed(ofJob, labelNames),
        buckets: ATTEMPTS_BUCKETS,
        registry,
      }),
    pending: level('pending', 'queue_jobs_waiting', 'Jobs that are due and wait'),
    active: level('active', 'queue_jobs_active', 'Jobs that are worked on'),
    delayed: level('delayed', 'queue_jobs_delayed', 'Jobs that are not due yet'),
    waitingChildren: level('waitingChildren', 'queue_jobs_waiting_children', 'Jobs that wait for others'),
    oldestWaiting:
      oldest &&
      gauge({
        name: oldest,
        help: 'For how long the job is due that has waited longest',
        unit: 'seconds',
        mode: 'mostrecent',
        labels,
        registry,
      }),
    workers: level('workers', 'queue_workers', 'Workers that run', 'live sum'),
  };
  return { ...metrics, countedBy, labelNames, statuses, registry } as unknown as QueueMetrics<N, R>;
}

/** What is used of a job. */
export interface MeasuredJob {
  readonly name: string;
  /** Unix milliseconds. */
  readonly timestamp: number;
  readonly opts: { readonly delay?: number | undefined };
  readonly attemptsMade: number;
  readonly attemptsStarted?: number | undefined;
  readonly processedOn?: number | undefined;
  /** Unix milliseconds; there once the job has ended for good. */
  readonly finishedOn?: number | null | undefined;
}

/** What is used of a `Worker` of BullMQ. */
export interface MeasuredWorker {
  readonly name: string;
  on(event: never, listener: never): unknown;
  off(event: never, listener: never): unknown;
}

/** What is used of a `Queue` of BullMQ. */
export interface MeasuredQueue {
  readonly name: string;
  toKey(type: string): string;
  getJobCounts(...types: never[]): Promise<Readonly<Record<string, number>>>;
  getJobs(types: never, start: number, end: number, asc: boolean): Promise<readonly unknown[]>;
  getMetrics(type: 'completed' | 'failed', start?: number, end?: number): Promise<QueueCounters>;
}

/** What BullMQ's own counters tell. */
export interface QueueCounters {
  readonly meta: { readonly count: number };
}

/** At the instance, what measures it. */
const MEASURED = Symbol.for('@binnacle/metrics/bullmq/measured/v1');

/** Options of {@link instrumentWorker}. */
export interface InstrumentWorkerOptions {
  /** The metrics to count with. Default: `queueMetrics()`. */
  readonly metrics?: QueueInstrument;
  /** Names of jobs whose series stand at 0 from the start, where jobs are told apart by their names. */
  readonly jobNames?: readonly string[];
}

/** Measures what a worker does, by its events, until it is closed. One that is measured already goes on as it is. */
export function instrumentWorker(worker: MeasuredWorker, options: InstrumentWorkerOptions = {}): Reporting {
  return measuredOnce(worker, MEASURED, () => {
    const recorder = new WorkerRecorder(
      options.metrics ?? queueMetrics(),
      worker.name,
      options.jobNames ?? [],
    );
    return recorder.follow(worker);
  });
}

/** Options of {@link instrumentQueue}. */
export interface InstrumentQueueOptions {
  /** The metrics to set. Default: `queueMetrics()`. */
  readonly metrics?: QueueInstrument;
  /** How often the queue is read. Default {@link QUEUE_INTERVAL_MS}; also when metrics are shown. */
  readonly intervalMs?: number;
  /** Where it is remembered what of the queue's own counters is counted; see {@link countQueueTotals}. */
  readonly remember?: Remember;
}

/**
 * Reads what waits in a queue, by one process of the service, until it is stopped; where the metrics are counted by the
 * queue, how jobs end as well. Keeps no process running. A queue that is read already goes on as it is.
 */
export function instrumentQueue(queue: MeasuredQueue, options: InstrumentQueueOptions = {}): Reporting {
  return measuredOnce(queue, MEASURED, () => {
    const metrics = options.metrics ?? queueMetrics();
    const reader = new QueueReader(metrics, queue, options.intervalMs);
    const totals =
      metrics.countedBy === 'queue' ? countQueueTotals(queue, { ...options, metrics }) : undefined;
    return () => {
      reader.stop();
      totals?.stop();
    };
  });
}

/** Options of {@link countQueueTotals}. */
export interface CountQueueTotalsOptions {
  /** The metrics to count with, which say `countedBy: 'queue'`. */
  readonly metrics: QueueInstrument;
  /** How often they are read. Default 15 s; also when metrics are shown. */
  readonly intervalMs?: number;
  /** What to do with what the queue had counted before it was first read. Default `now`: leave it out. */
  readonly from?: 'now' | 'zero';
  /** Where it is remembered what is counted. Default: in the metrics directory; see {@link rememberInQueue}. */
  readonly remember?: Remember;
}

/**
 * Counts how jobs end by the queue's own counters, as {@link instrumentQueue} does for metrics that the queue counts.
 * A mark beside each counter, which goes when that is reset, tells a reset for certain.
 * @throws TypeError where workers count, since each job would count twice
 */
export function countQueueTotals(queue: MeasuredQueue, options: CountQueueTotalsOptions): CountedTotals {
  if (options.metrics.countedBy !== 'queue')
    throw new TypeError(
      "countQueueTotals: these metrics are counted by workers, and each job would count twice; define them with countedBy: 'queue'",
    );
  return countTotalsOf(queue, options);
}
