/**
 * The small files in which Linux tells about itself: `/proc`, and the folders of control groups.
 *
 * The kernel makes them when they are read, each whole in one read that starts at its beginning, so that one buffer and
 * one call of `read` do. They are read off the event loop: with many groups or processors making them takes a while.
 * What is missing, not allowed or off is `undefined`; nothing here throws.
 */
import fs from 'node:fs';

/** Enough for every file that is read here but `/proc/vmstat` and `/proc/self/mountinfo`. */
export const KERNEL_FILE_BYTES = 4_096;

/** The beginning of a file, as much of it as one read of so many bytes gives. */
export function readKernelFile(file: string, bytes = KERNEL_FILE_BYTES): Promise<string | undefined> {
  return new Promise((resolve) => {
    fs.open(file, 'r', (failed, fd) => {
      if (failed !== null) {
        resolve(undefined);
        return;
      }
      const buffer = Buffer.allocUnsafe(bytes);
      fs.read(fd, buffer, 0, bytes, 0, (error, count) => {
        fs.close(fd, () => resolve(error === null ? buffer.toString('latin1', 0, count) : undefined));
      });
    });
  });
}

/**
 * The number behind a word at the start of a line: `numberOf('anon 5\ninactive_file 7\n', 'inactive_file')` is 7.
 * @param key with the colon, where the file has one: `MemTotal:`
 */
export function numberOf(text: string | undefined, key: string): number | undefined {
  if (text === undefined) return undefined;
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (start === 0 && !text.startsWith(`${key} `)) return undefined;
  return wholeNumber(/^ +(\d+)/.exec(text.slice(start + key.length, start + key.length + 40))?.[1]);
}

/** The number that a file consists of; `max` and all else is none. */
export function numberIn(text: string | undefined): number | undefined {
  return wholeNumber(/^(\d+)\s*$/.exec(text ?? '')?.[1]);
}

function wholeNumber(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}

/** How many numbers a list of ranges names, `0-3,8` five; undefined where it is no such list, or names none. */
export function countOfList(text: string | undefined): number | undefined {
  let count = 0;
  for (const range of (text ?? '').trim().split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined || last === undefined || Number(last) < Number(first)) return undefined;
    count += Number(last) - Number(first) + 1;
  }
  return count;
}
