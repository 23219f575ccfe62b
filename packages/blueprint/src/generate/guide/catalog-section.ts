/** The tables of metrics: what each service counts, of which type, with which labels. */
import type { LabelDomain } from '@binnacle/promql';
import type { CatalogEntry, ServiceCatalog } from '../../catalog/catalog-data.ts';
import type { Config } from '../../config/config.ts';
import { code, inline, paragraphs, table } from '../../markdown.ts';
import { compare } from '../../order.ts';

/** Values of a closed label that are listed; of more the first ones stand for all. */
const VALUES_MAX = 8;

/** One table for each service whose metrics are known, and a word on those whose are not. */
export function catalogSection(config: Config, catalogs: readonly ServiceCatalog[]): string {
  const known = new Set(catalogs.filter(({ metrics }) => metrics.length > 0).map(({ service }) => service));
  const unknown = config.services.filter(({ name }) => !known.has(name));
  return paragraphs(
    ...catalogs
      .filter(({ metrics }) => metrics.length > 0)
      .flatMap((catalog) => [
        `### Metrics of ${inline(catalog.service)}`,
        table(
          ['Metric', 'Type', 'Unit', 'Labels', 'What it is'],
          [...catalog.metrics]
            .sort((a, b) => compare(a.name, b.name))
            .map((metric) => [
              code(metric.name),
              metric.type,
              inline(metric.unit ?? ''),
              labelsText(metric),
              inline(metric.help),
            ]),
        ),
        buckets(catalog.metrics),
      ]),
    unknown.length === 0
      ? ''
      : `What ${unknown.map(({ name }) => code(name)).join(', ')} count${unknown.length === 1 ? 's' : ''} is not known: name the metrics in the configuration, or ask the running service with ${code('npx binnacle catalog --from URL')}.`,
  );
}

function labelsText({ labels }: CatalogEntry): string {
  if (labels === undefined) return 'not known';
  return Object.entries(labels)
    .map(([name, domain]) => `${code(name)}${valuesText(domain)}`)
    .join('; ');
}

function valuesText(domain: LabelDomain): string {
  if (domain === 'open') return '';
  const shown = domain.slice(0, VALUES_MAX).map((value) => (value === '' ? 'none' : inline(value)));
  return `: ${shown.join(', ')}${domain.length > VALUES_MAX ? `, and ${domain.length - VALUES_MAX} more` : ''}`;
}

function buckets(metrics: readonly CatalogEntry[]): string {
  return metrics
    .filter(({ bounds }) => bounds !== undefined && bounds.length > 0)
    .map(({ name, bounds = [] }) => `Buckets of ${code(name)}: ${bounds.join(', ')}.`)
    .join('\n\n');
}
