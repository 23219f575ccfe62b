/**
 * What has changed between two catalogs: between the file in the repository and the definitions, or between what was
 * agreed and what a service really shows.
 *
 * That a metric was renamed is a guess, made where one has gone, another of its type has come, and name and labels are
 * near; each metric is part of one guess at most, the surest first.
 */
import type { LabelDomain } from '@binnacle/promql';
import type { CatalogEntry, ServiceCatalog } from './catalog-data.ts';

/** What kind of change it is. */
export type CatalogChangeKind =
  | 'service-added'
  | 'service-removed'
  | 'job'
  | 'target-labels'
  | 'metric-added'
  | 'metric-removed'
  | 'metric-renamed'
  | 'type'
  | 'unit'
  | 'help'
  | 'label-added'
  | 'label-removed'
  | 'label-renamed'
  | 'values'
  | 'buckets'
  | 'form'
  | 'quantiles';

/** One change. */
export interface CatalogChange {
  readonly kind: CatalogChangeKind;
  readonly service: string;
  /** As it is called now; one that is gone as it was called. Empty for what is about the service. */
  readonly metric: string;
  /** In words, without the service: `http_requests_total: label status is gone`. */
  readonly text: string;
}

/** Two catalogs, and what lies between them. */
export interface CatalogDiff {
  readonly before: readonly ServiceCatalog[];
  readonly after: readonly ServiceCatalog[];
  /** By service and metric. */
  readonly changes: readonly CatalogChange[];
}

/** Compares the catalogs of a monitor's services, which are told apart by their names. */
export function diffCatalogs(
  before: readonly ServiceCatalog[],
  after: readonly ServiceCatalog[],
): CatalogDiff {
  const names = [...new Set([...before, ...after].map(({ service }) => service))].sort();
  const changes = names.flatMap((name) => {
    const was = before.find(({ service }) => service === name);
    const is = after.find(({ service }) => service === name);
    if (was === undefined) return [serviceChange('service-added', name, 'is new', is!)];
    if (is === undefined) return [serviceChange('service-removed', name, 'is gone', was)];
    return serviceChanges(was, is);
  });
  return { before, after, changes };
}

function serviceChange(
  kind: CatalogChangeKind,
  service: string,
  what: string,
  { metrics }: ServiceCatalog,
): CatalogChange {
  return {
    kind,
    service,
    metric: '',
    text: `the service ${what}, with ${metrics.length} ${metrics.length === 1 ? 'metric' : 'metrics'}`,
  };
}

function serviceChanges(was: ServiceCatalog, is: ServiceCatalog): CatalogChange[] {
  const { service } = is;
  const about = (kind: CatalogChangeKind, metric: string, text: string): CatalogChange => ({
    kind,
    service,
    metric,
    text: metric === '' ? text : `${metric}: ${text}`,
  });
  const changes: CatalogChange[] = [];
  if (was.job !== is.job) changes.push(about('job', '', `its job was ${was.job} and is ${is.job}`));
  const labels = [labelsText(was.targetLabels), labelsText(is.targetLabels)] as const;
  if (labels[0] !== labels[1])
    changes.push(about('target-labels', '', `its targets had ${labels[0]} and have ${labels[1]}`));
  const { gone, come, renamed, kept } = pairs(was.metrics, is.metrics);
  const ofMetrics = [
    ...gone.map(({ name }) => about('metric-removed', name, 'is gone')),
    ...come.map(({ name, type }) => about('metric-added', name, `is new, a ${type}`)),
    ...renamed.map(([from, to]) =>
      about('metric-renamed', to.name, `was ${from.name}, if name and labels are right`),
    ),
    ...[...renamed, ...kept].flatMap(([from, to]) =>
      [...entryChanges(from, to)].map(([kind, text]) => about(kind, to.name, text)),
    ),
  ];
  // The changes of one metric stay in their order.
  return [...changes, ...ofMetrics.sort((a, b) => compare(a.metric, b.metric))];
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => compare(a, b));
  return pairs.length === 0
    ? 'no labels'
    : pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
}

/** By code units: the same order everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Pair = readonly [was: CatalogEntry, is: CatalogEntry];

function pairs(
  before: readonly CatalogEntry[],
  after: readonly CatalogEntry[],
): {
  readonly gone: readonly CatalogEntry[];
  readonly come: readonly CatalogEntry[];
  readonly renamed: readonly Pair[];
  readonly kept: readonly Pair[];
} {
  const was = new Map(before.map((entry) => [entry.name, entry]));
  const is = new Map(after.map((entry) => [entry.name, entry]));
  const kept = after.flatMap((entry): Pair[] => {
    const same = was.get(entry.name);
    return same === undefined ? [] : [[same, entry]];
  });
  const gone = new Set(before.filter(({ name }) => !is.has(name)));
  const come = new Set(after.filter(({ name }) => !was.has(name)));
  const guesses = [...gone]
    .flatMap((from) => [...come].map((to) => ({ from, to, likeness: likeness(from, to) })))
    .filter((guess) => guess.likeness >= RENAMED_LIKENESS_MIN)
    // Equals in an order that is the same whichever of the two catalogs came first.
    .sort((a, b) => b.likeness - a.likeness || compare(bothNames(a), bothNames(b)));
  const renamed: Pair[] = [];
  for (const { from, to } of guesses) {
    if (!gone.has(from) || !come.has(to)) continue;
    gone.delete(from);
    come.delete(to);
    renamed.push([from, to]);
  }
  return { gone: [...gone], come: [...come], renamed, kept };
}

function bothNames({ from, to }: { readonly from: CatalogEntry; readonly to: CatalogEntry }): string {
  return JSON.stringify([from.name, to.name].sort());
}

/**
 * So alike are a metric and its new name. `http_requests_total` and `web_requests_total` with the same labels have 0.77,
 * `uploads_total` and `downloads_total`, which are two things, 0.68.
 */
