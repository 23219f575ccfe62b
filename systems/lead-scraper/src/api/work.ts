/** What a worker of the API does. */
import { createServer } from 'node:http';
import { type Check, healthChecks } from '@binnacle/metrics/health';
import { countTotals } from '@binnacle/metrics/totals';
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import type { Environment } from '@binnacle/system-parts/settings';
import { Leads } from '../leads/leads.ts';
import { MIGRATIONS } from '../leads/migrations.ts';
import { health, queueJobs, queueSize } from '../metrics.ts';
import { openQueue } from '../queue/open-queue.ts';
import { QUEUE, type ScrapingQueue } from '../queue/scraping-queue.ts';
import { Jobs } from '../scraping/jobs.ts';
import { healthMsFrom, leaseMsFrom, ollamaFrom, resolveMxFrom } from '../settings.ts';
import { createApp } from './app.ts';

/** How old what is said of the queue may be, whichever process is asked. */
const QUEUE_READ_MS = 2_000;

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const [ollama, resolveMx] = [ollamaFrom(environment), resolveMxFrom(environment)];
  const intervalMs = healthMsFrom(environment);
  const pool = await openDatabase(environment, { migrations: MIGRATIONS });
  const queue = await openQueue(environment, { pool, leaseMs: leaseMsFrom(environment), takes: false });
  // What is not configured is not asked for, and has no series.
  const dependencies: Record<string, Check> = { database: () => pool.query('SELECT 1') };
  if (queue.place === 'Redis') dependencies.redis = () => queue.size();
  if (ollama !== undefined) dependencies.ollama = (signal) => ollama.check(signal);
  const checks = healthChecks({ metrics: health, intervalMs, checks: dependencies });
  const counting = countQueue(queue);
  await checks.run();
  const app = createApp({
    jobs: new Jobs(pool),
    leads: new Leads(pool),
    queue,
    resolveMx,
    health: () => checks.status(),
  });
  return {
    server: createServer(app),
    async stop() {
      checks.stop();
      counting.stop();
      await queue.close();
      await pool.end();
    },
  };
}

/**
 * Counts what the queue says of itself, by differences; one process of the service reads, for all. A restart, of that
 * process or of all, counts nothing twice, and neither does a queue that was emptied.
 */
function countQueue(queue: ScrapingQueue): { stop(): void } {
  return countTotals({
    intervalMs: QUEUE_READ_MS,
    source: async () => {
      const [size, totals] = await Promise.all([queue.size(), queue.totals()]);
      queueSize.set({ queue_name: QUEUE }, size);
      return totals;
    },
    into: {
      started: queueJobs.bind({ queue_name: QUEUE, status: 'started' }),
      finished: queueJobs.bind({ queue_name: QUEUE, status: 'finished' }),
      failed: queueJobs.bind({ queue_name: QUEUE, status: 'failed' }),
    },
  });
}
