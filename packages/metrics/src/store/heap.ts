/** The store of one process: slots in ordinary memory. */
import {
  type FamilyShape,
  isRemoved,
  layoutOf,
  markRemoved,
  type Part,
  type Slots,
  type Store,
  type StoredSeries,
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
  readonly live = true;
  readonly workerIndex = 0;
  #page = new Float64Array(PAGE_SLOTS);
  #used = 0;
  #removed = 0;

  allocate(shape: FamilyShape, labelValues: readonly string[], createdMs: number, part?: Part): Slots {
    const count = part === undefined ? layoutOf(shape).size : slotsOfPart(part);
    if (this.#used + count > this.#page.length) {
      this.#page = new Float64Array(Math.max(PAGE_SLOTS, count));
      this.#used = 0;
    }
    const stored: StoredSeries = {
      values: this.#page,
      index: this.#used,
      shape,
      labelValues,
      createdMs,
      view: this,
      part,
      compensated: false,
      baseline: undefined,
    };
    this.#used += count;
    this.series.push(stored);
    return stored;
  }

  release(slots: Slots): void {
    markRemoved(slots);
    this.#removed++;
    if (this.#removed < COMPACT_COUNT_MIN || this.#removed < this.series.length * COMPACT_SHARE) return;
    this.series = this.series.filter((stored) => !isRemoved(stored));
    this.#removed = 0;
    this.compactions++;
  }

  /** There are no other writers. */
  erase(): void {}

  /** What is to go is released by who has asked for it. */
  erasedOf(): ReadonlySet<Slots> {
    return new Set();
  }

  async settled(): Promise<void> {}
}
