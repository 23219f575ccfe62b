/**
 * The whole platform: the database where none is named, and the five services, each of them a group of processes.
 *
 *     node main.js
 *
 * `DATABASE_URL` names a PostgreSQL server; without it an embedded one is started. `ASSET_PLATFORM_DIR` is where
 * files and the embedded database are kept; without it they lie in a temporary folder, and go at the end.
 *
 * Each service is told where those are that it calls, whichever ports they got. Ends with everything it started on
 * SIGTERM, SIGINT, when the process that started it with a channel goes away, and when a service ends.
 */
import path from 'node:path';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import { addressOf, choosePort, listenHost } from '@binnacle/system-parts/ports';
import type { Listening } from '@binnacle/system-parts/service-group';
import { SettingsError } from '@binnacle/system-parts/settings';
import { runSystem, type SystemStart } from '@binnacle/system-parts/system-process';
import { temporaryFolder } from '@binnacle/system-parts/temporary-folder';
import { HOST_VARIABLE } from './service/host.ts';

/** The services, with the port of each and the variable that names another one. */
const PORTS = {
  gateway: { fallback: 8000, variable: 'API_GATEWAY_PORT' },
  assets: { fallback: 8001, variable: 'ASSETS_SERVICE_PORT' },
  files: { fallback: 8002, variable: 'FILES_SERVICE_PORT' },
  transcode: { fallback: 8003, variable: 'TRANSCODE_SERVICE_PORT' },
  search: { fallback: 8004, variable: 'SEARCH_SERVICE_PORT' },
} as const;

/** A service. */
export type ServiceName = keyof typeof PORTS;

/** All services. */
export const SERVICES = Object.keys(PORTS) as readonly ServiceName[];

/** Where a service is. */
export interface Address {
  readonly url: string;
  /** Where its metrics are. */
  readonly metricsUrl: string | undefined;
}

/** What the platform says to the process that started it. */
export interface PlatformListening extends Listening {
  readonly services: Readonly<Record<ServiceName, Address>>;
}

async function run(system: SystemStart): Promise<PlatformListening> {
  const home = process.env.ASSET_PLATFORM_DIR;
  const folder = home || temporaryFolder('asset-platform-home');
  const database = process.env.DATABASE_URL
    ? undefined
    : system.keep(await EmbeddedPostgres.start(home ? path.join(home, 'database') : undefined));
  const variables: Record<string, string> = {
    FILES_SERVICE_DIR: process.env.FILES_SERVICE_DIR || path.join(folder, 'files'),
    ...(database !== undefined && { DATABASE_URL: database.url }),
  };
  // Whoever is called must be known before whoever calls starts; then all can start at once.
  const host = listenHost(process.env, HOST_VARIABLE);
  const promised = new Set<number>();
  for (const name of SERVICES) {
    const port = await choosePort({ service: name, host, ...PORTS[name] }, process.env, promised);
    promised.add(port);
    variables[PORTS[name].variable] = String(port);
    variables[`${name.toUpperCase()}_SERVICE_URL`] = addressOf(host, port);
  }
  const started = await Promise.all(
    SERVICES.map(async (name) => {
      const address = await system.service(name, new URL(`./${name}/main.js`, import.meta.url), variables);
      const promised = variables[`${name.toUpperCase()}_SERVICE_URL`];
      if (address.url !== promised)
        throw new SettingsError(
          `${name} was to listen on ${promised}, which somebody took meanwhile; start again`,
        );
      return [name, { url: address.url, metricsUrl: address.metricsUrl }] as const;
    }),
  );
  const services = Object.fromEntries(started) as Record<ServiceName, Address>;
  return { type: 'listening', ...services.gateway, services };
}

await runSystem('asset-platform', run);
