/** What a process of the worker does. */
import { reportGpus } from '@binnacle/metrics/gpu';
import { countTotals } from '@binnacle/metrics/totals';
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import type { Environment } from '@binnacle/system-parts/settings';
import { temporaryFolder } from '@binnacle/system-parts/temporary-folder';
import { MIGRATIONS } from '../database/migrations.ts';
import { readTotals, TOTALS_INTERVAL_MS } from '../database/totals.ts';
import { gpu, videosProcessed, workerInfo } from '../metrics/worker.ts';
import { chooseEngine, isForced } from '../pipeline/engines/choose.ts';
import { hasGpuTool } from '../pipeline/program.ts';
import { Queue } from './queue.ts';
import { Runner } from './runner.ts';
import { workerSettings } from './settings.ts';

/** One works, one renews leases and counts what waits; and one more. */
const CONNECTIONS_MAX = 3;
/** Temporary folders of the worker begin so. */
export const FOLDER_PREFIX = 'transcripts-worker';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const settings = workerSettings(environment);
  const engine = chooseEngine(environment);
  const pool = await openDatabase(environment, { migrations: MIGRATIONS, connectionsMax: CONNECTIONS_MAX });
  workerInfo.set(
    {
      whisper_model: engine?.model ?? 'none',
      whisper_backend: engine?.backend ?? 'none',
      force_gpu: String(isForced(environment)),
    },
    1,
  );
  const totals = countTotals({
    source: () => readTotals(pool),
    intervalMs: TOTALS_INTERVAL_MS,
    into: {
      videos_completed: videosProcessed.bind({ result: 'completed' }),
      videos_failed: videosProcessed.bind({ result: 'failed' }),
    },
  });
  // What was there before is known before anything ends.
  await totals.read();
  const gpus = hasGpuTool() ? reportGpus({ metrics: gpu }) : undefined;
  const folder = temporaryFolder(FOLDER_PREFIX);
  const runner = new Runner({ queue: new Queue(pool, settings.leaseMs), engine, folder, settings });
  runner.start();
  return {
    async stop() {
      await runner.stop();
      gpus?.stop();
      await totals.read();
      totals.stop();
      await pool.end();
    },
  };
}
