/** Arbitrary queries. */
import fc from 'fast-check';
import { ParseError, parse } from '../dist/index.js';

const name = fc.constantFrom('up', 'http_requests_total', 'a:b', 'sum', 'offset', 'start');
const label = fc.constantFrom('job', 'le', 'without', '"my label"');
const text = fc
  .string({ unit: 'binary', maxLength: 6 })
  .map((value) => JSON.stringify(value).replaceAll('\\/', '/'));

/** A selector in all the spellings that there are. */
export const anySelector: fc.Arbitrary<string> = fc
  .record({
    name,
    matchers: fc.array(fc.tuple(label, fc.constantFrom('=', '!='), text), { maxLength: 3 }),
  })
  .map(({ name, matchers }) =>
    matchers.length === 0 ? name : `${name}{${matchers.map((matcher) => matcher.join('')).join(', ')}}`,
  );

/** What queries are made of. */
export interface Parts {
  readonly selector: fc.Arbitrary<string>;
  readonly at: fc.Arbitrary<string>;
  readonly duration: fc.Arbitrary<string>;
}

/** Queries that give an instant vector; they may break a rule of matching, so ask {@link parses}. */
export function queries({ selector, at, duration }: Parts): fc.Arbitrary<string> {
  const modifiers = fc
    .tuple(at, fc.option(fc.tuple(fc.constantFrom('', '-'), duration)))
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
  return vector;
}

/** Whether a text is a query. */
export function parses(query: string): boolean {
  try {
    parse(query);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}
