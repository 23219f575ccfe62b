/** What all metrics have in common: their definition, the registries that hold them, and how they are shown. */
import { defaultRegistry } from '@binnacle/metrics';
import type { Exemplar } from './exemplar.ts';
import { INSIDE, type Inside } from './inside.ts';
import { type GivenLabels, isObject } from './labels.ts';
import { globalRegistry, Registry } from './registry.ts';
import type { Series, Shelf } from './series.ts';
import { type FamilyShape, Storage } from './storage.ts';
import type { Family, TextOutput } from './text.ts';
import { checkLabelNames, validateMetricName } from './validation.ts';

/** Asked before a metric is shown; `this` is the metric. */
export type Collect<M> = (this: M) => unknown;

/** How processes add up, for what is not a count. */
export type Aggregator = 'omit' | 'sum' | 'first' | 'min' | 'max' | 'average';

/** What every metric is made from. */
export interface MetricConfiguration<T extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly T[];
  /** Default: the global one. */
  readonly registers?: readonly Registry[];
  readonly aggregator?: Aggregator;
  readonly collect?: Collect<never>;
  readonly enableExemplars?: boolean;
}

/** A value of a metric, as `get()` gives it. */
export interface MetricValue {
  value: number;
  labels: Record<string, unknown>;
  metricName?: string;
  exemplar?: Exemplar | null | undefined;
}

/** A metric with its values in this process. */
export interface MetricObject<V = MetricValue> {
  name: string;
  help: string;
  type: string;
  values: V[];
  aggregator: string;
}

/** How a gauge of @binnacle/metrics adds up as an aggregator does; without an entry, not at all. */
export const GAUGE_MODES: Readonly<Record<string, FamilyShape['mode']>> = {
  sum: 'live sum',
  first: 'live first',
  min: 'live min',
  max: 'live max',
  average: 'live average',
};

/**
 * More series than a process could hold in memory. prom-client has no limit, so a lower one would lose series that
 * programs count on.
 */
export const SERIES_PER_METRIC_MAX = 10_000_000;

export abstract class Metric<S extends Series = Series> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: readonly Registry[];
  readonly aggregator: string;
  readonly enableExemplars: boolean;
  abstract readonly type: FamilyShape['type'];
  /** Not enumerable, so that a metric prints as what it is. */
  declare readonly [INSIDE]: Inside;
  /** @internal */
  declare protected readonly storage: Storage<S>;
  #collect: Collect<this> | undefined;

  constructor(config: MetricConfiguration<string>) {
    if (!isObject(config)) throw new TypeError('constructor expected a config object');
    const { name, help, labelNames = [], registers, aggregator = 'sum', enableExemplars = false } = config;
    if (!help) throw new Error('Missing mandatory help parameter');
    if (!name) throw new Error('Missing mandatory name parameter');
    if (!validateMetricName(name)) throw new Error('Invalid metric name');
    this.name = name;
    this.help = help;
    this.labelNames = labelNames ?? [];
    checkLabelNames(name, this.labelNames);
    this.registers = registers ?? [globalRegistry];
    this.aggregator = aggregator;
    this.enableExemplars = enableExemplars;
    this.collect = config.collect as Collect<this> | undefined;
  }

  /** Asked before the metric is shown; may be replaced at any time. */
  get collect(): Collect<this> | undefined {
    return this.#collect;
  }

  set collect(collect: Collect<this> | undefined) {
    if (collect && typeof collect !== 'function')
      throw new Error('Optional "collect" parameter must be a function');
    this.#collect = collect || undefined;
    this.storage?.collectorChanged();
  }

  /**
   * The metric with its values in this process.
   * @throws what `collect` throws
   */
  async get(): Promise<MetricObject> {
    await this.askCollect();
    return this.object(this.valuesNow());
  }

  /** Lets the metric begin again. */
  abstract reset(): void;

  /**
   * Removes a series, by its labels or by values in the order of the label names; in all processes.
   * @throws Error for a label that the metric does not have, or another number of values
   */
  remove(...args: unknown[]): void {
    this.storage.remove(args);
  }

  /**
   * The series of this process as prom-client keeps them, by a key of label names and values. Made anew each time:
   * for tests and tools that look in.
   */
  get hashMap(): Record<string, unknown> {
    const names = [...this.labelNames].sort();
    const map: Record<string, unknown> = {};
    for (const series of this.storage.shown) {
      let key = '';
      for (const name of names)
        if (series.labels[name] !== undefined) key += `${name}:${series.labels[name]},`;
      map[key] = this.entryOf(series);
    }
    return map;
  }

  /** @internal */
  protected abstract valuesNow(): MetricValue[];
  /** @internal */
  protected abstract entryOf(series: S): unknown;
  /** @internal */
  protected abstract write(out: TextOutput): void;
  /** @internal */
  protected abstract writeFamily(out: TextOutput, family: Family): void;

  /** @internal The family, but for its name; undefined where processes cannot be added up. */
  protected shapeOf(
    kind: Pick<FamilyShape, 'type' | 'mode' | 'bounds' | 'quantiles' | 'window'>,
  ): Omit<FamilyShape, 'name'> | undefined {
    return {
      help: this.help,
      unit: '',
      labelNames: [...this.labelNames],
      seriesMax: SERIES_PER_METRIC_MAX,
      ...kind,
    };
  }

  /** @internal To be called by each class when its own part of the definition has passed its checks. */
  protected begin(
    slots: number,
    shape: () => Omit<FamilyShape, 'name'> | undefined,
    make: (shelf: Shelf, labels: GivenLabels, labelValues: readonly string[]) => S,
  ): void {
    if (this.enableExemplars) {
      for (const registry of this.registers) {
        if (registry.contentType === Registry.PROMETHEUS_CONTENT_TYPE)
          throw new TypeError('Exemplars are supported only on OpenMetrics registries');
      }
    }
    const collector = () => (this.#collect === undefined ? undefined : () => this.#collect?.call(this));
    const storage = new Storage<S>({ name: this.name, slots, shape, collector }, this.labelNames, make);
    Object.defineProperty(this, 'storage', { value: storage });
    const inside: Inside = {
      storage: storage as unknown as Storage<Series>,
      isPlain: this.get === Metric.prototype.get,
      object: () => this.object(this.valuesNow()),
      write: (out) => this.write(out),
      writeFamily: (out, family) => this.writeFamily(out, family),
    };
    Object.defineProperty(this, INSIDE, { value: inside });
    for (const registry of this.registers) registry.registerMetric(this);
  }

  /** @internal */
  protected async askCollect(): Promise<void> {
    const asked = this.#collect?.call(this);
    if (asked instanceof Promise) await asked;
  }

  /** @internal */
  protected object<V>(values: V[]): MetricObject<V> {
    const { name, help, type, aggregator } = this;
    return { help, name, type, values, aggregator };
  }

  /** @internal Counts, and warns once of, a number that cannot be counted. */
  protected refuse(value: number): void {
    defaultRegistry().drop(this.name, 'value', `a ${this.type} cannot take ${value}`);
  }
}
