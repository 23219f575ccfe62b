/**
 * The types of prom-client 15, under the same names, so that what is written against them compiles unchanged. They
 * are written by hand: the classes behind them take more than their types promise, as JavaScript programs expect.
 */

export type Charset = 'utf-8';

export type PrometheusMIME = 'text/plain';
export type PrometheusMetricsVersion = '0.0.4';

export type OpenMetricsMIME = 'application/openmetrics-text';
export type OpenMetricsVersion = '1.0.0';

export type OpenMetricsContentType = `${OpenMetricsMIME}; version=${OpenMetricsVersion}; charset=${Charset}`;
export type PrometheusContentType =
  `${PrometheusMIME}; version=${PrometheusMetricsVersion}; charset=${Charset}`;

export type RegistryContentType = PrometheusContentType | OpenMetricsContentType;

/** Holds metrics and writes their text. */
export class Registry<BoundRegistryContentType extends RegistryContentType = PrometheusContentType> {
  /** @param regContentType Default: Prometheus's text format. */
  constructor(regContentType?: BoundRegistryContentType);

  /**
   * The text of all metrics. Those of the global registry, and of registries that
   * {@link AggregatorRegistry.setRegistries} names, are of all processes of the service, where several meet.
   */
  metrics(): Promise<string>;

  /** Takes all metrics and the default labels out. */
  clear(): void;

  /** Lets all metrics begin again. */
  resetMetrics(): void;

  /** Adds a metric. */
  registerMetric<T extends string>(metric: Metric<T>): void;

  /** All metrics with their values in this process. */
  getMetricsAsJSON(): Promise<MetricObjectWithValues<MetricValue<string>>[]>;

  /** All metrics. */
  getMetricsAsArray(): MetricObject[];

  /** Takes one metric out. */
  removeSingleMetric(name: string): void;

  /** One metric, by its name. */
  getSingleMetric<T extends string>(name: string): Metric<T> | undefined;

  /** Sets labels that every series has in the text: `{ app: 'api' }`. */
  setDefaultLabels(labels: object): void;

  /** The text of one metric, by its name. */
  getSingleMetricAsString(name: string): Promise<string>;

  /** The `Content-Type` of the text. */
  readonly contentType: BoundRegistryContentType;

  /** Changes the format of the text. */
  setContentType(contentType: BoundRegistryContentType): void;

  /** A registry with the metrics of others. */
  static merge(registers: Registry[]): Registry;

  /** The `Content-Type` of Prometheus's text format. */
  static PROMETHEUS_CONTENT_TYPE: PrometheusContentType;

  /** The `Content-Type` of OpenMetrics. */
  static OPENMETRICS_CONTENT_TYPE: OpenMetricsContentType;
}

export type Collector = () => void;

/** The registry that metrics go to unless they name others. */
export const register: Registry;

/** The `Content-Type` of the global registry's text. */
export const contentType: RegistryContentType;

/** The `Content-Type` of Prometheus's text format. */
export const prometheusContentType: PrometheusContentType;

/** The `Content-Type` of OpenMetrics. */
export const openMetricsContentType: OpenMetricsContentType;

/** The metrics of all processes of a cluster. */
export class AggregatorRegistry<T extends RegistryContentType> extends Registry<T> {
  /** The text of all processes, also of those that are gone. */
  clusterMetrics(): Promise<string>;

  /** A registry of what several processes say, each as its `getMetricsAsJSON()` gives it. */
  static aggregate<T extends RegistryContentType>(metricsArr: Array<object>): Registry<T>;

  /** Names the registries whose metrics are those of the service, in place of the global one. */
  static setRegistries(
    regs:
      | Array<Registry<PrometheusContentType> | Registry<OpenMetricsContentType>>
      | Registry<PrometheusContentType>
      | Registry<OpenMetricsContentType>,
  ): void;
}

/** Any metric. */
export type Metric<T extends string = string> = Counter<T> | Gauge<T> | Summary<T> | Histogram<T>;

/** How processes add up. */
export type Aggregator = 'omit' | 'sum' | 'first' | 'min' | 'max' | 'average';

/** A type only, as in prom-client: there is no such value at run time. */
export enum MetricType {
  Counter,
  Gauge,
  Histogram,
  Summary,
}

export type CollectFunction<T> = (this: T) => void | Promise<void>;

export interface MetricObject {
  name: string;
  help: string;
  type: MetricType;
  aggregator: Aggregator;
  // biome-ignore lint/suspicious/noExplicitAny: it is prom-client's type
  collect: CollectFunction<any>;
}

export interface MetricObjectWithValues<T extends MetricValue<string>> extends MetricObject {
  values: T[];
}

export type MetricValue<T extends string> = {
  value: number;
  labels: LabelValues<T>;
};

export type MetricValueWithName<T extends string> = MetricValue<T> & {
  metricName?: string;
};

export type LabelValues<T extends string> = Partial<Record<T, string | number>>;

