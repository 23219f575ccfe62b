/**
 * Why a panel has nothing to show, as well as the monitor can tell.
 *
 * In this order: no target is up; the first selector of the query that no series answers, and of it
 *
 * 1. no target that is scraped has the labels that it asks for, or those that have them are down: which ones;
 * 2. no target has declared its metric: one should, by the project's catalog, or it is misspelt; what was meant;
 * 3. a target has declared it, and nothing has happened that it counts: which one;
 * 4. there are series, but none has such a label, or such a value of it: those that there are;
 * 5. there are such series, but not in the range;
 *
 * or, where all selectors have series, that the query makes nothing of them. The queries are parsed for their
 * selectors; the parser is loaded only now, since most panels have data.
 */
import {
  fetchJson,
  type Metadata,
  metadata,
  ownServer,
  type PrometheusApi,
  ruleGroups,
  type Target,
} from '../api/prometheus.ts';
import { span } from '../format/duration.ts';
import type { PanelData } from './load-panel.ts';
import type { QuerySelector } from './selectors.ts';

/** Values, metrics or targets that a sentence lists; of more it says how many. */
const LISTED_MAX = 5;
/** What ends the name of a series that is part of a family of another name, and of which types that family is. */
const PARTS: Readonly<Record<string, RegExp>> = {
  _bucket: /histogram/,
  _count: /histogram|summary/,
  _sum: /histogram|summary/,
  _total: /counter/,
  _created: /counter|histogram|summary/,
  _info: /info/,
};
const PART = new RegExp(`(?:${Object.keys(PARTS).join('|')})$`);

/** The metrics of a service, by the definitions of the project that the monitor was started from. */
export interface ServiceMetrics {
  readonly job: string;
  readonly metrics: readonly string[];
}

/** What a reason is sought with. */
export interface ReasonApi extends PrometheusApi {
  catalog: typeof catalog;
  metadata: typeof metadata;
  ruleGroups: typeof ruleGroups;
}

const OWN: ReasonApi = { ...ownServer, catalog, metadata, ruleGroups };

/** Finds the reason, in a sentence for the reader. */
export async function diagnose(
  data: PanelData,
  targets: readonly Target[],
  signal: AbortSignal,
  api: ReasonApi = OWN,
): Promise<string> {
  if (targets.length === 0) return 'The monitor has no targets: nothing is scraped.';
  if (targets.every(isDown)) return `No target is up. ${downInWords(targets)}`;
  const words = await import('./selectors.ts');
  const { fromMs, toMs } = data.window;
  const seconds = Math.max(1, Math.round((toMs - fromMs) / 1000));
  const stored = new Set(await api.labelValues('__name__', undefined, signal));
  const search = new Search(targets, stored, api, words, signal);
  for (const selector of data.asked.flatMap(words.selectorsOf)) {
    if (selector.name !== '' && !stored.has(selector.name)) return search.whyNever(selector);
    const counted = await api.queryInstant(
      `count(last_over_time(${selector.text}[${seconds}s]))`,
      toMs / 1000,
      signal,
    );
    if (counted.series.length === 0) return search.whyNotNow(selector, span(seconds));
  }
  if (data.onlyNaN) return 'No events in this range, so there is nothing to divide by.';
  return 'The series are there, but the query gives no value in this range: too few samples, or no events yet.';
}

/** The services of the project; none where the server has no project, or is another one than ours. */
async function catalog(signal: AbortSignal): Promise<readonly ServiceMetrics[]> {
  const answer = await ifAnswered(fetchJson('api/v1/status/catalog', signal), signal);
  return (
    (answer as { readonly data: { readonly services: ServiceMetrics[] } } | undefined)?.data.services ?? []
  );
}

/** The answer to a question that not every server knows. */
function ifAnswered<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
  return answer.catch((error: unknown) => {
    if (signal.aborted) throw error;
    return undefined;
  });
}

/** The search for the reason of one selector. */
class Search {
  readonly #targets: readonly Target[];
  readonly #stored: ReadonlySet<string>;
  readonly #api: ReasonApi;
  readonly #words: typeof import('./selectors.ts');
  readonly #signal: AbortSignal;

