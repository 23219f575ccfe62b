/**
 * Aggregations that take series one after the other and keep a few numbers per step: `sum`, `avg`, `min`, `max`,
 * `count`, `group`, `stddev` and `stdvar`.
 *
 * A column that was added is not kept, so that `sum by (x) (rate(y[5m]))` over ten thousand series needs the memory of
 * one column and its groups, and not of ten thousand.
 */
import type { Column } from './column.ts';

/** The aggregations that fold. */
export type FoldOp = 'avg' | 'count' | 'group' | 'max' | 'min' | 'stddev' | 'stdvar' | 'sum';

const FOLD_OPS: ReadonlySet<string> = new Set<FoldOp>([
  ...(['avg', 'count', 'group', 'max', 'min'] as const),
  ...(['stddev', 'stdvar', 'sum'] as const),
]);

/** Whether an aggregation folds. */
export function folds(op: string): op is FoldOp {
  return FOLD_OPS.has(op);
}

/** What has been seen of a group. */
export interface Fold {
  /** 1 where a column had a value. */
  readonly present: Uint8Array;
  /** The results, once it is finished. */
  readonly values: Float64Array;
  add(column: Column): void;
  /**
   * Computes the results; returns the steps, if any, at which a mean is to be computed anew over all columns, because
   * their sum is infinite.
   */
  finish(): readonly number[];
}

/** A fold of no columns yet. */
export function createFold(op: FoldOp, memory: FoldMemory): Fold {
  switch (op) {
    case 'sum':
    case 'avg':
      return new SumFold(memory, op === 'avg');
    case 'min':
    case 'max':
      return new ExtremeFold(memory, op === 'min');
    case 'count':
    case 'group':
      return new CountFold(memory, op === 'group');
    case 'stddev':
    case 'stdvar':
      return new VarianceFold(memory, op === 'stddev');
  }
}

/** Bytes that the numbers of many groups are allocated in together, at most. */
const SLAB_BYTES_MAX = 1 << 19;

/** Where groups have their numbers: an allocation for each of thousands would take longer than their arithmetic. */
export class FoldMemory {
  /** Steps of a column. */
  readonly count: number;
  #slab = new ArrayBuffer(0);
  #used = 0;

  constructor(count: number) {
    this.count = count;
  }

