import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Family,
  type HistogramSeries,
  ProtobufError,
  type ProtobufHandler,
  parseProtobuf,
  writeProtobuf,
} from '../dist/exposition/index.js';
import { Labels, type NativeHistogram } from '../dist/model/index.js';
import {
  expectedExemplars,
  expectedNatives,
  expectedSamples,
  type FoundExemplar,
  families,
  mutated,
  SOAK,
} from './exposed-families.ts';

function read(body: Uint8Array) {
  const samples = new Map<string, number>();
  const found: unknown[] = [];
  const exemplars: FoundExemplar[] = [];
  let last = '';
  parseProtobuf(body, {
    family: (...args) => found.push(args),
    sample(labels, value, timestampMs) {
      last = labels.key;
      samples.set(last, value);
      if (!Number.isNaN(timestampMs)) found.push([labels.toString(), timestampMs]);
    },
    exemplar(labels, value, timestampMs) {
      found.push(['exemplar', labels.toString(), value, timestampMs]);
      exemplars.push([last, labels.key, value, timestampMs]);
    },
    created: (ms) => found.push(['created', ms]),
  });
  return { samples, found, exemplars };
}

/** Reads as one does who takes native histograms. */
function readNatives(body: Uint8Array) {
  const samples = new Map<string, number>();
  const natives = new Map<string, NativeHistogram>();
  const exemplars: FoundExemplar[] = [];
  let last = '';
  parseProtobuf(body, {
    sample(labels, value) {
      last = labels.key;
      samples.set(last, value);
    },
    histogram(labels, value, timestampMs) {
      last = labels.key;
      natives.set(last, value);
      expect(timestampMs).toBeNaN();
    },
    exemplar: (labels, value, timestampMs) => exemplars.push([last, labels.key, value, timestampMs]),
  });
  return { samples, natives, exemplars };
}

const write = (...all: Family[]) => Buffer.concat([...writeProtobuf(all)]);
const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

const gauge = (
  name: string,
  series: { labelValues: string[]; value: number }[],
  labelNames: string[],
): Family => ({
  type: 'gauge',
  name,
  help: '',
  unit: '',
  labelNames,
  series,
});

test('a counter is written as the schema has it, byte by byte', () => {
  const family: Family = {
    type: 'counter',
    name: 'b_bytes_total',
    help: 'H',
    unit: 'bytes',
    labelNames: ['k'],
    series: [{ labelValues: ['v'], value: 2, createdMs: 300_001 }],
  };
  const name = Buffer.from(family.name).toString('hex');
  expect(write(family)).toEqual(
    hex(`39
      0a 0d ${name}
      12 01 48
      18 00
      2a 05 62 79 74 65 73
      22 1c
        0a 06 0a 01 6b 12 01 76
        1a 12
          1a 07 08 ac02 10 c0843d
          09 0000000000000040`),
  );
});

/** A field that holds a message: its tag, the length, and what is in it. */
function inside(tag: string, ...parts: string[]): string {
  const content = hex(parts.join('')).toString('hex');
  return tag + (content.length / 2).toString(16).padStart(2, '0') + content;
}

const native = (parts: Partial<NativeHistogram>): NativeHistogram => ({
  schema: 0,
  count: 0,
  sum: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [],
  positiveCounts: new Float64Array(0),
  negativeSpans: [],
  negativeCounts: new Float64Array(0),
  customValues: new Float64Array(0),
  counterResetHint: 'unknown',
  ...parts,
});

const histogram = (series: Partial<HistogramSeries>, bounds: readonly number[] = []): Family => ({
  type: 'histogram',
  name: 'h',
  help: '',
  unit: '',
  labelNames: [],
  bounds,
  series: [{ labelValues: [], counts: [], sum: 0, ...series }],
});

