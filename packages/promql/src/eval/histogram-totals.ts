/**
 * Samples of histograms without their buckets.
 *
 * Under `histogram_count`, `histogram_sum` and `histogram_avg` nobody looks at buckets, so nothing is computed with
 * them. Only resets show in them: each sample is compared with the one before, once, and then its hint says it.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { type Expr, type VectorSelector, walk } from '../ast.ts';
import { EMPTY_HISTOGRAM } from '../histogram/buckets.ts';
import { isReset } from '../histogram/counter-reset.ts';
import type { Histograms } from './column.ts';

const TOTALS: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const DISTRIBUTIONS: ReadonlySet<string> = new Set([
  ...['histogram_quantile', 'histogram_quantiles', 'histogram_fraction'],
]);

/** The selectors of which only counts and sums matter. */
export function selectorsOfTotals(expr: Expr): Set<VectorSelector> {
  const found = new Set<VectorSelector>();
  walk(expr, (node, path) => {
    if (node.type === 'vectorSelector' && leadsToTotals(path)) found.add(node);
  });
  return found;
}

function leadsToTotals(path: readonly Expr[]): boolean {
  let totals = false;
  for (let i = path.length - 1; i >= 0; i--) {
    const parent = path[i]!;
    // A subquery repeats and leaves out samples, so their buckets have to be compared again.
    if (parent.type === 'subquery') return false;
    if (parent.type === 'binaryExpr' && (parent.op === '</' || parent.op === '>/')) return false;
    if (parent.type !== 'call') continue;
    if (DISTRIBUTIONS.has(parent.func)) return false;
    if (TOTALS.has(parent.func)) totals = true;
  }
  return totals;
}

/** Histograms without buckets, in the order of their samples. */
export function totalsOnly(histograms: Histograms): Histograms {
  let previous: NativeHistogram | undefined;
  return histograms.map((histogram) => {
    if (histogram === undefined) return undefined;
    const { schema, count, sum, counterResetHint: given } = histogram;
    let counterResetHint = given;
    if (given === 'unknown' && previous !== undefined)
      counterResetHint = isReset(histogram, previous) ? 'reset' : 'not_reset';
    previous = histogram;
    return { ...EMPTY_HISTOGRAM, schema, count, sum, counterResetHint };
  });
}
