import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalNumber,
  type Exemplar,
  ExpositionError,
  type Family,
  type OpenMetricsOptions,
  parseOpenMetrics,
  parseSeriesText,
  writeOpenMetrics,
} from '../dist/exposition/index.js';
import { Labels, type NativeHistogram } from '../dist/model/index.js';
import {
  expectedExemplars,
  expectedSamples,
  type FoundExemplar,
  families,
  mutated,
  SOAK,
} from './exposed-families.ts';

const encoder = new TextEncoder();

function read(text: string | Uint8Array, options?: OpenMetricsOptions) {
  const samples = new Map<string, number>();
  const times: number[] = [];
  const lines: string[] = [];
  const exemplars: FoundExemplar[] = [];
  let last = '';
  let ended = false;
  const slice = (body: Uint8Array, start: number, end: number) =>
    Buffer.from(body.subarray(start, end)).toString();
  parseOpenMetrics(
    typeof text === 'string' ? encoder.encode(text) : text,
    {
      family: (name, field, value) => lines.push(`${field} ${name} ${value}`),
      sample(body, start, end, value, timestampMs) {
        last = parseSeriesText(slice(body, start, end)).key;
        samples.set(last, value);
        times.push(timestampMs);
      },
      exemplar: (body, start, end, value, timestampMs) =>
        exemplars.push([last, labelsOf(slice(body, start, end)).key, value, timestampMs]),
      end() {
        ended = true;
      },
    },
    options,
  );
  expect(ended).toBe(true);
  return { samples, times, lines, exemplars };
}

/** The labels of an exemplar, which have no metric name. */
const labelsOf = (text: string) => parseSeriesText(`x${text}`).without(new Set(['__name__']));

const write = (...all: Family[]) => [...writeOpenMetrics(all)].join('');

const one = (type: 'counter' | 'gauge' | 'info', name: string, value: number): Family => ({
  type,
  name,
  help: '',
  unit: '',
  labelNames: [],
  series: [{ labelValues: [], value }],
});

const histogram = (name: string, bounds: readonly number[], sum: number): Family => ({
  type: 'histogram',
  name,
  help: '',
  unit: '',
  labelNames: [],
  bounds,
  series: [{ labelValues: [], counts: [...bounds.map(() => 1), 1], sum }],
});

test('a counter, a gauge, an info metric and a histogram are written as the format wants them', () => {
  const text = write(
    {
      type: 'counter',
      name: 'uploads_bytes_total',
      help: 'Total\n"uploads" \\',
      unit: 'bytes',
      labelNames: ['status'],
      series: [{ labelValues: ['a "b" \\ \n'], value: 3, createdMs: 1726839813016 }],
    },
    { ...one('gauge', 'queue_depth', -0.5), unit: 'jobs' },
    one('info', 'app_info', 1),
    {
      type: 'histogram',
      name: 'size_bytes',
      help: 'Size',
      unit: 'bytes',
      labelNames: ['kind'],
      bounds: [0.5, 10],
      series: [{ labelValues: ['x'], counts: [1, 2, 3], sum: 1e21, createdMs: 1500 }],
    },
  );
  expect(text).toBe(`# HELP uploads_bytes Total\\n\\"uploads\\" \\\\
# TYPE uploads_bytes counter
# UNIT uploads_bytes bytes
uploads_bytes_total{status="a \\"b\\" \\\\ \\n"} 3
uploads_bytes_created{status="a \\"b\\" \\\\ \\n"} 1726839813.016
# TYPE queue_depth gauge
queue_depth -0.5
# TYPE app info
app_info 1
# HELP size_bytes Size
# TYPE size_bytes histogram
# UNIT size_bytes bytes
size_bytes_bucket{kind="x",le="0.5"} 1
size_bytes_bucket{kind="x",le="10.0"} 3
size_bytes_bucket{kind="x",le="+Inf"} 6
size_bytes_sum{kind="x"} 1e+21
size_bytes_count{kind="x"} 6
size_bytes_created{kind="x"} 1.5
# EOF
`);
});

