/**
 * The metrics directory of a service: who may use it, its lock, its epoch, and the names of its files.
 *
 *     lock                     locked for the moment of joining and folding
 *     lock.N, lock.N.free      the same among processes that cannot lock files: see `lock-file.ts`
 *     answer.lock              locked by the process that answers /metrics
 *     service.json             whose directory this is, and its epoch
 *     EPOCH-WRITER-PART.segment   what one writer counts
 *     EPOCH.retired            what all writers counted that are gone
 *     *.tmp                    files that are being made
 *
 * An epoch begins when a writer joins and no other lives: its number is noted first, and only then are the files
 * of the epoch before deleted, so that whoever reads in between takes old counts for what they are.
 *
 * All writers of an epoch are of one kind. The first one decides: where it can map and lock files they are mapped,
 * else written.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LOCK_TIMEOUT_MS, StoreError } from './errors.ts';
import { LockFile } from './lock-file.ts';
import type { NativeFiles } from './native.ts';
import type { SharedKind } from './segment-files.ts';
import {
  decodeIdentity,
  HEADER_BYTES,
  INSTANCE_BYTES_MAX,
  SERVICE_BYTES_MAX,
  type SegmentIdentity,
} from './segment-header.ts';
import { isWriterBeating } from './written-segment.ts';

/** What `service.json` says. */
export interface Manifest {
  readonly format: number;
  readonly service: string;
  readonly instance: string;
  readonly epoch: string;
  readonly epochStartedMs: number;
  /** Of the writers of the epoch; mapped where it is missing. */
  readonly kind?: SharedKind;
}

/** File systems on which a lock or a mapping does not reach every process: by the magic number of statfs(2). */
const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  16914839: '9P',
  12805120: 'CephFS',
};

const LOCK_RETRY_MS = 5;

/** How old a file is that is still being made, at most; it takes milliseconds. */
export const ABANDONED_AFTER_MS = 60_000;

/** Where a service's metrics lie unless the program or `BINNACLE_METRICS_DIR` says otherwise. */
export function defaultDirectory(service: string): string {
  const base = isWritableDirectory('/dev/shm') ? '/dev/shm' : os.tmpdir();
  return path.join(
    base,
    `binnacle-${process.getuid?.() ?? 'user'}`,
    service.replace(/[^A-Za-z0-9._-]/g, '_'),
  );
}

function isWritableDirectory(directory: string): boolean {
  try {
    fs.accessSync(directory, fs.constants.W_OK | fs.constants.X_OK);
    return fs.statSync(directory).isDirectory();
  } catch {
    return false;
  }
}

export class MetricsDirectory {
  readonly path: string;
  readonly service: string;
  readonly instance: string;
  /** Undefined where files cannot be mapped and locked. */
  readonly native: NativeFiles | undefined;
  readonly #lockFile: LockFile;
  #usesLockFile = false;

  private constructor(directory: string, service: string, instance: string, native: NativeFiles | undefined) {
    this.path = directory;
    this.service = service;
    this.instance = instance;
    this.native = native;
    this.#lockFile = new LockFile(directory, 'lock');
  }

