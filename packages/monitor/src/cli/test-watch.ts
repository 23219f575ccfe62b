/**
 * `binnacle test --watch`: runs the tests again whenever a file below the working directory changes that can have to do
 * with them: tests, rules, and the modules that they are made of.
 */
import { watch } from 'node:fs';

/** Editors write a file in several steps; what comes within this time is one change. */
const SETTLE_MS = 150;
const RELEVANT = /\.(?:[cm]?[jt]s|ya?ml|json)$/;
const IGNORED = /(?:^|[\\/])(?:node_modules|\.git|\.binnacle)(?:[\\/]|$)/;

/**
 * Runs at once and after each change, one run at a time, until it is stopped.
 * @param run told which file has changed; undefined for the first run
 * @param signal stops it
 */
export async function watchAndRun(
  folder: string,
  run: (changed: string | undefined) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let changed: string | undefined;
  let wake: () => void = () => {};
  const watcher = watch(folder, { recursive: true, signal }, (_, file) => {
    if (file === null || IGNORED.test(file) || !RELEVANT.test(file)) return;
    changed = file;
    wake();
  });
  const ended = new Promise<void>((resolve) => watcher.once('close', resolve));
  await run(undefined);
  while (!signal.aborted) {
    if (changed === undefined) {
      await Promise.race([
        ended,
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
      ]);
    }
    if (signal.aborted) break;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const file = changed;
    changed = undefined;
    await run(file);
  }
}
