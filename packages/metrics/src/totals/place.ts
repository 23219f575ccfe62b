/**
 * Where counters of totals are: in this process alone, or in the directory of a service, whose processes must not count
 * the same totals twice.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { BoundCounter } from '../counter.ts';
import type { Registry } from '../registry.ts';
import type { Membership, MetricsServer } from '../serve/server.ts';
import { serverOf } from '../serve/serving.ts';
import { LockFile } from '../store/lock-file.ts';
import type { StoreView } from '../store/store.ts';
import { askFinalValues, counterValue, finalValues, type SeriesId } from '../store/witness.ts';
import { type Remember, rememberInFile } from './record.ts';

/** A counter that totals are counted into, and what it is called. */
export interface Target {
  readonly counter: BoundCounter;
  readonly id: SeriesId;
}

/** Where counters are, for as long as it is the same. */
export interface Place {
  /** Counters begin at 0 when it is another. */
  readonly epoch: string;
  /** Where the place itself can remember. */
  readonly remember: Remember | undefined;
  /** Whether what was known is still known after {@link Place.release}. */
  readonly keeps: boolean;
  /** Makes this process the one that reads the source; false while another one is. */
  hold(): boolean;
  /** Whether it still is. */
  readonly isHeld: boolean;
  /** What was counted is seen by all from now on. */
  publish(): void;
  /** After a reading. */
  release(): Promise<void>;
  /** Lets others read from now on. */
  leave(): void;
  /** What the counters show, all processes together. */
  counted(targets: readonly Target[]): Promise<readonly number[]>;
  /** What they showed when another epoch ended; undefined where nobody knows. */
  final(epoch: string, targets: readonly Target[]): readonly number[] | undefined;
  /** Before each time that something is counted here. */
  begin(targets: readonly Target[]): void;
}

const heaps = new WeakMap<StoreView, string>();
let heapsMade = 0;

/** This process alone. Nobody knows what it showed when it has ended. */
class OwnPlace implements Place {
  readonly epoch: string;
  readonly remember = undefined;
  readonly keeps = true;
  readonly isHeld = true;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  hold(): boolean {
    return true;
  }

  publish(): void {}

  async release(): Promise<void> {}

  leave(): void {}

  async counted(targets: readonly Target[]): Promise<readonly number[]> {
    return targets.map(({ counter }) => counter.values[counter.index]!);
  }

  final(): undefined {
    return undefined;
  }

  begin(): void {}
}

/** The epoch of counters that are in this process alone, for the values of its registry are. */
function ownEpoch(view: StoreView): string {
  let epoch = heaps.get(view);
  if (epoch === undefined) {
    const random = createHash('sha256').update(`${process.pid} ${performance.timeOrigin} ${Math.random()}`);
    epoch = `own-${random.digest('hex').slice(0, 16)}-${heapsMade++}`;
    heaps.set(view, epoch);
  }
  return epoch;
}

/**
 * The directory of the service.
 *
 * Where files can be locked, `NAME.totals-lock` is held by the process that reads the source, from its first reading
 * until it ends: the kernel gives it to a sibling then. Where they cannot, the running process with the lowest worker
 * index reads, and takes a lock file for the time of each reading, since two may take themselves for the lowest for a
 * moment.
 */
class SharedPlace implements Place {
  readonly epoch: string;
  readonly remember: Remember;
  readonly keeps: boolean;
  readonly #name: string;
  readonly #server: MetricsServer;
  readonly #membership: Membership;
  readonly #lockFile: LockFile;
  #lockFd: number | undefined;
  #hasBegun = false;

  constructor(name: string, server: MetricsServer, membership: Membership) {
    const { directory, store } = membership;
    this.epoch = store.epoch;
    this.keeps = store.kind === 'mapped';
    // The directory lies in memory or is as good as gone after a power failure: what is in it goes together.
    this.remember = rememberInFile(directory.file(`${name}.totals`), { sync: false });
    this.#name = name;
    this.#server = server;
    this.#membership = membership;
    this.#lockFile = new LockFile(directory.path, `${name}.totals-lock`);
  }

