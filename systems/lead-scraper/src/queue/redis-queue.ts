/**
 * The queue in Redis, by BullMQ.
 *
 * Jobs are taken and ended by hand, as BullMQ's documentation calls it, since here jobs are taken up by a loop that is
 * the same for all queues. BullMQ counts completed and failed jobs with the step that ends them. It does not count
 * starts; those stand in a hash beside the queue, with an incarnation, which goes with it when the queue is emptied.
 */
import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { HeldJob, QueueTotals, ScrapingQueue } from './scraping-queue.ts';

/** BullMQ's own history of counters, which nobody here reads; their sum is kept with it. */
const METRICS_POINTS_MAX = 60;
/** How many of our jobs may die is up to the job itself; BullMQ shall not judge them. */
const STALLED_MAX = 1_000_000;
/** Of jobs whose process has died BullMQ hears after that, at the latest. */
const STALLED_EVERY_LEASES = 0.5;

/** A queue of a name in Redis. */
export class RedisQueue implements ScrapingQueue {
  readonly place = 'Redis';
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #worker: Worker | undefined;
  readonly #leaseMs: number;
  readonly #startsKey: string;

  private constructor(redis: Redis, queue: Queue, worker: Worker | undefined, leaseMs: number) {
    this.#redis = redis;
    this.#queue = queue;
    this.#worker = worker;
    this.#leaseMs = leaseMs;
    this.#startsKey = `${queue.toKey('starts')}`;
  }

  /** @param takes whether this process takes jobs */
  static async open(url: string, name: string, leaseMs: number, takes: boolean): Promise<RedisQueue> {
    // A worker waits until Redis is back, as BullMQ wants it; whoever asks for a job to be added must not.
    const redis = new Redis(url, { maxRetriesPerRequest: takes ? null : 1 });
    // It connects again by itself; a command that waits says what is missing.
    redis.on('error', () => {});
    const queue = new Queue(name, { connection: redis });
    queue.on('error', () => {});
    const worker = takes
      ? new Worker(name, null, {
          connection: redis,
          autorun: false,
          lockDuration: leaseMs,
          stalledInterval: leaseMs * STALLED_EVERY_LEASES,
          maxStalledCount: STALLED_MAX,
          metrics: { maxDataPoints: METRICS_POINTS_MAX },
        })
      : undefined;
    worker?.on('error', () => {});
    await queue.waitUntilReady();
    await worker?.waitUntilReady();
    await worker?.startStalledCheckTimer();
    return new RedisQueue(redis, queue, worker, leaseMs);
  }

  get isThere(): boolean {
    return this.#redis.status === 'ready';
  }

  async add(id: string): Promise<void> {
    await this.#queue.add(
      'scrape',
      {},
      { jobId: id, removeOnComplete: true, removeOnFail: true, attempts: 1 },
    );
  }

  async take(): Promise<HeldJob | undefined> {
    if (this.#worker === undefined) throw new Error('the queue was opened by a process that takes no jobs');
    const token = randomUUID();
    const job = await this.#worker.getNextJob(token, { block: false });
    if (job === undefined) return undefined;
    await this.#redis.hincrby(this.#startsKey, 'started', 1);
    return {
      id: String(job.id),
      renew: () => held(job.extendLock(token, this.#leaseMs)),
      end: (status) =>
        held(
          status === 'finished'
            ? job.moveToCompleted(null, token, false)
            : job.moveToFailed(new Error('the job failed'), token, false),
        ),
      release: async () => {
        await held(job.moveToWait(token));
      },
    };
  }

  size(): Promise<number> {
    return this.#queue.getJobCountByTypes('wait', 'delayed', 'prioritized');
  }

  async totals(): Promise<QueueTotals> {
    await this.#redis.hsetnx(this.#startsKey, 'incarnation', randomUUID());
    const [starts, completed, failed] = await Promise.all([
      this.#redis.hgetall(this.#startsKey),
      this.#queue.getMetrics('completed', 0, 0),
      this.#queue.getMetrics('failed', 0, 0),
    ]);
    return {
      started: Number(starts.started ?? 0),
      finished: completed.meta.count,
      failed: failed.meta.count,
      incarnation: starts.incarnation ?? '',
    };
  }

  async close(): Promise<void> {
    await this.#worker?.close(true);
    await this.#queue.close();
    this.#redis.disconnect();
  }
}

/** BullMQ's errors that say that somebody else has the job, or nobody. */
const NOT_HELD = /Missing lock|Lock mismatch|Missing key|is not in the active state/;

/** Whether a command did what it does to jobs that are held. */
async function held(command: Promise<unknown>): Promise<boolean> {
  try {
    return (await command) !== 0;
  } catch (error) {
    if (NOT_HELD.test((error as Error).message)) return false;
    throw error;
  }
}
