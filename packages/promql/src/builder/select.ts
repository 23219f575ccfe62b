/**
 * Selecting the series of a metric: names and label values come from its definition.
 *
 * A metric does not know all labels of its series: scraping adds `job` and `instance`, targets and registries may add
 * more. {@link selectors} makes the selecting functions for series with such labels.
 */
import { type Expr, type VectorSelector, walk } from '../ast.ts';
import type { LabelDefinition } from '../checker/definitions.ts';
import { type Condition, type Conditions, selectorNode } from './conditions.ts';
import { type Duration, type EvaluationTime, pinned, shifted } from './duration.ts';
import {
  type Bucketed,
  fixedLabels,
  type KindOfMetric,
  type Metric,
  type MetricLike,
  type NoLabel,
  type OwnLabels,
  type SampleOfKind,
  type Summed,
  type ValuesOf,
} from './metric.ts';
import { NODE } from './node.ts';
import { type OF, type Of, type Sample, type SeriesKind, Vector } from './vector.ts';

/** The series of a metric; `K` says what kind of metric. */
export class Selector<N extends string, K extends SeriesKind, S extends Sample = SampleOfKind<K>>
  extends Vector<N, S>
  implements Of<K>
{
  declare readonly [NODE]: VectorSelector;
  declare readonly [OF]: K;
  readonly #node: VectorSelector;

  constructor(node: VectorSelector) {
    super(node);
    this.#node = node;
  }

  /** As it was so long ago; `-5m` is five minutes later. */
  offset(duration: Duration): Selector<N, K, S> {
    return new Selector(shifted(nameOf(this.#node), this.#node, duration));
  }

  /** As it is at one time: Unix seconds, a date, or the query's start or end. */
  at(time: EvaluationTime): Selector<N, K, S> {
    return new Selector(pinned(nameOf(this.#node), this.#node, time));
  }
}

/** Under which a selector's node keeps the metric that it was made from. */
const METRIC: unique symbol = Symbol('metric');

/** A selector with its metric, which stays when it is shifted or pinned. */
type NodeOfMetric = VectorSelector & { readonly [METRIC]?: object };

/** The metrics that a query selects, as they were given; those of {@link promql} are not known. */
export function metricsOf(query: object): readonly object[] {
  const metrics = new Set<object>();
  const node = NODE in query ? (query[NODE] as Expr) : undefined;
  if (node !== undefined)
    walk(node, (part) => {
      const metric = part.type === 'vectorSelector' ? (part as NodeOfMetric)[METRIC] : undefined;
      if (metric !== undefined) metrics.add(metric);
    });
  return [...metrics];
}

/** The name of the metric that a selector selects. */
export function nameOf(node: VectorSelector): string {
  return node.name || node.matchers.at(-1)!.value;
}

/** The labels that scraping adds to every series. */
export interface TargetLabels {
  readonly job: string;
  readonly instance: string;
}

/** Conditions on `V`, and why the other labels that were given cannot be. */
type Known<C, V> = Conditions<V> & {
  readonly [K in keyof C]: K extends keyof V
    ? (V[K] & string) | Condition<V[K] & string> | readonly Condition<V[K] & string>[] | undefined
    : NoLabel<K, V>;
};

/** The selecting functions, for series that have the labels `T` beside their metric's own. */
export interface Selecting<T> {
  /** The series of a metric, whose labels meet the conditions. A histogram is selected as a native one. */
  select<const M extends MetricLike, C>(
    metric: Metric<M>,
    conditions?: Known<C, OwnLabels<M> & T>,
  ): Selector<keyof (OwnLabels<M> & T) & string, KindOfMetric<M>>;
  /** The classic buckets of a histogram: the counters `_bucket`, with the label `le`. */
  buckets<const M extends MetricLike, C>(
    histogram: Bucketed<M>,
    conditions?: Known<C, ValuesOf<M> & T & { readonly le: string }>,
  ): Selector<(keyof (ValuesOf<M> & T) & string) | 'le', 'counter'>;
  /** How many values a classic histogram or a summary has seen: the counter `_count`. */
  countOf<const M extends MetricLike, C>(
    observed: Summed<M>,
    conditions?: Known<C, ValuesOf<M> & T>,
  ): Selector<keyof (ValuesOf<M> & T) & string, 'counter'>;
  /** The sum of the values that a classic histogram or a summary has seen: the counter `_sum`. */
  sumOf<const M extends MetricLike, C>(
    observed: Summed<M>,
    conditions?: Known<C, ValuesOf<M> & T>,
  ): Selector<keyof (ValuesOf<M> & T) & string, 'counter'>;
  /** One state of a state set: 1 where it is in that state, 0 where it is not. */
  stateOf<const M extends StateSetLike, C>(
    stateSet: M,
    state: M['states'][number],
    conditions?: Known<C, ValuesOf<M> & T>,
  ): Selector<keyof (OwnLabels<M> & T) & string, 'gauge'>;
}

/** A state set of `@binnacle/metrics`. */
interface StateSetLike {
  readonly name: string;
  readonly states: readonly string[];
  readonly type?: never;
}

/** The values of labels that are defined as those of metrics are; a string is the only value that there is. */
type Defined<L> = {
  readonly [K in keyof L]: L[K] extends string ? L[K] : L[K] extends readonly (infer V)[] ? V : string;
};

/** What {@link selectors} is told. */
export interface SelectorsOptions<L, C> {
  /**
   * The labels that targets or a registry add, defined as labels of metrics are; a string where there is one value:
   * `{ system: label, region: 'eu' }`.
   */
  readonly labels?: L;
  /** Conditions for all that is selected, unless others are given on the same label. */
  readonly where?: C;
}

/**
 * The selecting functions for series that have more labels than `job`, `instance` and their metric's own:
 *
 *     const { select, buckets } = selectors({ labels: { system: ['web'] }, where: { system: 'web' } });
 */
export function selectors<
  const L extends Readonly<Record<string, LabelDefinition | string>> = Record<never, never>,
  const C = Record<never, never>,
>(options?: SelectorsOptions<L, Known<C, Defined<L> & TargetLabels>>): Selecting<Defined<L> & TargetLabels>;
// The implementation sees any metric and any condition.
export function selectors({ where = {} }: SelectorsOptions<object, object> = {}): unknown {
  const selectAs =
    (suffix: string) =>
    (metric: { readonly name: string }, conditions: object = {}) =>
      new Selector({
        ...selectorNode(metric.name + suffix, {
          ...given(where),
          ...fixedLabels(metric),
          ...given(conditions),
        }),
        [METRIC]: metric,
      } as NodeOfMetric);
  const whole = selectAs('');
  return {
    select: whole,
    buckets: selectAs('_bucket'),
    countOf: selectAs('_count'),
    sumOf: selectAs('_sum'),
    stateOf: (stateSet: StateSetLike, state: string, conditions: object = {}) =>
      whole(stateSet, { ...conditions, [stateSet.name]: state }),
  };
}

/** Without what is undefined, which is no condition. */
function given(conditions: object): object {
  return Object.fromEntries(Object.entries(conditions).filter(([, condition]) => condition !== undefined));
}

const STANDARD = selectors();

/** The series of a metric, whose labels meet the conditions. A histogram is selected as a native one. */
export const select: Selecting<TargetLabels>['select'] = STANDARD.select;
/** The classic buckets of a histogram: the counters `_bucket`, with the label `le`. */
export const buckets: Selecting<TargetLabels>['buckets'] = STANDARD.buckets;
/** How many values a classic histogram or a summary has seen: the counter `_count`. */
export const countOf: Selecting<TargetLabels>['countOf'] = STANDARD.countOf;
/** The sum of the values that a classic histogram or a summary has seen: the counter `_sum`. */
export const sumOf: Selecting<TargetLabels>['sumOf'] = STANDARD.sumOf;
/** One state of a state set: 1 where it is in that state, 0 where it is not. */
export const stateOf: Selecting<TargetLabels>['stateOf'] = STANDARD.stateOf;
