import { describe, expect, test } from 'vitest';
import { indexOfByte, ParseError, parse, parseMetricSelector, printExpr, walk } from '../dist/index.js';

function problem(query: string): ParseError {
  try {
    parse(query);
  } catch (error) {
    if (error instanceof ParseError) return error;
  }
  throw new Error(`${query} parses`);
}

describe('a query that is not PromQL is refused in the words of Prometheus', () => {
  test.each([
    ['', 'unknown position: parse error: no expression found in input', 0, 0],
    ['1+', '1:3: parse error: unexpected end of input', 2, 2],
    ['sum(rate(x[5m])', '1:16: parse error: unclosed left parenthesis', 15, 15],
    ['foo{a=b}', '1:7: parse error: unexpected identifier "b" in label matching, expected string', 6, 7],
    [
      'rate(foo)',
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
      5,
      8,
    ],
    ['foo[5m', '1:7: parse error: unclosed left bracket', 6, 6],
    [
      'sum by test (x)',
      '1:8: parse error: unexpected identifier "test" in grouping opts, expected "("',
      7,
      11,
    ],
    ['bogus(1)', '1:1: parse error: unknown function with name "bogus"', 0, 5],
    [
      'a == bool b + bool c',
      '1:13: parse error: bool modifier can only be used on comparison operators',
      12,
      17,
    ],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher', 0, 2],
    ['x{a=~"("}', '1:3: parse error: error parsing regexp: missing closing ): `(`', 2, 8],
    [
      'limitk(2, x)',
      '1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
      0,
      12,
    ],
    ['info(x)', '1:1: parse error: function "info" is not enabled', 0, 4],
    ['sum(1+)', '1:7: parse error: unexpected ")" in aggregation', 6, 7],
  ])('%s', (query, message, start, end) => {
    const error = problem(query);
    expect(error.message).toBe(message);
    expect([error.start, error.end]).toEqual([start, end]);
  });

  test('on a later line with its line, and behind other scripts with its column in bytes', () => {
    expect(problem('sum(\n  x\n) +').message).toBe('3:4: parse error: unexpected end of input');
    expect(problem('x{a="é😀"} y').message).toBe('1:15: parse error: unexpected identifier "y"');
    expect(problem('x{a="é😀"} y').start).toBe(14);
  });

  test('with a place that an editor can show', () => {
    const query = 'x{a="é😀"} y';
    expect(
      query.slice(indexOfByte(query, problem(query).start), indexOfByte(query, problem(query).end)),
    ).toBe('y');
    expect(indexOfByte('abc', 2)).toBe(2);
  });

  test('with all problems that were found', () => {
    expect(problem('foo and on(bar) group_left(baz) bar').problems.map(({ message }) => message)).toEqual([
      'no grouping allowed for "and" operation',
      'set operations must always be many-to-many',
    ]);
  });

  test('when it is nested beyond the call stack', () => {
    expect(problem(`${'('.repeat(100_000)}1`).message).toContain('nested too deeply');
  });
});

describe('precedence', () => {
  test.each([
    ['1 + 2 * 3 ^ 2 ^ 2', '(1 + (2 * (3 ^ (2 ^ 2))))'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['-a ^ 2 * b', '((-(a ^ 2)) * b)'],
    ['a - b - c', '((a - b) - c)'],
    ['a > b == bool c', '((a > b) == bool c)'],
    ['a + b offset 5m', '(a + b offset 5m)'],
    ['a % b atan2 c / d', '(((a % b) atan2 c) / d)'],
  ])('%s', (query, wanted) => {
    const grouped = (expr: ReturnType<typeof parse>): string => {
      if (expr.type === 'binaryExpr') {
        const bool = expr.returnBool ? ' bool' : '';
        return `(${grouped(expr.lhs)} ${expr.op}${bool} ${grouped(expr.rhs)})`;
      }
      return expr.type === 'unaryExpr' ? `(${expr.op}${grouped(expr.expr)})` : printExpr(expr);
    };
    expect(grouped(parse(query))).toBe(wanted);
  });
});

test('numbers may be written in all the ways that Go knows', () => {
  const value = (query: string): number => {
    const expr = parse(query);
    if (expr.type !== 'numberLiteral') throw new Error(expr.type);
    return expr.value;
  };
  expect(['0x1F', '1_000', '0755', '.5', '5.', '1e3', '-Inf', '1h30m', '250ms'].map(value)).toEqual([
    31,
    1000,
    493,
    0.5,
    5,
    1000,
    Number.NEGATIVE_INFINITY,
    5400,
    0.25,
  ]);
  expect(value('NaN')).toBeNaN();
});

test('strings keep their meaning in all three quotings', () => {
  const value = (query: string): string => {
    const expr = parse(query);
    if (expr.type !== 'stringLiteral') throw new Error(expr.type);
    return expr.value;
  };
  expect(value(String.raw`"a\n\"\x41\u00e9\101"`)).toBe('a\n"AéA');
  expect(value(String.raw`'it\'s'`)).toBe("it's");
  expect(value('`a\\n`')).toBe('a\\n');
  expect(value(String.raw`"\xc3\xa9"`)).toBe('é');
});

test('every node knows where it stands, in bytes', () => {
  const query = 'sum by (é) ({"é"}) / rate(b[5m] offset 1m)'.replace('by (é)', 'by ("é")');
  const bytes = Buffer.from(query);
  const texts: string[] = [];
  walk(parse(query), ({ start, end }) => texts.push(bytes.subarray(start, end).toString()));
  expect(texts).toEqual([
    query,
    'sum by ("é") ({"é"})',
    '{"é"}',
    'rate(b[5m] offset 1m)',
    'b[5m] offset 1m',
    'b',
  ]);
});

test('match[] takes one selector and nothing else', () => {
  expect(parseMetricSelector('up{job!="a"}')).toEqual([
    { name: 'job', op: '!=', value: 'a' },
    { name: '__name__', op: '=', value: 'up' },
  ]);
  expect(() => parseMetricSelector('up + 1')).toThrow('unexpected <op:+>');
});
