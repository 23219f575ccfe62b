import type { NativeHistogram } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Engine,
  formatHistogram,
  formatHistogramLiteral,
  fromClassic,
  MemoryStorage,
  ParseError,
  parseHistogramLiteral,
  parseLabels,
  parseSeriesDescription,
  QueryError,
  shownBuckets,
} from '../dist/index.js';
import { answer, loaded } from './script.ts';

const engine = new Engine({ experimental: true });

/** The histogram of a literal's text between its braces. */
function literal(inner: string): NativeHistogram {
  return parseHistogramLiteral(`{{${inner}}}`).histogram;
}

/** What a query gives for the histograms `a`, `b`, ..., one sample each. */
async function computed(query: string, histograms: Readonly<Record<string, NativeHistogram>>) {
  const storage = new MemoryStorage();
  for (const [name, histogram] of Object.entries(histograms)) storage.append(parseLabels(name), 0, histogram);
  const { value, warnings, infos } = await engine.instant(storage, query, 0);
  if (value.type !== 'vector') throw new Error(value.type);
  return { samples: value.samples, notes: [...warnings, ...infos] };
}

const counts = fc.array(fc.nat(20), { maxLength: 8 });

/** Exponential histograms with whole counts, consistent in themselves. */
const exponential = fc
  .record({
    schema: fc.integer({ min: -2, max: 3 }),
    offset: fc.integer({ min: -6, max: 6 }),
    nOffset: fc.integer({ min: -6, max: 6 }),
    positive: counts,
    negative: counts,
    zero: fc.nat(9),
    width: fc.constantFrom(0, 0.001, 0.25, 1),
    sum: fc.integer({ min: -100, max: 100 }),
  })
  .map(({ schema, offset, nOffset, positive, negative, zero, width, sum }) => {
    // Nothing lies within the zero bucket.
    const clear = (at: number): number => (width === 0 ? at : Math.max(at, 1));
    const count = [...positive, ...negative, zero].reduce((all, one) => all + one, 0);
    return literal(
      `schema:${schema} count:${count} sum:${sum} z_bucket:${zero} z_bucket_w:${width} ` +
        `offset:${clear(offset)} buckets:[${positive.join(' ')}] ` +
        `n_offset:${clear(nOffset)} n_buckets:[${negative.join(' ')}]`,
    );
  });

const custom = fc
  .record({
    bounds: fc.uniqueArray(fc.integer({ min: -5, max: 9 }), { maxLength: 6 }),
    filled: fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }),
    sum: fc.integer({ min: -50, max: 50 }),
  })
  .map(({ bounds, filled, sum }) => {
    const buckets = filled.slice(0, bounds.length + 1);
    const count = buckets.reduce((all, one) => all + one, 0);
    const sorted = bounds.sort((a, b) => a - b).join(' ');
    return literal(
      `schema:-53 count:${count} sum:${sum} custom_values:[${sorted}] buckets:[${buckets.join(' ')}]`,
    );
  });

const any = fc.oneof(exponential, custom);
const pair = fc.oneof(fc.tuple(exponential, exponential), fc.tuple(custom, custom));

function bucketTotal({ zeroCount, positiveCounts, negativeCounts }: NativeHistogram): number {
  return [zeroCount, ...positiveCounts, ...negativeCounts].reduce((all, one) => all + one, 0);
}

