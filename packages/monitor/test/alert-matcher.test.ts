import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AlertMatcher,
  AlertMatcherError,
  type AlertMatcherOp,
  alertMatcher,
  compareMatchers,
  formatMatcher,
  formatMatchers,
  matchesAll,
  parseMatcher,
  parseMatchers,
} from '../dist/alert-matcher.js';

const parts = ({ name, op, value }: AlertMatcher) => [name, op, value];

/** What each text is read as; `undefined` where it is refused. */
const TEXTS: readonly (readonly [string, readonly (readonly string[])[] | undefined])[] = [
  ['', []],
  ['  ', []],
  ['{}', []],
  ['{ }', []],
  ['a=b', [['a', '=', 'b']]],
  ['{a="b"}', [['a', '=', 'b']]],
  [
    '{a="b",c=~"d"}',
    [
      ['a', '=', 'b'],
      ['c', '=~', 'd'],
    ],
  ],
  [
    'a!=b , c!~d,',
    [
      ['a', '!=', 'b'],
      ['c', '!~', 'd'],
    ],
  ],
  ['{a="b",}', [['a', '=', 'b']]],
  ['a=', [['a', '=', '']]],
  ['a=""', [['a', '=', '']]],
  // The newer syntax alone.
  ['"on call"="yes"', [['on call', '=', 'yes']]],
  ['équipe=β', [['équipe', '=', 'β']]],
  ['""=x', [['', '=', 'x']]],
  ['"\\u00e9"=x', [['é', '=', 'x']]],
  ['"a"="\\U0001f600\\x41\\101"', [['a', '=', '😀AA']]],
  ['"a"="\\xc3\\xa9"', [['a', '=', 'é']]],
  ['"a"="\\xc3"', undefined],
  ['"a"="\\ud800"', undefined],
  ['"a"="\\U00110000"', undefined],
  ['"a"="b', undefined],
  ['"a"="\\q"', undefined],
  ['"a"=b c', undefined],
  ['{"a"=b', undefined],
  ['"a"=b}', undefined],
  ['{,}', undefined],
  ['"a"=b,,"c"=d', undefined],
  ['{"a"=b} x', undefined],
  // The classic syntax alone.
  ['a=b c', [['a', '=', 'b c']]],
  ['a=~(a|b)+ ', [['a', '=~', '(a|b)+']]],
  // A brace at the end is a brace around the matchers, even there.
  ['a=~(a|b){2}', [['a', '=~', '(a|b){2']]],
  ['a=~b=c', [['a', '=~', 'b=c']]],
  ['{a=b', [['a', '=', 'b']]],
  ['a=b}', [['a', '=', 'b']]],
  ['a="\\d+"', [['a', '=', '\\d+']]],
  ['a="b\\"c,d"', [['a', '=', 'b"c,d']]],
  ['a="b\nc"', [['a', '=', 'b\nc']]],
  [
    'a=x y,b="c,d"',
    [
      ['a', '=', 'x y'],
      ['b', '=', 'c,d'],
    ],
  ],
  ['a=b\\', [['a', '=', 'b\\']]],
  ['a:b=c', [['a:b', '=', 'c']]],
  ['a=\u00a0b', [['a', '=', '\u00a0b']]],
  ['a=b\u00a0', [['a', '=', 'b']]],
  // Both, and they disagree.
  ['a="\\x41"', [['a', '=', '\\x41']]],
  ['a="\\t"', [['a', '=', '\\t']]],
  // Neither.
  ['a', undefined],
  ['=b', undefined],
  ['1a=b c', undefined],
  ['a="b', undefined],
  ['a=b"', undefined],
  ['a="b"c"', undefined],
  ['a=b,,c=d', undefined],
  ['a="b\\"', undefined],
  ['a="x\\,",b="y"', undefined],
  ['a=~"("', undefined],
  ['a!b', undefined],
];

