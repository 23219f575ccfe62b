/** Histograms: how a quantity is distributed, counted in buckets that are fixed beforehand. */
import { format } from 'node:util';
import { Exemplar } from './exemplar.ts';
import { writeHistogram, writeHistogramFamily } from './histogram-text.ts';
import { type GivenLabels, isObject } from './labels.ts';
import { Metric, type MetricConfiguration, type MetricObject, type MetricValue } from './metric.ts';
import { Series } from './series.ts';
import type { FamilyShape } from './storage.ts';
import type { Family, TextOutput } from './text.ts';
import { startTimer } from './timer.ts';

/** What a histogram is made from. */
export interface HistogramConfiguration<T extends string> extends MetricConfiguration<T> {
  /** Upper bounds, in any order. */
  readonly buckets?: readonly number[];
}

/** One series, as `labels(...)` gives it. Its methods need no `this`. */
export interface BoundHistogram {
  observe(value: number): void;
  startTimer(): (labels?: GivenLabels) => number;
}

/** The buckets that fit most durations of requests, in seconds. */
const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Its slots are a count per bucket, `+Inf` last, and the sum; the number of observations is that of the buckets. */
export class HistogramSeries extends Series {
  /** Counts a number that is not NaN; returns its bucket. */
  observe(bounds: Float64Array, value: number): number {
    let index = this.index;
    if (index < 0) index = this.show();
    const count = bounds.length;
    let bucket = 0;
    // Up to some tens of buckets, walking beats bisecting: most values lie in the first ones.
    while (bucket < count && value > bounds[bucket]!) bucket++;
    this.values[index + bucket]! += 1;
    this.values[index + count + 1]! += value;
    return bucket;
  }

  sum(bounds: number): number {
    return this.values[this.index + bounds + 1]!;
  }

  count(bounds: number): number {
    let count = 0;
    for (let i = 0; i <= bounds; i++) count += this.values[this.index + i]!;
    return count;
  }
}

const NO_LABELS: GivenLabels = {};

export class Histogram<T extends string = string> extends Metric<HistogramSeries> {
  readonly type = 'histogram';
  readonly buckets: readonly number[];
  /** In order, without `+Inf`. */
  readonly upperBounds: readonly number[];
  /** Every bound, with 0. */
  readonly bucketValues: Readonly<Record<string, number>>;
  readonly #bounds: Float64Array;
  readonly #single: HistogramSeries | undefined;

  /** @throws Error or TypeError for a definition that cannot be */
  constructor(config: HistogramConfiguration<T>) {
    super(config);
    if (this.labelNames.includes('le')) throw new Error('le is a reserved label keyword');
    this.upperBounds = Object.freeze(boundsOf(this.name, config.buckets ?? DEFAULT_BUCKETS));
    this.buckets = this.upperBounds;
    this.bucketValues = Object.freeze(Object.fromEntries(this.upperBounds.map((bound) => [bound, 0])));
    this.#bounds = Float64Array.from(this.upperBounds);
    this.begin(
      this.upperBounds.length + 2,
      () => this.#shape(),
      (shelf, labels, values) => new HistogramSeries(shelf, labels, values),
    );
    this.#single = this.labelNames.length === 0 ? this.storage.table.get(NO_LABELS) : undefined;
    if (this.#single !== undefined) this.storage.place(this.#single);
  }

  /**
   * Counts a value: `observe(0.2)`, `observe({ method: 'GET' }, 0.2)`; with exemplars `observe({ labels, value,
   * exemplarLabels })`.
   * @throws TypeError for what is no number, Error for a label that there is not
   */
  observe(first: unknown, second?: unknown): void {
    if (this.enableExemplars) this.#observeWithExemplar(first as ObservationWithExemplar | undefined);
    else if (isObject(first)) this.#observe(this.storage.table.get(first), second);
    else this.#observe(this.#single ?? this.storage.table.get(NO_LABELS), first);
  }

  /** Starts a timer; the function that it returns observes the seconds that passed, and returns them. */
  startTimer(
    labels?: GivenLabels,
    exemplarLabels?: GivenLabels,
  ): (endLabels?: GivenLabels, endExemplarLabels?: GivenLabels) => number {
    return startTimer(labels, (all, value, endExemplarLabels) => {
      if (!this.enableExemplars) this.observe(all, value);
      else {
        const exemplar = { ...exemplarLabels, ...(endExemplarLabels as object) };
        this.#observeWithExemplar({ labels: all, value, exemplarLabels: exemplar });
      }
    });
  }

  /**
   * One series, to be kept where it is observed often: by its labels or by values in the order of the label names.
   * @throws Error for a label that there is not, or another number of values
   */
  labels(...args: unknown[]): BoundHistogram {
    const series = this.storage.table.of(args);
    series.bound ??= this.#bind(series);
    return series.bound as BoundHistogram;
  }

  /** Shows a series at 0. @throws Error for a label that there is not */
  zero(labels: GivenLabels): void {
    const series = this.storage.table.get(labels ?? NO_LABELS);
    if (series.index < 0) this.storage.place(series);
    else this.storage.restartOne(series, true);
  }

  reset(): void {
    this.storage.hide();
  }

  /** As {@link Histogram.get}, the labels that the values of a series share apart from those that they do not. */
  async getForPromString(): Promise<MetricObject<SharedValue>> {
    await this.askCollect();
    const values: SharedValue[] = [];
    for (const series of this.storage.shown) values.push(...this.#valuesOf(series));
    return this.object(values);
  }

  #observe(series: HistogramSeries, value: unknown): number {
    if (typeof value !== 'number') throw new TypeError(`Value is not a valid number: ${format(value)}`);
    if (!Number.isNaN(value)) return series.observe(this.#bounds, value);
    this.refuse(value);
    return -1;
  }

  #observeWithExemplar({ labels = {}, value, exemplarLabels }: ObservationWithExemplar = {}): void {
    const series = this.storage.table.get(labels);
    if (exemplarLabels !== undefined) new Exemplar().validateExemplarLabelSet(exemplarLabels);
    const bucket = this.#observe(series, value);
    if (bucket < 0 || exemplarLabels === undefined || Object.keys(exemplarLabels).length === 0) return;
    series.note(bucket, exemplarLabels, value as number);
  }

  #bind(series: HistogramSeries): BoundHistogram {
    return {
      observe: (value) => void this.#observe(series, value),
      startTimer: () =>
        startTimer(undefined, (end, seconds) => {
          const own = Object.keys(end).length === 0;
          this.#observe(own ? series : this.storage.table.get({ ...series.labels, ...end }), seconds);
        }),
    };
  }

