/**
 * Adding processes up: the views of all writers become the families that are exposed.
 *
 * Counters and histograms are sums over every writer, running or gone, so that they never fall. Gauges follow
 * their mode. An info series is there while a running writer says so.
 *
 * A merger remembers which series of which writers belong together, so that merging again only adds numbers:
 *
 *     writers 1 and 2      a_total{l="x"} 3   a_total{l="y"} 1        a_total{l="x"} 4
 *     merged               a_total{l="x"} ← slot of 1, slot of 2      a_total{l="y"} ← slot of 1
 *
 * What writers add later is taken in as it comes. Only when a writer is gone from the views, or writers disagree,
 * is everything put together anew. Families and series keep their identity as long as they are shown, and a
 * family's `series` only grows while the family is the same object; a format's writer may keep what it has
 * prepared of them.
 *
 * A sum is carried in two doubles, the rounded sum and what rounding lost (Knuth's two-sum), and so it is kept
 * when writers that are gone are folded together. Otherwise adding the same numbers in another order, as every
 * fold makes it happen, could give a sum that is smaller in its last digit, which a monitor would take for a
 * restart of the counter.
 *
 * Writers of different versions of a service may overlap. Where they disagree about a family, the newest
 * running one decides, and the series of the others are left out and counted: adding histograms with other
 * buckets would give numbers that nobody observed.
 */
import type { Family, HistogramSeries, ScalarSeries } from '../exposition/families.ts';
import type { FamilyShape, StoredSeries, StoreView } from './store.ts';

export interface Merged {
  /** Sorted by name. Their values are those of this merging until the next one. */
  readonly families: readonly Family[];
  /** Series that were left out because their family has another shape elsewhere. */
  readonly conflicts: number;
}

export class Merger {
  readonly #families = new Map<string, MergedFamily>();
  /** How many series of each view are taken in. */
  readonly #taken = new Map<StoreView, number>();
  #conflicts = 0;

