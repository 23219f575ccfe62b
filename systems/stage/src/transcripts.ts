/** Transcripts on the stage: chunks and leases short, so that every kind of visit happens within minutes. */
import path from 'node:path';
import type { System } from './system.ts';

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
      },
      quiet: /listening on|are ready/,
    });
    const listening = await processes.listening<Listening>(system);
    return Object.fromEntries(
      Object.entries(listening.services).flatMap(([word, { metricsUrl }]) =>
        metricsUrl === undefined ? [] : [[word, new URL(metricsUrl).host]],
      ),
    );
  },
};
