/**
 * A lock for processes that cannot lock files: files whose names carry a number, of which the highest counts.
 *
 *     lock.7         held
 *     lock.7.free    given back
 *
 * To take it, a process makes the file of the next number exclusively, which only one can. The number only grows,
 * so that whoever has looked long ago makes a file that no longer counts, sees that, and takes it away again.
 *
 * A holder that was killed leaves its file. Who has watched the same one for {@link LOCK_STALE_MS} of its own time
 * takes the next number, whatever clocks and file times say. A holder that was only suspended for so long finds
 * another number when it wakes: it asks {@link LockFile.isHeld} before each step that others would suffer from.
 */
import fs from 'node:fs';
import path from 'node:path';

/** How long a lock is left to one holder; it is held for the time of a few small writes. */
export const LOCK_STALE_MS = 2_000;

export class LockFile {
  readonly #directory: string;
  readonly #name: string;
  #mine: number | undefined;
  /** Whose lock is in the way, and since when that was seen. */
  #watched = { number: -1, sinceMs: 0 };

  /** @param name the first part of the names of the files */
  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
  }

  /** Takes the lock if it is free or was left behind. */
  tryAcquire(): boolean {
    const before = this.#files();
    const top = before.reduce((most, { number }) => Math.max(most, number), 0);
    const held = before.some(({ number, free }) => number === top && !free);
    if (held && !this.#isStale(top)) return false;
    const mine = top + 1;
    try {
      fs.closeSync(fs.openSync(this.#file(mine), 'wx', 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    // Somebody may have come and gone since the first look: then this number has had its time.
    if (this.#files().some(({ number, free }) => number > mine || (number === mine && free))) {
      fs.rmSync(this.#file(mine), { force: true });
      return false;
    }
    for (const { number, free } of before) fs.rmSync(this.#file(number, free), { force: true });
    this.#mine = mine;
    return true;
  }

  /** Whether the lock is still this one's: nobody has taken it for left behind. */
  get isHeld(): boolean {
    const mine = this.#mine;
    return mine !== undefined && this.#files().every(({ number, free }) => number <= mine && !free);
  }

  /** Gives the lock back; nothing happens where somebody else has taken it. */
  release(): void {
    const mine = this.#mine;
    this.#mine = undefined;
    if (mine === undefined) return;
    try {
      fs.renameSync(this.#file(mine), this.#file(mine, true));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #isStale(number: number): boolean {
    const nowMs = performance.now();
    if (this.#watched.number !== number) this.#watched = { number, sinceMs: nowMs };
    return nowMs - this.#watched.sinceMs > LOCK_STALE_MS;
  }

  #file(number: number, free = false): string {
    return path.join(this.#directory, `${this.#name}.${number}${free ? '.free' : ''}`);
  }

  #files(): { number: number; free: boolean }[] {
    const found = [];
    for (const file of fs.readdirSync(this.#directory)) {
      if (!file.startsWith(`${this.#name}.`)) continue;
      const [number = '', free, ...rest] = file.slice(this.#name.length + 1).split('.');
      if (!/^\d{1,15}$/.test(number) || rest.length > 0 || (free ?? 'free') !== 'free') continue;
      found.push({ number: Number(number), free: free === 'free' });
    }
    return found;
  }
}
