import { Labels } from '@binnacle/metrics/model';
import { describe, expect, test } from 'vitest';
import {
  Engine,
  parseHistogramLiteral,
  type Queryable,
  QueryError,
  type SelectRequest,
  StorageError,
} from '../dist/index.js';
import { answer, loaded } from './script.ts';

const MINUTE = 60_000;
const engine = new Engine();

/** The answer to a range query, a line per series, `_` where a step has no value. */
async function ranged(storage: Queryable, query: string, endMs: number, stepMs: number): Promise<string[]> {
  const { value } = await engine.range(storage, query, 0, endMs, stepMs);
  if (value.type !== 'matrix') throw new Error(value.type);
  return value.series.map(({ labels, values, timestamps }) => {
    const steps = Array.from({ length: endMs / stepMs + 1 }, (_, i) => timestamps.indexOf(i * stepMs));
    return `${labels} ${steps.map((at) => (at < 0 ? '_' : values[at])).join(' ')}`;
  });
}

async function failure(promise: Promise<unknown>): Promise<QueryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof QueryError)) throw new Error(`no QueryError but ${error}`);
  return error;
}

describe('rate', () => {
  // Ten more every 15 s: two thirds per second. The window (5m, 10m] holds 20 samples, 285 s apart.
  const storage = loaded(15_000, 'x_total 0+10x40', 'reset_total 0+10x20 5+10x19', 'late_total _x30 7+10x10');

  test('is the slope, however the samples lie in the window', async () => {
    expect(await answer(storage, 'rate(x_total[5m])', 10 * MINUTE)).toEqual([`{} ${2 / 3}`]);
    // 7 s after the last sample: 285 s of samples, 15-7 s to the start and 7 s to the end.
    const factor = (285 + 8 + 7) / 285 / 300;
    expect(await answer(storage, 'rate(x_total[5m])', 10 * MINUTE + 7000)).toEqual([`{} ${190 * factor}`]);
  });

  test('adds what a counter had before a reset', async () => {
    // 0..200, then 5..195: at 10m the window holds 205-... 5 (after the reset) to 195.
    const [line] = await answer(storage, 'increase(reset_total[10m])', 10 * MINUTE);
    // Samples from 10 (15 s) to 195 (600 s) with one reset at 200: 195 - 10 + 200 over 585 s, to 600 s.
    expect(Number(line!.split(' ')[1])).toBeCloseTo((385 * 600) / 585, 9);
  });

  test('does not reach below zero', async () => {
    // From 7 on: the counter was zero 10.5 s before its first sample, nearer than half the distance of samples.
    const [line] = await answer(storage, 'increase(late_total[10m])', 10 * MINUTE);
    expect(Number(line!.split(' ')[1])).toBeCloseTo(100 * ((150 + 7.5) / 150), 9);
  });

  test('stops half a distance behind samples that are further from the border than 1.1 distances', async () => {
    // The first sample is at 30 s. Windows reach back 16 s and 17 s beyond it; 16.5 s is the limit.
    const gauge = loaded(15_000, 'g _ _ 100+10x4');
    const delta = async (seconds: number): Promise<number> =>
      Number((await answer(gauge, `delta(g[${seconds}s])`, 90_000))[0]!.split(' ')[1]);
    expect(await delta(76)).toBeCloseTo(40 * (76 / 60), 9);
    expect(await delta(77)).toBeCloseTo(40 * (67.5 / 60), 9);
  });

  test('needs two samples, and windows leave out their start', async () => {
    expect(await answer(storage, 'rate(x_total[15s])', MINUTE)).toEqual([]);
    expect(await answer(storage, 'count_over_time(x_total[15s])', MINUTE)).toEqual(['{} 1']);
    expect(await answer(storage, 'count_over_time(x_total[15001ms])', MINUTE)).toEqual(['{} 2']);
  });

  test('tells when a metric is no counter', async () => {
    const { infos } = await engine.instant(loaded(15_000, 'queue 1 2 3'), 'sum(rate(queue[1m]))', 30_000);
    expect(infos).toEqual([
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "queue" (1:10)',
    ]);
  });
});

