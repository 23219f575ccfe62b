/** The downloader on the stage: quota, limits and pauses small, so that gauges move and every ending comes within minutes. */
import path from 'node:path';
import type { System } from './system.ts';

/** What each of the three providers may hold; the alert asks for the same. */
export const QUOTA_BYTES = 10_000_000;
/** Of all three; each stays far below the four fifths that the alert is about. */
const STORED_BYTES_MAX = 9_000_000;
const VISITS_PER_SECOND = 2;

export const shortsDownloader: System = {
  name: 'shorts-downloader',
  watched: new URL('./watched/shorts-downloader.js', import.meta.url),
  drills: '@binnacle/shorts-downloader/drills',

  async start(processes, folder) {
    const backend = processes.start({
      title: 'shorts downloader',
      module: '@binnacle/shorts-downloader/backend-process',
      env: {
        SHORTS_DIR: folder,
        BINNACLE_METRICS_DIR: path.join(folder, 'metrics'),
        STORAGE_QUOTA_BYTES: String(QUOTA_BYTES),
        SHORTS_VIDEO_BYTES_MAX: '2000000',
        SHORTS_CALL_SECONDS: '3',
        SHORTS_RETRY_SECONDS: '0.5',
      },
      quiet: /listening on/,
    });
    const { url } = await processes.listening(backend);
    processes.start({
      title: 'shorts downloader visitors',
      module: '@binnacle/shorts-downloader/visitors-process',
      args: [
        ...['--url', url],
        ...['--rate', String(VISITS_PER_SECOND)],
        ...['--stored-bytes-max', String(STORED_BYTES_MAX)],
      ],
      quiet: /^\{/, // the ledger, as it ends
    });
    return { url, targets: { backend: new URL(url).host } };
  },
};
