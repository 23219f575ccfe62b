/**
 * The only file of storage that touches the disk.
 *
 * `Disk` names every call that the log and the lock make, so that a test can hand in one that fails at the N-th
 * call. All calls but `sync` are synchronous: an append must be in the log before its samples are visible, and
 * a write into the page cache takes microseconds, less than handing it to a thread would.
 */
import * as fs from 'node:fs';

/** The file operations that storage uses. Every method throws the system's error. */
export interface Disk {
  /** Makes a directory and its parents; does nothing when it exists. */
  makeDirectory(path: string): void;
  /** The names in a directory, in any order. */
  list(path: string): string[];
  /** Creates a file that must not exist and opens it for writing. */
  create(path: string): number;
  /** Writes all of `bytes` at the position `at`, or throws with a part of it written. */
  write(fd: number, bytes: Uint8Array, at: number): void;
  /** Cuts an open file to a length. */
  truncate(fd: number, length: number): void;
  /** Cuts a file to a length and makes that durable. */
  truncateFile(path: string, length: number): void;
  /** Makes what was written durable. */
  sync(fd: number): Promise<void>;
  /** Makes the names in a directory durable; does nothing where the platform cannot. */
  syncDirectory(path: string): void;
  close(fd: number): void;
  /** The whole content of a file. */
  read(path: string): Uint8Array;
  rename(from: string, to: string): void;
  /** Gives a file a second name, which must not exist. */
  link(from: string, to: string): void;
  remove(path: string): void;
}

/** The real disk. */
export const nodeDisk: Disk = {
  makeDirectory: (path) => {
    fs.mkdirSync(path, { recursive: true });
  },
  list: (path) => fs.readdirSync(path),
  create: (path) => fs.openSync(path, 'wx', 0o640),
  write: (fd, bytes, at) => {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, at + done);
    }
  },
  truncate: (fd, length) => fs.ftruncateSync(fd, length),
  truncateFile: (path, length) => {
    const fd = fs.openSync(path, 'r+');
    try {
      fs.ftruncateSync(fd, length);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  sync: (fd) =>
    new Promise((resolve, reject) => {
      fs.fsync(fd, (error) => (error ? reject(error) : resolve()));
    }),
  syncDirectory: (path) => {
    if (process.platform === 'win32') return; // a directory cannot be opened there
    const fd = fs.openSync(path, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  close: (fd) => fs.closeSync(fd),
  read: (path) => fs.readFileSync(path),
  rename: (from, to) => fs.renameSync(from, to),
  link: (from, to) => fs.linkSync(from, to),
  remove: (path) => fs.unlinkSync(path),
};
