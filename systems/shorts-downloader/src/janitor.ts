/**
 * What processes that died left behind, looked for from time to time by every process: downloads that no queue knows
 * of any more, uploads and removals that nobody finished, and downloads that ended long ago.
 */
import type { Downloads } from './downloads.ts';
import type { Files } from './files.ts';
import type { TaskQueue } from './queue/task-queue.ts';
import type { Storage } from './storage/storage.ts';

/** What it works with. */
export interface JanitorParts {
  readonly downloads: Downloads;
  readonly files: Files;
  readonly storage: Storage;
  readonly queue: TaskQueue;
  /** How often it looks, and how old what it takes up is at least. */
  readonly intervalMs: number;
}

/** Looks from `start` to `stop`. */
export class Janitor {
  readonly #parts: JanitorParts;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: JanitorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.#looking
        .then(() => this.#look())
        .catch((error: Error) => console.error(`shorts-downloader: could not tidy up: ${error.message}`));
    }, this.#parts.intervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { downloads, files, storage, queue, intervalMs } = this.#parts;
    for (const id of await downloads.stranded(intervalMs)) await queue.add(id);
    for (const file of await files.leftOvers()) await storage.giveUp(file);
    await downloads.forget();
  }
}
