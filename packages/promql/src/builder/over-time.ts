/**
 * Functions of ranges: `rate(select(requests), '5m')`, `maxOverTime(subquery(x, '1h', '1m'))`.
 *
 * A selector is given its range here, because nothing else can be done with a selector that has one. A subquery has
 * its range already. What is neither has none, and does not compile.
 */
import type { Expr, MatrixSelector } from '../ast.ts';
import { type RangeLength, rangeParts } from './duration.ts';
import { callNode, NODE, NOWHERE } from './node.ts';
import type { CounterRange, GaugeRange, NumberRange, Ranged } from './reasons.ts';
import { nameOf, Selector } from './select.ts';
import {
  type AnyRange,
  type AnyVector,
  type LabelsOf,
  type NumberLike,
  nodeOfNumber,
  Range,
  type SampleOf,
  Vector,
} from './vector.ts';

/** What is looked at over a range. */
type Queried = AnyVector | AnyRange;

/** The range of a selector; a subquery has its own. */
type RangeOf<Q> = Q extends AnyRange ? [] : [range: RangeLength];

function rangeNode(func: string, query: unknown, range: RangeLength | undefined): Expr {
  if (query instanceof Range) {
    if (range === undefined) return query[NODE];
    throw new TypeError(`${func}: a subquery has its range already`);
  }
  if (!(query instanceof Selector))
    throw new TypeError(`${func} needs a selector or a subquery, not ${String(query)}`);
  const selector = query[NODE];
  const name = nameOf(selector);
  if (range === undefined)
    throw new TypeError(`${func} of ${name} needs a range, as in ${func}(select(metric), "5m")`);
  const { ms, placeholder } = rangeParts(`${func} of ${name}`, range);
  const matrix: MatrixSelector = {
    type: 'matrixSelector',
    selector,
    rangeMs: ms,
    ...(placeholder !== undefined && { rangePlaceholder: placeholder }),
    ...NOWHERE,
  };
  return matrix;
}

/** A function of counters; also of native histograms, which count. */
export type OfCounters<F extends string> = <Q extends Queried>(
  counter: CounterRange<Q, F>,
  ...range: RangeOf<Q>
) => Vector<LabelsOf<Q>, SampleOf<Q>>;

/** A function of gauges. */
export type OfGauges<F extends string> = <Q extends Queried>(
  gauge: GaugeRange<Q, F>,
  ...range: RangeOf<Q>
) => Vector<LabelsOf<Q>, SampleOf<Q>>;

/** A function of numbers and of native histograms, which gives the same. */
export type OfSamples = <Q extends Queried>(
  query: Ranged<Q>,
  ...range: RangeOf<Q>
) => Vector<LabelsOf<Q>, SampleOf<Q>>;

/** A function of numbers and of native histograms, which gives numbers. */
export type ToNumbers = <Q extends Queried>(query: Ranged<Q>, ...range: RangeOf<Q>) => Vector<LabelsOf<Q>>;

/** A function whose result has labels that are not known. */
export type Absence = <Q extends Queried>(query: Ranged<Q>, ...range: RangeOf<Q>) => Vector<string>;

/** A function of numbers. */
export type OfNumbers<F extends string> = <Q extends Queried>(
  query: NumberRange<Q, F>,
  ...range: RangeOf<Q>
) => Vector<LabelsOf<Q>>;

// Each implementation sees any query; the types say which one belongs to which function.
function ofCounters<F extends string>(func: F): OfCounters<F>;
function ofCounters(func: string): unknown {
  return overTime(func);
}

function ofGauges<F extends string>(func: F): OfGauges<F>;
function ofGauges(func: string): unknown {
  return overTime(func);
}

function ofSamples(func: string): OfSamples;
function ofSamples(func: string): unknown {
  return overTime(func);
}

function toNumbers(func: string): ToNumbers;
function toNumbers(func: string): unknown {
  return overTime(func);
}

function absence(func: string): Absence;
function absence(func: string): unknown {
  return overTime(func);
}

function ofNumbers<F extends string>(func: F): OfNumbers<F>;
function ofNumbers(func: string): unknown {
  return overTime(func);
}

function overTime(func: string) {
  return (query: Queried, range?: RangeLength) => new Vector(callNode(func, [rangeNode(func, query, range)]));
}

/** How fast a counter grows, per second. */
export const rate = ofCounters('rate');
/** How much a counter has grown. */
export const increase = ofCounters('increase');
/** How fast a counter grew between its last two samples, per second. */
export const irate = ofCounters('irate');

