import { expect, test } from 'vitest';
import { exponentialBuckets, linearBuckets } from '../index.js';

test('buckets of equal width and of equal ratio', () => {
  expect(linearBuckets(0, 50, 3)).toEqual([0, 50, 100]);
  expect(exponentialBuckets(1, 2, 4)).toEqual([1, 2, 4, 8]);
});

test('bounds round as they always did, since they are part of series', () => {
  expect(exponentialBuckets(0.1, 1.1, 9).at(-1)).toBe(0.2143588810000001);
  expect(0.1 * 1.1 ** 8).not.toBe(0.2143588810000001);
});
