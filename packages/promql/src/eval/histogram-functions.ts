/**
 * Functions of histograms, native and classic.
 *
 * A vector may hold both. Where a native histogram and the buckets of a classic one have the same name and labels at
 * the same time, neither is looked at.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import type { Expr } from '../ast.ts';
import { fraction, type NaNEffect, quantile, variance } from '../histogram/quantile.ts';
import { quote } from '../quote.ts';
import { forMetric } from './annotations.ts';
import {
  BucketCounts,
  bucketFraction,
  bucketQuantile,
  type ClassicHistogram,
  histogramsOf,
} from './classic-histogram.ts';
import {
  type Column,
  ColumnSlab,
  emptyColumn,
  floatsOnly,
  type Grid,
  histogramAt,
  timeAt,
} from './column.ts';
import { type Evaluator, stringOf } from './evaluator.ts';
import { formatOpenMetrics } from './format-general.ts';
import { mixedClassicAndNative } from './histogram-notes.ts';

/** Functions of each native histogram alone; floats have no result. */
export const HISTOGRAM_FUNCTIONS: Readonly<Record<string, (histogram: NativeHistogram) => number>> = {
  histogram_avg: ({ sum, count }) => sum / count,
  histogram_count: ({ count }) => count,
  histogram_sum: ({ sum }) => sum,
  histogram_stddev: (histogram) => Math.sqrt(variance(histogram)),
  histogram_stdvar: variance,
};

const NAN_EFFECTS: Readonly<Record<NaNEffect, string>> = {
  'quantile is NaN': 'input to histogram_quantile has NaN observations, result is NaN',
  'quantile is skewed': 'input to histogram_quantile has NaN observations, result is skewed higher',
  'fraction excludes':
    'input to histogram_fraction has NaN observations, which are excluded from all fractions',
};

/** What a function computes of a histogram of either kind at a step. */
interface Both {
  readonly native: (histogram: NativeHistogram, step: number, affected: (how: NaNEffect) => void) => number;
  readonly classic: (buckets: BucketCounts, step: number) => number;
}

/** The histograms of a vector. */
interface AllHistograms {
  readonly classic: readonly ClassicHistogram[];
  /** Columns that hold native histograms. */
  readonly native: readonly Column[];
}

/** Computes a number of each native histogram. */
export function ofHistograms(
  columns: readonly Column[],
  compute: (histogram: NativeHistogram, step: number) => number,
): Column[] {
  return columns
    .filter(({ histograms }) => histograms !== undefined)
    .map((column) => {
      const result = emptyColumn(column.labels, true, column.values.length);
      for (let step = 0; step < result.values.length; step++) {
        const histogram = histogramAt(column, step);
        if (histogram === undefined) continue;
        result.values[step] = compute(histogram, step);
        result.present[step] = 1;
      }
      return result;
    });
}

/** `histogram_quantile(q, v)`. */
export async function histogramQuantile(
  evaluator: Evaluator,
  [quantileArg, arg]: readonly Expr[],
  grid: Grid,
): Promise<Column[]> {
  const q = await evaluator.scalar(quantileArg!, grid);
  evaluator.checkQuantiles(q, quantileArg!);
  return perHistogram(evaluator, await histograms(evaluator, arg!, grid), arg!, grid, quantiles(q));
}

/** `histogram_quantiles(v, label, q...)`: all quantiles at once, told apart by a label. */
export async function histogramQuantiles(
  evaluator: Evaluator,
  [arg, labelArg, ...quantileArgs]: readonly Expr[],
  grid: Grid,
): Promise<Column[]> {
  const label = stringOf(labelArg!);
  const all = await histograms(evaluator, arg!, grid);
  const results: Column[] = [];
  for (const quantileArg of quantileArgs) {
    const q = await evaluator.scalar(quantileArg, grid);
    evaluator.checkQuantiles(q, quantileArg);
    const columns = await perHistogram(evaluator, all, arg!, grid, quantiles(q));
    const value = formatOpenMetrics(q[0]!);
    results.push(...columns.map((column) => ({ ...column, labels: column.labels.with(label, value) })));
  }
  return results;
}

