/**
 * A series of all writers, added up: what is exposed of it.
 *
 * A sum is carried in two doubles, the rounded sum and what rounding lost (Knuth's two-sum), and so it is kept
 * when writers that are gone are folded together. Otherwise adding the same numbers in another order, as every
 * fold makes it happen, could give a sum that is smaller in its last digit, which a monitor would take for a
 * restart of the counter.
 *
 * What was erased from a writer that goes on running is taken off again: its slots held a baseline when that
 * happened, and only what has come since then counts.
 */
import type { Exemplar, HistogramSeries, ScalarSeries, SummarySeries } from '../exposition/families.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import { exemplarTimeMs, readExemplar } from './exemplar-slots.ts';
import { addPage, addWindows, nativeOf, QuantileEstimate, type SparseCounts } from './merged-buckets.ts';
import {
  type FamilyShape,
  isRemoved,
  layoutOf,
  type Part,
  type SeriesLayout,
  type StoredSeries,
  type StoreView,
} from './store.ts';
import type { ValueColumn } from './value-column.ts';

type ExtraLabels = readonly (readonly [string, string])[] | undefined;

/** A sum before it is rounded. */
export interface ExactSum {
  /** Rounded. */
  total: number;
  /** What rounding has lost. */
  low: number;
}

/**
 * The part that all types of series have in common. There is one for each series, so what most of them do not have
 * takes no memory.
 */
export abstract class MergedSeries {
  readonly labelValues: readonly string[];
  declare readonly extraLabels?: ExtraLabels;
  shown = false;
  // Most series have one writer; an array for each of them would cost more than all the rest.
  protected first: StoredSeries | undefined = undefined;
  declare protected more?: StoredSeries[] | undefined;
  /** Buckets and exemplars. */
  declare protected parts?: StoredSeries[] | undefined;

  constructor(labelValues: readonly string[], extraLabels: ExtraLabels) {
    this.labelValues = labelValues;
    if (extraLabels !== undefined) this.extraLabels = extraLabels;
  }

  /** Adds the writers up; says whether there is something to show. */
  abstract refresh(shape: FamilyShape, layout: SeriesLayout, nowMs: number): boolean;

  /** Unix milliseconds; of what lasts beyond its writers. */
  get createdMs(): number | undefined {
    const { first, more } = this;
    if (first === undefined || !isTimed(first.shape)) return undefined;
    let createdMs = Number.POSITIVE_INFINITY;
    if (!isRemoved(first)) createdMs = first.createdMs;
    if (more !== undefined)
      for (const source of more) if (!isRemoved(source)) createdMs = Math.min(createdMs, source.createdMs);
    return createdMs;
  }

  get hasSource(): boolean {
    return this.first !== undefined;
  }

  addSource(stored: StoredSeries): void {
    if (stored.part !== undefined) {
      this.parts ??= [];
      this.parts.push(stored);
    } else if (this.first === undefined || isRemoved(this.first)) this.first = stored;
    else if (this.more === undefined) this.more = [stored];
    else this.more.push(stored);
  }

  /** Whether every writer that had the series has removed it. */
  get isRemoved(): boolean {
    for (const source of this.sources()) if (!isRemoved(source)) return false;
    return true;
  }

  /** Lets go of sources that are gone. */
  letGo(isGone: (source: StoredSeries) => boolean): void {
    const { first, more } = this;
    if (this.parts !== undefined) {
      const parts = this.parts.filter((part) => !isGone(part));
      this.parts = parts.length > 0 ? parts : undefined;
    }
    if (more === undefined) {
      if (first !== undefined && isGone(first)) this.first = undefined;
      return;
    }
    const left = [...this.sources()].filter((source) => !isGone(source));
    this.first = left.shift();
    this.more = left.length > 0 ? left : undefined;
  }

  /** When any writer has used the series last. */
  touchedMs(touchedAt: number): number {
    let latest = 0;
    for (const source of this.sources())
      if (counts(source)) latest = Math.max(latest, source.values[source.index + touchedAt]!);
    return latest;
  }

