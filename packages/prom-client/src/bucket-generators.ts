/** Buckets of equal width and of equal ratio. */

/**
 * `count` bounds, `width` apart, from `start` on.
 * @throws Error for a count below 1
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  if (count < 1) throw new Error('Linear buckets needs a positive count');
  return Array.from({ length: count }, (_, i) => start + i * width);
}

/**
 * `count` bounds, each `factor` times the one before, from `start` on.
 * @throws Error for a start of 0 or below, a count below 1, a factor of 1 or below
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  if (start <= 0) throw new Error('Exponential buckets needs a positive start');
  if (count < 1) throw new Error('Exponential buckets needs a positive count');
  if (factor <= 1) throw new Error('Exponential buckets needs a factor greater than 1');
  // Multiplied step by step, as prom-client does: a power rounds otherwise, and the bounds are part of series.
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}