test('a summary and a state set are written as the format wants them', () => {
  const text = write(
    {
      type: 'summary',
      name: 'wait_seconds',
      help: '',
      unit: 'seconds',
      labelNames: ['queue'],
      quantiles: [0.5, 1],
      series: [
        { labelValues: ['a'], sum: 2.5, count: 3, quantileValues: [0.25, NaN], createdMs: 1500 },
        { labelValues: ['b'], sum: -1, count: 1, quantileValues: [-1, 2] },
      ],
    },
    {
      type: 'stateset',
      name: 'phase',
      help: '',
      unit: '',
      labelNames: ['job', 'phase'],
      series: [
        { labelValues: ['x', 'idle'], value: 1 },
        { labelValues: ['y', 'idle'], value: 0 },
        { labelValues: ['x', 'busy'], value: 0 },
        { labelValues: ['y', 'busy'], value: 1 },
        { labelValues: ['y', 'gone'], value: 0.5 },
      ],
    },
    // The label of the states has another name: escaped, for example.
    {
      ...one('gauge', 'a:b', 1),
      type: 'stateset',
      labelNames: ['a_b'],
      series: [{ labelValues: ['on'], value: 1 }],
    },
  );
  expect(text).toBe(`# TYPE wait_seconds summary
# UNIT wait_seconds seconds
wait_seconds{queue="a",quantile="0.5"} 0.25
wait_seconds{queue="a",quantile="1.0"} NaN
wait_seconds_sum{queue="a"} 2.5
wait_seconds_count{queue="a"} 3
wait_seconds_created{queue="a"} 1.5
wait_seconds{queue="b",quantile="1.0"} 2
wait_seconds_count{queue="b"} 1
# TYPE phase stateset
phase{job="x",phase="idle"} 1
phase{job="x",phase="busy"} 0
phase{job="y",phase="idle"} 0
phase{job="y",phase="busy"} 1
# TYPE a:b gauge
a:b{a_b="on"} 1
# EOF
`);
  read(text);
});

const exemplar = (labels: readonly (readonly [string, string])[], timestampMs?: number): Exemplar => ({
  labels,
  value: 0.5,
  timestampMs,
});

test('exemplars stand behind counters and buckets', () => {
  const counter = {
    ...one('counter', 'jobs_total', 0),
    type: 'counter' as const,
    labelNames: ['a'],
    series: [
      {
        labelValues: ['1'],
        value: 2.5,
        createdMs: 1000,
        exemplar: exemplar([['trace_id', 'a"b']], 1_700_000_000_123),
      },
      { labelValues: ['2'], value: 1, exemplar: exemplar([]) },
      { labelValues: ['3'], value: 1, exemplar: exemplar([['x', '🧱'.repeat(127)]], NaN) },
      { labelValues: ['4'], value: 1, exemplar: exemplar([['x', '🧱'.repeat(128)]]) },
      {
        labelValues: ['5'],
        value: 1,
        exemplar: exemplar([
          ['x', '1'],
          ['x', '2'],
        ]),
      },
      { labelValues: ['6'], value: 1, exemplar: exemplar([['', '1']]) },
      {
        labelValues: ['7'],
        value: 1,
        exemplar: exemplar([
          ['trace.id', '1'],
          ['trace_id', '2'],
        ]),
      },
    ],
  };
  const histogram: Family = {
    type: 'histogram',
    name: 'h',
    help: '',
    unit: '',
    labelNames: [],
    bounds: [1],
    series: [{ labelValues: [], counts: [1, 2], sum: 9, exemplars: [undefined, exemplar([['a', 'b']], 1)] }],
  };
  const text = write(counter, histogram);
  expect(text).toBe(`# TYPE jobs counter
jobs_total{a="1"} 2.5 # {trace_id="a\\"b"} 0.5 1700000000.123
jobs_created{a="1"} 1
jobs_total{a="2"} 1 # {} 0.5
jobs_total{a="3"} 1 # {x="${'🧱'.repeat(127)}"} 0.5
jobs_total{a="4"} 1
jobs_total{a="5"} 1
jobs_total{a="6"} 1
jobs_total{a="7"} 1 # {"trace.id"="1",trace_id="2"} 0.5
# TYPE h histogram
h_bucket{le="1.0"} 1
h_bucket{le="+Inf"} 3 # {a="b"} 0.5 0.001
h_sum 9
h_count 3
# EOF
`);
  read(text);
  const escaped = [...writeOpenMetrics([counter], { escaping: 'underscores', created: false })].join('');
  expect(escaped).toContain('jobs_total{a="7"} 1 # {U__trace_2e_id="1",trace_id="2"} 0.5\n');
  expect(escaped).not.toContain('_created');
  // Only counters may have one.
  expect(write({ ...counter, name: 'jobs' })).not.toContain(' # {');
});

