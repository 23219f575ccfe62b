import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ExpositionError,
  type Family,
  parseNumber,
  parseSeriesText,
  parseText,
  writeText,
} from '../dist/exposition/index.js';
import { Labels } from '../dist/model/index.js';

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
    { numRuns: 500 },
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
