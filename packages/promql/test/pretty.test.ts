/** The pretty printer: what it gives parses to the same tree, and looks as Prometheus's. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { parse, prettyExpr, printExpr } from '../dist/index.js';
import { anySelector, parses, queries } from './queries.ts';
import { shape } from './shape.ts';

vi.setConfig({ testTimeout: 300_000 });

const anyVector = queries({
  selector: anySelector,
  at: fc.constantFrom('', ' @ 12.5', ' @ start()', ' @ end()'),
  duration: fc.constantFrom('5m', '1h30m', '250ms'),
});

test('the text parses to the same tree, and is pretty already', () => {
  fc.assert(
    fc.property(anyVector, fc.integer({ min: 0, max: 120 }), (query, width) => {
      fc.pre(parses(query));
      const tree = parse(query);
      const text = prettyExpr(tree, { width });
      const again = parse(text);
      expect(shape(again)).toEqual(shape(tree));
      expect(prettyExpr(again, { width })).toBe(text);
      // Nothing but space was added.
      expect(text.replaceAll(/\s/g, '')).toBe(printExpr(tree).replaceAll(/\s/g, ''));
    }),
    { numRuns: 500 },
  );
});

test('what fits stays on one line', () => {
  fc.assert(
    fc.property(anyVector, (query) => {
      fc.pre(parses(query));
      const printed = printExpr(parse(query));
      const bytes = Buffer.byteLength(printed);
      expect(prettyExpr(parse(query), { width: bytes })).toBe(printed);
    }),
  );
});

function check(query: string, width: number, ...lines: readonly string[]): void {
  expect(prettyExpr(parse(query, { experimental: true }), { width }).split('\n'), query).toEqual(lines);
}

test('arguments have lines of their own, further in', () => {
  check('max by(pod)(up)', 12, 'max by (pod) (', '  up', ')');
  check(
    'bottomk without(zone)(3,sum(rate(jobs_total{queue="mail"}[5m])))',
    20,
    'bottomk without (zone) (',
    '  3,',
    '  sum(',
    '    rate(',
    '      jobs_total{queue="mail"}[5m]',
    '    )',
    '  )',
    ')',
  );
  check(
    'label_join(up,"a","-","b","c")',
    10,
    'label_join(',
    '  up,',
    '  "a",',
    '  "-",',
    '  "b",',
    '  "c"',
    ')',
  );
  check('-(abs(temperature_celsius))', 12, '-(', '  abs(', '    temperature_celsius', '  )', ')');
});

test('operators stand between their sides', () => {
  check(
    'errors_total / on(job) group_left(team) requests_total > bool 0.5',
    30,
    '    errors_total',
    '  / on (job) group_left (team)',
    '    requests_total',
    '> bool',
    '  0.5',
  );
  check('a + fill(0) b or vector(1)', 16, '  a + fill (0) b', 'or', '  vector(1)');
  check(
    '(alpha_total + beta_total) * 2',
    20,
    '  (',
    '      alpha_total',
    '    +',
    '      beta_total',
    '  )',
    '*',
    '  2',
  );
});

test('what stands behind a subquery stays behind it', () => {
  check(
    'max_over_time(rate(requests_total[1m])[1h:5m] offset 1d)',
    30,
    'max_over_time(',
    '  rate(requests_total[1m])[1h:5m] offset 1d',
    ')',
  );
  check(
    'max_over_time(sum by(job)(requests_total)[1h:] @ end())',
    20,
    'max_over_time(',
    '  sum by (job) (',
    '    requests_total',
    '  )[1h:] @ end()',
    ')',
  );
});

test('a line has 100 columns, counted in bytes', () => {
  const padded = (text: string, bytes: number): string =>
    `abs({a="${text.repeat((bytes - 'abs({a=""})'.length) / Buffer.byteLength(text))}"})`;
  expect(prettyExpr(parse(padded('x', 100)))).toBe(padded('x', 100));
  expect(prettyExpr(parse(padded('x', 101))).split('\n')).toHaveLength(3);
  expect(prettyExpr(parse(padded('é', 101))).split('\n')).toHaveLength(3);
  expect(prettyExpr(parse(padded('é', 99)))).toBe(padded('é', 99));
});
