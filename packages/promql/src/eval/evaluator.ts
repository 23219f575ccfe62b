/**
 * The evaluator: walks an expression and computes it on a grid of times.
 *
 * All samples have been fetched before, but for those that `info` asks for. A vector becomes columns, a scalar a number per step, a range vector series
 * with their own times. A part of the query that is the same at every step (`@`) is computed once and spread.
 */
import {
  type AggregateExpr,
  type BinaryExpr,
  type Call,
  type Expr,
  isSetOperator,
  type MatrixSelector,
  type PositionRange,
  type SubqueryExpr,
  unwrapParens,
  type VectorSelector,
} from '../ast.ts';
import { valueType } from '../check.ts';
import { scaled } from '../histogram/histogram-sum.ts';
import { isValidUtf8, quote } from '../quote.ts';
import type { SelectRequest, Series } from '../storage.ts';
import { QueryError } from '../value.ts';
import { aggregate, countValues, pick } from './aggregate.ts';
import type { Annotations } from './annotations.ts';
import * as binary from './binary.ts';
import { evaluateCall } from './call.ts';
import {
  type Column,
  ColumnSlab,
  floatsOnly,
  type Grid,
  type Histograms,
  isEmpty,
  mergeSameLabels,
  type RangeSeries,
  spread,
  timeAt,
} from './column.ts';
import { type Extension, extendedWindow, smoothedValues } from './extended-windows.ts';
import { type FoldOp, folds } from './fold.ts';
import { formatGeneral } from './format-general.ts';
import { smoothedHistograms } from './histogram-extended.ts';
import { limitRatio } from './limit.ts';
import { dense, latest, latestHistograms, withoutMarkers } from './samples.ts';
import { type CounterSeries, latestStarts, withStarts } from './start-timestamps.ts';
import { StreamedGroups } from './streamed-groups.ts';
import type { Times } from './times.ts';
import type { Watch } from './watch.ts';
import type { Windows } from './window-plan.ts';

const INT64_MIN = -(2 ** 63);
const INT64_MAX = 2 ** 63;

/** A range vector and where its windows lie. */
export interface RangeArgument {
  /** How many series there are, some of them perhaps without samples. */
  readonly count: number;
  readonly hasHistograms: boolean;
  /** The series one after the other, once: each is valid until the next one is taken. */
  readonly series: Iterable<CounterSeries>;
  readonly windows: Windows;
  /** Present where the selector looks beyond its windows. */
  readonly extension?: Extension;
}

/** Evaluates one query. */
export class Evaluator {
  readonly #data: ReadonlyMap<VectorSelector, readonly Series[]>;
  readonly times: Times;
  readonly notes: Annotations;
  readonly watch: Watch;
  /** Asks storage for series that only the evaluation can name. */
  readonly fetch: (request: SelectRequest) => Promise<readonly Series[]>;

  constructor(
    data: ReadonlyMap<VectorSelector, readonly Series[]>,
    times: Times,
    notes: Annotations,
    watch: Watch,
    fetch: Evaluator['fetch'],
  ) {
    this.fetch = fetch;
    this.#data = data;
    this.times = times;
    this.notes = notes;
    this.watch = watch;
  }

