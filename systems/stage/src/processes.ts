/**
 * Processes that belong together: started with a channel, so that each ends when this one does, however it ends, and
 * stopped together in the reverse order.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How long a process may take to end before it is killed: longer than a system with a database gives its own. */
const STOP_MS_MAX = 30_000;
/** How long a process may take to say that it listens. */
const START_MS_MAX = 300_000;

/**
 * What a process does without on a machine that it shares with many others. glibc gives each thread an arena of its own,
 * whose memory it hardly gives back, and V8 lets the young generation grow to 48 MB before it looks for what is still
 * used. At a few visits per second neither saves time. `bench/stage-cost.mjs` tells of 694 MB instead of 755 for two
 * systems with visitors and the monitor, and of the same time of the processor.
 */
const FRUGAL = { variables: { MALLOC_ARENA_MAX: '1' }, options: ['--max-semi-space-size=2'] };

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

/** How the processes differ from those of a stage. */
export interface ProcessesOptions {
  /** Variables that beat what a process is started with; undefined takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where lines go that processes print. Default: the console. */
  readonly print?: (line: string) => void;
}

/** A process that was started and not stopped. */
export interface RunningProcess {
  readonly title: string;
  /** What {@link ProcessToStart} calls so. */
  readonly module: string;
  readonly child: ChildProcess;
  /** What it said when it listened. */
  said?: Readonly<Record<string, unknown>>;
}

export class Processes {
  #running: RunningProcess[] = [];
  readonly #onUnexpectedEnd: (title: string, how: string) => void;
  readonly #options: ProcessesOptions;
  #stopping = false;

  /** @param onUnexpectedEnd is told when a process ends that nobody stopped */
  constructor(onUnexpectedEnd: (title: string, how: string) => void, options: ProcessesOptions = {}) {
    this.#onUnexpectedEnd = onUnexpectedEnd;
    this.#options = options;
  }

  /** In the order in which they were started. */
  get running(): readonly RunningProcess[] {
    return this.#running;
  }

  start({ title, module, args = [], env = {}, quiet }: ProcessToStart): ChildProcess {
    const { environment, print = console.log } = this.#options;
    const child = fork(fileURLToPath(import.meta.resolve(module)), args, {
      env: { ...FRUGAL.variables, ...process.env, ...env, ...environment },
      execArgv: [...FRUGAL.options, ...process.execArgv],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        if (!quiet?.test(line)) print(`${title} | ${line}`);
      });
    }
    const started: RunningProcess = { title, module, child };
    this.#running.push(started);
    child.once('exit', (code, signal) => {
      if (!this.#stopping && this.#running.includes(started))
        this.#onUnexpectedEnd(title, signal ?? `exit code ${code}`);
    });
    child.once('error', (error) => {
      if (!this.#stopping && this.#running.includes(started)) this.#onUnexpectedEnd(title, error.message);
    });
    return child;
  }

  /** Ends one process; resolves when it has ended. */
  async end(child: ChildProcess): Promise<void> {
    this.#running = this.#running.filter((one) => one.child !== child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(killer);
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
        if (message.type !== 'listening' || message.url === undefined) continue;
        const started = this.#running.find((one) => one.child === child);
        if (started !== undefined) started.said = message;
        return message as unknown as Message;
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
