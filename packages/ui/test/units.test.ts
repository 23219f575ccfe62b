import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ago, formatDuration, parseDuration, span } from '../src/format/duration.js';
import { reduce } from '../src/format/reduce.js';
import { format, formatParts, formatTicks } from '../src/format/units.js';

test('values read in their unit', () => {
  const check = (value: number, unit: string, expected: string, decimals?: number): void =>
    expect(format(value, unit, decimals), `${value} ${unit}`).toBe(expected);
  check(0, 'short', '0');
  check(999, 'short', '999');
  check(1000, 'short', '1 K');
  check(1234, 'short', '1.23 K');
  check(147_812, 'short', '148 K');
  check(1_234_567, 'short', '1.23 Mil');
  check(0.01234, 'short', '0.0123');
  check(-1500, 'short', '-1.50 K');
  check(1234.5, 'none', '1235');
  check(3.21987, 'none', '3.22');
  check(3.21987, 'none', '3.2', 1);
  check(95.4321, 'percent', '95.4%');
  check(0.954321, 'percentunit', '95.4%');
  check(1, 'percentunit', '100%');
  check(0.5, 's', '500 ms');
  check(0.000123, 's', '123 µs');
  check(12, 's', '12 s');
  check(90, 's', '1.50 mins');
  check(3600, 's', '1 hour');
  check(7200, 's', '2 hours');
  check(259_200, 's', '3 days');
  check(0, 's', '0 s');
  check(1500, 'ms', '1.50 s');
  check(250, 'ms', '250 ms');
  check(512, 'bytes', '512 B');
  check(1536, 'bytes', '1.50 KiB');
  check(1024 ** 3, 'bytes', '1 GiB');
  check(1000, 'decbytes', '1 kB');
  check(5_250_000, 'decbytes', '5.25 MB');
  check(1500, 'Bps', '1.50 kB/s');
  check(2048, 'binBps', '2 KiB/s');
  check(2, 'mbytes', '2 MiB');
  check(2048, 'mbytes', '2 GiB');
  check(12.5, 'reqps', '12.5 req/s');
  check(1500, 'reqps', '1.50K req/s');
  check(3, 'ops', '3 ops/s');
  check(3, 'cps', '3 c/s');
  check(1, 'bool', 'True');
  check(0, 'bool', 'False');
  check(1, 'bool_yes_no', 'Yes');
  check(0, 'bool_on_off', 'Off');
  check(1, 'bool:up/down', 'up');
  check(7, 'suffix: jobs', '7 jobs');
  check(7, 'suffix:jobs', '7 jobs');
  check(7, 'prefix:#', '#7');
  check(12_000, 'count:jobs', '12K jobs');
  check(0.25, 'si:Hz', '250 mHz');
  check(1000, 'si:mF', '1 F');
  check(-5, 'currencyUSD', '-$5');
  check(1200, 'currency:kr', 'kr1.20K');
  check(3725, 'dtdurations', '1 hour, 2 minutes');
  check(42, 'widgets', '42 widgets');
  check(42, '', '42');
  check(Number.NaN, 'bytes', 'NaN');
  check(Number.POSITIVE_INFINITY, 's', '+Inf s');
  check(-0.0001, 'none', '0.00', 2);
});

test('a unit stands apart from its number', () => {
  expect(formatParts(1536, 'bytes')).toEqual({ prefix: '', text: '1.50', suffix: ' KiB' });
});

test('ids that are names of object members are no units', () => {
  expect(format(1, 'constructor')).toBe('1 constructor');
});

test('ticks of an axis have as many decimals as their distance needs', () => {
  expect(formatTicks([0, 0.25, 0.5, 0.75, 1], 'percentunit')).toEqual(['0%', '25%', '50%', '75%', '100%']);
  expect(formatTicks([0, 0.5, 1, 1.5], 'short')).toEqual(['0', '0.5', '1.0', '1.5']);
  expect(formatTicks([0, 2500, 5000], 'short')).toEqual(['0', '2.5 K', '5.0 K']);
  expect(formatTicks([0.995, 0.996, 0.997], 'percentunit')).toEqual(['99.5%', '99.6%', '99.7%']);
  expect(formatTicks([0, 0.0005, 0.001], 's')).toEqual(['0 s', '500 µs', '1.0 ms']);
});

test('no tick reads as its neighbour', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -6, max: 9 }),
      fc.constantFrom(1, 2, 2.5, 5),
      fc.integer({ min: 0, max: 20 }),
      (power, digit, first) => {
        const step = Number(`${digit}e${power}`);
        const ticks = Array.from({ length: 6 }, (_, i) => (first + i) * step);
        for (const unit of ['short', 's', 'bytes', 'percentunit', 'reqps']) {
          const texts = formatTicks(ticks, unit);
          expect(new Set(texts).size, `${unit} ${texts}`).toBe(texts.length);
        }
      },
    ),
  );
});

test('durations are read as they are written', () => {
  expect(parseDuration('1h30m')).toBe(5_400_000);
  expect(parseDuration('500ms')).toBe(500);
  expect(parseDuration('1.5s')).toBe(1500);
  for (const bad of ['', '5', 's', '5 s', '-5s', '5x']) expect(parseDuration(bad), bad).toBeUndefined();
  expect(formatDuration(90_500)).toBe('1m30s500ms');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 ** 11 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});

test('ages are told in one unit', () => {
  expect(ago(1000, 1400)).toBe('just now');
  expect(ago(0, 12_000)).toBe('12 s ago');
  expect(span(600)).toBe('10 min');
  expect(span(10_800)).toBe('3 h');
});

test('reducers pass over gaps', () => {
  const values = [null, 2, 4, null, 6, null];
  const results = {
    lastNotNull: 6,
    last: null,
    firstNotNull: 2,
    first: null,
    mean: 4,
    min: 2,
    max: 6,
    sum: 12,
    count: 3,
    range: 4,
    diff: 4,
  };
  for (const [calc, expected] of Object.entries(results)) expect(reduce(values, calc), calc).toBe(expected);
  expect(reduce([null], 'mean')).toBeNull();
  expect(reduce([], 'lastNotNull')).toBeNull();
  expect(reduce([1, 2], 'unheardOf')).toBe(2);
});