  /** An instant vector at every step. */
  async vector(expr: Expr, grid: Grid): Promise<Column[]> {
    if (grid.count === 0) return [];
    const held = this.watch.samples;
    let columns: Column[];
    if (grid.count > 1 && this.times.isInvariant(expr)) {
      columns = spread(await this.#vector(expr, { ...grid, count: 1 }), grid.count);
    } else columns = await this.#vector(expr, grid);
    // What the parts of the expression held is free now.
    this.watch.samples = held;
    this.watch.hold(columns.length * grid.count);
    if (this.watch.isDue(0)) await this.watch.pause();
    return columns;
  }

  /** A scalar at every step. */
  async scalar(expr: Expr, grid: Grid): Promise<Float64Array> {
    if (grid.count > 1 && this.times.isInvariant(expr)) {
      const [value] = await this.#scalar(expr, { ...grid, count: 1 });
      return new Float64Array(grid.count).fill(value!);
    }
    return this.#scalar(expr, grid);
  }

  /** A range vector at one time: the samples themselves. */
  async matrix(expr: MatrixSelector | SubqueryExpr, grid: Grid): Promise<RangeSeries[]> {
    const { series, windows, extension } = await this.range(expr, grid);
    const { rangeMs, offsetMs, fixedEndMs } = windows;
    const endMs = fixedEndMs ?? grid.startMs - offsetMs;
    return Array.from(series, (one) => {
      if (extension !== undefined && one.histograms === undefined)
        return extendedWindow(one, endMs - rangeMs, endMs, extension);
      const inside = one.timestamps.map((t) => (t > endMs - rangeMs && t <= endMs ? 1 : 0));
      const keep = (_: number, i: number): boolean => inside[i] === 1;
      const { histograms } = one;
      return {
        ...one,
        timestamps: one.timestamps.filter(keep),
        values: one.values.filter(keep),
        ...(histograms !== undefined && { histograms: histograms.filter((_, i) => inside[i] === 1) }),
      };
    }).filter(({ timestamps }) => timestamps.length > 0);
  }

  async #vector(expr: Expr, grid: Grid): Promise<Column[]> {
    switch (expr.type) {
      case 'parenExpr':
        return this.vector(expr.expr, grid);
      case 'vectorSelector':
        return this.selector(expr, grid, false);
      case 'unaryExpr': {
        const columns = await this.vector(expr.expr, grid);
        return expr.op === '+' ? columns : columns.map(negated);
      }
      case 'binaryExpr':
        return this.#binary(expr, grid);
      case 'aggregation':
        return this.#aggregation(expr, grid);
      case 'call':
        return evaluateCall(this, expr, grid);
      case 'matrixSelector':
      case 'subquery':
      case 'numberLiteral':
      case 'stringLiteral':
        throw new Error(`BUG: ${expr.type} evaluated as an instant vector`);
    }
  }

