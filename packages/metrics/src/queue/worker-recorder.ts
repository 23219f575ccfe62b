/** What a worker of BullMQ does, by its events. */

import type { MeasuredJob, MeasuredWorker, QueueInstrument } from '../bullmq.ts';
import type { BoundCounter } from '../counter.ts';
import type { BoundHistogram } from '../histogram.ts';
import { bound } from '../instrument/naming.ts';
import { secondsSince } from '../timer.ts';

/** Names of jobs that are told apart by one worker; more are {@link OTHER_JOBS}. */
export const JOB_NAMES_MAX = 100;

/** The name under which jobs are counted whose names are too many. */
export const OTHER_JOBS = 'other';

/** The series of one kind of jobs; undefined what is left out. */
interface Kind {
  readonly started: BoundCounter | undefined;
  readonly completed: BoundCounter | undefined;
  readonly failed: BoundCounter | undefined;
  readonly retries: BoundCounter | undefined;
  readonly duration: BoundHistogram | undefined;
  readonly wait: BoundHistogram | undefined;
  readonly attempts: BoundHistogram | undefined;
}

/** Counts the jobs of a queue that this process works on. */
export class WorkerRecorder {
  readonly #metrics: QueueInstrument;
  readonly #queue: string;
  readonly #byName: boolean;
  readonly #kinds = new Map<string, Kind>();
  /** Readings of `performance.now()`. */
  readonly #began = new WeakMap<MeasuredJob, number>();

  constructor(metrics: QueueInstrument, queue: string, jobNames: readonly string[]) {
    this.#metrics = metrics;
    this.#queue = queue;
    this.#byName = typeof metrics.labelNames.job_name === 'string';
    if (!this.#byName) this.#kind('');
    else for (const name of jobNames) this.#kind(name);
  }

  /** Counts until the worker is closed; returns what ends it. */
  follow(worker: MeasuredWorker): () => void {
    const ofQueue = { queue: this.#queue };
    const { labelNames } = this.#metrics;
    const workers = bound(this.#metrics.workers, ofQueue, labelNames);
    const stalled = bound(this.#metrics.stalled, ofQueue, labelNames);
    workers?.inc();
    let isThere = true;
    const listeners: readonly (readonly [event: string, listener: (...args: never[]) => void])[] = [
      ['active', (job: MeasuredJob) => this.#active(job)],
      ['completed', (job: MeasuredJob) => this.#completed(job)],
      ['failed', (job: MeasuredJob | undefined) => this.#failed(job)],
      ['stalled', () => stalled?.inc()],
      ['closed', () => end()],
    ];
    const end = (): void => {
      if (isThere) workers?.dec();
      isThere = false;
      for (const [event, listener] of listeners) worker.off(event as never, listener as never);
    };
    for (const [event, listener] of listeners) worker.on(event as never, listener as never);
    return end;
  }

  #active(job: MeasuredJob): void {
    this.#began.set(job, performance.now());
    const kind = this.#kindOf(job);
    kind.started?.inc();
    if (kind.wait === undefined || job.attemptsMade > 0 || (job.attemptsStarted ?? 1) > 1) return;
    const dueMs = job.timestamp + (job.opts.delay ?? 0);
    // The clocks of who adds jobs and who does them may differ, and delays can be cut short.
    kind.wait.observe(Math.max(0, ((job.processedOn ?? Date.now()) - dueMs) / 1000));
  }

  #completed(job: MeasuredJob): void {
    const kind = this.#kindOf(job);
    kind.completed?.inc();
    kind.attempts?.observe(job.attemptsMade);
    this.#ended(job, kind);
  }

  /** @param job missing where it was removed meanwhile, which only one that has failed for good can be */
  #failed(job: MeasuredJob | undefined): void {
    const kind = this.#kindOf(job);
    if (job !== undefined && !job.finishedOn) kind.retries?.inc();
    else {
      kind.failed?.inc();
      if (job !== undefined) kind.attempts?.observe(job.attemptsMade);
    }
    if (job !== undefined) this.#ended(job, kind);
  }

  #ended(job: MeasuredJob, { duration }: Kind): void {
    const beganMs = this.#began.get(job);
    // Nothing where it was another worker that was doing it.
    if (beganMs === undefined) return;
    this.#began.delete(job);
    duration?.observe(secondsSince(beganMs));
  }

  #kindOf(job: MeasuredJob | undefined): Kind {
    const name = this.#byName ? (job?.name ?? OTHER_JOBS) : '';
    return this.#kinds.get(name) ?? this.#kind(this.#kinds.size < JOB_NAMES_MAX ? name : OTHER_JOBS);
  }

  #kind(name: string): Kind {
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const { total, retries, duration, wait, attempts, countedBy, labelNames, statuses } = this.#metrics;
    const of = { queue: this.#queue, job_name: name };
    const ending = (status: string | undefined) =>
      countedBy === 'queue' || status === undefined ? undefined : bound(total, { ...of, status }, labelNames);
    const kind: Kind = {
      started: ending(statuses.started),
      completed: ending(statuses.completed),
      failed: ending(statuses.failed),
      retries: bound(retries, of, labelNames),
      duration: bound(duration, of, labelNames),
      wait: bound(wait, of, labelNames),
      attempts: bound(attempts, of, labelNames),
    };
    this.#kinds.set(name, kind);
    return kind;
  }
}
