/**
 * Where values live. A metric asks its store for slots and writes to them; it does not know whether they lie in
 * this process or in a file that other processes read.
 */
import type { MetricType } from '../model/family.ts';

/**
 * How a gauge is added up over processes. The live modes count only processes that are running; `mostrecent`
 * is the value that was set last, by a process that may be gone; `per worker` is a series for each process.
 */
export type GaugeMode = 'live sum' | 'live max' | 'live min' | 'mostrecent' | 'per worker';

/** What all series of one name have in common, as the store keeps it. */
export interface FamilyShape {
  readonly name: string;
  readonly type: Extract<MetricType, 'counter' | 'gauge' | 'histogram' | 'info'>;
  readonly help: string;
  readonly unit: string;
  readonly labelNames: readonly string[];
  /** Gauges only. */
  readonly mode?: GaugeMode;
  /** Histograms only: increasing upper bounds without `+Inf`. */
  readonly bounds?: readonly number[];
}

/**
 * How many slots a series of the family takes:
 *
 *     counter, info            value
 *     gauge                    value, and in mode `mostrecent` the Unix milliseconds at which it was set
 *     histogram                a count per bucket, `+Inf` last, then the sum
 */
export function slotsPerSeries(shape: FamilyShape): number {
  if (shape.type === 'histogram') return (shape.bounds?.length ?? 0) + 2;
  return shape.mode === 'mostrecent' ? 2 : 1;
}

/** Consecutive slots: `values[index]` and what follows. */
export interface Slots {
  readonly values: Float64Array;
  readonly index: number;
}

export interface Store {
  /** Slots for a series that this store does not have yet, all 0. Never throws: what cannot be stored is counted. */
  allocate(shape: FamilyShape, labelValues: readonly string[], createdMs: number): Slots;
}

/** A series as a store shows it to whoever adds series up. */
export interface StoredSeries extends Slots {
  readonly shape: FamilyShape;
  readonly labelValues: readonly string[];
  readonly createdMs: number;
  /** Equal for equal label values of one family, and for no others. */
  readonly key: string;
  /** A sum of several writers: the slot behind a counter's value or a histogram's sum holds what rounding lost. */
  readonly compensated: boolean;
}

/** What one writer (a thread, or all that are gone) has counted. */
export interface StoreView {
  readonly series: readonly StoredSeries[];
  /** Whether the writer is running. */
  readonly live: boolean;
  readonly workerIndex: number;
}

/** The key of {@link StoredSeries}; the lengths in front make it injective. */
export function labelKey(labelValues: readonly string[]): string {
  let key = '';
  for (const value of labelValues) key += `${value.length}:${value}`;
  return key;
}
