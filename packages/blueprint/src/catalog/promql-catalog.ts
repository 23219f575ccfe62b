/** The catalogs of services as the PromQL checker takes them. */
import { Catalog, type LabelDomain } from '@binnacle/promql';
import type { ServiceCatalog } from './catalog-data.ts';

/**
 * What the checker is to know of some services: of one, for what is bound to it, or of all of a monitor.
 *
 * Of one service all is exact. Of several, `job` and the labels of targets have the values of all of them, and what is
 * said of a metric of several services is what may hold for any. A service without metrics in its catalog, since it
 * gave no definitions, still has its `up`.
 */
export function toPromqlCatalog(catalogs: readonly ServiceCatalog[]): Catalog {
  const targetLabels: Record<string, LabelDomain> = {};
  if (catalogs.length > 0) targetLabels.job = sorted(catalogs.map(({ job }) => job));
  const names = sorted(catalogs.flatMap((catalog) => Object.keys(catalog.targetLabels)));
  // An empty value says that a target may be without the label.
  for (const name of names)
    targetLabels[name] = sorted(catalogs.map((catalog) => catalog.targetLabels[name] ?? ''));
  return Catalog.of(
    catalogs.flatMap(({ metrics }) => metrics),
    { targetLabels },
  );
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
