/** Families to write in every format, and the series that whoever reads them back must find. */
import fc from 'fast-check';
import type { Family, HistogramSeries, ScalarSeries, SummarySeries } from '../dist/exposition/index.js';
import { canonicalNumber } from '../dist/exposition/index.js';
import { Labels } from '../dist/model/index.js';

/** What UTF-8 makes of a text: a lone surrogate becomes U+FFFD. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

const hostile = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  fc.constantFrom(
    '"',
    '\\',
    '\n',
    '\\n',
    '\\"',
    '}',
    '{a="b"}',
    ' # {} 1',
    '# EOF',
    '\u0000',
    '\r',
    '🧱',
    '\ud800',
  ),
  fc.constantFrom('a"b\\c\nd', '\udc00x', 'e\u0301'),
);

const labelName = fc.oneof(
  fc.constantFrom('job', 'a', 'status', '_b'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }).filter((name) => !name.startsWith('__')),
  fc.constantFrom('http.method', 'a-b', '0', 'ä'),
);

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 1e-7, 1e21, 0.1, 2 ** 53, NaN, Infinity, -Infinity, Number.MIN_VALUE),
);
const counted = anyNumber.filter((value) => value >= 0).map((value) => value + 0);
const createdMs = fc.integer({ min: 1, max: 4e12 });
type Content<S> = Omit<S, 'labelValues'>;

const shape = fc.record({
  help: hostile.map((text) => text.replaceAll('\r', '')),
  labelNames: fc.uniqueArray(labelName, { maxLength: 3 }),
  unit: fc.constantFrom('', 'seconds', 'bytes'),
});

interface Labelled {
  readonly labelValues: readonly string[];
}

function seriesOf<T>(labelNames: readonly string[], content: fc.Arbitrary<T>) {
  const series = fc.record({
    labelValues: fc.array(hostile, { minLength: labelNames.length, maxLength: labelNames.length }),
    content,
  });
  return fc
    .uniqueArray(series, { maxLength: 4, selector: (one) => JSON.stringify(one.labelValues.map(wellFormed)) })
    .map((all) => all.map(({ labelValues, content: rest }) => ({ labelValues, ...rest }) as T & Labelled));
}

function familyOf(stem: string): fc.Arbitrary<Family> {
  return fc
    .tuple(shape, fc.constantFrom('counter', 'gauge', 'info', 'histogram', 'summary', 'stateset'))
    .chain(([{ help, labelNames, unit }, type]): fc.Arbitrary<Family> => {
      const name = unit === '' ? stem : `${stem}_${unit}`;
      const base = { help, labelNames, unit };
      if (type === 'histogram') {
        return fc
          .uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), { maxLength: 4 })
          .chain((unsorted) => {
            const bounds = unsorted.map((bound) => bound + 0).sort((a, b) => a - b);
            const size = bounds.length + 1;
            const content: fc.Arbitrary<Content<HistogramSeries>> = fc.record(
              { counts: fc.array(fc.nat(), { minLength: size, maxLength: size }), sum: counted, createdMs },
              { requiredKeys: ['counts', 'sum'] },
            );
            return seriesOf(labelNames, content).map(
              (series): Family => ({ ...base, type: 'histogram', name, bounds, series }),
            );
          });
      }
      if (type === 'summary') {
        return fc
          .uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 })
          .chain((unsorted) => {
            const quantiles = unsorted.map((quantile) => quantile + 0).sort((a, b) => a - b);
            const size = quantiles.length;
            const content: fc.Arbitrary<Content<SummarySeries>> = fc.record(
              {
                sum: counted,
                count: fc.nat(),
                quantileValues: fc.array(fc.oneof(counted, fc.constant(NaN)), {
                  minLength: size,
                  maxLength: size,
                }),
                createdMs,
              },
              { requiredKeys: ['sum', 'count', 'quantileValues'] },
            );
            return seriesOf(labelNames, content).map(
              (series): Family => ({ ...base, type: 'summary', name, quantiles, series }),
            );
          });
      }
      if (type === 'stateset') {
        const states = fc.uniqueArray(
          hostile.map(wellFormed).filter((state) => state !== ''),
          { minLength: 1, maxLength: 3 },
        );
        const others = labelNames.filter((label) => label !== name);
        return fc.tuple(seriesOf(others, fc.record({ on: fc.nat({ max: 2 }) })), states).map(
          ([sets, names]): Family => ({
            ...base,
            type: 'stateset',
            name,
            labelNames: [...others, name],
            // State by state: a format that wants the states of a set together has to put them so.
            series: names.flatMap((state, i) =>
              sets.map(({ labelValues, on }) => ({
                labelValues: [...labelValues, state],
                value: on === i ? 1 : 0,
              })),
            ),
          }),
        );
      }
      if (type === 'counter')
        return seriesOf<Content<ScalarSeries>>(
          labelNames,
          fc.record({ value: counted, createdMs }, { requiredKeys: ['value'] }),
        ).map((series): Family => ({ ...base, type: 'counter', name: `${name}_total`, series }));
      if (type === 'info')
        return seriesOf(labelNames, fc.constant({ value: 1 })).map(
          (series): Family => ({ ...base, type: 'info', name: `${name}_info`, series }),
        );
      return seriesOf(labelNames, fc.record({ value: anyNumber })).map(
        (series): Family => ({ ...base, type: 'gauge', name, series }),
      );
    });
}

/** Up to three families whose names do not get into each other's way, and whose values every format can carry. */
export const families: fc.Arbitrary<Family[]> = fc
  .subarray(['up', 'a_b:c', '_x', 'http.requests', 'ü "\\\n'], { maxLength: 3 })
  .chain((stems) => fc.tuple(...stems.map(familyOf)));

