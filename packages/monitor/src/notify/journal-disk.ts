/** The only file of the notifier that touches the disk, so that a test can hand the journal one that fails. */
import * as fs from 'node:fs/promises';

/** A file that is open for writing. */
export interface JournalFile {
  /** Writes all of `bytes` at the position `at`, or rejects with a part of it written. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  truncate(length: number): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The operations that the journal needs. Every method rejects with the system's error. */
export interface JournalDisk {
  /** Makes a directory and its parents; does nothing when it exists. */
  makeDirectory(path: string): Promise<void>;
  /** The whole content of a file; undefined when there is none. */
  read(path: string): Promise<Buffer | undefined>;
  /** Opens a file for writing, and makes it when there is none. */
  open(path: string): Promise<JournalFile>;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing when there is no such file. */
  remove(path: string): Promise<void>;
  /** Makes the names in a directory durable; does nothing where the platform cannot. */
  syncDirectory(path: string): Promise<void>;
}

/** The real disk. */
export const nodeJournalDisk: JournalDisk = {
  makeDirectory: async (path) => {
    await fs.mkdir(path, { recursive: true });
  },
  read: async (path) => {
    try {
      return await fs.readFile(path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  open: async (path) => {
    const handle = await fs.open(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o640);
    return {
      write: async (bytes, at) => {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
          done += bytesWritten;
        }
      },
      truncate: (length) => handle.truncate(length),
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.rm(path, { force: true }),
  syncDirectory: async (path) => {
    if (process.platform === 'win32') return; // a directory cannot be opened there
    const handle = await fs.open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
