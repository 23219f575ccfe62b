/** Metric families: what all series of one name have in common. */

/** The types that the exposition formats know; `unknown` is text format's `untyped`. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'info' | 'stateset' | 'unknown';

/** What is known of a family beside its series. */
export interface Metadata {
  readonly type: MetricType;
  /** What the metric means; may be empty. */
  readonly help: string;
  /** A base unit such as `seconds`; empty when the family has none. */
  readonly unit: string;
}
