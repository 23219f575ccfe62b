/**
 * The process `worker`: a primary, and processes that transcribe one video each at a time.
 *
 * What it does without on this machine it says once.
 */
import cluster from 'node:cluster';
import { runService } from '@binnacle/system-parts/service-group';
import { numberFrom, SettingsError } from '@binnacle/system-parts/settings';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';
import { SERVICE } from '../metrics/worker.ts';

const PROCESSES = 2;
const PROCESSES_MAX = 64;

try {
  const processes = numberFrom(process.env, {
    variable: 'TRANSCRIPTS_WORKERS',
    fallback: PROCESSES,
    min: 1,
    max: PROCESSES_MAX,
  });
  if (cluster.isPrimary)
    for (const what of (await import('./missing.ts')).missing(process.env)) console.warn(`worker: ${what}`);
  await runService({
    name: SERVICE,
    metricsPort: 8001,
    workers: Math.round(processes),
    runtime: RUNTIME_METRICS,

    // The primary needs nothing of what its processes work with.
    start: async (environment) => (await import('./work.ts')).start(environment),
  });
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(`worker: ${error.message}`);
  process.exit(1);
}
