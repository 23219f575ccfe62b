/**
 * The whole system: the backend, and whatever it needs and is not told of.
 *
 *     node main.js
 *
 *     DATABASE_URL    a PostgreSQL server; without it an embedded one is started
 *     REDIS_URL       a Redis server; without it one is started where a `redis-server` is at hand, and tasks wait in
 *                     the database where none is
 *     GCS_BUCKET, AZURE_CONTAINER, S3_BUCKET   the storage providers; those that are not set are an object server here
 *     SHORTS_DIR      where the embedded database and the object server keep what they have; without it that lies in
 *                     a temporary folder, and goes at the end
 *
 * Ends with everything it started on SIGTERM, SIGINT, when the process that started it with a channel goes away, and
 * when the backend ends.
 */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmbeddedPostgres, EmbeddedPostgresError } from '@binnacle/system-parts/embedded-postgres';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import type { Listening } from '@binnacle/system-parts/service-group';
import { SettingsError } from '@binnacle/system-parts/settings';
import { temporaryFolder } from '@binnacle/system-parts/temporary-folder';
import { ObjectServer } from './object-server/object-server.ts';
import { localProviders } from './storage/provider.ts';

/** How long the backend may take to stop before it is killed. */
const STOP_MS_MAX = 3_000;

/** What was started beside the backend, to be stopped after it, the last one first. */
const beside: { stop(): Promise<void> }[] = [];
let backend: ChildProcess | undefined;
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  if (backend !== undefined && backend.exitCode === null && backend.signalCode === null) {
    const ended = once(backend, 'exit');
    backend.kill('SIGTERM');
    const kill = setTimeout(() => backend?.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(kill);
  }
  for (const started of beside.reverse()) await started.stop();
  process.exit(code);
}

for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => void stop(0));

async function run(): Promise<Listening> {
  const variables: Record<string, string> = {};
  const home = process.env.SHORTS_DIR;
  if (!process.env.DATABASE_URL) {
    const database = await EmbeddedPostgres.start(home ? path.join(home, 'database') : undefined);
    beside.push(database);
    variables.DATABASE_URL = database.url;
  }
  if (!process.env.REDIS_URL && process.env.SHORTS_QUEUE !== 'database') {
    const redis = await RedisServer.start();
    if (redis === undefined) console.log(WITHOUT_REDIS);
    else {
      beside.push(redis);
      variables.REDIS_URL = redis.url;
    }
  }
  const local = localProviders(process.env);
  if (local.length > 0) {
    const objects = await ObjectServer.start(
      path.join(home || temporaryFolder('shorts-downloader-home'), 'objects'),
    );
    beside.push(objects);
    variables.LOCAL_OBJECTS_URL = objects.url;
    // Which versions of Node.js Amazon will support is of no matter to who does not ask Amazon.
    if (local.includes('s3')) variables.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    console.log(`shorts-downloader: ${local.join(', ')} are a server of objects on this machine`);
  }
  if (spawnSync(process.env.YT_DLP_PATH || 'yt-dlp', ['--version'], { stdio: 'ignore' }).status !== 0)
    console.log(WITHOUT_YT_DLP);
  return startBackend(variables);
}

const WITHOUT_REDIS =
  'shorts-downloader: there is no redis-server here, and REDIS_URL is not set: tasks wait in the database';
const WITHOUT_YT_DLP =
  'shorts-downloader: there is no yt-dlp here: only addresses that are those of videos themselves are downloaded';

async function startBackend(variables: Readonly<Record<string, string>>): Promise<Listening> {
  const child = fork(fileURLToPath(new URL('./backend/main.js', import.meta.url)), [], {
    execArgv: [],
    env: { ...process.env, ...variables },
  });
  backend = child;
  child.once('exit', (code, signal) => {
    if (stopping) return;
    console.error(`shorts-downloader: the backend ended unexpectedly (${signal ?? `exit code ${code}`})`);
    void stop(1);
  });
  const [listening] = (await once(child, 'message')) as [Listening];
  return listening;
}

try {
  const listening = await run();
  console.log(`shorts-downloader: open ${listening.url}`);
  process.send?.(listening);
} catch (error) {
  if (!stopping) {
    const expected = error instanceof EmbeddedPostgresError || error instanceof SettingsError;
    const { message, stack } = error as Error;
    console.error(`shorts-downloader: ${expected ? message : (stack ?? message)}`);
  }
  await stop(1);
}
