/** Functions of instant vectors, of their labels and of numbers, by Prometheus's names in camel case. */
import { checkPattern, labelNames } from './conditions.ts';
import { callNode, stringNode } from './node.ts';
import {
  type AnyVector,
  type NumberLike,
  nodeOfNumber,
  nodeOfVector,
  type Sample,
  Scalar,
  Vector,
} from './vector.ts';

function ofNumbers(func: string) {
  return <N extends string>(vector: Vector<N>): Vector<N> =>
    new Vector(callNode(func, [nodeOfVector(func, vector)]));
}

function ofSamples(func: string) {
  return <N extends string, S extends Sample>(vector: Vector<N, S>): Vector<N> =>
    new Vector(callNode(func, [nodeOfVector(func, vector)]));
}

/** Of the evaluation time where no vector is given. */
function ofTimes(func: string) {
  return <N extends string = never>(vector?: Vector<N>): Vector<N> =>
    new Vector(callNode(func, vector === undefined ? [] : [nodeOfVector(func, vector)]));
}

function bounding(func: string) {
  return <N extends string>(vector: Vector<N>, bound: NumberLike): Vector<N> =>
    new Vector(callNode(func, [nodeOfVector(func, vector), nodeOfNumber(bound)]));
}

/** The absolute value. */
export const abs = ofNumbers('abs');
/** Rounded up to a whole number. */
export const ceil = ofNumbers('ceil');
/** Rounded down to a whole number. */
export const floor = ofNumbers('floor');
/** e to the power of the value. */
export const exp = ofNumbers('exp');
/** The natural logarithm. */
export const ln = ofNumbers('ln');
/** The logarithm to the base 2. */
export const log2 = ofNumbers('log2');
/** The logarithm to the base 10. */
export const log10 = ofNumbers('log10');
/** The square root. */
export const sqrt = ofNumbers('sqrt');
/** 1, 0 or -1, as the value is above, equal to or below 0. */
export const sgn = ofNumbers('sgn');

/** The arc cosine, in radians. */
export const acos = ofNumbers('acos');
/** The inverse hyperbolic cosine. */
export const acosh = ofNumbers('acosh');
/** The arc sine, in radians. */
export const asin = ofNumbers('asin');
/** The inverse hyperbolic sine. */
export const asinh = ofNumbers('asinh');
/** The arc tangent, in radians. */
export const atan = ofNumbers('atan');
/** The inverse hyperbolic tangent. */
export const atanh = ofNumbers('atanh');
/** The cosine of radians. */
export const cos = ofNumbers('cos');
/** The hyperbolic cosine. */
export const cosh = ofNumbers('cosh');
/** The sine of radians. */
export const sin = ofNumbers('sin');
/** The hyperbolic sine. */
export const sinh = ofNumbers('sinh');
/** The tangent of radians. */
export const tan = ofNumbers('tan');
/** The hyperbolic tangent. */
export const tanh = ofNumbers('tanh');
/** Radians as degrees. */
export const deg = ofNumbers('deg');
/** Degrees as radians. */
export const rad = ofNumbers('rad');

/** Least values first, in the answer to an instant query. */
export const sort = ofNumbers('sort');
/** Greatest values first, in the answer to an instant query. */
export const sortDesc = ofNumbers('sort_desc');
/** When the samples were taken, in Unix seconds. */
export const timestamp = ofSamples('timestamp');

/** The minute of the hour, of Unix seconds in UTC; of now without an argument, as all of these. */
export const minute = ofTimes('minute');
/** The hour of the day. */
export const hour = ofTimes('hour');
/** The day of the week, 0 for Sunday. */
export const dayOfWeek = ofTimes('day_of_week');
/** The day of the month, from 1. */
export const dayOfMonth = ofTimes('day_of_month');
/** The day of the year, from 1. */
export const dayOfYear = ofTimes('day_of_year');
/** How many days the month has. */
export const daysInMonth = ofTimes('days_in_month');
/** The month of the year, from 1. */
export const month = ofTimes('month');
/** The year. */
export const year = ofTimes('year');

/** No value below `bound`. */
export const clampMin = bounding('clamp_min');
/** No value above `bound`. */
export const clampMax = bounding('clamp_max');

/** No value below `least` and none above `most`. */
export function clamp<N extends string>(vector: Vector<N>, least: NumberLike, most: NumberLike): Vector<N> {
  const args = [nodeOfVector('clamp', vector), nodeOfNumber(least), nodeOfNumber(most)];
  return new Vector(callNode('clamp', args));
}

/** Rounded to the nearest multiple of `to`, which is 1 where it is left out. */
export function round<N extends string>(vector: Vector<N>, to?: NumberLike): Vector<N> {
  const multiple = to === undefined ? [] : [nodeOfNumber(to)];
  return new Vector(callNode('round', [nodeOfVector('round', vector), ...multiple]));
}

/** 1 where the vector is empty; its labels are those of the selector's equalities. */
export function absent(vector: AnyVector): Vector<string> {
  return new Vector(callNode('absent', [nodeOfVector('absent', vector)]));
}

/** The evaluation time in Unix seconds. */
export function time(): Scalar {
  return new Scalar(callNode('time', []));
}

/** π */
export function pi(): Scalar {
  return new Scalar(callNode('pi', []));
}

/** The only series of a vector as a number; NaN where there is none or are several. */
export function scalar(vector: AnyVector): Scalar {
  return new Scalar(callNode('scalar', [nodeOfVector('scalar', vector)]));
}

/** A number as a series without labels. */
export function vector(value: NumberLike): Vector<never> {
  return new Vector(callNode('vector', [nodeOfNumber(value)]));
}

/**
 * Sets a label from what a regular expression finds in another; where it does not match the whole value, nothing
 * changes. `$1` or `$name` in the replacement is what a group has found.
 * @throws TypeError with what is wrong with the regular expression
 */
export function labelReplace<N extends string, S extends Sample, const L extends string>(
  vector: Vector<N, S>,
  target: L,
  replacement: string,
  source: NoInfer<N> | '__name__',
  pattern: string,
): Vector<N | L, S> {
  labelNames('label_replace', [target]);
  checkPattern(`label_replace to ${target}`, pattern);
  const strings = [target, replacement, source, pattern].map(stringNode);
  return new Vector(callNode('label_replace', [nodeOfVector('label_replace', vector), ...strings]));
}

/** Sets a label to the values of others with a separator between them. */
export function labelJoin<N extends string, S extends Sample, const L extends string>(
  vector: Vector<N, S>,
  target: L,
  separator: string,
  ...sources: readonly NoInfer<N>[]
): Vector<N | L, S> {
  const names = labelNames('label_join', [target, ...sources]);
  const strings = [target, separator, ...names.slice(1)].map(stringNode);
  return new Vector(callNode('label_join', [nodeOfVector('label_join', vector), ...strings]));
}

function sortingByLabel(func: string) {
  return <N extends string, S extends Sample>(
    vector: Vector<N, S>,
    ...labels: readonly NoInfer<N>[]
  ): Vector<N, S> =>
    new Vector(callNode(func, [nodeOfVector(func, vector), ...labelNames(func, labels).map(stringNode)]));
}

/** Sorted by the values of these labels, in natural order. Experimental: the engine must be asked for it. */
export const sortByLabel = sortingByLabel('sort_by_label');
/** The other way round. Experimental. */
export const sortByLabelDesc = sortingByLabel('sort_by_label_desc');
