/**
 * What each expression of a query is: what its values are, which labels its series can have, and its unit.
 *
 * Facts go from the leaves up. A selector has those of its name in the catalog, its matchers narrow the values of
 * labels; a function, an aggregation or an operator makes facts of facts. What cannot be told becomes unknown, and
 * what is unknown is never reported. Nothing is inferred twice: the checks ask for any expression at any time.
 */
import {
  type AggregateExpr,
  type BinaryExpr,
  type Expr,
  isComparison,
  isSetOperator,
  passesSeries,
} from '../ast.ts';
import type { Catalog } from './catalog.ts';
import { CONSTANT, type Facts, PLAIN_GAUGE, type SampleKind, UNKNOWN } from './facts.ts';
import { callFacts } from './infer-call.ts';
import { both, canExist, LabelSet, matched, SOME_VALUE } from './label-set.ts';
import { fits, isPlainFactor, multiplied, ONE, type Unit } from './unit.ts';

/** The name that a selector asks for; undefined when it is a pattern or there is none. */
export function metricNameOf(selector: Extract<Expr, { type: 'vectorSelector' }>): string | undefined {
  if (selector.name !== '') return selector.name;
  return selector.matchers.find(({ name, op }) => name === '__name__' && op === '=')?.value;
}

/** The facts of a query's expressions. */
export class Inference {
  readonly #catalog: Catalog;
  readonly #facts = new Map<Expr, Facts>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** What is known of an expression. */
  of(expr: Expr): Facts {
    const known = this.#facts.get(expr);
    if (known !== undefined) return known;
    // Chains of operators go deeper to the left than a call stack does.
    const chain: Expr[] = [];
    for (let left = expr; left.type === 'binaryExpr' && !this.#facts.has(left.lhs); left = left.lhs)
      chain.push(left.lhs);
    for (const below of chain.reverse()) this.#facts.set(below, this.#infer(below));
    const facts = this.#infer(expr);
    this.#facts.set(expr, facts);
    return facts;
  }

  #infer(expr: Expr): Facts {
    switch (expr.type) {
      case 'vectorSelector':
        return this.#selected(expr);
      case 'matrixSelector':
        return this.of(expr.selector);
      case 'parenExpr':
      case 'subquery':
        return this.of(expr.expr);
      case 'unaryExpr': {
        const facts = this.of(expr.expr);
        return expr.op === '-' && facts.kind === 'counter' ? { ...facts, kind: 'unknown' } : facts;
      }
      case 'numberLiteral':
      case 'stringLiteral':
        return CONSTANT;
      case 'call':
        return callFacts(expr, (arg) => this.of(arg));
      case 'aggregation':
        return aggregated(expr, this.of(expr.expr));
      case 'binaryExpr':
        return combined(expr, this.of(expr.lhs), this.of(expr.rhs));
    }
  }

  #selected(selector: Extract<Expr, { type: 'vectorSelector' }>): Facts {
    const name = metricNameOf(selector);
    const facts = (name === undefined ? undefined : this.#catalog.series(name)) ?? UNKNOWN;
    let { labels } = facts;
    for (const matcher of selector.matchers) {
      if (matcher.name === '__name__' || !labels.has(matcher.name)) continue;
      const narrowed = matched(labels.get(matcher.name), matcher);
      // What no value passes is a mistake of its own, and no reason for others.
      if (narrowed.values?.size !== 0) labels = labels.with(matcher.name, narrowed);
    }
    return { ...facts, labels };
  }
}

/** Aggregations that make one series of several whose values are still of the same kind and unit. */
const BLENDING: ReadonlySet<string> = new Set(['sum', 'avg', 'min', 'max', 'quantile', 'stddev']);

function aggregated(expr: AggregateExpr, inner: Facts): Facts {
  const { op, grouping, param } = expr;
  if (passesSeries(op)) return inner;
  const labels = expr.without ? inner.labels.without(grouping, expr) : inner.labels.only(grouping, expr);
  if (op === 'count_values') {
    const label = param?.type === 'stringLiteral' ? param.value : undefined;
    return {
      ...PLAIN_GAUGE,
      labels: label === undefined ? LabelSet.UNKNOWN : labels.with(label, SOME_VALUE),
    };
  }
  if (BLENDING.has(op)) {
    const { kind } = inner;
    const spread = op === 'stddev' || op === 'quantile';
    return {
      ...inner,
      labels,
      kind: kind === 'counter' && spread ? 'unknown' : kind === 'constant' ? 'gauge' : kind,
      aggregated: true,
    };
  }
  if (op === 'stdvar')
    return {
      ...inner,
      kind: 'unknown',
      labels,
      unit: multiplied(inner.unit, inner.unit),
      observed: undefined,
    };
  // count and group
  return { ...PLAIN_GAUGE, labels };
}