describe('matchers as text', () => {
  test.each(TEXTS)('%j', (text, wanted) => {
    if (wanted === undefined) expect(() => parseMatchers(text)).toThrow(AlertMatcherError);
    else expect(parseMatchers(text).map(parts)).toEqual(wanted);
  });

  test('one matcher is without braces and without company', () => {
    expect(parts(parseMatcher('a=~"b|c"'))).toEqual(['a', '=~', 'b|c']);
    expect(parts(parseMatcher('a=b,c=d'))).toEqual(['a', '=', 'b,c=d']);
    expect(() => parseMatcher('{a=b}')).toThrow('unexpected open or close brace: {a=b}');
    expect(() => parseMatcher('"a"=b,"c"=d')).toThrow('bad matcher format');
    expect(() => parseMatcher('')).toThrow('bad matcher format');
  });

  test('a bad regular expression is refused in the words of Go', () => {
    expect(() => alertMatcher('a', '=~', '(b')).toThrow(
      'error parsing regexp: missing closing ): `^(?:(b)$`',
    );
    expect(() => parseMatchers('a!~"*"')).toThrow(
      'error parsing regexp: missing argument to repetition operator: `*`',
    );
  });

  test('matchers are printed as in the keys of routes', () => {
    expect(formatMatcher(alertMatcher('a', '=~', 'b"\\\n'))).toBe('a=~"b\\"\\\\\\n"');
    expect(formatMatcher(alertMatcher('on call', '!=', 'é\t'))).toBe('"on call"!="é\\t"');
    expect(formatMatchers(parseMatchers('c!~d,a=b'))).toBe('{c!~"d",a="b"}');
    expect(formatMatchers([])).toBe('{}');
  });

  test('they are sorted by name, value and operator', () => {
    const sorted = [...parseMatchers('b=1,a=~2,a=2,a=1,a!=1,a!~2')].sort(compareMatchers);
    expect(formatMatchers(sorted)).toBe('{a="1",a!="1",a="2",a=~"2",a!~"2",b="1"}');
  });

  test('what is printed is read again', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom(...'a\\"\n,}{=~ ') }),
    );
    const name = fc.oneof(fc.stringMatching(/^[a-z_]{1,5}$/), text);
    fc.assert(
      fc.property(
        fc.array(fc.record({ name, value: text, equal: fc.boolean() }), { maxLength: 4 }),
        (all) => {
          const matchers = all.map((one) => alertMatcher(one.name, one.equal ? '=' : '!=', one.value));
          // A name that needs no quotes and is not a classic one is printed for the newer syntax without quotes.
          fc.pre(matchers.every((matcher) => matcher.name !== ''));
          const classic = all.every((one) => /^[a-zA-Z_:][\w:]*$/.test(one.name));
          fc.pre(classic || all.every((one) => !/[\\\n"]/.test(one.value)));
          expect(parseMatchers(formatMatchers(matchers)).map(parts)).toEqual(matchers.map(parts));
        },
      ),
    );
  });
});

describe('what a matcher matches', () => {
  const labels = Labels.of({ severity: 'critical', text: 'two\nlines' });
  const CASES: readonly (readonly [string, AlertMatcherOp, string, boolean])[] = [
    ['severity', '=', 'critical', true],
    ['severity', '=', 'crit', false],
    ['severity', '!=', 'critical', false],
    ['severity', '=~', 'crit', false],
    ['severity', '=~', 'crit.*', true],
    ['severity', '=~', 'warning|critical', true],
    ['severity', '!~', 'warning|critical', false],
    ['severity', '=~', '(?i)CRITICAL', true],
    // Not within the brackets that the text is compiled in, and matching all the same.
    ['severity', '=~', 'crit)|(?:x', true],
    ['severity', '=~', '[[:alpha:]]+', true],
    ['severity', '=~', '', false],
    ['missing', '=', '', true],
    ['missing', '!=', '', false],
    ['missing', '=~', '', true],
    ['missing', '=~', 'a|', true],
    ['missing', '=~', '.+', false],
    ['missing', '!~', '.+', true],
    // A dot is not a line feed.
    ['text', '=~', '.*', false],
    ['text', '=~', '(?s).*', true],
    ['text', '=~', 'two', false],
  ];
  test.each(CASES)('%s %s %j: %s', (name, op, value, wanted) => {
    expect(alertMatcher(name, op, value).matches(labels)).toBe(wanted);
  });

  test('several matchers must all match', () => {
    expect(matchesAll(parseMatchers('severity=critical,missing=""'), labels)).toBe(true);
    expect(matchesAll(parseMatchers('severity=critical,missing=x'), labels)).toBe(false);
    expect(matchesAll([], labels)).toBe(true);
  });
});