test('a native histogram is written as the schema has it, byte by byte', () => {
  const value = native({
    schema: 3,
    count: 12,
    sum: 2,
    zeroThreshold: 2,
    zeroCount: 1,
    positiveSpans: [
      { offset: -2, length: 2 },
      { offset: 1, length: 1 },
    ],
    positiveCounts: Float64Array.of(3, 5, 1),
    negativeSpans: [{ offset: 0, length: 1 }],
    negativeCounts: Float64Array.of(2),
  });
  const exemplars = [
    { labels: [], value: 2, timestampMs: 2000 },
    undefined,
    { labels: [], value: 2, timestampMs: undefined },
  ];
  expect(write(histogram({ sum: 2, native: value, exemplars }))).toEqual(
    hex(`4d 0a0168 1804 22 46 3a 44
      08 0c  28 06  31 0000000000000040  38 01
      4a 04 0800 1001  50 04
      62 04 0803 1002  62 04 0802 1001  68 06  68 04  68 07
      82 01 0f  11 0000000000000040  1a 04 0802 1000
      11 0000000000000040`),
  );
});

test('counts that are no integers are floats, all of them', () => {
  const value = native({
    count: 2,
    zeroThreshold: 1e-128,
    positiveSpans: [{ offset: 4, length: 2 }],
    positiveCounts: Float64Array.of(0.5, 1.5),
  });
  const body = write(histogram({ counts: [2], native: value }));
  expect([...readNatives(body).natives.values()]).toEqual([value]);
  expect(body.includes(hex('21 0000000000000040'))).toBe(true); // the count, too
});

test('a histogram without observations is native', () => {
  const body = write(histogram({ counts: [0], native: native({}) }));
  expect(body.includes(hex('62 04 0800 1000'))).toBe(true);
  expect([...readNatives(body).natives.values()]).toEqual([native({})]);
  expect(readNatives(write(histogram({ counts: [0] }))).natives.size).toBe(0);
});

test('a gauge histogram has a type of its own', () => {
  const value = native({ zeroThreshold: 1, counterResetHint: 'gauge' });
  const body = write(histogram({ counts: [0], native: value }));
  expect(read(body).found).toEqual([['h', 'type', 'gaugehistogram']]);
  expect([...readNatives(body).natives.values()]).toEqual([value]);
});

test('custom bounds are written as classic buckets', () => {
  const value = native({
    schema: -53,
    count: 7,
    sum: 9,
    customValues: Float64Array.of(1, 2, 5),
    positiveSpans: [
      { offset: 1, length: 1 },
      { offset: 1, length: 1 },
    ],
    positiveCounts: Float64Array.of(3, 4),
  });
  const { samples, natives } = readNatives(write(histogram({ counts: [7], sum: 9, native: value })));
  expect(natives.size).toBe(0);
  expect(samples).toEqual(expectedSamples([histogram({ counts: [0, 3, 0, 4], sum: 9 }, [1, 2, 5])]));
});

test('packed counts are read', () => {
  const counts = inside('6a', '06', '04', '07');
  const floats = inside('72', '000000000000f03f', '000000000000e03f');
  const body = (...fields: string[]) =>
    hex(inside('', '0a0168', '1804', inside('22', inside('3a', ...fields))));
  const packed = readNatives(body('0809', inside('62', '0800', '1003'), counts)).natives;
  expect([...packed.values()]).toEqual([
    native({ count: 9, positiveSpans: [{ offset: 0, length: 3 }], positiveCounts: Float64Array.of(3, 5, 1) }),
  ]);
  const unsized = readNatives(body(inside('62', '0800', '1002'), floats)).natives;
  expect([...unsized.values()]).toEqual([
    native({ positiveSpans: [{ offset: 0, length: 2 }], positiveCounts: Float64Array.of(1, 0.5) }),
  ]);
});

test.each([
  ['62 04 0800 1001', 'the spans have 1 buckets, the counts 0'],
  ['62 04 0800 1001 68 02 68 02', 'the spans have 1 buckets, the counts 2'],
  ['62 04 0800 1001 62 04 0801 1001 68 02 68 02', 'a span goes back'],
  ['62 07 0800 10ffffff7f 68 02', 'the spans have 268435455 buckets, the counts 1'],
  ['28 12 62 04 0800 1000', '9 is not a schema of native histograms'],
  ['28 69 62 04 0800 1000', '-53 is not a schema of native histograms'],
])('a histogram of %s is refused: %s', (fields, message) => {
  const body = hex(inside('', '0a0168', '1804', inside('22', inside('3a', fields.replaceAll(' ', '')))));
  expect(() => readNatives(body)).toThrow(ProtobufError);
  expect(() => readNatives(body)).toThrow(message);
  // Who does not take native histograms does not mind.
  expect(read(body).samples.size).toBe(3);
});

