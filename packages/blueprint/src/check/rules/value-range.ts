/**
 * Between which numbers the values of an expression lie, whatever is measured: `up` is 0 or 1, a rate of a counter is
 * never negative, `count` is never 0, a share of a whole is between 0 and 1, and a quantile of classic buckets never
 * exceeds the largest bound.
 *
 * It is interval arithmetic over the tree; what is not known is everything. NaN is outside of this: every comparison but
 * `!=` is false for it.
 */
import {
  type BinaryExpr,
  type Call,
  type Expr,
  type Facts,
  isComparison,
  isSetOperator,
  printExpr,
  printMatcher,
  unwrapParens,
  type VectorSelector,
} from '@binnacle/promql';
import { numberOf } from './expression-shape.ts';

/** From and to, both included. */
export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

const ANYTHING: ValueRange = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
const NOT_NEGATIVE: ValueRange = { min: 0, max: Number.POSITIVE_INFINITY };
const SHARE: ValueRange = { min: 0, max: 1 };
const ONE: ValueRange = { min: 1, max: 1 };

/** What functions give whatever they are given. */
const OF_FUNCTIONS: Readonly<Record<string, ValueRange>> = {
  absent: ONE,
  absent_over_time: ONE,
  present_over_time: ONE,
  count_over_time: { min: 1, max: Number.POSITIVE_INFINITY },
  changes: NOT_NEGATIVE,
  resets: NOT_NEGATIVE,
  abs: NOT_NEGATIVE,
  sqrt: NOT_NEGATIVE,
  exp: NOT_NEGATIVE,
  stddev_over_time: NOT_NEGATIVE,
  stdvar_over_time: NOT_NEGATIVE,
  histogram_fraction: SHARE,
  sgn: { min: -1, max: 1 },
  time: NOT_NEGATIVE,
  timestamp: NOT_NEGATIVE,
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  day_of_week: { min: 0, max: 6 },
  day_of_month: { min: 1, max: 31 },
  days_in_month: { min: 28, max: 31 },
  day_of_year: { min: 1, max: 366 },
  month: { min: 1, max: 12 },
};

/** Functions and aggregations that give values between the least and the largest that they are given. */
const BETWEEN: ReadonlySet<string> = new Set(
  'avg min max topk bottomk limitk limit_ratio avg_over_time min_over_time max_over_time last_over_time first_over_time sort sort_desc sort_by_label sort_by_label_desc label_replace label_join vector scalar'.split(
    ' ',
  ),
);

/** The range of an expression's values; `facts` tells what the catalog knows. */
export function valueRange(expr: Expr, facts: (expr: Expr) => Facts): ValueRange {
  const of = (inner: Expr): ValueRange => valueRange(inner, facts);
  const number = numberOf(expr);
  if (number !== undefined) return { min: number, max: number };
  switch (expr.type) {
    case 'parenExpr':
    case 'subquery':
      return of(expr.expr);
    case 'matrixSelector':
      return of(expr.selector);
    case 'unaryExpr': {
      const { min, max } = of(expr.expr);
      return expr.op === '-' ? { min: -max, max: -min } : { min, max };
    }
    case 'vectorSelector':
      return selected(expr, facts(expr));
    case 'call':
      return called(expr, facts);
    case 'aggregation': {
      const { op } = expr;
      if (BETWEEN.has(op)) return of(expr.expr);
      if (op === 'sum') return summed(of(expr.expr));
      if (op === 'count' || op === 'count_values') return { min: 1, max: Number.POSITIVE_INFINITY };
      if (op === 'group') return ONE;
      if (op === 'stddev' || op === 'stdvar') return NOT_NEGATIVE;
      const quantile = expr.param === undefined ? undefined : numberOf(expr.param);
      return op === 'quantile' && quantile !== undefined && quantile >= 0 && quantile <= 1
        ? of(expr.expr)
        : ANYTHING;
    }
    case 'binaryExpr':
      return combined(expr, of);
    default:
      return ANYTHING;
  }
}

