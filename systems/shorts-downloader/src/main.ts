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
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import type { Listening } from '@binnacle/system-parts/service-group';
import { runSystem, type SystemStart } from '@binnacle/system-parts/system-process';
import { temporaryFolder } from '@binnacle/system-parts/temporary-folder';
import { ObjectServer } from './object-server/object-server.ts';
import { localProviders } from './storage/provider.ts';

async function run(system: SystemStart): Promise<Listening> {
  const variables: Record<string, string> = {};
  const home = process.env.SHORTS_DIR;
  if (!process.env.DATABASE_URL) {
    const folder = home ? path.join(home, 'database') : undefined;
    variables.DATABASE_URL = system.keep(await EmbeddedPostgres.start(folder)).url;
  }
  if (!process.env.REDIS_URL && process.env.SHORTS_QUEUE !== 'database') {
    const redis = await RedisServer.start();
    if (redis === undefined) console.log(WITHOUT_REDIS);
    else variables.REDIS_URL = system.keep(redis).url;
  }
  const local = localProviders(process.env);
  if (local.length > 0) {
    const objects = await ObjectServer.start(
      path.join(home || temporaryFolder('shorts-downloader-home'), 'objects'),
    );
    variables.LOCAL_OBJECTS_URL = system.keep(objects).url;
    // Which versions of Node.js Amazon will support is of no matter to who does not ask Amazon.
    if (local.includes('s3')) variables.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    console.log(`shorts-downloader: ${local.join(', ')} are a server of objects on this machine`);
  }
  if (spawnSync(process.env.YT_DLP_PATH || 'yt-dlp', ['--version'], { stdio: 'ignore' }).status !== 0)
    console.log(WITHOUT_YT_DLP);
  return system.service('the backend', new URL('./backend/main.js', import.meta.url), variables);
}

const WITHOUT_REDIS =
  'shorts-downloader: there is no redis-server here, and REDIS_URL is not set: tasks wait in the database';
const WITHOUT_YT_DLP =
  'shorts-downloader: there is no yt-dlp here: only addresses that are those of videos themselves are downloaded';

await runSystem('shorts-downloader', run);
