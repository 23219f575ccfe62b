/**
 * The catalog: which series there are, and what is known of them.
 *
 * It is made of metric families, as programs define them, and turns each into the names that are queried: a classic
 * histogram into `_bucket`, `_sum` and `_count`, a summary into its quantiles, `_sum` and `_count`. What the monitor
 * itself writes (`up`, `scrape_duration_seconds`, `ALERTS`) is always known. Every series of a target also has the
 * labels that the target adds.
 *
 * Nothing in here is guessed but the unit, which a name says by convention. A family whose labels are not given has
 * labels that are not known, and nothing is reported of them.
 */
import { formatValue, type MetricType } from '@binnacle/metrics/model';
import { type Facts, PLAIN_GAUGE } from './facts.ts';
import { ANY_VALUE, canExist, type LabelFacts, LabelSet, oneOf, SOME_VALUE } from './label-set.ts';
import { nearest } from './nearest.ts';
import { fits, ONE, SECONDS, type Unit, unitOf, unitOfName } from './unit.ts';

/**
 * The values of a label: a list that is complete, with the empty string in it where the label may be absent, or
 * `open`, where any value can occur and none.
 */
export type LabelDomain = readonly string[] | 'open';

/** A metric family. */
export interface CatalogMetric {
  /** As it is queried; of histograms and summaries without `_bucket`, `_sum` and `_count`. */
  readonly name: string;
  /** `unknown` where it is not known. */
  readonly type: MetricType;
  /** A base unit such as `seconds`. Without it the name is asked. */
  readonly unit?: string;
  /** Its own labels, without those of the target; absent when they are not known. */
  readonly labels?: Readonly<Record<string, LabelDomain>>;
  /** Histograms: which series it has. Without it both forms are possible. */
  readonly form?: 'classic' | 'native' | 'both';
  /** Histograms: the upper bounds of the classic buckets, without infinity. */
  readonly bounds?: readonly number[];
  /** Summaries: the quantiles. */
  readonly quantiles?: readonly number[];
  /**
   * Whether all values of a closed label exist as series, from the start or with the first use of the others, as it
   * is with what `@binnacle/metrics` defines. Elsewhere a list says only what can be.
   */
  readonly everySeries?: boolean;
}

/** What all metrics of a catalog have in common. */
export interface CatalogOptions {
  /**
   * Labels that targets add, beside `job` and `instance`. Those two are taken to be on every series, unless they are
   * given here as `open` or with an empty value, as what comes through a push gateway needs it.
   */
  readonly targetLabels?: Readonly<Record<string, LabelDomain>>;
  /**
   * Whether there are targets beside those of these families. What the monitor writes of every target (`up`, ...) may
   * then have labels that are not known.
   */
  readonly hasOtherTargets?: boolean;
  /** All jobs that there are, those of other targets among them; absent where they are not known. */
  readonly jobs?: readonly string[];
}

/** The names of series and what is known of each. Immutable. */
export class Catalog {
  readonly #series: ReadonlyMap<string, Facts>;
  /** Names that exist and are nobody's first thought. */
  readonly #unadvertised: ReadonlySet<string>;
  readonly #families: ReadonlyMap<string, CatalogMetric>;
  readonly #recorded: ReadonlySet<string>;
  /** What {@link nearestName} has found. */
  readonly #nearest = new Map<string, string | undefined>();

  private constructor(
    series: ReadonlyMap<string, Facts>,
    unadvertised: ReadonlySet<string>,
    families: ReadonlyMap<string, CatalogMetric>,
    recorded: ReadonlySet<string>,
  ) {
    this.#series = series;
    this.#unadvertised = unadvertised;
    this.#families = families;
    this.#recorded = recorded;
  }

