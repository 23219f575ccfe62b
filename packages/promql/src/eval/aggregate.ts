/**
 * Aggregations.
 *
 * Each series is put into its group once; then the columns of a group are folded, series after series, into one
 * column of results (`fold.ts`). What needs all values of a step at once (`quantile`, `topk`, ...) gathers them per
 * step.
 */
import { Labels, METRIC_NAME } from '@binnacle/metrics/model';
import type { AggregateExpr } from '../ast.ts';
import { formatHistogram } from '../histogram/text.ts';
import { formatPlain } from '../printer.ts';
import type { Annotations } from './annotations.ts';
import { type Column, emptyColumn, floatsOnly, isEmpty, METADATA_LABELS } from './column.ts';
import { createFold, FoldMemory, type FoldOp } from './fold.ts';
import { foldHistograms } from './histogram-aggregate.ts';
import { ignoredInAggregation } from './histogram-notes.ts';
import { mean, quantileOf } from './kahan.ts';

interface Group {
  readonly labels: Labels;
  readonly columns: Column[];
}

/**
 * Aggregates groups to a column each.
 * @param parameter the parameter of `quantile`, per step
 */
export function aggregate(
  op: FoldOp | 'quantile',
  expr: AggregateExpr,
  columns: readonly Column[],
  count: number,
  parameter: Float64Array | undefined,
  notes: Annotations,
): Column[] {
  return groupsOf(columns, expr).map(({ labels, columns: members }) => {
    const dropName = members.some((column) => column.dropName);
    const result = (of: readonly Column[]): Column => ({
      labels,
      dropName,
      ...(op === 'quantile' ? quantiles(of, count, parameter!) : folded(op, of, count)),
    });
    if (op === 'count' || op === 'group' || !members.some(hasHistograms)) return result(members);
    const ofFloats = result(floatsOnly(members));
    if (op === 'sum' || op === 'avg')
      return foldHistograms(members, ofFloats, op === 'avg', expr.expr, notes);
    notes.info(ignoredInAggregation(op), expr.expr);
    return ofFloats;
  });
}

/** A group's column without its labels. */
type Folded = Pick<Column, 'values' | 'present'>;

function folded(op: FoldOp, columns: readonly Column[], count: number): Folded {
  const fold = createFold(op, new FoldMemory(count));
  for (const column of columns) fold.add(column);
  for (const step of fold.finish()) {
    const gathered = new Float64Array(columns.length);
    fold.values[step] = mean(gathered, 0, gather(columns, step, gathered));
  }
  return fold;
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

/** The labels of the group of a column. */
export type Grouping = (column: Column) => Labels;

/** How an aggregation groups. */
export function groupingOf(expr: AggregateExpr): Grouping {
  const named = new Set(expr.grouping);
  if (expr.without) {
    const dropped = new Set([...expr.grouping, METRIC_NAME]);
    return ({ labels }) => labels.without(dropped);
  }
  return named.size === 0 ? () => Labels.EMPTY : (column) => groupLabels(column, named);
}

function groupsOf(columns: readonly Column[], expr: AggregateExpr): Group[] {
  const groups = new Map<string, Group>();
  const grouping = groupingOf(expr);
  for (const column of columns) {
    const labels = grouping(column);
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

function quantiles(columns: readonly Column[], count: number, q: Float64Array): Folded {
  const values = new Float64Array(count);
  const present = new Uint8Array(count);
  const gathered = new Float64Array(columns.length);
  for (let step = 0; step < count; step++) {
    const n = gather(columns, step, gathered);
    if (n === 0) continue;
    present[step] = 1;
    values[step] = quantileOf(q[step]!, gathered, n);
  }
  return { values, present };
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