export interface MetricConfiguration<T extends string> {
  name: string;
  help: string;
  labelNames?: T[] | readonly T[];
  /** Default: the global one. */
  registers?: (Registry<PrometheusContentType> | Registry<OpenMetricsContentType>)[];
  aggregator?: Aggregator;
  // biome-ignore lint/suspicious/noExplicitAny: it is prom-client's type
  collect?: CollectFunction<any>;
  enableExemplars?: boolean;
}

export interface CounterConfiguration<T extends string> extends MetricConfiguration<T> {
  /** Asked before the counter is shown. */
  collect?: CollectFunction<Counter<T>>;
}

export interface IncreaseDataWithExemplar<T extends string> {
  value?: number;
  labels?: LabelValues<T>;
  exemplarLabels?: LabelValues<T>;
}

export interface ObserveDataWithExemplar<T extends string> {
  value: number;
  labels?: LabelValues<T>;
  exemplarLabels?: LabelValues<T>;
}

/** How often something happened. It only goes up. */
export class Counter<T extends string = string> {
  constructor(configuration: CounterConfiguration<T>);

  /** Adds a value, default 1, to the series of the labels. */
  inc(labels: LabelValues<T>, value?: number): void;

  /** Adds a value, default 1. */
  inc(value?: number): void;

  /** Adds a value and notes an exemplar. */
  inc(incData: IncreaseDataWithExemplar<T>): void;

  /** The metric with its values in this process. */
  get(): Promise<MetricObjectWithValues<MetricValue<T>>>;

  /** One series, by values in the order of the label names. */
  labels(...values: string[]): Counter.Internal;

  /** One series, by its labels. */
  labels(labels: LabelValues<T>): Counter.Internal;

  /** Lets the counter begin again. */
  reset(): void;

  /** Removes a series, by values in the order of the label names. */
  remove(...values: string[]): void;

  /** Removes a series, by its labels. */
  remove(labels: LabelValues<T>): void;
}

export namespace Counter {
  export interface Internal {
    /** Adds a value, default 1. */
    inc(value?: number): void;
  }
}

export interface GaugeConfiguration<T extends string> extends MetricConfiguration<T> {
  /** Asked before the gauge is shown. */
  collect?: CollectFunction<Gauge<T>>;
}

/** How much there is of something now. */
export class Gauge<T extends string = string> {
  constructor(configuration: GaugeConfiguration<T>);

  /** Adds a value, default 1, to the series of the labels. */
  inc(labels: LabelValues<T>, value?: number): void;

  /** Adds a value, default 1. */
  inc(value?: number): void;

  /** Takes a value, default 1, from the series of the labels. */
  dec(labels: LabelValues<T>, value?: number): void;

  /** Takes a value, default 1. */
  dec(value?: number): void;

  /** Sets the series of the labels. */
  set(labels: LabelValues<T>, value: number): void;

  /** Sets the gauge. */
  set(value: number): void;

  /** The metric with its values in this process. */
  get(): Promise<MetricObjectWithValues<MetricValue<T>>>;

  /** Sets the Unix time in seconds. */
  setToCurrentTime(labels?: LabelValues<T>): void;

  /** Starts a timer; what it returns sets the gauge to the seconds that passed, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;

  /** One series, by values in the order of the label names. */
  labels(...values: string[]): Gauge.Internal<T>;

  /** One series, by its labels. */
  labels(labels: LabelValues<T>): Gauge.Internal<T>;

  /** Lets the gauge begin again. */
  reset(): void;

  /** Removes a series, by values in the order of the label names. */
  remove(...values: string[]): void;

  /** Removes a series, by its labels. */
  remove(labels: LabelValues<T>): void;
}

export namespace Gauge {
  export interface Internal<T extends string> {
    /** Adds a value, default 1. */
    inc(value?: number): void;

    /** Takes a value, default 1. */
    dec(value?: number): void;

    /** Sets the value. */
    set(value: number): void;

    /** Sets the Unix time in seconds. */
    setToCurrentTime(): void;

    /** Starts a timer; what it returns sets the gauge to the seconds that passed, and returns them. */
    startTimer(): (labels?: LabelValues<T>) => number;
  }
}

export interface HistogramConfiguration<T extends string> extends MetricConfiguration<T> {
  /** Upper bounds, in any order. */
  buckets?: number[];
  /** Asked before the histogram is shown. */
  collect?: CollectFunction<Histogram<T>>;
}

/** How a quantity is distributed, counted in buckets. */
export class Histogram<T extends string = string> {
  constructor(configuration: HistogramConfiguration<T>);

  /** Counts a value. */
  observe(value: number): void;

  /** Counts a value in the series of the labels. */
  observe(labels: LabelValues<T>, value: number): void;

  /** Counts a value and notes an exemplar. */
  observe(observeData: ObserveDataWithExemplar<T>): void;

  /** The metric with its values in this process. */
  get(): Promise<MetricObjectWithValues<MetricValueWithName<T>>>;

  /** Starts a timer; what it returns counts the seconds that passed, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;

  /** As above; what it returns also notes an exemplar. */
  startTimer(
    labels?: LabelValues<T>,
    exemplarLabels?: LabelValues<T>,
  ): (labels?: LabelValues<T>, exemplarLabels?: LabelValues<T>) => number;

  /** Lets the histogram begin again. */
  reset(): void;

