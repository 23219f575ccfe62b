/**
 * Arbitrary queries, built and at the same time written with parentheses around everything: both give the same tree.
 * What is built prints with no parenthesis that could be left out.
 */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import * as b from '../dist/builder/index.js';
import { FUNCTIONS } from '../dist/functions.js';
import { type Expr, parse, printExpr } from '../dist/index.js';
import { quote } from '../dist/quote.js';
import { shape } from './shape.ts';

vi.setConfig({ testTimeout: 300_000 });

type AnyFunction = (...args: readonly unknown[]) => b.Vector<string>;
const api: Readonly<Record<string, unknown>> = b;

/** A query, and the same by hand. */
interface Case<Q> {
  readonly built: Q;
  readonly text: string;
}
type VectorCase = Case<b.Vector<string>>;
/** What a function of a range is given, and the same by hand. */
type RangeCase = Case<readonly unknown[]>;

const LABELS = ['job', 'le', 'without', 'nan', 'my label', 'größe'];
const DURATIONS = ['5m', '1h30m', '250ms', '1d'] as const;
const label = fc.constantFrom(...LABELS);
const labels = fc.uniqueArray(label, { maxLength: 3 });
const duration = fc.constantFrom(...DURATIONS);
const anyText = fc.string({ unit: 'grapheme', maxLength: 5 });

function names(list: readonly string[]): string {
  return list.map((name) => quote(name)).join(', ');
}

const number: fc.Arbitrary<Case<number>> = fc
  .oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 1e21, -1e-7))
  .map((value) => ({
    built: value,
    text: Object.is(value, -0) ? '(-0)' : `(${String(value).replace('Infinity', 'Inf')})`,
  }));

const condition: fc.Arbitrary<Case<b.Condition<string>>> = fc.oneof(
  anyText.map((value) => ({ built: b.not(value), text: `!=${quote(value)}` })),
  fc.constantFrom('5..', 'a|b', '.+').map((one) => ({ built: b.re(one), text: `=~${quote(one)}` })),
  fc.constantFrom('5..', 'a|b', '.+').map((one) => ({ built: b.notRe(one), text: `!~${quote(one)}` })),
  fc.constant({ built: b.oneOf('a', 'b.c'), text: '=~"a|b\\\\.c"' }),
  fc.constant({ built: b.noneOf('a', '$'), text: '!~"a|\\\\$"' }),
);
/** What may be given for a label, and the conditions that it is. */
const conditions = fc.oneof(
  anyText.map((value) => ({ built: value, texts: [`=${quote(value)}`] })),
  condition.map(({ built, text }) => ({ built, texts: [text] })),
  fc.array(condition, { maxLength: 3 }).map((several) => ({
    built: several.map(({ built }) => built),
    texts: several.map(({ text }) => text),
  })),
);

const modifiers = fc.record({
  at: fc.constantFrom<b.EvaluationTime | undefined>(
    undefined,
    undefined,
    12.5,
    -3,
    'start',
    'end',
    new Date(1500),
  ),
  offset: fc.option(fc.tuple(fc.constantFrom('', '-'), duration), { nil: undefined }),
});
type Modifiers = typeof modifiers extends fc.Arbitrary<infer M> ? M : never;

function modified<Q extends { at(time: b.EvaluationTime): Q; offset(by: b.Duration): Q }>(
  { at, offset }: Modifiers,
  query: Q,
): Case<Q> {
  let built = query;
  let text = '';
  if (at !== undefined) {
    built = built.at(at);
    text += ` @ ${at instanceof Date ? at.getTime() / 1000 : typeof at === 'number' ? at : `${at}()`}`;
  }
  if (offset !== undefined) {
    built = built.offset(offset.join('') as b.Duration);
    text += ` offset ${offset.join('')}`;
  }
  return { built, text };
}

const selector = fc
  .record({
    name: fc.constantFrom('up', 'http_requests_total', 'a:b', 'sum', 'offset', 'on', 'Inf', 'with.dots'),
    given: fc.dictionary(label, conditions, { maxKeys: 3 }),
    modifiers,
  })
  .map(({ name, given, modifiers }) => {
    const matchers = Object.entries(given).flatMap(([name, { texts }]) =>
      texts.map((text) => quote(name) + text),
    );
    const plain = !['on', 'Inf', 'with.dots'].includes(name);
    const conditions = Object.fromEntries(Object.entries(given).map(([name, { built }]) => [name, built]));
    const series = plain ? `${name}{${matchers.join(',')}}` : `{${[...matchers, quote(name)].join(',')}}`;
    const { built, text } = modified(modifiers, b.select({ name, type: 'unknown' }, conditions));
    return { built, series, modifiers: text };
  });

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Experimental functions that the builder does not have. */
const LEFT_OUT = [
  ...['end', 'histogram_quantiles', 'info', 'max_of', 'min_of', 'range', 'start', 'start_timestamp', 'step'],
];
const BUILT_FUNCTIONS = [...FUNCTIONS].filter(([name]) => !LEFT_OUT.includes(name));
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  label_replace: ['class', '$1 $name', 'job', '(?P<name>.).*'],
  label_join: ['class', ', ', 'job', 'le'],
  sort_by_label: ['job'],
  sort_by_label_desc: ['job', 'le'],
};

