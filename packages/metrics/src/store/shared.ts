/**
 * The shared store: a writer's slots in files that outlive it, which it either maps or flushes.
 *
 * A writer has a file per part: what has filled one goes on in the next. A writer whose files others may have taken
 * for those of a dead one leaves them, and joins again with what nobody has seen of its counts.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { threadId } from 'node:worker_threads';
import { bootId, type MetricsDirectory } from './directory.ts';
import { StoreError } from './errors.ts';
import { HeapStore } from './heap.ts';
import { MappedFiles } from './mapped-files.ts';
import { DirectoryReader, type Erasure } from './reader.ts';
import { familyRecordBytes, SegmentWriter, seriesRecordBytes } from './segment.ts';
import type { SegmentFiles, SharedKind } from './segment-files.ts';
import { FORMAT_VERSION, layoutFor, type SegmentHeader, type SegmentIdentity } from './segment-header.ts';
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
import { noteFinalValues } from './witness.ts';
import { WrittenFiles } from './written-files.ts';

/** Size of a writer's first file; each further one is twice as large, up to {@link SEGMENT_BYTES_MAX}. */
export const SEGMENT_BYTES_FIRST = 64 * 1024;
export const SEGMENT_BYTES_MAX = 1024 * 1024;

/** How long a store that could not grow waits before a new series makes it try again. */
export const GROW_RETRY_MS = 1_000;

/** How long a writer that could not join again waits until it tries once more. */
export const REJOIN_RETRY_MS = 1_000;

const PROCESS_START_MS = Date.now() - performance.now();

/** What a writer gives to its own children; whoever adds up reads the files. */
const OWN_VIEW: StoreView = { series: [], compactions: 0, distinct: true, live: true, workerIndex: 0 };

/** What a writer is in its service, while nobody takes it for dead. */
interface Membership {
  readonly epoch: string;
  readonly workerIndex: number;
  /** Random, so that its files are its own. */
  readonly writerId: string;
}

export class SharedStore implements Store {
  readonly #directory: MetricsDirectory;
  readonly #onProblem: (error: StoreError) => void;
  readonly #files: SegmentFiles;
  #membership: Membership;
  #writer: SegmentWriter | undefined;
  #blocks: Blocks | undefined;
  #nextBytes = SEGMENT_BYTES_FIRST;
  /** Takes what has no room on the disk: it keeps counting, but no other process can read it. */
  #lost: HeapStore | undefined;
  #growAfter = 0;
  /** The slots of each part. */
  readonly #parts: Float64Array[] = [];
  readonly #toErase: Erasure[] = [];
  #erasing: Promise<void> = Promise.resolve();
  #eraser: DirectoryReader | undefined;
  #rejoining: Promise<void> | undefined;
  #rejoinAfter = 0;
  #onExit: (() => void) | undefined;

  private constructor(
    directory: MetricsDirectory,
    kind: SharedKind,
    membership: Membership,
    onProblem: (error: StoreError) => void,
  ) {
    this.#directory = directory;
    this.#membership = membership;
    this.#onProblem = onProblem;
    this.#files = kind === 'mapped' ? new MappedFiles(directory, directory.native!) : this.#startFlushing();
  }

  /**
   * Joins the service's writers, or begins a new epoch where there are none.
   * @param onProblem is told once when the store cannot grow; counting goes on
   * @throws StoreError when the directory is somebody else's or cannot be written
   */
  static async join(
    directory: MetricsDirectory,
    onProblem: (error: StoreError) => void,
  ): Promise<SharedStore> {
    // Whoever begins an epoch decides its kind, and keeps everybody out.
    for (let forAll = directory.native === undefined; ; forAll = true) {
      const joined = await directory.locked(() => {
        const running = runningOf(directory);
        if (!forAll && running[0]?.kind !== 'mapped') return undefined;
        const { kind, epoch } = joinEpoch(directory, running);
        const workerIndex = freeIndex(running);
        const store = new SharedStore(directory, kind, newMembership(epoch, workerIndex), onProblem);
        try {
          store.#grow(0, 0);
        } catch (error) {
          store.close();
          throw error;
        }
        return store;
      }, forAll);
      if (joined === undefined) continue;
      await joined.#files.started();
      return joined;
    }
  }

  get epoch(): string {
    return this.#membership.epoch;
  }

  get workerIndex(): number {
    return this.#membership.workerIndex;
  }

  /** How it shares what it counts. */
  get kind(): SharedKind {
    return this.#files.kind;
  }