  /** A catalog of families. Several of one name are united: what only one says of it may hold or not. */
  static of(metrics: Iterable<CatalogMetric>, options: CatalogOptions = {}): Catalog {
    const { targetLabels = {}, hasOtherTargets = false, jobs } = options;
    const ofAll: Readonly<Record<string, LabelDomain>> = jobs === undefined ? {} : { job: jobs };
    const target = targetFacts({ ...ofAll, ...targetLabels });
    // Other targets need not have the labels of these, nor their values.
    const others = hasOtherTargets ? targetFacts(ofAll) : undefined;
    const families = new Map<string, CatalogMetric>();
    const series = new Map<string, Facts>();
    const created = new Map<string, Facts>();
    const add = (to: Map<string, Facts>, name: string, facts: Facts): void => {
      const same = to.get(name);
      to.set(name, { ...(same === undefined ? facts : united(same, facts)), metric: name });
    };
    for (const family of metrics) {
      families.set(family.name, family);
      const labels = labelsOf(family, target);
      for (const [name, facts] of seriesOf(family, labels)) add(series, name, facts);
      if (hasCreated(family))
        add(created, `${family.name.replace(/_total$/, '')}_created`, {
          ...PLAIN_GAUGE,
          labels,
          unit: SECONDS,
        });
    }
    const all = new Map([...created, ...monitorSeries(others ?? target, hasOtherTargets), ...series]);
    return new Catalog(all, new Set(created.keys()), families, new Set());
  }