test('what is written reads back the same', () => {
  fc.assert(
    fc.property(families, (all) => {
      const body = write(...all);
      const { samples, found, exemplars } = read(body);
      expect(samples).toEqual(expectedSamples(all));
      expect(exemplars).toEqual(expectedExemplars(all, 'protobuf'));
      const apart = readNatives(body);
      expect(apart.natives).toEqual(expectedNatives(all));
      expect(apart.samples).toEqual(expectedSamples(all, true));
      expect(apart.exemplars).toEqual(expectedExemplars(all, 'protobuf with natives'));
      const created = all
        .flatMap((family) => [...family.series] as { createdMs?: number | undefined }[])
        .flatMap(({ createdMs }) => (createdMs === undefined ? [] : [['created', createdMs]]));
      expect(found.filter((one) => (one as unknown[])[0] === 'created')).toEqual(created);
    }),
    { numRuns: 300 * SOAK },
  );
});

test('a label value of 100 kB, a large family and empty slices between', () => {
  const long = '\\"\n🧱'.repeat(20_000);
  const family = gauge(
    'x',
    Array.from({ length: 5 }, (_, i) => ({ labelValues: [`${i}${long}`], value: i })),
    ['a'],
  );
  const slices = [...writeProtobuf([family])];
  expect(slices.filter(({ length }) => length === 0).length).toBeGreaterThan(3);
  expect(read(Buffer.concat(slices)).samples).toEqual(expectedSamples([family]));
});

test('series that come between two writings are in the second', () => {
  const family = gauge('x', [{ labelValues: ['1'], value: 1 }], ['a']);
  expect(read(write(family)).samples).toEqual(expectedSamples([family]));
  (family.series as unknown[]).push({ labelValues: ['2'], value: 2 });
  expect(read(write(family)).samples).toEqual(expectedSamples([family]));
  expect(read(write(family)).samples.size).toBe(2);
});

test('counts that are no integers, or too large for exact ones, are written as floats', () => {
  const family: Family = {
    type: 'histogram',
    name: 'h',
    help: '',
    unit: '',
    labelNames: [],
    bounds: [1, 2],
    series: [{ labelValues: [], counts: [0.5, 0.5, 2 ** 60], sum: NaN }],
  };
  expect(read(write(family)).samples).toEqual(expectedSamples([family]));
});

