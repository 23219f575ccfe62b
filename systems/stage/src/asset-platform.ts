/** The asset platform on the stage: its limit small, so that files that are too large come soon and cost little. */
import path from 'node:path';
import type { System } from './system.ts';

const UPLOAD_BYTES_MAX = 5_000_000;
const VISITS_PER_SECOND = 2;

interface Listening {
  readonly url: string;
  readonly services: Readonly<Record<string, { readonly metricsUrl: string | undefined }>>;
}

export const assetPlatform: System = {
  name: 'asset-platform',
  watched: new URL('./watched/asset-platform.js', import.meta.url),
  drills: '@binnacle/asset-platform/drills',

  async start(processes, folder) {
    const platform = processes.start({
      title: 'asset platform',
      module: '@binnacle/asset-platform/platform-process',
      env: {
        ASSET_PLATFORM_DIR: folder,
        PROMETHEUS_MULTIPROC_DIR: path.join(folder, 'metrics'),
        FILES_SERVICE_UPLOAD_BYTES_MAX: String(UPLOAD_BYTES_MAX),
      },
      quiet: /listening on/,
    });
    const listening = await processes.listening<Listening>(platform);
    processes.start({
      title: 'asset platform visitors',
      module: '@binnacle/asset-platform/visitors-process',
      args: [
        ...['--url', listening.url],
        ...['--rate', String(VISITS_PER_SECOND)],
        ...['--upload-bytes-max', String(UPLOAD_BYTES_MAX)],
      ],
      quiet: /^\{/, // the ledger, as it ends
    });
    const targets = Object.entries(listening.services).flatMap(([word, { metricsUrl }]) =>
      metricsUrl === undefined ? [] : [[word, new URL(metricsUrl).host]],
    );
    return { url: listening.url, targets: Object.fromEntries(targets) };
  },
};
