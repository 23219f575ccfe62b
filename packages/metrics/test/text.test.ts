import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalNumber,
  ExpositionError,
  encodeText,
  type Family,
  parseNumber,
  parseSeriesText,
  parseText,
  writeText,
} from '../dist/exposition/index.js';
import { formatValue, Labels } from '../dist/model/index.js';
import { families as allFamilies, expectedSamples, mutated, SOAK } from './exposed-families.ts';

const encoder = new TextEncoder();

function read(text: string) {
  const samples: { labels: Record<string, string>; value: number; timestampMs: number }[] = [];
  const families: string[] = [];
  parseText(encoder.encode(text), {
    family: (name, field, value) => families.push(`${field} ${name} ${value}`),
    sample(body, start, end, value, timestampMs) {
      const series = new TextDecoder().decode(body.subarray(start, end));
      samples.push({ labels: parseSeriesText(series).toObject(), value, timestampMs });
    },
  });
  return { samples, families };
}

const write = (...families: Family[]) => [...writeText(families)].join('');

test('a counter, a gauge, an info metric and a histogram are written as the format wants them', () => {
  const text = write(
    {
      type: 'counter',
      name: 'uploads_total',
      help: 'Total\nfile \\ uploads',
      unit: '',
      labelNames: ['status'],
      series: [{ labelValues: ['a "b" \\ \n'], value: 3 }],
    },
    {
      type: 'gauge',
      name: 'queue_depth',
      help: '',
      unit: '',
      labelNames: [],
      series: [{ labelValues: [], extraLabels: [['worker', '1']], value: -0.5 }],
    },
    {
      type: 'info',
      name: 'app_info',
      help: 'About',
      unit: '',
      labelNames: ['v'],
      series: [{ labelValues: ['1'], value: 1 }],
    },
    {
      type: 'histogram',
      name: 'size_bytes',
      help: 'Size',
      unit: 'bytes',
      labelNames: ['kind'],
      bounds: [0.5, 10],
      series: [{ labelValues: ['x'], counts: [1, 2, 3], sum: 1e21 }],
    },
  );
  expect(text).toBe(`# HELP uploads_total Total\\nfile \\\\ uploads
# TYPE uploads_total counter
uploads_total{status="a \\"b\\" \\\\ \\n"} 3
# TYPE queue_depth gauge
queue_depth{worker="1"} -0.5
# HELP app_info About
# TYPE app_info gauge
app_info{v="1"} 1
# HELP size_bytes Size
# TYPE size_bytes histogram
size_bytes_bucket{kind="x",le="0.5"} 1
size_bytes_bucket{kind="x",le="10"} 3
size_bytes_bucket{kind="x",le="+Inf"} 6
size_bytes_sum{kind="x"} 1e+21
size_bytes_count{kind="x"} 6
`);
});

test('what is written reads back the same, whatever labels and values are', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const value = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(0, -0, 1e-7, 1e21, 0.1, 123456789012345680),
  );
  const name = fc.oneof(
    fc.constantFrom('up', 'a_b:c', '_x'),
    text.filter((s) => s !== ''),
  );
  const labelNames = fc.uniqueArray(fc.oneof(fc.constantFrom('job', 'le', 'a'), text), { maxLength: 4 });
  fc.assert(
    fc.property(name, labelNames, value, fc.infiniteStream(text), (metric, names, number, values) => {
      const labels = names.filter((label) => label !== '' && label !== '__name__');
      const labelValues = [...values.take(labels.length)];
      const { samples } = read(
        write({
          type: 'gauge',
          name: metric,
          help: '',
          unit: '',
          labelNames: labels,
          series: [{ labelValues, value: number }],
        }),
      );
      const pairs = labels.map((label, i): [string, string] => [label, labelValues[i]!]);
      expect(samples).toEqual([
        {
          labels: Labels.fromPairs([['__name__', metric], ...pairs]).toObject(),
          value: number,
          timestampMs: Number.NaN,
        },
      ]);
    }),
    { numRuns: 500 * SOAK },
  );
});