function combined(expr: BinaryExpr, left: Facts, right: Facts): Facts {
  const { op } = expr;
  const labels = combinedLabels(expr, left, right);
  if (op === 'and' || op === 'unless') return { ...left, labels };
  if (op === 'or') return alternatives(left, right, labels);
  if (isComparison(op)) {
    if (expr.returnBool) return { ...PLAIN_GAUGE, labels };
    const kept = expr.matching === undefined && left.kind === 'constant' ? right : left;
    return { ...kept, labels };
  }
  // Scaled by a number, it is still what it was.
  const scaled = isFactor(left, op) ? right : isFactor(right, op) ? left : undefined;
  return {
    kind: combinedKind(op, left, right),
    aggregated: left.aggregated || right.aggregated || scaled === undefined,
    labels,
    ...combinedUnits(expr, left, right),
    ...(scaled?.metric !== undefined && { metric: scaled.metric }),
    ...(scaled?.growth && { growth: true }),
  };
}

function alternatives(left: Facts, right: Facts, labels: LabelSet): Facts {
  // `x or vector(0)` is still what x is.
  const one = left.kind === 'constant' ? right : right.kind === 'constant' ? left : undefined;
  if (one !== undefined) return { ...one, labels };
  return {
    kind: left.kind === right.kind ? left.kind : 'unknown',
    aggregated: left.aggregated || right.aggregated,
    labels,
    unit: left.unit && fits(left.unit, right.unit) ? right.unit : undefined,
    observed: left.observed && fits(left.observed, right.observed) ? right.observed : undefined,
    ...(left.metric !== undefined && left.metric === right.metric && { metric: left.metric }),
  };
}

function combinedKind(op: BinaryExpr['op'], left: Facts, right: Facts): SampleKind {
  const kinds = [left.kind, right.kind];
  if (kinds.every((kind) => kind === 'constant')) return 'constant';
  if (kinds.every((kind) => kind === 'gauge' || kind === 'constant')) return 'gauge';
  if (op === '*' && isFactor(left, op)) return right.kind;
  if ((op === '*' || op === '/') && isFactor(right, op)) return left.kind;
  if ((op === '+' || op === '-') && right.kind === 'constant') return left.kind;
  if (op === '+' && kinds.every((kind) => kind === 'counter')) return 'counter';
  return 'unknown';
}

/** Whether a side is a number, or multiplies with 1 to join labels. */
function isFactor({ kind, info }: Facts, op: BinaryExpr['op']): boolean {
  return kind === 'constant' || (op === '*' && info === true);
}

function combinedUnits(expr: BinaryExpr, left: Facts, right: Facts): Pick<Facts, 'unit' | 'observed'> {
  const { op } = expr;
  const [a, b] = [left.unit, right.unit];
  switch (op) {
    case '+':
    case '-': {
      // What has no unit takes that of the other side: `duration_seconds + 5`.
      const one = left.kind === 'constant' ? right : right.kind === 'constant' ? left : undefined;
      if (one !== undefined) return { unit: one.unit, observed: undefined };
      const unit = a && fits(a, b) ? b : undefined;
      const observed = left.observed && fits(left.observed, right.observed) ? right.observed : undefined;
      return { unit, observed };
    }
    case '*':
    case '/': {
      const sign = op === '*' ? 1 : -1;
      const unit = multiplied(factorUnit(expr.lhs, left), factorUnit(expr.rhs, right), sign);
      // Buckets that are scaled count what they did.
      const observed = left.kind === 'constant' ? right.observed : left.observed;
      return { unit, observed };
    }
    case '%':
      return { unit: a, observed: undefined };
    default:
      return { unit: undefined, observed: undefined };
  }
}

/** The unit of a factor: a number has none that is known, unless it cannot be a conversion. */
function factorUnit(expr: Expr, { kind, unit }: Facts): Unit | undefined {
  if (kind !== 'constant') return unit;
  while (expr.type === 'parenExpr') expr = expr.expr;
  return expr.type === 'numberLiteral' && isPlainFactor(expr.value) ? ONE : unit;
}

function combinedLabels(expr: BinaryExpr, { labels: left }: Facts, { labels: right }: Facts): LabelSet {
  const { matching, op } = expr;
  if (matching === undefined) {
    // One side is a number at least, and the series are the other side's.
    return left === LabelSet.NONE ? right : left;
  }
  if (op === 'or') return left.union(right);
  // What is left has no partner, so that the other side says nothing of it.
  if (op === 'unless') return left;
  if (isSetOperator(op)) return agreed(expr, left, right);
  const many = matching.card === 'one-to-many' ? right : left;
  const one = matching.card === 'one-to-many' ? left : right;
  const filled = matching.fill.lhs !== undefined || matching.fill.rhs !== undefined;
  const joined = filled ? many : agreed(expr, many, one);
  if (matching.card === 'one-to-one') {
    return matching.on ? joined.only(matching.labels, expr) : joined.without(matching.labels, expr);
  }
  let result = joined;
  for (const name of matching.include) result = result.with(name, one.get(name));
  return result;
}

/** The labels of one side, of whose values those remain that the other side can have too. */
function agreed(expr: BinaryExpr, kept: LabelSet, other: LabelSet): LabelSet {
  const { labels, on } = expr.matching!;
  const names = on ? labels : kept.names().filter((name) => !labels.includes(name));
  let result = kept;
  for (const name of names) {
    const facts = both(kept.get(name), other.get(name));
    // Sides that cannot agree are a mistake of their own.
    if (name !== '__name__' && facts.values?.size !== 0 && (canExist(facts) || !kept.open))
      result = result.with(name, facts);
  }
  return result;
}