  async #scalar(expr: Expr, grid: Grid): Promise<Float64Array> {
    const result = new Float64Array(grid.count);
    switch (expr.type) {
      case 'numberLiteral':
        return result.fill(expr.value);
      case 'parenExpr':
        return this.scalar(expr.expr, grid);
      case 'unaryExpr': {
        const values = await this.scalar(expr.expr, grid);
        return expr.op === '-' ? values.map((value) => -value) : values;
      }
      case 'binaryExpr':
        return binary.scalars(expr.op, await this.scalar(expr.lhs, grid), await this.scalar(expr.rhs, grid));
      case 'call':
        break;
      default:
        throw new Error(`BUG: ${expr.type} evaluated as a scalar`);
    }
    const { startMs, endMs, stepMs } = this.times;
    switch (expr.func) {
      case 'time':
        return result.map((_, step) => timeAt(grid, step) / 1000);
      case 'pi':
        return result.fill(Math.PI);
      case 'start':
        return result.fill(startMs / 1000);
      case 'end':
        return result.fill(endMs / 1000);
      case 'range':
        return result.fill((endMs - startMs) / 1000);
      case 'step':
        return result.fill(startMs === endMs ? 0 : stepMs / 1000);
      case 'max_of':
      case 'min_of': {
        const pickOne = expr.func === 'max_of' ? Math.max : Math.min;
        const [a, b] = [await this.scalar(expr.args[0]!, grid), await this.scalar(expr.args[1]!, grid)];
        return result.map((_, step) => pickOne(a[step]!, b[step]!));
      }
      case 'scalar': {
        const columns = await this.vector(expr.args[0]!, grid);
        const counts = new Uint32Array(grid.count);
        for (const { values, present } of floatsOnly(columns)) {
          for (let step = 0; step < grid.count; step++) {
            if (present[step] === 0) continue;
            counts[step] = counts[step]! + 1;
            result[step] = values[step]!;
          }
        }
        return result.map((value, step) => (counts[step] === 1 ? value : Number.NaN));
      }
      default:
        throw new QueryError('execution', `function ${quote(expr.func)} is not supported yet`);
    }
  }

  /** The latest sample of each series within lookback, or its time or start timestamp, in seconds. */
  async selector(expr: VectorSelector, grid: Grid, times: boolean | 'start'): Promise<Column[]> {
    const fixed = this.times.fixedMs(expr);
    const offset = this.times.offsetMs(expr);
    const columns: Column[] = [];
    const data = this.#data.get(expr) ?? [];
    const slab = new ColumnSlab(grid.count, data.length);
    for (const one of data) {
      const series = now(one);
      // Before memory is taken: a subquery can have any number of steps.
      this.watch.hold(grid.count);
      let column = slab.next(series.labels, false);
      const at = fixed === undefined ? grid.startMs - offset : fixed - offset;
      const stepMs = fixed === undefined ? grid.stepMs : 0;
      const { histograms } = series;
      const { lookbackMs } = this.times;
      if (expr.smoothed && !times && histograms !== undefined) {
        const found = this.#smoothed(expr, series, column, at, stepMs);
        column = { ...column, histograms: found };
      } else if (times === 'start') latestStarts(series, column, at, stepMs, lookbackMs);
      else if (expr.smoothed && !times)
        smoothedValues(withoutMarkers(series), column, at, stepMs, lookbackMs);
      else if (histograms === undefined || times) latest(series, column, at, stepMs, lookbackMs, times);
      else {
        const found = latestHistograms({ ...series, histograms }, column, at, stepMs, lookbackMs);
        column = { ...column, histograms: found };
      }
      if (!isEmpty(column)) columns.push(column);
      if (this.watch.isDue(0)) await this.watch.pause();
    }
    return columns;
  }

  /**
   * A range vector and its windows.
   * @param starts whether start timestamps are wanted; a subquery has none
   * @param groups say in which order a selector's series are to come
   */
  async range(
    expr: MatrixSelector | SubqueryExpr,
    grid: Grid,
    starts = false,
    groups?: StreamedGroups,
  ): Promise<RangeArgument> {
    const rangeMs = this.times.rangeMs(expr);
    const modifiers = expr.type === 'subquery' ? expr : expr.selector;
    const offsetMs = this.times.offsetMs(modifiers);
    const fixed = this.times.fixedMs(modifiers);
    const fixedEndMs = fixed === undefined ? undefined : fixed - offsetMs;
    let count: number;
    let hasHistograms: boolean;
    let series: Iterable<CounterSeries>;
    if (expr.type === 'matrixSelector') {
      const data = this.#data.get(expr.selector) ?? [];
      count = data.length;
      hasHistograms = data.some(({ histograms }) => histograms !== undefined);
      series = eachOf(groups?.arrange(data) ?? data, starts ? withStarts : withoutMarkers);
    } else {
      const inner = this.times.subqueryGrid(expr, grid);
      this.watch.hold(inner.count);
      const columns = await this.vector(expr.expr, inner);
      const merged = mergeSameLabels(columns).map((column) => dense(column, inner));
      count = merged.length;
      hasHistograms = merged.some(({ histograms }) => histograms !== undefined);
      series = merged;
    }
    const windows = { grid, rangeMs, offsetMs, fixedEndMs };
    const kind = extensionOf(expr);
    const extension = kind && { kind, lookbackMs: this.times.lookbackMs };
    return { count, hasHistograms, series, windows, ...(extension && { extension }) };
  }

  #smoothed(
    expr: VectorSelector,
    series: Series,
    column: Column,
    firstMs: number,
    stepMs: number,
  ): Histograms {
    const seen = withoutMarkers(series);
    const about = { notes: this.notes, at: expr, metricName: series.labels.metricName };
    const mixed = { ...seen, histograms: seen.histograms ?? [] };
    return smoothedHistograms(mixed, column, firstMs, stepMs, this.times, about);
  }

  async #binary(expr: BinaryExpr, grid: Grid): Promise<Column[]> {
    const { op, lhs, rhs, matching } = expr;
    const { notes } = this;
    if (valueType(lhs) === 'scalar')
      return binary.withScalar(expr, await this.vector(rhs, grid), await this.scalar(lhs, grid), true, notes);
    const left = await this.vector(lhs, grid);
    if (valueType(rhs) === 'scalar')
      return binary.withScalar(expr, left, await this.scalar(rhs, grid), false, notes);
    const right = await this.vector(rhs, grid);
    if (matching === undefined) throw new Error('BUG: vectors without matching');
    if (!isSetOperator(op)) return binary.vectors(op, expr, matching, left, right, notes);
    const columns = binary.setOperation(op, matching, left, right);
    return grid.count > 1 ? mergeSameLabels(columns) : columns;
  }

  async #aggregation(expr: AggregateExpr, grid: Grid): Promise<Column[]> {
    const { op } = expr;
    if (op === 'count_values') {
      const label = stringOf(expr.param!);
      if (label === '' || !isValidUtf8(label))
        throw new QueryError('execution', `invalid label name ${quote(label)}`);
      return countValues(expr, label, await this.vector(expr.expr, grid), grid.count);
    }
    if (folds(op)) {
      const streamed = await this.#streamed(op, expr, grid);
      if (streamed !== undefined) return streamed;
    }
    const param = expr.param === undefined ? undefined : await this.scalar(expr.param, grid);
    const columns = await this.vector(expr.expr, grid);
    switch (op) {
      case 'topk':
      case 'bottomk':
      case 'limitk':
        this.#checkCount(param!);
        return pick(op, expr, columns, grid.count, param!, this.notes);
      case 'limit_ratio':
        return limitRatio(expr, columns, param!, this.notes);
      case 'quantile':
        this.checkQuantiles(param!, expr.param!);
        return aggregate(op, expr, columns, grid.count, param, this.notes);
      default:
        return aggregate(op, expr, columns, grid.count, undefined, this.notes);
    }
  }

  /** The aggregation of a function of a range vector, column by column; undefined where that is not possible. */
  async #streamed(op: FoldOp, expr: AggregateExpr, grid: Grid): Promise<Column[] | undefined> {
    const inner = unwrapParens(expr.expr);
    if (inner.type !== 'call' || !takesRange(inner) || this.times.isInvariant(inner)) return undefined;
    const held = this.watch.samples;
    const groups = new StreamedGroups(op, expr, grid.count);
    const columns = await evaluateCall(this, inner, grid, groups);
    this.watch.samples = held;
    this.watch.hold(groups.size * grid.count);
    return columns.length > 0
      ? aggregate(op, expr, columns, grid.count, undefined, this.notes)
      : groups.finish();
  }

  #checkCount(counts: Float64Array): void {
    if (counts.some(Number.isNaN)) throw new QueryError('execution', 'Parameter value is NaN');
    if (counts.every((count) => count < 1)) return;
    for (const count of counts) {
      if (count <= INT64_MIN)
        throw new QueryError('execution', `Scalar value ${formatGeneral(count)} underflows int64`);
      if (count >= INT64_MAX)
        throw new QueryError('execution', `Scalar value ${formatGeneral(count)} overflows int64`);
    }
  }

  /** Warns of quantiles outside of 0 to 1. */
  checkQuantiles(quantiles: Float64Array, at: PositionRange): void {
    for (const q of quantiles) {
      if (!(q >= 0 && q <= 1))
        this.notes.warn(`quantile value should be between 0 and 1, got ${formatGeneral(q)}`, at);
    }
  }
}

