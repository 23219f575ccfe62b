/**
 * Columns: what expressions evaluate to.
 *
 * A query is evaluated on a grid of times. A column is one series on the grid: a value per step and a byte that
 * says whether the step has a value at all, since an absent step is not a NaN. The expression's operators work on
 * whole columns, so that labels are looked at once per series and not once per step.
 */
import { type Labels, METRIC_NAME, type NativeHistogram } from '@binnacle/metrics/model';
import { QueryError } from '../value.ts';

/** Labels that describe the metric and not the thing that was measured; they go with the name. */
export const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

/** Evaluation times: `startMs + i * stepMs` for `i` below `count`. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** `histograms[i]`, where defined, is sample `i`, and the number in its place has no meaning. */
export type Histograms = readonly (NativeHistogram | undefined)[];

/** One series on a grid. */
export interface Column {
  readonly labels: Labels;
  /**
   * Whether the metric name is to go from the result. It goes at the very end, so that operations in between can
   * still tell series of different names apart.
   */
  readonly dropName: boolean;
  readonly values: Float64Array;
  /** 1 where there is a value. */
  readonly present: Uint8Array;
  /** Absent where the column holds numbers only. Says nothing of steps that have no value. */
  readonly histograms?: Histograms;
}

/** One series with its own times, for functions over windows; no staleness markers. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Absent where the series holds numbers only. */
  readonly histograms?: Histograms;
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
    .map(({ labels, dropName, values, histograms }) => ({
      labels,
      dropName,
      values: new Float64Array(count).fill(values[0]!),
      present: new Uint8Array(count).fill(1),
      ...(histograms !== undefined && { histograms: new Array(count).fill(histograms[0]) }),
    }));
}

/** The columns with their numbers only; those that hold no number are left out. */
export function floatsOnly(columns: readonly Column[]): readonly Column[] {
  if (columns.every(({ histograms }) => histograms === undefined)) return columns;
  return columns
    .map((column) => {
      const { labels, dropName, values, present, histograms } = column;
      if (histograms === undefined) return column;
      const isFloat = present.map((bit, i) => (histograms[i] === undefined ? bit : 0));
      return { labels, dropName, values, present: isFloat };
    })
    .filter((column) => column.histograms === undefined && !isEmpty(column));
}

/** The histogram of a column at a step. */
export function histogramAt({ present, histograms }: Column, step: number): NativeHistogram | undefined {
  return histograms !== undefined && present[step] === 1 ? histograms[step] : undefined;
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
  const histograms =
    target.histograms === undefined && column.histograms === undefined
      ? undefined
      : Array.from(copy.present, (_, i) => target.histograms?.[i]);
  for (let i = 0; i < column.present.length; i++) {
    if (column.present[i] === 0) continue;
    if (copy.present[i] === 1)
      throw new QueryError('execution', 'vector cannot contain metrics with the same labelset');
    copy.present[i] = 1;
    copy.values[i] = column.values[i]!;
    if (histograms !== undefined) histograms[i] = column.histograms?.[i];
  }
  return histograms === undefined ? copy : { ...copy, histograms };
}
