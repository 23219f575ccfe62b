/**
 * The registry: which metrics a process has, and which store holds their values.
 *
 * Metrics begin in a store of their own process, so that a definition has no effects and counting works at once.
 * `attach` moves everything counted so far into another store and repoints every child; what a caller has bound
 * keeps working.
 *
 * One registry serves all copies of this package in a process or worker thread, ESM and CommonJS alike.
 */

import type { DropReason } from './child-table.ts';
import { LABEL_VALUE_CHARACTERS_MAX } from './labels.ts';
import { isThenable } from './settle.ts';
import { HeapStore } from './store/heap.ts';
import {
  type FamilyShape,
  type LabelPattern,
  labelKey,
  layoutOf,
  outlivesWriters,
  type Part,
  type Slots,
  type Store,
  type StoreView,
  slotsOfPart,
} from './store/store.ts';

/** A child: the part of a metric that has slots. Its class adds the methods that write to them. */
export interface Child {
  values: Float64Array;
  index: number;
  /**
   * Where, counted from `index`, the time of the last use is noted; 0 where the metric has no expiry, and
   * {@link DORMANT} where the series has expired and comes back when it is used. {@link Registry.touch} is to be
   * called before the child counts unless this is 0.
   */
  touchedAt?: number;
  /** The slots that came up later, by whatever the child tells them apart by. */
  parts?: Map<number, Slots>;
}

/** See {@link Child.touchedAt}. */
const DORMANT = -1;

/** Where children are found by their label values. */
export interface ChildHolder {
  /** The child of these label values can no longer be found. */
  forget(labelValues: readonly string[]): void;
  find(labelValues: readonly string[]): Child | undefined;
  /** The child is found from now on. */
  adopt(labelValues: readonly string[], child: Child): void;
  /** All children. */
  children(): Iterable<readonly [labelValues: readonly string[], child: Child]>;
}

/** What a child is about: its family, and the values of all labels. */
interface Subject {
  readonly shape: FamilyShape;
  readonly labelValues: readonly string[];
}

/** How often a process that shares a directory asks its callbacks, and looks for series of its own that have expired. */
export const UPKEEP_INTERVAL_MS = 5_000;

interface Entry {
  readonly metric: unknown;
  readonly definition: string;
  readonly definedAt: string;
  readonly shape: FamilyShape;
}

/** The counter of what a registry could not count as asked; each registry's constant labels come before its own. */
const DROPPED: FamilyShape = {
  name: 'binnacle_metrics_dropped_total',
  type: 'counter',
  help: 'Values that were dropped or counted elsewhere because a label, a value or a limit did not allow them',
  unit: '',
  labelNames: ['metric', 'reason'],
};

const OVERFLOWED: FamilyShape = {
  name: 'binnacle_series_dropped_total',
  type: 'counter',
  help: 'Uses of label values that are beyond the limit of a metric and were counted in its overflow series',
  unit: '',
  labelNames: ['metric'],
};

/** A series as its registry knows it, wherever its values lie. */
export interface PlacedSeries extends Slots {
  readonly shape: FamilyShape;
  /** In the order of the shape's label names. */
  readonly labelValues: readonly string[];
  /** What it has beside its own slots. */
  readonly parts: readonly (Slots & { readonly part: Part })[];
}

/** Asked before metrics are shown, to bring them up to date. */
export type CollectCallback = () => void | PromiseLike<void>;

/** How long an answer waits for callbacks; who takes longer is shown as it was, and counted. */
export const COLLECT_TIMEOUT_MS = 2_000;

interface Collector {
  readonly metric: string;
  readonly callback: CollectCallback;
  /** While the callback has not ended. */
  pending: Promise<void> | undefined;
}

