/**
 * The syntax tree of PromQL.
 *
 * One interface per construct, told apart by `type`; the names are those of Prometheus's `/parse_query`.
 * `start` and `end` are offsets into the query in bytes of UTF-8, `end` exclusive, as in Prometheus, so that
 * messages and positions can be compared with its own. Durations are milliseconds.
 */
import type { Matcher } from './storage.ts';

/** A stretch of the query, in bytes of UTF-8. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

/** What an expression evaluates to: a number, a string, an instant vector or a range vector. */
export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '>' | '>=' | '<' | '<=';
export type SetOp = 'and' | 'or' | 'unless';
/** Operators that trim native histograms; experimental. */
export type TrimOp = '</' | '>/';
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | TrimOp;

export type AggregationOp =
  | 'avg'
  | 'bottomk'
  | 'count'
  | 'count_values'
  | 'group'
  | 'limit_ratio'
  | 'limitk'
  | 'max'
  | 'min'
  | 'quantile'
  | 'stddev'
  | 'stdvar'
  | 'sum'
  | 'topk';

/** `sum by (job) (x)`. */
export interface AggregateExpr extends PositionRange {
  readonly type: 'aggregation';
  readonly op: AggregationOp;
  readonly expr: Expr;
  /** The first argument of `topk`, `bottomk`, `quantile`, `count_values`, `limitk`, `limit_ratio`. */
  readonly param?: Expr;
  /** Label names as written. */
  readonly grouping: readonly string[];
  /** Whether `grouping` names the labels that go, rather than those that stay. */
  readonly without: boolean;
}

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

/** How the series of two vectors find each other. */
export interface VectorMatching {
  card: Cardinality;
  readonly labels: readonly string[];
  /** Whether `labels` are the ones that must be equal, rather than the ones that are ignored. */
  readonly on: boolean;
  /** Labels that `group_left` or `group_right` takes from the "one" side. */
  readonly include: readonly string[];
  /** Values for a side that has no match; experimental. */
  readonly fill: { readonly lhs?: number; readonly rhs?: number };
}

/** `lhs op rhs`. */
export interface BinaryExpr extends PositionRange {
  readonly type: 'binaryExpr';
  readonly op: BinaryOp;
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** Only when both sides are vectors. */
  matching?: VectorMatching;
  readonly returnBool: boolean;
  /** From the operator to the last character before the right side. */
  readonly opRange: PositionRange;
}

/** `rate(x[5m])`. */
export interface Call extends PositionRange {
  readonly type: 'call';
  /** A name of {@link import('./functions.ts').FUNCTIONS}. */
  readonly func: string;
  readonly args: readonly Expr[];
}

/** `start()` and `end()` after `@`. */
export type AtPreprocessor = 'start' | 'end';

/** What `offset` and `@` say; `offsetExpr`, when given, stands for `offsetMs`. */
export interface TimeModifiers {
  offsetMs: number;
  offsetExpr?: DurationExpr;
  /** The fixed evaluation time. */
  timestampMs?: number;
  startOrEnd?: AtPreprocessor;
}

/** `name{label="value"} @ 5 offset 1m`. */
export interface VectorSelector extends PositionRange, TimeModifiers {
  readonly type: 'vectorSelector';
  end: number;
  /** The name in front of the braces; empty when there is none. */
  readonly name: string;
  /** All conditions; the one for `name` is the last. */
  readonly matchers: readonly Matcher[];
  /** Whether the selector may match everything: the second argument of `info`. */
  mayMatchAll: boolean;
  anchored: boolean;
  smoothed: boolean;
}

/** `selector[5m]`; `@` and `offset` behind it belong to the selector. */
export interface MatrixSelector extends PositionRange {
  readonly type: 'matrixSelector';
  end: number;
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr;
  /** Only in what the builder makes: what a dashboard fills in where the range stands, and is printed there. */
  readonly rangePlaceholder?: string;
}