  /**
   * Adds views up, oldest first. The slots of a view that is not given are not touched: their memory may be gone.
   * The same view is to be given as the same object, its `series` only growing.
   */
  merge(views: readonly StoreView[]): Merged {
    const given = new Set(views);
    const gone = [...this.#taken.keys()].some((view) => !given.has(view));
    if (gone || this.#conflicts > 0 || !views.every((view) => this.#take(view))) this.#startOver(views);
    const families: Family[] = [];
    for (const family of this.#families.values()) {
      const shown = family.refresh();
      if (shown !== undefined) families.push(shown);
    }
    return { families: families.sort(byName), conflicts: this.#conflicts };
  }

  /** The families of the last merging, before their sums are rounded. */
  get merged(): Iterable<MergedFamily> {
    return this.#families.values();
  }

  /** Takes in what is new in a view; false where it disagrees with what is known. */
  #take(view: StoreView, deciding?: ReadonlyMap<string, string>): boolean {
    const from = this.#taken.get(view) ?? 0;
    this.#taken.set(view, view.series.length);
    for (let i = from; i < view.series.length; i++) {
      const stored = view.series[i]!;
      const { name } = stored.shape;
      const signature = signatureOf(stored.shape);
      let family = this.#families.get(name);
      if (deciding !== undefined && deciding.get(name) !== signature) {
        this.#conflicts++;
        continue;
      }
      if (family?.signature !== signature) {
        if (family !== undefined && deciding === undefined) return false;
        family = new MergedFamily(stored.shape, signature);
        this.#families.set(name, family);
      }
      family.add(stored, view);
    }
    return true;
  }

  #startOver(views: readonly StoreView[]): void {
    this.#taken.clear();
    this.#conflicts = 0;
    for (const family of this.#families.values()) family.forgetSources();
    const deciding = decidingSignatures(views);
    for (const view of views) this.#take(view, deciding);
    for (const [name, family] of this.#families)
      if (family.forgetSeriesWithoutSource() === 0) this.#families.delete(name);
  }
}

function byName(a: Family, b: Family): number {
  return a.name < b.name ? -1 : 1;
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
    signature = JSON.stringify([shape.type, shape.labelNames, shape.mode ?? '', shape.bounds ?? []]);
    signatures.set(shape, signature);
  }
  return signature;
}

/** One writer's part in a series. */
interface Source {
  readonly stored: StoredSeries;
  readonly view: StoreView;
}

/** A series of all writers; it is what is exposed of them. */
export class MergedSeries implements ScalarSeries, HistogramSeries {
  readonly labelValues: readonly string[];
  readonly extraLabels: readonly (readonly [string, string])[] | undefined;
  /** Of counters and histograms. */
  createdMs: number | undefined;
  /** The value, or the sum of a histogram, rounded. */
  value = 0;
  /** Histograms: observations per bucket. Empty for all others. */
  readonly counts: Float64Array;
  /** The sum, and what rounding it has lost. */
  total = 0;
  low = 0;
  /** Gauges in mode `mostrecent`: when the value was set; 0 when it never was. */
  setMs = 0;
  shown = false;
  // Most series have one writer; an array for each of them would cost more than all the rest.
  #first: Source | undefined;
  #more: Source[] | undefined;

  constructor(labelValues: readonly string[], extraLabels: MergedSeries['extraLabels'], buckets: number) {
    this.labelValues = labelValues;
    this.extraLabels = extraLabels;
    this.counts = buckets === 0 ? NO_COUNTS : new Float64Array(buckets);
  }

  get sum(): number {
    return this.value;
  }

  get hasSource(): boolean {
    return this.#first !== undefined;
  }

  addSource(source: Source, timed: boolean): void {
    if (timed) this.createdMs = Math.min(this.createdMs ?? Number.POSITIVE_INFINITY, source.stored.createdMs);
    if (this.#first === undefined) this.#first = source;
    else if (this.#more === undefined) this.#more = [source];
    else this.#more.push(source);
  }

  forgetSources(): void {
    this.#first = undefined;
    this.#more = undefined;
    this.createdMs = undefined;
  }

  /** Adds the writers up; says whether there is something to show. */
  refresh({ type, mode }: FamilyShape): boolean {
    this.total = 0;
    this.low = 0;
    this.setMs = 0;
    if (type === 'histogram') this.counts.fill(0);
    let any = false;
    if (this.#first !== undefined) any = this.#addSource(this.#first, type, mode, any);
    if (this.#more !== undefined)
      for (const source of this.#more) any = this.#addSource(source, type, mode, any);
    this.value = this.total + this.low;
    return any;
  }

  #addSource(
    { stored, view }: Source,
    type: FamilyShape['type'],
    mode: FamilyShape['mode'],
    any: boolean,
  ): boolean {
    const { values, index } = stored;
    switch (type) {
      case 'counter':
        this.#addExactly(stored, index);
        return true;
      case 'histogram': {
        const buckets = this.counts.length;
        for (let i = 0; i < buckets; i++) this.counts[i]! += values[index + i]!;
        this.#addExactly(stored, index + buckets);
        return true;
      }
      case 'info':
        if (!view.live || values[index] !== 1) return any;
        this.total = 1;
        return true;
      case 'gauge':
        return mode === 'mostrecent'
          ? this.#latest(values, index, any)
          : this.#ofRunning(view, values[index]!, mode, any);
    }
  }

  #latest(values: Float64Array, index: number, any: boolean): boolean {
    const setMs = values[index + 1]!;
    if (setMs === 0) return any; // never set
    if (setMs >= this.setMs) {
      this.setMs = setMs;
      this.total = values[index]!;
    }
    return true;
  }

  #ofRunning(view: StoreView, value: number, mode: FamilyShape['mode'], any: boolean): boolean {
    if (!view.live) return any;
    if (!any) this.total = value;
    else if (mode === 'live max') this.total = Math.max(this.total, value);
    else if (mode === 'live min') this.total = Math.min(this.total, value);
    else this.total += value;
    return true;
  }

  /** Adds the slot at `at`, and behind it what rounding had lost when writers were folded into it. */
  #addExactly(stored: StoredSeries, at: number): void {
    const term = stored.values[at]!;
    const sum = this.total + term;
    const part = sum - this.total;
    const lost = this.total - (sum - part) + (term - part);
    this.total = sum;
    // Infinities and NaN lose nothing; their difference would spoil the sum.
    if (Number.isFinite(lost)) this.low += lost;
    if (stored.compensated) this.low += stored.values[at + 1]!;
  }
}

const NO_COUNTS = new Float64Array(0);

/** A family of all writers. */
export class MergedFamily {
  readonly shape: FamilyShape;
  readonly signature: string;
  /** In order of appearance. */
  readonly series: MergedSeries[] = [];
  readonly #byKey = new Map<string, MergedSeries>();
  readonly #buckets: number;
  readonly #timed: boolean;
  #shown: MergedSeries[] = [];
  #family: Family | undefined;

  constructor(shape: FamilyShape, signature: string) {
    this.shape = shape;
    this.signature = signature;
    this.#buckets = shape.type === 'histogram' ? (shape.bounds?.length ?? 0) + 1 : 0;
    this.#timed = shape.type === 'counter' || shape.type === 'histogram';
  }

  add(stored: StoredSeries, view: StoreView): void {
    const worker = this.shape.mode === 'per worker' ? String(view.workerIndex) : undefined;
    const key = worker === undefined ? stored.key : `${stored.key}${worker}`;
    let series = this.#byKey.get(key);
    if (series === undefined) {
      const extraLabels = worker === undefined ? undefined : ([['worker', worker]] as const);
      series = new MergedSeries(stored.labelValues, extraLabels, this.#buckets);
      this.#byKey.set(key, series);
      this.series.push(series);
    }
    series.addSource({ stored, view }, this.#timed);
  }

  forgetSources(): void {
    for (const series of this.series) series.forgetSources();
  }

  /** Returns how many series are left. */
  forgetSeriesWithoutSource(): number {
    for (const [key, series] of this.#byKey) if (!series.hasSource) this.#byKey.delete(key);
    if (this.#byKey.size < this.series.length) {
      this.series.splice(0, this.series.length, ...this.#byKey.values());
      this.#family = undefined;
    }
    return this.series.length;
  }

  /** Adds the writers up; undefined where there is nothing to show. */
  refresh(): Family | undefined {
    let same = this.#family !== undefined;
    const before = this.#shown.length;
    let count = 0;
    for (const series of this.series) {
      const shown = series.refresh(this.shape);
      if (shown) {
        if (same && count < before && this.#shown[count] !== series) same = false;
        count++;
      }
      series.shown = shown;
    }
    if (!same || count < before) {
      this.#shown = this.series.filter(({ shown }) => shown);
      this.#family = familyOf(this.shape, this.#shown);
    } else if (count > before) {
      // Those that are shown already are the first ones; what is new comes behind them.
      let at = 0;
      for (const series of this.series) if (series.shown && at++ >= before) this.#shown.push(series);
    }
    return count === 0 ? undefined : this.#family;
  }
}

function familyOf(
  { type, name, help, unit, labelNames, bounds = [] }: FamilyShape,
  series: readonly MergedSeries[],
): Family {
  const base = { name, help, unit, labelNames };
  return type === 'histogram' ? { ...base, type, bounds, series } : { ...base, type, series };
}