describe('an instant selector', () => {
  const storage = loaded(MINUTE, 'x 1 stale 3 _x10', 'n NaN NaN');

  test('takes the latest sample within lookback and stops at a staleness marker', async () => {
    const at = async (timeMs: number): Promise<string[]> => answer(storage, 'x', timeMs);
    expect(await at(59_999)).toEqual(['x 1']);
    expect(await at(MINUTE)).toEqual([]);
    expect(await at(2 * MINUTE)).toEqual(['x 3']);
    expect(await at(7 * MINUTE - 1)).toEqual(['x 3']);
    expect(await at(7 * MINUTE)).toEqual([]);
  });

  test('does not take an ordinary NaN for a marker', async () => {
    expect(await answer(storage, 'n', MINUTE)).toEqual(['n NaN']);
    expect(await answer(storage, 'count_over_time(n[5m])', MINUTE)).toEqual(['{} 2']);
    expect(await answer(storage, 'count_over_time(x[5m])', 2 * MINUTE)).toEqual(['{} 2']);
  });

  test('may have a lookback of its own', async () => {
    const { value } = await engine.instant(storage, 'x', 4 * MINUTE, { lookbackMs: MINUTE });
    expect(value).toEqual({ type: 'vector', samples: [] });
  });

  test('in a range query has a value exactly where an instant query has one', async () => {
    expect(await ranged(storage, 'x', 8 * MINUTE, MINUTE)).toEqual(['x 1 _ 3 3 3 3 3 _ _']);
  });
});

describe('offset and @', () => {
  const storage = loaded(MINUTE, 'x 0+1x20');
  test.each([
    ['x offset 2m', '8'],
    ['x offset -2m', '12'],
    ['x @ 180', '3'],
    ['x @ 180 offset 1m', '2'],
    ['x @ start()', '10'],
    ['sum_over_time(x[3m] @ 300)', '12'],
    ['max_over_time((x * 2)[4m:1m] offset 5m)', '10'],
    ['sum_over_time(x[4m:2m])', '18'],
    ['sum_over_time(x[5m:2m] @ 540)', '14'],
    ['max_over_time(x[1m+2m])', '10'],
  ])('%s', async (query, wanted) => {
    const [line] = await answer(storage, query, 10 * MINUTE);
    expect(line!.split(' ').at(-1)).toBe(wanted);
  });

  test('a part that @ fixes is the same at every step', async () => {
    expect(await ranged(storage, 'x - on () x @ 60', 3 * MINUTE, MINUTE)).toEqual(['{} -1 0 1 2']);
    expect(await ranged(storage, 'x @ end()', 2 * MINUTE, MINUTE)).toEqual(['x 2 2 2']);
  });
});

describe('matching', () => {
  const storage = loaded(
    MINUTE,
    'req{code="200",method="get"} 80',
    'req{code="500",method="get"} 20',
    'req{code="200",method="put"} 9',
    'limit{method="get",team="a"} 10',
    'limit{method="put",team="b"} 3',
    'other{method="get"} 1 1 1',
  );
  test.each([
    ['sum by (method) (req) / on (method) limit', ['{method="get"} 10', '{method="put"} 3']],
    [
      'req / on (method) group_left (team) limit',
      [
        '{code="200", method="get", team="a"} 8',
        '{code="500", method="get", team="a"} 2',
        '{code="200", method="put", team="b"} 3',
      ],
    ],
    ['req > 50', ['req{code="200", method="get"} 80']],
    [
      'req > bool 50',
      ['{code="200", method="get"} 1', '{code="500", method="get"} 0', '{code="200", method="put"} 0'],
    ],
    ['50 < req', ['req{code="200", method="get"} 80']],
    ['limit and on (method) other', ['limit{method="get", team="a"} 10']],
    ['limit unless on (method) other', ['limit{method="put", team="b"} 3']],
    [
      'other or limit',
      ['other{method="get"} 1', 'limit{method="get", team="a"} 10', 'limit{method="put", team="b"} 3'],
    ],
    ['other or on (method) limit', ['other{method="get"} 1', 'limit{method="put", team="b"} 3']],
    ['sum without (code) (req)', ['{method="get"} 100', '{method="put"} 9']],
    ['topk(1, req)', ['req{code="200", method="get"} 80']],
    ['bottomk by (method) (1, req)', ['req{code="500", method="get"} 20', 'req{code="200", method="put"} 9']],
    ['quantile(0.5, req)', ['{} 20']],
    ['sum by (__name__) (limit or other)', ['limit 13', 'other 1']],
    ['sum by (__name__) (-{__name__=~"limit|other"})', ['{} -14']],
    ['count_values("n", limit)', ['{n="10"} 1', '{n="3"} 1']],
    ['absent(nothing{job="a"})', ['{job="a"} 1']],
    ['sort_desc(limit)', ['limit{method="get", team="a"} 10', 'limit{method="put", team="b"} 3']],
    [
      'label_replace(limit, "t", "$1-x", "team", "(.*)")',
      ['limit{method="get", t="a-x", team="a"} 10', 'limit{method="put", t="b-x", team="b"} 3'],
    ],
  ])('%s', async (query, wanted) => {
    expect(await answer(storage, query, 0)).toEqual(wanted);
  });

  test.each([
    [
      'req / on (method) limit',
      'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
    ],
    [
      'limit / on (method) req',
      'found duplicate series for the match group {method="get"} on the right hand-side of the operation: [{__name__="req", code="200", method="get"}, {__name__="req", code="500", method="get"}];many-to-many matching not allowed: matching labels must be unique on one side',
    ],
    [
      'label_replace({__name__=~"req"}, "method", "x", "", "")',
      'vector cannot contain metrics with the same labelset',
    ],
    ['-{__name__=~"limit|other", method="get"} * 0 or 1', 'set operator'],
  ])('%s fails', async (query, message) => {
    expect((await failure(engine.instant(storage, query, 0))).message).toContain(message);
  });
});