/** `expr[5m:1m]`. */
export interface SubqueryExpr extends PositionRange, TimeModifiers {
  readonly type: 'subquery';
  end: number;
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr;
  /** 0 when the query leaves it to the engine. */
  readonly stepMs: number;
  readonly stepExpr?: DurationExpr;
  /** Only in what the builder makes, as that of {@link MatrixSelector}. */
  readonly rangePlaceholder?: string;
  readonly stepPlaceholder?: string;
}

/** A number, or a duration used as a number of seconds. */
export interface NumberLiteral extends PositionRange {
  readonly type: 'numberLiteral';
  start: number;
  value: number;
  /** Whether it was written as a duration. */
  readonly duration: boolean;
}

/** `(expr)`. */
export interface ParenExpr extends PositionRange {
  readonly type: 'parenExpr';
  readonly expr: Expr;
}

/** A string in any of the three quotings, unquoted. */
export interface StringLiteral extends PositionRange {
  readonly type: 'stringLiteral';
  readonly value: string;
}

/** `-expr` or `+expr`; a sign before a number is part of the number. */
export interface UnaryExpr extends PositionRange {
  readonly type: 'unaryExpr';
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export type DurationOp = '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';

/**
 * Arithmetic on durations, in brackets or after `offset`. Unary when `lhs` is absent; `step()` and `range()` have
 * neither side.
 */
export interface DurationExpr extends PositionRange {
  readonly type: 'durationExpr';
  readonly op: DurationOp;
  readonly lhs?: DurationOperand;
  readonly rhs?: DurationOperand;
  /** Whether it stands in parentheses. */
  wrapped: boolean;
}

export type DurationOperand = DurationExpr | NumberLiteral;

/** Any expression. */
export type Expr =
  | AggregateExpr
  | BinaryExpr
  | Call
  | MatrixSelector
  | NumberLiteral
  | ParenExpr
  | StringLiteral
  | SubqueryExpr
  | UnaryExpr
  | VectorSelector;

/** The direct sub-expressions, in the order of evaluation. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.type) {
    case 'aggregation':
      return expr.param === undefined ? [expr.expr] : [expr.expr, expr.param];
    case 'binaryExpr':
      return [expr.lhs, expr.rhs];
    case 'call':
      return expr.args;
    case 'matrixSelector':
      return [expr.selector];
    case 'parenExpr':
    case 'subquery':
    case 'unaryExpr':
      return [expr.expr];
    case 'numberLiteral':
    case 'stringLiteral':
    case 'vectorSelector':
      return [];
  }
}

/** Calls `visit` for an expression and everything below it, parents first. */
export function walk(expr: Expr, visit: (expr: Expr, path: readonly Expr[]) => void): void {
  const path: Expr[] = [];
  const step = (node: Expr): void => {
    visit(node, path);
    path.push(node);
    for (const child of children(node)) step(child);
    path.pop();
  };
  step(expr);
}

/** The expression inside any number of parentheses. */
export function unwrapParens(expr: Expr): Exclude<Expr, ParenExpr> {
  while (expr.type === 'parenExpr') expr = expr.expr;
  return expr;
}

/** Whether an operator compares. */
export function isComparison(op: BinaryOp): op is ComparisonOp {
  return op === '==' || op === '!=' || op === '>' || op === '>=' || op === '<' || op === '<=';
}

/** Whether an operator is `and`, `or` or `unless`. */
export function isSetOperator(op: BinaryOp): op is SetOp {
  return op === 'and' || op === 'or' || op === 'unless';
}

/** Whether an aggregation passes some of its series on, with all their labels, instead of making new ones of them. */
export function passesSeries(op: AggregationOp): boolean {
  return op === 'topk' || op === 'bottomk' || op === 'limitk' || op === 'limit_ratio';
}

/** Whether an aggregation takes a parameter before its vector. */
export function hasParameter(op: AggregationOp): boolean {
  return passesSeries(op) || op === 'quantile' || op === 'count_values';
}
