/** `anchored` and `smoothed`, compared with what their definitions say of each window alone. */
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Engine, MemoryStorage, type Queryable, type SelectRequest } from '../dist/index.js';
import { loaded } from './script.ts';

const LOOKBACK = 90_000;
const engine = new Engine({ experimental: true, lookbackMs: LOOKBACK });
const M = Labels.of({ __name__: 'm' });

type Sample = readonly [timeMs: number, value: number];

const samples: fc.Arbitrary<Sample[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 0, max: 9 })), {
    minLength: 1,
    maxLength: 25,
  })
  .map((steps) => {
    let time = 0;
    return steps.map(([seconds, value]): Sample => {
      time += seconds * 1000;
      return [time, value];
    });
  });

function storageOf(all: readonly Sample[]): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [time, value] of all) storage.append(M, time, value);
  return storage;
}

/** The value at a time, on the line between two samples. */
function onLine([t1, v1]: Sample, [t2, v2]: Sample, time: number, counter: boolean): number {
  const from = counter && v2 < v1 ? 0 : v1;
  return from + ((v2 - from) * (time - t1)) / (t2 - t1);
}

/** The values of one window and its borders; nothing when there are none. */
function windowOf(
  all: readonly Sample[],
  start: number,
  end: number,
  smoothed: boolean,
  counter: boolean,
): number[] | undefined {
  const inside = all.filter(([t]) => t > start && t <= end);
  const before = all.findLast(([t]) => t <= start && t > start - LOOKBACK);
  const behind = smoothed ? all.find(([t]) => t > end && t <= end + LOOKBACK) : undefined;
  if (inside.length === 0 && (before === undefined || behind === undefined)) return undefined;
  const values = inside.map(([, value]) => value);
  if (before !== undefined) {
    const next = inside[0] ?? behind!;
    values.unshift(smoothed ? onLine(before, next, start, counter) : before[1]);
  }
  const last = inside.at(-1) ?? before!;
  if (behind !== undefined && last[0] < end) values.push(onLine(last, behind, end, counter));
  return values;
}

function expected(all: readonly Sample[], func: string, start: number, end: number, smoothed: boolean) {
  const counter = func === 'increase';
  const values = windowOf(all, start, end, smoothed, counter);
  if (values === undefined) return undefined;
  let result = func === 'delta' || counter ? values.at(-1)! - values[0]! : 0;
  values.forEach((value, i) => {
    if (i === 0) return;
    const before = values[i - 1]!;
    if (func === 'changes' && value !== before) result++;
    if (func === 'resets' && value < before) result++;
    if (counter && value < before) result += before;
  });
  return result;
}

test.each([
  ['anchored', ['increase', 'delta', 'changes', 'resets']],
  ['smoothed', ['increase', 'delta']],
])('%s windows hold what their definition says', async (modifier, functions) => {
  await fc.assert(
    fc.asyncProperty(
      samples,
      fc.constantFrom(...functions),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 100 }),
      async (all, func, rangeS, stepS) => {
        const query = `${func}(m[${rangeS}s] ${modifier})`;
        const end = all.at(-1)![0] + 2 * LOOKBACK;
        const { value } = await engine.range(storageOf(all), query, 0, end, stepS * 1000);
        const [series] = value.type === 'matrix' ? value.series : [];
        const found = new Map(
          [...(series?.timestamps ?? [])].map((time, i) => [time, series!.values[i]!] as const),
        );
        for (let time = 0; time <= end; time += stepS * 1000) {
          const smoothed = modifier === 'smoothed';
          const wanted = expected(all, func, time - rangeS * 1000, time, smoothed);
          const got = found.get(time);
          const what = `${query} at ${time} of ${JSON.stringify(all)}`;
          if (wanted === undefined) expect(got, what).toBeUndefined();
          else expect(got, what).toBeCloseTo(wanted, 9);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a smoothed instant selector draws lines between samples, and holds the last value for the lookback', async () => {
  const storage = loaded(60_000, 'm 0 60 _ 0 stale');
  const { value } = await engine.range(storage, 'm smoothed', 0, 300_000, 30_000);
  const [series] = value.type === 'matrix' ? value.series : [];
  expect([...series!.timestamps].map((time, i) => [time / 1000, series!.values[i]])).toEqual([
    ...[
      [0, 0],
      [30, 30],
      [60, 60],
    ],
    // 120 s to the next sample is too far at first.
    ...[
      [90, 45],
      [120, 30],
    ],
    ...[
      [180, 0],
      [210, 0],
      [240, 0],
    ],
  ]);
});

test('a window by itself has values at its borders', async () => {
  const experimental = new Engine({ experimental: true });
  const storage = loaded(60_000, 'm 1 2 3 7');
  const windowAt = async (query: string): Promise<unknown> => {
    const { value } = await experimental.instant(storage, query, 150_000);
    return value.type === 'matrix' && value.series.map((one) => [[...one.timestamps], [...one.values]]);
  };
  expect(await windowAt('m[1m]')).toEqual([[[120_000], [3]]]);
  expect(await windowAt('m[1m] anchored')).toEqual([
    [
      [90_000, 120_000, 150_000],
      [2, 3, 3],
    ],
  ]);
  expect(await windowAt('m[1m] smoothed')).toEqual([
    [
      [90_000, 120_000, 150_000],
      [2.5, 3, 5],
    ],
  ]);
  expect(await windowAt('m[1m] anchored offset 10m')).toEqual([]);
});

test('storage is asked for the samples around the windows', async () => {
  const asked: SelectRequest[] = [];
  const select: Queryable['select'] = (requests) => {
    asked.push(...requests);
    return Promise.resolve(requests.map(() => ({ series: [], warnings: [] })));
  };
  const query =
    'rate(a[1m]) + rate(b[1m] anchored) + rate(c[1m] smoothed) + (d smoothed) + rate(e[1m] smoothed offset 1h)';
  await engine.range({ select }, query, 600_000, 900_000, 30_000);
  expect(
    asked.map(({ startMs, endMs, hints }) => [startMs / 1000, endMs / 1000, hints.rangeMs / 1000]),
  ).toEqual([
    [540, 900, 60],
    [450, 900, 150],
    [450, 990, 240],
    [510, 990, 180],
    [450 - 3600, 990 - 3600, 240],
  ]);
});

test('functions that would misread samples outside of the window are refused', async () => {
  const refused = (query: string) => expect(engine.instant(loaded(1), query, 0)).rejects;
  await refused('irate(m[1m] anchored)').toThrow(
    'anchored modifier can only be used with: changes, delta, increase, rate, resets - not with irate',
  );
  await refused('absent_over_time(m[1m] smoothed)').toThrow(
    'smoothed modifier can only be used with: delta, increase, rate - not with absent_over_time',
  );
});
