/**
 * Aggregations.
 *
 * Each series is put into its group once; then the columns of a group are folded, series after series, into one
 * column of results. What needs all values of a step at once (`quantile`, `topk`, ...) gathers them per step.
 */
import { Labels, METRIC_NAME } from '@binnacle/metrics/model';
import type { AggregateExpr, AggregationOp } from '../ast.ts';
import { formatHistogram } from '../histogram/text.ts';
import { formatPlain } from '../printer.ts';
import type { Annotations } from './annotations.ts';
import { type Column, emptyColumn, floatsOnly, isEmpty, METADATA_LABELS } from './column.ts';
import { foldHistograms } from './histogram-aggregate.ts';
import { ignoredInAggregation } from './histogram-notes.ts';
import { mean, quantileOf } from './kahan.ts';

interface Group {
  readonly labels: Labels;
  readonly columns: Column[];
}

/** Aggregations that give one column per group. */
export type FoldingOp = Exclude<
  AggregationOp,
  'bottomk' | 'count_values' | 'limit_ratio' | 'limitk' | 'topk'
>;

/**
 * Aggregates groups to a column each.
 * @param parameter the parameter of `quantile`, per step
 */
export function aggregate(
  op: FoldingOp,
  expr: AggregateExpr,
  columns: readonly Column[],
  count: number,
  parameter: Float64Array | undefined,
  notes: Annotations,
): Column[] {
  return groupsOf(columns, expr).map((group) => {
    const dropName = group.columns.some((column) => column.dropName);
    const result = emptyColumn(group.labels, dropName, count);
    const takesAll = op === 'count' || op === 'group';
    if (takesAll || !group.columns.some(hasHistograms)) {
      fold(op, group.columns, result, parameter);
      return result;
    }
    fold(op, floatsOnly(group.columns), result, parameter);
    if (op === 'sum' || op === 'avg')
      return foldHistograms(group.columns, result, op === 'avg', expr.expr, notes);
    notes.info(ignoredInAggregation(op), expr.expr);
    return result;
  });
}

/** Whether a column has a histogram at any step. */
function hasHistograms({ histograms, present }: Column): boolean {
  return histograms?.some((histogram, step) => histogram !== undefined && present[step] === 1) ?? false;
}

/** The `k` greatest or smallest of each group, or just any `k`; instant results are sorted. */
export function pick(
  op: 'topk' | 'bottomk' | 'limitk',
  expr: AggregateExpr,
  columns: readonly Column[],
  count: number,
  parameter: Float64Array,
  notes: Annotations,
): Column[] {
  const results: Column[] = [];
  const ranked = op === 'limitk' ? columns : floatsOnly(columns);
  if (ranked !== columns && asksForAny(columns, parameter)) notes.info(ignoredInAggregation(op), expr);
  for (const group of groupsOf(ranked, expr)) {
    const picked = group.columns.map(({ labels, dropName, histograms }) => ({
      ...emptyColumn(labels, dropName, count),
      ...(histograms !== undefined && { histograms }),
    }));
    let order: readonly number[] = [];
    for (let step = 0; step < count; step++) {
      const k = Math.min(Math.trunc(parameter[step]!), columns.length);
      if (!(k >= 1)) continue;
      order = chosen(op, group.columns, step, k);
      for (const index of order) {
        picked[index]!.values[step] = group.columns[index]!.values[step]!;
        picked[index]!.present[step] = 1;
      }
    }
    if (count === 1) results.push(...order.map((index) => picked[index]!));
    else results.push(...picked.filter((column) => !isEmpty(column)));
  }
  return results;
}

/** Whether a step that has a histogram asks for at least one series. */
function asksForAny(columns: readonly Column[], parameter: Float64Array): boolean {
  return columns.some(({ present, histograms }) =>
    histograms?.some(
      (histogram, step) => histogram !== undefined && present[step] === 1 && parameter[step]! >= 1,
    ),
  );
}

/** `count_values`: how often each value occurs. */
export function countValues(
  expr: AggregateExpr,
  label: string,
  columns: readonly Column[],
  count: number,
): Column[] {
  const kept = new Set([...expr.grouping, label]);
  const dropped = new Set([...expr.grouping, METRIC_NAME]);
  const results = new Map<string, Column>();
  for (const { labels, values, present, histograms } of columns) {
    // Most series repeat few values, so the labels of the last one are likely to be the right ones again.
    let lastValue: unknown;
    let target: Column | undefined;
    for (let step = 0; step < count; step++) {
      if (present[step] === 0) continue;
      const value = histograms?.[step] ?? values[step]!;
      if (target === undefined || !Object.is(value, lastValue)) {
        lastValue = value;
        const text = typeof value === 'number' ? formatPlain(value) : formatHistogram(value);
        const all = labels.with(label, text);
        const group = expr.without ? all.without(dropped) : all.only(kept);
        target = results.get(group.key);
        if (target === undefined) {
          target = emptyColumn(group, false, count);
          results.set(group.key, target);
        }
      }
      target.values[step] = target.values[step]! + 1;
      target.present[step] = 1;
    }
  }
  return [...results.values()];
}

function groupsOf(columns: readonly Column[], expr: AggregateExpr): Group[] {
  const groups = new Map<string, Group>();
  const named = new Set(expr.grouping);
  const dropped = new Set([...expr.grouping, METRIC_NAME]);
  const all = !expr.without && named.size === 0;
  for (const column of columns) {
    const labels = all
      ? Labels.EMPTY
      : expr.without
        ? column.labels.without(dropped)
        : groupLabels(column, named);
    const group = groups.get(labels.key);
    if (group === undefined) groups.set(labels.key, { labels, columns: [column] });
    else group.columns.push(column);
  }
  return [...groups.values()];
}

