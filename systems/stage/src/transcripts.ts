/** Transcripts on the stage: chunks short, so that recordings of a few seconds have several. */
import path from 'node:path';
import type { System } from './system.ts';

const CHUNK_SECONDS_MAX = 5;
/** Few, since transcribing is work: a third of the visits bring recordings. */
const VISITS_PER_SECOND = 0.5;

interface Listening {
  readonly url: string;
  readonly services: Readonly<Record<string, { readonly metricsUrl: string | undefined }>>;
}

export const transcripts: System = {
  name: 'transcripts',
  watched: new URL('./watched/transcripts.js', import.meta.url),
  drills: '@binnacle/transcripts/drills',

  async start(processes, folder) {
    const system = processes.start({
      title: 'transcripts',
      module: '@binnacle/transcripts/transcripts-process',
      env: {
        TRANSCRIPTS_DIR: folder,
        PROMETHEUS_MULTIPROC_DIR: path.join(folder, 'metrics'),
        TRANSCRIPTS_CHUNK_SECONDS_MAX: String(CHUNK_SECONDS_MAX),
      },
      quiet: /listening on|are ready/,
    });
    const listening = await processes.listening<Listening>(system);
    processes.start({
      title: 'transcripts visitors',
      module: '@binnacle/transcripts/visitors-process',
      args: [
        ...['--url', listening.url],
        ...['--worker-metrics', listening.services.worker?.metricsUrl ?? ''],
        ...['--rate', String(VISITS_PER_SECOND)],
      ],
      quiet: /^\{/, // the ledger, as it ends
    });
    const targets = Object.entries(listening.services).flatMap(([word, { metricsUrl }]) =>
      metricsUrl === undefined ? [] : [[word, new URL(metricsUrl).host]],
    );
    return { url: listening.url, targets: Object.fromEntries(targets) };
  },
};
