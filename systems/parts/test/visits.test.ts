import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { drawByWeight, Pace, pick, randomFrom } from '../dist/visits.js';

test('equal seeds draw equal numbers, other seeds others', () => {
  const draw = (seed: number): number[] => Array.from({ length: 5 }, randomFrom(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(0)).toEqual(draw(1));
  for (const number of draw(7)) expect(number).toBeLessThan(1);
});

test('a key is drawn as often as it weighs', () => {
  const random = randomFrom(3);
  const drawn = { often: 0, seldom: 0, never: 0 };
  for (let i = 0; i < 10_000; i++) drawn[drawByWeight({ often: 9, seldom: 1, never: 0 }, random)]++;
  expect(drawn.seldom / 10_000).toBeCloseTo(0.1, 1);
  expect(drawn.never).toBe(0);
  expect(['a', 'b']).toContain(pick(['a', 'b'], random));
});

test('how long visits take changes nothing of what is drawn', async () => {
  const drawn = async (atOnceMax: number): Promise<number[]> => {
    const random = randomFrom(5);
    const pace = new Pace({ visitsPerSecond: 500, atOnceMax, random });
    const numbers: number[] = [];
    const waiting: (() => void)[] = [];
    pace.start(() => {
      numbers.push(random());
      return new Promise<void>((resolve) => waiting.push(resolve));
    });
    // Those who come while one is there have to wait for it.
    while (numbers.length < 6) {
      await sleep(20);
      waiting.shift()?.();
    }
    const stopped = pace.stop();
    for (const end of waiting) end();
    await stopped;
    return numbers.slice(0, 6);
  };
  expect(await drawn(1)).toEqual(await drawn(100));
});

test('no more visits at once than there may be, and a stop waits for those under way', async () => {
  const pace = new Pace({ visitsPerSecond: 500, atOnceMax: 2, random: randomFrom(1) });
  const waiting: (() => void)[] = [];
  let over = 0;
  pace.start(async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    over++;
  });
  await expect.poll(() => waiting.length).toBe(2);
  const stopped = pace.stop();
  for (const end of waiting) end();
  await stopped;
  expect([over, waiting.length]).toEqual([2, 2]);
  expect(() => new Pace({ visitsPerSecond: 0, atOnceMax: 1, random: randomFrom(1) })).toThrow(
    'visitsPerSecond is 0; it must be more than 0',
  );
});