/** A name that is to be dropped anyway makes no groups of its own: they could not be told apart in the end. */
function groupLabels({ labels, dropName }: Column, named: ReadonlySet<string>): Labels {
  const group = labels.only(named);
  return dropName ? group.without(METADATA_LABELS) : group;
}

function fold(
  op: FoldingOp,
  columns: readonly Column[],
  result: Column,
  parameter: Float64Array | undefined,
): void {
  for (const { present } of columns) mark(present, result.present);
  switch (op) {
    case 'sum':
    case 'avg':
      foldSum(columns, result, op === 'avg');
      return;
    case 'min':
    case 'max':
      foldExtreme(columns, result, op === 'min');
      return;
    case 'count':
      for (const { present } of columns) addPresence(present, result.values);
      return;
    case 'group':
      result.values.fill(1);
      return;
    case 'stddev':
    case 'stdvar':
      foldVariance(columns, result, op === 'stddev');
      return;
    case 'quantile':
      foldQuantile(columns, result, parameter!);
  }
}

function mark(present: Uint8Array, seen: Uint8Array): void {
  for (let step = 0; step < present.length; step++) seen[step] = seen[step]! | present[step]!;
}

function addPresence(present: Uint8Array, counts: Float64Array): void {
  for (let step = 0; step < present.length; step++) counts[step] = counts[step]! + present[step]!;
}

/** Compensated sums; where a mean's sum overflows the step is computed again, carrying the mean. */
function foldSum(
  columns: readonly Column[],
  { values: sums, present: seen }: Column,
  average: boolean,
): void {
  const lost = new Float64Array(sums.length);
  const counts = new Float64Array(average ? sums.length : 0);
  for (const { values, present } of columns) {
    accumulate(values, present, sums, lost);
    if (average) addPresence(present, counts);
  }
  for (let step = 0; step < sums.length; step++) {
    if (seen[step] === 0) continue;
    const count = average ? counts[step]! : 1;
    if (average && Math.abs(sums[step]!) === Number.POSITIVE_INFINITY) {
      const gathered = new Float64Array(count);
      gather(columns, step, gathered);
      sums[step] = mean(gathered, 0, count);
    } else sums[step] = sums[step]! / count + lost[step]! / count;
  }
}

function accumulate(values: Float64Array, present: Uint8Array, sums: Float64Array, lost: Float64Array): void {
  for (let step = 0; step < present.length; step++) {
    if (present[step] === 0) continue;
    const value = values[step]!;
    const sum = sums[step]!;
    const next = sum + value;
    if (next === Number.POSITIVE_INFINITY || next === Number.NEGATIVE_INFINITY) lost[step] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) lost[step] = lost[step]! + (sum - next + value);
    else lost[step] = lost[step]! + (value - next + sum);
    sums[step] = next;
  }
}

function foldExtreme(columns: readonly Column[], { values: best }: Column, smallest: boolean): void {
  const seen = new Uint8Array(best.length);
  for (const { values, present } of columns) {
    for (let step = 0; step < present.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step]!;
      const known = best[step]!;
      if (seen[step] === 0 || Number.isNaN(known) || (smallest ? value < known : value > known)) {
        best[step] = value;
        seen[step] = 1;
      }
    }
  }
}

/** Welford's method. */
function foldVariance(columns: readonly Column[], { values: squares }: Column, deviation: boolean): void {
  const counts = new Float64Array(squares.length);
  const means = new Float64Array(squares.length);
  for (const { values, present } of columns) {
    for (let step = 0; step < present.length; step++) {
      if (present[step] === 0) continue;
      const value = values[step]!;
      const count = counts[step]! + 1;
      counts[step] = count;
      if (count === 1) {
        means[step] = value;
        squares[step] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      const delta = value - means[step]!;
      means[step] = means[step]! + delta / count;
      squares[step] = squares[step]! + delta * (value - means[step]!);
    }
  }
  for (let step = 0; step < squares.length; step++) {
    const variance = squares[step]! / counts[step]!;
    squares[step] = deviation ? Math.sqrt(variance) : variance;
  }
}

function foldQuantile(columns: readonly Column[], { values, present }: Column, q: Float64Array): void {
  const gathered = new Float64Array(columns.length);
  for (let step = 0; step < values.length; step++) {
    if (present[step] === 1) values[step] = quantileOf(q[step]!, gathered, gather(columns, step, gathered));
  }
}

function gather(columns: readonly Column[], step: number, into: Float64Array): number {
  let count = 0;
  for (const { values, present } of columns) if (present[step] === 1) into[count++] = values[step]!;
  return count;
}

/** The indices of the columns that are picked at a step, best first. */
function chosen(
  op: 'topk' | 'bottomk' | 'limitk',
  columns: readonly Column[],
  step: number,
  k: number,
): number[] {
  const here: number[] = [];
  columns.forEach(({ present }, index) => {
    if (present[step] === 1) here.push(index);
  });
  if (op === 'limitk') return here.slice(0, k);
  const sign = op === 'topk' ? -1 : 1;
  const value = (index: number): number => columns[index]!.values[step]!;
  // NaN is worse than anything; of equals the earlier one stays.
  return here
    .sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return x === y ? 0 : sign * (x < y ? -1 : 1);
    })
    .slice(0, k);
}
