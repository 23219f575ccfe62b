/**
 * The evaluator: walks an expression and computes it on a grid of times.
 *
 * All samples have been fetched before. A vector becomes columns, a scalar a number per step, a range vector series
 * with their own times. A part of the query that is the same at every step (`@`) is computed once and spread.
 */
import { isStaleAt, Labels, wordsOf } from '@binnacle/metrics/model';
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
import { isValidUtf8, quote } from '../quote.ts';
import type { Series } from '../storage.ts';
import { QueryError } from '../value.ts';
import { aggregate, countValues, pick } from './aggregate.ts';
import type { Annotations } from './annotations.ts';
import { forMetric } from './annotations.ts';
import * as binary from './binary.ts';
import { BucketCounts, bucketFraction, bucketQuantile, histogramsOf } from './classic-histogram.ts';
import {
  type Column,
  emptyColumn,
  type Grid,
  isEmpty,
  mergeSameLabels,
  type RangeSeries,
  spread,
  timeAt,
} from './column.ts';
import { formatGeneral } from './format-general.ts';
import { clamp, DATE_FUNCTIONS, NUMBER_FUNCTIONS, roundTo } from './instant-functions.ts';
import { absentLabels, labelJoin, labelReplace } from './label-functions.ts';
import { markPresent, overWindows, RANGE_FUNCTIONS } from './range-functions.ts';
import type { Times } from './times.ts';
import type { Watch } from './watch.ts';

const INT64_MIN = -(2 ** 63);
const INT64_MAX = 2 ** 63;
const COUNTER_SUFFIX = /_(total|sum|count|bucket)$/;

/** A range vector and where its windows end. */
interface RangeArgument {
  readonly series: readonly RangeSeries[];
  readonly rangeMs: number;
  readonly offsetMs: number;
  /** The end of every window, when `@` fixes it. */
  readonly fixedEndMs: number | undefined;
}

/** Evaluates one query. */
export class Evaluator {
  readonly #data: ReadonlyMap<VectorSelector, readonly Series[]>;
  readonly #times: Times;
  readonly #notes: Annotations;
  readonly #watch: Watch;

  constructor(
    data: ReadonlyMap<VectorSelector, readonly Series[]>,
    times: Times,
    notes: Annotations,
    watch: Watch,
  ) {
    this.#data = data;
    this.#times = times;
    this.#notes = notes;
    this.#watch = watch;
  }