/** How much a gauge has changed. */
export const delta = ofGauges('delta');
/** How much a gauge changed between its last two samples. */
export const idelta = ofGauges('idelta');
/** How fast a gauge changes, per second, by linear regression. */
export const deriv = ofGauges('deriv');

/** How often a counter began again. */
export const resets = toNumbers('resets');
/** How often the value changed. */
export const changes = toNumbers('changes');
/** How many samples there were. */
export const countOverTime = toNumbers('count_over_time');
/** 1 where there was a sample. */
export const presentOverTime = toNumbers('present_over_time');

/** The mean over time. */
export const avgOverTime = ofSamples('avg_over_time');
/** The sum over time. */
export const sumOverTime = ofSamples('sum_over_time');
/** The oldest sample. */
export const firstOverTime = ofSamples('first_over_time');
/** The newest sample. */
export const lastOverTime = ofSamples('last_over_time');

/** The least value over time. */
export const minOverTime = ofNumbers('min_over_time');
/** The greatest value over time. */
export const maxOverTime = ofNumbers('max_over_time');
/** The standard deviation over time. */
export const stddevOverTime = ofNumbers('stddev_over_time');
/** The variance over time. */
export const stdvarOverTime = ofNumbers('stdvar_over_time');
/** The median absolute deviation over time. Experimental: the engine must be asked for it. */
export const madOverTime = ofNumbers('mad_over_time');
/** When the oldest sample was, in Unix seconds. Experimental. */
export const tsOfFirstOverTime = toNumbers('ts_of_first_over_time');
/** When the newest sample was, in Unix seconds. Experimental. */
export const tsOfLastOverTime = toNumbers('ts_of_last_over_time');
/** When the least value was, in Unix seconds. Experimental. */
export const tsOfMinOverTime = ofNumbers('ts_of_min_over_time');
/** When the greatest value was, in Unix seconds. Experimental. */
export const tsOfMaxOverTime = ofNumbers('ts_of_max_over_time');

/** 1 where there was no sample; its labels are those of the selector's equalities. */
export const absentOverTime = absence('absent_over_time');

/** A quantile over time, from 0 to 1. */
export function quantileOverTime<Q extends Queried>(
  q: NumberLike,
  query: NumberRange<Q, 'quantile_over_time'>,
  ...range: RangeOf<Q>
): Vector<LabelsOf<Q>>;
export function quantileOverTime(q: NumberLike, query: unknown, range?: RangeLength): unknown {
  return new Vector(
    callNode('quantile_over_time', [nodeOfNumber(q), rangeNode('quantile_over_time', query, range)]),
  );
}

/** What stands behind a query: its range, where it is a selector, and numbers. */
type RangeAnd<Q, Numbers extends readonly unknown[]> = [...RangeOf<Q>, ...Numbers];

/** What a gauge will be in so many seconds, by linear regression: `predictLinear(select(free), '1h', 3600)`. */
export function predictLinear<Q extends Queried>(
  gauge: GaugeRange<Q, 'predict_linear'>,
  ...rangeAndSeconds: RangeAnd<Q, [seconds: NumberLike]>
): Vector<LabelsOf<Q>>;
export function predictLinear(gauge: unknown, ...rest: readonly (RangeLength | NumberLike)[]): unknown {
  return new Vector(withNumbers('predict_linear', 1, gauge, rest));
}

/** A gauge smoothed, by two factors from 0 to 1, of its level and of its trend. Experimental. */
export function doubleExponentialSmoothing<Q extends Queried>(
  gauge: GaugeRange<Q, 'double_exponential_smoothing'>,
  ...rangeAndFactors: RangeAnd<Q, [level: NumberLike, trend: NumberLike]>
): Vector<LabelsOf<Q>>;
export function doubleExponentialSmoothing(
  gauge: unknown,
  ...rest: readonly (RangeLength | NumberLike)[]
): unknown {
  return new Vector(withNumbers('double_exponential_smoothing', 2, gauge, rest));
}

function withNumbers(
  func: string,
  count: number,
  query: unknown,
  rest: readonly (RangeLength | NumberLike)[],
): Expr {
  const range = rest.length > count ? (rest[0] as RangeLength) : undefined;
  const numbers = rest.slice(-count) as readonly NumberLike[];
  return callNode(func, [rangeNode(func, query, range), ...numbers.map(nodeOfNumber)]);
}
