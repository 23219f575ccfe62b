/** Mistakes put into queries: for each kind the queries that come of one, and the check that has to find it. */
import { children, type Expr, parse, printExpr, walk } from '../../dist/index.js';
import type { System } from './contract.ts';

/** A kind of mistake. */
export interface Mutation {
  readonly mistake: string;
  /** The name of the check that has to find it. */
  readonly check: string;
  /** The queries with one such mistake each. */
  readonly of: (query: string, system: System) => readonly string[];
}

type Node<T extends Expr['type']> = Extract<Expr, { type: T }>;

/** All expressions of one type. */
function all<T extends Expr['type']>(query: string, type: T): Node<T>[] {
  const found: Node<T>[] = [];
  walk(parse(query), (expr) => {
    if (expr.type === type) found.push(expr as Node<T>);
  });
  return found;
}

/** The text with one expression replaced; the queries are ASCII, so that bytes are characters. */
function spliced(query: string, { start, end }: Expr, text: string): string {
  return query.slice(0, start) + text + query.slice(end);
}

function text(query: string, { start, end }: Expr): string {
  return query.slice(start, end);
}

/** A word with two letters swapped, or without one where they are the same. */
function misspelled(word: string): string {
  const at = Math.floor(word.length / 2);
  const [a, b] = [word[at - 1]!, word[at]!];
  return a === b
    ? word.slice(0, at) + word.slice(at + 1)
    : word.slice(0, at - 1) + b + a + word.slice(at + 1);
}

const isGrowth = (call: Node<'call'>): boolean => call.func === 'rate' || call.func === 'increase';

function selectorOf(call: Node<'call'>): Node<'vectorSelector'> | undefined {
  const [arg] = call.args;
  return arg?.type === 'matrixSelector' ? arg.selector : undefined;
}

/** The calls of rate and increase of plain selectors. */
function growths(query: string): { call: Node<'call'>; selector: Node<'vectorSelector'> }[] {
  return all(query, 'call').flatMap((call) => {
    const selector = selectorOf(call);
    return isGrowth(call) && selector !== undefined ? [{ call, selector }] : [];
  });
}

function typeOf(name: string, system: System): string {
  return system.metrics.find((metric) => metric.name === name)?.type ?? 'derived';
}