const RENAMED_LIKENESS_MIN = 0.7;
/** The part of the name in the likeness; the rest is that of the labels. */
const NAME_WEIGHT = 0.75;

/** How alike two metrics are, from 0 to 1; 0 where the types differ. */
function likeness(a: CatalogEntry, b: CatalogEntry): number {
  if (a.type !== b.type) return 0;
  const names = shareInCommon(bigrams(stem(a.name)), bigrams(stem(b.name)));
  const labels = shareInCommon(Object.keys(a.labels ?? {}), Object.keys(b.labels ?? {}));
  return NAME_WEIGHT * names + (1 - NAME_WEIGHT) * labels;
}

function stem(name: string): string {
  return name.replace(/_total$/, '');
}

function bigrams(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2));
}

/** Twice what both have by what each has (Dice); 1 where both are empty. */
function shareInCommon(a: readonly string[], b: readonly string[]): number {
  if (a.length + b.length === 0) return 1;
  const left = new Map<string, number>();
  for (const item of a) left.set(item, (left.get(item) ?? 0) + 1);
  let common = 0;
  for (const item of b) {
    const count = left.get(item) ?? 0;
    if (count === 0) continue;
    common++;
    left.set(item, count - 1);
  }
  return (2 * common) / (a.length + b.length);
}

/** What has changed about one metric, its name apart. */
function* entryChanges(was: CatalogEntry, is: CatalogEntry): Generator<[CatalogChangeKind, string]> {
  if (was.type !== is.type) yield ['type', `was a ${was.type} and is a ${is.type}`];
  const units = [was.unit ?? '', is.unit ?? ''] as const;
  if (units[0] !== units[1])
    yield ['unit', `the unit was ${units[0] || 'not given'} and is ${units[1] || 'not given'}`];
  yield* labelChanges(was.labels, is.labels);
  yield* listChange('buckets', 'bucket', was.bounds, is.bounds);
  yield* listChange('quantiles', 'quantile', was.quantiles, is.quantiles);
  if (was.form !== is.form)
    yield ['form', `its buckets were ${was.form ?? 'not known'} and are ${is.form ?? 'not known'}`];
  if (was.help !== is.help) yield ['help', `the help is now ${JSON.stringify(is.help)}`];
}

function* listChange(
  kind: 'buckets' | 'quantiles',
  word: string,
  was: readonly number[] | undefined,
  is: readonly number[] | undefined,
): Generator<[CatalogChangeKind, string]> {
  // A summary or histogram that says nothing of them may still have them.
  if (was === undefined || is === undefined) return;
  const parts = comparison(was.map(String), is.map(String), word);
  if (parts !== '') yield [kind, parts];
}

type Labels = Readonly<Record<string, LabelDomain>>;

function* labelChanges(
  was: Labels | undefined,
  is: Labels | undefined,
): Generator<[CatalogChangeKind, string]> {
  if (was === undefined || is === undefined) {
    if (was !== undefined) yield ['label-removed', 'its labels are no longer known'];
    if (is !== undefined) yield ['label-added', 'its labels are now known'];
    return;
  }
  const gone = new Set(Object.keys(was).filter((name) => !(name in is)));
  const come = new Set(Object.keys(is).filter((name) => !(name in was)));
  for (const from of [...gone].sort()) {
    const to = renamedTo(was[from]!, from, gone, come, is);
    if (to === undefined) continue;
    gone.delete(from);
    come.delete(to);
    yield ['label-renamed', `label ${to} was ${from}`];
  }
  for (const name of [...gone].sort()) yield ['label-removed', `label ${name} is gone`];
  for (const name of [...come].sort()) yield ['label-added', `label ${name} is new${valuesText(is[name]!)}`];
  for (const name of Object.keys(is).sort())
    if (name in was) {
      const text = valuesChange(was[name]!, is[name]!);
      if (text !== '') yield ['values', `label ${name}: ${text}`];
    }
}

/** The new name of a label: the one that has its values, or the only one where only one has gone. */
function renamedTo(
  domain: LabelDomain,
  from: string,
  gone: ReadonlySet<string>,
  come: ReadonlySet<string>,
  is: Labels,
): string | undefined {
  const same = [...come].filter((name) => valuesChange(domain, is[name]!) === '').sort();
  if (domain !== 'open') return same[0];
  return gone.size === 1 && gone.has(from) && same.length === 1 ? same[0] : undefined;
}

function valuesText(domain: LabelDomain): string {
  return domain === 'open' ? '' : `, with ${domain.map((value) => JSON.stringify(value)).join(', ')}`;
}

function valuesChange(was: LabelDomain, is: LabelDomain): string {
  if (was === 'open') return is === 'open' ? '' : `was open and is closed${valuesText(is)}`;
  if (is === 'open') return `was closed${valuesText(was)} and is open`;
  const quoted = (values: readonly string[]) => values.map((value) => JSON.stringify(value));
  return comparison(quoted(was), quoted(is), 'value');
}

/** `value "a" is gone; values "b", "c" are new`; empty where both have the same. */
function comparison(was: readonly string[], is: readonly string[], word: string): string {
  const gone = was.filter((item) => !is.includes(item));
  const come = is.filter((item) => !was.includes(item));
  const told = (items: readonly string[], what: string): string[] =>
    items.length === 0
      ? []
      : [
          `${word}${items.length > 1 ? 's' : ''} ${items.join(', ')} ${items.length > 1 ? 'are' : 'is'} ${what}`,
        ];
  return [...told(gone, 'gone'), ...told(come, 'new')].join('; ');
}
