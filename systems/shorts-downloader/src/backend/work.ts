/** What a worker process of the backend does: it answers requests, and works on tasks. */
import { openDatabase } from '@binnacle/system-parts/database';
import type { Work } from '@binnacle/system-parts/service-group';
import { type Environment, isProduction, numberFrom } from '@binnacle/system-parts/settings';
import { temporaryFolder } from '@binnacle/system-parts/temporary-folder';
import type { Pool } from 'pg';
import { Downloads } from '../downloads.ts';
import { Files } from '../files.ts';
import { Janitor } from '../janitor.ts';
import { appInfo, readQueueLengthFrom } from '../metrics.ts';
import { MIGRATIONS } from '../migrations.ts';
import { DatabaseQueue } from '../queue/database-queue.ts';
import type { TaskQueue } from '../queue/task-queue.ts';
import { openProviders } from '../storage/provider.ts';
import { Storage } from '../storage/storage.ts';
import { processDownload } from '../task.ts';
import { countEnded } from '../totals.ts';
import { HttpSource } from '../video/http-source.ts';
import type { VideoLimits } from '../video/video.ts';
import { VideoService } from '../video/video-service.ts';
import { YtDlpSource } from '../video/yt-dlp-source.ts';
import { createApp } from './app.ts';

/** Temporary folders of workers begin so. */
export const FOLDER_PREFIX = 'shorts-downloader-videos';

const GIGABYTE = 1024 ** 3;
/** What a provider may hold, unless `STORAGE_QUOTA_BYTES` says otherwise. */
export const QUOTA_BYTES = 5 * GIGABYTE;

/** Starts it. */
export async function start(environment: Environment): Promise<Work> {
  const number = (variable: string, fallback: number, min: number, max: number): number =>
    numberFrom(environment, { variable, fallback, min, max });
  const leaseMs = 1000 * number('SHORTS_LEASE_SECONDS', 10, 0.5, 3_600);
  const retryMs = 1000 * number('SHORTS_RETRY_SECONDS', 2, 0.01, 3_600);
  const atOnce = number('SHORTS_TASKS_AT_ONCE', 2, 0, 100);
  const quotaBytes = number('STORAGE_QUOTA_BYTES', QUOTA_BYTES, 1, 1024 * GIGABYTE);
  const providers = openProviders(environment);
  const folder = temporaryFolder(FOLDER_PREFIX);
  const videos = openVideos(environment);
  const pool = await openDatabase(environment, { migrations: MIGRATIONS });
  const downloads = new Downloads(pool);
  const files = new Files(pool, quotaBytes);
  const storage = new Storage(files, providers);
  const queue = await openQueue(environment, pool, leaseMs);
  const janitor = new Janitor({ downloads, files, storage, queue, intervalMs: leaseMs });
  const totals = countEnded(downloads);
  // What ended before this service began to count is not its own.
  await totals.read();
  appInfo.set({ name: 'youtube_shorts_downloader', version: '1.0.0' });
  readQueueLengthFrom(() => queue.length());
  const app = createApp({ downloads, files, storage, queue });
  await app.ready();
  const parts = { downloads, files, storage, videos, folder, retryMs };
  // None at all where other machines do the work.
  if (atOnce > 0) queue.work((id, signal) => processDownload(parts, id, signal), atOnce);
  janitor.start();
  return {
    server: app.server,
    async stop() {
      await janitor.stop();
      readQueueLengthFrom(undefined);
      await queue.stop();
      totals.stop();
      storage.close();
      await app.close();
      await pool.end();
    },
  };
}

async function openQueue({ REDIS_URL }: Environment, pool: Pool, leaseMs: number): Promise<TaskQueue> {
  if (!REDIS_URL) return new DatabaseQueue({ pool, leaseMs });
  const { BullQueue } = await import('../queue/bull-queue.ts');
  return BullQueue.open({ url: REDIS_URL, leaseMs });
}

function openVideos(environment: Environment): VideoService {
  const limits: VideoLimits = {
    bytesMax: numberFrom(environment, {
      variable: 'SHORTS_VIDEO_BYTES_MAX',
      fallback: 200_000_000,
      min: 1,
      max: 100 * GIGABYTE,
    }),
    callMsMax:
      1000 *
      numberFrom(environment, { variable: 'SHORTS_CALL_SECONDS', fallback: 120, min: 0.1, max: 3_600 }),
  };
  const allowPrivate = environment.SHORTS_PRIVATE_ADDRESSES === 'allow' || !isProduction(environment);
  const command = environment.YT_DLP_PATH || 'yt-dlp';
  const sites = environment.SHORTS_PAGE_SITES;
  return new VideoService({
    http: new HttpSource(limits, allowPrivate),
    ytDlp: YtDlpSource.isAtHand(command) ? new YtDlpSource(command, limits) : undefined,
    ...(sites && { pageSites: sites.split(',').map((site) => site.trim()) }),
  });
}
