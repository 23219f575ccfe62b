/** The cleanup service: removes files that are older than the retention time and that no open job needs. */
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanupBytesFreed, cleanupErrors, cleanupFilesDeleted, cleanupRuns } from '../metrics.ts';

/** What one run did. */
export interface CleanupRun {
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
}

/** What the service cleans and when. */
export interface CleanupOptions {
  readonly folders: readonly string[];
  readonly retentionMs: number;
  readonly intervalMs: number;
  /** Paths that must stay, asked at the start of each run. */
  readonly keep: () => ReadonlySet<string>;
  readonly now?: () => number;
}

/** Runs in intervals from `start` to `stop`, or once by `run`; two runs never overlap. */
export class Cleanup {
  readonly #options: CleanupOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<CleanupRun> | undefined;

  constructor(options: CleanupOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.run(), this.#options.intervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  /** One run; while one is under way, that one. Never rejects: what goes wrong is counted. */
  run(): Promise<CleanupRun> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<CleanupRun> {
    cleanupRuns.inc();
    const oldestMs = (this.#options.now ?? Date.now)() - this.#options.retentionMs;
    const keep = this.#options.keep();
    let [files, bytes, errors] = [0, 0, 0];
    const failed = (error: unknown): void => {
      // Somebody else removed the file: that is what we wanted.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      errors++;
      cleanupErrors.inc();
    };
    for (const folder of this.#options.folders) {
      let names: string[] = [];
      try {
        names = await readdir(folder);
      } catch (error) {
        failed(error);
      }
      for (const name of names) {
        const path = join(folder, name);
        if (keep.has(path)) continue;
        try {
          const { mtimeMs, size } = await lstat(path);
          if (mtimeMs > oldestMs) continue;
          await unlink(path);
          files++;
          bytes += size;
          cleanupFilesDeleted.inc();
          cleanupBytesFreed.inc(size);
        } catch (error) {
          failed(error);
        }
      }
    }
    return { files, bytes, errors };
  }
}
