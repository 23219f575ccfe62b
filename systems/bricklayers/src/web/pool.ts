/**
 * The pool: a queue of jobs and the worker processes that take them.
 *
 * A worker that dies is replaced. Its job, if it had one, ends as `error`, or as `timeout` when the pool killed it
 * for that, and the half-written output is removed. That is decided only when the worker's channel has been read to
 * its end: an answer that was sent just before death still holds. Whichever way a job ends, it is counted here and
 * in the same step, so that it is counted exactly once.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { RunningJob } from '@binnacle/metrics/jobs';
import {
  processing,
  processingDuration,
  processingInputSize,
  processingJobsPending,
  processingOutputSize,
} from '../metrics.ts';
import { type Job, partial } from './jobs.ts';
import type { WorkAnswer, WorkRequest } from './worker.ts';

/** A worker that never got ready is replaced only after this pause, so that a broken start does not spin. */
const RESTART_PAUSE_MS = 500;

/** A worker that is not ready by then is killed and replaced. */
const START_MS_MAX = 30_000;

/** How the pool runs. */
export interface PoolOptions {
  readonly workers: number;
  readonly jobTimeoutMs: number;
  readonly pendingJobsMax: number;
  /** Given to the workers as `BINNACLE_METRICS_DIR`; empty for the metrics client's own choice. */
  readonly metricsDir: string;
}

/** A worker as the outside sees it. */
export interface WorkerState {
  readonly pid: number;
  /** Whether it has started and takes jobs. */
  readonly ready: boolean;
  readonly busy: boolean;
}

/** A job in the hands of a worker. */
interface Task {
  readonly job: Job;
  readonly counted: RunningJob<Record<never, never>>;
}

interface Worker {
  readonly process: ChildProcess;
  ready: boolean;
  task?: Task;
  /** Runs while the worker starts, and while it has a job. */
  timer?: NodeJS.Timeout;
  /** Whether the pool killed it because its job took too long. */
  timedOut: boolean;
}

