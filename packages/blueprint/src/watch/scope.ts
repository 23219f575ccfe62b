/**
 * The queries that watches are made of, all bound to the series of one service.
 *
 * Labels are known here only when the watch is made, not to the compiler; so each query has any labels for the
 * builder, and the tests hold them against the catalog instead. A label by which a metric is to be kept apart is passed
 * over where the metric does not have it.
 */
import type { MetricType } from '@binnacle/metrics/model';
import {
  type Condition,
  type Duration,
  div,
  group,
  gt,
  histogramAvg,
  histogramCount,
  histogramQuantile,
  increase,
  max,
  min,
  mul,
  or,
  type RangeLength,
  rate,
  type Selector,
  selectors,
  sum,
  type Vector,
} from '@binnacle/promql/builder';
import type { WatchedMetric } from './watched-metric.ts';

/** Series with labels that only the definition knows. */
export type Series = Vector<string>;

/** Conditions on labels. */
export type LabelConditions = Readonly<Record<string, string | Condition<string>>>;

/** A metric in the form that the builder takes. */
interface Definition {
  readonly name: string;
  readonly type: MetricType;
}

/** How counted events are asked for: how many in a second, or how many in the whole window. */
export type Counting = 'rate' | 'increase';

/** What a query of events or values may be told. */
export interface Aspect {
  /** Kept apart, where the metric has it. */
  readonly by?: string | undefined;
  readonly conditions?: LabelConditions;
}

/** Read as any label. */
const LE: readonly string[] = ['le'];

/** Queries bound to one service by equalities. */
export class Scope {
  /** The equalities. */
  readonly where: Readonly<Record<string, string>>;
  readonly #select: (metric: Definition, conditions?: LabelConditions) => Selector<string, 'unknown'>;
  readonly #buckets: (metric: Definition) => Selector<string, 'counter'>;
  readonly #countOf: (metric: Definition) => Selector<string, 'counter'>;
  readonly #sumOf: (metric: Definition) => Selector<string, 'counter'>;

  constructor(where: Readonly<Record<string, string>> = {}) {
    this.where = where;
    const bound = selectors({ where });
    this.#select = bound.select;
    this.#buckets = bound.buckets;
    this.#countOf = bound.countOf;
    this.#sumOf = bound.sumOf;
  }

  /** The series of a counter or a gauge, each for itself. */
  series(metric: WatchedMetric, conditions: LabelConditions = {}): Selector<string, 'unknown'> {
    return this.#select(metric, conditions);
  }

  /** Events of a counter, added up over processes and instances. */
  events(
    metric: WatchedMetric,
    counting: Counting,
    window: RangeLength,
    { by, conditions }: Aspect = {},
  ): Series {
    const over = counting === 'rate' ? rate : increase;
    return sum(over(this.series(metric, conditions), window)).by(...kept(metric, by));
  }

  /** A gauge as one number: added up, or the greatest or least, as its definition says. */
  level(metric: WatchedMetric, { by, conditions }: Aspect = {}): Series {
    return combined(metric, this.series(metric, conditions), kept(metric, by));
  }

  /** The greatest value of a gauge, where a sum would say nothing: ages, times, temperatures. */
  greatest(metric: WatchedMetric, { by, conditions }: Aspect = {}): Series {
    return max(this.series(metric, conditions)).by(...kept(metric, by));
  }

  /** A gauge as one number, as it was so long ago. */
  levelAgo(metric: WatchedMetric, ago: Duration, { by, conditions }: Aspect = {}): Series {
    return combined(metric, this.series(metric, conditions).offset(ago), kept(metric, by));
  }

  /** 1 where a metric had series so long ago; nothing where it had none, as of a service that has just started. */
  existed(metric: WatchedMetric, ago: Duration, labels: readonly string[] = []): Series {
    return group(this.series(metric).offset(ago)).by(...labels);
  }

  /** A quantile of what a histogram observed in a window, over all processes and instances together. */
  quantile(q: number, metric: WatchedMetric, window: RangeLength, by?: string): Series {
    const labels = kept(metric, by);
    return metric.buckets === 'classic'
      ? histogramQuantile(q, sum(rate(this.#buckets(metric), window)).by('le', ...labels))
      : histogramQuantile(q, sum(rate(this.#native(metric), window)).by(...labels));
  }

  /** How many values came into each bucket of a classic histogram in a window. */
  bucketIncreases(metric: WatchedMetric, window: RangeLength): Series {
    return sum(increase(this.#buckets(metric), window)).by(...LE);
  }

  /** The mean of what a histogram observed in a window. */
  mean(metric: WatchedMetric, window: RangeLength, by?: string): Series {
    const labels = kept(metric, by);
    if (metric.buckets === 'native')
      return histogramAvg(sum(rate(this.#native(metric), window)).by(...labels));
    const observed = sum(rate(this.#countOf(metric), window)).by(...labels);
    return div(sum(rate(this.#sumOf(metric), window)).by(...labels), gt(observed, 0));
  }

  /** How many values a histogram observed in a window. */
  observations(metric: WatchedMetric, counting: Counting, window: RangeLength, by?: string): Series {
    const over = counting === 'rate' ? rate : increase;
    const labels = kept(metric, by);
    return metric.buckets === 'classic'
      ? sum(over(this.#countOf(metric), window)).by(...labels)
      : histogramCount(sum(over(this.#native(metric), window)).by(...labels));
  }

  /** The sum of what a classic histogram observed per second. */
  sumPerSecond(metric: WatchedMetric, window: RangeLength, by: readonly string[]): Series {
    return sum(rate(this.#sumOf(metric), window)).by(...by);
  }

  /** For the builder nothing tells at compile time that a metric has native buckets; its definition has said so. */
  #native(metric: WatchedMetric): Selector<string, 'unknown', 'histogram'> {
    return this.#select(metric) as unknown as Selector<string, 'unknown', 'histogram'>;
  }
}

/** Series of a gauge as one number for each set of values of some labels, in the way that its definition says. */
export function combined(metric: WatchedMetric, series: Series, labels: readonly string[]): Series {
  switch (metric.combination) {
    case 'sum':
      return sum(series).by(...labels);
    case 'max':
      return max(series).by(...labels);
    case 'min':
      return min(series).by(...labels);
  }
}

/** The label by which a metric is kept apart, if it has it. */
export function kept(metric: WatchedMetric, by: string | undefined): string[] {
  return by !== undefined && Object.hasOwn(metric.labels, by) ? [by] : [];
}

/**
 * The share that some events are of all, where there are any; 0 where none of the kind have ever been seen, since the
 * series of an open label exist only from the first event on.
 */
export function shareOf(part: Series, all: Series): Series {
  return div(or(part, mul(0, all)), gt(all, 0));
}
