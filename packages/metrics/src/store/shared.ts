/**
 * The shared store: a writer's slots in files that outlive it.
 *
 * Increments are stores to mapped memory; nothing else happens when a program counts. When the process is
 * killed the kernel still has the numbers, and the lock on the file is gone, which is how readers know.
 *
 * The lock is held on a second descriptor that is never mapped: a mapping keeps the description that it was
 * made from, and with it a lock, alive after a worker thread was terminated.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { threadId } from 'node:worker_threads';
import type { MetricsDirectory } from './directory.ts';
import { StoreError } from './errors.ts';
import { HeapStore } from './heap.ts';
import { DirectoryReader, type Erasure } from './reader.ts';
import {
  encodeHeader,
  FORMAT_VERSION,
  familyRecordBytes,
  layoutFor,
  type SegmentHeader,
  SegmentWriter,
  seriesRecordBytes,
} from './segment.ts';
import {
  Blocks,
  type FamilyShape,
  type LabelPattern,
  layoutOf,
  markRemoved,
  outlivesWriters,
  type Part,
  type Slots,
  type Store,
  StoredSeries,
  type StoreView,
  slotsOfPart,
} from './store.ts';

/** Size of a writer's first file; each further one is twice as large, up to {@link SEGMENT_BYTES_MAX}. */
export const SEGMENT_BYTES_FIRST = 64 * 1024;
export const SEGMENT_BYTES_MAX = 1024 * 1024;

/** How long a store that could not grow waits before a new series makes it try again. */
export const GROW_RETRY_MS = 1_000;

const PROCESS_START_MS = Date.now() - performance.now();

/** What a writer gives to its own children; whoever adds up reads the files. */
const OWN_VIEW: StoreView = { series: [], compactions: 0, distinct: true, live: true, workerIndex: 0 };

export class SharedStore implements Store {
  readonly epoch: string;
  readonly workerIndex: number;
  readonly #directory: MetricsDirectory;
  readonly #writerId = randomBytes(6).toString('hex');
  readonly #onProblem: (error: StoreError) => void;
  readonly #lockFds: number[] = [];
  #writer: SegmentWriter | undefined;
  #blocks: Blocks | undefined;
  #nextBytes = SEGMENT_BYTES_FIRST;
  /** Takes what has no room on the disk: it keeps counting, but no other process can read it. */
  #lost: HeapStore | undefined;
  #growAfter = 0;
  /** The slots of each file by its name. */
  readonly #parts = new Map<string, Float64Array>();
  readonly #toErase: Erasure[] = [];
  #erasing: Promise<void> = Promise.resolve();
  #eraser: DirectoryReader | undefined;

  private constructor(
    directory: MetricsDirectory,
    epoch: string,
    workerIndex: number,
    onProblem: (error: StoreError) => void,
  ) {
    this.#directory = directory;
    this.epoch = epoch;
    this.workerIndex = workerIndex;
    this.#onProblem = onProblem;
  }

  /**
   * Joins the service's writers, or begins a new epoch where there are none.
   * @param onProblem is told once when the store cannot grow; counting goes on
   * @throws StoreError when the directory is somebody else's or cannot be written
   */
  static join(directory: MetricsDirectory, onProblem: (error: StoreError) => void): Promise<SharedStore> {
    return directory.locked(() => {
      const running = directory.runningWriters();
      const other = running.find(
        ({ service, instance }) => service !== directory.service || instance !== directory.instance,
      );
      if (other !== undefined) {
        throw new StoreError(
          'directory_taken',
          `the metrics directory ${directory.path} belongs to ${describe(other)}, which is running; ` +
            `${describe(directory)} needs another one`,
        );
      }
      // Running writers know their epoch also where somebody has deleted what was noted of it.
      const epoch =
        running[0] === undefined ? beginEpoch(directory) : continueEpoch(directory, running[0].epoch);
      const taken = new Set(running.map(({ workerIndex }) => workerIndex));
      let workerIndex = 0;
      while (taken.has(workerIndex)) workerIndex++;
      const store = new SharedStore(directory, epoch, workerIndex, onProblem);
      store.#grow(0, 0);
      return store;
    });
  }

