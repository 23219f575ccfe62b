/**
 * Adding processes up: the views of all writers become the families that are exposed.
 *
 * Counters, histograms and summaries are sums over every writer, running or gone, so that they never fall; a counter
 * of a total that all writers read alike is the greatest of theirs. Gauges follow their mode. An info series is there while a running writer says so.
 *
 * A merger remembers which series of which writers belong together, so that merging again only adds numbers:
 *
 *     writers 1 and 2      a_total{l="x"} 3   a_total{l="y"} 1        a_total{l="x"} 4
 *     merged               a_total{l="x"} ← slot of 1, slot of 2      a_total{l="y"} ← slot of 1
 *
 * What writers add later is taken in as it comes, and what those had who are gone is let go of. Only where writers
 * disagree is everything put together anew. Families and series keep their identity as long as they are shown, and
 * a family's `series` only grows while the family is the same object; a format's writer may keep what it has
 * prepared of them.
 *
 * Writers of different versions of a service may overlap. Where they disagree about a family, the newest
 * running one decides, and the series of the others are left out and counted: adding histograms with other
 * buckets would give numbers that nobody observed.
 */
import type { Family } from '../exposition/families.ts';
import {
  type MergedHistogram,
  MergedScalar,
  type MergedSeries,
  type MergedSummary,
  mergedSeries,
} from './merged-series.ts';
import {
  type FamilyShape,
  isRemoved,
  layoutOf,
  OVERFLOW_VALUE,
  SERIES_PER_METRIC_MAX,
  type StoredSeries,
  type StoreView,
} from './store.ts';
import { CounterSources, ValueColumn } from './value-column.ts';

export interface Merged {
  /** Sorted by name. Their values are those of this merging until the next one. */
  readonly families: readonly Family[];
  /** Series that were left out because their family has another shape elsewhere. */
  readonly conflicts: number;
  /** Series that nobody has used for as long as their family says; they are not in the families. */
  readonly expired: readonly Expired[];
}

/** A series that has expired. */
export interface Expired {
  readonly shape: FamilyShape;
  readonly labelValues: readonly string[];
  /** When it was last used, in Unix milliseconds. */
  readonly touchedMs: number;
}

/** How many removed series a family must have, and what share, before they are let go of. */
const REMOVED_COUNT_MIN = 256;
const REMOVED_SHARE = 0.5;

/** How much of a view is taken in. */
interface Taken {
  compactions: number;
  series: number;
}

export class Merger {
  readonly #families = new Map<string, MergedFamily>();
  readonly #taken = new Map<StoreView, Taken>();
  #conflicts = 0;
  #sorted: MergedFamily[] = [];

