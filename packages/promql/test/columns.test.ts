import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Engine, QueryError } from '../dist/index.js';
import { parses, queries } from './queries.ts';
import { loaded } from './script.ts';

vi.setConfig({ testTimeout: 300_000 });

const STEP = 30_000;
const END = 600_000;

const storage = loaded(
  20_000,
  'a{job="x",le="1"} 0+1x10 stale _x5 3+2x20',
  'a{job="x",le="2"} _ _ 5 4 3 2 1 0 1 2 3 NaN NaN 5',
  'a{job="y",le="1"} 1+1x4 0+3x30',
  'b{job="x"} _x10 7-1x12',
  'b{job="y"} 1 _ 1 _ 2 _ 2 _x20 4+0x5',
);

const anyVector = queries({
  selector: fc.constantFrom('a', 'b', 'a{le="1"}', 'b{job="x"}', '{__name__=~"a|b"}', 'nothing'),
  // start() and end() mean something else in a range query.
  at: fc.constantFrom('', '', ' @ 125', ' @ 400'),
  duration: fc.constantFrom('1m', '90s', '3m', '20s'),
});

test('a range query has at each step what an instant query has there', async () => {
  const engine = new Engine();
  await fc.assert(
    fc.asyncProperty(anyVector, async (query) => {
      fc.pre(parses(query));
      const ranged = await outcome(async () => {
        const { value } = await engine.range(storage, query, 0, END, STEP);
        if (value.type !== 'matrix') throw new Error(value.type);
        return new Map(
          value.series.flatMap(({ labels, timestamps, values }) =>
            [...timestamps].map((time, i) => [`${time} ${labels}`, values[i]!]),
          ),
        );
      });
      const instants = await outcome(async () => {
        const all = new Map<string, number>();
        for (let time = 0; time <= END; time += STEP) {
          const { value } = await engine.instant(storage, query, time);
          if (value.type !== 'vector') throw new Error(value.type);
          for (const { labels, value: one } of value.samples) all.set(`${time} ${labels}`, one);
        }
        return all;
      });
      // The parameter of topk is judged over all steps at once.
      if (/Parameter value is NaN|flows int64/.test(`${ranged}${instants}`)) return;
      // A subquery of a range query also has steps between the windows.
      if (typeof ranged === 'string' && query.includes(':')) return;
      // Where several things are wrong, which one is reported depends on the order.
      if (typeof ranged === 'string' || typeof instants === 'string') {
        expect(typeof ranged).toBe(typeof instants);
        return;
      }
      // Of equal values the first is taken, and what sorts puts another first at one time than over a range, as it
      // does in Prometheus.
      if ((query.match(/\b(?:topk|bottomk|limitk|limit_ratio|sort\w*)\b/g) ?? []).length > 1) return;
      expect([...ranged.keys()].sort()).toEqual([...instants.keys()].sort());
      for (const [key, value] of ranged) {
        const wanted = instants.get(key)!;
        const close = Object.is(value, wanted) || Math.abs(value - wanted) <= 1e-9 * Math.abs(wanted);
        if (!close) expect(`${key} ${value}`).toBe(`${key} ${wanted}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('what is folded over parts of a partition, and then over the parts, is what is folded at once', async () => {
  const engine = new Engine();
  const anyFold = fc.constantFrom(
    ['sum', 'sum'],
    ['count', 'sum'],
    ['min', 'min'],
    ['max', 'max'],
    ['group', 'group'],
  );
  const anyParts = fc.constantFrom('by (job)', 'by (le)', 'without (le)', 'by (job, le)', 'by ()');
  const values = async (query: string) => {
    const { value } = await engine.range(storage, query, 0, END, STEP);
    return value.type === 'matrix' ? value.series.map((one) => [[...one.timestamps], [...one.values]]) : [];
  };
  let filled = 0;
  await fc.assert(
    fc.asyncProperty(anyVector, anyFold, anyParts, async (query, [fold, over], parts) => {
      fc.pre(parses(query));
      const atOnce = await outcome(() => values(`${fold}(${query})`));
      if (typeof atOnce === 'string') return;
      const inParts = await values(`${over}(${fold} ${parts} (${query}))`);
      if (atOnce.length > 0) filled++;
      expect(inParts.map(([times]) => times)).toEqual(atOnce.map(([times]) => times));
      // Terms that cancel each other leave the rounding of what they were.
      const sizes = await values(`sum(abs(${query}))`);
      for (const [i, [, wanted]] of atOnce.entries()) {
        for (const [step, value] of inParts[i]![1]!.entries()) {
          const near = Math.abs(value - wanted![step]!) <= 1e-9 * sizes[i]![1]![step]!;
          if (!Object.is(value, wanted![step]) && !near)
            expect(`${query} ${value}`).toBe(`${query} ${wanted![step]}`);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(filled).toBeGreaterThan(50);
});

async function outcome<T>(run: () => Promise<T>): Promise<T | string> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof QueryError) return error.message;
    throw error;
  }
}
