/** Whether two catalog entries say the same, whatever the order in which they say it. */
import type { CatalogMetric } from '@binnacle/promql';

/** Whether two entries say the same. The order of labels and of the values of a closed one has no meaning. */
export function sameEntry(a: CatalogMetric, b: CatalogMetric): boolean {
  return canonical(a) === canonical(b);
}

function canonical(metric: CatalogMetric): string {
  const labels = Object.entries(metric.labels ?? {})
    .map(([name, values]) => [name, values === 'open' ? values : [...values].sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(
    Object.entries({ ...metric, labels: metric.labels === undefined ? null : labels }).sort(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  );
}
