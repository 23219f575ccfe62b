/**
 * One run of a tool that tells about GPUs. Such tools ask the driver, and hang when it does; so a run has an end, and
 * neither it nor its output keeps the process running.
 */
import { spawn } from 'node:child_process';

/** Output that is read; a line for a device has about 150 characters. */
export const GPU_OUTPUT_BYTES_MAX = 1 << 20;

/** How a run ended. */
export type Ran =
  | { readonly kind: 'printed'; readonly text: string }
  /** There is no such command, or it may not be run. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly problem: string };

/** A run that is under way. */
export interface Run {
  /** Never rejects. */
  readonly ended: Promise<Ran>;
  /** Fulfilled when the process is gone: one that the driver holds may outlive {@link Run.ended}, though it was killed. */
  readonly gone: Promise<void>;
  kill(): void;
}

/** Runs a command, and kills it after a time. */
export function runTool(command: string, args: readonly string[], timeoutMs: number): Run {
  // Numbers are to have a point, and messages to be in English.
  const env = { ...process.env, LC_ALL: 'C' };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  child.unref();
  const printed = { stdout: '', stderr: '' };
  let problem: string | undefined;
  const kill = () => {
    // Where there is no such command, the handle of the child that never was holds no process number, and Node.js would
    // send the signal to whatever stands there: mostly 0, which is the whole process group of this service.
    if (child.pid !== undefined) child.kill('SIGKILL');
  };
  let killed = () => {};
  const timer = setTimeout(() => {
    problem = `it was killed after ${timeoutMs} ms`;
    killed();
  }, timeoutMs);
  timer.unref();
  process.once('exit', kill);
  for (const stream of ['stdout', 'stderr'] as const) {
    const pipe = child[stream];
    // Pipes are sockets, which a process would wait for.
    (pipe as { unref?: () => void }).unref?.();
    pipe.setEncoding('utf8');
    pipe.on('data', (text: string) => {
      if (printed[stream].length + text.length <= GPU_OUTPUT_BYTES_MAX) printed[stream] += text;
      else {
        problem = `it printed more than ${GPU_OUTPUT_BYTES_MAX} bytes`;
        killed();
      }
    });
  }
  let gone = () => {};
  const isGone = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const ended = new Promise<Ran>((resolve) => {
    const end = (ran: Ran) => {
      clearTimeout(timer);
      resolve(ran);
    };
    killed = () => {
      child.stdout.destroy();
      child.stderr.destroy();
      kill();
      end({ kind: 'failed', problem: problem ?? 'it was killed' });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      process.off('exit', kill);
      const isMissing = error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOTDIR';
      end(isMissing ? { kind: 'missing' } : { kind: 'failed', problem: error.message });
      gone();
    });
    child.once('exit', () => {
      process.off('exit', kill);
      gone();
    });
    child.once('close', (code, signal) => {
      if (code === 0) end({ kind: 'printed', text: printed.stdout });
      else end({ kind: 'failed', problem: told(printed.stderr || printed.stdout, code ?? signal) });
    });
  });
  return { ended, gone: isGone, kill: () => killed() };
}

/** The first line of what it said: it says the same on one line or on ten. */
function told(text: string, how: number | string | null): string {
  const [line = ''] = text.trim().split('\n');
  return `it ended with ${how}${line === '' ? '' : `: ${line.slice(0, 200)}`}`;
}
