/**
 * What the values of an expression are quantities of: seconds, bytes per second, requests per second, a share.
 *
 * Quantities go from the leaves up. A series has the unit of its metric, or what it counts is its unit (`events`):
 * requests, jobs, series that are up. `rate` divides by seconds, a quotient of counts whose upper side counts nothing
 * that the lower does not (`failed / all`) is a share, and a factor is kept beside the unit, so that 1000 times
 * seconds can be told to be milliseconds. What is not known stays undefined, and makes unknown what is made of it.
 *
 *     sum(rate(took_seconds_sum[5m])) / sum(rate(took_seconds_count[5m]))
 *         seconds per second                events per second                → seconds per event
 *     100 * sum(rate(requests_total{status="500"}[5m])) / sum(rate(requests_total[5m]))
 *                                                                            → a share, times 100
 */
import { Catalog, type Expr, type Facts, isComparison, metricNameOf } from '@binnacle/promql';

/** Exponents by base unit, none of them 0. */
export type Base = Readonly<Record<string, number>>;

/** What values are. */
export interface Quantity {
  readonly base: Base;
  /** By which the base was multiplied: 100 for percents, 60 for events per minute. */
  readonly factor: number;
  /** The names of the series whose events are counted. */
  readonly counted: ReadonlySet<string>;
  /** Whether it is a part of a whole, 1 being all of it. */
  readonly share: boolean;
  /** Whether the whole is time: seconds of work in each second. */
  readonly busy?: boolean;
  /** What the buckets of a histogram have observed. */
  readonly observed?: Base;
}

/** A number that stands in the expression; undefined where it is calculated. */
interface Constant {
  readonly number: number | undefined;
}

const EVENTS: Base = { events: 1 };
const NOTHING: ReadonlySet<string> = new Set();
/** What is counted by the query itself. */
const COUNT: Quantity = { base: EVENTS, factor: 1, counted: NOTHING, share: false };
const SECONDS: Quantity = { ...COUNT, base: { seconds: 1 } };

/** What an expression's values are; undefined where that is not known, and for plain numbers. */
export function quantityOf(expr: Expr, catalog: Catalog): Quantity | undefined {
  const found = measure(expr, catalog);
  return found === undefined || isConstant(found) ? undefined : found;
}

function isConstant(found: Quantity | Constant): found is Constant {
  return 'number' in found;
}

function measure(expr: Expr, catalog: Catalog): Quantity | Constant | undefined {
  switch (expr.type) {
    case 'numberLiteral':
      return { number: expr.value };
    case 'stringLiteral':
      return undefined;
    case 'parenExpr':
    case 'unaryExpr':
    case 'subquery':
      return measure(expr.expr, catalog);
    case 'matrixSelector':
      return measure(expr.selector, catalog);
    case 'vectorSelector':
      return selected(expr, catalog);
    case 'aggregation':
      return aggregated(expr, measure(expr.expr, catalog));
    case 'call':
      return called(expr, (i) => (expr.args[i] === undefined ? undefined : measure(expr.args[i], catalog)));
    case 'binaryExpr':
      return combined(expr, measure(expr.lhs, catalog), measure(expr.rhs, catalog));
  }
}

function selected(
  selector: Extract<Expr, { type: 'vectorSelector' }>,
  catalog: Catalog,
): Quantity | undefined {
  const name = metricNameOf(selector);
  if (!name) return undefined;
  const { unit, observed, kind } = catalog.series(name) ?? byConvention(name);
  const share = /[_:](ratio|percent(?:age)?)(?:_rate\w*)?$/.exec(name)?.[1];
  if (share !== undefined)
    return { base: {}, factor: share === 'ratio' ? 1 : 100, counted: NOTHING, share: true };
  const measured = unit !== undefined && Object.keys(unit).length > 0;
  // What may be a native histogram has observed what its name says.
  const within = observed ?? (kind === 'unknown' && measured ? unit : undefined);
  return {
    base: measured ? unit : EVENTS,
    factor: 1,
    counted: measured ? NOTHING : new Set([name]),
    share: false,
    ...(within !== undefined && { observed: within }),
  };
}

