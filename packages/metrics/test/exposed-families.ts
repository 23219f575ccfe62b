/** Families to write in every format, and the series that whoever reads them back must find. */
import fc from 'fast-check';
import { vi } from 'vitest';
import type {
  Exemplar,
  Family,
  HistogramSeries,
  ScalarSeries,
  SummarySeries,
} from '../dist/exposition/index.js';
import { canonicalNumber, EXEMPLAR_CHARS_MAX } from '../dist/exposition/index.js';
import { type BucketSpan, Labels, type NativeHistogram } from '../dist/model/index.js';

/** How many times as many runs a property has where there is time for it. */
export const SOAK = process.env.BINNACLE_SOAK === '1' ? 20 : 1;

vi.setConfig({ testTimeout: 60_000 * (1 + SOAK) });

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

const exemplar: fc.Arbitrary<Exemplar> = fc.record({
  labels: fc.uniqueArray(
    fc.tuple(labelName, fc.oneof(hostile, fc.string({ minLength: 100, maxLength: 130 }))),
    {
      maxLength: 3,
      selector: ([name]) => name,
    },
  ),
  value: anyNumber,
  timestampMs: fc.option(createdMs, { nil: undefined }),
});

const integerCount = fc.oneof(fc.nat({ max: 20 }), fc.nat(), fc.constantFrom(0, 2 ** 51));
const floatCount = fc.double({ min: 0, max: 1e9, noNaN: true }).map((count) => count + 0);

/** Buckets of one side: the first may be anywhere, the others come behind it. */
function sideOf(count: fc.Arbitrary<number>) {
  const span = fc.record({ offset: fc.nat({ max: 40 }), length: fc.integer({ min: 1, max: 4 }) });
  return fc
    .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.array(span, { maxLength: 3 }))
    .chain(([first, spans]) => {
      const length = spans.reduce((sum, one) => sum + one.length, 0);
      return fc.record({
        spans: fc.constant(spans.map((one, i): BucketSpan => (i === 0 ? { ...one, offset: first } : one))),
        counts: fc.array(count, { minLength: length, maxLength: length }),
      });
    });
}

/** A native histogram with integer counts, or with floats. */
export const nativeHistogram: fc.Arbitrary<NativeHistogram> = fc
  .constantFrom(integerCount, floatCount)
  .chain((count) =>
    fc
      .record({
        schema: fc.integer({ min: -4, max: 8 }),
        sum: anyNumber,
        zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.001),
        zeroCount: count,
        positive: sideOf(count),
        negative: sideOf(count),
      })
      .map(({ schema, sum, zeroThreshold, zeroCount, positive, negative }) => ({
        schema,
        count: [...positive.counts, ...negative.counts].reduce((all, one) => all + one, zeroCount),
        sum,
        zeroThreshold,
        zeroCount,
        positiveSpans: positive.spans,
        positiveCounts: Float64Array.from(positive.counts),
        negativeSpans: negative.spans,
        negativeCounts: Float64Array.from(negative.counts),
        customValues: new Float64Array(0),
        counterResetHint: 'unknown' as const,
      })),
  );

type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;
type FamilyOf<T extends Family['type']> = fc.Arbitrary<Extract<Family, { type: T }>>;

function counterOf(name: string, base: Shape): fc.Arbitrary<Family> {
  const content: fc.Arbitrary<Content<ScalarSeries>> = fc.record(
    { value: counted, createdMs, exemplar },
    { requiredKeys: ['value'] },
  );
  return seriesOf(base.labelNames, content).map(
    (series): Family => ({ ...base, type: 'counter', name: `${name}_total`, series }),
  );
}