/** What a registry gives to all of its series. */
export interface RegistryOptions {
  /** Constant labels: every series of the registry has them, and no metric in it has a label of such a name. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Holds metrics and places their values. Make one for a test; programs use the default one. */
export class Registry {
  /** The labels that all series have. */
  readonly labels: Readonly<Record<string, string>>;
  readonly #constantValues: readonly string[];
  readonly #droppedShape: FamilyShape;
  readonly #overflowedShape: FamilyShape;
  readonly #metrics = new Map<string, Entry>();
  /** Where the children of a family are found: their metric finds them by their labels, and that is enough. */
  readonly #holders = new Map<FamilyShape, ChildHolder>();
  /** Of children without a holder, and of those whose labels are needed to make parts of their series. */
  readonly #subjects = new Map<Child, Subject>();
  /** Families all of whose children are in {@link Registry.#subjects}. */
  readonly #learnt = new Set<FamilyShape>();
  /** What each part of a child is, by its key. */
  readonly #parts = new WeakMap<Child, Map<number, Part>>();
  /** Children whose series has expired and that somebody may have kept. */
  readonly #dormant = new WeakMap<Child, Subject>();
  /** Children of metrics with an expiry. */
  readonly #expiring = new Set<Child>();
  readonly #dropped = new Map<string, Child>();
  readonly #scratch = new Map<number, Float64Array>();
  readonly #collectors = new Set<Collector>();
  #upkeepTimer: NodeJS.Timeout | undefined;
  #askedMs = 0;
  #heap: HeapStore | undefined = new HeapStore();
  #store: Store = this.#heap as HeapStore;

  /** @throws TypeError for a constant label that cannot be one */
  constructor({ labels = {} }: RegistryOptions = {}) {
    for (const [name, value] of Object.entries(labels)) checkConstantLabel(name, value);
    this.labels = { ...labels };
    this.#constantValues = Object.values(labels);
    const names = Object.keys(labels);
    this.#droppedShape = { ...DROPPED, labelNames: [...names, ...DROPPED.labelNames] };
    this.#overflowedShape = { ...OVERFLOWED, labelNames: [...names, ...OVERFLOWED.labelNames] };
  }

  /**
   * Registers a metric, or finds the one that the same definition made before.
   * @throws TypeError when another definition has the name; the message says where it stands
   */
  define<M>(shape: FamilyShape, closedValues: readonly unknown[], make: () => M): M {
    const { name, help: _, ...rest } = shape;
    const definition = JSON.stringify([rest, closedValues]);
    const known = this.#metrics.get(name);
    if (known !== undefined) {
      if (known.definition === definition) return known.metric as M;
      throw new TypeError(
        `metric ${name} is defined twice with different type, unit, labels or buckets; the first stands ${known.definedAt}`,
      );
    }
    const metric = make();
    this.#metrics.set(name, { metric, definition, definedAt: callerOutsideOfThisPackage(), shape });
    return metric;
  }

  /** The families of all metrics that are defined, also of those that nobody has used. */
  *shapes(): Generator<FamilyShape, void, undefined> {
    for (const { shape } of this.#metrics.values()) yield shape;
  }

  /** Whether a metric of this name is defined. */
  defines(name: string): boolean {
    return this.#metrics.has(name);
  }

  /**
   * Slots for a new child, whose label values are those of the metric's own labels; from now on the registry moves
   * it from store to store.
   * @param holder is told when the series has expired
   */
  place(child: Child, shape: FamilyShape, ownLabelValues: readonly string[], holder?: ChildHolder): void {
    const labelValues = this.#withConstants(ownLabelValues);
    if (holder === undefined || hasParts(shape)) this.#learnt.add(shape);
    if (holder !== undefined && !this.#holders.has(shape)) this.#holders.set(shape, holder);
    this.#place(child, { shape, labelValues });
  }

  #place(child: Child, subject: Subject): void {
    const { shape, labelValues } = subject;
    if (this.#learnt.has(shape)) this.#subjects.set(child, subject);
    this.#point(child, shape, this.#store.allocate(shape, labelValues, Date.now()));
    if (shape.expireAfterMs === undefined) return;
    this.#expiring.add(child);
    this.touch(child);
  }

  /** Slots that are written to and never read: for children of labels that cannot be. */
  scratch(child: Child, shape: FamilyShape): void {
    child.touchedAt = 0;
    this.#pointToScratch(child, shape);
  }

  #pointToScratch(child: Child, shape: FamilyShape): void {
    const { size } = layoutOf(shape);
    const values = this.#scratch.get(size) ?? new Float64Array(size);
    this.#scratch.set(size, values);
    child.values = values;
    child.index = 0;
    // Not cleared: somebody else may use the same ones.
    if (child.parts !== undefined) child.parts = new Map();
  }

  /**
   * The slots of a part of a child's series, which come to be when they are first asked for.
   * @param key tells the parts of the child apart
   */
  part(child: Child, shape: FamilyShape, key: number, part: Part): Slots {
    child.parts ??= new Map();
    let slots = child.parts.get(key);
    if (slots !== undefined) return slots;
    const subject = this.#isScratch(child, shape) ? undefined : this.#subjectOf(child, shape);
    if (subject === undefined) slots = { values: new Float64Array(slotsOfPart(part)), index: 0 };
    else {
      slots = this.#store.allocate(shape, subject.labelValues, Date.now(), part);
      let parts = this.#parts.get(child);
      if (parts === undefined) {
        parts = new Map();
        this.#parts.set(child, parts);
      }
      parts.set(key, part);
    }
    child.parts.set(key, slots);
    return slots;
  }

  /** What a child is about; all of its family are remembered from now on. */
  #subjectOf(child: Child, shape: FamilyShape): Subject | undefined {
    if (!this.#learnt.has(shape)) {
      this.#learnt.add(shape);
      for (const [own, other] of this.#holders.get(shape)?.children() ?? [])
        this.#subjects.set(other, { shape, labelValues: this.#withConstants(own) });
    }
    return this.#subjects.get(child);
  }

  #withConstants(ownLabelValues: readonly string[]): readonly string[] {
    return this.#constantValues.length === 0 ? ownLabelValues : this.#constantValues.concat(ownLabelValues);
  }