/** `histogram_fraction(lower, upper, v)`. */
export async function histogramFraction(
  evaluator: Evaluator,
  [from, to, arg]: readonly Expr[],
  grid: Grid,
): Promise<Column[]> {
  const lower = await evaluator.scalar(from!, grid);
  const upper = await evaluator.scalar(to!, grid);
  return perHistogram(evaluator, await histograms(evaluator, arg!, grid), arg!, grid, {
    native: (histogram, step, affected) => fraction(lower[step]!, upper[step]!, histogram, affected),
    classic: (buckets, step) => bucketFraction(lower[step]!, upper[step]!, buckets),
  });
}

function quantiles(q: Float64Array): Both {
  return {
    native: (histogram, step, affected) => quantile(q[step]!, histogram, affected),
    classic: (buckets, step) => bucketQuantile(q[step]!, buckets),
  };
}

async function histograms(evaluator: Evaluator, arg: Expr, grid: Grid): Promise<AllHistograms> {
  const columns = await evaluator.vector(arg, grid);
  const classic = histogramsOf(floatsOnly(columns), (column, le) => {
    const name = forMetric(column.labels.metricName);
    const message = `bucket label "le" is missing or has a malformed value of ${quote(le)}${name}`;
    evaluator.notes.warn(message, arg);
  });
  const native = columns.filter(({ histograms }) => histograms !== undefined);
  if (native.length === 0 || classic.length === 0) return { classic, native };
  return withoutConflicts(evaluator, classic, native, arg);
}

/** Leaves out both kinds where they meet under the same name and labels. */
function withoutConflicts(
  { notes }: Evaluator,
  classic: readonly ClassicHistogram[],
  native: readonly Column[],
  arg: Expr,
): AllHistograms {
  const byLabels = new Map(classic.map((histogram) => [histogram.labels.key, histogram]));
  const kept: Column[] = [];
  for (const column of native) {
    const same = byLabels.get(column.labels.key);
    if (same === undefined) {
      kept.push(column);
      continue;
    }
    const conflict = column.present.map((_, step) => {
      const buckets = same.buckets.some((bucket) => bucket.column.present[step] === 1);
      return buckets && histogramAt(column, step) !== undefined ? 1 : 0;
    });
    if (conflict.includes(1)) notes.warn(mixedClassicAndNative(column.labels.metricName), arg);
    const outside = (one: Column): Column => ({
      ...one,
      present: one.present.map((bit, step) => bit & (1 - conflict[step]!)),
    });
    kept.push(outside(column));
    byLabels.set(same.labels.key, {
      labels: same.labels,
      buckets: same.buckets.map((bucket) => ({ ...bucket, column: outside(bucket.column) })),
    });
  }
  return { classic: [...byLabels.values()], native: kept };
}

/** One column per histogram. */
async function perHistogram(
  evaluator: Evaluator,
  { classic, native }: AllHistograms,
  arg: Expr,
  grid: Grid,
  compute: Both,
): Promise<Column[]> {
  const { notes, watch } = evaluator;
  const results: Column[] = [];
  for (const column of native) {
    watch.hold(grid.count);
    const affected = (how: NaNEffect): void =>
      notes.info(`${NAN_EFFECTS[how]}${forMetric(column.labels.metricName)}`, arg);
    results.push(...ofHistograms([column], (histogram, step) => compute.native(histogram, step, affected)));
    if (watch.isDue(grid.count)) await watch.pause();
  }
  const slab = new ColumnSlab(grid.count, classic.length);
  for (const histogram of classic) {
    watch.hold(grid.count);
    const buckets = new BucketCounts(histogram.buckets.length);
    const column = slab.next(histogram.labels, true);
    for (let step = 0; step < grid.count; step++) {
      if (!buckets.read(histogram, step)) continue;
      column.present[step] = 1;
      column.values[step] = compute.classic(buckets, step);
      if (buckets.forced === undefined) continue;
      notes.forcedMonotonicity(histogram.labels.metricName, arg, timeAt(grid, step), buckets.forced);
    }
    results.push(column);
    if (watch.isDue(grid.count * histogram.buckets.length)) await watch.pause();
  }
  return results;
}
