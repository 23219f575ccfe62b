/** Database servers of a test file: real ones, each on a free port with a folder of its own, gone when the file is done. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, type TestContext } from 'vitest';
import { temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';
import { outside } from './outside.ts';

/** How long a server may take until it answers. */
const START_MS_MAX = 90_000;

const kills: (() => Promise<void>)[] = [];

afterAll(async () => {
  await Promise.all(kills.splice(0).map((kill) => kill()));
});

/** A running server. */
export interface TestServer {
  /** `redis://127.0.0.1:PORT` or `postgres://postgres@127.0.0.1:PORT/postgres`. */
  readonly url: string;
  readonly port: number;
  /** Stops it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again where it was, with what it had kept. */
  start(): Promise<void>;
}

/**
 * Starts Redis; skips the test where it is missing. What it holds is kept on disk, write by write.
 * @param settings more of them: `'--cluster-enabled', 'yes'`
 */
export async function redisServer(context: TestContext, ...settings: readonly string[]): Promise<TestServer> {
  const program = outside(context, 'redis-server');
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', temporaryFolder()];
  return started(`redis://127.0.0.1:${port}`, port, program, [
    ...args,
    ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'no'],
    ...settings,
  ]);
}

/** Starts PostgreSQL; skips the test where it is missing. It refuses to run as root, so `postgres` runs it there. */
export async function postgresServer(context: TestContext): Promise<TestServer> {
  const folder = path.dirname(outside(context, 'postgres'));
  const port = await freePort();
  const data = temporaryFolder();
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? ['runuser', '-u', 'postgres', '--'] : [];
  if (isRoot) execFileSync('chown', ['postgres', data]);
  chmodSync(data, 0o700);
  const [command, ...rest] = [...as, path.join(folder, 'initdb')];
  execFileSync(
    command!,
    [...rest, '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    {
      stdio: 'ignore',
      cwd: '/',
    },
  );
  const [program, ...before] = [...as, path.join(folder, 'postgres')];
  return started(`postgres://postgres@127.0.0.1:${port}/postgres`, port, program!, [
    ...before,
    ...['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'],
    ...['-c', `unix_socket_directories=${data}`, '-c', 'fsync=off', '-c', 'max_connections=50'],
  ]);
}

/** Starts a program in a process group of its own, since what starts it for another user does not pass signals on. */
async function started(
  url: string,
  port: number,
  program: string,
  args: readonly string[],
): Promise<TestServer> {
  let running: ReturnType<typeof spawn> | undefined;
  const kill = async (): Promise<void> => {
    const child = running;
    running = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await exit;
  };
  const start = async (): Promise<void> => {
    const deadlineMs = Date.now() + START_MS_MAX;
    let said = '';
    const launch = (): ReturnType<typeof spawn> => {
      const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: '/' });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4_000);
      });
      return child;
    };
    running = launch();
    while (!(await isReady(url, port))) {
      if (Date.now() > deadlineMs) throw new Error(`${program} does not answer at ${url}: ${said}`);
      // After a crash the memory of PostgreSQL's children may still be there for a moment, and then it ends.
      if (running.exitCode !== null || running.signalCode !== null) running = launch();
      await sleep(50);
    }
  };
  kills.push(kill);
  await start();
  return { url, port, kill, start };
}

/** Whether a server answers the first message of its protocol with what it says when it is ready. */
async function isReady(url: string, port: number): Promise<boolean> {
  // A start-up message for PostgreSQL 3.0 with the user and nothing else; a ping for Redis.
  const user = Buffer.from('\0\x03\0\0user\0postgres\0\0', 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(user.length + 4);
  const hello = url.startsWith('redis') ? Buffer.from('PING\r\n') : Buffer.concat([length, user]);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(hello));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.once('data', (answer) => {
      // Authenticated, or +PONG: either says more than that the port is open.
      resolve(answer[0] === 0x52 || answer[0] === 0x2b);
      socket.destroy();
    });
    socket.once('error', () => socket.destroy());
    socket.once('close', () => resolve(false));
  });
}
