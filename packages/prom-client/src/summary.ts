/**
 * Summaries: quantiles of what this process has observed lately, and sum and count of everything.
 *
 * Over processes, sums and counts add up. Quantiles do not: the median of four processes is not the sum of their
 * medians. So where processes meet, each observation is also counted in exponential buckets, as the summaries of
 * @binnacle/metrics are; whoever answers adds those up, and takes the quantiles from the sum, right to 1.1 %.
 */
import { format } from 'node:util';
import { defaultRegistry, BoundSummary as SharedSummary } from '@binnacle/metrics';
import { type GivenLabels, isObject } from './labels.ts';
import { Metric, type MetricConfiguration, type MetricValue } from './metric.ts';
import { Series, type Shelf } from './series.ts';
import type { Child, FamilyShape } from './storage.ts';
import { writeSummary, writeSummaryFamily } from './summary-text.ts';
import type { Family, TextOutput } from './text.ts';
import { TimeWindowQuantiles } from './time-window-quantiles.ts';
import { startTimer } from './timer.ts';

/** What a summary is made from. */
export interface SummaryConfiguration<T extends string> extends MetricConfiguration<T> {
  /** From 0 to 1. */
  readonly percentiles?: readonly number[];
  /** With {@link ageBuckets}: how old observations become. */
  readonly maxAgeSeconds?: number;
  readonly ageBuckets?: number;
  /** Whether series are forgotten in which nothing was observed for that long. */
  readonly pruneAgedBuckets?: boolean;
  /** After how many observations they are compressed. */
  readonly compressCount?: number;
}

/** One series, as `labels(...)` gives it. Its methods need no `this`. */
export interface BoundSummary {
  observe(value: number): void;
  startTimer(): (labels?: GivenLabels) => number;
}

const DEFAULT_PERCENTILES: readonly number[] = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];
const DEFAULT_COMPRESS_COUNT = 1_000;
const NO_LABELS: GivenLabels = {};

/** The longest window of quantiles that are about all time; the next one begins in 2039. */
const ALL_TIME_MS = 2 ** 39;
/** The most steps in which a window of the service moves on. */
const STEPS_MAX = 32;

/** Slots of a series. */
const COUNT = 0;
const SUM = 1;
const SLOTS = 2;

/** One series; its slots are count and sum. */
export class SummarySeries extends Series {
  td: TimeWindowQuantiles;
  readonly #compressCount: number;
  #untilCompress: number;
  #shared: SharedSummary | undefined;

  constructor(
    shelf: Shelf,
    labels: GivenLabels,
    labelValues: readonly string[],
    td: TimeWindowQuantiles,
    compressCount: number,
  ) {
    super(shelf, labels, labelValues);
    this.td = td;
    this.#compressCount = compressCount;
    this.#untilCompress = compressCount;
  }

  override get child(): Child {
    return this.#shared ?? this;
  }

  override share(shape: FamilyShape): void {
    this.#shared = new SharedSummary({ registry: defaultRegistry(), labels: [], shape });
    this.index = 0;
  }

  override unshare(): void {
    this.#shared = undefined;
  }

  get count(): number {
    const { values, index } = this.child;
    return values[index + COUNT]!;
  }

  get sum(): number {
    const { values, index } = this.child;
    return values[index + SUM]!;
  }

