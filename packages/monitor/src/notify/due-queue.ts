/**
 * What is due when: a binary heap, so that ten thousand groups cost a few comparisons each.
 *
 * An item is put in again when its time changes; the older place is not looked for, but passed over when it comes
 * up, because it no longer has the time that the item says.
 */

interface Place<T> {
  readonly dueMs: number;
  /** Items that are due at the same time come in the order in which they were put in. */
  readonly order: number;
  readonly item: T;
}

/** Items in the order in which they are due. */
export class DueQueue<T> {
  readonly #heap: Place<T>[] = [];
  readonly #dueMsOf: (item: T) => number | undefined;
  #order = 0;

  /** @param dueMsOf when an item is due as things are; undefined when it is not */
  constructor(dueMsOf: (item: T) => number | undefined) {
    this.#dueMsOf = dueMsOf;
  }

  /** Puts an item in at the time that it says, or does nothing when it is not due at any. */
  put(item: T): void {
    const dueMs = this.#dueMsOf(item);
    if (dueMs === undefined) return;
    const heap = this.#heap;
    const place = { dueMs, order: this.#order++, item };
    let at = heap.length;
    heap.push(place);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(place, heap[parent])) break;
      swap(heap, at, parent);
      at = parent;
    }
  }

  /** When the first item is due. */
  nextMs(): number | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#dueMsOf(first.item) === first.dueMs) return first?.dueMs;
      this.#removeFirst();
    }
  }

  /** Takes out the first item that is due by a time. */
  take(nowMs: number): T | undefined {
    const dueMs = this.nextMs();
    if (dueMs === undefined || dueMs > nowMs) return undefined;
    const item = this.#heap[0]?.item;
    this.#removeFirst();
    return item;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      const child = isBefore(heap[right], heap[left]) ? right : left;
      if (!isBefore(heap[child], last)) return;
      swap(heap, at, child);
      at = child;
    }
  }
}

function isBefore<T>(a: Place<T> | undefined, b: Place<T> | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

function swap<T>(heap: T[], i: number, j: number): void {
  const a = heap[i];
  const b = heap[j];
  if (a === undefined || b === undefined) return;
  heap[i] = b;
  heap[j] = a;
}