/** What the name of a metric says that nobody has defined: its unit, and whether it is a part of a histogram. */
function byConvention(name: string): Pick<Facts, 'unit' | 'observed' | 'kind'> {
  const [, family = name, part] = /^(.+)_(bucket|count|sum)$/.exec(name) ?? [];
  const type = part === undefined ? 'unknown' : 'histogram';
  return (
    Catalog.of([{ name: family, type }]).series(name) ?? {
      unit: undefined,
      observed: undefined,
      kind: 'unknown',
    }
  );
}

function aggregated(
  { op }: Extract<Expr, { type: 'aggregation' }>,
  inner: Quantity | Constant | undefined,
): Quantity | Constant | undefined {
  switch (op) {
    case 'count':
    case 'group':
      // How many of what there is, so that a count of some over a count of all is a share.
      return inner === undefined || isConstant(inner) ? COUNT : { ...COUNT, counted: inner.counted };
    case 'count_values':
      return COUNT;
    case 'stdvar':
      return undefined;
    default:
      return inner;
  }
}

function called(
  { func }: Extract<Expr, { type: 'call' }>,
  arg: (index: number) => Quantity | Constant | undefined,
): Quantity | Constant | undefined {
  switch (func) {
    case 'rate':
    case 'irate':
    case 'deriv': {
      const inner = arg(0);
      if (inner === undefined || isConstant(inner)) return undefined;
      const base = product(inner.base, { seconds: 1 }, -1);
      const busy = Object.keys(base).length === 0;
      return { ...inner, base, share: busy, ...(busy && { busy }) };
    }
    case 'changes':
    case 'resets':
    case 'count_over_time':
    case 'present_over_time':
    case 'absent':
    case 'absent_over_time':
      return COUNT;
    case 'time':
    case 'timestamp':
    case 'ts_of_first_over_time':
    case 'ts_of_last_over_time':
    case 'ts_of_max_over_time':
    case 'ts_of_min_over_time':
      return SECONDS;
    case 'histogram_quantile':
      return observedBy(arg(1));
    case 'histogram_avg':
    case 'histogram_stddev':
      return observedBy(arg(0));
    case 'histogram_fraction':
      return { ...COUNT, base: {}, share: true };
    case 'histogram_count':
      return countOfHistogram(arg(0));
    case 'histogram_sum':
      return arg(0);
    case 'quantile_over_time':
      return arg(1);
    case 'increase':
    case 'delta':
    case 'idelta':
    case 'predict_linear':
    case 'double_exponential_smoothing':
    case 'avg_over_time':
    case 'sum_over_time':
    case 'min_over_time':
    case 'max_over_time':
    case 'first_over_time':
    case 'last_over_time':
    case 'stddev_over_time':
    case 'mad_over_time':
    case 'abs':
    case 'ceil':
    case 'clamp':
    case 'clamp_max':
    case 'clamp_min':
    case 'floor':
    case 'round':
    case 'sort':
    case 'sort_desc':
    case 'sort_by_label':
    case 'sort_by_label_desc':
    case 'label_replace':
    case 'label_join':
    case 'scalar':
    case 'vector':
    case 'info':
      return arg(0);
    case 'pi':
      return { number: Math.PI };
    default:
      return undefined;
  }
}

function observedBy(buckets: Quantity | Constant | undefined): Quantity | undefined {
  if (buckets === undefined || isConstant(buckets)) return undefined;
  // A histogram of what has no unit (chunks of a file) observed how many there were.
  const { observed = EVENTS } = buckets;
  return {
    base: Object.keys(observed).length === 0 ? EVENTS : observed,
    factor: 1,
    counted: NOTHING,
    share: false,
  };
}