  /** Numbers and marks of one group, all 0. */
  take(numbers: number): { readonly numbers: readonly Float64Array[]; readonly present: Uint8Array } {
    const { count } = this;
    const column = count * Float64Array.BYTES_PER_ELEMENT;
    // Rounded up, so that the next numbers are aligned.
    const bytes = numbers * column + Math.ceil(count / 8) * 8;
    if (this.#used + bytes > this.#slab.byteLength) {
      const grown = Math.min(this.#slab.byteLength * 2, SLAB_BYTES_MAX);
      this.#slab = new ArrayBuffer(Math.max(bytes, grown - (grown % 8)));
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += bytes;
    return {
      numbers: Array.from(
        { length: numbers },
        (_, i) => new Float64Array(this.#slab, from + i * column, count),
      ),
      present: new Uint8Array(this.#slab, from + numbers * column, count),
    };
  }
}

const NO_STEPS: readonly number[] = [];

/** What all folds have. */
abstract class GroupFold implements Fold {
  readonly present: Uint8Array;
  readonly values: Float64Array;

  /** Numbers that are kept beside the values, per step. */
  protected readonly more: readonly Float64Array[];

  /** @param more how many numbers are kept beside the value of a step */
  constructor(memory: FoldMemory, more = 0) {
    const { numbers, present } = memory.take(1 + more);
    this.values = numbers[0]!;
    this.more = numbers.slice(1);
    this.present = present;
  }

  abstract add(column: Column): void;

  finish(): readonly number[] {
    return NO_STEPS;
  }
}

/** Compensated sums, as in `kahan.ts`. */
class SumFold extends GroupFold {
  readonly #lost: Float64Array;
  /** Of means only. */
  readonly #counts: Float64Array | undefined;

  constructor(memory: FoldMemory, average: boolean) {
    super(memory, average ? 2 : 1);
    this.#lost = this.more[0]!;
    this.#counts = this.more[1];
  }

  add({ values, present }: Column): void {
    const sums = this.values;
    const lost = this.#lost;
    const seen = this.present;
    // Most series have a value at every step, and then there is nothing to ask step by step.
    const whole = present.indexOf(0) < 0;
    if (whole) seen.fill(1);
    for (let step = 0; step < present.length; step++) {
      if (!whole) {
        if (present[step] === 0) continue;
        seen[step] = 1;
      }
      const value = values[step]!;
      const sum = sums[step]!;
      const next = sum + value;
      // Knuth's two-sum: what the larger one of both lost, found without asking which one that is.
      const added = next - sum;
      const rest = sum - (next - added) + (value - added);
      lost[step] = Math.abs(next) === Number.POSITIVE_INFINITY ? 0 : lost[step]! + rest;
      sums[step] = next;
    }
    const counts = this.#counts;
    if (counts !== undefined)
      for (let step = 0; step < present.length; step++) counts[step]! += present[step]!;
  }

  override finish(): readonly number[] {
    const overflowed: number[] = [];
    const { values: sums, present } = this;
    for (let step = 0; step < sums.length; step++) {
      if (present[step] === 0) continue;
      const count = this.#counts?.[step] ?? 1;
      if (this.#counts !== undefined && Math.abs(sums[step]!) === Number.POSITIVE_INFINITY)
        overflowed.push(step);
      else sums[step] = sums[step]! / count + this.#lost[step]! / count;
    }
    return overflowed;
  }
}

class ExtremeFold extends GroupFold {
  readonly #smallest: boolean;

  constructor(memory: FoldMemory, smallest: boolean) {
    super(memory);
    this.#smallest = smallest;
  }

  add({ values, present }: Column): void {
    const { values: best, present: seen } = this;
    const smallest = this.#smallest;
    for (let step = 0; step < present.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step]!;
      const known = best[step]!;
      if (seen[step] === 0 || Number.isNaN(known) || (smallest ? value < known : value > known)) {
        best[step] = value;
        seen[step] = 1;
      }
    }
  }
}

class CountFold extends GroupFold {
  readonly #group: boolean;

  constructor(memory: FoldMemory, group: boolean) {
    super(memory);
    this.#group = group;
  }

  add({ present }: Column): void {
    const { values: counts, present: seen } = this;
    for (let step = 0; step < present.length; step++) {
      counts[step]! += present[step]!;
      seen[step]! |= present[step]!;
    }
  }

  override finish(): readonly number[] {
    if (this.#group) this.values.fill(1);
    return NO_STEPS;
  }
}

/** Welford's method. */
class VarianceFold extends GroupFold {
  readonly #counts: Float64Array;
  readonly #means: Float64Array;
  readonly #deviation: boolean;

  constructor(memory: FoldMemory, deviation: boolean) {
    super(memory, 2);
    this.#counts = this.more[0]!;
    this.#means = this.more[1]!;
    this.#deviation = deviation;
  }

  add({ values, present }: Column): void {
    const squares = this.values;
    const counts = this.#counts;
    const means = this.#means;
    for (let step = 0; step < present.length; step++) {
      if (present[step] === 0) continue;
      this.present[step] = 1;
      const value = values[step]!;
      const count = counts[step]! + 1;
      counts[step] = count;
      if (count === 1) {
        means[step] = value;
        squares[step] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      const delta = value - means[step]!;
      means[step] = means[step]! + delta / count;
      squares[step] = squares[step]! + delta * (value - means[step]!);
    }
  }

  override finish(): readonly number[] {
    const squares = this.values;
    for (let step = 0; step < squares.length; step++) {
      const variance = squares[step]! / this.#counts[step]!;
      squares[step] = this.#deviation ? Math.sqrt(variance) : variance;
    }
    return NO_STEPS;
  }
}
