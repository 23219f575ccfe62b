import { wordsOf, writeStaleAt } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../dist/tsdb/bytes.js';
import { chunkBytesMax, decodeChunk, encodeChunk } from '../../dist/tsdb/chunk.js';
import { ColumnDecoder, ColumnEncoder } from '../../dist/tsdb/column-codec.js';
import { writeAbsentAt } from '../../dist/tsdb/symbol.js';

/** One value of a series as it may come: numbers of all kinds, and the two that are not numbers. */
type Value = number | 'stale' | 'absent';

const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 3, arbitrary: fc.integer({ min: -5_000_000, max: 5_000_000 }).map((n) => n / 1000) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Value>(0, -0, Number.NaN, 1 / 0, -1 / 0, 5e-324, 2 ** 50, 1e22, 0.1 + 0.2),
  },
  { weight: 1, arbitrary: fc.constantFrom<Value>('stale', 'absent') },
);

function columnOf(values: readonly Value[]): { values: Float64Array; words: Uint32Array } {
  const column = new Float64Array(values.length);
  const words = wordsOf(column);
  values.forEach((value, i) => {
    if (value === 'stale') writeStaleAt(words, i);
    else if (value === 'absent') writeAbsentAt(words, i);
    else column[i] = value;
  });
  return { values: column, words };
}

function chunkOf(values: readonly Value[]): Uint8Array {
  const column = columnOf(values);
  const bytes = new Uint8Array(chunkBytesMax(values.length));
  return bytes.subarray(0, encodeChunk(bytes, 0, column.values, column.words, values.length));
}

function checkChunk(values: readonly Value[]): Uint8Array {
  const chunk = chunkOf(values);
  const out = new Float64Array(values.length);
  decodeChunk(chunk, 0, chunk.length, values.length, out, wordsOf(out));
  expect(wordsOf(out)).toEqual(columnOf(values).words);
  return chunk;
}

test('a chunk gives back every bit that was put in', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 120 }), (values) => {
      checkChunk(values);
    }),
    { numRuns: 2000 },
  );
});

test('a chunk can be read up to any of its values', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 120 }), fc.nat(), (values, seed) => {
      const chunk = chunkOf(values);
      const count = 1 + (seed % values.length);
      const out = new Float64Array(120);
      decodeChunk(chunk, 0, chunk.length, count, out, wordsOf(out));
      expect(wordsOf(out).slice(0, 2 * count)).toEqual(columnOf(values).words.slice(0, 2 * count));
    }),
  );
});

test('the chunk of the format description', () => {
  expect(Buffer.from(checkChunk([1000, 1003, 1003, 1003])).toString('hex')).toBe('00d20f080100');
});

test('chunks are small for the series that monitoring has', () => {
  const of = (make: (i: number) => Value) =>
    checkChunk(Array.from({ length: 120 }, (_, i) => make(i))).length;
  expect(of(() => 42)).toBeLessThanOrEqual(5);
  expect(of((i) => i * 13)).toBeLessThanOrEqual(123);
  expect(of((i) => Math.round(1000 * Math.sin(i)) / 1000)).toBeLessThanOrEqual(250);
  expect(of((i) => Math.sin(i))).toBeLessThanOrEqual(9 * 120 + 10);
  expect(of(() => 'absent')).toBe(0);
});

test('columns come back with every bit, however the source grows', () => {
  const columns = fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 12 }))
    .chain(([width, height]) =>
      fc.array(fc.array(value, { minLength: width, maxLength: width + 5 }), {
        minLength: height,
        maxLength: height,
      }),
    )
    .map((rows) => rows.toSorted((a, b) => a.length - b.length));
  fc.assert(
    fc.property(columns, (rows) => {
      const out = new ByteWriter(8);
      const encoder = new ColumnEncoder();
      for (const row of rows) {
        const column = columnOf(row);
        encoder.encode(out, column.values, column.words);
      }
      const reader = new ByteReader(out.bytes, 0, out.length);
      const decoder = new ColumnDecoder();
      for (const row of rows) {
        const column = decoder.decode(reader, row.length);
        expect(new Uint32Array(column.slice().buffer)).toEqual(columnOf(row).words);
      }
      expect(reader.at).toBe(out.length);
    }),
    { numRuns: 1000 },
  );
});

test('the column of the format description', () => {
  const encoder = new ColumnEncoder();
  const written = [12.5, 12.5, 12.7, -0].map((value) => {
    const out = new ByteWriter();
    const column = columnOf([value]);
    encoder.encode(out, column.values, column.words);
    return Buffer.from(out.bytes.subarray(0, out.length)).toString('hex');
  });
  expect(written).toEqual(['02f1fa01', '00', '06', '0208c029666666666666']);
});

test('varints and zigzags come back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 51), max: 2 ** 51 })), (numbers) => {
      const out = new ByteWriter(1);
      for (const number of numbers) out.zigzag(number);
      const reader = new ByteReader(out.bytes, 0, out.length);
      expect(numbers.map(() => reader.zigzag())).toEqual(numbers.map((number) => number + 0));
    }),
  );
});
