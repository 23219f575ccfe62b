/** What a registry needs to know of a metric of this package, and nobody else. */
import type { MetricObject } from './metric.ts';
import type { Series } from './series.ts';
import type { Storage } from './storage.ts';
import type { Family, TextOutput } from './text.ts';

/** The key under which a metric has its {@link Inside}; metrics that programs make themselves have none. */
export const INSIDE: unique symbol = Symbol('@binnacle/prom-client/inside');

/** The part of a metric that is for registries. */
export interface Inside {
  readonly storage: Storage<Series>;
  /** Whether `get()` is this package's own, so that nothing is to be found out by calling it. */
  readonly isPlain: boolean;
  /** The metric with its values in this process, as they are. */
  object(): MetricObject;
  /** Writes the values of this process. */
  write(out: TextOutput): void;
  /** Writes the values of all processes. */
  writeFamily(out: TextOutput, family: Family): void;
}
