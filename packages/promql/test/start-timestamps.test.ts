/** Start timestamps: what they change, and that they change nothing where they say nothing. */
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Engine, MemoryStorage, type Queryable } from '../dist/index.js';
import { answer } from './script.ts';

const engine = new Engine({ experimental: true });
const M = Labels.of({ __name__: 'm_total' });

type Sample = readonly [timeMs: number, value: number | 'stale', startMs?: number];

function storageOf(...samples: readonly Sample[]): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [time, value, start] of samples) storage.append(M, time, value, start);
  return storage;
}

/** Storage that knows of start timestamps and has none. */
function withUnknownStarts(storage: Queryable): Queryable {
  return {
    select: async (requests, signal) => {
      const results = await storage.select(requests, signal);
      return results.map(({ series, warnings }) => ({
        series: series.map((one) => ({ ...one, startTimestamps: new Float64Array(one.timestamps.length) })),
        warnings,
      }));
    },
  };
}

async function ranged(storage: Queryable, query: string): Promise<(readonly [number, number])[]> {
  const { value } = await engine.range(storage, query, 0, 300_000, 13_000);
  const [series] = value.type === 'matrix' ? value.series : [];
  return [...(series?.timestamps ?? [])].map((time, i) => [time, series!.values[i]!] as const);
}

test('start timestamps that are unknown change nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 30 }),
      fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(20) }, fc.constant('stale' as const)), {
        minLength: 30,
        maxLength: 30,
      }),
      fc.constantFrom('rate', 'increase', 'irate', 'resets'),
      fc.integer({ min: 1, max: 200 }),
      async (seconds, values, func, range) => {
        const times = seconds.sort((a, b) => a - b);
        const storage = storageOf(...times.map((s, i): Sample => [s * 1000, values[i]!]));
        const query = `${func}(m_total[${range}s])`;
        const [plain, started] = [
          await ranged(storage, query),
          await ranged(withUnknownStarts(storage), query),
        ];
        expect(started.map(([time]) => time)).toEqual(plain.map(([time]) => time));
        started.forEach(([, value], i) => {
          expect(value).toBeCloseTo(plain[i]![1], 9);
        });
      },
    ),
    { numRuns: 300 },
  );
});

test('no increase between scrapes is lost, however often the counter began anew', async () => {
  // Lives of a counter: what each scrape adds to what it had.
  const lives = fc.array(fc.array(fc.nat(100), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(lives, async (all) => {
      const storage = new MemoryStorage();
      let [time, total] = [0, 0];
      for (const increments of all) {
        const start = time + 1000;
        let value = 0;
        for (const increment of increments) {
          time += 10_000;
          value += increment;
          storage.append(M, time, value, start);
        }
        total += value;
      }
      const query = `increase(m_total[${time}ms])`;
      expect(await answer(storage, query, time)).toEqual([`{} ${total}`]);
      expect(await answer(storage, `resets(m_total[${time}ms])`, time)).toEqual([`{} ${all.length - 1}`]);
    }),
    { numRuns: 100 },
  );
});

test('samples that count what came since the last one are added up', async () => {
  const deltas = [10, 20, 30, 40].map((time): Sample => [time * 1000, 5, (time - 10) * 1000]);
  expect(await answer(storageOf(...deltas), 'increase(m_total[30s])', 40_000)).toEqual(['{} 15']);
  expect(await answer(storageOf(...deltas), 'irate(m_total[30s])', 40_000)).toEqual(['{} 0.5']);
});

test('start_timestamp() tells the start of the latest sample in seconds, and 0 where it is unknown', async () => {
  const storage = storageOf([1000, 1, 500], [2000, 2], [3000, 'stale'], [4000, 4, 3999]);
  const starts = async (query: string) => {
    const { value } = await engine.range(storage, query, 0, 5000, 1000);
    return value.type === 'matrix' && value.series.map(({ labels, values }) => [`${labels}`, ...values]);
  };
  expect(await starts('start_timestamp(m_total)')).toEqual([['{}', 0.5, 0, 3.999, 3.999]]);
  expect(await starts('start_timestamp(m_total offset 1s)')).toEqual([['{}', 0.5, 0, 3.999]]);
  expect(await starts('start_timestamp(m_total @ 1)')).toEqual([['{}', ...new Array(6).fill(0.5)]]);
  // Computed values began nowhere.
  expect(await starts('start_timestamp(m_total + 0)')).toEqual([]);
});

test('two counters that write one series are pointed out', async () => {
  const overlapping = storageOf([10_000, 5, 1000], [20_000, 6, 2000]);
  const warnings = async (storage: Queryable, query: string) =>
    (await engine.instant(storage, query, 20_000)).warnings;
  const warning =
    'PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "m_total" (1:6)';
  expect(await warnings(overlapping, 'rate(m_total[1m])')).toEqual([warning]);
  expect(await warnings(overlapping, 'resets(m_total[1m])')).toEqual([]);
  const twice = await engine.range(overlapping, 'rate(m_total[1m])', 0, 30_000, 10_000);
  expect(twice.warnings).toEqual([warning.replace(' (1:6)', ' (2 occurrences) (1:6)')]);
  expect(await warnings(storageOf([10_000, 5, 1000], [20_000, 6, 1000]), 'rate(m_total[1m])')).toEqual([]);
});

test('a range vector as a result has no start timestamps, and no marks of staleness', async () => {
  const storage = storageOf([1000, 1, 500], [2000, 'stale'], [3000, 3, 500]);
  const { value } = await engine.instant(storage, 'm_total[2500ms]', 3000);
  expect(value).toEqual({
    type: 'matrix',
    series: [
      {
        labels: M,
        dropName: false,
        timestamps: Float64Array.of(1000, 3000),
        values: Float64Array.of(1, 3),
      },
    ],
  });
});

test('a sample that replaces another one brings its own start', async () => {
  const storage = storageOf([1000, 1, 500], [1000, 2]);
  const request = { matchers: [], startMs: 0, endMs: 1000, hints: { stepMs: 0, rangeMs: 0, func: '' } };
  const [result] = await storage.select([request]);
  expect(result!.series).toEqual([
    { labels: M, timestamps: Float64Array.of(1000), values: Float64Array.of(2) },
  ]);
});