/** How many there were: of what was observed once for each of them, or each second so many. */
function countOfHistogram(histogram: Quantity | Constant | undefined): Quantity | undefined {
  if (histogram === undefined || isConstant(histogram) || histogram.observed === undefined) return undefined;
  const times = product(histogram.base, histogram.observed, -1);
  return { ...COUNT, base: product(times, EVENTS, 1) };
}

function combined(
  expr: Extract<Expr, { type: 'binaryExpr' }>,
  left: Quantity | Constant | undefined,
  right: Quantity | Constant | undefined,
): Quantity | Constant | undefined {
  const { op, returnBool } = expr;
  if (isComparison(op)) {
    if (returnBool) return COUNT;
    return left !== undefined && isConstant(left) ? right : left;
  }
  if (op === 'and' || op === 'unless') return left;
  if (left === undefined || right === undefined) return op === 'or' ? (left ?? right) : undefined;
  if (isConstant(left)) return isConstant(right) ? { number: undefined } : ofConstant(op, left, right);
  if (isConstant(right)) return withConstant(op, left, right);
  switch (op) {
    case '+':
    case '-':
    case 'or':
      // `x or 0 * y` is still what x is.
      if (right.factor === 0) return left;
      if (left.factor === 0) return right;
      return alike(left, right)
        ? { ...left, counted: new Set([...left.counted, ...right.counted]), share: left.share && right.share }
        : undefined;
    case '*':
      return multiplied(left, right);
    case '/':
      return divided(left, right);
    case '%':
      return left;
    default:
      return undefined;
  }
}

/** `100 * x`, `1 - x`: the number stands first. */
function ofConstant(op: string, { number }: Constant, quantity: Quantity): Quantity | undefined {
  if (op === '/' || op === '%' || op === '^') return undefined;
  return withConstant(op, quantity, { number });
}

function withConstant(op: string, quantity: Quantity, { number }: Constant): Quantity | undefined {
  switch (op) {
    case '*':
      return number === undefined ? undefined : { ...quantity, factor: quantity.factor * number };
    case '/':
      return number === undefined ? undefined : { ...quantity, factor: quantity.factor / number };
    case '+':
    case '-':
    case '%':
    case 'or':
      return quantity;
    default:
      return undefined;
  }
}

function multiplied(left: Quantity, right: Quantity): Quantity {
  const factor = left.factor * right.factor;
  // A share of something is something; so is what is multiplied with 1 for its labels.
  const plain = (side: Quantity): boolean => side.share || alike(side, COUNT);
  if (plain(right)) return { ...left, factor };
  if (plain(left)) return { ...right, factor };
  return { base: product(left.base, right.base, 1), factor, counted: NOTHING, share: false };
}

function divided(left: Quantity, right: Quantity): Quantity | undefined {
  const base = product(left.base, right.base, -1);
  const factor = left.factor / right.factor;
  if (Object.keys(base).length > 0) return { base, factor, counted: NOTHING, share: false };
  const counts = left.base.events !== undefined;
  const part = [...left.counted].every((name) => right.counted.has(name)) && left.counted.size > 0;
  // Jobs per file is no share, failed jobs per job is one, and so are bytes per byte.
  const share = counts
    ? part
    : Object.keys(left.base).length > 0 || (left.busy === true && right.busy === true);
  return share ? { base: {}, factor, counted: NOTHING, share: true } : undefined;
}

function alike(a: Quantity, b: Quantity): boolean {
  const names = Object.keys(a.base);
  return (
    a.factor === b.factor &&
    names.length === Object.keys(b.base).length &&
    names.every((name) => a.base[name] === b.base[name])
  );
}

function product(a: Base, b: Base, sign: 1 | -1): Base {
  const result: Record<string, number> = { ...a };
  for (const [name, exponent] of Object.entries(b)) {
    const sum = (result[name] ?? 0) + sign * exponent;
    if (sum === 0) delete result[name];
    else result[name] = sum;
  }
  return result;
}
