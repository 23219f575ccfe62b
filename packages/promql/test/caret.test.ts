/** The line of `^` under what is wrong with a query. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ParseError, parse, renderParseError, underline } from '../dist/index.js';

function check(query: string, ...lines: readonly string[]): void {
  try {
    parse(query);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    expect(renderParseError(error).split('\n')).toEqual([...lines, error.message]);
    return;
  }
  expect.unreachable(`${query} parses`);
}

test('what is wrong is underlined, in the line in which it stands', () => {
  check('rate(up)', 'rate(up)', '     ^^');
  check('sum by (job) (\n  rate(up)\n)', 'sum by (job) (', '  rate(up)', '       ^^', ')');
  check('up{job="a"\r\n} ==\r\n', 'up{job="a"\r', '} ==\r', '', '^');
  check('\tup +\tup[', '\tup +\tup[', '\t    \t   ^');
});

test('the end of the query has a place behind it', () => {
  check('sum(', 'sum(', '    ^');
  check('1 +', '1 +', '   ^');
});

test('characters take the columns that they have on a screen', () => {
  check('{a="é"} ! b', '{a="é"} ! b', '        ^^^');
  check('{a="語語"} ! b', '{a="語語"} ! b', '           ^^^');
  check('{a="🦊"} ! b', '{a="🦊"} ! b', '         ^^^');
  // An e with an accent that combines.
  check('{a="e\u0301"} ! b', '{a="e\u0301"} ! b', '        ^^^');
});

test('a query without text has no place', () => {
  check('', ...[]);
});

test('a stretch over several lines is underlined in the first one', () => {
  expect(underline('a +\n  b', { start: 2, end: 7 })).toBe('a +\n  ^\n  b');
  expect(underline('a\n\nb', { start: 2, end: 2 })).toBe('a\n\n^\nb');
  expect(underline('語 + b', { start: 0, end: 3 })).toBe('語 + b\n^^');
});

test('the text stays as it is around one line of ^', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\t', 'é', '語', '🦊'), minLength: 1 }),
      fc.nat(),
      fc.nat(),
      (text, a, b) => {
        const bytes = Buffer.byteLength(text);
        const [start, end] = [a % (bytes + 1), b % (bytes + 1)].sort((x, y) => x - y);
        const lines = underline(text, { start: start!, end: end! }).split('\n');
        const at = lines.findIndex((line) => /^\s*\^+$/.test(line));
        expect(at).toBe(Buffer.from(text).subarray(0, start).toString().split('\n').length);
        lines.splice(at, 1);
        expect(lines.join('\n')).toBe(text);
      },
    ),
  );
});
