/**
 * The task `process_download`: asks the site for the video, fetches it, and stores it, in one attempt or more.
 *
 * What may pass is tried again, up to {@link RETRIES_MAX} times, after pauses that double; what is wrong with the video
 * itself ends the task at once. How it ended is written, and counted, in one transaction of the database.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Attempt, Downloads, Failure } from './downloads.ts';
import { codeOf, isPassing, LetGo, StorageError } from './errors.ts';
import type { Files, StoredFile } from './files.ts';
import { attempting, celeryTaskDuration, PROCESS_DOWNLOAD } from './metrics.ts';
import type { TaskOutcome } from './queue/task-queue.ts';
import type { Storage } from './storage/storage.ts';
import type { VideoService } from './video/video-service.ts';

/** How often a task is tried again. */
export const RETRIES_MAX = 3;
/** Attempts in all, those whose processes died included: a video that kills its process is given up. */
export const ATTEMPTS_MAX = 10;
const MESSAGE_CHARACTERS_MAX = 500;

/** What the task works with. */
export interface TaskParts {
  readonly downloads: Downloads;
  readonly files: Files;
  readonly storage: Storage;
  readonly videos: VideoService;
  /** Where videos are on their way; each attempt has a folder of its own there, which goes with it. */
  readonly folder: string;
  /** The pause before the first attempt that is made again. */
  readonly retryMs: number;
}

/** Runs the task of a download, as a queue hands it out. */
export async function processDownload(
  parts: TaskParts,
  id: string,
  signal: AbortSignal,
): Promise<TaskOutcome> {
  const { downloads, files, storage } = parts;
  const attempt = await downloads.begin(id);
  if (attempt === undefined) return { type: 'done' };
  // A process that died may have left an upload in the middle.
  for (const file of await files.leftOversOf(id)) await storage.giveUp(file);
  let stored: StoredFile | undefined;
  try {
    await attempting.run(async () => {
      if (attempt.attempts > ATTEMPTS_MAX) throw new Error(`none of ${ATTEMPTS_MAX} attempts came to an end`);
      stored = await fetchAndStore(parts, attempt, signal);
      // Whose attempt is over by now has nothing to end, and nothing to keep.
      if (!(await downloads.complete(attempt, stored))) throw new LetGo('the download is another process’s');
    });
    observeTask(attempt);
    await storage.measure();
    return { type: 'done' };
  } catch (error) {
    if (stored !== undefined) await storage.giveUp(stored);
    if (error instanceof LetGo) return letGo(parts, attempt, signal);
    return failed(parts, attempt, error);
  }
}

async function fetchAndStore(parts: TaskParts, attempt: Attempt, signal: AbortSignal): Promise<StoredFile> {
  const { videos, storage } = parts;
  const folder = await mkdtemp(path.join(parts.folder, 'video-'));
  try {
    const { title, mediaType } = await videos.getVideoInfo(attempt.url, signal);
    const video = await videos.downloadVideo(attempt.url, folder, signal);
    return await storage.store({ ...video, downloadId: attempt.id, title, mediaType }, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function letGo({ downloads }: TaskParts, attempt: Attempt, signal: AbortSignal): Promise<TaskOutcome> {
  // Where the process does not stop, another one has the download, and its task in the queue.
  if (!signal.aborted) return { type: 'done' };
  await downloads.postpone(attempt);
  return { type: 'again', inMs: 0 };
}

async function failed(parts: TaskParts, attempt: Attempt, error: unknown): Promise<TaskOutcome> {
  const { downloads, retryMs } = parts;
  const failure: Failure = {
    code: codeOf(error),
    message: (error instanceof Error ? error.message : String(error)).slice(0, MESSAGE_CHARACTERS_MAX),
    provider: error instanceof StorageError ? error.provider : undefined,
  };
  const failuresBefore = attempt.errors.length;
  if (isPassing(error) && failuresBefore < RETRIES_MAX && attempt.attempts < ATTEMPTS_MAX) {
    await downloads.postpone(attempt, failure);
    return { type: 'again', inMs: retryMs * 2 ** failuresBefore };
  }
  if (await downloads.fail(attempt, failure)) observeTask(attempt);
  return { type: 'done' };
}

function observeTask({ startedAt }: Attempt): void {
  const ms = startedAt === null ? 0 : Math.max(0, Date.now() - startedAt.getTime());
  celeryTaskDuration.observe({ task_name: PROCESS_DOWNLOAD }, ms / 1000);
}