describe('a histogram literal', () => {
  test('is what it was after printing and reading', () => {
    fc.assert(
      fc.property(any, (histogram) => {
        const text = formatHistogramLiteral(histogram);
        expect(formatHistogramLiteral(parseHistogramLiteral(text).histogram)).toBe(text);
      }),
    );
  });

  test.each([
    ['{{}}', '{{}}'],
    ['{{ sum:5 count:3 }}', '{{count:3 sum:5}}'],
    ['{{schema:1 buckets:[0 0 1 0 2]}}', '{{schema:1 offset:2 buckets:[1 0 2]}}'],
    ['{{schema:-53 custom_values:[1 2.5] buckets:[1]}}', '{{schema:-53 custom_values:[1 2.5] buckets:[1]}}'],
    ['{{sum:NaN count:Inf n_offset:-2 n_buckets:[1]}}', '{{count:+Inf sum:NaN n_offset:-2 n_buckets:[1]}}'],
    ['{{z_bucket:2 z_bucket_w:0.5 counter_reset_hint:gauge}}', undefined],
  ])('%s', (text, printed) => {
    const { histogram, hintGiven } = parseHistogramLiteral(text);
    if (printed !== undefined) expect(formatHistogramLiteral(histogram)).toBe(printed);
    expect(hintGiven).toBe(text.includes('hint'));
  });

  test.each(['{{bogus:1}}', '{{sum 1}}', '{{buckets:1}}', '{{counter_reset_hint:maybe}}', '{{sum:x}}'])(
    'says what is wrong with %s',
    (text) => expect(() => parseHistogramLiteral(text)).toThrow(RangeError),
  );

  test('stands in series, repeated, rising and falling', () => {
    const { values, hinted } = parseSeriesDescription(
      'x{a="b"} {{count:1 buckets:[1]}}+{{count:2 buckets:[1 1]}}x2 _ 7 {{count:5}}-{{count:1}}x1 {{counter_reset_hint:gauge}}x1',
    );
    expect(values.map((one) => (typeof one === 'object' ? formatHistogramLiteral(one) : one))).toEqual([
      '{{count:1 buckets:[1]}}',
      '{{count:3 buckets:[2 1]}}',
      '{{count:5 buckets:[3 2]}}',
      undefined,
      7,
      '{{count:5}}',
      '{{count:4}}',
      '{{counter_reset_hint:gauge}}',
      '{{counter_reset_hint:gauge}}',
    ]);
    expect(hinted.size).toBe(1);
    const refused = 'x {{schema:1}}+{{schema:0}}x1';
    expect(() => parseSeriesDescription(refused)).toThrow(ParseError);
    expect(() => parseSeriesDescription(refused)).toThrow('cannot merge from schema 0 to 1');
  });
});

describe('text', () => {
  test.each([
    ['schema:0 count:20 sum:10 buckets:[1 2]', '{count:20, sum:10, (0.5,1]:1, (1,2]:2}'],
    ['count:1e6 z_bucket:3 z_bucket_w:0.001', '{count:1e+06, sum:0, [-0.001,0.001]:3}'],
    ['n_offset:1 n_buckets:[2 0 1]', '{count:0, sum:0, [-8,-4):1, [-2,-1):2}'],
    ['schema:1 buckets:[0 1]', '{count:0, sum:0, (1,1.414213562373095]:1}'],
    ['schema:-53 custom_values:[1] buckets:[2 3]', '{count:0, sum:0, [-Inf,1]:2, (1,+Inf]:3}'],
  ])('of {{%s}}', (inner, text) => expect(formatHistogram(literal(inner))).toBe(text));

  test('the buckets of the greatest numbers end where numbers end', () => {
    const bounds = (inner: string): number[] => shownBuckets(literal(inner)).map(({ upper }) => upper);
    expect(bounds('schema:0 offset:1023 buckets:[1 1 1]')).toEqual([2 ** 1023, Number.MAX_VALUE, Infinity]);
    expect(bounds('schema:2 offset:4096 buckets:[1 1]')).toEqual([Number.MAX_VALUE, Infinity]);
    expect(bounds('schema:-2 offset:256 buckets:[1 1]')).toEqual([Number.MAX_VALUE, Infinity]);
  });
});

describe('a sum', () => {
  test('keeps every observation, whatever the schemas and widths', async () => {
    await fc.assert(
      fc.asyncProperty(pair, async ([a, b]) => {
        const { samples } = await computed('a + b', { a, b });
        const sum = samples[0]!.histogram!;
        expect(bucketTotal(sum)).toBe(bucketTotal(a) + bucketTotal(b));
        expect([sum.count, sum.sum]).toEqual([a.count + b.count, a.sum + b.sum]);
        expect(sum.schema).toBe(Math.min(a.schema, b.schema));
        expect(sum.zeroThreshold).toBeGreaterThanOrEqual(Math.max(a.zeroThreshold, b.zeroThreshold));
      }),
    );
  });

  test('does not depend on the order, and is what sum() and twice avg() give', async () => {
    await fc.assert(
      fc.asyncProperty(pair, async ([a, b]) => {
        const all = { 'x{n="1"}': a, 'x{n="2"}': b, a, b };
        const texts = await Promise.all(
          ['a + b', 'b + a', 'sum(x)', 'avg(x) * 2'].map(async (query) => {
            const { samples } = await computed(query, all);
            return formatHistogramLiteral({ ...samples[0]!.histogram!, counterResetHint: 'unknown' });
          }),
        );
        expect(new Set(texts).size).toBe(1);
      }),
    );
  });

  test('minus one part is the other part', async () => {
    await fc.assert(
      fc.asyncProperty(any, any, async (a, b) => {
        const same = { ...b, schema: a.schema, zeroThreshold: a.zeroThreshold, customValues: a.customValues };
        if (a.schema === -53) return;
        const { samples } = await computed('(a + b) - b == a * 1', { a, b: b.schema === -53 ? a : same });
        expect(samples).toHaveLength(1);
      }),
    );
  });

  test.each([
    // A bucket that the wider zero bucket would cut makes it wider still.
    ['z_bucket:1 z_bucket_w:0.7 count:1', 'count:2 buckets:[2]', '{{count:3 z_bucket:3 z_bucket_w:1}}'],
    ['schema:1 count:3 buckets:[1 1 1]', 'count:1 buckets:[1]', '{{count:4 buckets:[2 2]}}'],
    [
      'schema:-53 custom_values:[1 2 3] count:4 buckets:[1 1 1 1]',
      'schema:-53 custom_values:[2 4] count:3 buckets:[1 1 1]',
      '{{schema:-53 count:7 custom_values:[2] buckets:[3 4]}}',
    ],
  ])('{{%s}} + {{%s}}', async (left, right, sum) => {
    const { samples } = await computed('a + b', { a: literal(left), b: literal(right) });
    expect(formatHistogramLiteral(samples[0]!.histogram!)).toBe(sum);
  });

  test('of exponential and custom buckets there is none', async () => {
    const parts = { a: literal('buckets:[1]'), b: literal('schema:-53 custom_values:[1] buckets:[1]') };
    const { samples, notes } = await computed('a + b', parts);
    expect(samples).toEqual([]);
    expect(notes).toEqual([
      'PromQL warning: incompatible bucket layout encountered for binary operator + (1:1)',
    ]);
  });
});

