/** Functions: what each does with its arguments. How single numbers and windows are computed stands elsewhere. */
import { Labels } from '@binnacle/metrics/model';
import { type Call, type Expr, type MatrixSelector, type SubqueryExpr, unwrapParens } from '../ast.ts';
import { quote } from '../quote.ts';
import { QueryError } from '../value.ts';
import { type Column, ColumnSlab, emptyColumn, floatsOnly, type Grid, isEmpty, timeAt } from './column.ts';
import { type Evaluator, extensionOf, stringOf } from './evaluator.ts';
import { checkExtensible, overExtended } from './extended-windows.ts';
import {
  HISTOGRAM_FUNCTIONS,
  histogramFraction,
  histogramQuantile,
  histogramQuantiles,
  ofHistograms,
} from './histogram-functions.ts';
import { overHistogramWindows } from './histogram-windows.ts';
import { info } from './info.ts';
import { clamp, DATE_FUNCTIONS, NUMBER_FUNCTIONS, roundTo } from './instant-functions.ts';
import { absentLabels, labelJoin, labelReplace } from './label-functions.ts';
import { naturalOrder } from './natural-order.ts';
import { isRangeFunction, markPresent, NAME_KEEPING, overWindows } from './range-functions.ts';
import { overStarted, usesStarts } from './start-timestamps.ts';
import type { StreamedGroups } from './streamed-groups.ts';
import { WindowPlan } from './window-plan.ts';

const COUNTER_SUFFIX = /_(total|sum|count|bucket)$/;

/**
 * Evaluates a call that gives an instant vector.
 * @param groups where there are some, the columns of a function of a range vector go there, unless it has histograms;
 * then none is returned
 */
export async function evaluateCall(
  evaluator: Evaluator,
  expr: Call,
  grid: Grid,
  groups?: StreamedGroups,
): Promise<Column[]> {
  const { func } = expr;
  const args = expr.args.map(unwrapParens);
  const [first, second, third] = args;
  const matrix = args.find((arg) => arg.type === 'matrixSelector' || arg.type === 'subquery');
  if (matrix !== undefined) return overRange(evaluator, expr, args, matrix, grid, groups);
  const vector = (): Promise<Column[]> => evaluator.vector(first!, grid);
  const ofNumber = NUMBER_FUNCTIONS[func];
  if (ofNumber !== undefined) return mapped(await vector(), ofNumber);
  const ofTime = DATE_FUNCTIONS[func];
  if (ofTime !== undefined) {
    if (first !== undefined) return mapped(await vector(), ofTime);
    return [constant(grid, (step) => ofTime(timeAt(grid, step) / 1000))];
  }
  const ofHistogram = HISTOGRAM_FUNCTIONS[func];
  if (ofHistogram !== undefined) return ofHistograms(await vector(), ofHistogram);
  switch (func) {
    case 'vector': {
      const values = await evaluator.scalar(first!, grid);
      return [constant(grid, (step) => values[step]!)];
    }
    case 'absent':
      return absent(await vector(), absentLabels(first!), grid.count, false);
    case 'timestamp':
      if (first?.type === 'vectorSelector')
        return mapped(await evaluator.selector(first, grid, true), (seconds) => seconds);
      return mapped(await vector(), (_, step) => timeAt(grid, step) / 1000, true);
    case 'start_timestamp':
      // What an expression computes began nowhere.
      if (first?.type !== 'vectorSelector') return [];
      return mapped(await evaluator.selector(first, grid, 'start'), (seconds) => seconds);
    case 'info':
      return info(evaluator, expr, grid);
    case 'label_replace':
      return labelReplace(await vector(), args.slice(1).map(stringOf));
    case 'label_join':
      return labelJoin(await vector(), args.slice(1).map(stringOf));
    case 'sort':
    case 'sort_desc':
      return sorted(evaluator, expr, [...floatsOnly(await vector())], byValue(func === 'sort' ? 1 : -1));
    case 'sort_by_label':
    case 'sort_by_label_desc': {
      const names = args.slice(1).map(stringOf);
      return sorted(evaluator, expr, await vector(), byLabels(names, func === 'sort_by_label' ? 1 : -1));
    }
    case 'round': {
      const nearest = second === undefined ? undefined : await evaluator.scalar(second, grid);
      return mapped(await vector(), (value, step) => roundTo(value, nearest?.[step] ?? 1));
    }
    case 'clamp':
      return clamped(evaluator, first!, second, third, grid);
    case 'clamp_min':
      return clamped(evaluator, first!, second, undefined, grid);
    case 'clamp_max':
      return clamped(evaluator, first!, undefined, second, grid);
    case 'histogram_quantile':
      return histogramQuantile(evaluator, args, grid);
    case 'histogram_quantiles':
      return histogramQuantiles(evaluator, args, grid);
    case 'histogram_fraction':
      return histogramFraction(evaluator, args, grid);
  }
  throw new QueryError('execution', `function ${quote(func)} is not supported yet`);
}