function selected(selector: VectorSelector, { kind, metric, info }: Facts): ValueRange {
  const name = selector.name === '' ? (metric ?? '') : selector.name;
  if (name === 'up') return SHARE;
  if (info === true || /^ALERTS$/.test(name)) return ONE;
  // Sums of histograms may fall where what is observed is negative.
  const isCounter = kind === 'counter' || (kind === 'unknown' && /_(?:total|count|bucket)$/.test(name));
  return isCounter && !name.endsWith('_sum') ? NOT_NEGATIVE : ANYTHING;
}

function called(call: Call, facts: (expr: Expr) => Facts): ValueRange {
  const { func, args } = call;
  const of = (i: number): ValueRange => (args[i] === undefined ? ANYTHING : valueRange(args[i], facts));
  if (Object.hasOwn(OF_FUNCTIONS, func)) return OF_FUNCTIONS[func]!;
  if (BETWEEN.has(func)) return of(0);
  switch (func) {
    case 'rate':
    case 'irate':
    case 'increase':
      return of(0).min >= 0 ? NOT_NEGATIVE : ANYTHING;
    case 'sum_over_time':
      return summed(of(0));
    case 'clamp':
      return within(of(0), args[1], args[2]);
    case 'clamp_min':
      return within(of(0), args[1], undefined);
    case 'clamp_max':
      return within(of(0), undefined, args[1]);
    case 'ceil':
    case 'floor': {
      const { min, max } = of(0);
      return func === 'ceil'
        ? { min: Math.ceil(min), max: Math.ceil(max) }
        : { min: Math.floor(min), max: Math.floor(max) };
    }
    case 'quantile_over_time': {
      const quantile = args[0] === undefined ? undefined : numberOf(args[0]);
      return quantile !== undefined && quantile >= 0 && quantile <= 1 ? of(1) : ANYTHING;
    }
    case 'histogram_quantile':
      return quantileRange(args, facts);
    default:
      return ANYTHING;
  }
}

/** A quantile that falls into the last bucket is told as the largest bound that there is. */
function quantileRange([quantile, buckets]: readonly Expr[], facts: (expr: Expr) => Facts): ValueRange {
  const at = quantile === undefined ? undefined : numberOf(quantile);
  if (at === undefined || at < 0 || at > 1 || buckets === undefined) return ANYTHING;
  const { values } = facts(buckets).labels.get('le');
  // Native histograms have no le, which is to say an empty one.
  const bounds = [...(values ?? [])]
    .filter((bound) => bound !== '')
    .map(Number)
    .filter(Number.isFinite);
  if (values === undefined || bounds.length === 0) return ANYTHING;
  const least = Math.min(...bounds);
  return { min: Math.min(0, least), max: Math.max(...bounds) };
}

function summed({ min, max }: ValueRange): ValueRange {
  return {
    min: min >= 0 ? min : Number.NEGATIVE_INFINITY,
    max: max <= 0 ? max : Number.POSITIVE_INFINITY,
  };
}

function within({ min, max }: ValueRange, least: Expr | undefined, most: Expr | undefined): ValueRange {
  const low = least === undefined ? Number.NEGATIVE_INFINITY : (numberOf(least) ?? Number.NEGATIVE_INFINITY);
  const high = most === undefined ? Number.POSITIVE_INFINITY : (numberOf(most) ?? Number.POSITIVE_INFINITY);
  return { min: Math.min(Math.max(min, low), high), max: Math.max(Math.min(max, high), low) };
}

function combined(expr: BinaryExpr, of: (expr: Expr) => ValueRange): ValueRange {
  const { op } = expr;
  const left = of(expr.lhs);
  const right = of(expr.rhs);
  if (isComparison(op)) {
    if (expr.returnBool) return SHARE;
    // With a number on the left the series of the right side come through.
    const isTurned = numberOf(expr.lhs) !== undefined;
    return isTurned ? right : filtered(left, op, right);
  }
  if (isSetOperator(op))
    return op === 'or' ? { min: Math.min(left.min, right.min), max: Math.max(left.max, right.max) } : left;
  switch (op) {
    case '+':
      return bounded(left.min + right.min, left.max + right.max);
    case '-':
      return bounded(left.min - right.max, left.max - right.min);
    case '*':
      return products(left, right);
    case '/':
      if (left.min >= 0 && right.min >= 0) {
        const [factor, part] = factored(expr.lhs);
        if (factor > 0 && isPartOfWhole(part, expr.rhs)) return { min: 0, max: factor };
      }
      if (right.min > 0 || right.max < 0) return products(left, { min: 1 / right.max, max: 1 / right.min });
      return left.min >= 0 && right.min >= 0 ? NOT_NEGATIVE : ANYTHING;
    default:
      return ANYTHING;
  }
}

