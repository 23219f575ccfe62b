import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, ParseError, parse, parseDuration, printExpr } from '../dist/index.js';

const name = fc.constantFrom('up', 'http_requests_total', 'a:b', 'sum', 'offset', 'start');
const label = fc.constantFrom('job', 'le', 'without', '"my label"');
const text = fc
  .string({ unit: 'binary', maxLength: 6 })
  .map((value) => JSON.stringify(value).replaceAll('\\/', '/'));
const duration = fc.constantFrom('5m', '1h30m', '250ms', '90', '1d');

const selector = fc
  .record({
    name,
    matchers: fc.array(fc.tuple(label, fc.constantFrom('=', '!='), text), { maxLength: 3 }),
  })
  .map(({ name, matchers }) =>
    matchers.length === 0 ? name : `${name}{${matchers.map((matcher) => matcher.join('')).join(', ')}}`,
  );
const modifiers = fc
  .tuple(
    fc.constantFrom('', ' @ 12.5', ' @ start()', ' @ end()', ' @ -3'),
    fc.option(fc.tuple(fc.constantFrom('', '-'), duration)),
  )
  .map(([at, offset]) => `${at}${offset === null ? '' : ` offset ${offset.join('')}`}`);

const { vector } = fc.letrec<{ vector: string; matrix: string; scalar: string }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('1', '-2.5', '1e9', 'Inf', 'time()', '5m', '0x10'),
    fc
      .tuple(tie('scalar'), fc.constantFrom('+', '*', '^', '-'), tie('scalar'))
      .map((parts) => parts.join(' ')),
    tie('scalar').map((inner) => `(${inner})`),
    tie('vector').map((inner) => `scalar(${inner})`),
  ),
  matrix: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(selector, duration, modifiers).map(([one, range, rest]) => `${one}[${range}]${rest}`),
    fc
      .tuple(tie('vector'), duration, fc.constantFrom('', '1m', '30s'), modifiers)
      .map(([one, range, step, rest]) => `(${one})[${range}:${step}]${rest}`),
  ),
  vector: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(selector, modifiers).map((parts) => parts.join('')),
    tie('matrix').map((inner) => `rate(${inner})`),
    tie('vector').map((inner) => `-${inner}`),
    fc
      .tuple(
        fc.constantFrom('sum', 'avg', 'max'),
        fc.constantFrom('', 'by (job)', 'without (le, job)', 'by ()'),
        tie('vector'),
      )
      .map(([op, by, inner]) => `${op} ${by} (${inner})`),
    fc.tuple(tie('scalar'), tie('vector')).map(([k, inner]) => `topk(${k}, ${inner})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom(
          '+',
          '/ on (job)',
          '* ignoring (le) group_left (job)',
          '> bool',
          'and',
          'or on ()',
          '==',
        ),
        tie('vector'),
      )
      .map((parts) => parts.join(' ')),
    fc
      .tuple(tie('vector'), fc.constantFrom('<', '%', 'atan2'), tie('scalar'))
      .map((parts) => parts.join(' ')),
  ),
}));

test('what is printed parses to the same tree, and prints the same again', () => {
  fc.assert(
    fc.property(vector, (query) => {
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

function parses(query: string): boolean {
  try {
    parse(query);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

/** A tree without positions, and with matchers in the order in which they are printed. */
function shape(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(shape);
  if (typeof node !== 'object' || node === null) return Number.isNaN(node) ? 'NaN' : node;
  const entries = Object.entries(node).filter(([key]) => !['start', 'end', 'opRange'].includes(key));
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      key === 'matchers' ? (value as unknown[]).map((one) => JSON.stringify(one)).sort() : shape(value),
    ]),
  );
}
