/**
 * Exponential buckets, as native histograms have them: bucket `i` of schema `s` covers
 *
 *     (2^(2^-s * (i-1)), 2^(2^-s * i)]
 *
 * so that each schema has twice the buckets of the one below it, and two neighbours become one bucket of it. For
 * example 3 lies in bucket 13 of schema 3, (2.83, 3.08], and in bucket 7 of schema 2, (2.83, 3.36].
 *
 * The index comes from the bits of the number, because a logarithm is wrong by one bucket at some bounds.
 *
 * Source: https://prometheus.io/docs/specs/native_histograms/#schema
 */

export const SCHEMA_MIN = -4;
export const SCHEMA_MAX = 8;

/** The least distance of Prometheus's clients from zero that is not counted as zero: 2^-128. */
export const ZERO_THRESHOLD = 2 ** -128;

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);
const UPPER = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const TWO_54 = 2 ** 54;

/** By schema from 0 on: the bounds between 0.5 and 1, 0.5 included. */
const FRACTIONS: readonly Float64Array[] = Array.from({ length: SCHEMA_MAX + 1 }, (_, schema) => {
  const count = 2 ** schema;
  return Float64Array.from({ length: count }, (_, i) => 2 ** (i / count) / 2);
});

/**
 * The bucket of a value that is greater than 0; of infinity the one behind that of the greatest number.
 * @param schema from {@link SCHEMA_MIN} to {@link SCHEMA_MAX}
 */
export function bucketIndex(value: number, schema: number): number {
  if (value === Number.POSITIVE_INFINITY) return bucketIndex(Number.MAX_VALUE, schema) + 1;
  // value = fraction * 2^exponent, with a fraction from 0.5 to below 1
  let exponent = 0;
  number[0] = value;
  let upper = words[UPPER]!;
  if (upper < 0x0010_0000) {
    number[0] = value * TWO_54; // no longer subnormal
    upper = words[UPPER]!;
    exponent = -54;
  }
  exponent += (upper >>> 20) - 1022;
  words[UPPER] = (upper & 0x000f_ffff) | 0x3fe0_0000;
  const fraction = number[0]!;
  if (schema > 0) {
    const bounds = FRACTIONS[schema]!;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bounds[middle]! < fraction) low = middle + 1;
      else high = middle;
    }
    return low + (exponent - 1) * bounds.length;
  }
  // A power of two is the upper bound of its bucket, not part of the next one.
  const index = fraction === 0.5 ? exponent - 1 : exponent;
  const shift = -schema;
  return (index + (1 << shift) - 1) >> shift;
}

/** The upper bound of a bucket; infinite where no number is so large. */
export function bucketBound(index: number, schema: number): number {
  if (schema <= 0) return 2 ** (index * 2 ** -schema);
  const count = 1 << schema;
  const exponent = Math.floor(index / count);
  return FRACTIONS[schema]![index - exponent * count]! * 2 * 2 ** exponent;
}

/** The bucket of a coarser schema that a bucket becomes a part of; `steps` is how many schemas coarser. */
export function coarserIndex(index: number, steps: number): number {
  return (index + (1 << steps) - 1) >> steps;
}

/**
 * The coarsest schema whose buckets grow by at most `factor`, which is greater than 1: 3 for 1.1, since each bound
 * is then 1.0905 times the one before.
 */
export function schemaForFactor(factor: number): number {
  const schema = 0 - Math.floor(Math.log2(Math.log2(factor)));
  return Math.min(SCHEMA_MAX, Math.max(SCHEMA_MIN, schema));
}