  get hasParts(): boolean {
    return this.parts !== undefined;
  }

  /** The sources and parts of these views that count, for whoever folds them. */
  countingIn(views: ReadonlySet<StoreView>): StoredSeries[] {
    const found: StoredSeries[] = [];
    const take = (source: StoredSeries) => {
      if (views.has(source.view) && counts(source)) found.push(source);
    };
    if (this.first !== undefined) take(this.first);
    this.more?.forEach(take);
    this.parts?.forEach(take);
    return found;
  }

  /** Leaves the sum of the slot at `at` over all writers in {@link adder}. */
  protected addUp(at: number, compensating: boolean): void {
    adder.clear();
    if (this.first !== undefined) adder.add(this.first, at, compensating);
    if (this.more !== undefined) for (const source of this.more) adder.add(source, at, compensating);
  }

  *sources(): Generator<StoredSeries, void, undefined> {
    if (this.first !== undefined) yield this.first;
    if (this.more !== undefined) yield* this.more;
  }
}

function isTimed({ type }: FamilyShape): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary';
}

/** Whether slots say something: they are not removed, and since they were erased somebody has used them. */
function counts(source: StoredSeries): boolean {
  const { values, index, baseline } = source;
  const first = values[index]!;
  if (baseline === undefined) return !Number.isNaN(first) || !isRemoved(source);
  if (isRemoved(source)) return false;
  const used = baseline.length;
  for (let i = 0; i < used; i++) if (!Object.is(values[index + i], baseline[i])) return true;
  return false;
}

/** The greatest total of a counter in mode `max` among sources that count, less what was erased of it; NaN of none. */
export function greatestOf(sources: Iterable<StoredSeries>): number {
  let greatest = Number.NaN;
  for (const source of sources) {
    if (source.part !== undefined || !counts(source)) continue;
    const total = source.values[source.index]! - (source.baseline?.[0] ?? 0);
    if (!(total <= greatest)) greatest = total;
  }
  return greatest;
}

/** The sum of a slot over sources, which are added one by one. One object serves all, so that none is made. */
class ExactAdder implements ExactSum {
  total = 0;
  low = 0;
  /** How many of the sources count. */
  count = 0;

  clear(): void {
    this.total = 0;
    this.low = 0;
    this.count = 0;
  }

  /**
   * Adds the slot at `at` of a source, if it counts.
   * @param compensating whether the slot is the one for which retired files keep what rounding has lost
   */
  add(source: StoredSeries, at: number, compensating: boolean): void {
    if (!counts(source)) return;
    const { values, index, baseline } = source;
    this.count++;
    this.#addTerm(values[index + at]!);
    if (baseline !== undefined) this.#addTerm(-(baseline[at] ?? 0));
    if (compensating && source.block.compensated) this.low += values[index + layoutOf(source.shape).size]!;
  }

  #addTerm(term: number): void {
    const { total } = this;
    const sum = total + term;
    const part = sum - total;
    const lost = total - (sum - part) + (term - part);
    this.total = sum;
    // Infinities and NaN lose nothing; their difference would spoil the sum.
    if (Number.isFinite(lost)) this.low += lost;
  }
}

const adder = new ExactAdder();

/**
 * The sum of the slot at `at` of all sources that count; the object is the same each time.
 * @param compensating whether the slot is the one for which retired files keep what rounding has lost
 */
export function exactSum(
  sources: readonly StoredSeries[],
  at: number,
  compensating = true,
): Readonly<ExactSum> {
  adder.clear();
  for (const source of sources) if (source.part === undefined) adder.add(source, at, compensating);
  return adder;
}

/** A counter, a gauge, an info metric or a state. */
export class MergedScalar extends MergedSeries implements ScalarSeries {
  /** Of all series of the family: a number of each one's own would take memory of its own. */
  readonly #column: ValueColumn;
  /** Where in the column its value is, which is where it is among the family's series. */
  #at: number;
  declare exemplar?: Exemplar | undefined;

