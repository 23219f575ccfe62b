/** `sum` and `avg` of native histograms. */
import type { NativeHistogram } from '@binnacle/metrics/model';
import type { PositionRange } from '../ast.ts';
import { compacted } from '../histogram/buckets.ts';
import { totalOf } from '../histogram/histogram-sum.ts';
import type { Annotations } from './annotations.ts';
import { type Column, histogramAt } from './column.ts';
import { boundsReconciled, MIXED_IN_AGGREGATION, mixedSchemas, resetsCollided } from './histogram-notes.ts';

/**
 * Adds the histograms of a group to a result that has the floats already. Where a step has both it has no result.
 * @param at the expression that is aggregated
 */
export function foldHistograms(
  columns: readonly Column[],
  result: Column,
  average: boolean,
  at: PositionRange,
  notes: Annotations,
): Column {
  const { present } = result;
  const totals = new Array<NativeHistogram | undefined>(present.length).fill(undefined);
  const histograms: NativeHistogram[] = [];
  const names: string[] = [];
  for (let step = 0; step < present.length; step++) {
    histograms.length = 0;
    names.length = 0;
    for (const column of columns) {
      const histogram = histogramAt(column, step);
      if (histogram === undefined) continue;
      histograms.push(histogram);
      names.push(column.labels.metricName);
    }
    if (histograms.length === 0) continue;
    if (present[step] === 1) {
      notes.warn(MIXED_IN_AGGREGATION, at);
      present[step] = 0;
      continue;
    }
    const { histogram, failedAt, reconciled, hintsCollided } = totalOf(histograms, average);
    if (reconciled) notes.info(boundsReconciled('aggregation'), at);
    if (histogram === undefined) {
      notes.warn(mixedSchemas(names[failedAt]!), at);
      continue;
    }
    if (hintsCollided) notes.warn(resetsCollided('aggregation'), at);
    totals[step] = compacted(histogram);
    present[step] = 1;
  }
  return { ...result, histograms: totals };
}