  #isScratch(child: Child, shape: FamilyShape): boolean {
    return child.values === this.#scratch.get(layoutOf(shape).size);
  }

  /**
   * Removes a series of this process; what its child counts from now on, nobody reads.
   * @param shape of a child that has a holder
   */
  remove(child: Child, shape = this.#subjects.get(child)?.shape): void {
    if (shape === undefined || this.#isScratch(child, shape)) return;
    this.#release(child);
    this.#subjects.delete(child);
    this.#expiring.delete(child);
    this.scratch(child, shape);
  }

  /**
   * Lets a series of this process begin again at 0; its child goes on counting.
   * @param shape and the values of the metric's own labels, of a child that has a holder
   */
  restart(child: Child, shape?: FamilyShape, ownLabelValues: readonly string[] = []): void {
    const subject =
      shape === undefined
        ? this.#subjects.get(child)
        : { shape, labelValues: this.#withConstants(ownLabelValues) };
    if (subject === undefined) return;
    this.#release(child);
    if (child.parts !== undefined) child.parts = new Map();
    this.#place(child, subject);
  }

  /**
   * Forgets what other processes have counted for series of a metric, where that outlives them.
   * @param pattern values of the metric's own labels; undefined for any
   */
  erase(shape: FamilyShape, pattern: LabelPattern): void {
    this.#store.erase(shape, [...this.#constantValues, ...pattern]);
  }

  #release(child: Child): void {
    this.#store.release(child);
    for (const slots of child.parts?.values() ?? []) this.#store.release(slots);
  }

  /** Notes that a child of a metric with an expiry is used, and brings its series back where it had expired. */
  touch(child: Child): void {
    if (child.touchedAt === DORMANT) this.#wake(child);
    else if (child.touchedAt! > 0) child.values[child.index + child.touchedAt!] = Date.now();
  }

  #wake(child: Child): void {
    const subject = this.#dormant.get(child)!;
    const { shape, labelValues } = subject;
    const holder = this.#holders.get(shape);
    const own = labelValues.slice(this.#constantValues.length);
    const other = holder?.find(own);
    if (other === undefined) {
      this.#dormant.delete(child);
      this.#place(child, subject);
      holder?.adopt(own, child);
      return;
    }
    // The labels were used meanwhile, and have another child. This one counts where that one does, and stays
    // dormant, so that it asks again each time.
    this.touch(other);
    child.values = other.values;
    child.index = other.index;
    if (other.parts !== undefined) child.parts = other.parts;
  }

  /**
   * Lets go of series of this process that nobody in the service has used for as long as their metric says. Who
   * has kept a child may use it again, and its series comes back at 0.
   */
  expire(nowMs: number = Date.now()): void {
    const old: Child[] = [];
    for (const child of this.#expiring) {
      const { shape } = this.#subjects.get(child)!;
      const usedMs = child.values[child.index + layoutOf(shape).touchedAt]!;
      if (nowMs - usedMs > shape.expireAfterMs!) old.push(child);
    }
    if (old.length === 0) return;
    // Counts that other processes go on adding to are let go of together, or their sum would fall.
    const erased = this.#heap === undefined ? this.#store.erasedOf(old) : undefined;
    for (const child of old) {
      const subject = this.#subjects.get(child)!;
      const { shape, labelValues } = subject;
      if (erased !== undefined && outlivesWriters(shape) && !erased.has(child)) continue;
      this.#release(child);
      this.#subjects.delete(child);
      this.#expiring.delete(child);
      this.#holders.get(shape)?.forget(labelValues.slice(this.#constantValues.length));
      this.#dormant.set(child, subject);
      this.#pointToScratch(child, shape);
      child.touchedAt = DORMANT;
    }
  }

  /** Notes that something was dropped: counts it, and warns of the first of its kind. */
  drop(metric: string, reason: DropReason, detail: string): void {
    this.#count(this.#droppedShape, [metric, reason], reason, detail);
  }

  /** Notes that a metric was used with label values beyond its limit. */
  overflow(metric: string, detail: string): void {
    this.#count(this.#overflowedShape, [metric], 'series_limit', detail);
  }

  #count(shape: FamilyShape, labelValues: readonly string[], code: string, detail: string): void {
    const key = labelKey([shape.name, ...labelValues]);
    let child = this.#dropped.get(key);
    if (child === undefined) {
      child = { values: new Float64Array(1), index: 0 };
      this.#dropped.set(key, child);
      this.place(child, shape, labelValues);
      process.emitWarning(`metric ${labelValues[0]}: ${detail}`, { type: 'BinnacleMetricsWarning', code });
    }
    child.values[child.index]! += 1;
  }

