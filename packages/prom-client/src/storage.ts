/**
 * Where the series of a metric have their values.
 *
 *     private   in memory of the metric's own
 *     shared    in slots that the default registry of @binnacle/metrics gives: memory as well, and a file in the
 *               service's metrics directory once the process is attached to one; then all processes are one
 *
 * A metric is shared while a registry holds it whose metrics are those of the service: `register`, and what
 * `AggregatorRegistry.setRegistries` names. Everything else stays private, because programs make registries for a
 * moment (to answer for a probe, say), and what these hold must neither be added up over processes nor be kept.
 *
 * In the service a family has the metric's name. Where another metric has it already, in another registry, another
 * copy of this package, or defined with @binnacle/metrics, it is `registry2:NAME`, so that neither counts for the
 * other.
 */
import { COLLECT_TIMEOUT_MS, defaultRegistry, noteExemplar } from '@binnacle/metrics';
import { type GivenLabels, SeriesTable } from './labels.ts';
import type { Series, Shelf } from './series.ts';

type SharedRegistry = ReturnType<typeof defaultRegistry>;

// The real one: tests replace timers while they run.
const later = setTimeout;

/** What all series of one name have in common, for @binnacle/metrics. */
export type FamilyShape = Parameters<SharedRegistry['place']>[1];

/** What has slots of the service. */
export type Child = Parameters<SharedRegistry['place']>[0];

/** What a storage has to know of its metric. */
export interface Stored {
  readonly name: string;
  /** Slots of a series. */
  readonly slots: number;
  /** The family, but for its name; undefined where processes cannot be added up. */
  shape(): Omit<FamilyShape, 'name'> | undefined;
  /** Asked before the metric is shown; undefined where there is nothing to ask. */
  collector(): (() => unknown) | undefined;
}

/** The first slots of a metric's private memory; each further page has twice as many, up to the last. */
const PAGE_SLOTS_FIRST = 8;
const PAGE_SLOTS_MAX = 4096;

const CLAIMS: unique symbol = Symbol.for('@binnacle/prom-client/names/v1');

/** Names in the service that metrics have, over all copies of this package. */
function claims(): Map<string, unknown> {
  const holder = globalThis as { [CLAIMS]?: Map<string, unknown> };
  holder[CLAIMS] ??= new Map();
  return holder[CLAIMS];
}

/** Whether a metric of this process has the name in the service. */
export function isClaimed(familyName: string): boolean {
  return claims().has(familyName);
}

/** Whether a family of the service is one that stands beside another of the same name. */
export function isSecondary(familyName: string): boolean {
  return /^registry\d+:/.test(familyName);
}

/**
 * Storages with hidden gauges that have their slots still. Many a program empties a gauge and fills it anew each time
 * that it is asked: slots that are given back are not used again, and would fill the service's memory.
 */
const parking = new Set<Storage<Series>>();

/**
 * Ends what `parking` is for: to be called when everybody was asked, and what is hidden now is to be gone.
 * @param ageMs how long ago it must have been hidden, where somebody may be filling it just now
 */
export function releaseParked(ageMs = 0): void {
  for (const storage of parking) if (Date.now() - storage.hiddenMs >= ageMs) storage.releaseParked();
}

/** The series of one metric. */
export class Storage<S extends Series> implements Shelf {
  readonly table: SeriesTable<S>;
  /** The series that are shown, in the order in which they came to be. */
  readonly shown = new Set<S>();
  /** What the texts of the series were made for. */
  textsFor = '';
  readonly #metric: Stored;
  /** Series that are hidden and keep their slots for now, and where. */
  readonly #parked = new Map<S, number>();
  readonly #holders = new Set<unknown>();
  /** When the series were hidden the last time. */
  hiddenMs = 0;
  #family: FamilyShape | undefined;
  #takeBackCollector: (() => void) | undefined;
  /** While what was asked has not ended. */
  #asked: Promise<void> | undefined;
  #page = new Float64Array(0);
  #used = 0;

