/**
 * The catalog as data: which metrics each service really has. It comes from metric definitions, from a running
 * `/metrics` or from a catalog file in the repository; checks, documents and differences are made from it.
 */
import type { CatalogMetric } from '@binnacle/promql';

/** A metric family with what people are told of it. */
export interface CatalogEntry extends CatalogMetric {
  /** Empty when nothing is said. */
  readonly help: string;
}

/** The metrics of one service. */
export interface ServiceCatalog {
  /** Its name in the configuration. */
  readonly service: string;
  /** The value of `job` on its series. */
  readonly job: string;
  /** Labels that its targets add, beside `job` and `instance`. */
  readonly targetLabels: Readonly<Record<string, string>>;
  /** By name. */
  readonly metrics: readonly CatalogEntry[];
}