  /** Shows the series of the labels at 0. */
  zero(labels: LabelValues<T>): void;

  /** One series, by values in the order of the label names. */
  labels(...values: string[]): Histogram.Internal<T>;

  /** One series, by its labels. */
  labels(labels: LabelValues<T>): Histogram.Internal<T>;

  /** Removes a series, by values in the order of the label names. */
  remove(...values: string[]): void;

  /** Removes a series, by its labels. */
  remove(labels: LabelValues<T>): void;
}

export namespace Histogram {
  export interface Internal<T extends string> {
    /** Counts a value. */
    observe(value: number): void;

    /** Starts a timer; what it returns counts the seconds that passed, and returns them. */
    startTimer(): (labels?: LabelValues<T>) => number;
  }

  export interface Config {
    /** Upper bounds, in any order. */
    buckets?: number[];
  }
}

export interface SummaryConfiguration<T extends string> extends MetricConfiguration<T> {
  /** From 0 to 1. */
  percentiles?: number[];
  /** With `ageBuckets`: how old observations become. */
  maxAgeSeconds?: number;
  /** In how many steps the window moves on. */
  ageBuckets?: number;
  /** Whether series are forgotten in which nothing was observed for `maxAgeSeconds`. */
  pruneAgedBuckets?: boolean;
  /** After how many observations they are compressed. */
  compressCount?: number;
  /** Asked before the summary is shown. */
  collect?: CollectFunction<Summary<T>>;
}

/** Quantiles of what was observed lately. */
export class Summary<T extends string = string> {
  constructor(configuration: SummaryConfiguration<T>);

  /** Counts a value. */
  observe(value: number): void;

  /** Counts a value in the series of the labels. */
  observe(labels: LabelValues<T>, value: number): void;

  /** The metric with its values in this process. */
  get(): Promise<MetricObjectWithValues<MetricValueWithName<T>>>;

  /** Starts a timer; what it returns counts the seconds that passed, and returns them. */
  startTimer(labels?: LabelValues<T>): (labels?: LabelValues<T>) => number;

  /** Lets the summary begin again. */
  reset(): void;

  /** One series, by values in the order of the label names. */
  labels(...values: string[]): Summary.Internal<T>;

  /** One series, by its labels. */
  labels(labels: LabelValues<T>): Summary.Internal<T>;

  /** Removes a series, by values in the order of the label names. */
  remove(...values: string[]): void;

  /** Removes a series, by its labels. */
  remove(labels: LabelValues<T>): void;
}

export namespace Summary {
  export interface Internal<T extends string> {
    /** Counts a value. */
    observe(value: number): void;

    /** Starts a timer; what it returns counts the seconds that passed, and returns them. */
    startTimer(): (labels?: LabelValues<T>) => number;
  }

  export interface Config {
    /** From 0 to 1. */
    percentiles?: number[];
  }
}

/** Pushes metrics to a Pushgateway. */
export class Pushgateway<T extends RegistryContentType> {
  /**
   * @param url of the gateway, with its port
   * @param options of the requests
   * @param registry Default: the global one.
   */
  // biome-ignore lint/suspicious/noExplicitAny: it is prom-client's type
  constructor(url: string, options?: any, registry?: Registry<T>);

  /** Adds the metrics to those of the group. */
  pushAdd(params: Pushgateway.Parameters): Promise<{ resp?: unknown; body?: unknown }>;

  /** Puts the metrics in place of those of the group. */
  push(params: Pushgateway.Parameters): Promise<{ resp?: unknown; body?: unknown }>;

  /** Deletes the metrics of the group. */
  delete(params: Pushgateway.Parameters): Promise<{ resp?: unknown; body?: unknown }>;
}

export namespace Pushgateway {
  export interface Parameters {
    /** Who pushes. */
    jobName: string;
    /** Further labels of the group. */
    groupings?: {
      [key: string]: string;
    };
  }
}

/** `count` bounds, `width` apart, from `start` on. */
export function linearBuckets(start: number, width: number, count: number): number[];

/** `count` bounds, each `factor` times the one before, from `start` on. */
export function exponentialBuckets(start: number, factor: number, count: number): number[];

export interface DefaultMetricsCollectorConfiguration<T extends RegistryContentType> {
  /** Default: the global one. */
  register?: Registry<T>;
  /** Stands before every name. */
  prefix?: string;
  gcDurationBuckets?: number[];
  /** How often the event loop's delay is looked at, in milliseconds. */
  eventLoopMonitoringPrecision?: number;
  /** Labels that every series has. */
  labels?: object;
}

export const collectDefaultMetrics: {
  /** Defines the metrics of the runtime. */
  <T extends RegistryContentType>(config?: DefaultMetricsCollectorConfiguration<T>): void;
  /** The names of their groups. */
  metricsList: string[];
};

/** Whether a metric may have this name. */
export function validateMetricName(name: string): boolean;

/** Adds up what several processes say of a metric, by the names that definitions use. */
export const aggregators: Readonly<
  Record<Aggregator, (metrics: readonly MetricObjectWithValues<MetricValue<string>>[]) => unknown>
>;
