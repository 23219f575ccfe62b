/** The catalog of a running service: what its `/metrics` shows, as far as series can tell. */
import type { LabelDomain } from '@binnacle/promql';
import type { CatalogEntry, ServiceCatalog } from './catalog-data.ts';
import { byName } from './catalogs-of.ts';

/** A family as a service exposes it. */
export interface ScrapedFamily {
  /** As it is queried; of histograms and summaries without `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  readonly type: CatalogEntry['type'];
  /** Empty when nothing is said. */
  readonly help: string;
  /** Empty when nothing is said. */
  readonly unit: string;
  /** The labels of each of its series, without `le` and `quantile`. */
  readonly series: readonly Readonly<Record<string, string>>[];
  /** Histograms: the upper bounds of the classic buckets, without infinity. */
  readonly bounds?: readonly number[];
  /** Histograms: which series there are. */
  readonly form?: CatalogEntry['form'];
  /** Summaries. */
  readonly quantiles?: readonly number[];
}

/** How series are read. */
export interface ScrapedOptions {
  /**
   * A label with at most so many values is taken for a closed list of those. Default 0: every label is open, since a
   * running service shows what has happened so far and not what can happen.
   */
  readonly closedValuesMax?: number;
}

/** Whose metrics these are: the service's part of the catalog. */
export type CatalogOwner = Omit<ServiceCatalog, 'metrics'>;

/** The catalog of a service from what it exposes. */
export function catalogFromFamilies(
  owner: CatalogOwner,
  families: Iterable<ScrapedFamily>,
  options: ScrapedOptions = {},
): ServiceCatalog {
  return { ...owner, metrics: byName([...families].map((family) => entryOf(family, options))) };
}

function entryOf(family: ScrapedFamily, { closedValuesMax = 0 }: ScrapedOptions): CatalogEntry {
  const { name, type, help, unit, series, bounds, form, quantiles } = family;
  return {
    name,
    type,
    help,
    // Without a series nothing is known of its labels.
    ...(series.length > 0 && { labels: labelsOf(series, closedValuesMax) }),
    ...(unit !== '' && { unit }),
    ...(form !== undefined && { form }),
    ...(bounds !== undefined && bounds.length > 0 && { bounds }),
    ...(quantiles !== undefined && { quantiles }),
  };
}

function labelsOf(
  series: readonly Readonly<Record<string, string>>[],
  closedValuesMax: number,
): Readonly<Record<string, LabelDomain>> {
  const names = new Set(series.flatMap((labels) => Object.keys(labels)));
  const domains: Record<string, LabelDomain> = {};
  for (const name of [...names].sort()) {
    // A series without the label has it with an empty value, as Prometheus sees it.
    const values = new Set(series.map((labels) => labels[name] ?? ''));
    domains[name] = values.size <= closedValuesMax ? [...values].sort() : 'open';
  }
  return domains;
}
