/**
 * Processes that belong together: started with a channel, so that each ends when this one does, however it ends, and
 * stopped together in the reverse order.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How long a process may take to end before it is killed. */
const STOP_MS_MAX = 4_000;
/** How long a process may take to say that it listens. */
const START_MS_MAX = 60_000;

export interface ProcessToStart {
  /** Stands in front of each line that the process prints. */
  readonly title: string;
  /** An exported module of a package: `@binnacle/bricklayers/web-process`. */
  readonly module: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Lines that it prints and nobody needs to see. */
  readonly quiet?: RegExp;
}

export class Processes {
  readonly #running: { readonly title: string; readonly child: ChildProcess }[] = [];
  readonly #onUnexpectedEnd: (title: string, how: string) => void;
  #stopping = false;

  /** @param onUnexpectedEnd is told when a process ends that nobody stopped */
  constructor(onUnexpectedEnd: (title: string, how: string) => void) {
    this.#onUnexpectedEnd = onUnexpectedEnd;
  }

  start({ title, module, args = [], env = {}, quiet }: ProcessToStart): ChildProcess {
    const child = fork(fileURLToPath(import.meta.resolve(module)), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        if (!quiet?.test(line)) console.log(`${title} | ${line}`);
      });
    }
    this.#running.push({ title, child });
    child.once('exit', (code, signal) => {
      if (!this.#stopping) this.#onUnexpectedEnd(title, signal ?? `exit code ${code}`);
    });
    child.once('error', (error) => {
      if (!this.#stopping) this.#onUnexpectedEnd(title, error.message);
    });
    return child;
  }

  /**
   * Waits until a process sends `{ type: 'listening', url }`, and gives that, with whatever else it says there.
   * @throws Error when it ends before, or takes longer than {@link START_MS_MAX}; its message is for the reader
   */
  async listening<Message extends { readonly url: string } = { readonly url: string }>(
    child: ChildProcess,
  ): Promise<Message> {
    const title = this.#running.find((one) => one.child === child)?.title;
    const timeout = AbortSignal.timeout(START_MS_MAX);
    const gone = once(child, 'exit', { signal: timeout }).then(([code, signal]) => {
      const how = signal ?? `exit code ${code}`;
      throw new Error(`${title} ended (${how}) before it listened; what it said stands above`);
    });
    const heard = (async () => {
      while (true) {
        const [message] = (await once(child, 'message', { signal: timeout })) as [
          { readonly type?: string; readonly url?: string },
        ];
        // What a process says beside its address is between it and whoever starts it.
        if (message.type === 'listening' && message.url !== undefined) return message as unknown as Message;
      }
    })();
    gone.catch(() => {});
    heard.catch(() => {});
    return Promise.race([gone, heard]).catch((error: unknown) => {
      throw timeout.aborted
        ? new Error(`${title} has not said within ${START_MS_MAX / 1000} s where it listens`)
        : error;
    });
  }

  /** Ends all processes, the last one first in line to be asked; resolves when none is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const ends = this.#running.map(({ child }) =>
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve(),
    );
    for (const { child } of this.#running.toReversed()) child.kill('SIGTERM');
    const killer = setTimeout(() => this.kill(), STOP_MS_MAX);
    await Promise.all(ends);
    clearTimeout(killer);
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const { child } of this.#running) child.kill('SIGKILL');
  }
}
