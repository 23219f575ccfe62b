/** Queries to begin with, made of the metrics that the services really have. */
import type { CatalogEntry, ServiceCatalog } from '../../catalog/catalog-data.ts';
import type { Config } from '../../config/config.ts';
import { code, inline, paragraphs, table } from '../../markdown.ts';

/** Queries for one service; the metrics of a service beyond them are asked in the same way. */
const PER_SERVICE_MAX = 12;

/** A table of queries for the whole system, and one for each service with a catalog. */
export function queriesSection(config: Config, catalogs: readonly ServiceCatalog[]): string {
  return paragraphs(
    table(
      ['Question', 'Query'],
      [
        ['Which targets do not answer?', 'up == 0'],
        ['How long does a scrape take?', 'max by (job) (scrape_duration_seconds)'],
        ['How many series does each job have?', 'sum by (job) (scrape_samples_scraped)'],
        ['What fires?', 'ALERTS{alertstate="firing"}'],
        ...(config.slos.length > 0 ? [['Which budgets burn?', 'ALERTS{slo!=""}']] : []),
      ].map(([question = '', query = '']) => [question, code(query)]),
    ),
    ...catalogs.flatMap((catalog) => {
      const rows = catalog.metrics
        .flatMap((metric) => questionsOf(metric, catalog.job))
        .slice(0, PER_SERVICE_MAX);
      return rows.length === 0
        ? []
        : [`About ${inline(catalog.service)}:`, table(['Question', 'Query'], rows)];
    }),
  );
}

/** The question that a metric of a type answers first. */
function questionsOf({ name, type, labels, help, form }: CatalogEntry, job: string): [string, string][] {
  const about = inline(help.replace(/\.$/, '') || name);
  const selector = `{job=${JSON.stringify(job)}}`;
  const by = Object.keys(labels ?? {})[0];
  const grouped = by === undefined ? 'sum' : `sum by (${by}) `;
  switch (type) {
    case 'counter':
      return [[`${about}, per second`, code(`${grouped}(rate(${name}${selector}[5m]))`)]];
    case 'histogram':
      return form === 'native'
        ? [[`${about}, 95th percentile`, code(`histogram_quantile(0.95, sum(rate(${name}${selector}[5m])))`)]]
        : [
            [
              `${about}, 95th percentile`,
              code(`histogram_quantile(0.95, sum by (le) (rate(${name}_bucket${selector}[5m])))`),
            ],
          ];
    case 'summary':
      return [
        [
          `${about}, mean`,
          code(`sum(rate(${name}_sum${selector}[5m])) / sum(rate(${name}_count${selector}[5m]))`),
        ],
      ];
    case 'gauge':
      return [[about, code(`${grouped}(${name}${selector})`)]];
    default:
      return [];
  }
}
