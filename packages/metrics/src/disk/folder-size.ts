/**
 * The size of a folder, found without holding up what else the process does.
 *
 * Folders are read entry by entry, so that one with a million files is never in memory as a whole, and a few files are
 * asked for their size at once. Links are neither followed nor counted; files that vanish meanwhile are not there.
 */
import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import path from 'node:path';

/** So many files are asked for their size at once: more would take all threads that Node.js has for files. */
export const FILES_AT_ONCE = 2;

/** What is in a folder and below it. */
export interface FolderSize {
  /** The sum of the lengths of the files. */
  readonly bytes: number;
  readonly files: number;
  /** The first folder below it that could not be read, and why. */
  readonly unreadable: NodeJS.ErrnoException | undefined;
}

/**
 * Adds up the files in a folder and below it.
 * @param signal ends it early; what it says then is of no use
 * @throws NodeJS.ErrnoException where the folder itself cannot be read: `ENOENT` where it is not there
 */
export async function folderSize(folder: string, signal: AbortSignal): Promise<FolderSize> {
  const walk = new Walk(folder, signal);
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, () => walk.work()));
  return walk;
}

/** One walk over a folder, done by several at once, each taking the next entry. */
class Walk implements FolderSize {
  bytes = 0;
  files = 0;
  unreadable: NodeJS.ErrnoException | undefined;
  readonly #signal: AbortSignal;
  readonly #root: string;
  readonly #entries: AsyncGenerator<string>;

  constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
    this.#entries = this.#filesIn(root);
  }

  async work(): Promise<void> {
    for (;;) {
      // A generator answers those who ask one after the other.
      const { value: file, done } = await this.#entries.next();
      if (done || this.#signal.aborted) return;
      try {
        const { size } = await lstat(file);
        this.bytes += size;
        this.files++;
      } catch (error) {
        if (!isGone(error)) this.unreadable ??= error as NodeJS.ErrnoException;
      }
    }
  }

  async *#filesIn(root: string): AsyncGenerator<string, void> {
    const folders = [root];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for await (const entry of this.#entriesOf(folder)) {
        if (this.#signal.aborted) return;
        const at = path.join(folder, entry.name);
        if (entry.isDirectory()) folders.push(at);
        else if (entry.isFile()) yield at;
      }
    }
  }

  async *#entriesOf(folder: string): AsyncGenerator<Dirent, void> {
    try {
      yield* await opendir(folder);
    } catch (error) {
      if (folder === this.#root) throw error;
      if (!isGone(error)) this.unreadable ??= error as NodeJS.ErrnoException;
    }
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