function callOf(name: string, args: readonly Case<unknown>[]): VectorCase {
  const built = args.flatMap((arg) => arg.built);
  return {
    built: (api[camel(name)] as AnyFunction)(...built),
    text: `${name}(${args.map((arg) => arg.text).join(', ')})`,
  };
}

const MATCHINGS = ['none', 'on', 'ignoring', 'left', 'right'] as const;
const ARITHMETIC = { add: '+', sub: '-', mul: '*', div: '/', mod: '%', pow: '^', atan2: 'atan2' };
const COMPARISONS = { eq: '==', ne: '!=', gt: '>', ge: '>=', lt: '<', le: '<=' };
const SETS = { and: 'and', or: 'or', unless: 'unless' };

interface Chained {
  bool(): Chained;
  on(...labels: readonly string[]): Chained;
  ignoring(...labels: readonly string[]): Chained;
  groupLeft(...labels: readonly string[]): Chained;
  groupRight(...labels: readonly string[]): Chained;
}

const operation = fc.record({
  operator: fc.constantFrom(...Object.entries({ ...ARITHMETIC, ...COMPARISONS, ...SETS })),
  matching: fc.constantFrom(...MATCHINGS),
  labels,
  include: fc.constantFrom([], ['class']),
  bool: fc.boolean(),
});

function binary(
  how: typeof operation extends fc.Arbitrary<infer H> ? H : never,
  left: Case<unknown>,
  right: Case<unknown>,
): VectorCase {
  const [name, op] = how.operator;
  let query = (api[name] as AnyFunction)(left.built, right.built) as unknown;
  let text = op;
  const step = (change: (query: Chained) => unknown, more: string): void => {
    query = change(query as Chained);
    text += more;
  };
  const vectors = [left, right].every(({ built }) => (built as b.AnyVector).kind === 'vector');
  if (how.bool && name in COMPARISONS) step((one) => one.bool(), ' bool');
  const set = name in SETS;
  if (vectors && how.matching !== 'none') {
    if (how.matching === 'ignoring')
      step((one) => one.ignoring(...how.labels), ` ignoring (${names(how.labels)})`);
    else step((one) => one.on(...how.labels), ` on (${names(how.labels)})`);
    const taken = names(how.include);
    if (!set && how.matching === 'left')
      step((one) => one.groupLeft(...how.include), ` group_left (${taken})`);
    if (!set && how.matching === 'right')
      step((one) => one.groupRight(...how.include), ` group_right (${taken})`);
  }
  return { built: query as b.Vector<string>, text: `(${left.text}) ${text} (${right.text})` };
}