  constructor(
    metric: Stored,
    labelNames: readonly string[],
    make: (shelf: Shelf, labels: GivenLabels, labelValues: readonly string[]) => S,
  ) {
    this.#metric = metric;
    this.table = new SeriesTable(labelNames, (labels, values) => make(this, labels, values));
  }

  /** The family in the service; undefined while the metric is private. */
  get family(): FamilyShape | undefined {
    return this.#family;
  }

  /** Gives slots to a series, all 0, and shows it from now on. */
  place(series: Series): void {
    const parked = this.#parked.get(series as S);
    if (parked !== undefined) {
      this.#parked.delete(series as S);
      series.index = parked;
      series.values[parked] = 0;
    } else if (this.#family === undefined) this.#placePrivately(series);
    else this.#placeForService(series, this.#family);
    this.shown.add(series as S);
  }

  note(series: Series, bucket: number, labelSet: Readonly<Record<string, unknown>>, value: number): void {
    const shape = this.#family;
    if (shape === undefined) return;
    const exemplar: Record<string, string> = {};
    for (const name of Object.keys(labelSet)) exemplar[name] = String(labelSet[name]);
    noteExemplar(series.child, { registry: defaultRegistry(), labels: [], shape }, bucket, value, {
      exemplar,
    });
  }

  /** Shows a series at 0 that has no slots and gets them with its first value. */
  announce(series: S): void {
    this.shown.add(series);
  }

  /** Removes a series, for all processes; who has kept its bound form counts for nobody. */
  remove(args: readonly unknown[]): void {
    const series = this.table.take(args);
    if (series === undefined) return;
    this.shown.delete(series);
    series.index = this.#parked.get(series) ?? series.index;
    this.#parked.delete(series);
    this.#takeSlots(series);
    if (this.#family !== undefined) defaultRegistry().erase(this.#family, series.labelValues);
    this.#toScratch(series);
  }

  /** Lets all series begin again at 0, for all processes. */
  restart(): void {
    for (const series of this.shown) this.restartOne(series, false);
    this.#eraseAll();
  }

  /** Lets one series begin again at 0. */
  restartOne(series: S, everywhere: boolean): void {
    series.exemplars = undefined;
    if (series.index < 0) return;
    if (this.#family === undefined) series.values.fill(0, series.index, series.index + this.#metric.slots);
    else {
      defaultRegistry().restart(series.child);
      if (everywhere) defaultRegistry().erase(this.#family, series.labelValues);
    }
  }

  /** Shows no series any more; each comes back, at 0, when it is used. */
  hide(): void {
    // What was hidden the last time and has not been used since is gone.
    this.releaseParked();
    const parks = this.#family?.type === 'gauge' && defaultRegistry().ownView === undefined;
    for (const series of this.shown) {
      if (series.index < 0) continue;
      if (parks) this.#parked.set(series, series.index);
      else this.#takeSlots(series);
      series.index = -1;
      series.exemplars = undefined;
    }
    if (parks) parking.add(this as unknown as Storage<Series>);
    this.hiddenMs = Date.now();
    this.shown.clear();
    this.#eraseAll();
  }

  /** Gives the slots back of series that were hidden and have not been used since. */
  releaseParked(): void {
    parking.delete(this as unknown as Storage<Series>);
    for (const [series, index] of this.#parked) {
      series.index = index;
      this.#takeSlots(series);
      series.index = -1;
    }
    this.#parked.clear();
  }

  /** Forgets a series that nobody has used for long; it comes back when it is used. */
  forget(series: S): void {
    this.shown.delete(series);
    this.#takeSlots(series);
    series.index = -1;
  }

  /** A registry of the service holds the metric from now on. */
  enter(holder: unknown): void {
    this.#holders.add(holder);
    if (this.#family !== undefined) return;
    const shape = this.#metric.shape();
    if (shape === undefined) return;
    const names = claims();
    let name = this.#metric.name;
    for (let n = 2; names.has(name) || defaultRegistry().defines(name); n++)
      name = `registry${n}:${this.#metric.name}`;
    names.set(name, this);
    this.#family = { ...shape, name };
    for (const series of this.shown) {
      const { values, index } = series;
      if (index < 0) continue;
      this.#placeForService(series, this.#family);
      const { child } = series;
      child.values.set(values.subarray(index, index + this.#metric.slots), child.index);
    }
    this.collectorChanged();
  }

  /** A registry of the service holds the metric no longer. */
  leave(holder: unknown): void {
    if (!this.#holders.delete(holder) || this.#holders.size > 0 || this.#family === undefined) return;
    claims().delete(this.#family.name);
    this.#takeBackCollector?.();
    this.#takeBackCollector = undefined;
    // What an attached process has counted stays counted: the service's counters do not fall because a registry
    // was cleared in one of its processes.
    if (defaultRegistry().ownView === undefined && this.#family.type !== 'gauge') return;
    this.releaseParked();
    this.#family = undefined;
    for (const series of this.shown) {
      if (series.index < 0) continue;
      const { values, index } = series.child;
      const kept = values.slice(index, index + this.#metric.slots);
      defaultRegistry().remove(series.child);
      series.unshare();
      this.#placePrivately(series);
      series.values.set(kept, series.index);
    }
  }

  /** To be called when the metric has another collector than before. */
  collectorChanged(): void {
    if (this.#family === undefined || this.#takeBackCollector !== undefined) return;
    if (this.#metric.collector() === undefined) return;
    this.#takeBackCollector = defaultRegistry().onCollect(
      this.#metric.name,
      () => this.#metric.collector()?.() as void | PromiseLike<void>,
    );
  }

  /** Has the metric bring itself up to date. Never throws and never rejects; undefined where there is nothing to wait for. */
  collect(): Promise<void> | undefined {
    if (this.#asked !== undefined) return this.#waitFor(this.#asked);
    const collector = this.#metric.collector();
    if (collector === undefined) return undefined;
    const failed = (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      defaultRegistry().drop(this.#metric.name, 'callback', `its collect failed: ${message}`);
    };
    try {
      const asked = collector();
      if (!(asked instanceof Promise)) return undefined;
      this.#asked = asked.then(undefined, failed).then(() => {
        this.#asked = undefined;
      });
      return this.#waitFor(this.#asked);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  async #waitFor(asked: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = later(resolve, COLLECT_TIMEOUT_MS, 'late');
    });
    const first = await Promise.race([asked, late]);
    clearTimeout(timer);
    if (first !== 'late') return;
    const detail = `its collect has not ended after ${COLLECT_TIMEOUT_MS} ms`;
    defaultRegistry().drop(this.#metric.name, 'callback', detail);
  }

  #eraseAll(): void {
    const family = this.#family;
    if (family !== undefined)
      defaultRegistry().erase(
        family,
        family.labelNames.map(() => undefined),
      );
  }

  #takeSlots(series: S): void {
    if (this.#family === undefined || series.index < 0) return;
    defaultRegistry().remove(series.child);
    series.unshare();
  }

  #toScratch(series: S): void {
    series.values = new Float64Array(this.#metric.slots);
    series.index = 0;
  }

  #placeForService(series: Series, family: FamilyShape): void {
    series.share(family);
    defaultRegistry().place(series.child, family, series.labelValues);
  }

  #placePrivately(series: Series): void {
    const { slots } = this.#metric;
    if (this.#used + slots > this.#page.length) {
      const size = Math.min(PAGE_SLOTS_MAX, Math.max(PAGE_SLOTS_FIRST, this.#page.length * 2));
      this.#page = new Float64Array(Math.max(slots, size));
      this.#used = 0;
    }
    series.values = this.#page;
    series.index = this.#used;
    this.#used += slots;
  }
}
