/**
 * What a metric keeps to itself and other parts of this package need to find: which registry it counts in, what
 * its series look like, and which labels are fixed. A registered symbol, because a metric that was made by the
 * CommonJS copy of this package is also read by the ESM copy.
 */
import type { LabelSpec, LabelValues, ResolvedLabel } from './labels.ts';
import type { Registry } from './registry.ts';
import type { FamilyShape } from './store/store.ts';

/** The key under which a metric has its {@link Inside}. */
export const INSIDE: unique symbol = Symbol.for('@binnacle/metrics/inside/v1');

/** The part of a metric that is not for its users. */
export interface Inside {
  readonly registry: Registry;
  readonly shape: FamilyShape;
  /** The metric's own labels with their values, for whoever checks what is asked of it. */
  readonly labels: readonly ResolvedLabel[];
  /** The labels that `bind` has fixed, empty for a whole metric. */
  readonly fixed: Readonly<Record<string, string>>;
}

/** The same for a metric of which the type knows the labels. */
export interface InsideOf<L extends LabelSpec> extends Inside {
  /**
   * Never there, and only for the compiler: methods alone would let a metric stand where one with fewer labels is
   * wanted, since their parameters are compared in both directions.
   */
  readonly takes?: (labels: LabelValues<L>) => LabelValues<L>;
}

/** What every metric is, whole or narrowed. */
export interface Metric {
  readonly name: string;
  readonly [INSIDE]: Inside;
}
