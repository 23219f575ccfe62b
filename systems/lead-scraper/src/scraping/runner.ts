/**
 * Works on jobs of the queue, one at a time, from `start` to `stop`.
 *
 * A job that this process may not finish, because it stops or the database fails, goes back to the queue. One whose
 * process died comes back by itself, and is begun {@link ATTEMPTS_MAX} times at most.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { scrapingJobDuration, scrapingJobs, scrapingJobsActive, workersActive } from '../metrics.ts';
import { PageError } from '../pages/page-error.ts';
import type { HeldJob, ScrapingQueue } from '../queue/scraping-queue.ts';
import { ATTEMPTS_MAX, AttemptOver, type Job, type JobEnd } from './jobs.ts';
import { type ScrapeTools, scrape } from './scrape.ts';

/** How often an idle process looks for a job. */
const LOOK_MS = 250;
/** After the queue or the database failed. */
const FAILED_LOOK_MS = 1_000;
const SWEEP_INTERVAL_MS = 2_000;
const FORGET_INTERVAL_MS = 60_000;
/** How often a lease is renewed within its time. */
const RENEWALS = 3;

/** What the runner works with. */
export interface RunnerOptions extends ScrapeTools {
  readonly queue: ScrapingQueue;
  readonly leaseMs: number;
  /** Jobs that take longer fail. */
  readonly jobMsMax: number;
}

/** Why work on a job ends before the job does. */
class LetGo extends Error {
  override readonly name = 'LetGo';
}

/** Works on jobs. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #said = '';
  #sweptAtMs = 0;
  #forgotAtMs = 0;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(): void {
    workersActive.set(1);
    this.#running = this.#run();
  }

  /** Gives the job that is under way back, and resolves when nothing is. */
  async stop(): Promise<void> {
    this.#stop.abort(new LetGo('the process stops'));
    await this.#running;
    workersActive.set(0);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let pauseMs = LOOK_MS;
      try {
        const held = await this.#options.queue.take();
        if (held !== undefined) {
          await this.#work(held);
          continue;
        }
        await this.#tidy();
        this.#said = '';
      } catch (error) {
        this.#say((error as Error).message);
        pauseMs = FAILED_LOOK_MS;
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Says what is wrong, once for as long as it is. */
  #say(message: string): void {
    if (message === this.#said) return;
    this.#said = message;
    console.error(`lead-scraper: a job could not be taken or ended: ${message}`);
  }

  /** Queues what was left behind, and forgets what is long over. */
  async #tidy(): Promise<void> {
    const { jobs, queue } = this.#options;
    const now = performance.now();
    if (now - this.#sweptAtMs > SWEEP_INTERVAL_MS) {
      this.#sweptAtMs = now;
      for (const id of await jobs.leftBehind()) {
        await queue.add(id);
        await jobs.queued(id);
      }
    }
    if (now - this.#forgotAtMs > FORGET_INTERVAL_MS) {
      this.#forgotAtMs = now;
      await jobs.forget();
    }
  }

  async #work(held: HeldJob): Promise<void> {
    const { jobs } = this.#options;
    const job = await jobs.begin(held.id);
    if (job === undefined) {
      // It ended, and its process died before the queue heard of it.
      const known = await jobs.find(held.id);
      await held.end(known?.status === 'completed' ? 'finished' : 'failed');
      return;
    }
    await scrapingJobsActive.during({ source: job.source }, () => this.#attempt(held, job));
  }

  async #attempt(held: HeldJob, job: Job): Promise<void> {
    const { jobs, leaseMs, jobMsMax } = this.#options;
    const beganMs = performance.now();
    const end = async (status: JobEnd, message: string | null = null): Promise<void> => {
      const ours = await jobs.end(job, status, message, () => {
        scrapingJobs.inc({ source: job.source, status });
        scrapingJobDuration.observe({ source: job.source }, (performance.now() - beganMs) / 1000);
      });
      if (ours) await held.end(status === 'completed' ? 'finished' : 'failed');
    };
    if (job.attempt > ATTEMPTS_MAX) return end('failed', `none of ${ATTEMPTS_MAX} attempts came to an end`);
    const lost = new AbortController();
    const late = AbortSignal.timeout(jobMsMax);
    const signal = AbortSignal.any([this.#stop.signal, lost.signal, late]);
    const renewal = setInterval(() => {
      Promise.all([held.renew(), jobs.goesOn(job)]).then(
        ([held, ours]) => (held && ours) || lost.abort(new LetGo('the lease ran out')),
        // Neither says that it is not ours; the lease says so when it has run out.
        () => {},
      );
    }, leaseMs / RENEWALS);
    try {
      await scrape(this.#options, job, signal);
      clearInterval(renewal);
      await end('completed');
    } catch (error) {
      clearInterval(renewal);
      if (error instanceof AttemptOver) return;
      // Where another process has begun, this changes nothing; where the queue has lost the job, it comes back.
      if (lost.signal.aborted) await jobs.release(job);
      else if (error instanceof PageError) await end('failed', `a list cannot be read: ${error.message}`);
      else if (late.aborted) await end('failed', `the job took longer than ${jobMsMax / 1000} s`);
      else {
        await jobs.release(job);
        await held.release();
        if (!this.#stop.signal.aborted) throw error;
      }
    }
  }
}