/** A series with the samples that it has now, and until the next one of its answer is looked at. */
function now(series: Series): Series {
  return series.transient === undefined ? series : { labels: series.labels, ...series.transient() };
}

function* eachOf(
  data: readonly Series[],
  prepare: (series: Series) => CounterSeries,
): Generator<CounterSeries, void> {
  for (const series of data) yield prepare(now(series));
}

/** Whether a call is one of a range vector, and not of what such calls give. */
function takesRange({ func, args }: Call): boolean {
  const matrix = args.map(unwrapParens).some(({ type }) => type === 'matrixSelector' || type === 'subquery');
  return matrix && func !== 'absent_over_time';
}

/** Whether a range vector is anchored or smoothed. */
export function extensionOf(expr: MatrixSelector | SubqueryExpr): Extension['kind'] | undefined {
  if (expr.type === 'subquery') return undefined;
  return expr.selector.anchored ? 'anchored' : expr.selector.smoothed ? 'smoothed' : undefined;
}

/** Minus a column. */
function negated(column: Column): Column {
  const { histograms } = column;
  const values = column.values.map((value) => -value);
  return histograms === undefined
    ? { ...column, dropName: true, values }
    : { ...column, dropName: true, values, histograms: histograms.map((one) => one && scaled(one, -1)) };
}

/** The text of a string literal, which the checker has seen to. */
export function stringOf(expr: Expr): string {
  const literal = unwrapParens(expr);
  if (literal.type !== 'stringLiteral')
    throw new Error(`BUG: ${literal.type} where a string was checked for`);
  return literal.value;
}
