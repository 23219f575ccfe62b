/**
 * Where a writer's segments come from: files that it maps (`mapped-files.ts`), or memory that is flushed to files
 * (`written-files.ts`). Both make a file under a temporary name and give it its own when it is whole.
 */
import fs from 'node:fs';
import type { MetricsDirectory } from './directory.ts';
import type { SegmentHeader, SegmentLayout } from './segment-header.ts';
import type { Part } from './store.ts';

/** How the writers of an epoch share what they count. */
export type SharedKind = 'mapped' | 'written';

export interface SegmentFiles {
  readonly kind: SharedKind;
  /**
   * Makes a segment without records.
   * @returns its header, slots and dictionary; whoever writes there counts
   * @throws what the file system throws
   */
  create(name: string, header: SegmentHeader, layout: SegmentLayout): ArrayBufferLike;
  /** Slots of the segment that was made last are used from now on. */
  use(index: number, slots: number, part: Part | undefined): void;
  /** Waits until what is counted gets to readers also while the program blocks its event loop. Never rejects. */
  started(): Promise<void>;
  /** Lets readers see what is counted. */
  flush(): void;
  /** The writer is gone from now on; nothing may be written to its segments any more. */
  close(): void;
}

/**
 * Makes a file that nobody ever sees half made.
 * @param fill is given the file's descriptor and its name for the time being
 * @returns the descriptor, open
 */
export function createWhole(
  directory: MetricsDirectory,
  name: string,
  fill: (fd: number, temporary: string) => void,
): number {
  const temporary = directory.temporary();
  const fd = fs.openSync(temporary, 'wx+', 0o600);
  try {
    fill(fd, temporary);
    fs.renameSync(temporary, directory.file(name));
    return fd;
  } catch (error) {
    fs.closeSync(fd);
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Writes all bytes to the beginning of a file. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
}