test('a range query is sorted, leaves out empty series and gives the same as instant queries do', async () => {
  const storage = loaded(MINUTE, 'b_total{l="2"} 0 1 3 6 10', 'a_total{l="1"} 0 2 4 1 3', 'never{l="0"} _ _');
  const query = 'sum by (l) (rate({__name__=~".+_total"}[2m]))';
  const { value } = await engine.range(storage, query, 0, 4 * MINUTE, 30_000);
  if (value.type !== 'matrix') throw new Error(value.type);
  expect(value.series.map(({ labels }) => String(labels))).toEqual(['{l="1"}', '{l="2"}']);
  for (const { labels, timestamps, values } of value.series) {
    expect(timestamps.length).toBeGreaterThan(5);
    for (const [i, time] of timestamps.entries()) {
      const once = await engine.instant(storage, query, time);
      if (once.value.type !== 'vector') throw new Error(once.value.type);
      expect(once.value.samples.find((sample) => sample.labels.equals(labels))?.value).toBe(values[i]);
    }
  }
});

test('scalars, strings and range vectors have their own types', async () => {
  const storage = loaded(MINUTE, 'x 1 2 3');
  expect((await engine.instant(storage, '2 ^ 10', 5000)).value).toEqual({
    type: 'scalar',
    timestampMs: 5000,
    value: 1024,
  });
  expect((await engine.instant(storage, '("a")', 5000)).value).toEqual({
    type: 'string',
    timestampMs: 5000,
    value: 'a',
  });
  expect(await answer(storage, 'x[2m]', 2 * MINUTE)).toEqual(['x 2@60000 3@120000']);
  expect(await ranged(storage, 'time()', 2 * MINUTE, MINUTE)).toEqual(['{} 0 60 120']);
});

test('a histogram whose buckets do not grow is put right, and the user is told', async () => {
  const storage = loaded(
    MINUTE,
    'h_bucket{le="1"} 10',
    'h_bucket{le="2"} 8',
    'h_bucket{le="+Inf"} 20',
    'h_bucket{le="x"} 1',
  );
  const { value, infos, warnings } = await engine.instant(storage, 'histogram_quantile(0.25, h_bucket)', 0);
  expect(value).toMatchObject({ samples: [{ value: 0.5 }] });
  expect(infos).toEqual([
    'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "h_bucket", from buckets 2 to 2, with a max diff of 2, over 1 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00Z (1:26)',
  ]);
  expect(warnings).toEqual([
    'PromQL warning: bucket label "le" is missing or has a malformed value of "x" for metric name "h_bucket" (1:26)',
  ]);
});

describe('what storage is asked for', () => {
  /** Records requests and answers nothing. */
  function recording(): { readonly storage: Queryable; readonly requests: SelectRequest[][] } {
    const requests: SelectRequest[][] = [];
    const storage: Queryable = {
      select: (wanted) => {
        requests.push([...wanted]);
        return Promise.resolve(wanted.map(() => ({ series: [], warnings: ['a block is damaged'] })));
      },
    };
    return { storage, requests };
  }

  test('is all selectors at once, with times and hints', async () => {
    const { storage, requests } = recording();
    const query = 'sum by (job) (rate(a[5m] offset 1m)) / max_over_time(b[10m:1m]) + c @ 100';
    const { warnings } = await engine.range(storage, query, 600_000, 900_000, 15_000);
    expect(requests).toHaveLength(1);
    expect(requests[0]!.map(({ startMs, endMs, hints }) => [startMs, endMs, hints])).toEqual([
      [240_000, 840_000, { stepMs: 15_000, rangeMs: 300_000, func: 'rate' }],
      [-240_000, 900_000, { stepMs: 60_000, rangeMs: 0, func: 'max_over_time' }],
      [-200_000, 100_000, { stepMs: 15_000, rangeMs: 0, func: '' }],
    ]);
    expect(warnings).toEqual(['a block is damaged']);
  });

  test('is nothing for a query without selectors', async () => {
    const { storage, requests } = recording();
    await engine.instant(storage, '1 + 1', 0);
    expect(requests).toEqual([]);
  });

  test('its failure is a failure of execution', async () => {
    const storage: Queryable = { select: () => Promise.reject(new StorageError('chunk 7 is torn')) };
    const error = await failure(engine.instant(storage, 'x', 0));
    expect([error.code, error.message]).toEqual(['execution', 'expanding series: chunk 7 is torn']);
  });
});