/** Values that pass a comparison. */
function filtered(value: ValueRange, op: string, limit: ValueRange): ValueRange {
  switch (op) {
    case '>':
    case '>=':
      return { min: Math.max(value.min, limit.min), max: value.max };
    case '<':
    case '<=':
      return { min: value.min, max: Math.min(value.max, limit.max) };
    case '==':
      return { min: Math.max(value.min, limit.min), max: Math.min(value.max, limit.max) };
    default:
      return value;
  }
}

function products(a: ValueRange, b: ValueRange): ValueRange {
  const corners = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max];
  // 0 * infinity: the corner is any number.
  return corners.some(Number.isNaN)
    ? a.min >= 0 && b.min >= 0
      ? NOT_NEGATIVE
      : ANYTHING
    : { min: Math.min(...corners), max: Math.max(...corners) };
}

function bounded(min: number, max: number): ValueRange {
  return Number.isNaN(min) || Number.isNaN(max) ? ANYTHING : { min, max };
}

/** What a product multiplies, and by which number: `100 * x`. */
function factored(expr: Expr): readonly [factor: number, rest: Expr] {
  const inner = unwrapParens(expr);
  if (inner.type !== 'binaryExpr' || inner.op !== '*') return [1, inner];
  const [left, right] = [numberOf(inner.lhs), numberOf(inner.rhs)];
  if (left !== undefined) return [left, inner.rhs];
  return right === undefined ? [1, inner] : [right, inner.lhs];
}

/** `a` of `a + b`, or the same aggregation with more matchers; of values that are not negative. */
function isPartOfWhole(part: Expr, whole: Expr): boolean {
  const above = unwrapParens(part);
  const below = unwrapParens(whole);
  if (below.type === 'binaryExpr' && below.op === '+') {
    const parts = [below.lhs, below.rhs].map((summand) => printExpr(unwrapParens(summand)));
    if (parts.includes(printExpr(above))) return true;
  }
  const some = withoutMatchers(above);
  const all = withoutMatchers(below);
  if (some === undefined || all === undefined || some.text !== all.text) return false;
  return all.matchers.every((matcher) => some.matchers.includes(matcher));
}

/** A sum over one selector, as text without the selector's matchers, and those. */
function withoutMatchers(expr: Expr): { readonly text: string; readonly matchers: string[] } | undefined {
  if (expr.type !== 'aggregation' || expr.op !== 'sum') return undefined;
  const call = unwrapParens(expr.expr);
  if (call.type !== 'call' || !/^(?:rate|irate|increase)$/.test(call.func)) return undefined;
  const [range] = call.args;
  if (range?.type !== 'matrixSelector') return undefined;
  const named = range.selector.matchers.filter(({ name }) => name === '__name__');
  const bare: Expr = {
    ...expr,
    expr: { ...call, args: [{ ...range, selector: { ...range.selector, matchers: named } }] },
  };
  return { text: printExpr(bare), matchers: range.selector.matchers.map(printMatcher) };
}

/** Whether a comparison never holds for values of such ranges. */
export function neverHolds(left: ValueRange, op: string, right: ValueRange): boolean {
  switch (op) {
    case '>':
      return left.max <= right.min;
    case '>=':
      return left.max < right.min;
    case '<':
      return left.min >= right.max;
    case '<=':
      return left.min > right.max;
    case '==':
      return left.max < right.min || left.min > right.max;
    default:
      // NaN differs from everything, so `!=` may hold.
      return false;
  }
}

/** Whether a comparison always holds for values of such ranges that are numbers. */
export function alwaysHolds(left: ValueRange, op: string, right: ValueRange): boolean {
  switch (op) {
    case '>':
      return left.min > right.max;
    case '>=':
      return left.min >= right.max;
    case '<':
      return left.max < right.min;
    case '<=':
      return left.max <= right.min;
    case '!=':
      return left.max < right.min || left.min > right.max;
    default:
      return false;
  }
}