test('a histogram that may go down is a gauge histogram', () => {
  const native: NativeHistogram = {
    schema: 0,
    count: 3,
    sum: -1,
    zeroThreshold: 0,
    zeroCount: 3,
    positiveSpans: [],
    positiveCounts: new Float64Array(0),
    negativeSpans: [],
    negativeCounts: new Float64Array(0),
    customValues: new Float64Array(0),
    counterResetHint: 'gauge',
  };
  const family = (bounds: readonly number[], sum: number): Family => ({
    ...histogram('h', bounds, sum),
    type: 'histogram',
    bounds,
    series: [{ labelValues: [], counts: [...bounds.map(() => 1), 3], sum, createdMs: 1, native }],
  });
  const lines = (...values: string[]) => `# TYPE h gaugehistogram\n${values.join('\n')}\n# EOF\n`;
  expect(write(family([], 1))).toBe(lines('h_bucket{le="+Inf"} 3', 'h_gsum 1', 'h_gcount 3'));
  expect(write(family([], -1))).toBe(lines('h_bucket{le="+Inf"} 3'));
  const negative = lines('h_bucket{le="-1.0"} 1', 'h_bucket{le="+Inf"} 4', 'h_gsum -1', 'h_gcount 4');
  expect(write(family([-1], -1))).toBe(negative);
  for (const [bounds, sum] of [
    [[], 1],
    [[], -1],
    [[-1], -1],
  ] as const)
    read(write(family(bounds, sum)));
});

test('who asks is told which families are left out', () => {
  const leftOut: string[] = [];
  const all = [
    one('gauge', 'h_count', 1),
    one('gauge', 'x', 1),
    histogram('h', [], 1),
    one('counter', 'x', 1),
  ];
  [...writeOpenMetrics(all, { onLeftOut: ({ name }) => leftOut.push(name) })];
  expect(leftOut).toEqual(['h_count', 'x']);
});

test('no family at all is a complete body', () => {
  expect(write()).toBe('# EOF\n');
  expect(read(write()).samples.size).toBe(0);
});