  /**
   * Adds views up, oldest first. The slots of a view that is not given are not touched: their memory may be gone.
   * The same view is to be given as the same object.
   */
  merge(views: readonly StoreView[], nowMs: number = Date.now()): Merged {
    this.#letGo(views);
    if (this.#conflicts > 0 || !views.every((view) => this.#take(view))) this.#startOver(views);
    if (this.#sorted.length !== this.#families.size)
      this.#sorted = [...this.#families.values()].sort((a, b) => (a.shape.name < b.shape.name ? -1 : 1));
    const families: Family[] = [];
    const expired: Expired[] = [];
    for (const family of this.#sorted) {
      const shown = family.refresh(nowMs, expired);
      if (shown !== undefined) families.push(shown);
    }
    return { families, conflicts: this.#conflicts, expired };
  }

  /** The families of the last merging, before their sums are rounded. */
  get merged(): Iterable<MergedFamily> {
    return this.#families.values();
  }

  /** Lets go of what belongs to views that are gone, or that have taken removed series out. */
  #letGo(views: readonly StoreView[]): void {
    const given = new Set(views);
    const gone = new Set<StoreView>();
    for (const [view, taken] of this.#taken)
      if (!given.has(view) || view.compactions !== taken.compactions) gone.add(view);
    if (gone.size === 0) return;
    for (const view of gone) this.#taken.delete(view);
    for (const family of this.#families.values()) family.letGo((source) => gone.has(source.view));
    // Who comes in place of them, such as the retired file, brings most of the series back.
    if (views.every((view) => this.#take(view))) this.#dropEmpty();
  }

  #dropEmpty(): void {
    for (const [name, family] of this.#families) if (family.dropEmpty() === 0) this.#families.delete(name);
    this.#sorted = [];
  }

  /** Takes in what is new in a view; false where it disagrees with what is known. */
  #take(view: StoreView, deciding?: ReadonlyMap<string, string>): boolean {
    let taken = this.#taken.get(view);
    if (taken === undefined) {
      taken = { compactions: view.compactions, series: 0 };
      this.#taken.set(view, taken);
    }
    for (; taken.series < view.series.length; taken.series++) {
      const stored = view.series[taken.series]!;
      const { name } = stored.shape;
      let family = this.#families.get(name);
      // Series of one file share the shape, so that there is mostly nothing to compare.
      if (deciding !== undefined || family?.lastShape !== stored.shape) {
        const signature = signatureOf(stored.shape);
        if (deciding !== undefined && deciding.get(name) !== signature) {
          this.#conflicts++;
          continue;
        }
        if (family?.signature !== signature) {
          if (family !== undefined && deciding === undefined) return false;
          family = new MergedFamily(stored.shape, signature);
          this.#families.set(name, family);
          this.#sorted = [];
        }
      }
      family!.add(stored);
    }
    return true;
  }

  #startOver(views: readonly StoreView[]): void {
    this.#taken.clear();
    this.#conflicts = 0;
    for (const family of this.#families.values()) family.letGo(() => true);
    const deciding = decidingSignatures(views);
    for (const view of views) this.#take(view, deciding);
    this.#dropEmpty();
  }
}

/** For each family the signature that counts: the newest running writer's, or the newest one's of all. */
function decidingSignatures(views: readonly StoreView[]): Map<string, string> {
  const deciding = new Map<string, string>();
  for (const view of [...views.filter(({ live }) => !live), ...views.filter(({ live }) => live)]) {
    for (const { shape } of view.series) deciding.set(shape.name, signatureOf(shape));
  }
  return deciding;
}

const signatures = new WeakMap<FamilyShape, string>();

/** What two writers must agree on to be added up; help and unit may differ. */
function signatureOf(shape: FamilyShape): string {
  let signature = signatures.get(shape);
  if (signature === undefined) {
    const { type, labelNames, mode = '', bounds = [], native, quantiles, window } = shape;
    signature = JSON.stringify([type, labelNames, mode, bounds, native, quantiles, window]);
    signatures.set(shape, signature);
  }
  return signature;
}

/** All series of one name, of all writers. */
export class MergedFamily {
  readonly shape: FamilyShape;
  readonly signature: string;
  /** The shape object that the last series came with. */
  lastShape: FamilyShape;
  series: MergedSeries[] = [];
  /** Made when it is needed: while all series are from one view, each is a new one. */
  #index: SeriesIndex | undefined;
  #onlyView: StoreView | undefined;
  readonly #seriesMax: number;
  /** Of series that have a single value. */
  readonly #column = new ValueColumn();
  /** Counters only; made when it is needed. */
  #sources: CounterSources | undefined;
  #hasParts = false;
  #shown: MergedSeries[] = [];
  #family: Family | undefined;

  constructor(shape: FamilyShape, signature: string) {
    this.shape = shape;
    this.lastShape = shape;
    this.signature = signature;
    this.#seriesMax = shape.seriesMax ?? SERIES_PER_METRIC_MAX;
  }

  add(stored: StoredSeries): void {
    this.lastShape = stored.shape;
    if (isRemoved(stored)) return;
    const worker = this.shape.mode === 'per worker' ? String(stored.view.workerIndex) : undefined;
    const series = this.#seriesFor(stored, worker);
    series.addSource(stored);
    if (stored.part !== undefined) this.#hasParts = true;
    else if (series instanceof MergedScalar) this.#sources?.add(stored, series.at);
  }

  #seriesFor(stored: StoredSeries, worker: string | undefined): MergedSeries {
    const { view, labelValues } = stored;
    if (this.series.length === 0) this.#onlyView = view;
    const isNew =
      this.#index === undefined && this.#onlyView === view && view.distinct && stored.part === undefined;
    if (isNew && this.series.length < this.#seriesMax) return this.#make(labelValues, worker);
    return this.#seriesOf(labelValues, worker);
  }

  #seriesOf(labelValues: readonly string[], worker: string | undefined): MergedSeries {
    this.#index ??= new SeriesIndex(this.series);
    const known = this.#index.find(labelValues, worker);
    if (known !== undefined) return known;
    const overflow = this.#overflowOf(labelValues);
    // Writers keep to the limit each for itself; what they have together may be more.
    if (this.series.length >= this.#seriesMax && overflow !== undefined)
      return this.#seriesOf(overflow, worker);
    return this.#make(labelValues, worker);
  }

  #make(labelValues: readonly string[], worker: string | undefined): MergedSeries {
    const extraLabels = worker === undefined ? undefined : ([['worker', worker]] as const);
    const series = mergedSeries(this.shape, labelValues, extraLabels, this.#column, this.series.length);
    this.series.push(series);
    this.#index?.add(series);
    return series;
  }

  /** The labels of the series that takes what is beyond the limit; undefined where these are they. */
  #overflowOf(labelValues: readonly string[]): readonly string[] | undefined {
    const kept = this.shape.closedLabels ?? [];
    const overflow = labelValues.map((value, i) => (kept.includes(i) ? value : OVERFLOW_VALUE));
    return overflow.every((value, i) => value === labelValues[i]) ? undefined : overflow;
  }

  letGo(isGone: (source: StoredSeries) => boolean): void {
    for (const series of this.series) series.letGo(isGone);
    this.#sources = undefined;
  }

  /** Drops series that no writer has; returns how many are left. */
  dropEmpty(): number {
    const left = this.series.filter(({ hasSource }) => hasSource);
    if (left.length < this.series.length) {
      // Another list: somebody may be writing the one before, slice by slice.
      this.series = left;
      for (const [at, series] of left.entries()) if (series instanceof MergedScalar) series.moveTo(at);
      this.#sources = undefined;
      this.#index = undefined;
      this.#onlyView = undefined;
      this.#family = undefined;
    }
    return left.length;
  }

  /** Adds the writers up; undefined where there is nothing to show. */
  refresh(nowMs: number, expired: Expired[]): Family | undefined {
    const { type, mode, expireAfterMs } = this.shape;
    if (type === 'counter' && mode === undefined && expireAfterMs === undefined) {
      const sources = this.#counterSources();
      // What was erased is taken off source by source.
      if (!sources.hasErased) return this.#refreshColumn(sources);
    }
    const { shape } = this;
    const layout = layoutOf(shape);
    const expiry = shape.expireAfterMs ?? Number.POSITIVE_INFINITY;
    return this.#show((series) => {
      if (!series.refresh(shape, layout, nowMs)) return false;
      if (layout.touchedAt < 0) return true;
      const touchedMs = series.touchedMs(layout.touchedAt);
      if (nowMs - touchedMs <= expiry) return true;
      expired.push({ shape, labelValues: series.labelValues, touchedMs });
      return false;
    });
  }

  #counterSources(): CounterSources {
    if (this.#sources === undefined) {
      this.#sources = new CounterSources();
      for (const [at, series] of this.series.entries())
        for (const source of series.sources()) this.#sources.add(source, at);
    }
    return this.#sources;
  }

  #refreshColumn(sources: CounterSources): Family | undefined {
    const { series } = this;
    const counted = sources.addUp(this.#column, series.length);
    if (this.#hasParts) for (const one of series) if (one instanceof MergedScalar) one.refreshExemplar();
    // Nothing is to be done about the series while all of them are shown, and have been.
    const all = counted === series.length && this.#shown === series && this.#family !== undefined;
    return all ? this.#family : this.#show((_, at) => sources.counting[at] === 1);
  }

  /** Shows the series of which `isShown` says so, having brought each up to date. */
  #show(isShown: (series: MergedSeries, at: number) => boolean): Family | undefined {
    let same = this.#family !== undefined;
    const before = this.#shown.length;
    let count = 0;
    let removed = 0;
    for (const [at, series] of this.series.entries()) {
      const shown = isShown(series, at);
      if (shown) {
        if (same && count < before && this.#shown[count] !== series) same = false;
        count++;
      } else if (series.isRemoved) removed++;
      series.shown = shown;
    }
    if (removed >= REMOVED_COUNT_MIN && removed > this.series.length * REMOVED_SHARE) {
      this.letGo(isRemoved);
      this.dropEmpty();
      same = false;
    }
    if (!same || count < before) {
      // While all are shown, their list is the list.
      const all = count === this.series.length;
      this.#shown = all ? this.series : this.series.filter(({ shown }) => shown);
      this.#family = familyOf(this.shape, this.#shown, all ? this.#column : undefined);
    } else if (count > before) {
      // Those that are shown already are the first ones; what is new comes behind them.
      let at = 0;
      for (const series of this.series) if (series.shown && at++ >= before) this.#shown.push(series);
    }
    return count === 0 ? undefined : this.#family;
  }
}

/**
 * Series by their labels. The keys are hashes of the label values: a joined string for each series would take as
 * much memory as the series.
 */
class SeriesIndex {
  readonly #byHash = new Map<number, MergedSeries | MergedSeries[]>();

  constructor(series: readonly MergedSeries[]) {
    for (const one of series) this.add(one);
  }

  find(labelValues: readonly string[], worker: string | undefined): MergedSeries | undefined {
    const found = this.#byHash.get(hashOf(labelValues));
    if (found === undefined) return undefined;
    if (Array.isArray(found)) return found.find((one) => isSeries(one, labelValues, worker));
    return isSeries(found, labelValues, worker) ? found : undefined;
  }

  add(series: MergedSeries): void {
    const hash = hashOf(series.labelValues);
    const found = this.#byHash.get(hash);
    if (found === undefined) this.#byHash.set(hash, series);
    else if (Array.isArray(found)) found.push(series);
    else this.#byHash.set(hash, [found, series]);
  }
}

function isSeries(series: MergedSeries, labelValues: readonly string[], worker: string | undefined): boolean {
  if (series.extraLabels?.[0]?.[1] !== worker) return false;
  const own = series.labelValues;
  for (let i = 0; i < labelValues.length; i++) if (own[i] !== labelValues[i]) return false;
  return true;
}

/** FNV-1a over UTF-16 units, in 30 bits, which takes no memory of its own in a map. */
function hashOf(labelValues: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < labelValues.length; i++) {
    const value = labelValues[i]!;
    for (let at = 0; at < value.length; at++) hash = Math.imul(hash ^ value.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ 0xffff, 0x01000193); // where one value ends
  }
  return (hash ^ (hash >>> 17)) & 0x3fff_ffff;
}

function familyOf(
  { type, name, help, unit, labelNames, bounds = [], quantiles = [] }: FamilyShape,
  series: readonly MergedSeries[],
  column: ValueColumn | undefined,
): Family {
  const base = { name, help, unit, labelNames };
  // Each type of family has series of its class: see mergedSeries.
  switch (type) {
    case 'histogram':
      return { ...base, type, bounds, series: series as readonly MergedHistogram[] };
    case 'summary':
      return { ...base, type, quantiles, series: series as readonly MergedSummary[] };
    default: {
      const scalars = series as readonly MergedScalar[];
      if (column === undefined) return { ...base, type, series: scalars };
      return {
        ...base,
        type,
        series: scalars,
        // The array is another one when it has grown.
        get values() {
          return column.values;
        },
      };
    }
  }
}