/** Classic, native, or both. */
function histogramOf(name: string, base: Shape): FamilyOf<'histogram'> {
  const bounds = fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), {
    maxLength: 4,
  });
  return bounds.chain((unsorted) => {
    const sorted = unsorted.map((bound) => bound + 0).sort((a, b) => a - b);
    const size = sorted.length + 1;
    const content: fc.Arbitrary<Content<HistogramSeries>> = fc
      .record(
        {
          counts: fc.array(fc.oneof(fc.constant(0), fc.nat()), { minLength: size, maxLength: size }),
          sum: counted,
          createdMs,
          exemplars: fc.array(fc.option(exemplar, { nil: undefined }), { minLength: size, maxLength: size }),
          native: nativeHistogram,
        },
        { requiredKeys: ['counts', 'sum'] },
      )
      // Both say the same of the same observations.
      .map(({ native, ...series }) => {
        if (native === undefined) return series;
        const counts = Array.from({ length: size }, (_, i) => (i === size - 1 ? native.count : 0));
        return { ...series, counts, native: { ...native, sum: series.sum } };
      });
    return seriesOf(base.labelNames, content).map((series) => ({
      ...base,
      type: 'histogram' as const,
      name,
      bounds: sorted,
      series,
    }));
  });
}

function summaryOf(name: string, base: Shape): FamilyOf<'summary'> {
  return fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }).chain((unsorted) => {
    const quantiles = unsorted.map((quantile) => quantile + 0).sort((a, b) => a - b);
    const size = quantiles.length;
    const content: fc.Arbitrary<Content<SummarySeries>> = fc.record(
      {
        sum: counted,
        count: fc.nat(),
        quantileValues: fc.array(fc.oneof(counted, fc.constant(NaN)), { minLength: size, maxLength: size }),
        createdMs,
      },
      { requiredKeys: ['sum', 'count', 'quantileValues'] },
    );
    return seriesOf(base.labelNames, content).map((series) => ({
      ...base,
      type: 'summary' as const,
      name,
      quantiles,
      series,
    }));
  });
}

