/**
 * The whole system: the database where none is named, the API, and the worker, each of the two a group of processes.
 *
 *     node main.js
 *
 * `DATABASE_URL` names a PostgreSQL server; without it an embedded one is started. `TRANSCRIPTS_DIR` is where the
 * embedded database is kept; without it that lies in a temporary folder, and goes at the end.
 *
 * Ends with everything it started on SIGTERM, SIGINT, when the process that started it with a channel goes away, and
 * when a service ends.
 */
import path from 'node:path';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import type { Listening } from '@binnacle/system-parts/service-group';
import { runSystem } from '@binnacle/system-parts/system-process';

/** The services. */
export const SERVICES = ['api', 'worker'] as const;

/** A service. */
export type ServiceName = (typeof SERVICES)[number];

/** Where a service is. */
export interface Address {
  /** Empty for the worker, which listens nowhere but for its metrics. */
  readonly url: string;
  /** Where its metrics are. */
  readonly metricsUrl: string | undefined;
}

/** What the system says to the process that started it. */
export interface TranscriptsListening extends Listening {
  readonly services: Readonly<Record<ServiceName, Address>>;
}

await runSystem('transcripts', async (system): Promise<TranscriptsListening> => {
  const home = process.env.TRANSCRIPTS_DIR;
  const variables: Record<string, string> = {};
  if (!process.env.DATABASE_URL) {
    const folder = home ? path.join(home, 'database') : undefined;
    variables.DATABASE_URL = system.keep(await EmbeddedPostgres.start(folder)).url;
  }
  const start = (name: ServiceName): Promise<Listening> =>
    system.service(name, new URL(`./${name}/main.js`, import.meta.url), variables);
  // One after the other: where ports are taken, the worker's metrics would move to the one that the API has chosen.
  const api = await start('api');
  const worker = await start('worker');
  return { ...api, services: { api, worker } };
});
