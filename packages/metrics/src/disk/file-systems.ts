/** The file systems that folders lie on: where each is mounted, and how full it is. */
import { realpath, stat, statfs } from 'node:fs/promises';
import path from 'node:path';

/** How full a file system is, in bytes. */
export interface FileSystemSize {
  readonly used: number;
  /** What is left for processes that are not those of root. */
  readonly available: number;
  readonly total: number;
}

/**
 * The folder highest above a path that lies on the same device: where it is mounted, as far as one can see.
 * @throws NodeJS.ErrnoException where the path is not there
 */
export async function mountpointOf(folder: string): Promise<string> {
  let at = await realpath(folder);
  const { dev } = await stat(at);
  for (;;) {
    const above = path.dirname(at);
    if (above === at || (await stat(above)).dev !== dev) return at;
    at = above;
  }
}

/**
 * How full the file system of a path is.
 * @throws NodeJS.ErrnoException where the path is not there
 */
export async function fileSystemSize(folder: string): Promise<FileSystemSize> {
  const { bsize, blocks, bfree, bavail } = await statfs(folder);
  return { used: (blocks - bfree) * bsize, available: bavail * bsize, total: blocks * bsize };
}
