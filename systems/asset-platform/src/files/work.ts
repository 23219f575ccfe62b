/** What a worker of the files service does. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measureFolders } from '@binnacle/metrics/disk';
import { instrumentFetch } from '@binnacle/metrics/fetch';
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import { type Environment, numberFrom, urlFrom } from '@binnacle/system-parts/settings';
import { calls, database, disk, SERVICE } from '../metrics/files.ts';
import { MIGRATIONS } from '../migrations.ts';
import { Announcer } from '../service/announcements.ts';
import { createApp } from './app.ts';
import { Files } from './files.ts';

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const searchUrl = urlFrom(environment, 'SEARCH_SERVICE_URL', 'http://127.0.0.1:8004');
  const folder = environment.FILES_SERVICE_DIR || path.join(tmpdir(), 'asset-platform-files');
  const bytesMax = numberFrom(environment, {
    variable: 'FILES_SERVICE_UPLOAD_BYTES_MAX',
    fallback: 2_000_000_000,
    min: 1,
    max: 1_000_000_000_000,
  });
  const measureMs =
    1000 *
    numberFrom(environment, {
      variable: 'FILES_SERVICE_MEASURE_SECONDS',
      fallback: 60,
      min: 0.5,
      max: 86_400,
    });
  instrumentFetch({ metrics: calls, hosts: [new URL(searchUrl).host] });
  const pool = await openDatabase(environment, { metrics: database, migrations: MIGRATIONS });
  const announcer = new Announcer(pool, searchUrl, SERVICE);
  const files = new Files(pool, announcer, folder, bytesMax);
  await files.prepare();
  const measuring = measureFolders({ files: folder }, { metrics: disk, intervalMs: measureMs });
  const app = createApp(files);
  await app.ready();
  announcer.start();
  return {
    server: app.server,
    async stop() {
      measuring.stop();
      await app.close();
      await announcer.stop();
      await pool.end();
    },
  };
}
