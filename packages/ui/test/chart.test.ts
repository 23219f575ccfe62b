import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeLabel } from '../src/chart/axes.js';
import { namedColor, seriesColor, withAlpha } from '../src/chart/palette.js';
import { columnOf, isolated, stack, timesOf, valueRange } from '../src/chart/series-data.js';
import { hrefOf, parseRoute } from '../src/shell/route.js';
import { gridLength, gridOf, isLive, rangeTitle, resolveRange, stepOf, zoomOut } from '../src/time/range.js';

const grid = { start: 100, end: 140, step: 10 };

test('values take their places on the grid, and what is missing is a gap', () => {
  expect(timesOf(grid)).toEqual([100, 110, 120, 130, 140]);
  expect(
    columnOf(
      {
        metric: {},
        values: [
          [100, '1'],
          [120, '2.5'],
          [140, '-3'],
        ],
      },
      grid,
    ),
  ).toEqual([1, null, 2.5, null, -3]);
  expect(
    columnOf(
      {
        metric: {},
        values: [
          [90, '1'],
          [110, 'NaN'],
          [120, '+Inf'],
          [150, '2'],
        ],
      },
      grid,
    ),
  ).toEqual([null, null, null, null, null]);
  expect(columnOf({ metric: {}, value: [140, '7'] }, grid)).toEqual([null, null, null, null, 7]);
});

test('steps of a fraction of a second lose no point', () => {
  const fine = { start: 0, end: 10, step: 0.1 };
  const values = timesOf(fine).map((time): [number, string] => [Number(time.toFixed(3)), '1']);
  expect(columnOf({ metric: {}, values }, fine).every((value) => value === 1)).toBe(true);
});

test('a stack adds up in the order of the series', () => {
  expect(
    stack(
      [
        [1, 2, null],
        [10, null, null],
        [100, 200, null],
      ],
      false,
    ),
  ).toEqual([
    [1, 2, null],
    [11, 2, null],
    [111, 202, null],
  ]);
  expect(
    stack(
      [
        [1, 0],
        [3, 0],
      ],
      true,
    ),
  ).toEqual([
    [0.25, 0],
    [1, 0],
  ]);
  expect(stack([], false)).toEqual([]);
});

test('the top of a stack is the sum of its series', () => {
  const column = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(column, { minLength: 1, maxLength: 6 }), (columns) => {
      const top = stack(columns, false).at(-1)!;
      expect(top).toEqual(top.map((_, i) => columns.reduce((sum, values) => sum + values[i]!, 0)));
    }),
  );
});

test('a point between two gaps is drawn as a point', () => {
  expect(isolated([1, null, 2, null, 3, 4, null, 5])).toEqual([0, 2, 7]);
});

test('the value axis starts at 0 unless that would flatten the line', () => {
  expect(valueRange(2, 10, undefined, undefined)).toEqual([0, 10.8]);
  const [bottom, top] = valueRange(98, 100, undefined, undefined);
  expect(bottom > 90 && bottom < 98 && top > 100).toBe(true);
  expect(valueRange(5, 5, undefined, undefined)[0]).toBe(0);
  expect(valueRange(0, 0, undefined, undefined)).toEqual([0, 1]);
  expect(valueRange(null, null, undefined, undefined)[0]).toBe(0);
  expect(valueRange(2, 10, 1, 20)).toEqual([1, 20]);
  expect(valueRange(2, 10, 50, undefined)).toEqual([50, 51]);
});

test('the value axis holds every value', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
      fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
      (a, b) => {
        const [bottom, top] = valueRange(Math.min(a, b), Math.max(a, b), undefined, undefined);
        expect(bottom <= Math.min(a, b) && top >= Math.max(a, b) && bottom < top).toBe(true);
      },
    ),
  );
});

test('labels of time say the day where it begins, and seconds where they matter', () => {
  const at = (hours: number, minutes = 0, seconds = 0): number =>
    new Date(2026, 2, 5, hours, minutes, seconds).getTime() / 1000;
  expect(timeLabel(at(14, 5), at(14, 0), 300)).toBe('14:05');
  expect(timeLabel(at(14, 5, 30), at(14, 5, 15), 15)).toBe('14:05:30');
  expect(timeLabel(at(0), at(-6), 21_600)).toBe('03-05');
  expect(timeLabel(at(14), at(-10), 86_400)).toBe('03-05');
});