  #shape(): Omit<FamilyShape, 'name'> | undefined {
    return this.aggregator === 'sum'
      ? this.shapeOf({ type: 'histogram', bounds: this.upperBounds })
      : undefined;
  }

  #valuesOf(series: HistogramSeries): SharedValue[] {
    const { name, upperBounds, enableExemplars } = this;
    const sharedLabels = { ...series.labels };
    const values: SharedValue[] = [];
    let count = 0;
    for (let i = 0; i <= upperBounds.length; i++) {
      count += series.values[series.index + i]!;
      const le = i === upperBounds.length ? '+Inf' : upperBounds[i]!;
      const noted = series.exemplars?.get(i) ?? null;
      const exemplar = enableExemplars ? noted : null;
      values.push({ labels: { le }, sharedLabels, value: count, metricName: `${name}_bucket`, exemplar });
    }
    const rest = { labels: {}, sharedLabels, exemplar: undefined };
    values.push({ ...rest, value: series.sum(upperBounds.length), metricName: `${name}_sum` });
    values.push({ ...rest, value: count, metricName: `${name}_count` });
    return values;
  }

  protected valuesNow(): MetricValue[] {
    const values: MetricValue[] = [];
    for (const series of this.storage.shown) {
      for (const { labels, sharedLabels, ...rest } of this.#valuesOf(series)) {
        values.push({ ...rest, labels: { ...labels, ...sharedLabels } });
      }
    }
    return values;
  }

  protected entryOf(series: HistogramSeries): unknown {
    const bucketValues: Record<string, number> = {};
    this.upperBounds.forEach((bound, i) => {
      bucketValues[bound] = series.values[series.index + i]!;
    });
    const bounds = this.upperBounds.length;
    return {
      labels: { ...series.labels },
      bucketValues,
      sum: series.sum(bounds),
      count: series.count(bounds),
    };
  }

  protected write(out: TextOutput): void {
    writeHistogram(out, this, this.storage.shown);
  }

  protected writeFamily(out: TextOutput, family: Family): void {
    writeHistogramFamily(out, this, family);
  }
}

/** A value of a histogram for its text. */
interface SharedValue extends MetricValue {
  /** The labels of the series. */
  sharedLabels: Record<string, unknown>;
}

interface ObservationWithExemplar {
  readonly labels?: GivenLabels;
  readonly value?: unknown;
  readonly exemplarLabels?: Readonly<Record<string, unknown>>;
}

/**
 * Bounds in order and once each: cumulative counts of any other order would be wrong. `+Inf` there is always.
 * @throws TypeError for what is no number
 */
function boundsOf(name: string, buckets: readonly unknown[]): number[] {
  const bounds = buckets.map(Number);
  if (bounds.some(Number.isNaN)) {
    throw new TypeError(`The buckets of histogram ${name} must be numbers: ${format(buckets)}`);
  }
  const finite = bounds.filter((bound) => bound !== Number.POSITIVE_INFINITY);
  return [...new Set(finite)].sort((a, b) => a - b);
}
