/** Starts and drives the processes of a service under test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, vi } from 'vitest';
import { decodeIdentity, HEADER_BYTES } from '../dist/store/segment-header.js';
import { WrittenFile } from '../dist/store/written-segment.js';

/** Processes take as long to start as the machine has others to run; a limit only ends what hangs. */
vi.setConfig({ testTimeout: 240_000 });

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

const running: ChildProcess[] = [];
const directories: string[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(gone));
  for (const directory of directories.splice(0)) {
    // Processes of these may be ending.
    rmSync(directory, { recursive: true, force: true, maxRetries: 20 });
  }
});

/** Kills a process that still runs, and waits until it does so no more. */
async function gone(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

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
  /** Until others are to see what was counted, where nothing holds the process up. */
  readonly seenMs: number;
  /** Until a process that was killed is known to be gone; also one that nobody lets run for so long is taken for it. */
  readonly goneMs: number;
}

export const MAPPED: Sharing = { kind: 'mapped', env: {}, seenMs: 0, goneMs: 0 };

export const WRITTEN: Sharing = {
  kind: 'written',
  env: { BINNACLE_METRICS_NATIVE: 'off', BINNACLE_METRICS_HEARTBEAT_TIMEOUT_MS: '1000' },
  seenMs: 200,
  goneMs: 1_200,
};

/** The same for a process that is not killed: nobody takes it for dead, however little it gets to run. */
export function lasting(sharing: Sharing): Sharing {
  return { ...sharing, env: { ...sharing.env, BINNACLE_METRICS_HEARTBEAT_TIMEOUT_MS: '600000' } };
}

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
        const ended = () => reject(new Error(`the process ended before it answered ${action}`));
        const listen = (message: { id?: number; result?: unknown }) => {
          if (message.id !== id) return;
          child.off('message', listen);
          child.off('disconnect', ended);
          resolve(message.result);
        };
        child.on('message', listen);
        // Its end may be known before its last answer is read; the end of its channel is not.
        child.once('disconnect', ended);
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

/** How far a process has come that was told to `spin`, at least: it notes every {@link SPINS_NOTED}. */
export function spun(file: string): number {
  const bytes = fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0);
  return bytes.length < 8 ? 0 : bytes.readDoubleLE();
}

export const SPINS_NOTED = 1_000;

/** What a process that cannot map files has flushed of `done_total{how="badly"}`; nothing once it was folded. */
export function flushed(directory: string, pid: number): number {
  let sum = 0;
  for (const name of fs.readdirSync(directory).filter((file) => file.endsWith('.segment'))) {
    let fd: number | undefined;
    try {
      fd = fs.openSync(path.join(directory, name), 'r');
      const header = Buffer.alloc(HEADER_BYTES);
      fs.readSync(fd, header, 0, HEADER_BYTES, 0);
      if (decodeIdentity(header).pid !== pid) continue;
      for (const { shape, labelValues, values, index } of new WrittenFile(fd).reader.series)
        if (shape.name === 'done_total' && labelValues[0] === 'badly') sum += values[index]!;
    } catch {
      // It was folded meanwhile.
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
    }
  }
  return sum;
}

/** The value of a line of an exposition, by its series text; undefined when it is not there. */
export function valueIn(exposition: string, series: string): number | undefined {
  const line = exposition.split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