  /** Whether what is counted gets to others also while the event loop is blocked. */
  get outlivesBlocking(): boolean {
    return !(this.#files instanceof WrittenFiles) || this.#files.hasThread;
  }

  allocate(shape: FamilyShape, labelValues: readonly string[], createdMs: number, part?: Part): StoredSeries {
    const index = this.#writer?.add(shape, labelValues, createdMs, part);
    if (index !== undefined) return this.#given(index, shape, labelValues, createdMs, part);
    if (this.#lost === undefined || performance.now() > this.#growAfter) {
      try {
        const slots = part === undefined ? layoutOf(shape).size : slotsOfPart(part);
        this.#grow(slots, familyRecordBytes(shape) + seriesRecordBytes(labelValues, part));
        const grown = this.#writer!.add(shape, labelValues, createdMs, part);
        if (grown !== undefined) return this.#given(grown, shape, labelValues, createdMs, part);
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

  #given(
    index: number,
    shape: FamilyShape,
    labelValues: readonly string[],
    createdMs: number,
    part: Part | undefined,
  ): StoredSeries {
    this.#files.use(index, part === undefined ? layoutOf(shape).size : slotsOfPart(part), part);
    return new StoredSeries(this.#blocks!.of(shape), index, labelValues, createdMs, part);
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
        const values = this.#partOf(segment);
        if (values === undefined) continue;
        for (const one of slots) if (one.values === values && one.index === slot) erased.add(one);
      }
    } catch {
      // What cannot be read now is found out the next time.
    }
    return erased;
  }

  async settled(): Promise<void> {
    const files = this.#files;
    try {
      files.flush();
      // Whoever answers is not to be missing in its own answer.
      if (files instanceof WrittenFiles && files.isInterrupted) await this.#rejoin(files);
    } catch (cause) {
      this.#onProblem(asStoreError(cause, 'what was counted last may be missing in /metrics'));
    }
    await this.#erasing;
  }

  /** The slots of a segment of this writer. */
  #partOf(segment: string): Float64Array | undefined {
    return this.#parts.find((_, part) => this.#nameOf(part) === segment);
  }

  async #eraseNow(): Promise<void> {
    const patterns = this.#toErase.splice(0);
    try {
      this.#eraser ??= new DirectoryReader(this.#directory);
      const reader = this.#eraser;
      await this.#directory.locked(() =>
        reader.eraseLocked(patterns, (segment) => this.#partOf(segment) === undefined),
      );
    } catch (cause) {
      this.#onProblem(asStoreError(cause, 'what was removed may go on being shown'));
    }
  }

  /** Stops being a writer: what was counted stays. Nothing may be written through its slots after. */
  close(): void {
    if (this.#onExit !== undefined) process.off('exit', this.#onExit);
    this.#files.close();
    this.#eraser?.close();
  }

  /** Goes on in a further file with room for at least so much. */
  #grow(slotsMin: number, dictionaryBytesMin: number): void {
    const part = this.#parts.length;
    const layout = layoutFor(this.#nextBytes, slotsMin, dictionaryBytesMin);
    const buffer = this.#files.create(this.#nameOf(part), this.#headerOf(part), layout);
    this.#writer = new SegmentWriter(buffer, layout, this.kind);
    this.#blocks = new Blocks(this.#writer.values, OWN_VIEW, false);
    this.#parts.push(this.#writer.values);
    this.#nextBytes = Math.min(this.#nextBytes * 2, SEGMENT_BYTES_MAX);
  }

  #nameOf(part: number): string {
    const { epoch, writerId } = this.#membership;
    return `${epoch}-${writerId}-${part}.segment`;
  }

  #headerOf(part: number): SegmentHeader {
    return {
      kind: this.kind,
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
  }