  /** An instant vector at every step. */
  async vector(expr: Expr, grid: Grid): Promise<Column[]> {
    if (grid.count === 0) return [];
    const held = this.#watch.samples;
    let columns: Column[];
    if (grid.count > 1 && this.#times.isInvariant(expr)) {
      columns = spread(await this.#vector(expr, { ...grid, count: 1 }), grid.count);
    } else columns = await this.#vector(expr, grid);
    // What the parts of the expression held is free now.
    this.#watch.samples = held;
    this.#watch.hold(columns.length * grid.count);
    if (this.#watch.isDue(0)) await this.#watch.pause();
    return columns;
  }

  /** A scalar at every step. */
  async scalar(expr: Expr, grid: Grid): Promise<Float64Array> {
    if (grid.count > 1 && this.#times.isInvariant(expr)) {
      const [value] = await this.#scalar(expr, { ...grid, count: 1 });
      return new Float64Array(grid.count).fill(value!);
    }
    return this.#scalar(expr, grid);
  }

  /** A range vector at one time: the samples themselves. */
  async matrix(expr: MatrixSelector | SubqueryExpr, grid: Grid): Promise<RangeSeries[]> {
    const { series, rangeMs, offsetMs, fixedEndMs } = await this.#range(expr, grid);
    const endMs = fixedEndMs ?? grid.startMs - offsetMs;
    return series
      .map((one) => {
        const inside = one.timestamps.map((t) => (t > endMs - rangeMs && t <= endMs ? 1 : 0));
        const keep = (_: number, i: number): boolean => inside[i] === 1;
        return { ...one, timestamps: one.timestamps.filter(keep), values: one.values.filter(keep) };
      })
      .filter(({ timestamps }) => timestamps.length > 0);
  }

  async #vector(expr: Expr, grid: Grid): Promise<Column[]> {
    switch (expr.type) {
      case 'parenExpr':
        return this.vector(expr.expr, grid);
      case 'vectorSelector':
        return this.#selector(expr, grid, false);
      case 'unaryExpr': {
        const columns = await this.vector(expr.expr, grid);
        return expr.op === '+'
          ? columns
          : columns.map((column) => ({ ...column, dropName: true, values: column.values.map((v) => -v) }));
      }
      case 'binaryExpr':
        return this.#binary(expr, grid);
      case 'aggregation':
        return this.#aggregation(expr, grid);
      case 'call':
        return this.#call(expr, grid);
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
    const { startMs, endMs, stepMs } = this.#times;
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
        for (const { values, present } of columns) {
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

  /** The latest sample of each series within lookback, or its time in seconds. */
  async #selector(expr: VectorSelector, grid: Grid, times: boolean): Promise<Column[]> {
    if (expr.anchored || expr.smoothed)
      throw new QueryError('execution', 'anchored and smoothed selectors are not supported yet');
    const fixed = this.#times.fixedMs(expr);
    const offset = this.#times.offsetMs(expr);
    const columns: Column[] = [];
    for (const series of this.#data.get(expr) ?? []) {
      const column = emptyColumn(series.labels, false, grid.count);
      const at = fixed === undefined ? grid.startMs - offset : fixed - offset;
      latest(series, column, at, fixed === undefined ? grid.stepMs : 0, this.#times.lookbackMs, times);
      if (!isEmpty(column)) columns.push(column);
      if (this.#watch.isDue(grid.count)) await this.#watch.pause();
    }
    return columns;
  }

  async #range(expr: MatrixSelector | SubqueryExpr, grid: Grid): Promise<RangeArgument> {
    const rangeMs = this.#times.rangeMs(expr);
    const modifiers = expr.type === 'subquery' ? expr : expr.selector;
    if (modifiers.type === 'vectorSelector' && (modifiers.anchored || modifiers.smoothed))
      throw new QueryError('execution', 'anchored and smoothed selectors are not supported yet');
    const offsetMs = this.#times.offsetMs(modifiers);
    const fixed = this.#times.fixedMs(modifiers);
    const fixedEndMs = fixed === undefined ? undefined : fixed - offsetMs;
    let series: RangeSeries[];
    if (expr.type === 'matrixSelector') {
      series = (this.#data.get(expr.selector) ?? []).map(withoutMarkers);
    } else {
      const inner = this.#times.subqueryGrid(expr, grid);
      const columns = await this.vector(expr.expr, inner);
      series = mergeSameLabels(columns).map((column) => dense(column, inner));
    }
    return { series, rangeMs, offsetMs, fixedEndMs };
  }

  async #binary(expr: BinaryExpr, grid: Grid): Promise<Column[]> {
    const { op, lhs, rhs, matching } = expr;
    if (op === '</' || op === '>/')
      throw new QueryError('execution', `operator ${quote(op)} is not supported yet`);
    if (valueType(lhs) === 'scalar')
      return binary.withScalar(expr, await this.vector(rhs, grid), await this.scalar(lhs, grid), true);
    const left = await this.vector(lhs, grid);
    if (valueType(rhs) === 'scalar')
      return binary.withScalar(expr, left, await this.scalar(rhs, grid), false);
    const right = await this.vector(rhs, grid);
    if (matching === undefined) throw new Error('BUG: vectors without matching');
    if (matching.fill.lhs !== undefined || matching.fill.rhs !== undefined)
      throw new QueryError('execution', 'fill modifiers are not supported yet');
    if (!isSetOperator(op)) return binary.vectors(op, expr, matching, left, right);
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
    const param = expr.param === undefined ? undefined : await this.scalar(expr.param, grid);
    const columns = await this.vector(expr.expr, grid);
    switch (op) {
      case 'topk':
      case 'bottomk':
      case 'limitk':
        this.#checkCount(param!);
        return pick(op, expr, columns, grid.count, param!);
      case 'limit_ratio':
        throw new QueryError('execution', 'limit_ratio() is not supported yet');
      case 'quantile':
        for (const q of [param!.find(Number.isNaN), Math.max(...param!), Math.min(...param!)])
          if (q !== undefined) this.#checkQuantile(q, expr.param!);
        return aggregate(op, expr, columns, grid.count, param);
      default:
        return aggregate(op, expr, columns, grid.count, undefined);
    }
  }

  #checkCount(counts: Float64Array): void {
    let most = Number.NEGATIVE_INFINITY;
    for (const count of counts) if (!(count <= most)) most = Number.isNaN(count) ? most : count;
    const hasNaN = counts.some(Number.isNaN);
    if (most < 1 && !(hasNaN && most === Number.NEGATIVE_INFINITY)) return;
    if (hasNaN) throw new QueryError('execution', 'Parameter value is NaN');
    for (const count of counts) {
      if (count <= INT64_MIN)
        throw new QueryError('execution', `Scalar value ${formatGeneral(count)} underflows int64`);
      if (count >= INT64_MAX)
        throw new QueryError('execution', `Scalar value ${formatGeneral(count)} overflows int64`);
    }
  }

  #checkQuantile(q: number, at: PositionRange): void {
    if (!(q >= 0 && q <= 1))
      this.#notes.warn(`quantile value should be between 0 and 1, got ${formatGeneral(q)}`, at);
  }

  async #call(expr: Call, grid: Grid): Promise<Column[]> {
    const { func } = expr;
    const args = expr.args.map(unwrapParens);
    const [first, second] = args;
    const matrix = args.find((arg) => arg.type === 'matrixSelector' || arg.type === 'subquery');
    if (matrix !== undefined) return this.#rangeCall(expr, args, matrix, grid);
    switch (func) {
      case 'vector': {
        const values = await this.scalar(first!, grid);
        const column = emptyColumn(Labels.EMPTY, false, grid.count);
        column.values.set(values);
        column.present.fill(1);
        return [column];
      }
      case 'absent':
        return absent(await this.vector(first!, grid), absentLabels(first!), grid.count, false);
      case 'timestamp':
        return this.#timestamp(first!, grid);
      case 'label_replace':
        return labelReplace(await this.vector(first!, grid), args.slice(1).map(stringOf));
      case 'label_join':
        return labelJoin(await this.vector(first!, grid), args.slice(1).map(stringOf));
      case 'sort':
      case 'sort_desc':
        return this.#sorted(expr, await this.vector(first!, grid), grid, func === 'sort' ? 1 : -1);
      case 'histogram_quantile':
      case 'histogram_fraction':
        return this.#histogram(expr, args, grid);
      case 'round':
        return this.#mapped(first!, second === undefined ? [] : [second], grid, (value, nearest) =>
          roundTo(value, nearest ?? 1),
        );
      case 'clamp':
        return this.#clamped(first!, second, args[2], grid);
      case 'clamp_min':
        return this.#clamped(first!, second, undefined, grid);
      case 'clamp_max':
        return this.#clamped(first!, undefined, second, grid);
    }
    const ofNumber = NUMBER_FUNCTIONS[func];
    if (ofNumber !== undefined) return this.#mapped(first!, [], grid, ofNumber);
    const ofTime = DATE_FUNCTIONS[func];
    if (ofTime !== undefined) {
      if (first !== undefined) return this.#mapped(first, [], grid, ofTime);
      const column = emptyColumn(Labels.EMPTY, false, grid.count);
      for (let step = 0; step < grid.count; step++) column.values[step] = ofTime(timeAt(grid, step) / 1000);
      column.present.fill(1);
      return [column];
    }
    throw new QueryError('execution', `function ${quote(func)} is not supported yet`);
  }