test.each([
  [0, '0.0'],
  [1, '1.0'],
  [0.25, '0.25'],
  [100000, '100000.0'],
  [1e6, '1e+06'],
  [1234567.5, '1.2345675e+06'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [-2.5, '-2.5'],
  [Infinity, '+Inf'],
])('the canonical form of %d is %s', (value, text) => {
  expect(canonicalNumber(value)).toBe(text);
  expect(Number(text.replace('Inf', 'Infinity'))).toBe(value);
});

test('what is written reads back the same, and a strict reader accepts it', () => {
  fc.assert(
    fc.property(families, (all) => {
      const { samples, exemplars } = read(write(...all));
      expect(exemplars).toEqual(expectedExemplars(all, 'openmetrics'));
      const created = [...samples.keys()].filter((key) => /_created(?=\d|$)/.test(key)).length;
      const series = all.flatMap((family) => [...family.series] as { createdMs?: number | undefined }[]);
      expect(created).toBe(series.filter(({ createdMs }) => createdMs !== undefined).length);
      for (const key of samples.keys()) if (/_created(?=\d|$)/.test(key)) samples.delete(key);
      expect(samples).toEqual(expectedSamples(all));
    }),
    { numRuns: 300 * SOAK },
  );
});

test('a label value of 100 kB and a body of many slices read back', () => {
  const long = '\\"\n🧱'.repeat(20_000);
  const family: Family = {
    ...one('gauge', 'x', 0),
    type: 'gauge',
    labelNames: ['a'],
    series: Array.from({ length: 20_000 }, (_, i) => ({
      labelValues: [i < 5 ? `${i}${long}` : `${i}`],
      value: i,
    })),
  };
  const slices = [...writeOpenMetrics([family])];
  expect(slices.length).toBeGreaterThan(3);
  expect(read(slices.join('')).samples).toEqual(expectedSamples([family]));
});

test('what is kept from one writing to the next follows what changes', () => {
  const series = [{ labelValues: [], value: 1, createdMs: 5000 as number | undefined }];
  const family: Family = { ...one('counter', 'jobs_total', 0), type: 'counter', series };
  const lines = (...values: string[]) => `# TYPE jobs counter\n${values.join('\n')}\n# EOF\n`;
  expect(write(family)).toBe(lines('jobs_total 1', 'jobs_created 5'));
  series[0] = { labelValues: [], value: 2, createdMs: 4250 };
  expect(write(family)).toBe(lines('jobs_total 2', 'jobs_created 4.25'));
  series[0] = { labelValues: [], value: 3, createdMs: undefined };
  expect(write(family)).toBe(lines('jobs_total 3'));
  const gauge = one('gauge', 'jobs', 1);
  expect(write(gauge, family)).toBe(
    '# TYPE jobs gauge\njobs 1\n# TYPE jobs_total unknown\njobs_total 3\n# EOF\n',
  );
  expect(write(family)).toBe(lines('jobs_total 3'));
  const labelled: Family = { ...family, labelNames: ['a'], series: [{ labelValues: ['x'], value: 1 }] };
  expect(write(labelled)).toBe(lines('jobs_total{a="x"} 1'));
  (labelled.series as unknown[]).push({ labelValues: ['y'], value: 2, createdMs: 1 });
  expect(write(labelled)).toBe(
    lines('jobs_total{a="x"} 1', 'jobs_total{a="y"} 2', 'jobs_created{a="y"} 0.001'),
  );
});

test.each([
  ['a counter without its suffix', [one('counter', 'uploads', 2)], '# TYPE uploads unknown\nuploads 2\n'],
  [
    'a counter beside a gauge of its stem',
    [one('gauge', 'jobs', 1), one('counter', 'jobs_total', 2)],
    '# TYPE jobs gauge\njobs 1\n# TYPE jobs_total unknown\njobs_total 2\n',
  ],
  [
    'a counter after a gauge that ends in _created',
    [one('gauge', 'jobs_created', 1), one('counter', 'jobs_total', 2)],
    '# TYPE jobs_created gauge\njobs_created 1\n# TYPE jobs_total unknown\njobs_total 2\n',
  ],
  ['a gauge that ends in _total', [one('gauge', 'a_total', 1)], '# TYPE a_total gauge\na_total 1\n'],
  ['an info metric without its suffix', [one('info', 'app', 1)], '# TYPE app gauge\napp 1\n'],
  [
    'a gauge that has a name of a histogram',
    [one('gauge', 'h_count', 7), histogram('h', [], 1)],
    '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
  ],
  [
    'a histogram with negative bounds',
    [histogram('h', [-1], 1)],
    '# TYPE h histogram\nh_bucket{le="-1.0"} 1\nh_bucket{le="+Inf"} 2\n',
  ],
  [
    'a histogram with a negative sum',
    [histogram('h', [], -1)],
    '# TYPE h histogram\nh_bucket{le="+Inf"} 1\n',
  ],
  ['a counter that is negative', [one('counter', 'a_total', -1)], '# TYPE a counter\n'],
  ['a name outside the classic alphabet', [one('gauge', 'a.b', 1)], '# TYPE "a.b" gauge\n{"a.b"} 1\n'],
] as [string, Family[], string][])('%s is written so that a strict reader accepts it', (_, all, text) => {
  expect(write(...all)).toBe(`${text}# EOF\n`);
  read(write(...all));
});

test('times, exemplars, units and metadata are read', () => {
  const { lines, times, exemplars } = read(`# HELP a_seconds Help \\"me\\"\\n
# TYPE a_seconds histogram
# UNIT a_seconds seconds
a_seconds_bucket{le="1.0"} 0 1.5
a_seconds_bucket{le="+Inf"} 1 1.5 # {trace_id="x } y"} 2.5 1700000000.123
# TYPE b counter
b_total 1 # {} 0.5
# EOF`);
  expect(lines).toEqual([
    'help a_seconds Help "me"\n',
    'type a_seconds histogram',
    'unit a_seconds seconds',
    'type b counter',
  ]);
  expect(times).toEqual([1500, 1500, NaN]);
  const bucket = Labels.of({ __name__: 'a_seconds_bucket', le: '+Inf' }).key;
  expect(exemplars).toEqual([
    [bucket, Labels.of({ trace_id: 'x } y' }).key, 2.5, 1700000000123],
    [Labels.of({ __name__: 'b_total' }).key, Labels.EMPTY.key, 0.5, NaN],
  ]);
});

test.each(['specification', 'syntax'] as const)(
  'who asks gets times of creation apart from samples: %s',
  (checks) => {
    const found: unknown[] = [];
    const slice = (body: Uint8Array, start: number, end: number) =>
      Buffer.from(body.subarray(start, end)).toString();
    const text = `# TYPE a counter
a_total{x="1"} 1
a_created{x="1"} 1700000000.123
# TYPE "b.c" summary
{"b.c_count"} 1
{"b.c_created"} 2
{"b.c_created",x="1"} 3
# TYPE a_created_seconds gauge
a_created_seconds 4
# TYPE d gauge
d 5
# TYPE d_created gauge
d_created 6
# EOF
`;
    parseOpenMetrics(
      encoder.encode(text),
      {
        sample: (body, start, end, value) => found.push([slice(body, start, end), value]),
        created: (body, start, end, ms) => found.push([slice(body, start, end), 'created', ms]),
      },
      { checks },
    );
    expect(found).toEqual([
      ['a_total{x="1"}', 1],
      ['a_created{x="1"}', 'created', 1_700_000_000_123],
      ['{"b.c_count"}', 1],
      ['{"b.c_created"}', 'created', 2000],
      ['{"b.c_created",x="1"}', 'created', 3000],
      ['a_created_seconds', 4],
      ['d', 5],
      ['d_created', 6],
    ]);
  },
);

test.each([
  ['a 1\n', 'line 1, column 5: the body does not end in "# EOF"; it was cut off'],
  ['', 'line 1, column 1: the body does not end'],
  ['\n# EOF', 'line 1, column 1: a blank line is not allowed'],
  ['# EOF\nx', 'line 2, column 1: text stands after "# EOF"'],
  ['#x\n# EOF', 'line 1, column 1: expected "# HELP", "# TYPE" or "# UNIT"'],
  ['a  1\n# EOF', 'line 1, column 3: the value "" is not a number'],
  ['a\n# EOF', 'line 1, column 2: expected one space and the value'],
  ['a 1 \n# EOF', 'line 1, column 5: the time "" is not a number'],
  ['a 1 Inf\n# EOF', 'line 1, column 5: a time is finite'],
  ['a{b="c",} 1\n# EOF', 'line 1, column 9: expected a label name'],
  ['a{b="c"d="e"} 1\n# EOF', 'line 1, column 8: expected "," or "}"'],
  ['a{b="c\n# EOF', 'line 1, column 5: the quotes are not closed'],
  ['{b="c"} 1\n# EOF', 'line 1, column 1: the metric name is missing'],
  ['a{b="c",b="d"} 1\n# EOF', 'label "b" is given twice'],
  ['# TYPE a untyped\n# EOF', '"untyped" is not a type'],
  ['# UNIT a_s m\n# EOF', 'the name a_s does not end in its unit "m"'],
  ['# TYPE a counter\na_total NaN\n# EOF', 'what counts is neither negative nor NaN'],
  ['a 1\na 2\n# EOF', 'the series is there twice'],
  ['a{b="1"} 1\na{b="2"} 1\na{b="1"} 1\n# EOF', 'the samples of one label set stand apart'],
  ['a 1 2\na 1 1\n# EOF', 'the time goes back'],
  ['a 1\nb 1\na 1\n# EOF', 'a belongs to two families'],
  ['# TYPE a gauge\na 1 # {b="c"} 1\n# EOF', 'only counters and buckets have exemplars'],
  ['# TYPE h histogram\nh_bucket{le="1"} 1\n# EOF', 'a histogram lacks the bucket le="+Inf"'],
])('%j is refused: %s', (text, message) => {
  expect(() => read(text)).toThrow(ExpositionError);
  expect(() => read(text)).toThrow(message);
});

test('text that is not UTF-8 is refused', () => {
  const body = Buffer.concat([Buffer.from('a{b="'), Buffer.from([0xff]), Buffer.from('"} 1\n# EOF\n')]);
  expect(() => read(body)).toThrow('line 1, column 6: the text is not UTF-8');
});

test.each(['specification', 'syntax'] as const)(
  'random and broken bodies give typed errors: %s',
  (checks) => {
    const attempt = (body: Uint8Array) => {
      try {
        parseOpenMetrics(body, { sample: () => undefined }, { checks });
      } catch (error) {
        expect(error).toBeInstanceOf(ExpositionError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 500 * SOAK });
    const valid = encoder.encode(
      '# HELP a x\n# TYPE a histogram\na_bucket{b="c",le="+Inf"} 1 2 # {d="e"} 1 2\na_sum{b="c"} 1 2\na_count{b="c"} 1 2\n# EOF\n',
    );
    attempt(valid);
    fc.assert(fc.property(mutated(valid), attempt), { numRuns: 1000 * SOAK });
  },
);
