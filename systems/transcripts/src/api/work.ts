/** What a process of the API does. */
import { readFile } from 'node:fs/promises';
import { metricsHandler } from '@binnacle/metrics';
import { countTotals } from '@binnacle/metrics/totals';
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import type { Environment } from '@binnacle/system-parts/settings';
import { MIGRATIONS } from '../database/migrations.ts';
import { readTotals, TOTALS_INTERVAL_MS } from '../database/totals.ts';
import {
  appInfo,
  database,
  jobsCompleted,
  jobsFailed,
  videosFailed,
  videosTranscribed,
} from '../metrics/api.ts';
import { createApp } from './app.ts';
import { Jobs } from './jobs.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const pool = await openDatabase(environment, { metrics: database, migrations: MIGRATIONS });
  appInfo.set({ version: await version() }, 1);
  // The worker ends jobs and videos; what is counted here is what the database says has ended.
  const totals = countTotals({
    source: () => readTotals(pool),
    intervalMs: TOTALS_INTERVAL_MS,
    into: {
      jobs_completed_single: jobsCompleted.bind({ job_type: 'single' }),
      jobs_completed_channel: jobsCompleted.bind({ job_type: 'channel' }),
      jobs_failed_single: jobsFailed.bind({ job_type: 'single' }),
      jobs_failed_channel: jobsFailed.bind({ job_type: 'channel' }),
      videos_completed: videosTranscribed,
      videos_failed: videosFailed,
    },
  });
  // What was there before is known before anybody can create a job.
  await totals.read();
  const app = createApp({ jobs: new Jobs(pool), pool, answerMetrics: metricsHandler() });
  await app.ready();
  return {
    server: app.server,
    async stop() {
      await totals.read();
      totals.stop();
      await app.close();
      await pool.end();
    },
  };
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
