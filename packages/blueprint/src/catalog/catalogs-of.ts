/** The catalog of a configuration: what the metric definitions of its services say. */
import { catalogOf } from '@binnacle/promql';
import type { Config, Service } from '../config/config.ts';
import type { CatalogEntry, ServiceCatalog } from './catalog-data.ts';

/** The catalogs of all services, in the order of the configuration. One without definitions has no metrics. */
export function catalogsOf(config: Pick<Config, 'services'>): ServiceCatalog[] {
  return config.services.map((service) => catalogOfService(service));
}

function catalogOfService({ name, job, labels, metrics }: Service): ServiceCatalog {
  return { service: name, job, targetLabels: labels, metrics: byName(catalogOf(metrics)) };
}

/** Entries by name, each name once. */
export function byName(entries: Iterable<CatalogEntry>): CatalogEntry[] {
  const first = new Map<string, CatalogEntry>();
  for (const entry of entries) if (!first.has(entry.name)) first.set(entry.name, entry);
  return [...first.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