  /** The catalog with names that recording rules give; one rule has one element of facts, several have several. */
  withRecorded(names: Iterable<readonly [name: string, facts: readonly Facts[]]>): Catalog {
    const series = new Map(this.#series);
    const recorded = new Set(this.#recorded);
    for (const [name, facts] of names) {
      const before = this.#series.get(name);
      const known = before === undefined ? facts : [...facts, before];
      series.set(name, { ...known.reduce(united), metric: name });
      recorded.add(name);
    }
    return new Catalog(series, this.#unadvertised, this.#families, recorded);
  }

  /** Whether a recording rule gives the name. */
  isRecorded(name: string): boolean {
    return this.#recorded.has(name);
  }

  /** What is known of the series of a name; undefined when there are none. */
  series(name: string): Facts | undefined {
    return this.#series.get(name);
  }

  /** The names of series that may be suggested. */
  names(): string[] {
    return [...this.#series.keys()].filter((name) => !this.#unadvertised.has(name));
  }

  /** The name that was probably meant by one that there is not. Asked again and again by what is wrong everywhere. */
  nearestName(name: string): string | undefined {
    if (!this.#nearest.has(name)) this.#nearest.set(name, nearest(name, this.names()));
    return this.#nearest.get(name);
  }

  /** The family of a name as programs define it. */
  family(name: string): CatalogMetric | undefined {
    return this.#families.get(name);
  }
}

/** What is known of a label with such values. */
export function factsOf(domain: LabelDomain): LabelFacts {
  return domain === 'open' ? ANY_VALUE : oneOf(domain);
}

function targetFacts(given: Readonly<Record<string, LabelDomain>>): Map<string, LabelFacts> {
  const facts = new Map([
    ['job', SOME_VALUE],
    ['instance', SOME_VALUE],
  ]);
  for (const [name, domain] of Object.entries(given)) facts.set(name, factsOf(domain));
  return facts;
}

function labelsOf(family: CatalogMetric, target: ReadonlyMap<string, LabelFacts>): LabelSet {
  if (family.labels === undefined) return LabelSet.UNKNOWN;
  const all = new Map<string, LabelFacts>();
  for (const [name, domain] of Object.entries(family.labels)) {
    const facts = { ...factsOf(domain), varies: (family.everySeries ?? false) && family.type !== 'info' };
    const overruled = target.has(name);
    // The target's label wins, and the metric's own goes by another name, unless the scrape honours labels.
    all.set(name, overruled ? ANY_VALUE : facts);
    if (overruled) all.set(`exported_${name}`, ANY_VALUE);
  }
  for (const [name, facts] of target) if (!all.has(name)) all.set(name, facts);
  return LabelSet.of(all);
}

/** The series of a family, by name. */
function* seriesOf(family: CatalogMetric, labels: LabelSet): Generator<[string, Facts]> {
  const { name, type } = family;
  const unit = family.unit ? unitOf(family.unit) : unitOfName(name);
  const gauge: Facts = { kind: 'gauge', aggregated: false, labels, unit, observed: undefined };
  const counter: Facts = { ...gauge, kind: 'counter' };
  switch (type) {
    case 'counter':
      yield [name, counter];
      return;
    case 'gauge':
      yield [name, gauge];
      return;
    case 'info':
      yield [name, { ...gauge, unit: ONE, info: true }];
      return;
    case 'stateset':
      yield [name, { ...gauge, unit: ONE }];
      return;
    case 'unknown':
      yield [name, { ...gauge, kind: 'unknown' }];
      return;
    case 'summary':
      yield [name, { ...gauge, labels: labels.with('quantile', numbers(family.quantiles)) }];
      yield* sumAndCount(name, counter);
      return;
    case 'histogram':
      if (family.form !== 'classic')
        yield [name, { ...gauge, kind: family.form === undefined ? 'unknown' : 'histogram', observed: unit }];
      if (family.form === 'native') return;
      yield [
        `${name}_bucket`,
        {
          ...counter,
          labels: labels.with('le', numbers(family.bounds && [...family.bounds, Number.POSITIVE_INFINITY])),
          unit: ONE,
          observed: unit,
        },
      ];
      yield* sumAndCount(name, counter);
  }
}

function* sumAndCount(name: string, counter: Facts): Generator<[string, Facts]> {
  yield [`${name}_sum`, counter];
  yield [`${name}_count`, { ...counter, unit: ONE }];
}

function hasCreated({ type, form }: CatalogMetric): boolean {
  return type === 'counter' || type === 'summary' || (type === 'histogram' && form !== 'native');
}

/** The values of `le` or `quantile`. Prometheus 3 writes whole numbers as `5.0`, others as they were exposed. */
function numbers(values: readonly number[] | undefined): LabelFacts {
  if (values === undefined) return { ...SOME_VALUE, varies: true };
  const spelled = values.flatMap((value) =>
    Number.isInteger(value) ? [formatValue(value), `${formatValue(value)}.0`] : [formatValue(value)],
  );
  return { ...oneOf(spelled), varies: true };
}

/** What holds of series of one name that come from two families, since two programs may define it. */
function united(a: Facts, b: Facts): Facts {
  return {
    kind: a.kind === b.kind ? a.kind : 'unknown',
    aggregated: a.aggregated || b.aggregated,
    labels: a.labels.union(b.labels),
    unit: a.unit && fits(a.unit, b.unit) ? b.unit : undefined,
    observed: a.observed && fits(a.observed, b.observed) ? b.observed : undefined,
    ...(a.info && b.info && { info: true }),
  };
}

/** What a monitor writes of each target and of each alert. */
function* monitorSeries(
  target: ReadonlyMap<string, LabelFacts>,
  mayHaveOthers: boolean,
): Generator<[string, Facts]> {
  const labels = LabelSet.of(
    [...target].filter(([, facts]) => canExist(facts)),
    mayHaveOthers,
  );
  const gauge = (unit: Unit | undefined): Facts => ({ ...PLAIN_GAUGE, labels, unit });
  const series: [string, Facts][] = [
    ['up', gauge(ONE)],
    ['scrape_duration_seconds', gauge(SECONDS)],
    ['scrape_timeout_seconds', gauge(SECONDS)],
    ['scrape_body_size_bytes', gauge({ bytes: 1 })],
    ['scrape_samples_scraped', gauge(ONE)],
    ['scrape_samples_post_metric_relabeling', gauge(ONE)],
    ['scrape_series_added', gauge(ONE)],
    ['scrape_sample_limit', gauge(ONE)],
  ];
  const alert = LabelSet.of([['alertname', SOME_VALUE]], true);
  series.push(
    ['ALERTS', { ...PLAIN_GAUGE, labels: alert.with('alertstate', oneOf(['pending', 'firing'])) }],
    ['ALERTS_FOR_STATE', { ...PLAIN_GAUGE, labels: alert, unit: SECONDS }],
    ['target_info', PLAIN_GAUGE],
  );
  for (const [name, facts] of series) yield [name, { ...facts, metric: name }];
}
