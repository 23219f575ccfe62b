/**
 * Where buckets lie.
 *
 * Bucket `i` of an exponential schema `s` covers `(2^(2^-s * (i-1)), 2^(2^-s * i)]` on the positive side and the
 * mirror image of it on the negative one. Bucket `i` of schema -53 covers `(customValues[i-1], customValues[i]]`, the
 * first one everything below its bound and the one behind the last bound everything above.
 */

/** The schema whose bounds are given with each histogram. */
export const CUSTOM_SCHEMA = -53;

/** Whether a schema takes its bounds from `customValues`. */
export function isCustom(schema: number): boolean {
  return schema === CUSTOM_SCHEMA;
}

/** The finest schema of exponential buckets. */
const SCHEMA_MAX = 8;

/**
 * How far Prometheus's table of bounds between 0.5 and 1 lies below the exact values, in units of the last binary
 * digit ("+" once: above). Bounds are printed and compared, so they have to have the same last digit here.
 */
const BELOW_EXACT =
  '000000100010000000120011111111110010001001100011001100110011011100000011112110210010001000100000' +
  '00110+001022001100100010002201111011102211210121101111222222113310100010112210211122111111221121' +
  '2132112122322222222222333344324311212122213311222132212222432233';

/** The bounds of schema 8 between 0.5 and 1, 0.5 included; those of schema `s` are every 2^(8-s)th of them. */
const FRACTIONS = Float64Array.from({ length: 2 ** SCHEMA_MAX }, (_, i) => {
  const below = BELOW_EXACT[i] === '+' ? -1 : Number(BELOW_EXACT[i]);
  return 2 ** (i / 2 ** SCHEMA_MAX) / 2 - below * 2 ** -53;
});

/**
 * The upper bound of a bucket of an exponential schema, as an absolute value. The bucket that holds the greatest
 * number ends there; only the one behind it, which counts infinite observations, has an infinite bound.
 */
export function exponentialBound(index: number, schema: number): number {
  if (schema <= 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const count = 2 ** schema;
  const whole = Math.floor(index / count);
  if (index === 1024 * count) return Number.MAX_VALUE;
  const fraction = FRACTIONS[(index - whole * count) * 2 ** (SCHEMA_MAX - schema)]!;
  return fraction * 2 * 2 ** whole;
}

/** The upper bound of a bucket, on the negative side as an absolute value. */
export function boundOf(index: number, schema: number, customValues: Float64Array): number {
  if (!isCustom(schema)) return exponentialBound(index, schema);
  if (index < 0) return Number.NEGATIVE_INFINITY;
  return index < customValues.length ? customValues[index]! : Number.POSITIVE_INFINITY;
}

/** The bucket of a coarser schema that a bucket becomes a part of; `steps` is how many schemas coarser. */
export function coarserIndex(index: number, steps: number): number {
  return ((index - 1) >> steps) + 1;
}

/** Whether two lists of custom bounds are the same. */
export function sameBounds(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The bounds that two ascending lists have in common. */
export function commonBounds(a: Float64Array, b: Float64Array): Float64Array {
  const other = new Set(b);
  return a.filter((bound) => other.has(bound));
}

/**
 * For each custom bucket of `from`, and the one behind the last bound, the bucket of `to` that it becomes a part of.
 * @param to bounds that are all among `from`
 */
export function customTargets(from: Float64Array, to: Float64Array): Int32Array {
  const targets = new Int32Array(from.length + 1);
  let target = 0;
  for (let i = 0; i < from.length; i++) {
    while (target < to.length && to[target]! < from[i]!) target++;
    targets[i] = target;
  }
  targets[from.length] = to.length;
  return targets;
}