/** Values by the key of their label set, as a reader of any format must find them. */
export function expectedSamples(all: readonly Family[]): Map<string, number> {
  const samples = new Map<string, number>();
  for (const family of all) {
    const put = (name: string, labelValues: readonly string[], value: number, extra?: [string, string]) => {
      const pairs = family.labelNames.map((label, i): [string, string] => [
        wellFormed(label),
        wellFormed(labelValues[i]!),
      ]);
      if (extra !== undefined) pairs.push(extra);
      samples.set(Labels.fromPairs([['__name__', wellFormed(name)], ...pairs]).key, value);
    };
    const { name } = family;
    if (family.type === 'summary') {
      for (const { labelValues, quantileValues, sum, count } of family.series) {
        for (const [i, quantile] of family.quantiles.entries())
          put(name, labelValues, quantileValues[i]!, ['quantile', canonicalNumber(quantile)]);
        put(`${name}_sum`, labelValues, sum);
        put(`${name}_count`, labelValues, count);
      }
      continue;
    }
    if (family.type !== 'histogram') {
      for (const { labelValues, value } of family.series) put(name, labelValues, value);
      continue;
    }
    for (const { labelValues, counts, sum } of family.series) {
      let cumulative = 0;
      for (const [i, bound] of [...family.bounds, Infinity].entries()) {
        cumulative += counts[i]!;
        put(`${name}_bucket`, labelValues, cumulative, ['le', canonicalNumber(bound)]);
      }
      put(`${name}_sum`, labelValues, sum);
      put(`${name}_count`, labelValues, cumulative);
    }
  }
  return samples;
}

/** A body with some bytes changed, cut out or put in: what a broken target sends. */
export function mutated(body: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.nat({ max: body.length });
  const change = fc.record({ at, remove: fc.nat({ max: 4 }), insert: fc.uint8Array({ maxLength: 4 }) });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let bytes = Buffer.from(body);
    for (const { at: from, remove, insert } of changes)
      bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
    return bytes;
  });
}
