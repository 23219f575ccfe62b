/** The service as a whole: starts its parts in order, stops them in the reverse one. */
import { access, constants, mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metricsHandler, serveMetrics } from '@binnacle/metrics';
import { measureFolders } from '@binnacle/metrics/disk';
import { reportSystem } from '@binnacle/metrics/system';
import { appInfo, disk, SERVICE, system } from '../metrics.ts';
import { createApp } from './app.ts';
import { Cleanup } from './cleanup.ts';
import { DataFolders, Jobs } from './jobs.ts';
import { Pool } from './pool.ts';
import { defaultDataDir, resolveSettings, type Settings, SettingsError } from './settings.ts';

const MEASURE_INTERVAL_MS = 5000;
/** How long requests and jobs that are under way at a stop may take to finish. */
const STOP_GRACE_MS = 1500;

/** A running service. */
export interface Web {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Stops within two seconds: finishes what finishes in time, breaks off the rest, leaves no process behind. */
  close(): Promise<void>;
}

/**
 * Starts the service on the first free port.
 * @throws SettingsError when a setting cannot be, or no port is free
 */
export async function startWeb(options: Partial<Settings> = {}): Promise<Web> {
  const settings = resolveSettings(options);
  const { port: first, portTries } = settings;
  for (let wanted = settings; ; ) {
    const port = await freePort(wanted);
    try {
      return await startOn(port, settings);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || portTries === 0) throw error;
      // Somebody took it meanwhile.
      if (first !== 0) wanted = { ...settings, port: port + 1, portTries: first + portTries - port - 1 };
    }
  }
}

/** Starts the service on a port that was free a moment ago. */
async function startOn(port: number, settings: Settings): Promise<Web> {
  const dataDir = settings.dataDir || defaultDataDir(port);
  const folders = new DataFolders(dataDir);
  for (const folder of folders.all) await mkdir(folder, { recursive: true });

  const metricsDir = settings.metricsDir || (await defaultMetricsDir(port));
  const served = await serveMetrics({ service: SERVICE, directory: metricsDir });
  appInfo.set({
    name: SERVICE,
    version: await version(),
    description: 'Lays the layers of a print like bricks',
  });

  const jobs = new Jobs();
  const pool = new Pool({ ...settings, metricsDir });
  const cleanup = new Cleanup({
    folders: folders.all,
    retentionMs: settings.retentionMs,
    intervalMs: settings.cleanupIntervalMs,
    keep: () => jobs.openFiles(),
  });
  const app = createApp({
    jobs,
    pool,
    folders,
    uploadBytesMax: settings.uploadBytesMax,
    answerMetrics: metricsHandler(),
  });
  const reporting = reportSystem({ metrics: system });
  const { uploads, outputs } = folders;
  const measuring = measureFolders({ uploads, outputs }, { metrics: disk, intervalMs: MEASURE_INTERVAL_MS });
  await measuring.run();

  pool.start();
  cleanup.start();
  const close = async (): Promise<void> => {
    measuring.stop();
    reporting.stop();
    const cut = setTimeout(() => app.server.closeAllConnections(), STOP_GRACE_MS);
    await Promise.all([app.close(), pool.stop(STOP_GRACE_MS), cleanup.stop()]);
    clearTimeout(cut);
    await served.close();
  };
  try {
    const url = await app.listen({ host: settings.host, port });
    return { url, port: Number(new URL(url).port), dataDir, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The first port from the set one on that can be listened on. It is found before anything else starts, because
 * the folders carry its number.
 */
async function freePort({ host, port, portTries }: Settings): Promise<number> {
  for (let candidate = port; candidate <= Math.min(port + portTries, 65_535); candidate++) {
    const found = await new Promise<number | undefined>((resolve, reject) => {
      const server = createServer();
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(undefined) : reject(error),
      );
      server.listen(candidate, host, () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
      });
    });
    if (found !== undefined) return found;
  }
  throw new SettingsError(
    `no port is free from ${port} to ${port + portTries} on ${host}; stop what listens there or set BRICKLAYERS_PORT`,
  );
}

/** A folder of this port's, in memory where there is one: two services on one machine must not share it. */
async function defaultMetricsDir(port: number): Promise<string> {
  const memory = await access('/dev/shm', constants.W_OK).then(
    () => '/dev/shm',
    () => tmpdir(),
  );
  return join(memory, `binnacle-${process.getuid?.() ?? 'user'}`, `${SERVICE}-${port}`);
}

async function version(): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
