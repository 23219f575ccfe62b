/**
 * The values of a family's series, one behind the other, and adding counters up without touching the series.
 *
 *     slots of writer 1   … 3 … 1 …          index  4 9     target  0 1
 *     slots of writer 2   … 1 …              index  7       target  0
 *     values              4 1
 *
 * A reading of 100,000 counters that asks 100,000 objects, each of which asks another, waits for memory most of the
 * time. Here each writer's slots are walked through in the order in which they lie.
 */
import { type Block, isRemovedAt, layoutOf, type StoredSeries } from './store.ts';

const FIRST_LENGTH = 16;
/** How much larger an array becomes that is full; most families are as large from their first scrape on. */
const GROWTH = 1.3;

/** A value for each series of a family; replaced by a longer one as series come. */
export class ValueColumn {
  values = new Float64Array(0);

  /** Makes room for so many series. */
  reserve(count: number): void {
    if (count > this.values.length) this.values = grown(this.values, count, Float64Array);
  }
}

/** Where the values of a family's series are to be found in one array of slots. */
interface BlockSources {
  /** Parallel: the index of a slot, and of the series that it counts for. */
  indexes: Int32Array;
  targets: Int32Array;
  count: number;
}

/** The sources of all series of a family of counters. */
export class CounterSources {
  readonly #byBlock = new Map<Block, BlockSources>();
  #count = 0;
  #compensated = false;
  #lows = new Float64Array(0);
  /** 1 for each series of which a source counts; of the last adding up. */
  counting = new Uint8Array(0);

  add({ block, index }: StoredSeries, target: number): void {
    let sources = this.#byBlock.get(block);
    if (sources === undefined) {
      sources = { indexes: new Int32Array(FIRST_LENGTH), targets: new Int32Array(FIRST_LENGTH), count: 0 };
      this.#byBlock.set(block, sources);
    }
    const { count } = sources;
    if (count === sources.indexes.length) {
      sources.indexes = grown(sources.indexes, count + 1, Int32Array);
      sources.targets = grown(sources.targets, count + 1, Int32Array);
    }
    sources.indexes[count] = index;
    sources.targets[count] = target;
    sources.count++;
    this.#count++;
    this.#compensated ||= block.compensated;
  }

  /** Whether something was erased from a source that goes on counting: then baselines are to be taken off. */
  get hasErased(): boolean {
    for (const block of this.#byBlock.keys()) if (block.erased) return true;
    return false;
  }

  /**
   * Adds the sources up; returns of how many of the first `count` series a source counts. Sums are carried like
   * those of `merged-series.ts`, in two doubles.
   */
  addUp(column: ValueColumn, count: number): number {
    column.reserve(count);
    if (this.counting.length < count) this.counting = grown(this.counting, count, Uint8Array);
    const single = this.#count === count && !this.#compensated;
    return single ? this.#copy(column.values) : this.#sum(column.values, count);
  }

  /** Each series has one source. */
  #copy(values: Float64Array): number {
    let counted = 0;
    for (const [{ values: slots }, { indexes, targets, count }] of this.#byBlock) {
      for (let i = 0; i < count; i++) {
        const index = indexes[i]!;
        const target = targets[i]!;
        const value = slots[index]!;
        const counts = Number.isNaN(value) && isRemovedAt(slots, index) ? 0 : 1;
        values[target] = value;
        this.counting[target] = counts;
        counted += counts;
      }
    }
    return counted;
  }

  #sum(values: Float64Array, count: number): number {
    if (this.#lows.length < count) this.#lows = new Float64Array(values.length);
    const lows = this.#lows;
    const { counting } = this;
    values.fill(0);
    lows.fill(0);
    counting.fill(0);
    let counted = 0;
    for (const [block, sources] of this.#byBlock) {
      const { values: slots, compensated } = block;
      const { size } = layoutOf(block.shape);
      const { indexes, targets } = sources;
      for (let i = 0; i < sources.count; i++) {
        const index = indexes[i]!;
        const term = slots[index]!;
        if (Number.isNaN(term) && isRemovedAt(slots, index)) continue;
        const target = targets[i]!;
        counted += 1 - counting[target]!;
        counting[target] = 1;
        const total = values[target]!;
        const sum = total + term;
        const part = sum - total;
        const lost = total - (sum - part) + (term - part);
        values[target] = sum;
        // Infinities and NaN lose nothing; their difference would spoil the sum.
        if (lost !== 0 && Number.isFinite(lost)) lows[target]! += lost;
        if (compensated) lows[target]! += slots[index + size]!;
      }
    }
    for (let i = 0; i < count; i++) values[i]! += lows[i]!;
    return counted;
  }
}

/** A longer array with the same contents. */
function grown<T extends Float64Array | Int32Array | Uint8Array>(
  array: T,
  lengthMin: number,
  make: new (length: number) => T,
): T {
  const larger = new make(Math.max(FIRST_LENGTH, lengthMin, Math.ceil(array.length * GROWTH)));
  larger.set(array);
  return larger;
}
