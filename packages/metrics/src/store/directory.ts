/**
 * The metrics directory of a service: who may use it, its lock, its epoch, and the names of its files.
 *
 *     lock                     locked for the moment of joining and folding
 *     answer.lock              locked by the process that answers /metrics
 *     service.json             whose directory this is, and its epoch
 *     EPOCH-WRITER-PART.segment   what one writer counts
 *     EPOCH.retired            what all writers counted that are gone
 *     *.tmp                    files that are being made
 *
 * An epoch begins when a writer joins and no other lives: its number is noted first, and only then are the files
 * of the epoch before deleted, so that whoever reads in between takes old counts for what they are.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LOCK_TIMEOUT_MS, StoreError } from './errors.ts';
import type { NativeFiles } from './native.ts';
import {
  decodeIdentity,
  HEADER_BYTES,
  INSTANCE_BYTES_MAX,
  SERVICE_BYTES_MAX,
  type SegmentHeader,
} from './segment.ts';

/** What `service.json` says. */
export interface Manifest {
  readonly format: number;
  readonly service: string;
  readonly instance: string;
  readonly epoch: string;
  readonly epochStartedMs: number;
}

/** Whose a segment is. */
type Identity = Pick<SegmentHeader, 'service' | 'instance' | 'epoch' | 'workerIndex'>;

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
  readonly native: NativeFiles;

  private constructor(directory: string, service: string, instance: string, native: NativeFiles) {
    this.path = directory;
    this.service = service;
    this.instance = instance;
    this.native = native;
  }

  /**
   * Makes the directory where it is missing and checks that it can be trusted.
   * @throws StoreError `directory_unusable` or `io`
   */
  static open(directory: string, service: string, instance: string, native: NativeFiles): MetricsDirectory {
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

  /** Runs `work` under the directory's lock when it is free now; undefined when it is not. */
  tryLocked<T>(work: () => T): { readonly result: T } | undefined {
    const fd = fs.openSync(this.file('lock'), 'a', 0o600);
    try {
      return this.native.tryLock(fd, 'exclusive') ? { result: work() } : undefined;
    } finally {
      fs.closeSync(fd);
    }
  }

  /**
   * Runs `work` under the directory's lock.
   * @throws StoreError `directory_locked` after {@link LOCK_TIMEOUT_MS}
   */
  async locked<T>(work: () => T): Promise<T> {
    const deadline = Date.now() + LOCK_TIMEOUT_MS;
    while (true) {
      const done = this.tryLocked(work);
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

  /** Whether the writer of a segment is running; a file that is gone has none. */
  isLive(name: string): boolean {
    let fd: number;
    try {
      fd = fs.openSync(this.file(name), 'r');
    } catch {
      return false;
    }
    try {
      return !this.native.tryLock(fd, 'shared');
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Of running writers: service, instance, epoch and worker index of each. */
  runningWriters(): Identity[] {
    const running: Identity[] = [];
    for (const name of this.list()) {
      if (!name.endsWith('.segment') || !this.isLive(name)) continue;
      const bytes = Buffer.alloc(HEADER_BYTES);
      const fd = fs.openSync(this.file(name), 'r');
      try {
        fs.readSync(fd, bytes, 0, HEADER_BYTES, 0);
        running.push(identityOf(bytes, name));
      } finally {
        fs.closeSync(fd);
      }
    }
    return running;
  }
}

/** Whose a running writer's segment is; a writer of another version cannot be joined. */
function identityOf(bytes: Buffer, name: string): Identity {
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
  const { format, service, instance, epoch, epochStartedMs } = value as Record<string, unknown>;
  return (
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
  if ((stat.mode & 0o077) !== 0)
    throw refuse(`is open to others (mode ${(stat.mode & 0o777).toString(8)}, needed is 700)`);
  const network = NETWORK_FILE_SYSTEMS[fs.statfsSync(directory).type];
  if (network !== undefined)
    throw refuse(
      `lies on a network file system (${network}), where locks and mappings do not reach every process`,
    );
}
