import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NumberRange, TimeInterval } from '../../dist/config/alertmanager.js';
import { containsTime, mutedBy } from '../../dist/notify/time-intervals.js';

const ALWAYS: TimeInterval = {
  times: undefined,
  weekdays: undefined,
  daysOfMonth: undefined,
  months: undefined,
  years: undefined,
  location: 'UTC',
};
const at = (hours: number, minutes = 0): number => hours * 60 + minutes;
const range = (start: number, end = start): NumberRange[] => [{ start, end }];
const inside = (interval: Partial<TimeInterval>, time: string): boolean =>
  containsTime([{ ...ALWAYS, ...interval }], Date.parse(time));

describe('a moment lies in an interval', () => {
  it.each<[string, Partial<TimeInterval>, string[], string[]]>([
    ['of nothing', {}, ['1970-01-01T00:00Z', '2024-02-29T12:00Z'], []],
    [
      'of hours, the last minute not among them',
      { times: range(at(9), at(17)) },
      ['2024-01-01T09:00Z', '2024-01-01T16:59:59.999Z'],
      ['2024-01-01T08:59:59.999Z', '2024-01-01T17:00Z'],
    ],
    [
      'up to midnight',
      { times: range(at(23), at(24)) },
      ['2024-01-01T23:59:59.999Z'],
      ['2024-01-02T00:00Z', '2024-01-01T22:59Z'],
    ],
    [
      'of one of several ranges',
      { times: [...range(0, at(1)), ...range(at(2), at(3))] },
      ['2024-01-01T00:30Z', '2024-01-01T02:30Z'],
      ['2024-01-01T01:30Z'],
    ],
    ['of no range at all', { times: [] }, [], ['2024-01-01T00:00Z']],
    [
      'of weekdays',
      { weekdays: range(1, 5) },
      ['2026-11-20T12:00Z', '2026-11-16T00:00Z'],
      ['2026-11-21T00:00Z', '2026-11-22T23:59Z'],
    ],
    ['of Sunday', { weekdays: range(0) }, ['2026-11-22T12:00Z'], ['2026-11-21T23:59Z', '2026-11-23T00:00Z']],
    [
      'of the last three days of a month',
      { daysOfMonth: range(-3, -1) },
      [
        '2024-02-27T00:00Z',
        '2024-02-29T23:59Z',
        '2023-02-26T00:00Z',
        '2024-04-28T12:00Z',
        '2024-12-31T00:00Z',
      ],
      ['2024-02-26T23:59Z', '2023-02-25T23:59Z', '2024-04-27T12:00Z', '2024-12-01T00:00Z'],
    ],
    [
      'of a leap day',
      { daysOfMonth: range(29), months: range(2) },
      ['2024-02-29T00:00Z', '2000-02-29T12:00Z'],
      ['2023-02-28T12:00Z', '2023-03-01T00:00Z', '2100-03-01T00:00Z', '2024-03-29T00:00Z'],
    ],
    [
      'from the middle of the month to its end',
      { daysOfMonth: range(15, 31) },
      ['2023-02-15T00:00Z', '2023-02-28T23:59Z'],
      ['2023-02-14T23:59Z', '2023-03-01T00:00Z'],
    ],
    [
      'of a range that is longer than the month, from its end',
      { daysOfMonth: range(-31, -28) },
      ['2023-02-01T00:00Z', '2023-03-04T23:59Z'],
      ['2023-02-02T00:00Z', '2023-03-05T00:00Z'],
    ],
    [
      'of the 31st, which few months have',
      { daysOfMonth: range(31) },
      ['2023-05-31T12:00Z'],
      ['2023-04-30T12:00Z'],
    ],
    [
      'of months',
      { months: range(11, 12) },
      ['2023-11-01T00:00Z'],
      ['2023-10-31T23:59Z', '2024-01-01T00:00Z'],
    ],
    [
      'of years',
      { years: range(2023, 2024) },
      ['2023-01-01T00:00Z', '2024-12-31T23:59Z'],
      ['2025-01-01T00:00Z'],
    ],
    [
      'of all parts at once',
      {
        times: range(0, 60),
        weekdays: range(4),
        daysOfMonth: range(29),
        months: range(2),
        years: range(2024),
      },
      ['2024-02-29T00:30Z'],
      ['2024-02-29T01:00Z', '2024-02-28T00:30Z', '2024-08-29T00:30Z'],
    ],
    // Berlin is one hour before UTC in winter, two in summer. Clocks went from 02:00 to 03:00 on 31 March 2024.
    [
      'of the hour that a change of clocks leaves out',
      { times: range(at(2), at(3)), location: 'Europe/Berlin' },
      ['2024-03-30T01:00Z', '2024-04-01T00:30Z'],
      ['2024-03-31T00:59Z', '2024-03-31T01:00Z', '2024-03-31T00:30Z'],
    ],
    // And from 03:00 back to 02:00 on 27 October.
    [
      'of the hour that comes twice',
      { times: range(at(2), at(3)), location: 'Europe/Berlin' },
      ['2024-10-27T00:00Z', '2024-10-27T00:59Z', '2024-10-27T01:00Z', '2024-10-27T01:59Z'],
      ['2024-10-26T23:59Z', '2024-10-27T02:00Z'],
    ],
    // New York is five hours behind UTC in winter, four in summer; clocks changed on 14 March 2021.
    [
      'of the last day of a month in which clocks change',
      { daysOfMonth: range(-1), location: 'America/New_York' },
      ['2021-03-31T16:00Z', '2021-04-01T03:59Z', '2021-12-01T04:59Z'],
      ['2021-03-30T16:00Z', '2021-03-31T03:59Z', '2021-04-01T04:00Z', '2021-12-01T05:00Z'],
    ],
    // Clocks that change by half an hour, on the southern half: Lord Howe is 10:30 ahead, 11:00 in summer.
    [
      'where clocks change by half an hour',
      { times: range(at(1, 30), at(2)), location: 'Australia/Lord_Howe' },
      ['2024-04-06T14:30Z', '2024-04-06T14:59Z', '2024-04-06T15:00Z', '2024-04-06T15:29Z'],
      ['2024-04-06T14:29Z', '2024-04-06T15:30Z'],
    ],
    // Samoa had no 30 December 2011.
    [
      'of a day that a place skipped',
      { daysOfMonth: range(30), months: range(12), location: 'Pacific/Apia' },
      ['2010-12-30T12:00Z'],
      ['2011-12-30T09:59Z', '2011-12-30T10:00Z', '2011-12-31T09:59Z'],
    ],
    [
      'of weekdays and years by the calendar of the place',
      { weekdays: range(1), years: range(2024), location: 'Asia/Kathmandu' },
      ['2023-12-31T18:15Z', '2024-01-01T18:14Z'],
      ['2023-12-31T18:14Z', '2024-01-01T18:15Z'],
    ],
    [
      'of the first hour of a day',
      { times: range(0, 60), location: 'Asia/Tokyo' },
      ['2024-01-01T15:30Z'],
      ['2024-01-01T14:59Z'],
    ],
  ])('%s', (_, interval, yes, no) => {
    expect(yes.filter((time) => !inside(interval, time))).toEqual([]);
    expect(no.filter((time) => inside(interval, time))).toEqual([]);
  });

  it('of several when it lies in one of them', () => {
    const [january, march] = [range(1), range(3)].map((months) => ({ ...ALWAYS, months }));
    expect(containsTime([january!, march!], Date.UTC(2024, 2))).toBe(true);
    expect(containsTime([january!, march!], Date.UTC(2024, 1))).toBe(false);
    expect(containsTime([], 0)).toBe(false);
  });

  it('as a model says that lists every minute, day, month and year', () => {
    const ranges = (min: number, max: number) =>
      fc.option(
        fc.array(
          fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => ({
            start: Math.min(a, b),
            end: Math.max(a, b),
          })),
          { maxLength: 3 },
        ),
        { nil: undefined, freq: 2 },
      );
    const days = fc.constantFrom(
      [1, 3],
      [10, 31],
      [-3, -1],
      [-31, -20],
      [5, -5],
      [30, 31],
      [29, 29],
      [15, -1],
    );
    const interval = fc.record({
      times: ranges(0, 1440),
      weekdays: ranges(0, 6),
      daysOfMonth: fc.option(
        fc.array(
          days.map(([start, end]) => ({ start: start!, end: end! })),
          { maxLength: 2 },
        ),
        {
          nil: undefined,
        },
      ),
      months: ranges(1, 12),
      years: ranges(2019, 2026),
    });
    /** Zones whose clocks never change, with their minutes before UTC. */
    const zone = fc.constantFrom<[string, number]>(
      ['UTC', 0],
      ['Asia/Kolkata', 330],
      ['Etc/GMT+7', -420],
      ['Asia/Tokyo', 540],
    );
    const moment = fc.integer({ min: Date.UTC(2019, 0), max: Date.UTC(2026, 11, 31) });
    const listed = (
      all: readonly NumberRange[] | undefined,
      values: (range: NumberRange) => number[],
      value: number,
    ) => all === undefined || all.some((one) => values(one).includes(value));
    const inclusive = ({ start, end }: NumberRange) =>
      Array.from({ length: Math.max(end - start + 1, 0) }, (_, i) => start + i);

    fc.assert(
      fc.property(interval, zone, moment, (parts, [location, minutes], timeMs) => {
        // The wall's time as if it were UTC.
        const wall = new Date(timeMs + minutes * 60_000);
        const last = new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate();
        const month = Array.from({ length: last }, (_, i) => i + 1);
        const dayAt = (day: number) => (day > 0 ? day : last + 1 + day);
        const wanted =
          listed(
            parts.times,
            (one) => inclusive(one).slice(0, -1),
            wall.getUTCHours() * 60 + wall.getUTCMinutes(),
          ) &&
          listed(parts.weekdays, inclusive, wall.getUTCDay()) &&
          listed(
            parts.daysOfMonth,
            ({ start, end }) => month.filter((day) => day >= dayAt(start) && day <= dayAt(end)),
            wall.getUTCDate(),
          ) &&
          listed(parts.months, inclusive, wall.getUTCMonth() + 1) &&
          listed(parts.years, inclusive, wall.getUTCFullYear());
        expect(containsTime([{ ...parts, location }], timeMs)).toBe(wanted);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a route is kept quiet', () => {
  const named = (name: string, hours: [number, number]) => ({
    name,
    intervals: [{ ...ALWAYS, times: range(at(hours[0]), at(hours[1])) }],
  });
  const known = [named('night', [0, 8]), named('day', [8, 20]), named('noon', [12, 13])];
  const names = (active: string[], mute: string[], hour: number) =>
    mutedBy({ activeTimeIntervals: active, muteTimeIntervals: mute }, known, hour * 3_600_000);

  it('by its mute intervals that hold, in its order', () => {
    expect(names([], [], 12)).toEqual([]);
    expect(names([], ['noon', 'night', 'day'], 12)).toEqual(['noon', 'day']);
    expect(names([], ['night'], 12)).toEqual([]);
  });

  it('by all of its active intervals when none holds', () => {
    expect(names(['noon', 'night'], [], 12)).toEqual([]);
    expect(names(['noon', 'night'], [], 15)).toEqual(['noon', 'night']);
  });

  it('by an active interval first', () => {
    expect(names(['night'], ['day'], 12)).toEqual(['night']);
    expect(names(['day'], ['noon'], 12)).toEqual(['noon']);
    expect(names(['day'], ['noon'], 14)).toEqual([]);
  });
});
