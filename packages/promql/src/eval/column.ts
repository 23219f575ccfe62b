/**
 * Columns: what expressions evaluate to.
 *
 * A query is evaluated on a grid of times. A column is one series on the grid: a value per step and a byte that
 * says whether the step has a value at all, since an absent step is not a NaN. The expression's operators work on
 * whole columns, so that labels are looked at once per series and not once per step.
 */
import { type Labels, METRIC_NAME } from '@binnacle/metrics/model';
import { QueryError } from '../value.ts';

/** Labels that describe the metric and not the thing that was measured; they go with the name. */
export const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

/** Evaluation times: `startMs + i * stepMs` for `i` below `count`. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** One series on a grid. */
export interface Column {
  readonly labels: Labels;
  /**
   * Whether the metric name is to go from the result. It goes at the very end, so that operations in between can
   * still tell series of different names apart.
   */
  readonly dropName: boolean;
  readonly values: Float64Array;
  /** 1 where `values` has a value. */
  readonly present: Uint8Array;
}

/** One series with its own times, for functions over windows; no staleness markers. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** A column without values. */
export function emptyColumn(labels: Labels, dropName: boolean, count: number): Column {
  return { labels, dropName, values: new Float64Array(count), present: new Uint8Array(count) };
}

/** Values and marks that one slab holds: half a megabyte. */
const SLAB_SLOTS = 1 << 16;

/**
 * Makes columns out of shared arrays: two allocations for many series, since each one costs about a microsecond and
 * work for the garbage collector.
 */
export class ColumnSlab {
  readonly #count: number;
  #left: number;
  #values = new Float64Array();
  #present = new Uint8Array();
  #at = 0;

  /**
   * @param count steps of a column
   * @param columns how many columns will be asked for
   */
  constructor(count: number, columns: number) {
    this.#count = count;
    this.#left = columns;
  }

  /** A column without values. */
  next(labels: Labels, dropName: boolean): Column {
    const count = this.#count;
    if (this.#at + count > this.#values.length) {
      const slots = count * Math.max(1, Math.min(this.#left, Math.floor(SLAB_SLOTS / count)));
      this.#values = new Float64Array(slots);
      this.#present = new Uint8Array(slots);
      this.#at = 0;
    }
    this.#left--;
    const from = this.#at;
    this.#at += count;
    const values = this.#values.subarray(from, this.#at);
    return { labels, dropName, values, present: this.#present.subarray(from, this.#at) };
  }
}

/** The times of a grid's steps. */
export function timeAt(grid: Grid, step: number): number {
  return grid.startMs + step * grid.stepMs;
}

/** Whether a column has any value. */
export function isEmpty(column: Column): boolean {
  return column.present.indexOf(1) < 0;
}

/** Spreads columns of one step over `count` steps. */
export function spread(columns: readonly Column[], count: number): Column[] {
  return columns
    .filter((column) => column.present[0] === 1)
    .map(({ labels, dropName, values }) => ({
      labels,
      dropName,
      values: new Float64Array(count).fill(values[0]!),
      present: new Uint8Array(count).fill(1),
    }));
}

/** Equal for columns that will have the same labels in the end, as long as their labels are the same now. */
export function identity({ labels, dropName }: Column): string {
  return dropName ? `-${labels.key}` : labels.key;
}

/**
 * Makes one column of those that have the same labels. Columns of which one will lose its name stay apart.
 * @throws QueryError when two of them have a value at the same step
 */
export function mergeSameLabels(columns: Column[]): Column[] {
  const byKey = new Map<string, Column>();
  let merged = false;
  for (const column of columns) {
    const key = identity(column);
    const first = byKey.get(key);
    if (first === undefined) {
      byKey.set(key, column);
      continue;
    }
    merged = true;
    byKey.set(key, mergeInto(first, column));
  }
  return merged ? [...byKey.values()] : columns;
}

/**
 * Two columns as one; the arrays may belong to somebody else and stay as they are.
 * @throws QueryError when both have a value at the same step
 */
export function mergeInto(target: Column, column: Column): Column {
  const copy = { ...target, values: target.values.slice(), present: target.present.slice() };
  for (let i = 0; i < column.present.length; i++) {
    if (column.present[i] === 0) continue;
    if (copy.present[i] === 1)
      throw new QueryError('execution', 'vector cannot contain metrics with the same labelset');
    copy.present[i] = 1;
    copy.values[i] = column.values[i]!;
  }
  return copy;
}
