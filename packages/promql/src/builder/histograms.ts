/** Functions of histograms, native ones and classic ones by their buckets. */
import { callNode } from './node.ts';
import type { NeedsHistograms, NeedsLe } from './reasons.ts';
import {
  type AnyVector,
  type LabelsOf,
  type NumberLike,
  nodeOfNumber,
  nodeOfVector,
  type SampleOf,
  Vector,
} from './vector.ts';

/** Native histograms, or classic buckets that still have `le`. */
type Buckets<V> = SampleOf<V> extends 'histogram' ? V : 'le' extends LabelsOf<V> ? V : NeedsLe<LabelsOf<V>>;

/** Native histograms. */
type Native<V, F extends string> = SampleOf<V> extends 'histogram' ? V : NeedsHistograms<F>;

/** A function of native histograms. */
export type OfHistograms<F extends string> = <V extends AnyVector>(
  histograms: Native<V, F>,
) => Vector<LabelsOf<V>>;

function ofHistograms<F extends string>(func: F): OfHistograms<F>;
function ofHistograms(func: string): unknown {
  return (vector: AnyVector) => new Vector(callNode(func, [nodeOfVector(func, vector)]));
}

/** How many values native histograms hold. */
export const histogramCount = ofHistograms('histogram_count');
/** The sum of the values that native histograms hold. */
export const histogramSum = ofHistograms('histogram_sum');
/** The mean of the values that native histograms hold. */
export const histogramAvg = ofHistograms('histogram_avg');
/** The standard deviation of the values that native histograms hold, as far as their buckets tell it. */
export const histogramStddev = ofHistograms('histogram_stddev');
/** The variance of the values that native histograms hold, as far as their buckets tell it. */
export const histogramStdvar = ofHistograms('histogram_stdvar');

/** A quantile of native histograms, or of classic buckets that still have `le`. */
export function histogramQuantile<V extends AnyVector>(
  q: NumberLike,
  vector: Buckets<V>,
): Vector<Exclude<LabelsOf<V>, 'le'>>;
export function histogramQuantile(q: NumberLike, vector: AnyVector): unknown {
  const args = [nodeOfNumber(q), nodeOfVector('histogram_quantile', vector)];
  return new Vector(callNode('histogram_quantile', args));
}

/** The share of values between two bounds, of native histograms or of classic buckets that still have `le`. */
export function histogramFraction<V extends AnyVector>(
  lower: NumberLike,
  upper: NumberLike,
  vector: Buckets<V>,
): Vector<Exclude<LabelsOf<V>, 'le'>>;
export function histogramFraction(lower: NumberLike, upper: NumberLike, vector: AnyVector): unknown {
  const args = [nodeOfNumber(lower), nodeOfNumber(upper), nodeOfVector('histogram_fraction', vector)];
  return new Vector(callNode('histogram_fraction', args));
}
