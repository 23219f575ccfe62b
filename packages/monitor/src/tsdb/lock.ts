/**
 * The lock of a data directory: a file that names the process that uses it.
 *
 * 1. The file is made whole under a name of its own and then linked to `lock`, which succeeds for one only.
 * 2. Where `lock` exists, it is stale when its process is gone or another one has got its number: the start time
 *    tells (on Linux from /proc; elsewhere a living process with the number counts).
 * 3. A stale file is renamed away, looked at once more, and put back if it was not the stale one, because
 *    somebody may have been faster.
 *
 * A thread that is terminated cannot remove its lock; whoever started it does, by the thread's number.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Disk } from './disk.ts';
import { reasonOf, StorageFailure, systemCodeOf } from './failure.ts';

const LOCK = 'lock';

/** Who holds a data directory. */
interface Holder {
  readonly pid: number;
  /** The process's start as the system counts it; empty where it is not known. */
  readonly start: string;
  readonly thread: number;
}

/** A data directory that this process has for itself. */
export class DirectoryLock {
  readonly #disk: Disk;
  readonly #path: string;

  private constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /**
   * Takes the lock of a directory, which must exist.
   * @throws StorageFailure DIRECTORY_LOCKED when another monitor holds it, WRITE_FAILED when it cannot be made
   */
  static take(disk: Disk, dir: string): DirectoryLock {
    const path = join(dir, LOCK);
    const own = `${path}.${process.pid}.${threadId}.${randomBytes(4).toString('hex')}`;
    const holder: Holder = { pid: process.pid, start: startOf(disk, process.pid), thread: threadId };
    try {
      const fd = disk.create(own);
      try {
        disk.write(fd, Buffer.from(`${JSON.stringify(holder)}\n`), 0);
      } finally {
        disk.close(fd);
      }
      if (linked(disk, own, path) || (removeStale(disk, dir, path, own) && linked(disk, own, path))) {
        return new DirectoryLock(disk, path);
      }
      throw locked(dir, read(disk, path));
    } catch (error) {
      if (error instanceof StorageFailure) throw error;
      throw new StorageFailure('WRITE_FAILED', `cannot lock ${dir}: ${reasonOf(error)}`, error);
    } finally {
      removeIfThere(disk, own);
    }
  }

  /** Gives the directory free. */
  release(): void {
    removeIfThere(this.#disk, this.#path);
  }
}

/** Removes the lock that a thread of this process, which has ended, has left behind. */
export function removeLockOfThread(disk: Disk, dir: string, thread: number): void {
  const path = join(dir, LOCK);
  try {
    const holder = read(disk, path);
    if (holder?.pid === process.pid && holder.thread === thread) removeIfThere(disk, path);
  } catch {
    // What cannot be read is not ours to judge; it is stale when this process has ended.
  }
}

/** Makes `path` another name of `own`; false when there is such a name. */
function linked(disk: Disk, own: string, path: string): boolean {
  try {
    disk.link(own, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock file where its holder is gone. Returns whether there is none any more. */
function removeStale(disk: Disk, dir: string, path: string, own: string): boolean {
  const holder = read(disk, path);
  if (holder !== undefined && isAlive(disk, holder)) throw locked(dir, holder);
  const aside = `${own}.stale`;
  try {
    disk.rename(path, aside);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return true;
    throw error;
  }
  const moved = read(disk, aside);
  const fresh = moved !== undefined && isAlive(disk, moved);
  if (fresh) linked(disk, aside, path);
  removeIfThere(disk, aside);
  return !fresh;
}

/** The holder that a lock file names; undefined when there is none or it is not whole. */
function read(disk: Disk, path: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(disk.read(path)).toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { pid, start, thread } = parsed as Partial<Record<keyof Holder, unknown>>;
    if (typeof pid !== 'number' || typeof start !== 'string' || typeof thread !== 'number') return undefined;
    return { pid, start, thread };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(disk: Disk, holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: there is one, of another user.
    if (systemCodeOf(error) !== 'EPERM') return false;
  }
  const start = startOf(disk, holder.pid);
  if (start === ENDED) return false;
  return start === '' || holder.start === '' || start === holder.start;
}

/** The start of a process that has ended, while its parent has not asked how. */
const ENDED = 'ended';

/** When a process started: boot and clock ticks since then. Empty where the system does not tell. */
function startOf(disk: Disk, pid: number): string {
  if (process.platform !== 'linux') return '';
  try {
    const boot = Buffer.from(disk.read('/proc/sys/kernel/random/boot_id')).toString('latin1').trim();
    const stat = Buffer.from(disk.read(`/proc/${pid}/stat`)).toString('latin1');
    // The name, in parentheses, may hold anything; what follows it is field 3 and on, and the start is field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return ENDED;
    const ticks = fields[19];
    return ticks === undefined ? '' : `${boot}:${ticks}`;
  } catch {
    return '';
  }
}

function locked(dir: string, holder: Holder | undefined): StorageFailure {
  const who =
    holder === undefined
      ? 'another monitor'
      : holder.pid === process.pid
        ? 'this process itself'
        : `the process ${holder.pid}`;
  return new StorageFailure(
    'DIRECTORY_LOCKED',
    `${dir} is in use by ${who}: stop it, or choose another data directory`,
  );
}

function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch {
    // A file that stays names a process, and is stale when that has ended.
  }
}
