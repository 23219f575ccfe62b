/**
 * The queue with Redis, by BullMQ. A worker keeps a lock on each of its tasks; where it dies, BullMQ finds the task
 * stalled when the lock has run out, and hands it to another.
 *
 * Neither BullMQ's attempts nor its back-off are used: attempts are counted in the database, and say themselves after
 * which pause the next one is due, so that both queues do the same.
 */
import { DelayedError, type Job, Queue, WaitingError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { LetGo } from '../errors.ts';
import type { RunTask, TaskQueue } from './task-queue.ts';

/** The name of the queue in Redis. */
export const QUEUE_NAME = 'process_download';

/** Ended tasks are in the database. */
const LEAVE_NOTHING = { removeOnComplete: true, removeOnFail: true } as const;

/** Where it is, and how long a worker may be silent. */
export interface BullQueueOptions {
  readonly url: string;
  readonly leaseMs: number;
}

/** The queue with Redis. */
export class BullQueue implements TaskQueue {
  readonly kind = 'bullmq';
  /** For who asks and must have an answer, be it that there is none. */
  readonly #asking: Redis;
  /** For the worker, which waits for tasks and for Redis, however long. */
  readonly #waiting: Redis;
  readonly #queue: Queue;
  readonly #leaseMs: number;
  readonly #stopping = new AbortController();
  #worker: Worker | undefined;

  private constructor({ url, leaseMs }: BullQueueOptions) {
    this.#leaseMs = leaseMs;
    this.#asking = new Redis(url, { maxRetriesPerRequest: 1 });
    this.#waiting = new Redis(url, { maxRetriesPerRequest: null });
    for (const connection of [this.#asking, this.#waiting]) connection.on('error', () => {});
    this.#queue = new Queue(QUEUE_NAME, { connection: this.#asking });
    this.#queue.on('error', () => {});
  }

  /**
   * Opens the queue once Redis answers. From then on whoever asks has an answer, while Redis is away, too: BullMQ lets
   * them wait without end where it was never connected.
   */
  static async open(options: BullQueueOptions): Promise<BullQueue> {
    const queue = new BullQueue(options);
    await queue.#queue.waitUntilReady();
    return queue;
  }

  async add(id: string): Promise<void> {
    // A task that BullMQ knows by this identifier is not put in a second time.
    await this.#queue.add(QUEUE_NAME, {}, { jobId: id, ...LEAVE_NOTHING });
  }

  async length(): Promise<number> {
    const counts = await this.#queue.getJobCounts('waiting', 'prioritized', 'delayed');
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  }

  work(run: RunTask, atOnce: number): void {
    this.#worker = new Worker(QUEUE_NAME, (job, token) => this.#hand(run, job, token), {
      connection: this.#waiting,
      concurrency: atOnce,
      lockDuration: this.#leaseMs,
      stalledInterval: this.#leaseMs,
      // How often a download is begun is limited where it is counted.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.#worker.on('error', () => {});
  }

  async #hand(run: RunTask, job: Job, token: string | undefined): Promise<void> {
    const { signal } = this.#stopping;
    const outcome = await run(String(job.id), signal);
    if (outcome.type === 'done') return;
    if (signal.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    await job.moveToDelayed(Date.now() + outcome.inMs, token);
    throw new DelayedError();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new LetGo('the process stops'));
    // BullMQ says good-bye to Redis and waits for its answer, without end while it is away.
    await this.#worker?.close(this.#waiting.status !== 'ready');
    await this.#queue.close();
    for (const connection of [this.#asking, this.#waiting]) connection.disconnect();
  }
}
