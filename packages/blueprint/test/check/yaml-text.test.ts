/** Characters of YAML values are found where they stand in the file, whatever the style that they are written in. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Document, Scalar } from 'yaml';
import { checkRepository } from '../../dist/index.js';

/** Where a check finds the name `wrong`, which no metric has: the text of the file there. */
function found(text: string): { line: number; column: number; marked: string }[] {
  const report = checkRepository(
    {
      files: new Map([['rules.yml', text]]),
      catalogs: [{ service: 'a', job: 'a', targetLabels: {}, metrics: [] }],
    },
    { nowMs: 0 },
  );
  return report.problems
    .filter(({ check }) => check === 'unknown-metric')
    .map(({ place }) => ({
      line: place.line,
      column: place.column,
      marked: text.split('\n')[place.line - 1]!.slice(place.column - 1, place.column + 4),
    }));
}

describe('a name in an expression is found', () => {
  const cases: readonly (readonly [style: string, lines: readonly string[], line: number, column: number])[] =
    [
      ['plain', ['expr: 1 + wrong'], 5, 15],
      ['plain over lines', ['expr: 1', '  + wrong'], 6, 9],
      ['plain over lines with an empty one', ['expr: 1', '', '  + wrong'], 7, 9],
      ['double quotes', ['expr: "1 + wrong"'], 5, 16],
      [
        'double quotes with escapes',
        ['expr: "label_replace(up, \\"a\\", \\"\\u00e9\\", \\"\\", \\"\\") + wrong"'],
        5,
        63,
      ],
      ['double quotes over lines', ['expr: "1', '  + wrong"'], 6, 9],
      ['double quotes with an escaped line end', ['expr: "1 \\', '  + wrong"'], 6, 9],
      ['single quotes', ["expr: '1 + wrong'"], 5, 16],
      [
        'single quotes with doubled ones',
        ["expr: 'label_replace(up, ''a'', '''', '''', '''') + wrong'"],
        5,
        57,
      ],
      ['a literal block', ['expr: |', '  1', '    + wrong'], 7, 11],
      ['a literal block with an empty line', ['expr: |', '  1', '', '  + wrong'], 8, 9],
      ['a literal block that keeps its end', ['expr: |+', '  1 + wrong', ''], 6, 11],
      ['a literal block that says its indentation', ['expr: |2', '      1 + wrong'], 6, 15],
      ['a folded block', ['expr: >-', '  1', '  + wrong'], 7, 9],
      ['a folded block with an indented line', ['expr: >', '  1', '    + wrong', '  + 2'], 7, 11],
      ['a folded block with empty lines', ['expr: >', '  1', '', '', '  + wrong'], 9, 9],
      ['a block with a comment behind its sign', ['expr: >- # folded', '  1', '  + wrong'], 7, 9],
      ['a block with wide characters', ['expr: |', '  label_replace(up, "a", "語", "", "") + wrong'], 6, 45],
    ];
  test.each(cases)('in %s', (_, lines, line, column) => {
    const text = `groups:\n- name: a\n  rules:\n  - record: a:b:c\n${lines.map((one) => `    ${one}`.trimEnd()).join('\n')}\n`;
    expect(found(text)).toEqual([{ line, column, marked: 'wrong' }]);
    // Nor does it matter how lines end.
    expect(found(text.replaceAll('\n', '\r\n')).map(({ line: at, column: of }) => [at, of])).toEqual([
      [line, column],
    ]);
  });
});

test('whatever is in front of it, and however the file is written', () => {
  const space = fc.constantFrom(' ', '\n', '  ', '\n\n', ' \n', '\n   ');
  const part = fc.constantFrom(
    'up',
    '+ up',
    '"a"',
    "'a'",
    '# note',
    'x{a="\\\\"}',
    '語',
    'é',
    '- 1',
    ': 2',
    '> 1',
    '|',
  );
  const style = fc.constantFrom(
    Scalar.BLOCK_FOLDED,
    Scalar.BLOCK_LITERAL,
    Scalar.PLAIN,
    Scalar.QUOTE_DOUBLE,
    Scalar.QUOTE_SINGLE,
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(part, space), { maxLength: 6 }),
      style,
      fc.integer({ min: 20, max: 80 }),
      (parts, type, width) => {
        // What does not parse is reported at its first wrong character, so the text is made a comment but for its end.
        const before = parts.map(([one, gap]) => one + gap).join('');
        const value = `${before.replaceAll(/^/gm, '# ')}\nwrong_name`;
        const scalar = new Scalar(value);
        scalar.type = type;
        const document = new Document({ groups: [{ name: 'a', rules: [{ record: 'a:b:c' }] }] });
        document.setIn(['groups', 0, 'rules', 0, 'expr'], scalar);
        const text = document.toString({ lineWidth: width });
        // There is no other w in the file; the writer may break the word behind it.
        const places = found(text).map(({ marked }) => marked[0]);
        expect(places, text).toEqual(['w']);
        expect(text.split('w')).toHaveLength(2);
      },
    ),
    { numRuns: 300 },
  );
});