  /** A function of each sample and of scalars. */
  async #mapped(
    arg: Expr,
    scalars: readonly Expr[],
    grid: Grid,
    compute: (value: number, a?: number) => number,
  ): Promise<Column[]> {
    const columns = await this.vector(arg, grid);
    const param = scalars[0] === undefined ? undefined : await this.scalar(scalars[0], grid);
    return columns.map(({ labels, values, present }) => ({
      labels,
      dropName: true,
      values: values.map((value, step) => compute(value, param?.[step])),
      present,
    }));
  }

  async #clamped(arg: Expr, least: Expr | undefined, most: Expr | undefined, grid: Grid): Promise<Column[]> {
    const columns = await this.vector(arg, grid);
    const low = least === undefined ? undefined : await this.scalar(least, grid);
    const high = most === undefined ? undefined : await this.scalar(most, grid);
    const lowAt = (step: number): number => low?.[step] ?? Number.NEGATIVE_INFINITY;
    const highAt = (step: number): number => high?.[step] ?? Number.POSITIVE_INFINITY;
    return columns
      .map(({ labels, values, present }) => ({
        labels,
        dropName: true,
        values: values.map((value, step) => clamp(value, lowAt(step), highAt(step))),
        // Limits that exclude each other leave nothing.
        present: present.map((bit, step) => (highAt(step) < lowAt(step) ? 0 : bit)),
      }))
      .filter((column) => !isEmpty(column));
  }

  async #timestamp(arg: Expr, grid: Grid): Promise<Column[]> {
    const direct = arg.type === 'vectorSelector';
    const columns = direct ? await this.#selector(arg, grid, true) : await this.vector(arg, grid);
    return columns.map((column) => ({
      ...column,
      dropName: true,
      values: direct ? column.values : column.values.map((_, step) => timeAt(grid, step) / 1000),
    }));
  }

  #sorted(expr: Call, columns: Column[], grid: Grid, sign: 1 | -1): Column[] {
    if (this.#times.startMs !== this.#times.endMs) {
      this.#notes.warn(
        'sort is ineffective for range queries since results are always ordered by labels',
        expr,
      );
    }
    if (grid.count !== 1) return columns;
    // NaN goes to the end either way.
    return columns.sort((a, b) => {
      const [x, y] = [a.values[0]!, b.values[0]!];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    });
  }

  async #histogram(expr: Call, args: readonly Expr[], grid: Grid): Promise<Column[]> {
    const quantile = expr.func === 'histogram_quantile';
    const vectorArg = args.at(-1)!;
    const a = await this.scalar(args[0]!, grid);
    const b = quantile ? a : await this.scalar(args[1]!, grid);
    if (quantile) for (const q of a) this.#checkQuantile(q, args[0]!);
    const histograms = histogramsOf(await this.vector(vectorArg, grid), (column, le) => {
      const name = forMetric(column.labels.metricName);
      const message = `bucket label "le" is missing or has a malformed value of ${quote(le)}${name}`;
      this.#notes.warn(message, vectorArg);
    });
    const results: Column[] = [];
    for (const histogram of histograms) {
      const counts = new BucketCounts(histogram.buckets.length);
      const column = emptyColumn(histogram.labels, true, grid.count);
      for (let step = 0; step < grid.count; step++) {
        if (!counts.read(histogram, step)) continue;
        column.present[step] = 1;
        column.values[step] = quantile
          ? bucketQuantile(a[step]!, counts)
          : bucketFraction(a[step]!, b[step]!, counts);
        if (counts.forced !== undefined) {
          const name = histogram.labels.metricName;
          this.#notes.forcedMonotonicity(name, vectorArg, timeAt(grid, step), counts.forced);
        }
      }
      results.push(column);
      if (this.#watch.isDue(grid.count * histogram.buckets.length)) await this.#watch.pause();
    }
    return results;
  }

  async #rangeCall(
    expr: Call,
    args: readonly Expr[],
    matrix: MatrixSelector | SubqueryExpr,
    grid: Grid,
  ): Promise<Column[]> {
    const { func } = expr;
    const scalars: Float64Array[] = [];
    for (const arg of args) if (arg !== matrix) scalars.push(await this.scalar(arg, grid));
    const { series, rangeMs, offsetMs, fixedEndMs } = await this.#range(matrix, grid);
    if (func === 'absent_over_time') {
      const present = new Uint8Array(grid.count);
      for (const { timestamps } of series)
        markPresent(timestamps, present, grid, offsetMs, fixedEndMs, rangeMs);
      const column = { ...emptyColumn(absentLabels(matrix), true, grid.count), present };
      return absent([column], column.labels, grid.count, true);
    }
    if (RANGE_FUNCTIONS[func] === undefined)
      throw new QueryError('execution', `function ${quote(func)} is not supported yet`);
    if (func === 'double_exponential_smoothing' && series.length > 0) checkFactors(scalars);
    const columns: Column[] = [];
    for (const one of series) {
      const { column, samplesSeen } = overWindows(
        one,
        func,
        { grid, rangeMs, scalars },
        offsetMs,
        fixedEndMs,
      );
      if (this.#watch.isDue(grid.count + samplesSeen)) await this.#watch.pause();
      if (isEmpty(column)) continue;
      columns.push(column);
      const name = one.labels.metricName;
      if ((func === 'rate' || func === 'increase') && name !== '' && !COUNTER_SUFFIX.test(name)) {
        this.#notes.info(
          `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
          matrix,
        );
      }
    }
    if (func === 'quantile_over_time' && series.length > 0)
      for (const q of scalars[0]!) this.#checkQuantile(q, args[0]!);
    return columns;
  }
}

/** `absent`: one where no column has a value. */
function absent(
  columns: readonly Column[],
  labels: Column['labels'],
  count: number,
  dropName: boolean,
): Column[] {
  const column = emptyColumn(labels, dropName, count);
  column.values.fill(1);
  column.present.fill(1);
  for (const { present } of columns)
    for (let step = 0; step < count; step++) if (present[step] === 1) column.present[step] = 0;
  return isEmpty(column) ? [] : [column];
}

function latest(
  { timestamps, values }: Series,
  column: Column,
  firstMs: number,
  stepMs: number,
  lookbackMs: number,
  times: boolean,
): void {
  const n = timestamps.length;
  const words = wordsOf(values);
  const { values: out, present } = column;
  let at = -1;
  for (let step = 0; step < out.length; step++) {
    const time = firstMs + step * stepMs;
    while (at + 1 < n && timestamps[at + 1]! <= time) at++;
    if (at < 0 || timestamps[at]! <= time - lookbackMs) continue;
    const value = values[at]!;
    if (Number.isNaN(value) && isStaleAt(words, at)) continue;
    out[step] = times ? timestamps[at]! / 1000 : value;
    present[step] = 1;
  }
}

/** Range functions do not see staleness markers. */
function withoutMarkers({ labels, timestamps, values }: Series): RangeSeries {
  let first = 0;
  while (first < values.length && !Number.isNaN(values[first]!)) first++;
  if (first === values.length) return { labels, dropName: false, timestamps, values };
  const words = wordsOf(values);
  const keep = values.map((value, i) => (Number.isNaN(value) && isStaleAt(words, i) ? 0 : 1));
  return {
    labels,
    dropName: false,
    timestamps: timestamps.filter((_, i) => keep[i] === 1),
    values: values.filter((_, i) => keep[i] === 1),
  };
}

/** A subquery's column as samples. */
function dense({ labels, dropName, values, present }: Column, grid: Grid): RangeSeries {
  const timestamps = values.map((_, step) => timeAt(grid, step));
  if (present.indexOf(0) < 0) return { labels, dropName, timestamps, values };
  return {
    labels,
    dropName,
    timestamps: timestamps.filter((_, step) => present[step] === 1),
    values: values.filter((_, step) => present[step] === 1),
  };
}

function checkFactors([level, trend]: readonly Float64Array[]): void {
  for (const [name, factors] of [
    ['smoothing', level!],
    ['trend', trend!],
  ] as const) {
    const short = name === 'smoothing' ? 'sf' : 'tf';
    for (const factor of factors) {
      if (!(factor > 0 && factor < 1) && !Number.isNaN(factor)) {
        throw new QueryError(
          'execution',
          `invalid ${name} factor. Expected: 0 < ${short} < 1, got: ${factor.toFixed(6)}`,
        );
      }
    }
  }
}

function stringOf(expr: Expr): string {
  const literal = unwrapParens(expr);
  if (literal.type !== 'stringLiteral')
    throw new Error(`BUG: ${literal.type} where a string was checked for`);
  return literal.value;
}
