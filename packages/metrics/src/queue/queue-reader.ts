/**
 * What waits in a queue of BullMQ, read again and again by one process of the service.
 *
 * What nobody knows is not shown: when a reading fails, the series of the queue are removed, until one succeeds.
 */

import { createHash } from 'node:crypto';
import type { MeasuredJob, MeasuredQueue, QueueGauge, QueueInstrument } from '../bullmq.ts';
import { bound, renamedValues } from '../instrument/naming.ts';
import { Whereabouts } from '../totals/place.ts';

/** How often a queue is read unless its options say otherwise. */
export const QUEUE_INTERVAL_MS = 15_000;

/** How long a queue may take to answer; then the reading has failed. */
export const QUEUE_TIMEOUT_MS = 5_000;

/** How old a reading is at least before a scrape asks for another. */
export const QUEUE_SCRAPE_AGE_MS = 1_000;

/** How often a process that does not read looks whether it should. */
const STANDBY_INTERVAL_MS = 1_000;

/** How long `serveMetrics` is waited for before the first reading. */
const ATTACH_WAIT_MS = 1_000;

/** States of jobs by which they are counted and looked for. */
const STATES = ['waiting', 'prioritized', 'active', 'delayed', 'waiting-children'];
const DUE_STATES = ['waiting', 'prioritized'];

type Level = 'pending' | 'active' | 'delayed' | 'waitingChildren' | 'oldestWaiting';

export class QueueReader {
  readonly #metrics: QueueInstrument;
  readonly #queue: MeasuredQueue;
  readonly #intervalMs: number;
  readonly #whereabouts: Whereabouts;
  readonly #timer: NodeJS.Timeout;
  readonly #unhook: () => void;
  readonly #gauges: readonly (readonly [level: Level, gauge: QueueGauge])[];
  readonly #beganMs = performance.now();
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  /** Of the queue, whose answer was not waited for any longer. */
  #late: Promise<unknown> | undefined;
  #isShown = false;
  #stopped = false;

  /** @throws RangeError for an interval that cannot be */
  constructor(metrics: QueueInstrument, queue: MeasuredQueue, intervalMs = QUEUE_INTERVAL_MS) {
    if (!(intervalMs > 0))
      throw new RangeError(`instrumentQueue: intervalMs must be above 0, not ${intervalMs}`);
    this.#metrics = metrics;
    this.#queue = queue;
    this.#intervalMs = intervalMs;
    const { pending, active, delayed, waitingChildren, oldestWaiting, registry } = metrics;
    this.#gauges = Object.entries({ pending, active, delayed, waitingChildren, oldestWaiting }).filter(
      (entry): entry is [Level, QueueGauge] => entry[1] !== undefined,
    );
    const first = this.#gauges[0]?.[1].name ?? 'queue';
    // Names of queues may have any characters, names of files not.
    const hash = createHash('sha256').update(queue.toKey('')).digest('hex').slice(0, 12);
    this.#whereabouts = new Whereabouts(`${first}-${hash}`, registry);
    this.#timer = setInterval(() => this.#tick(), Math.min(intervalMs, STANDBY_INTERVAL_MS));
    this.#timer.unref();
    this.#unhook = registry.onCollect(first, () => {
      if (performance.now() - this.#readMs >= QUEUE_SCRAPE_AGE_MS) return this.#begin();
      return undefined;
    });
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unhook();
    this.#whereabouts.leave();
  }

  #tick(): void {
    const nowMs = performance.now();
    if (nowMs - this.#readMs < this.#intervalMs || nowMs - this.#beganMs < ATTACH_WAIT_MS) return;
    void this.#begin();
  }

  #begin(): Promise<void> {
    this.#reading ??= this.#read()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const place = await this.#whereabouts.now();
    if (place === undefined || this.#stopped || !place.hold()) return;
    this.#readMs = performance.now();
    try {
      // One that was not waited for any longer is not asked again before it has answered.
      if (this.#late !== undefined) throw new Error('it still has not answered');
      const { counts, jobs } = await this.#asked();
      if (this.#stopped) return;
      const pending = (counts.waiting ?? 0) + (counts.paused ?? 0) + (counts.prioritized ?? 0);
      this.#show({
        pending,
        active: counts.active ?? 0,
        delayed: counts.delayed ?? 0,
        waitingChildren: counts['waiting-children'] ?? 0,
        oldestWaiting: pending === 0 ? 0 : oldest(jobs),
      });
    } finally {
      await place.release();
    }
  }

  async #asked(): Promise<{ counts: Readonly<Record<string, number>>; jobs: readonly unknown[] }> {
    const queue = this.#queue;
    const answer = Promise.all([
      queue.getJobCounts(...(STATES as never[])),
      this.#metrics.oldestWaiting === undefined ? [] : queue.getJobs(DUE_STATES as never, 0, 0, true),
    ]);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const done = (): void => {
          this.#late = undefined;
        };
        this.#late = answer.then(done, done);
        reject(new Error(`it has not answered within ${QUEUE_TIMEOUT_MS} ms`));
      }, QUEUE_TIMEOUT_MS);
      timer.unref();
    });
    try {
      const [counts, jobs] = await Promise.race([answer, late]);
      return { counts, jobs };
    } finally {
      clearTimeout(timer);
    }
  }

  #show(levels: Readonly<Record<Level, number>>): void {
    this.#isShown = true;
    const of = { queue: this.#queue.name };
    for (const [level, gauge] of this.#gauges) bound(gauge, of, this.#metrics.labelNames)?.set(levels[level]);
  }

  #failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const name = this.#gauges[0]?.[1].name ?? 'queue';
    this.#metrics.registry.drop(name, 'callback', `queue ${this.#queue.name} could not be read: ${why}`);
    if (!this.#isShown) return;
    this.#isShown = false;
    const labels = renamedValues({ queue: this.#queue.name }, this.#metrics.labelNames);
    const isOne = Object.keys(labels).length === 0;
    for (const [, gauge] of this.#gauges) {
      // What has one series cannot be without it.
      if (isOne) gauge.bind(labels as never).set(Number.NaN);
      else gauge.remove(labels as never);
    }
  }
}

/** How long the job has been due that has waited longest of some, in seconds. */
function oldest(jobs: readonly unknown[]): number {
  const nowMs = Date.now();
  let seconds = 0;
  for (const job of jobs as readonly (MeasuredJob | undefined | null)[]) {
    if (job === undefined || job === null) continue;
    seconds = Math.max(seconds, (nowMs - job.timestamp - (job.opts.delay ?? 0)) / 1000);
  }
  return seconds;
}
