import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { formatDuration, parse, parseDuration, printExpr } from '../dist/index.js';
import { anySelector, parses, queries } from './queries.ts';
import { shape } from './shape.ts';

vi.setConfig({ testTimeout: 300_000 });

const anyVector = queries({
  selector: anySelector,
  at: fc.constantFrom('', ' @ 12.5', ' @ start()', ' @ end()', ' @ -3'),
  duration: fc.constantFrom('5m', '1h30m', '250ms', '90', '1d'),
});

test('what is printed parses to the same tree, and prints the same again', () => {
  fc.assert(
    fc.property(anyVector, (query) => {
      // Precedence can bring a matching between scalars, which is refused.
      fc.pre(parses(query));
      const tree = parse(query);
      const printed = printExpr(tree);
      expect(shape(parse(printed))).toEqual(shape(tree));
      expect(printExpr(parse(printed))).toBe(printed);
    }),
    { numRuns: 500 },
  );
});

test('numbers that are not finite print as PromQL too', () => {
  for (const query of ['Inf ^ 2', '-Inf', 'NaN', 'a + fill (-Inf) b', 'a + fill_left (Inf) b'])
    expect(printExpr(parse(query, { experimental: true }))).toBe(query);
});

test('labels that are words of the language are quoted in groupings', () => {
  for (const query of ['sum by ("without", by, "NaN") (x)', 'a / on ("inf", job) group_left ("Without") b'])
    expect(printExpr(parse(query))).toBe(query);
});

test('a duration that is printed reads back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
  expect(formatDuration(5_400_000)).toBe('1h30m');
  expect(formatDuration(90 * 86_400_000)).toBe('90d');
  expect(formatDuration(14 * 86_400_000)).toBe('2w');
  expect(() => parseDuration('5m1h')).toThrow('not a valid duration string: "5m1h"');
  expect(() => parseDuration('3x')).toThrow('unknown unit "x" in duration "3x"');
  expect(() => parseDuration('')).toThrow('empty duration string');
});