function stateSetOf(name: string, base: Shape): fc.Arbitrary<Family> {
  const states = fc.uniqueArray(
    hostile.map(wellFormed).filter((state) => state !== ''),
    { minLength: 1, maxLength: 3 },
  );
  const others = base.labelNames.filter((label) => label !== name);
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

function familyOf(stem: string): fc.Arbitrary<Family> {
  return fc
    .tuple(shape, fc.constantFrom('counter', 'gauge', 'info', 'histogram', 'summary', 'stateset'))
    .chain(([base, type]): fc.Arbitrary<Family> => {
      const name = base.unit === '' ? stem : `${stem}_${base.unit}`;
      switch (type) {
        case 'counter':
          return counterOf(name, base);
        case 'histogram':
          return histogramOf(name, base);
        case 'summary':
          return summaryOf(name, base);
        case 'stateset':
          return stateSetOf(name, base);
        case 'info':
          return seriesOf(base.labelNames, fc.constant({ value: 1 })).map(
            (series): Family => ({ ...base, type: 'info', name: `${name}_info`, series }),
          );
        case 'gauge':
          return seriesOf(base.labelNames, fc.record({ value: anyNumber })).map(
            (series): Family => ({ ...base, type: 'gauge', name, series }),
          );
      }
    });
}

/** Up to three families whose names do not get into each other's way, and whose values every format can carry. */
export const families: fc.Arbitrary<Family[]> = fc
  .subarray(['up', 'a_b:c', '_x', 'http.requests', 'ü "\\\n'], { maxLength: 3 })
  .chain((stems) => fc.tuple(...stems.map(familyOf)));

/** The labels of a series, as a reader of any format must find them. */
function labelsOf(
  { labelNames }: Family,
  name: string,
  labelValues: readonly string[],
  ...extra: readonly (readonly [string, string])[]
): Labels {
  const pairs = labelNames.map((label, i) => [wellFormed(label), wellFormed(labelValues[i]!)] as const);
  return Labels.fromPairs([['__name__', wellFormed(name)], ...pairs, ...extra]);
}

/** Values by the key of their label set; without those of histograms that are only native, where these are apart. */
export function expectedSamples(all: readonly Family[], nativesApart = false): Map<string, number> {
  const samples = new Map<string, number>();
  for (const family of all) {
    const put = (name: string, labelValues: readonly string[], value: number, ...extra: [string, string][]) =>
      samples.set(labelsOf(family, name, labelValues, ...extra).key, value);
    const { name } = family;
    if (family.type === 'summary') {
      for (const { labelValues, quantileValues, sum, count } of family.series) {
        for (const [i, quantile] of family.quantiles.entries())
          put(name, labelValues, quantileValues[i]!, ['quantile', canonicalNumber(quantile)]);
        put(`${name}_sum`, labelValues, sum);
        put(`${name}_count`, labelValues, count);
      }
    } else if (family.type === 'histogram') {
      for (const { labelValues, counts, sum, native } of family.series) {
        if (nativesApart && native !== undefined && family.bounds.length === 0) continue;
        let cumulative = 0;
        for (const [i, bound] of [...family.bounds, Infinity].entries()) {
          cumulative += counts[i]!;
          put(`${name}_bucket`, labelValues, cumulative, ['le', canonicalNumber(bound)]);
        }
        put(`${name}_sum`, labelValues, sum);
        put(`${name}_count`, labelValues, cumulative);
      }
    } else for (const { labelValues, value } of family.series) put(name, labelValues, value);
  }
  return samples;
}

/** Native histograms by the key of their label set. */
export function expectedNatives(all: readonly Family[]): Map<string, NativeHistogram> {
  const natives = new Map<string, NativeHistogram>();
  for (const family of all) {
    if (family.type !== 'histogram') continue;
    for (const { labelValues, native } of family.series)
      if (native !== undefined) natives.set(labelsOf(family, family.name, labelValues).key, native);
  }
  return natives;
}

/** An exemplar, and whose it is: the keys of both label sets, the value and the time. */
export type FoundExemplar = readonly [of: string, labels: string, value: number, timestampMs: number];

/**
 * The exemplars in the order of the series. Protobuf has no bucket for those of a histogram that is only native, and
 * has them once more with the native histogram, for those who read that.
 */
export function expectedExemplars(
  all: readonly Family[],
  format: 'openmetrics' | 'protobuf' | 'protobuf with natives',
): FoundExemplar[] {
  const found: FoundExemplar[] = [];
  const put = (of: Labels, { labels, value, timestampMs }: Exemplar) => {
    const texts = labels.flat().map(wellFormed);
    if ([...texts.join('')].length > EXEMPLAR_CHARS_MAX) return;
    if (format === 'openmetrics' && texts.join('').includes('\0')) return;
    const pairs = labels.map(([name, text]): [string, string] => [wellFormed(name), wellFormed(text)]);
    found.push([of.key, Labels.fromPairs(pairs).key, value, timestampMs ?? NaN]);
  };
  for (const family of all) {
    if (family.type === 'counter') {
      for (const { labelValues, exemplar: one } of family.series)
        if (one !== undefined) put(labelsOf(family, family.name, labelValues), one);
    } else if (family.type === 'histogram') {
      for (const { labelValues, exemplars = [], native } of family.series) {
        const onlyNative = native !== undefined && family.bounds.length === 0;
        for (const [i, bound] of [...family.bounds, Infinity].entries()) {
          if (format !== 'openmetrics' && onlyNative) break;
          const le = ['le', canonicalNumber(bound)] as const;
          if (exemplars[i] !== undefined)
            put(labelsOf(family, `${family.name}_bucket`, labelValues, le), exemplars[i]);
        }
        if (format !== 'protobuf with natives' || native === undefined) continue;
        for (const one of exemplars)
          if (one?.timestampMs !== undefined) put(labelsOf(family, family.name, labelValues), one);
      }
    }
  }
  return found;
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
