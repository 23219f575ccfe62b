/**
 * A catalog that was seen, beside one that was told.
 *
 * What a service exposes says less than its definitions do: the values that a label has had so far and not those that
 * it can have, an info metric as a gauge, no unit in the text format. Where the two do not contradict each other, what
 * was told holds for what was seen as well, so that their difference has only what really differs.
 */
import type { LabelDomain } from '@binnacle/promql';
import type { CatalogEntry, ServiceCatalog } from './catalog-data.ts';

/**
 * Catalogs that were seen, in the words of those that were told.
 * @param seen with the values of all labels, as `catalogFromFamilies` has them with `closedValuesMax: Infinity`
 */
export function inWordsOf(
  told: readonly ServiceCatalog[],
  seen: readonly ServiceCatalog[],
): ServiceCatalog[] {
  return seen.map((catalog) => {
    const other = told.find(({ service }) => service === catalog.service);
    const entries = new Map(other?.metrics.map((entry) => [entry.name, entry]));
    return { ...catalog, metrics: catalog.metrics.map((entry) => entryAs(entries.get(entry.name), entry)) };
  });
}

/** What formats that do not know a type write in its place. */
const WRITTEN_AS: Readonly<Partial<Record<CatalogEntry['type'], readonly CatalogEntry['type'][]>>> = {
  info: ['gauge', 'unknown'],
  stateset: ['gauge', 'unknown'],
};

function entryAs(told: CatalogEntry | undefined, seen: CatalogEntry): CatalogEntry {
  if (told === undefined) return { ...seen, ...opened(seen) };
  const type = WRITTEN_AS[told.type]?.includes(seen.type) === true ? told.type : seen.type;
  const { unit = told.unit, form: seenForm, bounds = told.bounds, quantiles = told.quantiles } = seen;
  const labels = labelsAs(told.labels, seen.labels);
  // The text format has no native buckets, so that classic ones alone say nothing against them.
  const form = seenForm === undefined || told.form === 'both' ? told.form : seenForm;
  return {
    name: seen.name,
    type,
    help: seen.help === '' ? told.help : seen.help,
    ...(labels !== undefined && { labels }),
    ...(unit !== undefined && { unit }),
    ...(form !== undefined && { form }),
    ...(bounds !== undefined && { bounds }),
    ...(quantiles !== undefined && { quantiles }),
    ...(told.everySeries === true && { everySeries: true }),
  };
}

/** Nobody has said which values the labels can have. */
function opened({ labels }: CatalogEntry): Pick<CatalogEntry, 'labels'> {
  if (labels === undefined) return {};
  return { labels: Object.fromEntries(Object.keys(labels).map((name) => [name, 'open'])) };
}

type Labels = Readonly<Record<string, LabelDomain>>;

function labelsAs(told: Labels | undefined, seen: Labels | undefined): Labels | undefined {
  if (seen === undefined || told === undefined) return told;
  return Object.fromEntries(
    Object.entries(seen).map(([name, values]) => [name, domainAs(told[name] ?? 'open', values)]),
  );
}

function domainAs(told: LabelDomain, seen: LabelDomain): LabelDomain {
  if (told === 'open' || seen === 'open') return told;
  return [...told, ...seen.filter((value) => !told.includes(value))];
}
