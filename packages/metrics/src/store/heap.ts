/** The store of one process: slots in ordinary memory. */
import {
  Blocks,
  type FamilyShape,
  isRemoved,
  layoutOf,
  markRemoved,
  type Part,
  type Slots,
  type Store,
  StoredSeries,
  type StoreView,
  slotsOfPart,
} from './store.ts';

const PAGE_SLOTS = 512;
/** How many removed series there must be, and what share, before their entries are given up. */
const COMPACT_COUNT_MIN = 256;
const COMPACT_SHARE = 0.5;

export class HeapStore implements Store, StoreView {
  series: StoredSeries[] = [];
  compactions = 0;
  /** Until a series is removed: it may come again, and the one before is still in the list. */
  distinct = true;
  readonly live = true;
  readonly workerIndex = 0;
  #page = new Float64Array(PAGE_SLOTS);
  #blocks = new Blocks(this.#page, this, false);
  #used = 0;
  #removed = 0;

  allocate(shape: FamilyShape, labelValues: readonly string[], createdMs: number, part?: Part): StoredSeries {
    const count = part === undefined ? layoutOf(shape).size : slotsOfPart(part);
    if (this.#used + count > this.#page.length) {
      this.#page = new Float64Array(Math.max(PAGE_SLOTS, count));
      this.#blocks = new Blocks(this.#page, this, false);
      this.#used = 0;
    }
    const stored = new StoredSeries(this.#blocks.of(shape), this.#used, labelValues, createdMs, part);
    this.#used += count;
    this.series.push(stored);
    return stored;
  }

  release(slots: Slots): void {
    markRemoved(slots);
    this.distinct = false;
    this.#removed++;
    if (this.#removed < COMPACT_COUNT_MIN || this.#removed < this.series.length * COMPACT_SHARE) return;
    this.series = this.series.filter((stored) => !isRemoved(stored));
    this.#removed = 0;
    this.compactions++;
  }

  /** When each series began to count, by its slots. */
  createdTimes(): Map<Float64Array, Map<number, number>> {
    const times = new Map<Float64Array, Map<number, number>>();
    for (const { values, index, createdMs } of this.series) {
      let inPage = times.get(values);
      if (inPage === undefined) {
        inPage = new Map();
        times.set(values, inPage);
      }
      inPage.set(index, createdMs);
    }
    return times;
  }

  /** There are no other writers. */
  erase(): void {}

  /** What is to go is released by who has asked for it. */
  erasedOf(): ReadonlySet<Slots> {
    return new Set();
  }

  async settled(): Promise<void> {}
}