describe('quantiles and fractions', () => {
  test('a quantile does not fall with its rank, and the fraction below it is the rank', async () => {
    await fc.assert(
      fc.asyncProperty(
        any.filter((histogram) => bucketTotal(histogram) > 0),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        async (a, p, q) => {
          const [low, high] = [Math.min(p, q), Math.max(p, q)];
          const at = async (query: string): Promise<number> =>
            (await computed(query, { a })).samples[0]!.value;
          const [first, second] = [
            await at(`histogram_quantile(${low}, a)`),
            await at(`histogram_quantile(${high}, a)`),
          ];
          expect(first).toBeLessThanOrEqual(second + 1e-9 * Math.abs(second));
          if (a.schema === -53) return;
          const below = await at(`histogram_fraction(-Inf, ${second}, a)`);
          // In a gap every value has the same rank.
          expect(Math.abs(below - high)).toBeLessThan(1e-6 + (below === high ? 0 : gapAt(a, second)));
        },
      ),
    );
  });

  test('observations of NaN are told of', async () => {
    const a = literal('count:10 sum:NaN buckets:[4 4]');
    const quantile = async (q: number) => computed(`histogram_quantile(${q}, a)`, { a });
    expect((await quantile(0.9)).samples[0]!.value).toBeNaN();
    expect((await quantile(0.9)).notes).toEqual([
      'PromQL info: input to histogram_quantile has NaN observations, result is NaN for metric name "a" (1:25)',
    ]);
    expect((await quantile(0.2)).notes[0]).toContain('result is skewed higher');
    const { samples, notes } = await computed('histogram_fraction(-Inf, Inf, a)', { a });
    expect(samples[0]!.value).toBe(0.8);
    expect(notes[0]).toContain('excluded from all fractions');
  });
});

/** 1 where a value is at the edge of a gap between filled buckets, where fractions jump. */
function gapAt(histogram: NativeHistogram, value: number): number {
  return shownBuckets(histogram).some(
    ({ lower, upper }) => Math.abs(lower - value) < 1e-9 || Math.abs(upper - value) < 1e-9,
  )
    ? 1
    : 0;
}

test('what is trimmed off and what is left make the whole', async () => {
  await fc.assert(
    fc.asyncProperty(any, fc.double({ min: -20, max: 20, noNaN: true }), async (a, at) => {
      // Nobody knows what lies beyond a value in a bucket without an end.
      if (a.schema === -53) return;
      const below = (await computed(`a </ ${at}`, { a })).samples[0]!.histogram!;
      const above = (await computed(`a >/ ${at}`, { a })).samples[0]!.histogram!;
      expect(bucketTotal(below) + bucketTotal(above)).toBeCloseTo(bucketTotal(a), 6);
    }),
  );
});

