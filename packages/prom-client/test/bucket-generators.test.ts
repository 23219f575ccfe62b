import { expect, test } from 'vitest';
import { exponentialBuckets, linearBuckets } from '../dist/index.js';

test('buckets of equal width and of equal ratio', () => {
  expect(linearBuckets(0, 50, 3)).toEqual([0, 50, 100]);
  expect(exponentialBuckets(1, 2, 4)).toEqual([1, 2, 4, 8]);
});