  #startFlushing(): WrittenFiles {
    const files = WrittenFiles.start(this.#directory, {
      interrupted: () => void this.#rejoin(files),
      problem: this.#onProblem,
    });
    this.#onExit = () => {
      try {
        if (files.isInterrupted) this.#directory.tryLocked(() => this.#rejoinLocked(files));
        files.close();
      } catch {
        // The process ends; nobody can be told any more.
      }
    };
    process.on('exit', this.#onExit);
    return files;
  }

  /** Becomes a writer again after others may have taken it for dead. */
  #rejoin(files: WrittenFiles): Promise<void> {
    this.#rejoining ??= this.#rejoinOnce(files).finally(() => {
      this.#rejoining = undefined;
    });
    return this.#rejoining;
  }

  async #rejoinOnce(files: WrittenFiles): Promise<void> {
    if (performance.now() < this.#rejoinAfter) return;
    try {
      await this.#directory.locked(() => this.#rejoinLocked(files));
    } catch (cause) {
      this.#onProblem(asStoreError(cause, 'what is counted stays out of /metrics'));
      this.#rejoinAfter = performance.now() + REJOIN_RETRY_MS;
    }
  }

  #rejoinLocked(files: WrittenFiles): void {
    const before = this.#membership;
    const running = runningOf(this.#directory);
    const isOver = this.#directory.manifest()?.epoch !== before.epoch;
    const { kind, epoch } = isOver
      ? joinEpoch(this.#directory, running)
      : { kind: this.kind, epoch: before.epoch };
    if (kind !== this.kind) throw cannotJoin(this.#directory);
    const others = running.filter(
      ({ epoch: theirs, workerIndex }) => theirs !== before.epoch || workerIndex !== before.workerIndex,
    );
    this.#directory.assertLocked();
    this.#membership = newMembership(epoch, freeIndex(others, before.workerIndex));
    files.restart(
      (part) => this.#nameOf(part),
      (part) => this.#headerOf(part),
      isOver,
    );
  }
}

function newMembership(epoch: string, workerIndex: number): Membership {
  return { epoch, workerIndex, writerId: randomBytes(6).toString('hex') };
}

/**
 * The running writers of a service's directory.
 * @throws StoreError `directory_taken` when they belong to another service or instance
 */
function runningOf(directory: MetricsDirectory): SegmentIdentity[] {
  directory.removeAbandoned();
  const running = directory.runningWriters();
  const other = running.find(
    ({ service, instance }) => service !== directory.service || instance !== directory.instance,
  );
  if (other === undefined) return running;
  throw new StoreError(
    'directory_taken',
    `the metrics directory ${directory.path} belongs to ${describe(other)}, which is running; ` +
      `${describe(directory)} needs another one`,
  );
}

/**
 * The epoch of the running writers, or a new one where there are none.
 * @throws StoreError `native_unavailable` when they map their files, and this process cannot
 */
function joinEpoch(
  directory: MetricsDirectory,
  running: readonly SegmentIdentity[],
): { readonly kind: SharedKind; readonly epoch: string } {
  directory.assertLocked();
  // Running writers know their epoch also where somebody has deleted what was noted of it.
  const [one] = running;
  if (one === undefined) {
    const kind = directory.native === undefined ? 'written' : 'mapped';
    return { kind, epoch: beginEpoch(directory, kind) };
  }
  const kind = one.kind === 'written' ? 'written' : 'mapped';
  if (kind === 'mapped' && directory.native === undefined) throw cannotJoin(directory);
  return { kind, epoch: continueEpoch(directory, one.epoch, kind) };
}

function cannotJoin(directory: MetricsDirectory): StoreError {
  return new StoreError(
    'native_unavailable',
    `${describe(directory)} runs in processes that map the files of ${directory.path}, and this one cannot, so it ` +
      'counts for itself; install koffi for it too, or start all of them with BINNACLE_METRICS_NATIVE=off',
  );
}

/** The lowest worker index that nobody has, unless another one is free that is wanted. */
function freeIndex(running: readonly SegmentIdentity[], wanted = 0): number {
  const taken = new Set(running.map(({ workerIndex }) => workerIndex));
  if (!taken.has(wanted)) return wanted;
  let index = 0;
  while (taken.has(index)) index++;
  return index;
}

/** Keeps the last values that somebody asked for, notes a new epoch, then deletes what the one before has left. */
function beginEpoch(directory: MetricsDirectory, kind: SharedKind): string {
  noteFinalValues(directory);
  const startedMs = Date.now();
  const epoch = `${startedMs.toString(36)}${randomBytes(4).toString('hex')}`;
  noteEpoch(directory, kind, epoch, startedMs);
  for (const name of directory.list()) {
    if (/\.(?:segment|retired|tmp)$/.test(name)) fs.rmSync(directory.file(name), { force: true });
  }
  return epoch;
}

function continueEpoch(directory: MetricsDirectory, epoch: string, kind: SharedKind): string {
  if (directory.manifest()?.epoch !== epoch) noteEpoch(directory, kind, epoch, Date.now());
  return epoch;
}

function noteEpoch(
  directory: MetricsDirectory,
  kind: SharedKind,
  epoch: string,
  epochStartedMs: number,
): void {
  const { service, instance } = directory;
  directory.writeManifest({
    format: FORMAT_VERSION,
    service,
    instance,
    epoch,
    epochStartedMs,
    ...(kind === 'written' && { kind }),
  });
}

function describe({ service, instance }: { readonly service: string; readonly instance: string }): string {
  return instance === '' ? `service ${service}` : `service ${service}, instance ${instance}`;
}

function asStoreError(cause: unknown, what: string): StoreError {
  if (cause instanceof StoreError) return cause;
  return new StoreError('io', `${what}: ${(cause as Error).message}`, { cause });
}
