/** What is known of the series of an expression without evaluating it. */
import { LabelSet } from './label-set.ts';
import { ONE, type Unit } from './unit.ts';

/**
 * What the values are. `counter`: they only grow, but for resets; buckets, counts and sums of histograms are counters
 * too. `gauge`: they go up and down. `histogram`: native histograms. `constant`: numbers that the query itself says.
 */
export type SampleKind = 'counter' | 'gauge' | 'histogram' | 'constant' | 'unknown';

/** What is known of an expression, or of all series of a name. */
export interface Facts {
  readonly kind: SampleKind;
  /** Whether the series of several sources were put together, so that resets of one can no longer be seen. */
  readonly aggregated: boolean;
  /** Whether the values are the growth of a counter within a range, as `rate` and `increase` give it. */
  readonly growth?: boolean;
  /** Whether all values are 1, there for their labels: what is multiplied with them stays what it was. */
  readonly info?: boolean;
  /** Without the metric name. */
  readonly labels: LabelSet;
  /** Of the values; undefined when it is not known. */
  readonly unit: Unit | undefined;
  /** Of what histogram buckets count; undefined when it is not known, or there are none. */
  readonly observed: Unit | undefined;
  /** The name of the series that the values come from, where they come from those of one name. */
  readonly metric?: string;
}

/** Nothing is known. */
export const UNKNOWN: Facts = {
  kind: 'unknown',
  aggregated: false,
  labels: LabelSet.UNKNOWN,
  unit: undefined,
  observed: undefined,
};

/** A number. */
export const CONSTANT: Facts = {
  kind: 'constant',
  aggregated: false,
  labels: LabelSet.NONE,
  unit: undefined,
  observed: undefined,
};

/** A gauge of something that has no unit. */
export const PLAIN_GAUGE: Facts = {
  kind: 'gauge',
  aggregated: false,
  labels: LabelSet.UNKNOWN,
  unit: ONE,
  observed: undefined,
};
