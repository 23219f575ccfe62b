import { Labels, wordsOf, writeStaleAt } from '@binnacle/metrics/model';
import type { SelectResult, Series } from '@binnacle/promql/storage';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerPacker, AnswerUnpacker } from '../dist/cli/ingest-protocol.js';

/** Label sets as storage has them: one object for each. */
const known = Array.from({ length: 8 }, (_, i) => Labels.of({ __name__: 'm', i: String(i) }));
const times = [[1], [1, 2, 3], [5, 9]].map((list) => Float64Array.from(list));

const series: fc.Arbitrary<Series> = fc
  .record({
    label: fc.nat(7),
    times: fc.nat(2),
    shared: fc.boolean(),
    stale: fc.boolean(),
    value: fc.double(),
  })
  .map(({ label, times: which, shared, stale, value }) => {
    const timestamps = shared ? times[which]! : times[which]!.slice();
    const values = timestamps.map((_, i) => value + i);
    if (stale) writeStaleAt(wordsOf(values), 0);
    return { labels: known[label]!, timestamps, values };
  });
const result: fc.Arbitrary<SelectResult> = fc.record({
  series: fc.uniqueArray(series, { selector: (one) => one.labels.key }),
  warnings: fc.array(fc.string(), { maxLength: 2 }),
});

/** An answer, comparable by bits. */
function plain(results: readonly SelectResult[]) {
  return results.map(({ series, warnings }) => ({
    warnings,
    series: series.map(({ labels, timestamps, values }) => ({
      labels: labels.toString(),
      timestamps: Array.from(timestamps),
      words: Array.from(new Uint32Array(values.slice().buffer)),
    })),
  }));
}

test('answers cross whole, whatever has crossed before, also when label sets are numbered anew', () => {
  fc.assert(
    fc.property(fc.array(fc.array(result, { maxLength: 3 })), fc.nat(10), (answers, keptMax) => {
      const packer = new AnswerPacker(keptMax);
      const unpacker = new AnswerUnpacker();
      for (const results of answers) {
        const before = plain(results);
        expect(plain(unpacker.unpack(structuredClone(packer.pack(results))))).toEqual(before);
      }
    }),
  );
});

test('a label set crosses once', () => {
  const packer = new AnswerPacker();
  const one = { series: [{ labels: known[0]!, timestamps: times[0]!, values: times[0]! }], warnings: [] };
  expect(packer.pack([one, one]).newLabels.length).toBe(1);
  expect(packer.pack([one]).newLabels.length).toBe(0);
});