/** The kinds of mistakes. */
export const MUTATIONS: readonly Mutation[] = [
  {
    mistake: 'a metric is misspelled',
    check: 'unknown-metric',
    of: (query) =>
      all(query, 'vectorSelector').map((selector) =>
        spliced(
          query,
          { ...selector, end: selector.start + selector.name.length },
          misspelled(selector.name),
        ),
      ),
  },
  {
    mistake: 'a histogram is named without _bucket',
    check: 'unknown-metric',
    of: (query) =>
      all(query, 'vectorSelector')
        .filter(({ name }) => name.endsWith('_bucket'))
        .map((selector) => {
          const end = selector.start + selector.name.length;
          return spliced(query, { ...selector, end }, selector.name.slice(0, -'_bucket'.length));
        }),
  },
  {
    mistake: 'a label in a matcher is misspelled',
    check: 'unknown-label',
    of: (query) =>
      all(query, 'vectorSelector').flatMap((selector) =>
        selector.matchers
          .filter(({ name }) => name !== '__name__')
          .map(({ name }) =>
            spliced(
              query,
              selector,
              text(query, selector).replace(new RegExp(`\\b${name}\\b(?=[=!])`), misspelled(name)),
            ),
          ),
      ),
  },
  {
    mistake: 'a label in by is misspelled',
    check: 'unknown-label',
    of: (query) =>
      all(query, 'aggregation').flatMap((aggregation) =>
        aggregation.grouping
          .filter((label) => label.length > 2)
          .map((label) => {
            const grouping = aggregation.grouping.map((one) => (one === label ? misspelled(one) : one));
            return spliced(query, aggregation, printExpr({ ...aggregation, grouping }));
          }),
      ),
  },
  {
    mistake: 'a value of a closed label is misspelled',
    check: 'impossible-matcher',
    of: (query, system) =>
      all(query, 'vectorSelector').flatMap((selector) =>
        selector.matchers.flatMap(({ name, value }) => {
          const values = system.catalog.series(selector.name)?.labels.get(name).values;
          const [word] = value.split('|');
          if (name === '__name__' || values === undefined || !values.has(word!)) return [];
          return [spliced(query, selector, text(query, selector).replace(word!, misspelled(word!)))];
        }),
      ),
  },
  {
    mistake: 'one rate is left out',
    check: 'counter-without-rate',
    of: (query) => growths(query).map(({ call, selector }) => spliced(query, call, text(query, selector))),
  },
  {
    mistake: 'all rates are left out',
    check: 'counter-without-rate',
    of: (query) => {
      const calls = growths(query);
      // From the back, so that places in front stay what they are.
      const without = [...calls]
        .sort((a, b) => b.call.start - a.call.start)
        .reduce((rest, { call, selector }) => spliced(rest, call, text(query, selector)), query);
      return calls.length > 1 ? [without] : [];
    },
  },
  {
    mistake: 'rate of a gauge',
    check: 'rate-of-gauge',
    of: (query, system) =>
      all(query, 'vectorSelector')
        .filter(({ name }) => typeOf(name, system) === 'gauge' && !query.includes(`_over_time(${name}`))
        .map((selector) => spliced(query, selector, `rate(${text(query, selector)}[5m])`)),
  },
  {
    mistake: 'delta of a counter',
    check: 'delta-of-counter',
    of: (query) =>
      growths(query)
        .filter(({ selector }) => !selector.name.endsWith('_sum'))
        .map(({ call }) => spliced(query, call, text(query, call).replace(/^(?:rate|increase)/, 'delta'))),
  },
  {
    mistake: 'a rate of rates',
    check: 'rate-of-gauge',
    of: (query) =>
      growths(query).map(({ call }) => spliced(query, call, `rate(${text(query, call)}[5m:30s])`)),
  },
  {
    mistake: 'the sum before the rate',
    check: 'sum-before-rate',
    of: (query) =>
      all(query, 'aggregation').flatMap((aggregation) => {
        const { expr: inner } = aggregation;
        const selector = inner.type === 'call' && isGrowth(inner) ? selectorOf(inner) : undefined;
        if (selector === undefined) return [];
        return [
          spliced(query, aggregation, `rate(${printExpr({ ...aggregation, expr: selector })}[10m:30s])`),
        ];
      }),
  },
  {
    mistake: 'a by without le',
    check: 'quantile-without-le',
    of: (query) =>
      all(query, 'aggregation')
        .filter(({ grouping, without }) => !without && grouping.includes('le') && query.includes('quantile'))
        .map((aggregation) => {
          const grouping = aggregation.grouping.filter((label) => label !== 'le');
          return spliced(query, aggregation, printExpr({ ...aggregation, grouping }));
        }),
  },
  {
    mistake: 'a quantile of _sum',
    check: 'quantile-without-le',
    of: (query) =>
      all(query, 'call')
        .filter(({ func }) => func === 'histogram_quantile')
        .map((call) =>
          spliced(
            query,
            call,
            text(query, call).replace('_bucket', '_sum').replace('le, ', '').replace(' by (le)', ''),
          ),
        ),
  },
  {
    mistake: 'only one side is aggregated',
    check: 'impossible-match',
    of: (query) =>
      all(query, 'binaryExpr')
        .filter(
          ({ lhs, rhs, matching }) =>
            lhs.type === 'aggregation' && rhs.type === 'aggregation' && !matching!.on,
        )
        .flatMap(({ lhs, rhs }) =>
          [lhs, rhs].map((side) => spliced(query, side, text(query, children(side)[0]!))),
        ),
  },
  {
    mistake: 'an outer by of a label that an inner one removed',
    check: 'dropped-label',
    of: (query) =>
      all(query, 'aggregation')
        .filter(({ op, without }) => op === 'sum' && !without)
        .map((aggregation) => spliced(query, aggregation, `sum by (instance) (${text(query, aggregation)})`)),
  },
  {
    mistake: 'a share of series and themselves',
    check: 'divided-by-itself',
    of: (query) =>
      all(query, 'binaryExpr').flatMap(({ op, lhs, rhs }) => {
        if (op !== '/' || lhs.type !== 'aggregation' || rhs.type !== 'aggregation') return [];
        const [a, b] = [lhs.expr, rhs.expr].map((side) => text(query, side));
        return a!.replace(/\{.*\}/, '') === b ? [`${a} / ${b}`] : [];
      }),
  },
  {
    mistake: 'buckets beside counts without group_left',
    check: 'ambiguous-match',
    of: (query) =>
      growths(query)
        .filter(({ selector }) => selector.name.endsWith('_bucket'))
        .map(
          ({ call }) =>
            `${text(query, call)} / ignoring (le) ${text(query, call).replace('_bucket', '_count')}`,
        ),
  },
  {
    mistake: 'a range of less than two scrapes',
    check: 'short-range',
    of: (query) =>
      growths(query).map(({ call }) => spliced(query, call, text(query, call).replace(/\[\w+\]/, '[20s]'))),
  },
  {
    mistake: 'seconds beside bytes',
    check: 'unit-mismatch',
    of: (query) =>
      all(query, 'call')
        .filter(({ func }) => func === 'histogram_quantile' && /_seconds_bucket/.test(query))
        .map((call) => `max(${text(query, call)}) > max(process_resident_memory_bytes)`),
  },
  {
    mistake: 'a mean beside a rate',
    check: 'unit-mismatch',
    of: (query) =>
      all(query, 'binaryExpr')
        .filter(
          ({ op, lhs, rhs }) =>
            op === '/' && /_(?:seconds|bytes)_sum/.test(text(query, lhs)) && /_count/.test(text(query, rhs)),
        )
        .map(({ lhs, rhs }) => `(${text(query, lhs)} / ${text(query, rhs)}) > ${text(query, rhs)}`),
  },
];