  observe(value: number): void {
    let index = this.index;
    if (index < 0) index = this.show();
    this.td.push(value);
    if (this.#shared !== undefined) this.#shared.observe(value);
    else {
      this.values[index + COUNT]! += 1;
      this.values[index + SUM]! += value;
    }
    // An integer of its own: the remainder of a double costs a tenth of an observation.
    if (--this.#untilCompress > 0) return;
    this.#untilCompress = this.#compressCount;
    this.td.compress();
  }

  /** The value at a percentile; 0 where nothing was observed in the window. */
  percentile(percentile: number): number {
    return this.td.percentile(percentile) || 0;
  }
}

export class Summary<T extends string = string> extends Metric<SummarySeries> {
  readonly type = 'summary';
  readonly percentiles: readonly number[];
  readonly maxAgeSeconds: number | undefined;
  readonly ageBuckets: number | undefined;
  readonly pruneAgedBuckets: boolean;
  readonly compressCount: number;
  readonly #single: SummarySeries | undefined;

  /** @throws Error or TypeError for a definition that cannot be */
  constructor(config: SummaryConfiguration<T>) {
    super(config);
    if (this.labelNames.includes('quantile')) throw new Error('quantile is a reserved label keyword');
    this.percentiles = config.percentiles ?? DEFAULT_PERCENTILES;
    this.maxAgeSeconds = config.maxAgeSeconds;
    this.ageBuckets = config.ageBuckets;
    this.pruneAgedBuckets = config.pruneAgedBuckets ?? false;
    this.compressCount = config.compressCount ?? DEFAULT_COMPRESS_COUNT;
    this.begin(
      SLOTS,
      () => this.#shape(),
      (shelf, labels, values) => new SummarySeries(shelf, labels, values, this.#window(), this.compressCount),
    );
    this.#single = this.labelNames.length === 0 ? this.storage.table.get(NO_LABELS) : undefined;
    if (this.#single !== undefined) this.storage.place(this.#single);
  }

  /**
   * `observe(0.2)`, `observe({ method: 'GET' }, 0.2)`.
   * @throws TypeError for what is no number, Error for a label that there is not
   */
  observe(first: unknown, second?: unknown): void {
    if (isObject(first)) this.#observe(this.storage.table.get(first), second);
    else this.#observe(this.#single ?? this.storage.table.get(NO_LABELS), first);
  }

  /** Starts a timer; the function that it returns observes the seconds that passed, and returns them. */
  startTimer(labels?: GivenLabels): (endLabels?: GivenLabels) => number {
    return startTimer(labels, (all, seconds) => this.observe(all, seconds));
  }

  /**
   * One series, to be kept where it is observed often: by its labels or by values in the order of the label names.
   * @throws Error for a label that there is not, or another number of values
   */
  labels(...args: unknown[]): BoundSummary {
    const series = this.storage.table.of(args);
    series.bound ??= this.#bind(series);
    return series.bound as BoundSummary;
  }

  /** Lets all series begin again; they stay. */
  reset(): void {
    for (const series of this.storage.shown) series.td.reset();
    this.storage.restart();
  }

  #observe(series: SummarySeries, value: unknown): void {
    if (typeof value !== 'number') throw new TypeError(`Value is not a valid number: ${format(value)}`);
    // Neither has a place among quantiles, and either would spoil the sum for good.
    if (Number.isFinite(value)) series.observe(value);
    else this.refuse(value);
  }

  #bind(series: SummarySeries): BoundSummary {
    return {
      observe: (value) => this.#observe(series, value),
      startTimer: () =>
        startTimer(undefined, (end, seconds) => {
          const own = Object.keys(end).length === 0;
          this.#observe(own ? series : this.storage.table.get({ ...series.labels, ...end }), seconds);
        }),
    };
  }

  #window(): TimeWindowQuantiles {
    return new TimeWindowQuantiles(this.maxAgeSeconds, this.ageBuckets);
  }

  #shape(): Omit<FamilyShape, 'name'> | undefined {
    if (this.aggregator !== 'sum') return undefined;
    const quantiles = [...new Set(this.percentiles)]
      .filter((one) => one >= 0 && one <= 1)
      .sort((a, b) => a - b);
    const moves = this.maxAgeSeconds && this.ageBuckets;
    const window = moves
      ? { lengthMs: this.maxAgeSeconds * 1000, count: Math.min(STEPS_MAX, this.ageBuckets) }
      : { lengthMs: ALL_TIME_MS, count: 1 };
    return this.shapeOf({ type: 'summary', quantiles, window });
  }

  /** The series that are shown, after those are forgotten whose observations are all too old. */
  #current(): Iterable<SummarySeries> {
    // In a service, others may be observing in the series, and its count must not fall.
    if (
      this.pruneAgedBuckets &&
      (this.storage.family === undefined || defaultRegistry().ownView !== undefined)
    ) {
      for (const series of [...this.storage.shown]) if (series.td.size() === 0) this.storage.forget(series);
    }
    for (const { td } of this.storage.shown) td.compress();
    return this.storage.shown;
  }

  protected valuesNow(): MetricValue[] {
    const values: MetricValue[] = [];
    for (const series of this.#current()) {
      for (const quantile of this.percentiles) {
        values.push({ labels: { quantile, ...series.labels }, value: series.percentile(quantile) });
      }
      values.push({ metricName: `${this.name}_sum`, labels: { ...series.labels }, value: series.sum });
      values.push({ metricName: `${this.name}_count`, labels: { ...series.labels }, value: series.count });
    }
    return values;
  }

  protected entryOf(series: SummarySeries): unknown {
    return { labels: { ...series.labels }, td: series.td, count: series.count, sum: series.sum };
  }

  protected write(out: TextOutput): void {
    writeSummary(out, this, this.#current());
  }

  protected writeFamily(out: TextOutput, family: Family): void {
    writeSummaryFamily(out, this, family);
  }
}