test('ranges are read against a clock', () => {
  const now = 1_700_000_000_000;
  const check = (from: string, to: string, fromMs: number, toMs: number): void =>
    expect(resolveRange({ from, to }, now), `${from} ${to}`).toEqual({ fromMs, toMs });
  check('now-1h', 'now', now - 3_600_000, now);
  check('now-2h30m', 'now-30m', now - 9_000_000, now - 1_800_000);
  check('1699990000000', '1699995000000', 1_699_990_000_000, 1_699_995_000_000);
  check('nonsense', 'now', now - 3_600_000, now);
  check('now', 'now-1h', now - 3_610_000, now - 3_600_000);
  expect(isLive({ from: 'now-1h', to: 'now' })).toBe(true);
  expect(isLive({ from: '1', to: '1699995000000' })).toBe(false);
  expect(rangeTitle({ from: 'now-15m', to: 'now' }, now)).toBe('Last 15m');
  expect(zoomOut({ from: 'now-1h', to: 'now' }, now)).toEqual({ from: 'now-2h', to: 'now' });
  const zoomed = zoomOut({ from: String(now - 7_200_000), to: String(now - 3_600_000) }, now);
  expect(Number(zoomed.to) - Number(zoomed.from)).toBe(7_200_000);
  expect(Number(zoomed.to)).toBe(now - 1_800_000);
});

test('the step is a round one, never finer than the scrapes, and gives a point a pixel at most', () => {
  const hour = { fromMs: 0, toMs: 3_600_000 };
  expect(stepOf(hour, 600, 1000)).toBe(10_000);
  expect(stepOf(hour, 600, 15_000)).toBe(15_000);
  expect(stepOf({ fromMs: 0, toMs: 86_400_000 }, 1000, 5000)).toBe(120_000);
  expect(stepOf({ fromMs: 0, toMs: 365 * 86_400_000 }, 300, 5000)).toBe(2 * 86_400_000);
});

test('a refresh asks for the same points again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1e12, max: 2e12 }),
      fc.integer({ min: 0, max: 14_999 }),
      fc.constantFrom(1000, 5000, 15_000),
      (now, later, step) => {
        const before = gridOf({ fromMs: now - 3_600_000, toMs: now }, step);
        const after = gridOf({ fromMs: now + later - 3_600_000, toMs: now + later }, step);
        expect(Number.isInteger((after.start - before.start) / before.step)).toBe(true);
        expect(before.start * 1000 >= now - 3_600_000 && before.end * 1000 <= now).toBe(true);
        expect(gridLength(before)).toBe((before.end - before.start) / before.step + 1);
      },
    ),
  );
});

test('an address says the same thing after it was read and written', () => {
  const check = (hash: string): void => {
    const { page, uid, params, variables } = parseRoute(hash);
    expect(hrefOf(page, uid, params, variables)).toBe(hash);
  };
  check('#/dashboards');
  check('#/d/jobs?from=now-1h&to=now&refresh=10s&var-job=a%26b');
  check('#/d/jobs?var-job=a&var-job=b%3Fc&var-text=');
  check('#/explore?expr=rate%28a%5B5m%5D%29%20%2B%201');
  check('#/d/a%2Fb');
  expect(parseRoute('')).toEqual({ page: 'dashboards', uid: '', params: {}, variables: {} });
  expect(parseRoute('#/d/%E0%A4%A')).toMatchObject({ page: 'dashboard', uid: '%E0%A4%A' });
  expect(parseRoute('#/nowhere').page).toBe('dashboards');
});

test('colours suit their theme', () => {
  expect(namedColor('green', 'dark')).not.toBe(namedColor('green', 'light'));
  expect(namedColor('dark-red', 'dark')).not.toBe(namedColor('red', 'dark'));
  expect(namedColor('#123456', 'dark')).toBe('#123456');
  expect(withAlpha('#102030', 0.5)).toBe('#10203080');
  expect(new Set(Array.from({ length: 16 }, (_, i) => seriesColor(i, 'dark'))).size).toBe(16);
  expect(seriesColor(16, 'dark')).toBe(seriesColor(0, 'dark'));
});
