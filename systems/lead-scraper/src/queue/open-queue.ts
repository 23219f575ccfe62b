/** Opens the queue where this machine has one: in Redis where `REDIS_URL` names it, else in the database. */
import type { Environment } from '@binnacle/system-parts/settings';
import type { Pool } from 'pg';
import { PostgresQueue } from './postgres-queue.ts';
import { QUEUE, type ScrapingQueue } from './scraping-queue.ts';

/** What a process does with the queue. */
export interface QueueUse {
  readonly pool: Pool;
  readonly leaseMs: number;
  /** Whether it takes jobs. */
  readonly takes: boolean;
}

/** @throws Error where the queue cannot be used */
export async function openQueue(
  environment: Environment,
  { pool, leaseMs, takes }: QueueUse,
): Promise<ScrapingQueue> {
  const url = environment.REDIS_URL;
  if (!url) return PostgresQueue.open(pool, QUEUE, leaseMs);
  // BullMQ takes some megabytes, which a process without Redis need not have.
  const { RedisQueue } = await import('./redis-queue.ts');
  return RedisQueue.open(url, QUEUE, leaseMs, takes);
}
