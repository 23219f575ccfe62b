/**
 * What the builder knows of a metric: which kind it is, which labels its series have and with which values.
 *
 * A metric is what `counter(...)`, `gauge(...)`, `histogram(...)` and the others of `@binnacle/metrics` return, or its
 * definition as data, `{ name, type, labels }`. This package imports nothing of the client; for the compiler a metric
 * shows its labels under its only symbol, and for the program under a registered one.
 */
import type { MetricType } from '@binnacle/metrics/model';
import type { MetricDefinition } from '../checker/definitions.ts';
import type { Listed } from './reasons.ts';
import type { SeriesKind } from './vector.ts';

/** A metric of `@binnacle/metrics`, or what tells the same. */
export type MetricLike = MetricDefinition | { readonly name: string; readonly type?: never };

/** The type of a metric; never when it is none. */
export type TypeOf<M> = M extends { readonly type: infer T extends MetricType }
  ? [MetricType] extends [T]
    ? 'unknown'
    : T
  : M extends { readonly observe: unknown }
    ? IsSummary<M> extends true
      ? 'summary'
      : 'histogram'
    : M extends { readonly dec: unknown }
      ? 'gauge'
      : M extends { readonly inc: unknown }
        ? 'counter'
        : M extends { readonly states: readonly string[] }
          ? 'stateset'
          : [InsideOf<M>] extends [never]
            ? never
            : InsideOf<M> extends { readonly shape: unknown }
              ? 'info'
              : never;

/** What a metric keeps under its symbol. */
type InsideOf<M> = M[Extract<keyof M, symbol>];

/** A summary's series say that they are of a summary, as nothing else tells it from a histogram. */
type IsSummary<M> = M extends {
  readonly bind: { (labels: never): infer Bound; (labels: never): unknown };
}
  ? 'summary' extends InsideOf<Bound>
    ? true
    : false
  : false;

/** The kind of what is selected by a metric's own name. */
export type KindOfMetric<M> = KindOfType<TypeOf<M>>;

type KindOfType<T> = T extends 'counter' | 'histogram' | 'unknown' ? T : 'gauge';

/** The values of the labels of a metric, by name; `string` where any can occur. */
export type ValuesOf<M> = M extends { readonly type: MetricType }
  ? M extends { readonly labels: infer L }
    ? { readonly [K in keyof L]: ValueOf<L[K]> }
    : Readonly<Record<string, string>>
  : InsideOf<M> extends { readonly takes?: (labels: infer V) => unknown }
    ? V
    : never;

type ValueOf<D> = D extends readonly (infer V)[]
  ? V
  : D extends { readonly values: readonly (infer V)[] }
    ? V
    : string;

/** The labels and values of the series that have a metric's own name. */
export type OwnLabels<M> =
  TypeOf<M> extends 'summary'
    ? ValuesOf<M> & { readonly quantile: string }
    : TypeOf<M> extends 'stateset'
      ? ValuesOf<M> & StatesOf<M>
      : ValuesOf<M>;

/** The label that names a state is called like its metric, whose name the type may not know. */
type StatesOf<M> = M extends {
  readonly name: infer N extends string;
  readonly states: readonly (infer State)[];
}
  ? { readonly [K in N]: string extends N ? string : State }
  : unknown;

/** A metric, or why it is none. */
export type Metric<M> = [TypeOf<M>] extends [never]
  ? 'this is no metric: take one of @binnacle/metrics, or { name, type, labels }'
  : M;

/** A metric with buckets, or why it has none. */
export type Bucketed<M> =
  TypeOf<M> extends 'histogram' | 'unknown'
    ? M
    : `only histograms have buckets, and this is a ${TypeOf<M> & string}`;

/** A metric with sum and count, or why it has none. */
export type Summed<M> =
  TypeOf<M> extends 'histogram' | 'summary' | 'unknown'
    ? M
    : `only histograms and summaries have sum and count, and this is a ${TypeOf<M> & string}`;

/** That a metric does not have a label. */
export type NoLabel<K, V> = `there is no label ${K & string}; labels: ${Listed<keyof V & string>}`;

/** How a series kind is sampled. */
export type SampleOfKind<K extends SeriesKind> = K extends 'histogram' ? 'histogram' : 'float';

const INSIDE = Symbol.for('@binnacle/metrics/inside/v1');

/** The labels that `bind` has fixed, of a metric that is a part of another. */
export function fixedLabels(metric: object): Readonly<Record<string, string>> {
  const inside: unknown = INSIDE in metric ? metric[INSIDE] : undefined;
  if (typeof inside !== 'object' || inside === null || !('fixed' in inside)) return {};
  return inside.fixed as Readonly<Record<string, string>>;
}