describe('from a classic histogram', () => {
  test('cumulative counts become counts of buckets', () => {
    const buckets = new Map([
      [1, 2],
      [0.5, 1],
      [Infinity, 7],
    ]);
    const histogram = fromClassic({ buckets, count: undefined, sum: 9 });
    expect(formatHistogramLiteral(histogram)).toBe(
      '{{schema:-53 count:7 sum:9 custom_values:[0.5 1] buckets:[1 1 5]}}',
    );
  });

  test('counts that fall or do not agree are refused', () => {
    const falling = new Map([
      [1, 5],
      [2, 3],
    ]);
    expect(() => fromClassic({ buckets: falling, count: 9, sum: 0 })).toThrow('count is not cumulative');
    const wrong = new Map([[Infinity, 3]]);
    expect(() => fromClassic({ buckets: wrong, count: 4, sum: 0 })).toThrow('count mismatch');
  });
});

describe('over time', () => {
  const storage = loaded(
    60_000,
    'h_total {{count:0 buckets:[0 0]}}+{{count:6 sum:3 buckets:[2 4]}}x5 {{count:1 buckets:[1]}} {{count:7 buckets:[3 4]}}',
    'mixed 1 2 {{count:3 buckets:[3]}} {{count:4 buckets:[4]}} 5',
    'stale_h {{count:1 buckets:[1]}} stale {{count:2 buckets:[2]}}',
  );

  test.each([
    ['increase(h_total[2m])', 120, ['{} {{count:12 sum:6 counter_reset_hint:gauge buckets:[4 8]}}']],
    [
      'rate(h_total[1m:30s])',
      300,
      ['{} {{count:0.2 sum:0.1 counter_reset_hint:gauge buckets:[0.06666666666666667 0.13333333333333333]}}'],
    ],
    ['resets(h_total[10m])', 420, ['{} 1']],
    ['changes(h_total[10m])', 420, ['{} 7']],
    ['last_over_time(mixed[1m])', 180, ['mixed {{count:4 counter_reset_hint:not_reset buckets:[4]}}']],
    ['count_over_time(mixed[10m])', 240, ['{} 5']],
    ['max_over_time(mixed[10m])', 240, ['{} 5']],
    ['rate(mixed[10m])', 240, []],
    ['stale_h', 60, []],
    ['stale_h', 130, ['stale_h {{count:2 buckets:[2]}}']],
    ['count_over_time(stale_h[5m])', 120, ['{} 2']],
    ['-stale_h', 0, ['{} {{count:-1 counter_reset_hint:gauge buckets:[-1]}}']],
    ['abs(stale_h)', 0, []],
    ['timestamp(stale_h)', 30, ['{} 0']],
  ])('%s at %d s', async (query, seconds, lines) => {
    expect(await answer(storage, query, seconds * 1000)).toEqual(lines);
  });

  test('a range query has at each step what an instant query has there', async () => {
    const queries = [
      ...['h_total', 'rate(h_total[3m])', 'sum({__name__=~"mixed|stale_h"})', 'h_total or mixed'],
      ...['sum_over_time(mixed[2m])', 'histogram_count(increase(h_total[4m]))', 'h_total == h_total'],
      ...['topk(1, {__name__=~".+"})', 'count_values("v", mixed)', 'irate(h_total[3m])', 'h_total * 2'],
      ...['limitk(2, {__name__=~".+"})', 'label_replace(mixed, "a", "b", "", "")', 'mixed >/ 1'],
      ...['avg(h_total @ 120)', 'histogram_quantile(0.5, h_total)', 'delta(h_total[4m:1m])'],
    ];
    for (const query of queries) {
      const { value } = await engine.range(storage, query, 0, 480_000, 30_000);
      if (value.type !== 'matrix') throw new Error(value.type);
      for (let time = 0; time <= 480_000; time += 30_000) {
        const ranged = value.series.flatMap(({ labels, timestamps, values, histograms }) => {
          const i = timestamps.indexOf(time);
          const histogram = histograms?.[i];
          if (i < 0) return [];
          return [`${labels} ${histogram === undefined ? values[i] : formatHistogramLiteral(histogram)}`];
        });
        expect(ranged.sort(), `${query} at ${time}`).toEqual((await answer(storage, query, time)).sort());
      }
    }
  });

  test('trimming numbers is refused', async () => {
    await expect(engine.instant(storage, '1 </ 2', 0)).rejects.toThrow(QueryError);
    await expect(engine.instant(storage, '1 </ 2', 0)).rejects.toThrow('not allowed for Scalar operations');
  });

  test('a query that would hold too many buckets ends with an error', async () => {
    const small = new Engine({ maxSamples: 100 });
    await expect(small.instant(storage, 'count_over_time(h_total[10m])', 420_000)).rejects.toThrow(
      'too many samples',
    );
  });
});