const { vector } = fc.letrec<{ vector: VectorCase; range: RangeCase; scalar: Case<b.NumberLike> }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 2 },
    number,
    fc.constantFrom({ built: b.time(), text: 'time()' }, { built: b.pi(), text: 'pi()' }),
    tie('vector').map(({ built, text }) => ({ built: b.scalar(built), text: `scalar(${text})` })),
    fc
      .tuple(fc.constantFrom(...Object.entries(ARITHMETIC)), tie('scalar'), tie('scalar'))
      .map(([[name, op], left, right]) => ({
        built: (api[name] as (...args: readonly unknown[]) => b.Scalar)(left.built, right.built),
        text: `((${left.text}) ${op} (${right.text}))`,
      })),
  ),
  range: fc.oneof(
    { maxDepth: 2 },
    fc.tuple(selector, duration).map(([one, range]) => ({
      built: [one.built, range],
      text: `${one.series}[${range}]${one.modifiers}`,
    })),
    fc
      .tuple(tie('vector'), duration, fc.option(duration, { nil: undefined }), modifiers)
      .map(([one, range, step, times]) => {
        const { built, text } = modified(times, b.subquery(one.built, range, step));
        return { built: [built], text: `(${one.text})[${range}:${step ?? ''}]${text}` };
      }),
  ),
  vector: fc.oneof(
    { maxDepth: 4 },
    selector.map((one) => ({ built: one.built, text: one.series + one.modifiers })),
    fc
      .constantFrom(...BUILT_FUNCTIONS.filter(([, { returns }]) => returns === 'vector'))
      .chain(([name, { args, variadic }]) => {
        const wanted = args.flatMap((type, i) => {
          if (type === 'string') return [];
          const one: fc.Arbitrary<Case<unknown>> =
            type === 'scalar' ? tie('scalar') : type === 'matrix' ? tie('range') : tie('vector');
          const optional = variadic === 1 && i === args.length - 1;
          return [optional ? fc.option(one, { nil: undefined }) : one];
        });
        const texts = (TEXTS[name] ?? []).map((text) => ({ built: text, text: quote(text) }));
        return fc
          .tuple(...wanted)
          .map((given) => callOf(name, [...given.filter((one) => one !== undefined), ...texts]));
      }),
    fc
      .tuple(
        fc.constantFrom('sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'),
        fc.constantFrom('', 'by', 'without'),
        labels,
        tie('vector'),
      )
      .map(([op, way, by, one]) => aggregation(op, [one], way, by)),
    fc
      .tuple(
        fc.constantFrom('topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio'),
        fc.constantFrom('', 'by', 'without'),
        labels,
        tie('scalar'),
        tie('vector'),
      )
      .map(([op, way, by, param, one]) => aggregation(op, [param, one], way, by)),
    fc
      .tuple(fc.constantFrom('', 'by', 'without'), labels, tie('vector'))
      .map(([way, by, one]) => aggregation('count_values', [{ built: 'v', text: '"v"' }, one], way, by)),
    {
      weight: 6,
      arbitrary: fc
        .tuple(operation, tie('vector'), tie('vector'))
        .map(([how, one, other]) => binary(how, one, other)),
    },
    fc
      .tuple(operation, tie('vector'), tie('scalar'), fc.boolean())
      .filter(([{ operator }]) => !(operator[0] in SETS))
      .map(([how, one, other, swapped]) => (swapped ? binary(how, other, one) : binary(how, one, other))),
    {
      weight: 2,
      arbitrary: tie('vector').map(({ built, text }) => ({ built: b.neg(built), text: `-(${text})` })),
    },
  ),
}));

function aggregation(
  op: string,
  args: readonly Case<unknown>[],
  way: string,
  by: readonly string[],
): VectorCase {
  let query = (api[camel(op)] as AnyFunction)(...args.map(({ built }) => built));
  const ways: unknown = query;
  if (way !== '') query = (ways as Readonly<Record<string, AnyFunction>>)[way]!(...by);
  const head = way === '' ? op : `${op} ${way} (${names(by)})`;
  return { built: query, text: `${head} (${args.map(({ text }) => text).join(', ')})` };
}

/** A tree without positions and without parentheses. */
function bare(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(bare);
  if (typeof node !== 'object' || node === null) return node;
  if ('type' in node && node.type === 'parenExpr' && 'expr' in node) return bare(node.expr);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, bare(value)]));
}

function treeOf(text: string): unknown {
  return shape(bare(parse(text, { experimental: true })));
}

test('what is built is the tree that was meant, and prints so', () => {
  fc.assert(
    fc.property(vector, ({ built, text }) => {
      expect(shape(bare(built.expr))).toEqual(treeOf(text));
      expect(printExpr(built.expr)).toBe(String(built));
    }),
    { numRuns: 1500 },
  );
});

/** The tree with each of its parentheses left out. */
function* withoutOne(node: Expr): Generator<Expr> {
  if (node.type === 'parenExpr') yield node.expr;
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (Array.isArray(value)) {
      for (const [i, one] of value.entries())
        if (isExpr(one)) for (const other of withoutOne(one)) yield { ...node, [key]: value.with(i, other) };
    } else if (isExpr(value)) for (const other of withoutOne(value)) yield { ...node, [key]: other };
  }
}

function isExpr(value: unknown): value is Expr {
  return typeof value === 'object' && value !== null && 'type' in value;
}

test('no parenthesis can be left out', () => {
  let seen = 0;
  fc.assert(
    fc.property(vector, ({ built }) => {
      const tree = JSON.stringify(shape(bare(built.expr)));
      for (const less of withoutOne(built.expr)) {
        seen++;
        let other: unknown;
        try {
          other = treeOf(printExpr(less));
        } catch {
          continue;
        }
        expect(JSON.stringify(other)).not.toBe(tree);
      }
    }),
    { numRuns: 500 },
  );
  expect(seen).toBeGreaterThan(100);
});

test('every stable function of Prometheus is there, under its name in camel case', () => {
  for (const [name, { experimental }] of FUNCTIONS) {
    if (LEFT_OUT.includes(name)) expect([name, experimental]).toEqual([name, true]);
    else expect([name, typeof api[camel(name)]]).toEqual([name, 'function']);
  }
});

test('a long chain is built, printed and parsed', () => {
  const one = b.select({ name: 'x', type: 'gauge' });
  let query: b.Vector<string> = one;
  for (let i = 0; i < 1000; i++) query = b.add(query, one);
  expect(String(query)).toBe(Array(1001).fill('x').join(' + '));
  expect(query.expr.end).toBe(String(query).length);
});