  allocate(shape: FamilyShape, labelValues: readonly string[], createdMs: number, part?: Part): StoredSeries {
    const index = this.#writer?.add(shape, labelValues, createdMs, part);
    if (index !== undefined)
      return new StoredSeries(this.#blocks!.of(shape), index, labelValues, createdMs, part);
    if (this.#lost === undefined || performance.now() > this.#growAfter) {
      try {
        const slots = part === undefined ? layoutOf(shape).size : slotsOfPart(part);
        this.#grow(slots, familyRecordBytes(shape) + seriesRecordBytes(labelValues, part));
        const grown = this.#writer!.add(shape, labelValues, createdMs, part);
        if (grown !== undefined)
          return new StoredSeries(this.#blocks!.of(shape), grown, labelValues, createdMs, part);
      } catch (cause) {
        if (this.#lost === undefined) {
          this.#onProblem(asStoreError(cause, 'the store cannot grow; new series stay out of /metrics'));
        }
        this.#growAfter = performance.now() + GROW_RETRY_MS;
      }
    }
    this.#lost ??= new HeapStore();
    return this.#lost.allocate(shape, labelValues, createdMs, part);
  }

  release(slots: Slots): void {
    markRemoved(slots);
  }

  erase(shape: FamilyShape, pattern: LabelPattern): void {
    if (!outlivesWriters(shape)) return;
    this.#toErase.push({ name: shape.name, pattern });
    // What is removed together is erased together: each time the retired file is written anew.
    if (this.#toErase.length === 1) this.#erasing = this.#erasing.then(() => this.#eraseNow());
  }

  erasedOf(slots: readonly Slots[]): ReadonlySet<Slots> {
    const erased = new Set<Slots>();
    try {
      this.#eraser ??= new DirectoryReader(this.#directory);
      for (const { segment, slot } of this.#eraser.erased()) {
        const values = this.#parts.get(segment);
        if (values === undefined) continue;
        for (const one of slots) if (one.values === values && one.index === slot) erased.add(one);
      }
    } catch {
      // What cannot be read now is found out the next time.
    }
    return erased;
  }

  settled(): Promise<void> {
    return this.#erasing;
  }

  async #eraseNow(): Promise<void> {
    const patterns = this.#toErase.splice(0);
    try {
      this.#eraser ??= new DirectoryReader(this.#directory);
      const reader = this.#eraser;
      await this.#directory.locked(() =>
        reader.eraseLocked(patterns, (segment) => !this.#parts.has(segment)),
      );
    } catch (cause) {
      this.#onProblem(asStoreError(cause, 'what was removed may go on being shown'));
    }
  }

  /** Stops being a writer: what was counted stays, the locks go. Nothing may be written through its slots after. */
  close(): void {
    for (const fd of this.#lockFds.splice(0)) fs.closeSync(fd);
    this.#eraser?.close();
  }

  /** Goes on in a further file with room for at least so much. */
  #grow(slotsMin: number, dictionaryBytesMin: number): void {
    const part = this.#lockFds.length;
    const layout = layoutFor(this.#nextBytes, slotsMin, dictionaryBytesMin);
    const header: SegmentHeader = {
      kind: 'mapped',
      service: this.#directory.service,
      instance: this.#directory.instance,
      epoch: this.epoch,
      workerIndex: this.workerIndex,
      processStartMs: PROCESS_START_MS,
      pid: process.pid,
      threadId,
      part,
      generation: 0,
      bootId: bootId(),
    };
    const name = `${this.epoch}-${this.#writerId}-${part}.segment`;
    const bytes = Buffer.alloc(layout.fileBytes);
    encodeHeader(header, layout).copy(bytes);
    const { buffer, lockFd } = createSegment(this.#directory, name, bytes);
    this.#lockFds.push(lockFd);
    this.#writer = new SegmentWriter(buffer, layout, 'mapped');
    this.#blocks = new Blocks(this.#writer.values, OWN_VIEW, false);
    this.#parts.set(name, this.#writer.values);
    this.#nextBytes = Math.min(this.#nextBytes * 2, SEGMENT_BYTES_MAX);
  }
}

/**
 * Makes a segment that nobody ever sees unlocked or half made: under a temporary name it is locked and written
 * in full, zeros too, since a store into a hole of a file on a full disk would kill the process. Only then does
 * it get its name.
 */
function createSegment(
  directory: MetricsDirectory,
  name: string,
  bytes: Buffer,
): { buffer: ArrayBuffer; lockFd: number } {
  const temporary = directory.temporary();
  const fd = fs.openSync(temporary, 'wx+', 0o600);
  let lockFd: number | undefined;
  try {
    lockFd = fs.openSync(temporary, 'r');
    if (!directory.native.tryLock(lockFd, 'exclusive')) {
      throw new StoreError('io', `the new file ${temporary} is locked by somebody else`);
    }
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
    const buffer = directory.native.map(fd, bytes.length, 'write');
    fs.renameSync(temporary, directory.file(name));
    return { buffer, lockFd };
  } catch (error) {
    if (lockFd !== undefined) fs.closeSync(lockFd);
    fs.rmSync(temporary, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** Notes a new epoch, then deletes what the one before has left. */
function beginEpoch(directory: MetricsDirectory): string {
  const startedMs = Date.now();
  const epoch = `${startedMs.toString(36)}${randomBytes(4).toString('hex')}`;
  noteEpoch(directory, epoch, startedMs);
  for (const name of directory.list()) {
    if (/\.(?:segment|retired|tmp)$/.test(name)) fs.rmSync(directory.file(name), { force: true });
  }
  return epoch;
}

function continueEpoch(directory: MetricsDirectory, epoch: string): string {
  if (directory.manifest()?.epoch !== epoch) noteEpoch(directory, epoch, Date.now());
  return epoch;
}

function noteEpoch(directory: MetricsDirectory, epoch: string, epochStartedMs: number): void {
  const { service, instance } = directory;
  directory.writeManifest({ format: FORMAT_VERSION, service, instance, epoch, epochStartedMs });
}

function describe({ service, instance }: { readonly service: string; readonly instance: string }): string {
  return instance === '' ? `service ${service}` : `service ${service}, instance ${instance}`;
}

function asStoreError(cause: unknown, what: string): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError('io', `${what}: ${(cause as Error).message}`, { cause });
}

let knownBootId: string | undefined;

function bootId(): string {
  if (knownBootId === undefined) {
    try {
      knownBootId = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch {
      knownBootId = '0'.repeat(32); // not Linux
    }
  }
  return knownBootId;
}
