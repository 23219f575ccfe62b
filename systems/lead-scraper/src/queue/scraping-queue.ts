/**
 * The queue of scraping jobs, wherever it lies: identifiers of jobs in their order, each held by one process at a time.
 *
 * Who takes a job holds it for a lease and renews that as long as it works. When a lease has run out its process has
 * died, and another one is given the job. Only who holds a job can end it, so that each ends once.
 *
 * The queue counts by itself, with the same step that starts or ends a job, so that no death of a process lies between.
 */

/** The name of the queue; also the value of the label `queue_name`. */
export const QUEUE = 'scraping';

/** How many jobs there have been since the queue began. */
export interface QueueTotals {
  /** Times that a job was taken, also again. */
  readonly started: number;
  readonly finished: number;
  readonly failed: number;
  /** Another one when the queue was emptied and counts from 0. */
  readonly incarnation: string;
}

/** A job that this process holds. */
export interface HeldJob {
  readonly id: string;
  /** Gives whether it is still held. */
  renew(): Promise<boolean>;
  /** Ends it; gives whether it was still held. */
  end(status: 'finished' | 'failed'): Promise<boolean>;
  /** Gives it back, for another process to take. */
  release(): Promise<void>;
}

/** A queue; all processes of the system have the same one. */
export interface ScrapingQueue {
  /** For what is said at the start. */
  readonly place: 'Redis' | 'PostgreSQL';
  /** False while it is away, and who takes or ends jobs waits until it is back. */
  readonly isThere: boolean;
  /** Adds a job; one that is there already stays as it is. */
  add(id: string): Promise<void>;
  /** Takes the oldest job that waits, or whose process has died; undefined where there is none. */
  take(): Promise<HeldJob | undefined>;
  /** How many jobs wait. */
  size(): Promise<number>;
  totals(): Promise<QueueTotals>;
  /** Gives up the connections; what is held is held until its lease runs out. */
  close(): Promise<void>;
}
