/** `limitk` and `limit_ratio`: which series they keep. That they are Prometheus's own stands in `conformance/`. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { xxhash64 } from '../dist/eval/xxhash64.js';
import { Engine, type MemoryStorage } from '../dist/index.js';
import { loaded } from './script.ts';

const engine = new Engine({ experimental: true });
const series = Array.from({ length: 60 }, (_, i) => `m{i="${(i * 37) % 60}",zone="${i % 3}"} ${i}+1x5`);

async function kept(storage: MemoryStorage, query: string): Promise<string[]> {
  const { value } = await engine.instant(storage, query, 60_000);
  return value.type === 'vector' ? value.samples.map(({ labels }) => labels.toString()).sort() : [];
}

test('XXH64 gives the values of its specification', () => {
  const hash = (text: string): string => xxhash64(Buffer.from(text)).toString(16);
  expect(hash('')).toBe('ef46db3751d8e999');
  expect(hash('a')).toBe('d24ec4f1a98c6e5b');
  expect(hash('abc')).toBe('44bc2cf5ad770999');
  expect(hash('Call me Ishmael. Some years ago--never mind how long precisely-')).toBe('2a2e85470d6fd96');
});

test('a ratio and the one that is smaller by 1 share all series out', async () => {
  const storage = loaded(60_000, ...series);
  const all = await kept(storage, 'm');
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0.01, max: 0.99, noNaN: true }), async (ratio) => {
      const some = await kept(storage, `limit_ratio(${ratio}, m)`);
      const others = await kept(storage, `limit_ratio(${ratio} - 1, m)`);
      expect([...some, ...others].sort()).toEqual(all);
      expect(await kept(storage, `limit_ratio by (zone) (${ratio}, m)`)).toEqual(some);
    }),
    { numRuns: 30 },
  );
});

test('a greater ratio keeps what a smaller one keeps', async () => {
  const storage = loaded(60_000, ...series);
  let before: string[] = [];
  for (const ratio of [0.2, 0.4, 0.6, 0.8, 1]) {
    const now = await kept(storage, `limit_ratio(${ratio}, m)`);
    expect(now).toEqual(expect.arrayContaining(before));
    before = now;
  }
  expect(before).toHaveLength(60);
});

test('a ratio may change from step to step', async () => {
  const storage = loaded(60_000, ...series);
  const ratio = 'time() / 60 - 1'; // -1, 0, 1, 2
  const { value, warnings } = await engine.range(
    storage,
    `count(limit_ratio(${ratio}, m))`,
    0,
    180_000,
    60_000,
  );
  const [counts] = value.type === 'matrix' ? value.series : [];
  expect([...counts!.timestamps]).toEqual([0, 120_000, 180_000]);
  expect([...counts!.values]).toEqual([60, 60, 60]);
  expect(warnings).toEqual([
    'PromQL warning: ratio value should be between -1 and 1, got 2, capping to 1 (1:19)',
  ]);
});

test('a ratio that is not a number is refused', async () => {
  const query = 'limit_ratio(NaN, m)';
  await expect(engine.instant(loaded(60_000, ...series), query, 0)).rejects.toThrow('Ratio value is NaN');
});

test('limitk takes the first series by their labels, however storage orders them', async () => {
  const storage = loaded(60_000, 'm{a="3"} 1', 'm{a="1"} 2', 'm{a="2"} 3', 'm{a="4"} 4');
  expect(await kept(storage, 'limitk(2, m)')).toEqual(['m{a="1"}', 'm{a="2"}']);
  expect(await kept(storage, 'limitk(1, m > 2)')).toEqual(['m{a="2"}']);
  expect(await kept(storage, 'limitk(9, m)')).toHaveLength(4);
});
