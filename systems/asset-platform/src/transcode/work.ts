/** What a worker of the transcode service does. */
import { createServer } from 'node:http';
import { instrumentFetch } from '@binnacle/metrics/fetch';
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import { type Environment, numberFrom, urlFrom } from '@binnacle/system-parts/settings';
import { temporaryFolder } from '@binnacle/system-parts/temporary-folder';
import { calls, database, readProgressFrom } from '../metrics/transcode.ts';
import { MIGRATIONS } from '../migrations.ts';
import { createApp } from './app.ts';
import { hasFfmpeg } from './convert.ts';
import { Jobs } from './jobs.ts';
import { Runner } from './runner.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const filesUrl = urlFrom(environment, 'FILES_SERVICE_URL', 'http://127.0.0.1:8002');
  const seconds = (variable: string, fallback: number): number =>
    1000 * numberFrom(environment, { variable, fallback, min: 0.5, max: 86_400 });
  const leaseMs = seconds('TRANSCODE_SERVICE_LEASE_SECONDS', 10);
  const jobMsMax = seconds('TRANSCODE_SERVICE_JOB_SECONDS', 600);
  const ffmpeg = environment.FFMPEG_PATH || 'ffmpeg';
  instrumentFetch({ metrics: calls, hosts: [new URL(filesUrl).host] });
  const pool = await openDatabase(environment, { metrics: database, migrations: MIGRATIONS });
  const jobs = new Jobs(pool, leaseMs);
  const folder = temporaryFolder('asset-platform-transcode');
  const runner = new Runner({ jobs, filesUrl, folder, ffmpeg, leaseMs, jobMsMax });
  const server = createServer(createApp({ jobs, filesUrl, hasFfmpeg: hasFfmpeg(ffmpeg) }).callback());
  readProgressFrom(() => jobs.progress());
  runner.start();
  return {
    server,
    async stop() {
      readProgressFrom(undefined);
      await runner.stop();
      await pool.end();
    },
  };
}
