/** Temporary folders of a process, which go with it; what a process that was killed left goes with the next one. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Makes a folder whose name begins with `prefix`; it is removed when this process ends. */
export function temporaryFolder(prefix: string): string {
  removeLeftOvers(prefix);
  const folder = mkdtempSync(path.join(tmpdir(), `${prefix}-${process.pid}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function removeLeftOvers(prefix: string): void {
  const left = new RegExp(`^${prefix}-(\\d+)-\\w+$`);
  for (const name of readdirSync(tmpdir())) {
    const pid = left.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    try {
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Somebody else's.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
