/**
 * Segments that their writer maps: what it counts, others see at once, and the kernel keeps it when the writer is
 * killed. The lock on the file is then gone, which is how readers know.
 *
 * The lock is held on a second descriptor that is never mapped: a mapping keeps the description that it was
 * made from, and with it a lock, alive after a worker thread was terminated.
 */
import fs from 'node:fs';
import type { MetricsDirectory } from './directory.ts';
import { StoreError } from './errors.ts';
import type { NativeFiles } from './native.ts';
import { createWhole, type SegmentFiles, writeAll } from './segment-files.ts';
import { encodeHeader, type SegmentHeader, type SegmentLayout } from './segment-header.ts';

export class MappedFiles implements SegmentFiles {
  readonly kind = 'mapped';
  readonly #directory: MetricsDirectory;
  readonly #native: NativeFiles;
  readonly #lockFds: number[] = [];

  constructor(directory: MetricsDirectory, native: NativeFiles) {
    this.#directory = directory;
    this.#native = native;
  }

  /**
   * Makes a segment that nobody ever sees unlocked. It is written in full, zeros too, since a store into a hole of
   * a file on a full disk would kill the process.
   */
  create(name: string, header: SegmentHeader, layout: SegmentLayout): ArrayBuffer {
    const bytes = Buffer.alloc(layout.fileBytes);
    encodeHeader(header, layout).copy(bytes);
    let lockFd: number | undefined;
    let buffer: ArrayBuffer | undefined;
    try {
      const fd = createWhole(this.#directory, name, (fd, temporary) => {
        lockFd = fs.openSync(temporary, 'r');
        if (!this.#native.tryLock(lockFd, 'exclusive'))
          throw new StoreError('io', `the new file ${temporary} is locked by somebody else`);
        writeAll(fd, bytes);
        buffer = this.#native.map(fd, bytes.length, 'write');
      });
      fs.closeSync(fd);
    } catch (error) {
      if (lockFd !== undefined) fs.closeSync(lockFd);
      throw error;
    }
    this.#lockFds.push(lockFd!);
    return buffer!;
  }

  use(): void {}

  async started(): Promise<void> {}

  flush(): void {}

  close(): void {
    for (const fd of this.#lockFds.splice(0)) fs.closeSync(fd);
  }
}
