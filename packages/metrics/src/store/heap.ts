/** The store of one process: slots in ordinary memory. */
import {
  type FamilyShape,
  labelKey,
  type Slots,
  type Store,
  type StoredSeries,
  type StoreView,
  slotsPerSeries,
} from './store.ts';

const PAGE_SLOTS = 512;

export class HeapStore implements Store, StoreView {
  readonly series: StoredSeries[] = [];
  readonly live = true;
  readonly workerIndex = 0;
  #page = new Float64Array(PAGE_SLOTS);
  #used = 0;

  allocate(shape: FamilyShape, labelValues: readonly string[], createdMs: number): Slots {
    const count = slotsPerSeries(shape);
    if (this.#used + count > this.#page.length) {
      this.#page = new Float64Array(Math.max(PAGE_SLOTS, count));
      this.#used = 0;
    }
    const slots = { values: this.#page, index: this.#used };
    this.#used += count;
    this.series.push({
      ...slots,
      shape,
      labelValues,
      createdMs,
      key: labelKey(labelValues),
      compensated: false,
    });
    return slots;
  }
}