/** A column of its own, without labels, with a value at every step. */
function constant(grid: Grid, value: (step: number) => number): Column {
  const column = emptyColumn(Labels.EMPTY, false, grid.count);
  column.present.fill(1);
  for (let step = 0; step < grid.count; step++) column.values[step] = value(step);
  return column;
}

/** @param ofAny whether histograms have a result too */
function mapped(
  columns: readonly Column[],
  compute: (value: number, step: number) => number,
  ofAny = false,
): Column[] {
  return (ofAny ? columns : floatsOnly(columns)).map(({ labels, values, present }) => ({
    labels,
    dropName: true,
    values: values.map((value, step) => compute(value, step)),
    present,
  }));
}

async function clamped(
  evaluator: Evaluator,
  arg: Expr,
  least: Expr | undefined,
  most: Expr | undefined,
  grid: Grid,
): Promise<Column[]> {
  const low = least === undefined ? undefined : await evaluator.scalar(least, grid);
  const high = most === undefined ? undefined : await evaluator.scalar(most, grid);
  const lowAt = (step: number): number => low?.[step] ?? Number.NEGATIVE_INFINITY;
  const highAt = (step: number): number => high?.[step] ?? Number.POSITIVE_INFINITY;
  return mapped(await evaluator.vector(arg, grid), (value, step) => clamp(value, lowAt(step), highAt(step)))
    .map((column) => ({
      ...column,
      // Limits that exclude each other leave nothing.
      present: column.present.map((bit, step) => (highAt(step) < lowAt(step) ? 0 : bit)),
    }))
    .filter((column) => !isEmpty(column));
}

/** Sorts an instant vector; the result of a range query has an order of its own. */
function sorted(
  { notes, times }: Evaluator,
  expr: Call,
  columns: Column[],
  order: (a: Column, b: Column) => number,
): Column[] {
  if (times.startMs === times.endMs) return [...columns].sort(order);
  notes.warn('sort is ineffective for range queries since results are always ordered by labels', expr);
  return columns;
}

function byValue(sign: 1 | -1): (a: Column, b: Column) => number {
  return (a, b) => {
    const [x, y] = [a.values[0]!, b.values[0]!];
    // NaN goes to the end either way.
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return sign * (x < y ? -1 : x > y ? 1 : 0);
  };
}

function byLabels(names: readonly string[], sign: 1 | -1): (a: Column, b: Column) => number {
  return (a, b) => {
    for (const name of names) {
      const order = naturalOrder(a.labels.get(name), b.labels.get(name));
      if (order !== 0) return sign * order;
    }
    return sign * Labels.compare(a.labels, b.labels);
  };
}

