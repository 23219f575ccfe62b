/**
 * What a watch knows of a metric that it is given: its name, kind, labels, buckets, and how its values over several
 * processes and instances become one.
 *
 * A metric is what `counter(...)`, `gauge(...)` and `histogram(...)` of `@binnacle/metrics` return, or its definition
 * as data, `{ name, type, labels }`. Kinds are told apart by the compiler where it can see them, and always again when
 * the watch is made.
 */
import type { MetricType } from '@binnacle/metrics/model';
import { catalogOf, type LabelDomain, type MetricDefinition } from '@binnacle/promql';
import type { ValuesOf } from '@binnacle/promql/builder';
import { DefinitionError } from '../dashboard/definition-error.ts';

/** A definition as data of one kind, with how a gauge adds up over processes. */
type DefinitionOf<T extends MetricType> = MetricDefinition & {
  readonly type: T | 'unknown';
  /** As `@binnacle/metrics` names it: `live sum`, `mostrecent`. */
  readonly mode?: string;
};

/** A counter. */
export type CounterLike =
  | DefinitionOf<'counter'>
  | { readonly name: string; readonly type?: never; readonly inc: unknown; readonly dec?: never };

/** A gauge. */
export type GaugeLike =
  | DefinitionOf<'gauge'>
  | { readonly name: string; readonly type?: never; readonly dec: unknown };

/** A histogram, with classic or native buckets. */
export type HistogramLike =
  | DefinitionOf<'histogram'>
  | { readonly name: string; readonly type?: never; readonly observe: unknown };

/** An info metric, or a gauge that is one. */
export type InfoLike = DefinitionOf<'info' | 'gauge'> | { readonly name: string; readonly type?: never };

/** The names of a metric's labels; any where its type does not know them. */
export type LabelOf<M> = M extends object ? keyof ValuesOf<M> & string : never;

/** How the values of one gauge become one number. */
export type Combination = 'sum' | 'max' | 'min';

/** What a watch knows of a metric. */
export interface WatchedMetric {
  readonly name: string;
  readonly type: MetricType;
  /** The values of each of its own labels; `open` where any can occur. */
  readonly labels: Readonly<Record<string, LabelDomain>>;
  /** Gauges. */
  readonly combination: Combination;
  /** Histograms: which buckets quantiles are made of. */
  readonly buckets: 'classic' | 'native';
  /** Classic histograms, where it is known: the greatest bound but infinity. */
  readonly boundMax?: number;
}

/** Where a metric of `@binnacle/metrics` keeps what it is, as `catalogOf` knows it. */
const INSIDE = Symbol.for('@binnacle/metrics/inside/v1');

/** Modes whose values are those of one thing that every process sees, or of the worst of them. */
const COMBINATIONS: Readonly<Record<string, Combination>> = {
  mostrecent: 'max',
  max: 'max',
  min: 'min',
  'live max': 'max',
  'live min': 'min',
  'live average': 'max',
  'live first': 'max',
};

/**
 * Reads what is given as a metric of one of some kinds; undefined stays undefined, since parts may be absent.
 * @param where names it in messages: `httpWatch: requests`
 * @throws DefinitionError for what is no metric, or one of another kind
 */
export function watchedMetric(where: string, given: object, kinds: readonly MetricType[]): WatchedMetric;
export function watchedMetric(
  where: string,
  given: object | undefined,
  kinds: readonly MetricType[],
): WatchedMetric | undefined;
export function watchedMetric(
  where: string,
  given: object | undefined,
  kinds: readonly MetricType[],
): WatchedMetric | undefined {
  if (given === undefined) return undefined;
  const [found, another] = catalogOf([given]);
  if (found === undefined || another !== undefined)
    throw new DefinitionError(
      `${where} is no metric: take one of @binnacle/metrics, or { name, type, labels }`,
    );
  const { name, type, labels = {}, form, bounds } = found;
  const boundMax = form === 'native' ? undefined : bounds?.at(-1);
  if (type !== 'unknown' && !kinds.includes(type))
    throw new DefinitionError(`${where}: ${name} is a ${type}, and a ${kinds.join(' or ')} is needed`);
  return {
    name,
    type,
    labels,
    combination: COMBINATIONS[modeOf(given) ?? ''] ?? 'sum',
    buckets: form === 'native' ? 'native' : 'classic',
    ...(boundMax !== undefined && { boundMax }),
  };
}

function modeOf(given: object): string | undefined {
  const inside: unknown = INSIDE in given ? given[INSIDE] : undefined;
  const shape: unknown =
    typeof inside === 'object' && inside !== null && 'shape' in inside ? inside.shape : given;
  if (typeof shape !== 'object' || shape === null || !('mode' in shape)) return undefined;
  return typeof shape.mode === 'string' ? shape.mode : undefined;
}

/**
 * The label of a metric that is asked for, or the first of some usual names that it has.
 * @param told `false` for none; undefined leaves the choice to the definition
 * @throws DefinitionError when the metric has no label of the name that was told
 */
export function labelOf(
  where: string,
  metric: WatchedMetric,
  told: string | false | undefined,
  usual: readonly string[],
): string | undefined {
  if (told === false) return undefined;
  const names = Object.keys(metric.labels);
  if (told === undefined) return usual.find((name) => names.includes(name));
  if (!names.includes(told))
    throw new DefinitionError(
      `${where}: ${metric.name} has no label ${told}; its labels are ${names.join(', ') || 'none'}`,
    );
  return told;
}
