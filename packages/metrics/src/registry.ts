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
  labelKey,
  type Slots,
  type Store,
  type StoreView,
  slotsPerSeries,
} from './store/store.ts';

/** A child: the part of a metric that has slots. Its class adds the methods that write to them. */
export interface Child {
  values: Float64Array;
  index: number;
}

interface Entry {
  readonly metric: unknown;
  readonly definition: string;
  readonly definedAt: string;
}

interface Placed {
  readonly child: Child;
  readonly shape: FamilyShape;
  readonly labelValues: readonly string[];
  readonly createdMs: number;
}

/** The counter of what a registry could not count as asked; each registry's constant labels come before its own. */
const DROPPED: FamilyShape = {
  name: 'binnacle_metrics_dropped_total',
  type: 'counter',
  help: 'Values that were dropped or counted elsewhere because a label, a value or a limit did not allow them',
  unit: '',
  labelNames: ['metric', 'reason'],
};

/** A series as its registry knows it, wherever its values lie. */
export interface PlacedSeries extends Slots {
  readonly shape: FamilyShape;
  /** In the order of the shape's label names. */
  readonly labelValues: readonly string[];
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
  readonly #metrics = new Map<string, Entry>();
  readonly #placed: Placed[] = [];
  readonly #dropped = new Map<string, Child>();
  readonly #scratch = new Map<number, Float64Array>();
  readonly #collectors = new Set<Collector>();
  #heap: HeapStore | undefined = new HeapStore();
  #store: Store = this.#heap as HeapStore;

  /** @throws TypeError for a constant label that cannot be one */
  constructor({ labels = {} }: RegistryOptions = {}) {
    for (const [name, value] of Object.entries(labels)) checkConstantLabel(name, value);
    this.labels = { ...labels };
    this.#constantValues = Object.values(labels);
    this.#droppedShape = { ...DROPPED, labelNames: [...Object.keys(labels), ...DROPPED.labelNames] };
  }

  /**
   * Registers a metric, or finds the one that the same definition made before.
   * @throws TypeError when another definition has the name; the message says where it stands
   */
  define<M>(shape: FamilyShape, closedValues: readonly unknown[], make: () => M): M {
    const definition = JSON.stringify([
      shape.type,
      shape.unit,
      shape.labelNames,
      shape.mode,
      shape.bounds,
      closedValues,
    ]);
    const known = this.#metrics.get(shape.name);
    if (known !== undefined) {
      if (known.definition === definition) return known.metric as M;
      throw new TypeError(
        `metric ${shape.name} is defined twice with different type, unit, labels or buckets; the first stands ${known.definedAt}`,
      );
    }
    const metric = make();
    this.#metrics.set(shape.name, { metric, definition, definedAt: callerOutsideOfThisPackage() });
    return metric;
  }

  /** Slots for a new child, whose label values are those of the metric's own labels; from now on the registry moves it from store to store. */
  place(child: Child, shape: FamilyShape, ownLabelValues: readonly string[]): void {
    const labelValues =
      this.#constantValues.length === 0 ? ownLabelValues : [...this.#constantValues, ...ownLabelValues];
    const createdMs = Date.now();
    this.#placed.push({ child, shape, labelValues, createdMs });
    point(child, this.#store.allocate(shape, labelValues, createdMs));
  }

  /** Slots that are written to and never read: for children of labels that cannot be. */
  scratch(child: Child, shape: FamilyShape): void {
    const size = slotsPerSeries(shape);
    const values = this.#scratch.get(size) ?? new Float64Array(size);
    this.#scratch.set(size, values);
    point(child, { values, index: 0 });
  }

  /** Notes that something was dropped: counts it, and warns of the first of its kind. */
  drop(metric: string, reason: DropReason, detail: string): void {
    const labelValues = [metric, reason];
    const key = labelKey(labelValues);
    let child = this.#dropped.get(key);
    if (child === undefined) {
      child = { values: new Float64Array(1), index: 0 };
      this.#dropped.set(key, child);
      this.place(child, this.#droppedShape, labelValues);
      process.emitWarning(`metric ${metric}: ${detail}`, { type: 'BinnacleMetricsWarning', code: reason });
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

  /** Asks all callbacks at once and waits for them; never rejects. One that is still under way is not asked again. */
  async collect(): Promise<void> {
    const waiting: Collector[] = [];
    for (const collector of this.#collectors) {
      if (collector.pending === undefined) this.#ask(collector);
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

  #ask(collector: Collector): void {
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
    this.#move(store);
    this.#heap = undefined;
  }

  /** Leaves the store: what it holds stays there, and counting goes on from 0 in this process. */
  detach(): void {
    const heap = new HeapStore();
    for (const { child, shape, labelValues } of this.#placed) {
      point(child, heap.allocate(shape, labelValues, Date.now()));
    }
    this.#heap = heap;
    this.#store = heap;
  }

  /** What this process has counted, where no other store is attached. */
  get ownView(): StoreView | undefined {
    return this.#heap;
  }

  /** All series of this process, in the order in which they were made. */
  *series(): Generator<PlacedSeries, void, undefined> {
    for (const { child, shape, labelValues } of this.#placed) {
      yield { shape, labelValues, values: child.values, index: child.index };
    }
  }

  #move(store: Store): void {
    for (const { child, shape, labelValues, createdMs } of this.#placed) {
      const slots = store.allocate(shape, labelValues, createdMs);
      const size = slotsPerSeries(shape);
      for (let i = 0; i < size; i++) slots.values[slots.index + i]! += child.values[child.index + i]!;
      point(child, slots);
    }
    this.#store = store;
  }
}

function point(child: Child, slots: Slots): void {
  child.values = slots.values;
  child.index = slots.index;
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
    /[\\/](?:registry|definition|counter|gauge|histogram|info|operation|define-metrics)\.[cm]?[jt]s:/;
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