  /**
   * Has a callback asked before each exposition of this process. What it throws, rejects with, or does not end
   * within {@link COLLECT_TIMEOUT_MS} is counted under the metric and spoils nothing else.
   * @returns takes the callback back
   */
  onCollect(metric: string, callback: CollectCallback): () => void {
    const collector: Collector = { metric, callback, pending: undefined };
    this.#collectors.add(collector);
    return () => this.#collectors.delete(collector);
  }

  /** Whether there are callbacks to be asked. */
  get collects(): boolean {
    return this.#collectors.size > 0;
  }

  /**
   * Brings everything up to date before it is shown: asks all callbacks at once and waits for them, lets go of what
   * has expired, and waits for what was removed. Never rejects. A callback that is still under way is not asked
   * again.
   */
  async collect(): Promise<void> {
    this.expire();
    await this.#ask();
    await this.#store.settled();
  }

  async #ask(): Promise<void> {
    this.#askedMs = Date.now();
    const waiting: Collector[] = [];
    for (const collector of this.#collectors) {
      if (collector.pending === undefined) this.#askOne(collector);
      if (collector.pending !== undefined) waiting.push(collector);
    }
    if (waiting.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, COLLECT_TIMEOUT_MS);
    });
    await Promise.race([Promise.all(waiting.map(({ pending }) => pending)), late]);
    clearTimeout(timer);
    for (const { metric, pending } of waiting) {
      if (pending === undefined) continue;
      this.drop(metric, 'callback', `its callback has not ended after ${COLLECT_TIMEOUT_MS} ms`);
    }
  }

  #askOne(collector: Collector): void {
    const { metric, callback } = collector;
    const failed = (error: unknown) =>
      this.drop(
        metric,
        'callback',
        `its callback failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    try {
      const result = callback();
      if (!isThenable(result)) return;
      collector.pending = Promise.resolve(result)
        .then(undefined, failed)
        .then(() => {
          collector.pending = undefined;
        });
    } catch (error) {
      failed(error);
    }
  }

  /** Moves all values into a store; what is counted from now on is counted there. */
  attach(store: Store): void {
    this.#move(store, true);
    this.#heap = undefined;
    // Whoever answers for the service cannot ask callbacks of other processes.
    this.#upkeepTimer = setInterval(() => {
      this.expire();
      if (Date.now() - this.#askedMs >= UPKEEP_INTERVAL_MS) void this.#ask();
    }, UPKEEP_INTERVAL_MS);
    this.#upkeepTimer.unref();
    void this.#ask();
  }

  /** Leaves the store: what it holds stays there, and counting goes on from 0 in this process. */
  detach(): void {
    const heap = new HeapStore();
    this.#move(heap, false);
    this.#heap = heap;
    clearInterval(this.#upkeepTimer);
  }

  /** What this process has counted, where no other store is attached. */
  get ownView(): StoreView | undefined {
    return this.#heap;
  }

  /** All series of this process, family by family. */
  *series(): Generator<PlacedSeries, void, undefined> {
    for (const [child, { shape, labelValues }] of this.#children()) {
      const kinds = this.#parts.get(child);
      const parts = [...(child.parts ?? [])].map(([key, slots]) => ({
        values: slots.values,
        index: slots.index,
        part: kinds!.get(key)!,
      }));
      yield { shape, labelValues, values: child.values, index: child.index, parts };
    }
  }

  *#children(): Generator<[Child, Subject], void, undefined> {
    for (const [shape, holder] of this.#holders) {
      for (const [own, child] of holder.children())
        yield [child, { shape, labelValues: this.#withConstants(own) }];
    }
    for (const [child, subject] of this.#subjects)
      if (!this.#holders.has(subject.shape)) yield [child, subject];
  }

  /** @param withValues whether what was counted goes along */
  #move(store: Store, withValues: boolean): void {
    const created = withValues ? this.#heap?.createdTimes() : undefined;
    for (const [child, { shape, labelValues }] of this.#children()) {
      const { values, index } = child;
      const createdMs = created?.get(values)?.get(index) ?? Date.now();
      this.#point(child, shape, store.allocate(shape, labelValues, createdMs));
      const { size, touchedAt } = layoutOf(shape);
      if (withValues) copySlots(values, index, child, size);
      else {
        if (touchedAt >= 0) child.values[child.index + touchedAt] = Date.now();
        if (child.parts !== undefined) child.parts = new Map();
      }
      for (const [key, before] of child.parts ?? []) {
        const part = this.#parts.get(child)!.get(key)!;
        const moved = store.allocate(shape, labelValues, createdMs, part);
        copySlots(before.values, before.index, moved, slotsOfPart(part));
        child.parts!.set(key, moved);
      }
    }
    this.#store = store;
  }

  #point(child: Child, shape: FamilyShape, slots: Slots): void {
    child.values = slots.values;
    child.index = slots.index;
    if (shape.expireAfterMs !== undefined) child.touchedAt = layoutOf(shape).touchedAt;
  }
}

/** Whether the series of a family need more slots than those that they begin with, or are looked through one by one. */
function hasParts({ native, window, expireAfterMs }: FamilyShape): boolean {
  return native !== undefined || window !== undefined || expireAfterMs !== undefined;
}

function copySlots(values: Float64Array, index: number, to: Slots, size: number): void {
  to.values.set(values.subarray(index, index + size), to.index);
}

function checkConstantLabel(name: string, value: unknown): void {
  if (name === '' || name.startsWith('__') || DROPPED.labelNames.includes(name)) {
    throw new TypeError(`${JSON.stringify(name)} is reserved and cannot be a constant label of a registry`);
  }
  if (typeof value !== 'string' || value === '' || value.length > LABEL_VALUE_CHARACTERS_MAX) {
    throw new TypeError(
      `constant label ${name} must have a value of 1 to ${LABEL_VALUE_CHARACTERS_MAX} characters`,
    );
  }
}

/** Where the definition stands that is being made: the first caller that is no file of this package. */
function callerOutsideOfThisPackage(): string {
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  const own =
    /[\\/](?:registry|definition|counter|gauge|histogram|observer|summary|info|state-set|operation|define-metrics)\.[cm]?[jt]s:/;
  const caller = lines.find((line) => !own.test(line)) ?? '';
  return caller.trim() || 'at an unknown place';
}

const DEFAULT_REGISTRY = Symbol.for('@binnacle/metrics/registry/v1');

/**
 * A registry of its own, apart from the default one: `createRegistry({ labels: { region: 'eu' } })`.
 * @throws TypeError for a constant label that cannot be one
 */
export function createRegistry(options: RegistryOptions = {}): Registry {
  return new Registry(options);
}

/** The registry that definitions go to unless they name another. */
export function defaultRegistry(): Registry {
  const holder = globalThis as { [DEFAULT_REGISTRY]?: Registry };
  holder[DEFAULT_REGISTRY] ??= new Registry();
  return holder[DEFAULT_REGISTRY];
}
