/** Starts and drives the processes of a service under test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

const running: ChildProcess[] = [];
const directories: string[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory of its own for a test, deleted afterwards. */
export function metricsDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'binnacle-test-'));
  directories.push(directory);
  return directory;
}

/** A process that was told to count. */
export interface Member {
  readonly process: ChildProcess;
  /** Where it counts together with others; null where it does not. */
  readonly joined: string | null;
  tell(action: string, argument?: unknown): Promise<unknown>;
  kill(): Promise<void>;
}

/** How the processes of a service share what they count, and what a test has to wait for because of it. */
export interface Sharing {
  readonly kind: 'mapped' | 'written';
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node. */
  readonly execArgv?: readonly string[];
  /** Until others see what was counted. */
  readonly seenMs: number;
  /** Until a process that was killed is known to be gone. */
  readonly goneMs: number;
}

export const MAPPED: Sharing = { kind: 'mapped', env: {}, seenMs: 0, goneMs: 0 };

export const WRITTEN: Sharing = {
  kind: 'written',
  env: { BINNACLE_METRICS_NATIVE: 'off', BINNACLE_METRICS_HEARTBEAT_TIMEOUT_MS: '1000' },
  seenMs: 200,
  goneMs: 1_200,
};

export function start(name: string, ...args: string[]): ChildProcess {
  return startAs(MAPPED, name, ...args);
}

export function startAs(
  { env, execArgv = [] }: Pick<Sharing, 'env' | 'execArgv'>,
  name: string,
  ...args: string[]
): ChildProcess {
  const child = fork(fixture(name), args, {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, ...env },
    execArgv: [...execArgv],
  });
  child.stderr?.on('data', (data: Buffer) => {
    const text = data.toString();
    if (!text.includes('BinnacleMetricsWarning') && !text.includes('--trace-warnings'))
      process.stderr.write(text);
  });
  running.push(child);
  return child;
}

export async function member(
  directory: string,
  options: { service?: string; port?: number; instance?: string; sharing?: Sharing; fixture?: string } = {},
): Promise<Member> {
  const child = startAs(
    options.sharing ?? MAPPED,
    options.fixture ?? 'member.mjs',
    directory,
    options.service ?? 'test',
    String(options.port ?? ''),
    options.instance ?? '',
  );
  const [{ joined }] = (await once(child, 'message')) as [{ joined: string | null }];
  let nextId = 0;
  return {
    process: child,
    joined,
    tell(action, argument) {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        const gone = () => reject(new Error(`the process ended before it answered ${action}`));
        const listen = (message: { id?: number; result?: unknown }) => {
          if (message.id !== id) return;
          child.off('message', listen);
          child.off('exit', gone);
          resolve(message.result);
        };
        child.on('message', listen);
        child.once('exit', gone);
        child.send({ id, action, argument });
      });
    },
    async kill() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The value of a line of an exposition, by its series text; undefined when it is not there. */
export function valueIn(exposition: string, series: string): number | undefined {
  const line = exposition.split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
