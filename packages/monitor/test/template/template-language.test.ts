/** The template language on its own: what is written reads back, whatever the text is. */

import { quote } from '@binnacle/promql';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILTIN_FUNCTIONS } from '../../dist/template/builtin-functions.js';
import { formatFloat, parseConstant, parseFloat64 } from '../../dist/template/go-number.js';
import { replaceAllString } from '../../dist/template/go-regexp.js';
import { formatTime, GoTime, loadLocation } from '../../dist/template/go-time.js';
import { TemplateError } from '../../dist/template/template-error.js';
import { evaluateTemplate } from '../../dist/template/template-evaluator.js';
import { TextOutput } from '../../dist/template/template-output.js';
import { parseTemplate } from '../../dist/template/template-parser.js';
import { placeOf, writeNode } from '../../dist/template/template-tree.js';
import { randomTemplates } from '../rules/random-template.js';
import { TEMPLATES } from '../rules/template-cases.js';

const LIMITS = { charactersMax: 100_000, stepsMax: 100_000, weightMax: 100_000 };

/** The functions of rules by name, of which only the names matter here. */
const NAMES: ReadonlySet<string> = new Set([
  ...BUILTIN_FUNCTIONS.keys(),
  ...[
    'query',
    'first',
    'value',
    'label',
    'strvalue',
    'sortByLabel',
    'args',
    'match',
    'reReplaceAll',
    'safeHtml',
  ],
  ...['humanize', 'humanize1024', 'humanizeDuration', 'humanizePercentage', 'humanizeTimestamp', 'toTime'],
  ...['title', 'toUpper', 'toLower', 'stripPort', 'stripDomain', 'graphLink', 'tableLink', 'parseDuration'],
  ...['externalURL', 'pathPrefix'],
]);
const VARIABLES = '{{ $labels := 1 }}{{ $value := 1 }}{{ $externalLabels := 1 }}{{ $externalURL := 1 }}';

function expand(text: string): string {
  const [main] = parseTemplate({ name: '', text }, NAMES);
  const output = new TextOutput(LIMITS);
  evaluateTemplate(
    { definitions: new Map(), functions: BUILTIN_FUNCTIONS, limits: LIMITS },
    main!,
    null,
    output,
  );
  return output.toString();
}

function written(text: string): string[] {
  return parseTemplate({ name: '', text }, NAMES).map(
    ({ name, nodes }) => `${name}: ${nodes.map(writeNode).join('')}`,
  );
}

describe('the template language', () => {
  it('reads what it writes', () => {
    for (const template of [...TEMPLATES, ...randomTemplates(300, 7)]) {
      const once = written(VARIABLES + template);
      const main = once.find((text) => text.startsWith(': '))!.slice(2);
      // Text that holds what would open an action cannot stand in a template as it is.
      if (main.includes('{{"{{')) continue;
      expect(
        written(main)
          .find((text) => text.startsWith(': '))!
          .slice(2),
        template,
      ).toBe(main);
    }
  });

  it('gives back every string that is quoted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(expand(`{{ ${quote(text)} }}`)).toBe(text);
        expect(expand(`{{ printf "%q" ${quote(text)} }}`)).toBe(quote(text));
        if (!/[`\r]/.test(text)) expect(expand(`{{ \`${text}\` }}`)).toBe(text);
      }),
    );
  });

  it('leaves text alone that holds no actions', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', ' ', 'a', '\n', 'é', '-', '%', '$') }),
        (text) => {
          fc.pre(!text.includes('{{'));
          expect(expand(text)).toBe(text);
        },
      ),
    );
  });

  it('refuses or expands anything, and fails with nothing but a TemplateError', () => {
    const piece = fc.constantFrom(
      ...[
        '{{',
        '}}',
        '{{-',
        '-}}',
        ' ',
        '|',
        '(',
        ')',
        '.',
        '$',
        '$x',
        ':=',
        '=',
        ',',
        '"',
        '`',
        "'",
        '\\',
        '/*',
        '*/',
      ],
      ...[
        'if',
        'else',
        'end',
        'range',
        'with',
        'define',
        'template',
        'block',
        'break',
        'nil',
        'true',
        'len',
        'index',
      ],
      ...['printf', '"%d"', '"a"', '1', '0x', '.5', '1e3', 'é', '\n', '.x', 'print'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          expand(pieces.join(''));
          expand(`{{ ${pieces.join(' ')} }}`);
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('tells places in lines, and in bytes', () => {
    const source = { name: 'file', text: 'é\nü x' };
    expect([0, 1, 2, 3, 5].map((offset) => placeOf(source, offset))).toEqual([
      'file:1:0',
      'file:1:2',
      'file:2:0',
      'file:2:2',
      'file:2:4',
    ]);
  });
});

describe('numbers', () => {
  it('read back as they were', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(parseFloat64(formatFloat(value, 'g', -1))).toBe(value);
        expect(parseFloat64(formatFloat(value, 'e', -1))).toBe(value);
        expect(parseFloat64(formatFloat(value, 'f', -1))).toBe(value);
      }),
    );
  });

  it.each<[string, number | bigint | undefined]>([
    ['0x_1F', 31n],
    ['-0b101', -5n],
    ['0o17', 15n],
    ['017', 15n],
    ['1_000', 1000n],
    ['1e3', 1000],
    ['.5', 0.5],
    ['0x1p-2', 0.25],
    ['08', undefined],
    ['1__0', undefined],
    ['0x', undefined],
    ['1.2.3', undefined],
    ['9223372036854775807', 9223372036854775807n],
    ['18446744073709551616', undefined],
  ])('%s', (text, value) => {
    expect(parseConstant(text)?.value).toBe(value);
  });
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: ${1} is Go's way to write a group.
describe('regular expressions', () => {
  it.each<[string, string, string, string]>([
    ['(.*):(.*)', '$2-${1}', 'a:b', 'b-a'],
    ['b*', 'x', 'abc', 'xaxcx'],
    ['(?P<n>a)', '<$n>${n}1 $nx $$ $', 'a', '<a>a1  $ $'],
    ['', '-', 'é日', '-é-日-'],
    ['(a)|b', '[$1]', 'ab', '[a][]'],
  ])('%s', (pattern, replacement, text, want) => {
    expect(replaceAllString(pattern, replacement, text)).toBe(want);
  });
});

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above.

describe('times', () => {
  const time = new GoTime(BigInt(Date.UTC(2026, 6, 5, 3, 4, 5, 60)) * 1_000_000n);

  it.each<[string, string, string]>([
    ['Mon Jan _2 15:04:05 2006', 'UTC', 'Sun Jul  5 03:04:05 2026'],
    ['2006-01-02T15:04:05.000Z07:00', 'Europe/Berlin', '2026-07-05T05:04:05.060+02:00'],
    ['3:04PM MST -0700', 'America/New_York', '11:04PM EDT -0400'],
    ['15:04 MST', 'Asia/Tokyo', '12:04 JST'],
    ['15:04 MST', 'America/Sao_Paulo', '00:04 -03'],
    ['02/01/06 .999 Monday January', 'UTC', '05/07/26 .06 Sunday July'],
  ])('%s in %s', (layout, zone, want) => {
    expect(formatTime(time.in(loadLocation(zone)), layout)).toBe(want);
  });

  it('know no zones that are none', () => {
    for (const zone of ['Nowhere', '+02:00', '../etc'])
      expect(() => loadLocation(zone)).toThrow('unknown time zone');
  });
});