test('types, units, times, exemplars, summaries and fields of later versions are read', () => {
  const pair = inside('0a', '0a016b', '120176');
  const [half, one, two] = ['000000000000e03f', '000000000000f03f', '0000000000000040'];
  const time = ['08 02', '10 80897a'];
  const body = [
    inside(
      '',
      '0a0163',
      '120168',
      '1800',
      '2a00',
      '980605',
      inside(
        '22',
        pair,
        '30 e807',
        inside('1a', `09${two}`, inside('12', pair, `11${one}`, inside('1a', ...time))),
      ),
    ),
    inside(
      '',
      '0a0173',
      '1802',
      inside(
        '22',
        inside('22', '0803', `11${two}`, inside('1a', `09${half}`, `11${one}`), inside('22', ...time)),
      ),
    ),
    inside(
      '',
      '0a0168',
      '1805',
      inside(
        '22',
        '30ffffffffffffffffff01',
        inside(
          '3a',
          `21${half}`,
          inside('1a', `21${half}`, `11${one}`, inside('1a', `11${two}`)),
          '2801',
          '92 01 01 00',
        ),
      ),
    ),
    inside('', '0a0175', '1803', inside('22', inside('2a', `09${two}`, '0d00000000'))),
  ];
  const { samples, found } = read(hex(body.join('')));
  expect(found).toEqual([
    ['c', 'type', 'counter'],
    ['c', 'help', 'h'],
    ['c{k="v"}', 1000],
    ['exemplar', '{k="v"}', 1, 2002],
    ['s', 'type', 'summary'],
    ['created', 2002],
    ['h', 'type', 'gaugehistogram'],
    ['h_bucket{le="1.0"}', -1],
    ['exemplar', '{}', 2, NaN],
    ['h_bucket{le="+Inf"}', -1],
    ['h_sum', -1],
    ['h_count', -1],
    ['u', 'type', 'untyped'],
  ]);
  const values = new Map<string, number>([
    [Labels.of({ __name__: 'c', k: 'v' }).key, 2],
    [Labels.of({ __name__: 's', quantile: '0.5' }).key, 1],
    [Labels.of({ __name__: 's_sum' }).key, 2],
    [Labels.of({ __name__: 's_count' }).key, 3],
    [Labels.of({ __name__: 'h_bucket', le: '1.0' }).key, 0.5],
    [Labels.of({ __name__: 'h_bucket', le: '+Inf' }).key, 0.5],
    [Labels.of({ __name__: 'h_sum' }).key, 0],
    [Labels.of({ __name__: 'h_count' }).key, 0.5],
    [Labels.of({ __name__: 'u' }).key, 2],
  ]);
  expect(samples).toEqual(values);
});

test.each([
  ['05', 'byte 1: a message is cut off'],
  ['ff', 'byte 0: a number is cut off'],
  ['ffffffffffffffffff7f', 'byte 0: a number is too long'],
  ['ffffffffffffffffff01', 'a length is negative'],
  ['00', 'byte 1: a family has no name'],
  ['05 0a0161 1809', 'byte 1: 9 is not a type of a family'],
  ['05 0a0161 2200', 'byte 6: a metric has no value'],
  ['03 0a01ff', 'byte 3: the text is not UTF-8'],
  ['02 4800', 'byte 1: a family has no name'],
  ['01 0b', 'byte 2: wire type 3 is not supported'],
  ['02 0100', 'no field has this number'],
  ['0a 0a0161 2205 0a03120176', 'a label has no name'],
])('%s is refused: %s', (bytes, message) => {
  expect(() => read(hex(bytes))).toThrow(ProtobufError);
  expect(() => read(hex(bytes))).toThrow(message);
});

test('a label that is given twice is refused', () => {
  expect(() => read(write(gauge('a', [{ labelValues: ['1', '2'], value: 1 }], ['b', 'b'])))).toThrow(
    ProtobufError,
  );
});

test('random and broken bodies give typed errors', () => {
  const handler: ProtobufHandler = {
    sample(labels) {
      expect(labels).toBeInstanceOf(Labels);
    },
    histogram(_, { positiveSpans, positiveCounts }) {
      expect(positiveSpans.reduce((length, span) => length + span.length, 0)).toBe(positiveCounts.length);
    },
    exemplar: () => undefined,
  };
  const attempt = (body: Uint8Array) => {
    try {
      parseProtobuf(body, handler);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtobufError);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 1000 * SOAK });
  const valid = write(
    {
      type: 'histogram',
      name: 'h_seconds',
      help: 'help',
      unit: 'seconds',
      labelNames: ['a'],
      bounds: [0.5, 1],
      series: [
        {
          labelValues: ['x'],
          counts: [1, 2, 300],
          sum: 4.5,
          createdMs: 1726839813016,
          exemplars: [undefined, undefined, { labels: [['a', 'b']], value: 3, timestampMs: 5 }],
          native: native({
            count: 303,
            positiveSpans: [{ offset: 0, length: 2 }],
            positiveCounts: Float64Array.of(3, 300),
          }),
        },
      ],
    },
    gauge('g', [{ labelValues: ['ü'], value: 1 }], ['b']),
  );
  attempt(valid);
  fc.assert(fc.property(mutated(valid), attempt), { numRuns: 2000 * SOAK });
});