/** A function of a range vector. */
async function overRange(
  evaluator: Evaluator,
  { func }: Call,
  args: readonly Expr[],
  matrix: MatrixSelector | SubqueryExpr,
  grid: Grid,
  groups: StreamedGroups | undefined,
): Promise<Column[]> {
  const scalars: Float64Array[] = [];
  for (const arg of args) if (arg !== matrix) scalars.push(await evaluator.scalar(arg, grid));
  const extended = extensionOf(matrix);
  if (extended !== undefined) checkExtensible(extended, func);
  const { count, hasHistograms, series, windows, extension } = await evaluator.range(
    matrix,
    grid,
    usesStarts(func),
    groups,
  );
  if (func === 'absent_over_time') {
    const seen = emptyColumn(Labels.EMPTY, true, grid.count);
    for (const { timestamps } of series) markPresent(timestamps, windows, seen);
    return absent([seen], absentLabels(matrix), grid.count, true);
  }
  if (!isRangeFunction(func))
    throw new QueryError('execution', `function ${quote(func)} is not supported yet`);
  if (count > 0) {
    if (func === 'double_exponential_smoothing') checkFactors(scalars);
    if (func === 'quantile_over_time') evaluator.checkQuantiles(scalars[0]!, args[0]!);
  }
  const call = { ...windows, scalars, plan: new WindowPlan(grid.count) };
  const overlaps = new Map<string, number>();
  const columns: Column[] = [];
  const streamed = hasHistograms ? undefined : groups;
  const slab = new ColumnSlab(grid.count, streamed === undefined ? count : 1);
  let name = '';
  let nameSeen = '';
  const onOverlap = (): void => {
    overlaps.set(name, (overlaps.get(name) ?? 0) + 1);
  };
  const scratch = streamed && slab.next(Labels.EMPTY, false);
  for (const one of series) {
    groups?.next();
    const dropName = one.dropName || !NAME_KEEPING.has(func);
    let column: Column;
    if (scratch === undefined) {
      evaluator.watch.hold(grid.count);
      column = slab.next(one.labels, dropName);
    } else {
      scratch.present.fill(0);
      column = { labels: one.labels, dropName, values: scratch.values, present: scratch.present };
    }
    const starts = one.startTimestamps;
    name = one.labels.metricName;
    const { histograms } = one;
    let samplesSeen: number;
    if (histograms !== undefined) {
      const about = { notes: evaluator.notes, at: args[0]!, metricName: name, onOverlap };
      ({ column, samplesSeen } = overHistogramWindows(
        { ...one, histograms },
        func,
        call,
        extension,
        column,
        about,
      ));
    } else if (extension !== undefined) samplesSeen = overExtended(one, func, windows, extension, column);
    else if (starts === undefined) samplesSeen = overWindows(one, func, call, column);
    else samplesSeen = overStarted(one, starts, func, windows, column, onOverlap);
    if (evaluator.watch.isDue(samplesSeen)) await evaluator.watch.pause();
    if (samplesSeen === 0 || (histograms !== undefined && isEmpty(column))) continue;
    if (streamed === undefined) columns.push(column);
    else streamed.add(column);
    if (histograms !== undefined && floatsOnly([column]).length === 0) continue;
    if ((func !== 'rate' && func !== 'increase') || name === nameSeen) continue;
    nameSeen = name;
    if (name !== '' && !COUNTER_SUFFIX.test(name)) {
      evaluator.notes.info(
        `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
        matrix,
      );
    }
  }
  for (const [name, count] of overlaps) {
    const times = count > 1 ? ` (${count} occurrences)` : '';
    const message = 'sample has start time that overlaps with previous sample timestamp';
    evaluator.notes.warn(`${message} for metric ${quote(name)}${times}`, matrix);
  }
  return columns;
}

/** One where no column has a value. */
function absent(columns: readonly Column[], labels: Labels, count: number, dropName: boolean): Column[] {
  const column = emptyColumn(labels, dropName, count);
  column.values.fill(1);
  column.present.fill(1);
  for (const { present } of columns)
    for (let step = 0; step < count; step++) if (present[step] === 1) column.present[step] = 0;
  return isEmpty(column) ? [] : [column];
}

function checkFactors([level, trend]: readonly Float64Array[]): void {
  const check = (factors: Float64Array, name: string, short: string): void => {
    for (const factor of factors) {
      if (factor <= 0 || factor >= 1) {
        throw new QueryError(
          'execution',
          `invalid ${name} factor. Expected: 0 < ${short} < 1, got: ${factor.toFixed(6)}`,
        );
      }
    }
  };
  check(level!, 'smoothing', 'sf');
  check(trend!, 'trend', 'tf');
}