  /** Whether it is the place of this membership, as it is now. */
  isOf({ store }: Membership): boolean {
    return this.#membership.store === store && this.epoch === store.epoch;
  }

  hold(): boolean {
    const { directory } = this.#membership;
    if (!this.keeps) return this.#isLowest() && this.#lockFile.tryAcquire();
    if (this.#lockFd !== undefined) return true;
    const fd = fs.openSync(directory.file(`${this.#name}.totals-lock`), 'a', 0o600);
    if (directory.native?.tryLock(fd, 'exclusive')) {
      this.#lockFd = fd;
      return true;
    }
    fs.closeSync(fd);
    return false;
  }

  #isLowest(): boolean {
    const { directory, store } = this.#membership;
    return directory.runningWriters().every(({ workerIndex }) => workerIndex >= store.workerIndex);
  }

  get isHeld(): boolean {
    return this.keeps ? this.#lockFd !== undefined : this.#lockFile.isHeld;
  }

  publish(): void {
    // What is erased may take its time; what was counted is written before this returns.
    if (!this.keeps) void this.#membership.store.settled();
  }

  async release(): Promise<void> {
    if (!this.keeps) this.#lockFile.release();
  }

  leave(): void {
    if (this.#lockFd !== undefined) fs.closeSync(this.#lockFd);
    this.#lockFd = undefined;
    this.#lockFile.release();
  }

  async counted(targets: readonly Target[]): Promise<readonly number[]> {
    await this.#membership.store.settled();
    const families = this.#server.families();
    return targets.map(({ id }) => counterValue(families, id));
  }

  final(epoch: string, targets: readonly Target[]): readonly number[] | undefined {
    return finalValues(
      this.#membership.directory,
      this.#name,
      epoch,
      targets.map(({ id }) => id),
    );
  }

  begin(targets: readonly Target[]): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    askFinalValues(
      this.#membership.directory,
      this.#name,
      this.epoch,
      targets.map(({ id }) => id),
    );
  }
}

/** Finds the place of a registry's metrics, again and again. */
export class Whereabouts {
  readonly #name: string;
  readonly #registry: Registry;
  #place: Place | undefined;
  #hasLeft = false;

  /** @param name of what only one process of a service is to do, the same in all of them */
  constructor(name: string, registry: Registry) {
    this.#name = name;
    this.#registry = registry;
  }

  /** Where the metrics are now, the same object as long as it is the same; undefined while that changes. */
  async now(): Promise<Place | undefined> {
    if (this.#hasLeft) return undefined;
    const before = this.#place;
    const server = await serverOf(this.#registry)?.catch(() => undefined);
    const membership = server?.membership;
    let place = before;
    if (server !== undefined && membership !== undefined) {
      if (!(before instanceof SharedPlace && before.isOf(membership)))
        place = new SharedPlace(this.#name, server, membership);
    } else if (before instanceof SharedPlace) {
      // What others go on with is not its own any more.
      place = undefined;
      this.#hasLeft = true;
    } else {
      const view = this.#registry.ownView;
      if (view === undefined) return undefined; // it is just being attached
      const epoch = ownEpoch(view);
      if (before?.epoch !== epoch) place = new OwnPlace(epoch);
    }
    if (place !== before) {
      before?.leave();
      this.#place = place;
    }
    return place;
  }

  /** Lets others go on. */
  leave(): void {
    this.#hasLeft = true;
    this.#place?.leave();
    this.#place = undefined;
  }
}

/**
 * Finds what a bound counter is called.
 * @throws TypeError where the registry has no such series
 */
export function targetOf(registry: Registry, key: string, counter: BoundCounter): Target {
  for (const { shape, labelValues, values, index } of registry.series()) {
    if (values === counter.values && index === counter.index && shape.type === 'counter')
      return { counter, id: { family: shape.name, labelValues } };
  }
  throw new TypeError(
    `countTotals: into.${key} is no series of the registry; bind a counter of it, or name its registry`,
  );
}

/** A name for files that is the same in all processes that count into the same series. */
export function nameOf(targets: readonly Target[]): string {
  const ids = targets.map(({ id }) => [id.family, ...id.labelValues]).sort();
  const hash = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 12);
  return `${targets[0]!.id.family}-${hash}`;
}
