/** Generated YAML: what it holds comes out again, whichever version of YAML its reader knows. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { yamlText } from '../dist/generate/yaml-text.js';

/** What stands behind the key of a text, without the header. */
function written(text: string): string {
  return yamlText({ a: text }).replace(/^#.*\na: /, '');
}

describe('a text is written', () => {
  const cases: readonly [what: string, text: string, expected: string][] = [
    ['as it is', 'plain', 'plain\n'],
    ['between quotes where older readers take it for something else', 'on', "'on'\n"],
    ['as a block where it has several lines', 'a: b\nc # d', '|-\n  a: b\n  c # d\n'],
    ['as a block whose first line is indented', '  a\nb', '|2-\n    a\n  b\n'],
    ['on one line where a line ends with a blank', 'a \nb', '"a \\nb"\n'],
    ['on one line where it ends with blanks', 'a\nb ', '"a\\nb "\n'],
    ['on one line where it begins with an empty line', '\na', '"\\na"\n'],
    ['on one line where it ends with an empty line', 'a\n\n', '"a\\n\\n"\n'],
    ['on one line where it has tabs', 'a\n\tb', '"a\\n\\tb"\n'],
    ['with escapes for what ends a line elsewhere', 'a\u0085b\u2028c\u2029', '"a\\u0085b\\u2028c\\u2029"\n'],
    ['with escapes for what cannot be seen', 'a\u0001', '"a\\u0001"\n'],
  ];
  test.each(cases)('%s', (_, text, expected) => {
    expect(written(text)).toBe(expected);
  });
});

test('every text comes out as it went in, and none has a line that only some readers see', () => {
  const odd = fc.constantFrom('\n', ' ', '\t', '\r', '\u0085', '\u2028', '"', "'", ': ', ' #', '\\', '\n\n');
  const texts = fc.array(fc.oneof(odd, fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 8 });
  fc.assert(
    fc.property(
      texts.map((parts) => parts.join('')),
      (text) => {
        const yaml = yamlText({ texts: [text, { inside: text }] });
        for (const version of ['1.1', '1.2'] as const)
          expect(parse(yaml, { version })).toEqual({ texts: [text, { inside: text }] });
        expect(yaml).not.toMatch(/[\u0085\u2028\u2029\r]/);
      },
    ),
    { numRuns: 500 },
  );
});
