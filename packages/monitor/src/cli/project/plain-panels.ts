/**
 * Panels for metrics of which only the type is known: how fast counters grow, what gauges say, what most observations of
 * a histogram stay below. `binnacle init` writes them for what it does not recognise.
 */
import type { CatalogEntry, ScrapedFamily } from '@binnacle/blueprint';
import { quote } from '@binnacle/promql';

/** The rows of such panels, in their order. */
export const PLAIN_ROWS = ['Counters', 'Gauges', 'Distributions'] as const;

/** A panel that is still text, to be written into a configuration. */
export interface PlainPanel {
  readonly row: (typeof PLAIN_ROWS)[number];
  readonly title: string;
  /** PromQL, with Grafana's macro for the range of rates. */
  readonly expr: string;
  readonly metric: CatalogEntry;
  /** Grafana's unit, where the metric does not say it. */
  readonly unit?: string;
  /** What it means, where the metric does not say it. */
  readonly description?: string;
}

/** What panels of each row show, before the name of a metric. */
const MEANINGS: Readonly<Record<PlainPanel['row'], string>> = {
  Counters: 'How much is added per second to',
  Gauges: 'What there is of',
  Distributions: 'What is observed by',
};

/** So many lines can be told apart. */
const LINES_MAX = 8;
/** The labels that say most, the first that a metric has. */
const TELLING = ['status', 'outcome', 'result', 'state', 'type', 'reason', 'kind', 'method', 'queue', 'name'];

/** A panel for each metric that has something to show, by type. Info metrics and state sets have no course. */
export function plainPanels(
  metrics: readonly CatalogEntry[],
  families: readonly ScrapedFamily[],
  job: string,
): PlainPanel[] {
  const byName = new Map(families.map((family) => [family.name, family]));
  const titles = new Set<string>();
  return metrics.flatMap((metric) => {
    const panel = panelOf(metric, byName.get(metric.name)?.series ?? [], job);
    if (panel === undefined) return [];
    // A panel is known by its row and title.
    const title = titles.has(panel.row + panel.title) ? metric.name : panel.title;
    titles.add(panel.row + title);
    const { help } = metric;
    return [
      { ...panel, title, ...(help === '' && { description: `${MEANINGS[panel.row]} ${metric.name}.` }) },
    ];
  });
}

type Series = ScrapedFamily['series'];

function panelOf(metric: CatalogEntry, series: Series, job: string): PlainPanel | undefined {
  const { name, type } = metric;
  if (!/^[a-zA-Z_:][\w:]*$/.test(name)) return undefined;
  const bound = (suffix = '', matcher = ''): string => `${name}${suffix}{job=${quote(job)}${matcher}}`;
  const by = tellingLabel(series);
  const grouped = (aggregation: string, expr: string): string =>
    by === undefined ? `${aggregation}(${expr})` : `${aggregation} by (${by}) (${expr})`;
  switch (type) {
    case 'counter':
      return {
        row: 'Counters',
        title: titleOf(name),
        expr: grouped('sum', `rate(${bound()}[$__rate_interval])`),
        metric,
      };
    case 'gauge':
    case 'unknown':
      // The text format has no word for an info metric.
      if (name.endsWith('_info')) return undefined;
      if (/_(timestamp|time)_seconds$/.test(name))
        return {
          row: 'Gauges',
          title: `Time since ${titleOf(name.replace(/_(timestamp|time)_seconds$/, '')).toLowerCase()}`,
          expr: `time() - ${grouped('max', bound())}`,
          metric,
          unit: 's',
        };
      return {
        row: 'Gauges',
        title: titleOf(name),
        expr: grouped(isShare(name) ? 'max' : 'sum', bound()),
        metric,
      };
    case 'histogram':
      // Text shows no native buckets, so that of some histograms there is only how many and how much.
      if (metric.form !== 'native' && metric.bounds === undefined) return meanOf(metric, bound);
      return {
        row: 'Distributions',
        title: `${titleOf(name)}, 95th percentile`,
        expr:
          metric.form === 'native'
            ? `histogram_quantile(0.95, sum(rate(${bound()}[$__rate_interval])))`
            : `histogram_quantile(0.95, sum by (le) (rate(${bound('_bucket')}[$__rate_interval])))`,
        metric,
      };
    case 'summary':
      return meanOf(metric, bound);
    case 'info':
    case 'stateset':
      return undefined;
  }
}

function meanOf(metric: CatalogEntry, bound: (suffix: string) => string): PlainPanel {
  const rate = (suffix: string): string => `sum(rate(${bound(suffix)}[$__rate_interval]))`;
  return {
    row: 'Distributions',
    title: `${titleOf(metric.name)}, mean`,
    expr: `${rate('_sum')} / ${rate('_count')}`,
    metric,
  };
}

/** What cannot be added up: the worst of all instances is shown. */
function isShare(name: string): boolean {
  return /_(ratio|celsius|percent|lag\w*_seconds)$/.test(name);
}

/** A label by which there are some lines and not too many; undefined where one line is best. */
function tellingLabel(series: Series): string | undefined {
  const names = [...new Set(series.flatMap((labels) => Object.keys(labels)))];
  const few = names.filter((name) => {
    const count = new Set(series.map((labels) => labels[name] ?? '')).size;
    return count > 1 && count <= LINES_MAX && /^[a-zA-Z_]\w*$/.test(name);
  });
  return TELLING.find((name) => few.includes(name)) ?? few.sort()[0];
}

/** `http_request_duration_seconds` becomes `Http request duration`: the unit stands at the axis. */
function titleOf(name: string): string {
  const words = name
    .replace(/_total$/, '')
    .replace(/_(seconds|bytes|ratio|celsius)$/, '')
    .replaceAll(/[_:]+/g, ' ')
    .trim();
  const title = words === '' ? name : words;
  return `${title[0]!.toUpperCase()}${title.slice(1)}`;
}
