/** What the parts of the monitor ask of storage beyond queries: to take samples. */
import type { Labels, NativeHistogram } from '@binnacle/metrics/model';
import type { LabelQueryable, Queryable } from '@binnacle/promql/storage';

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** A staleness marker: `value` has no meaning, the series has ended. */
  readonly stale?: boolean;
  /**
   * A native histogram; `value` has no meaning. Rules record what storage gave them, so a storage that has none, as the
   * monitor's own, is handed none.
   */
  readonly histogram?: NativeHistogram;
}

/** What became of a batch. Refused samples are not an exception: the rest was stored. */
export interface AppendResult {
  readonly appended: number;
  /** Not newer than what the series already holds. */
  readonly outOfOrder: number;
}

/** Storage that takes samples. */
export interface Appendable {
  /**
   * Stores the samples of one source (a target, a rule group) at one time: when the promise resolves they are
   * in the log and visible to queries. Rejects with a StorageError when the log cannot be written; then
   * nothing of the batch is visible.
   */
  append(source: string, timestampMs: number, samples: readonly Sample[]): Promise<AppendResult>;
}

/** The storage that the monitor's main thread works with. */
export interface Storage extends Queryable, LabelQueryable, Appendable {}

/** The series of a source in a fixed order, made once and used for as long as the source exposes just these. */
export interface Layout {
  readonly source: string;
  /** None twice. */
  readonly series: readonly Labels[];
}

/** Storage that takes whole columns: what scraping writes, without an object per sample. */
export interface ColumnAppendable {
  /**
   * As `append`; `values[i]` is the sample of `layout.series[i]`. A staleness marker is written into it with
   * `writeStaleAt`. The array is the caller's again when the promise has settled. Storage remembers what it
   * found out about a layout by the object itself.
   */
  appendColumn(layout: Layout, timestampMs: number, values: Float64Array): Promise<AppendResult>;
}
