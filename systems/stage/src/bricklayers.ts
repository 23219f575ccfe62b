/** Bricklayers on the stage: limits small and retention short, so that every kind of visit happens within minutes. */
import path from 'node:path';
import type { System } from './system.ts';

const UPLOAD_BYTES_MAX = 5_000_000;
const RETENTION_SECONDS = 60;
const VISITS_PER_SECOND = 3;

export const bricklayers: System = {
  name: 'bricklayers',
  watched: new URL('./watched/bricklayers.js', import.meta.url),
  drills: '@binnacle/bricklayers/drills',

  async start(processes, folder) {
    const web = processes.start({
      title: 'bricklayers',
      module: '@binnacle/bricklayers/web-process',
      env: {
        BRICKLAYERS_DATA_DIR: path.join(folder, 'data'),
        BINNACLE_METRICS_DIR: path.join(folder, 'metrics'),
        BRICKLAYERS_UPLOAD_BYTES_MAX: String(UPLOAD_BYTES_MAX),
        BRICKLAYERS_RETENTION_SECONDS: String(RETENTION_SECONDS),
        BRICKLAYERS_CLEANUP_INTERVAL_SECONDS: '10',
      },
    });
    const { url } = await processes.listening(web);
    processes.start({
      title: 'bricklayers visitors',
      module: '@binnacle/bricklayers/visitors-process',
      args: [
        ...['--url', url],
        ...['--rate', String(VISITS_PER_SECOND)],
        ...['--upload-bytes-max', String(UPLOAD_BYTES_MAX)],
        ...['--gone-after', String(2 * RETENTION_SECONDS)],
      ],
      quiet: /^\{/, // the ledger, as it ends
    });
    return { url, targets: { web: new URL(url).host } };
  },
};