  /**
   * Makes the directory where it is missing and checks that it can be trusted.
   * @throws StoreError `directory_unusable` or `io`
   */
  static open(
    directory: string,
    service: string,
    instance: string,
    native: NativeFiles | undefined,
  ): MetricsDirectory {
    for (const [what, text, max] of [
      ['service', service, SERVICE_BYTES_MAX],
      ['instance', instance, INSTANCE_BYTES_MAX],
    ] as const) {
      if (Buffer.byteLength(text) > max)
        throw new RangeError(`the ${what} name ${text} is longer than ${max} bytes`);
    }
    if (service === '') throw new RangeError('the service needs a name');
    const absolute = path.resolve(directory);
    try {
      fs.mkdirSync(absolute, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new StoreError(
        'io',
        `the metrics directory ${absolute} cannot be made: ${(cause as Error).message}`,
        { cause },
      );
    }
    checkTrusted(absolute);
    return new MetricsDirectory(absolute, service, instance, native);
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Names of all files, sorted. */
  list(): string[] {
    return fs.readdirSync(this.path).sort();
  }

  /** A name for a file that is being made. */
  temporary(): string {
    return this.file(`${randomBytes(8).toString('hex')}.tmp`);
  }

  /**
   * Deletes files that somebody was making when it was killed: those that are older than anybody takes to make one.
   * Otherwise a process that is killed each time that it starts would fill the memory that the directory lies in.
   */
  removeAbandoned(): void {
    for (const name of this.list()) {
      if (!name.endsWith('.tmp')) continue;
      const file = this.file(name);
      const stat = fs.statSync(file, { throwIfNoEntry: false });
      if (stat !== undefined && Date.now() - stat.mtimeMs > ABANDONED_AFTER_MS)
        fs.rmSync(file, { force: true });
    }
  }

  /** What `service.json` says; undefined when there is none or it cannot be read. */
  manifest(): Manifest | undefined {
    try {
      const manifest: unknown = JSON.parse(fs.readFileSync(this.file('service.json'), 'utf8'));
      return isManifest(manifest) ? manifest : undefined;
    } catch {
      return undefined;
    }
  }

  writeManifest(manifest: Manifest): void {
    const temporary = this.temporary();
    fs.writeFileSync(temporary, `${JSON.stringify(manifest)}\n`, { mode: 0o600 });
    fs.renameSync(temporary, this.file('service.json'));
  }

  /** How the writers of the current epoch share what they count. */
  get kind(): SharedKind {
    return this.manifest()?.kind ?? (this.native === undefined ? 'written' : 'mapped');
  }

  /**
   * Runs `work` under the directory's lock when it is free now; undefined when it is not.
   * @param forAll whether also those are kept out who are of another kind than the current epoch
   */
  tryLocked<T>(work: () => T, forAll = false): { readonly result: T } | undefined {
    const { native } = this;
    if (native === undefined) return this.#tryLockFile(work);
    const fd = fs.openSync(this.file('lock'), 'a', 0o600);
    try {
      if (!native.tryLock(fd, 'exclusive')) return undefined;
      return forAll || this.kind === 'written' ? this.#tryLockFile(work) : { result: work() };
    } finally {
      fs.closeSync(fd);
    }
  }

  #tryLockFile<T>(work: () => T): { readonly result: T } | undefined {
    if (!this.#lockFile.tryAcquire()) return undefined;
    this.#usesLockFile = true;
    try {
      return { result: work() };
    } finally {
      this.#usesLockFile = false;
      this.#lockFile.release();
    }
  }

  /**
   * To be called under the lock, before others are made to see what is done under it: whoever was suspended for
   * long may have been taken for dead.
   * @throws StoreError `directory_locked` when somebody else has the lock by now
   */
  assertLocked(): void {
    if (this.#usesLockFile && !this.#lockFile.isHeld)
      throw new StoreError('directory_locked', `another process took over the lock of ${this.path}`);
  }

  /**
   * Runs `work` under the directory's lock.
   * @param forAll see {@link tryLocked}
   * @throws StoreError `directory_locked` after {@link LOCK_TIMEOUT_MS}
   */
  async locked<T>(work: () => T, forAll = false): Promise<T> {
    const deadline = Date.now() + LOCK_TIMEOUT_MS;
    while (true) {
      const done = this.tryLocked(work, forAll);
      if (done !== undefined) return done.result;
      if (Date.now() > deadline) {
        throw new StoreError(
          'directory_locked',
          `another process holds ${this.file('lock')} for over ${LOCK_TIMEOUT_MS} ms`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
    }
  }

  /** Of running writers: whose each is. */
  runningWriters(): SegmentIdentity[] {
    const running: SegmentIdentity[] = [];
    for (const name of this.list()) {
      if (!name.endsWith('.segment')) continue;
      const identity = this.#running(name);
      if (identity !== undefined) running.push(identity);
    }
    return running;
  }

  /** Whose a segment is; undefined where its writer is not running. */
  #running(name: string): SegmentIdentity | undefined {
    let fd: number;
    try {
      fd = fs.openSync(this.file(name), 'r');
    } catch {
      return undefined;
    }
    try {
      const bytes = Buffer.alloc(HEADER_BYTES);
      fs.readSync(fd, bytes, 0, HEADER_BYTES, 0);
      if (this.native !== undefined) {
        // A lock tells of a running writer of whatever version.
        if (!this.native.tryLock(fd, 'shared')) return identityOf(bytes, name);
        this.native.unlock(fd);
      }
      const identity = decodeIdentity(bytes);
      const isRunning =
        identity.kind === 'written'
          ? isWriterBeating(fd, identity, bootId())
          : this.native === undefined && mayRun(identity);
      return isRunning ? identity : undefined;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'segment_invalid') return undefined;
      throw error;
    } finally {
      fs.closeSync(fd);
    }
  }
}

/** Whether the writer of a mapped segment may be running, as far as one can tell who cannot probe locks. */
function mayRun({ pid, bootId: ofBoot }: SegmentIdentity): boolean {
  if (ofBoot !== bootId() || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

let knownBootId: string | undefined;

/** Identifies the boot of the machine, in 32 hexadecimal digits; all 0 where the platform does not tell. */
export function bootId(): string {
  if (knownBootId === undefined) {
    try {
      const text = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
      knownBootId = text.trim().replaceAll('-', '');
    } catch {
      knownBootId = '0'.repeat(32); // not Linux
    }
  }
  return knownBootId;
}

/** Whose a running writer's segment is; a writer of another version cannot be joined. */
function identityOf(bytes: Buffer, name: string): SegmentIdentity {
  try {
    return decodeIdentity(bytes);
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.code !== 'format_version') throw cause;
    throw new StoreError(
      'format_version',
      `${name} belongs to a running process, but ${cause.message}; stop that process or use another directory`,
    );
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { format, service, instance, epoch, epochStartedMs, kind } = value as Record<string, unknown>;
  return (
    (kind === undefined || kind === 'mapped' || kind === 'written') &&
    typeof format === 'number' &&
    typeof service === 'string' &&
    typeof instance === 'string' &&
    typeof epoch === 'string' &&
    typeof epochStartedMs === 'number'
  );
}

function checkTrusted(directory: string): void {
  const refuse = (why: string) =>
    new StoreError(
      'directory_unusable',
      `the metrics directory ${directory} ${why}; name another with BINNACLE_METRICS_DIR`,
    );
  const stat = fs.lstatSync(directory);
  if (!stat.isDirectory()) throw refuse('is a link or no directory');
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid)
    throw refuse(`belongs to user ${stat.uid}, this process runs as ${uid}`);
  // Windows has other rights, and makes the mode up.
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
    throw refuse(`is open to others (mode ${(stat.mode & 0o777).toString(8)}, needed is 700)`);
  const network = NETWORK_FILE_SYSTEMS[fs.statfsSync(directory).type];
  if (network !== undefined)
    throw refuse(
      `lies on a network file system (${network}), where locks and mappings do not reach every process`,
    );
}
