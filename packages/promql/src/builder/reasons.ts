/**
 * Why something does not compile, in words: types of strings that stand where a query is wanted, so that the compiler
 * shows them.
 */
import type { AnyRange, AnySelector, KindOf, SampleOf } from './vector.ts';

type Meet<U> = (U extends unknown ? (each: U) => void : never) extends (each: infer I) => void ? I : never;
type LastOf<U> = Meet<U extends unknown ? () => U : never> extends () => infer R ? R : never;

/** The members of a union as one text, `a, b, c`. */
export type Listed<U extends string> = [U] extends [never]
  ? 'none'
  : LastOf<U> extends infer L extends string
    ? [Exclude<U, L>] extends [never]
      ? L
      : `${Listed<Exclude<U, L>>}, ${L}`
    : never;

/** Whether two vectors have the same labels, or nobody knows. */
export type SameLabels<A extends string, B extends string> = string extends A | B
  ? true
  : [A] extends [B]
    ? [B] extends [A]
      ? true
      : false
    : false;

/** Why two vectors do not match. */
export type OtherLabels<A extends string, B extends string> = `${Only<
  'left',
  Exclude<A, B>
>}${[Exclude<A, B>] extends [never] ? '' : [Exclude<B, A>] extends [never] ? '' : ', '}${Only<
  'right',
  Exclude<B, A>
>}: say which labels match, with .on(...) or .ignoring(...)`;

type Only<Side extends string, N extends string> = [N] extends [never]
  ? ''
  : `only the ${Side} side has ${Listed<N>}`;

/** What functions of ranges take: a selector or a subquery. */
export type Ranged<Q> = Q extends AnySelector | AnyRange
  ? Q
  : 'only a selector can have a range: write subquery(vector, range)';

/** What functions of counters take. */
export type CounterRange<Q, F extends string> =
  KindOf<Q> extends 'gauge'
    ? `${F} is for counters, and this is a gauge: take delta or deriv`
    : KindOf<Q> extends 'computed'
      ? `${F} is for counters as they were scraped: take it first, and aggregate or calculate after it`
      : Q;

/** What functions of gauges take. */
export type GaugeRange<Q, F extends string> =
  KindOf<Q> extends 'counter' | 'histogram'
    ? `${F} is for gauges, and this is a counter: take rate or increase`
    : Ranged<Q>;

/** What functions of numbers over ranges take. */
export type NumberRange<Q, F extends string> =
  'histogram' extends SampleOf<Q> ? `${F} is for numbers, and these are native histograms` : Ranged<Q>;

/** That a vector of another kind of samples is wanted. */
export type NeedsHistograms<F extends string> =
  `${F} is for native histograms: of classic ones take countOf and sumOf`;

/** That a quantile has nothing to be made of. */
export type NeedsLe<N extends string> = `there is no label le: keep it with .by('le'); labels: ${Listed<N>}`;
