/**
 * A Redis server of our own, where a `redis-server` is at hand and no variable names one that runs.
 *
 * It listens on loopback, keeps nothing on disk, and ends with the process that started it, however that ends: a
 * shell between the two reads a pipe that only this process holds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardScript, hasEnded, killGuarded } from './guarded-process.ts';
import { freePort } from './ports.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** How long the server may take until it answers. */
const START_MS_MAX = 60_000;
const LOOK_EVERY_MS = 20;
/** How long it may take to stop before it is killed. */
const STOP_MS_MAX = 10_000;
/** What a shell ends with where there is no such command. */
const NO_COMMAND = 127;

const GUARD = guardScript('TERM');

/** A running server. */
export class RedisServer {
  /** `redis://127.0.0.1:PORT`. */
  readonly url: string;
  readonly #guard: ChildProcess;

  private constructor(url: string, guard: ChildProcess) {
    this.url = url;
    this.#guard = guard;
  }

  /**
   * Starts a server on a free port of this machine; undefined where there is no `redis-server`.
   * @param command what is run, for where it lies elsewhere
   * @throws Error where there is one that does not start
   */
  static async start(command = 'redis-server'): Promise<RedisServer | undefined> {
    const port = await freePort();
    const options = [
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      ...['--dir', temporaryFolder('binnacle-redis'), '--maxmemory-policy', 'noeviction'],
    ];
    // In a group of its own: Ctrl-C is for whoever started us, and the server is stopped last.
    const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', command, ...options], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    guard.on('error', () => {});
    guard.stdin.on('error', () => {});
    const server = new RedisServer(`redis://127.0.0.1:${port}`, guard);
    const untilMs = Date.now() + START_MS_MAX;
    while (!(await accepts(port))) {
      if (guard.exitCode === NO_COMMAND) return undefined;
      if (hasEnded(guard) || Date.now() > untilMs) {
        await server.stop();
        throw new Error(`${command} did not start; set REDIS_URL to a Redis server, version 6.2 or later`);
      }
      await sleep(LOOK_EVERY_MS);
    }
    return server;
  }

  /** Stops the server. */
  async stop(): Promise<void> {
    if (hasEnded(this.#guard)) return;
    const ended = once(this.#guard, 'exit');
    this.#guard.stdin?.end();
    const kill = setTimeout(() => killGuarded(this.#guard), STOP_MS_MAX);
    await ended;
    clearTimeout(kill);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
