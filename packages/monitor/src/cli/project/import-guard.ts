/**
 * What a project's modules may do to the process that imports them, and must not without a word: end it, which a pipeline
 * would take for a check that found nothing, or fail beside the import, as a port that is taken does.
 */
import { shownPath } from './project-error.ts';

const ADVICE = 'import the modules that define metrics, and not the one that starts the service';
const EXIT_FAILED = 1;

/**
 * Runs an import. Where its modules end the process meanwhile, the exit status is no good one, and standard error says
 * who did it. What they fail with outside of the import (an event of theirs, a promise that nobody waits for) rejects.
 * @param file the module that is imported, for the words
 */
export async function guarded<T>(file: string, load: () => Promise<T>): Promise<T> {
  const onExit = (code: number): void => {
    process.stderr.write(`binnacle: importing ${shownPath(file)} ended the process: ${ADVICE}\n`);
    if (code === 0) process.exitCode = EXIT_FAILED;
  };
  let onFailure: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    onFailure = (error) => reject(new StartedError(error));
  });
  process.on('exit', onExit);
  process.on('uncaughtException', onFailure);
  try {
    return await Promise.race([load(), failed]);
  } finally {
    process.off('exit', onExit);
    process.off('uncaughtException', onFailure);
  }
}

/** Something that a module started has failed; the stack is that of the failure. */
class StartedError extends Error {
  constructor(error: unknown) {
    const isError = error instanceof Error;
    super(`what it started failed: ${isError ? error.message : String(error)}: ${ADVICE}`);
    if (isError && error.stack !== undefined) this.stack = error.stack;
  }
}