describe('limits', () => {
  const storage = loaded(MINUTE, 'x{i="1"} 1x100', 'x{i="2"} 1x100');
  const code = async (promise: Promise<unknown>): Promise<string> => {
    const { code, message } = await failure(promise);
    return `${code}: ${message}`;
  };

  test('steps', async () => {
    expect(await code(engine.range(storage, 'x', 0, 11_001_000, 1000))).toBe(
      'bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
    expect(await code(engine.range(storage, 'x', 0, 1000, 0))).toBe(
      'bad_data: zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
    expect(await code(engine.range(storage, 'x', 1000, 0, 1))).toMatch(/^bad_data/);
    expect(await code(engine.range(storage, 'x[5m]', 0, 1, 1))).toBe(
      'bad_data: invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
    expect(await code(engine.instant(storage, 'x[', 0))).toBe(
      'bad_data: 1:3: parse error: unexpected end of input in duration expression',
    );
  });

  test('samples', async () => {
    const small = new Engine({ maxSamples: 150 });
    expect(await code(small.range(storage, 'x', 0, 6_000_000, MINUTE))).toBe(
      'limit: query processing would load too many samples into memory in query execution',
    );
    // A subquery can have more steps than there is memory for.
    const many = 'sum_over_time((x * 2)[10y:1ms])';
    expect(await code(engine.instant(storage, many, 6_000_000))).toMatch(/^limit: .* too many samples/);
    expect(await code(engine.instant(storage, 'sum_over_time(vector(1)[10y:1ms])', 0))).toMatch(/^limit: /);
    // 11 samples of each series are loaded and 22 values computed; what an operator needed is free afterwards.
    await small.range(storage, 'x + x + x + x', 0, 10 * MINUTE, MINUTE);
  });

  test('series', async () => {
    expect(await code(new Engine({ maxSeries: 1 }).instant(storage, 'sum({__name__=~".+"})', 0))).toMatch(
      /^limit: the query reads \d+ series, more than the 1 that one query may; ask for fewer by more matchers$/,
    );
  });

  test('nesting', async () => {
    expect(await code(engine.instant(storage, `1${' + 1'.repeat(2000)}`, 0))).toBe(
      'limit: expression is nested deeper than 1000 levels',
    );
    const { value } = await engine.instant(storage, `1${' + 1'.repeat(900)}`, 0);
    expect(value).toMatchObject({ value: 901 });
  });

  test('cancellation, before and in between', async () => {
    const aborted = AbortSignal.abort();
    expect(await code(engine.instant(storage, 'x', 0, { signal: aborted }))).toBe(
      'canceled: query was canceled in expression evaluation',
    );
    const controller = new AbortController();
    let turns = 0;
    const patient = new Engine({
      yieldToLoop: () => {
        if (++turns === 2) controller.abort(new DOMException('too slow', 'TimeoutError'));
        return Promise.resolve();
      },
    });
    const query = 'sum_over_time((sum_over_time(x[10m:1s]))[100m:1s])';
    expect(await code(patient.instant(storage, query, 100 * MINUTE, { signal: controller.signal }))).toBe(
      'timeout: query timed out in expression evaluation',
    );
    expect(turns).toBe(2);
  });

  test('experimental functions must be asked for', async () => {
    expect(await code(engine.instant(storage, 'mad_over_time(x[5m])', 0))).toContain('is not enabled');
    await new Engine({ experimental: true }).instant(storage, 'mad_over_time(x[5m])', 0);
  });
});

test('a result carries native histograms beside floats', async () => {
  const { histogram } = parseHistogramLiteral('{{schema:1 count:3 sum:5 buckets:[1 2]}}');
  const series = [
    {
      labels: Labels.of({ __name__: 'h' }),
      timestamps: Float64Array.of(0, 1000),
      values: Float64Array.of(7, 0),
      histograms: [undefined, histogram],
    },
  ];
  const storage: Queryable = { select: (all) => Promise.resolve(all.map(() => ({ series, warnings: [] }))) };
  const { value, warnings } = await engine.instant(storage, 'h', 1000);
  expect(value).toMatchObject({ samples: [{ histogram }] });
  expect(warnings).toEqual([]);
  const range = await engine.range(storage, 'h', 0, 1000, 1000);
  expect(range.value).toMatchObject({ series: [{ histograms: [undefined, histogram] }] });
});
