/**
 * Runs a program to its end: without input, with what it prints kept up to a limit, and killed when a signal says so.
 *
 * Only `stdout` is kept whole, up to {@link STDOUT_CHARACTERS_MAX}; of `stderr` the end is, which says what was wrong.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A transcript of hours is smaller. */
export const STDOUT_CHARACTERS_MAX = 20_000_000;
const STDERR_LINES_KEPT = 20;
const LOOK_MS_MAX = 10_000;

/** A program to run. */
export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  /** Told of each line of `stderr` as it comes. */
  readonly onErrorLine?: (line: string) => void;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Undefined where it was ended by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** The last lines. */
  readonly stderr: readonly string[];
}

/**
 * Runs a program.
 * @throws Error where it cannot be started or prints too much, and the reason of the signal
 */
export async function runProgram({ program, args, signal, onErrorLine }: ProgramRun): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  let stdout = '';
  let tooMuch = false;
  const stderr: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    tooMuch ||= stdout.length > STDOUT_CHARACTERS_MAX;
    if (tooMuch) kill();
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    onErrorLine?.(line);
    stderr.push(line);
    if (stderr.length > STDERR_LINES_KEPT) stderr.shift();
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    if (tooMuch) throw new Error(`${program} printed more than ${STDOUT_CHARACTERS_MAX} characters`);
    return { code: code ?? undefined, stdout, stderr };
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

/** Whether a program is there: whether it starts, whatever it then says, and however long that takes. */
export function isThere(program: string): boolean {
  const { error } = spawnSync(program, ['-version'], { stdio: 'ignore', timeout: LOOK_MS_MAX });
  return error === undefined || (error as NodeJS.ErrnoException).code === 'ETIMEDOUT';
}

/** Whether there is a program that tells of GPUs. */
export function hasGpuTool(): boolean {
  return isThere('nvidia-smi') || isThere('rocm-smi');
}
