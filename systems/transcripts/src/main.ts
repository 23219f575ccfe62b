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
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmbeddedPostgres, EmbeddedPostgresError } from '@binnacle/system-parts/embedded-postgres';
import type { Listening } from '@binnacle/system-parts/service-group';
import { SettingsError } from '@binnacle/system-parts/settings';

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

/** How long the services may take to stop before they are killed. */
const STOP_MS_MAX = 3_000;

const children: ChildProcess[] = [];
let database: EmbeddedPostgres | undefined;
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const ended = running.map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  const kill = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL');
  }, STOP_MS_MAX);
  await Promise.all(ended);
  clearTimeout(kill);
  await database?.stop();
  process.exit(code);
}

for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => void stop(0));

/** Starts a service and waits until all its processes are ready. */
async function start(name: ServiceName, variables: Record<string, string>): Promise<Address> {
  const child = fork(fileURLToPath(new URL(`./${name}/main.js`, import.meta.url)), [], {
    execArgv: [],
    env: { ...process.env, ...variables },
  });
  children.push(child);
  child.once('exit', (code, signal) => {
    if (stopping) return;
    console.error(`transcripts: ${name} ended unexpectedly (${signal ?? `exit code ${code}`})`);
    void stop(1);
  });
  const [{ url, metricsUrl }] = (await once(child, 'message')) as [Listening];
  return { url, metricsUrl };
}

async function run(): Promise<TranscriptsListening> {
  const home = process.env.TRANSCRIPTS_DIR;
  if (!process.env.DATABASE_URL)
    database = await EmbeddedPostgres.start(home ? path.join(home, 'database') : undefined);
  const variables = database === undefined ? {} : { DATABASE_URL: database.url };
  // One after the other: where ports are taken, the worker's metrics would move to the one that the API has chosen.
  const api = await start('api', variables);
  const worker = await start('worker', variables);
  return { type: 'listening', ...api, services: { api, worker } };
}

try {
  const listening = await run();
  console.log(`transcripts: open ${listening.url}`);
  process.send?.(listening);
} catch (error) {
  if (!stopping)
    console.error(
      `transcripts: ${error instanceof EmbeddedPostgresError || error instanceof SettingsError ? error.message : ((error as Error).stack ?? error)}`,
    );
  await stop(1);
}