test('numbers read exactly as JavaScript reads them', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ noNaN: true }),
        fc.integer().map((n) => n / 1000),
      ),
      (number) => {
        const text = Object.is(number, -0) ? '-0' : String(number).replace('Infinity', 'Inf');
        const bytes = encoder.encode(text);
        expect(parseNumber(bytes, 0, bytes.length)).toBe(number);
      },
    ),
    { numRuns: 2000 },
  );
});

test('comments, blank lines, spaces, carriage returns and times are understood', () => {
  const { samples, families } = read(
    '# a comment\n#\n\n  # TYPE up gauge\n# HELP up Is it \\\\ up\\n?\r\nup { job = "a" , } 1 1700000000000\r\n\tx NaN\n{"a.b"} +Inf\nlast{} 1e3',
  );
  expect(families).toEqual(['type up gauge', 'help up Is it \\ up\n?']);
  expect(samples).toEqual([
    { labels: { __name__: 'up', job: 'a' }, value: 1, timestampMs: 1700000000000 },
    { labels: { __name__: 'x' }, value: Number.NaN, timestampMs: Number.NaN },
    { labels: { __name__: 'a.b' }, value: Number.POSITIVE_INFINITY, timestampMs: Number.NaN },
    { labels: { __name__: 'last' }, value: 1000, timestampMs: Number.NaN },
  ]);
});

test.each([
  ['a 1\nb', 'line 2, column 2: a value is missing'],
  ['a{b="c" 1', 'line 1, column 10: the label set is not closed by "}"'],
  ['a{b="}" 1', 'line 1, column 10: the label set is not closed by "}"'],
  ['a 1x', 'line 1, column 3: "1x" is not a number'],
  ['a 0x10', 'line 1, column 3: "0x10" is not a number'],
  ['a .', 'line 1, column 3: "." is not a number'],
  ['a 1 2.5', 'line 1, column 5: "2.5" is not a time in milliseconds'],
  ['a 1 2 3', 'line 1, column 5: "2 3" is not a time in milliseconds'],
  ['a{b} 1', 'line 1, column 3: label "b" has no value'],
  ['a{b="1",b="2"} 1', 'line 1, column 1: label "b" is given twice'],
  ['a{b=1} 1', 'line 1, column 3: expected name="value"'],
  ['{b="1"} 1', 'line 1, column 1: the metric name is missing'],
  ['a-b 1', 'line 1, column 1: "a-b" is not a metric name; a name of other characters goes in quotes'],
])('%j is refused: %s', (text, message) => {
  expect(() => read(text)).toThrow(ExpositionError);
  expect(() => read(text)).toThrow(message);
});

/** Samples by label set; the values of `le` and `quantile` as the other formats have them. */
function samplesOf(body: Uint8Array): Map<string, number> {
  const samples = new Map<string, number>();
  parseText(body, {
    sample(bytes, start, end, value) {
      let labels = parseSeriesText(Buffer.from(bytes.subarray(start, end)).toString());
      for (const name of ['le', 'quantile']) {
        const text = labels.get(name);
        if (text !== '') labels = labels.with(name, canonicalNumber(Number(text.replace('Inf', 'Infinity'))));
      }
      samples.set(labels.key, value);
    },
  });
  return samples;
}

test('families of every type read back the same, once more after their values have changed', () => {
  fc.assert(
    fc.property(allFamilies, (all) => {
      const expected = expectedSamples(all);
      expect(samplesOf(Buffer.concat([...encodeText(all)]))).toEqual(expected);
      // What was prepared the first time is used the second time.
      expect(samplesOf(Buffer.concat([...encodeText(all)]))).toEqual(expected);
    }),
    { numRuns: 200 * SOAK },
  );
});