  constructor(
    targets: readonly Target[],
    stored: ReadonlySet<string>,
    api: ReasonApi,
    words: typeof import('./selectors.ts'),
    signal: AbortSignal,
  ) {
    this.#targets = targets;
    this.#stored = stored;
    this.#api = api;
    this.#words = words;
    this.#signal = signal;
  }

  /** Why no series of the metric was ever stored. */
  async whyNever(selector: QuerySelector): Promise<string> {
    const { name } = selector;
    if (/^ALERTS(?:_FOR_STATE)?$/.test(name)) return 'No alert has been pending or firing yet.';
    const unscraped = this.#unscraped(selector);
    if (unscraped !== undefined) return unscraped;
    const recorded = name.includes(':') ? await this.#whyNotRecorded(name) : undefined;
    if (recorded !== undefined) return recorded;
    const families = await ifAnswered(this.#api.metadata(this.#signal), this.#signal);
    if (families === undefined)
      return `The metric ${name} has never been scraped.${this.#suspects(selector)}`;
    const type = typeIn(families, name);
    if (type === 'histogram' && this.#stored.has(`${name}_bucket`))
      return `${name} is a histogram: its series are ${name}_bucket, ${name}_count and ${name}_sum.`;
    if (type !== undefined) return nothingYet(name, type);
    const services = await this.#api.catalog(this.#signal);
    const owners = services.filter(
      ({ metrics }) => metrics.includes(name) || metrics.includes(name.replace(PART, '')),
    );
    if (owners.length > 0)
      return `${name} is in the catalog of ${listed(owners.map(({ job }) => job))}, and no target that answers has declared it: is that version of the service running?${this.#suspects(selector)}`;
    const known = [...this.#stored, ...namesIn(families), ...services.flatMap(({ metrics }) => metrics)];
    const meant = this.#words.nearest(name, known);
    const end = meant === undefined ? this.#suspects(selector) : ` Is ${meant} meant?`;
    const catalogued = services.length === 0 ? '' : ', and the catalog has none';
    return `No target has declared a metric ${name}${catalogued}.${end}`;
  }

  /** Why there are no series that match in the range, although the metric has been stored. */
  async whyNotNow(selector: QuerySelector, range: string): Promise<string> {
    const unscraped = this.#unscraped(selector);
    if (unscraped !== undefined) return unscraped;
    const noSuchValue = selector.name === '' ? undefined : await this.#impossible(selector);
    if (noSuchValue !== undefined) return noSuchValue;
    const ever = await this.#api.labelValues('__name__', selector.text, this.#signal);
    const none = ever.length === 0 ? `No series matches ${selector.text}` : '';
    return `${none || `${selector.text} has series, but no sample in the ${range} that are shown`}.${this.#suspects(selector)}`;
  }

  /** The targets that can have what a selector asks for: labels of targets cannot be anything else on their series. */
  #aimed({ conditions }: QuerySelector): readonly Target[] {
    const about = conditions.filter(({ name }) => this.#targets.some(({ labels }) => name in labels));
    const tests = about.map((one) => [one.name, this.#words.matcherTest(one)] as const);
    return this.#targets.filter(({ labels }) => tests.every(([name, test]) => test(labels[name] ?? '')));
  }

  /** What to say where nothing that the selector asks about is scraped. */
  #unscraped(selector: QuerySelector): string | undefined {
    const aimed = this.#aimed(selector);
    if (aimed.length === 0) {
      const asked = selector.conditions
        .filter(({ name }) => this.#targets.some(({ labels }) => name in labels))
        .map(this.#words.printMatcher);
      return `Nothing with ${asked.join(', ')} is scraped. The targets are ${listed(this.#targets.map(nameOf))}.`;
    }
    if (aimed.every(isDown)) return `What has these series is not up. ${downInWords(aimed)}`;
    if (aimed.every(({ health }) => health !== 'up'))
      return `${listed(aimed.map(nameOf))} ${aimed.length === 1 ? 'has' : 'have'} not been scraped yet.`;
    return undefined;
  }

  /** Those that are down and might have it. */
  #suspects(selector: QuerySelector): string {
    const down = this.#aimed(selector).filter(isDown);
    return down.length === 0 ? '' : ` ${downInWords(down)}`;
  }

  async #whyNotRecorded(name: string): Promise<string | undefined> {
    const groups = await ifAnswered(this.#api.ruleGroups(this.#signal), this.#signal);
    for (const { name: group, rules } of groups ?? []) {
      const rule = rules.find((one) => one.type === 'recording' && one.name === name);
      if (rule === undefined) continue;
      const error = rule.lastError ?? '';
      return error === ''
        ? `The rule that records ${name}, in group ${group}, has given nothing yet: ${rule.query}`
        : `The rule that records ${name}, in group ${group}, fails: ${error}`;
    }
    return undefined;
  }

  /** A condition that no series of the metric meets, by itself, with what there is instead. */
  async #impossible(selector: QuerySelector): Promise<string | undefined> {
    const { name } = selector;
    for (const condition of selector.conditions) {
      const test = this.#words.matcherTest(condition);
      if (test('')) continue;
      const values = await this.#api.labelValues(condition.name, metricSelector(name), this.#signal);
      if (values.some(test)) continue;
      if (values.length > 0) {
        const meant = condition.op === '=' ? this.#words.nearest(condition.value, values) : undefined;
        const instead = meant === undefined ? this.#suspects(selector) : ` Is "${meant}" meant?`;
        return `No series of ${name} has ${this.#words.printMatcher(condition)}; ${condition.name} is ${listed(values.map((value) => `"${value}"`))} there.${instead}`;
      }
      const labels = await this.#api.labelNames(metricSelector(name), this.#signal);
      const others = labels.filter((label) => label !== '__name__');
      const meant = this.#words.nearest(condition.name, others);
      const instead = meant === undefined ? this.#suspects(selector) : ` Is ${meant} meant?`;
      return `${name} has no label ${condition.name}; it has ${listed(others)}.${instead}`;
    }
    return undefined;
  }
}

/** A metric that a target has told of, without a series so far. */
function nothingYet(name: string, type: string): string {
  const missing = type === 'gauge' ? 'no value has been set' : 'nothing has happened that it counts';
  return `${name} is declared, and ${missing} yet.`;
}

/** The type of the family that a series of this name belongs to; undefined where none is declared. */
function typeIn(families: Readonly<Record<string, readonly Metadata[]>>, name: string): string | undefined {
  const own = families[name]?.[0]?.type;
  if (own !== undefined) return own;
  const [part = ''] = PART.exec(name) ?? [];
  const family = families[name.slice(0, name.length - part.length)]?.[0]?.type;
  return family !== undefined && PARTS[part]?.test(family) ? family : undefined;
}

/** The names of series that families have, each with those of its parts. */
function namesIn(families: Readonly<Record<string, readonly Metadata[]>>): string[] {
  return Object.entries(families).flatMap(([name, said]) => {
    const type = said[0]?.type;
    if (type === 'histogram') return [`${name}_bucket`, `${name}_count`, `${name}_sum`];
    if (type === 'summary') return [name, `${name}_count`, `${name}_sum`];
    return [name];
  });
}

/** A selector of all series of a metric, whatever its name is made of. */
function metricSelector(name: string): string {
  return `{__name__=${JSON.stringify(name)}}`;
}

function isDown({ health }: Target): boolean {
  return health === 'down';
}

/** Which targets are down, and why the first one is. */
function downInWords(targets: readonly Target[]): string {
  const [first, ...rest] = targets.filter(isDown);
  if (first === undefined) return '';
  const others =
    rest.length === 0 ? '' : ` So ${rest.length === 1 ? 'is' : 'are'} ${listed(rest.map(nameOf))}.`;
  const end = /[.!?]$/.test(first.lastError) ? '' : '.';
  return `Target ${nameOf(first)} is down: ${first.lastError}${end}${others}`;
}

function nameOf({ labels, scrapePool }: Target): string {
  const { job = scrapePool, instance } = labels;
  return instance === undefined ? job : `${job} (${instance})`;
}

function listed(items: readonly string[]): string {
  const distinct = [...new Set(items)];
  const shown = distinct.slice(0, LISTED_MAX).join(', ');
  const more = distinct.length - LISTED_MAX;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