/** Runs jobs from `start` to `stop`. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #queue: Job[] = [];
  readonly #workers = new Set<Worker>();
  #stopping = false;
  /** Restarts that wait for their pause to end. */
  readonly #restarts = new Set<NodeJS.Timeout>();
  /** What still has to be tidied up after workers that are gone. */
  readonly #settling = new Set<Promise<void>>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  start(): void {
    for (let i = 0; i < this.#options.workers; i++) this.#startWorker();
  }

  /** Whether another job would be taken. */
  get full(): boolean {
    return this.#stopping || this.#queue.length >= this.#options.pendingJobsMax;
  }

  get workers(): WorkerState[] {
    return [...this.#workers]
      .filter(({ process }) => process.pid !== undefined)
      .map((worker) => ({ pid: worker.process.pid!, ready: worker.ready, busy: worker.task !== undefined }));
  }

  /** Queues a job. Ask {@link full} first. */
  add(job: Job): void {
    this.#queue.push(job);
    this.#dispatch();
  }

  /** Lets the workers finish what they do for `graceMs` at most, then kills them; resolves when all are gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    const gone = [...this.#workers].map(
      (worker) => new Promise<void>((resolve) => this.#whenGone(worker, resolve)),
    );
    for (const worker of this.#workers) if (worker.task === undefined) letGo(worker);
    const kill = setTimeout(() => {
      for (const worker of this.#workers) worker.process.kill('SIGKILL');
    }, graceMs);
    await Promise.all(gone);
    clearTimeout(kill);
    await Promise.all(this.#settling);
  }

  #startWorker(): void {
    const { metricsDir } = this.#options;
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
      env: { ...process.env, ...(metricsDir === '' ? {} : { BINNACLE_METRICS_DIR: metricsDir }) },
      execArgv: [],
    });
    const worker: Worker = { process: child, ready: false, timedOut: false };
    worker.timer = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
    this.#workers.add(worker);
    child.on('message', (answer: WorkAnswer) => this.#onAnswer(worker, answer));
    // A channel that broke while a request was on its way shows as the death of the worker.
    child.on('error', () => {});
    this.#whenGone(worker, () => {
      const settled = this.#onGone(worker).finally(() => this.#settling.delete(settled));
      this.#settling.add(settled);
    });
  }

  /** Calls back when a worker has ended and everything that it sent was heard. */
  #whenGone(worker: Worker, done: () => void): void {
    const child = worker.process;
    let exited = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    let drained = !child.connected;
    const check = (): void => {
      if (!exited || !drained) return;
      child.off('exit', onExit);
      child.off('disconnect', onDisconnect);
      done();
    };
    const onExit = (): void => {
      exited = true;
      check();
    };
    const onDisconnect = (): void => {
      drained = true;
      check();
    };
    child.on('exit', onExit);
    child.on('disconnect', onDisconnect);
    check();
  }

  #onAnswer(worker: Worker, answer: WorkAnswer): void {
    if (answer.type === 'ready') {
      worker.ready = true;
      clearTimeout(worker.timer);
      this.#dispatch();
      return;
    }
    const { task } = worker;
    if (task === undefined || task.job.id !== answer.id) return;
    release(worker);
    if (answer.type === 'completed') {
      task.job.outputBytes = answer.outputBytes;
      processingDuration.observe(answer.seconds);
      processingInputSize.observe(answer.inputBytes);
      processingOutputSize.observe(answer.outputBytes);
      end(task);
    } else end(task, new Error(answer.message));
    if (this.#stopping) letGo(worker);
    else this.#dispatch();
  }

  async #onGone(worker: Worker): Promise<void> {
    this.#workers.delete(worker);
    const { task } = worker;
    release(worker);
    if (task !== undefined) {
      await rm(partial(task.job.outputPath), { force: true }).catch(() => {});
      // Whole perhaps, but nobody vouches for it: the worker died before it could say so.
      await rm(task.job.outputPath, { force: true }).catch(() => {});
      end(task, this.#deathOf(worker));
    }
    if (this.#stopping) return;
    if (worker.ready) {
      this.#startWorker();
      return;
    }
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#startWorker();
    }, RESTART_PAUSE_MS);
    this.#restarts.add(timer);
  }

  /** Why a job ended that its worker could not end. */
  #deathOf({ process: { exitCode, signalCode }, timedOut }: Worker): Error {
    return timedOut
      ? new DOMException(
          `the job took longer than ${this.#options.jobTimeoutMs / 1000} s and was stopped`,
          TIMEOUT,
        )
      : new Error(
          `the worker died in the middle of the job (${signalCode ?? `exit code ${exitCode}`}); upload the file again`,
        );
  }

  #dispatch(): void {
    for (const worker of this.#workers) {
      if (this.#queue.length === 0) break;
      if (!worker.ready || worker.timedOut || worker.task !== undefined || !worker.process.connected)
        continue;
      this.#give(worker, this.#queue.shift()!);
    }
    processingJobsPending.set(this.#queue.length);
  }

  #give(worker: Worker, job: Job): void {
    worker.task = { job, counted: processing.begin() };
    job.status = 'processing';
    job.startedMs = Date.now();
    worker.timer = setTimeout(() => {
      worker.timedOut = true;
      worker.process.kill('SIGKILL');
    }, this.#options.jobTimeoutMs);
    const { id, inputPath, outputPath, parameters } = job;
    worker.process.send({ id, inputPath, outputPath, parameters } satisfies WorkRequest);
  }
}

function release(worker: Worker): void {
  clearTimeout(worker.timer);
  delete worker.task;
}

/** The name by which the tracker knows that a job took too long. */
const TIMEOUT = 'TimeoutError';

/** Ends a job, well or with an error, and counts it. */
function end({ job, counted }: Task, error?: Error): void {
  job.finishedMs = Date.now();
  if (error === undefined) {
    job.status = 'completed';
    counted.succeed();
    return;
  }
  job.status = error.name === TIMEOUT ? 'timeout' : 'error';
  job.message = error.message;
  counted.fail(error);
}

/** Ends a worker by ending its channel. */
function letGo(worker: Worker): void {
  if (worker.process.connected) worker.process.disconnect();
}