  constructor(labelValues: readonly string[], extraLabels: ExtraLabels, column: ValueColumn, at: number) {
    super(labelValues, extraLabels);
    this.#column = column;
    this.#at = at;
    column.reserve(at + 1);
  }

  get at(): number {
    return this.#at;
  }

  get value(): number {
    return this.#column.values[this.#at]!;
  }

  set value(value: number) {
    this.#column.values[this.#at] = value;
  }

  /** Takes another place, with its value, when those before it have gone; whoever was there must have moved. */
  moveTo(at: number): void {
    const { value } = this;
    this.#at = at;
    this.value = value;
  }

  refresh(shape: FamilyShape, layout: SeriesLayout): boolean {
    if (this.first === undefined) return false;
    if (shape.type === 'counter') {
      this.refreshExemplar();
      if (shape.mode === 'max') {
        this.value = greatestOf(this.sources());
        return !Number.isNaN(this.value);
      }
      this.addUp(layout.sumAt, true);
      this.value = adder.total + adder.low;
      return adder.count > 0;
    }
    if (shape.type === 'info') return this.#info();
    return shape.mode === 'mostrecent' ? this.#latest() : this.#ofRunning(shape);
  }

  refreshExemplar(): void {
    if (this.parts !== undefined || this.exemplar !== undefined)
      this.exemplar = newestExemplars(this.parts ?? [])?.[0];
  }

  #info(): boolean {
    this.value = 1;
    for (const { view, values, index } of this.sources()) if (view.live && values[index] === 1) return true;
    return false;
  }

  #latest(): boolean {
    let latestMs = 0;
    for (const source of this.sources()) {
      const setMs = source.values[source.index + 1]!;
      if (setMs === 0 || setMs < latestMs || !counts(source)) continue; // 0: never set
      latestMs = setMs;
      this.value = source.values[source.index]!;
    }
    return latestMs > 0;
  }

  #ofRunning({ mode }: FamilyShape): boolean {
    let any = 0;
    let result = 0;
    let firstWorker = Number.POSITIVE_INFINITY;
    for (const source of this.sources()) {
      if (!source.view.live || !counts(source)) continue;
      const value = source.values[source.index]!;
      any++;
      if (mode === 'live first') {
        if (source.view.workerIndex >= firstWorker) continue;
        firstWorker = source.view.workerIndex;
        result = value;
      } else if (any === 1) result = value;
      else if (mode === 'live max') result = Math.max(result, value);
      else if (mode === 'live min') result = Math.min(result, value);
      else result += value;
    }
    this.value = mode === 'live average' ? result / any : result;
    return any > 0;
  }
}

/** A histogram. */
export class MergedHistogram extends MergedSeries implements HistogramSeries {
  /** Observations per bucket. */
  readonly counts: Float64Array;
  sum = 0;
  native: NativeHistogram | undefined = undefined;
  exemplars: readonly (Exemplar | undefined)[] | undefined = undefined;

  constructor(labelValues: readonly string[], extraLabels: ExtraLabels, buckets: number) {
    super(labelValues, extraLabels);
    this.counts = new Float64Array(buckets);
  }

  refresh(shape: FamilyShape, layout: SeriesLayout): boolean {
    const { first } = this;
    if (first === undefined) return false;
    if (this.parts !== undefined || layout.zeroAt >= 0) this.#refreshParts(shape, layout);
    const buckets = layout.counts;
    if (this.more === undefined && first.baseline === undefined && !first.block.compensated) {
      const { values, index } = first;
      if (isRemoved(first)) return false;
      for (let i = 0; i < buckets; i++) this.counts[i] = values[index + i]!;
      this.sum = values[index + buckets]!;
      return true;
    }
    this.counts.fill(0);
    this.#addCounts(first);
    if (this.more !== undefined) for (const source of this.more) this.#addCounts(source);
    this.addUp(layout.sumAt, true);
    this.sum = adder.total + adder.low;
    return adder.count > 0;
  }

