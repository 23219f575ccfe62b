/** The arithmetic of exponential buckets against its definition. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketBound, bucketIndex, coarserIndex, SCHEMA_MAX, SCHEMA_MIN } from '../dist/model/exponential.js';

const schemas = fc.integer({ min: SCHEMA_MIN, max: SCHEMA_MAX });
const values = fc.oneof(
  fc.double({ min: 2 ** -1022, max: Number.MAX_VALUE, noNaN: true }),
  fc.integer({ min: -1022, max: 1023 }).map((exponent) => 2 ** exponent),
  fc.constantFrom(Number.MAX_VALUE, 2 ** -1022, 1, Math.SQRT2, 0.1),
);

test('a value lies in its bucket: above the bound before, and not above its own', () => {
  fc.assert(
    fc.property(values, schemas, (value, schema) => {
      const index = bucketIndex(value, schema);
      expect(bucketBound(index, schema)).toBeGreaterThanOrEqual(value);
      expect(bucketBound(index - 1, schema)).toBeLessThan(value);
    }),
    { numRuns: 5_000 },
  );
});

test('a bound is 2^(2^-schema) times the one before, and powers of two are exact', () => {
  fc.assert(
    fc.property(schemas, fc.integer({ min: -50, max: 50 }), (schema, i) => {
      const ratio = bucketBound(i + 1, schema) / bucketBound(i, schema);
      expect(ratio / 2 ** (2 ** -schema)).toBeCloseTo(1, 12);
      if (schema >= 0) expect(bucketBound(i << schema, schema)).toBe(2 ** i);
    }),
  );
});

test('the bucket of a coarser schema is found from the value and from the finer bucket alike', () => {
  fc.assert(
    fc.property(values, schemas, fc.nat(12), (value, schema, steps) => {
      if (schema - steps < SCHEMA_MIN) return;
      expect(coarserIndex(bucketIndex(value, schema), steps)).toBe(bucketIndex(value, schema - steps));
    }),
    { numRuns: 5_000 },
  );
});

test('infinity lies behind the greatest number, and numbers of fewer digits in the bucket of their size', () => {
  for (let schema = SCHEMA_MIN; schema <= SCHEMA_MAX; schema++) {
    expect(bucketIndex(Infinity, schema)).toBe(bucketIndex(Number.MAX_VALUE, schema) + 1);
    for (let exponent = -1074; exponent < -1022; exponent++)
      expect(bucketIndex(2 ** exponent, schema)).toBe(Math.ceil(exponent * 2 ** schema));
  }
});