test('a label value of 100 kB and a body of many slices read back', () => {
  const long = '\\"\n🧱'.repeat(20_000);
  const series = Array.from({ length: 5 }, (_, i) => ({
    labelValues: [`${i}${long}`],
    counts: [i, 0, 2],
    sum: i / 3,
  }));
  const family: Family = {
    type: 'histogram',
    name: 'x',
    help: '',
    unit: '',
    labelNames: ['a'],
    bounds: [1, 2],
    series,
  };
  const slices = [...encodeText([family])];
  expect(slices.length).toBeGreaterThan(3);
  expect(samplesOf(Buffer.concat(slices))).toEqual(expectedSamples([family]));
});

test('numbers are written as the shortest decimals that read back the same', () => {
  const decimal = fc.tuple(fc.integer(), fc.integer({ min: -12, max: 22 })).map(([n, e]) => n / 10 ** e);
  const nearby = fc
    .tuple(decimal, fc.integer({ min: -2, max: 2 }))
    .map(([n, ulps]) => n * (1 + ulps * 2 ** -52));
  const bits = fc
    .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff }))
    .map(([high, low]) => new Float64Array(new Uint32Array([low, high]).buffer)[0]!);
  const edge = fc.constantFrom(
    0,
    -0,
    9,
    10,
    99,
    100,
    999,
    1000,
    2 ** 31,
    2 ** 31 - 1,
    1e9,
    1e-6,
    9.99e-7,
    NaN,
    Infinity,
    -Infinity,
  );
  const values = fc.array(fc.oneof(decimal, nearby, bits, edge), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, (all) => {
      const text = write({
        type: 'gauge',
        name: 'a',
        help: '',
        unit: '',
        labelNames: [],
        series: all.map((value) => ({ labelValues: [], value })),
      });
      expect(text).toBe(`# TYPE a gauge\n${all.map((value) => `a ${formatValue(value)}\n`).join('')}`);
    }),
    { numRuns: 500 * SOAK },
  );
});

test('cumulative counts are those of each bucket, whatever stands in it', () => {
  const count = fc.oneof(fc.constant(0), fc.nat(), fc.constantFrom(0.5, 1e-9, 2 ** 33, NaN, Infinity));
  fc.assert(
    fc.property(fc.array(fc.array(count, { minLength: 9, maxLength: 9 }), { minLength: 1 }), (rows) => {
      const bounds = [1, 2, 3, 4, 5, 6, 7, 8];
      const family: Family = {
        type: 'histogram',
        name: 'h',
        help: '',
        unit: '',
        labelNames: ['a'],
        bounds,
        series: rows.map((counts, i) => ({ labelValues: ['é'.repeat(i % 9)], counts, sum: 0.5 })),
      };
      const lines = rows.flatMap((counts, i) => {
        const a = `a="${'é'.repeat(i % 9)}"`;
        let all = 0;
        const buckets = counts.map((n, at) => {
          all += n;
          return `h_bucket{${a},le="${bounds[at] ?? '+Inf'}"} ${formatValue(all)}`;
        });
        return [...buckets, `h_sum{${a}} 0.5`, `h_count{${a}} ${formatValue(all)}`];
      });
      expect(write(family)).toBe(`# TYPE h histogram\n${lines.join('\n')}\n`);
    }),
    { numRuns: 300 * SOAK },
  );
});

test('random and broken bodies give typed errors', () => {
  const attempt = (body: Uint8Array) => {
    try {
      parseText(body, {
        family: () => undefined,
        sample: (bytes, start, end) =>
          void parseSeriesText(new TextDecoder().decode(bytes.subarray(start, end))),
      });
    } catch (error) {
      expect(error).toBeInstanceOf(ExpositionError);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 1000 * SOAK });
  const valid = encoder.encode(
    '# HELP "a.b" x\n# TYPE "a.b" histogram\n{"a.b_bucket",c="d\\"",le="+Inf"} 1 2\nb{} 2.5e3\nc NaN -1\n',
  );
  attempt(valid);
  fc.assert(fc.property(mutated(valid), attempt), { numRuns: 2000 * SOAK });
});