  #addCounts(source: StoredSeries): void {
    if (!counts(source)) return;
    const { values, index, baseline } = source;
    const buckets = this.counts.length;
    for (let i = 0; i < buckets; i++) this.counts[i]! += values[index + i]!;
    if (baseline !== undefined) for (let i = 0; i < buckets; i++) this.counts[i]! -= baseline[i]!;
  }

  #refreshParts(shape: FamilyShape, layout: SeriesLayout): void {
    const parts = this.parts ?? [];
    this.exemplars = newestExemplars(parts);
    if (shape.native === undefined) return;
    const pages: SparseCounts[] = [];
    for (const part of parts) if (isBuckets(part.part) && counts(part)) addPage(pages, part, part.part);
    this.addUp(layout.zeroAt, false);
    const zeros = adder.total;
    this.addUp(layout.sumAt, true);
    this.native = nativeOf(shape.native, pages, zeros, adder.total + adder.low);
  }
}

/** A summary. */
export class MergedSummary extends MergedSeries implements SummarySeries {
  sum = 0;
  count = 0;
  readonly quantileValues: Float64Array;

  constructor(labelValues: readonly string[], extraLabels: ExtraLabels, quantiles: number) {
    super(labelValues, extraLabels);
    this.quantileValues = new Float64Array(quantiles);
  }

  refresh(shape: FamilyShape, layout: SeriesLayout, nowMs: number): boolean {
    const sources = [...this.sources()].filter(counts);
    if (sources.length === 0) return false;
    this.addUp(layout.sumAt, true);
    this.sum = adder.total + adder.low;
    this.addUp(0, false);
    this.count = adder.total;
    const { quantiles = [], window } = shape;
    if (window === undefined) return true;
    const since = nowMs - window.lengthMs;
    const estimate = new QuantileEstimate();
    for (const source of sources) addWindows(estimate, source, layout, window, since);
    const pages: SparseCounts[] = [];
    for (const part of this.parts ?? []) {
      // A page is about the window whose start lies in front of its buckets.
      if (isBuckets(part.part) && part.values[part.index]! > since && counts(part))
        addPage(pages, part, part.part);
    }
    estimate.addPages(pages);
    for (const [i, quantile] of quantiles.entries()) this.quantileValues[i] = estimate.at(quantile);
    return true;
  }
}

function isBuckets(part: Part | undefined): part is Extract<Part, { kind: 'buckets' }> {
  return part?.kind === 'buckets';
}

/** By bucket the newest exemplar; undefined where there is none at all. */
function newestExemplars(parts: readonly StoredSeries[]): (Exemplar | undefined)[] | undefined {
  let exemplars: (Exemplar | undefined)[] | undefined;
  for (const part of parts) {
    if (part.part?.kind !== 'exemplar' || !counts(part)) continue;
    const { bucket } = part.part;
    const known = exemplars?.[bucket]?.timestampMs ?? 0;
    if (exemplarTimeMs(part) <= known) continue;
    const read = readExemplar(part);
    if (read === undefined) continue;
    exemplars ??= [];
    exemplars[bucket] = read;
  }
  return exemplars;
}

/**
 * A merged series of a family, without sources.
 * @param column the values of the family's series, of which it takes the one at `at`, where it has a single value
 */
export function mergedSeries(
  shape: FamilyShape,
  labelValues: readonly string[],
  extraLabels: ExtraLabels,
  column: ValueColumn,
  at: number,
): MergedSeries {
  if (shape.type === 'histogram')
    return new MergedHistogram(labelValues, extraLabels, layoutOf(shape).counts);
  if (shape.type === 'summary')
    return new MergedSummary(labelValues, extraLabels, shape.quantiles?.length ?? 0);
  return new MergedScalar(labelValues, extraLabels, column, at);
}
