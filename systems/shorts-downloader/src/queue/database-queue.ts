/**
 * The queue without Redis, in the table `queued_tasks`. Whoever takes a task has it for a lease, which it renews as long
 * as it works; when a lease has run out, its process has died, and another one takes the task.
 *
 * Processes look every {@link LOOK_MS}; one that puts a task in looks at once.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { LetGo } from '../errors.ts';
import type { RunTask, TaskQueue } from './task-queue.ts';

/** How often an idle process looks for a task. */
export const LOOK_MS = 500;

/** Where it is, and how long a worker may be silent. */
export interface DatabaseQueueOptions {
  readonly pool: Pool;
  readonly leaseMs: number;
}

interface Work {
  readonly run: RunTask;
  readonly atOnce: number;
  readonly timer: NodeJS.Timeout;
}

/** The queue in the database. */
export class DatabaseQueue implements TaskQueue {
  readonly kind = 'database';
  readonly #pool: Pool;
  readonly #leaseMs: number;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #work: Work | undefined;
  #looking: Promise<void> | undefined;

  constructor({ pool, leaseMs }: DatabaseQueueOptions) {
    this.#pool = pool;
    this.#leaseMs = leaseMs;
  }

  async add(id: string): Promise<void> {
    await this.#pool.query('INSERT INTO queued_tasks (id) VALUES ($1) ON CONFLICT (id) DO NOTHING', [id]);
    this.#look();
  }

  async length(): Promise<number> {
    const { rows } = await this.#pool.query<{ waiting: number }>(
      'SELECT count(*)::integer AS waiting FROM queued_tasks WHERE lease IS NULL',
    );
    return rows[0]?.waiting ?? 0;
  }

  work(run: RunTask, atOnce: number): void {
    const timer = setInterval(() => this.#look(), LOOK_MS);
    this.#work = { run, atOnce, timer };
    this.#look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#work?.timer);
    this.#stopping.abort(new LetGo('the process stops'));
    await this.#looking;
    await Promise.all(this.#underWay);
  }

  #look(): void {
    this.#looking ??= this.#takeAll()
      .catch(() => {}) // The next look asks the database again.
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #takeAll(): Promise<void> {
    const work = this.#work;
    while (work !== undefined && !this.#stopping.signal.aborted && this.#underWay.size < work.atOnce) {
      const lease = randomUUID();
      const { rows } = await this.#pool.query<{ id: string }>(
        `UPDATE queued_tasks SET lease = $1, lease_until = now() + $2 * interval '1 millisecond'
         WHERE id = (
           SELECT id FROM queued_tasks WHERE run_at <= now() AND (lease IS NULL OR lease_until < now())
           ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id`,
        [lease, this.#leaseMs],
      );
      if (rows[0] === undefined) return;
      const handing = this.#hand(work.run, rows[0].id, lease)
        .catch(() => {}) // The lease runs out, and somebody takes the task again.
        .finally(() => {
          this.#underWay.delete(handing);
          this.#look();
        });
      this.#underWay.add(handing);
    }
  }

  async #hand(run: RunTask, id: string, lease: string): Promise<void> {
    const { signal } = this.#stopping;
    const renewal = setInterval(() => {
      this.#pool
        .query(
          `UPDATE queued_tasks SET lease_until = now() + $3 * interval '1 millisecond' WHERE id = $1 AND lease = $2`,
          [id, lease, this.#leaseMs],
        )
        .catch(() => {});
    }, this.#leaseMs / 4);
    try {
      const outcome = await run(id, signal);
      if (outcome.type === 'done')
        await this.#pool.query('DELETE FROM queued_tasks WHERE id = $1 AND lease = $2', [id, lease]);
      else
        await this.#pool.query(
          `UPDATE queued_tasks SET lease = NULL, lease_until = NULL, run_at = now() + $3 * interval '1 millisecond'
           WHERE id = $1 AND lease = $2`,
          [id, lease, signal.aborted ? 0 : outcome.inMs],
        );
    } finally {
      clearInterval(renewal);
    }
  }
}
