/**
 * A queue of tasks, as the rest of the system sees it. Two implement it: `BullQueue` with Redis, and `DatabaseQueue`
 * for machines without.
 *
 * A queue only says whose turn it is. It may hand out a task twice, when a worker is killed or pauses for too long, and
 * it may lose one with its Redis: whether a download has ended is in the database, and what the queue has lost is put
 * in again (`janitor.ts`).
 */

/** What comes of a task that was handed out. */
export type TaskOutcome =
  /** It is finished, well or not, and leaves the queue. */
  | { readonly type: 'done' }
  /** It is to be handed out again. */
  | { readonly type: 'again'; readonly inMs: number };

/** Works on the task of a download, until it is done or `signal` says that the process stops. */
export type RunTask = (id: string, signal: AbortSignal) => Promise<TaskOutcome>;

/** A queue. */
export interface TaskQueue {
  /** What it is, for the health route. */
  readonly kind: 'bullmq' | 'database';
  /** Puts the task of a download in; nothing happens where it is in already. */
  add(id: string): Promise<void>;
  /** How many tasks wait, those for which a pause is kept included. */
  length(): Promise<number>;
  /** Begins to hand out tasks, so many at once in this process. A task whose `run` rejects is lost. */
  work(run: RunTask, atOnce: number): void;
  /** Hands out nothing more; resolves when no task is under way, and those that were are with others. */
  stop(): Promise<void>;
}
