/**
 * A range in which two samples do not fit: `rate` and alike need two, and with fewer they give nothing at all. A
 * window is open on its left, so two scrape intervals hold two samples, and anything shorter sometimes or always
 * only one. Needs the scrape interval.
 */

import type { Expr, MatrixSelector } from '../../ast.ts';
import { formatDuration } from '../../duration.ts';
import { metricNameOf } from '../infer.ts';
import type { Check, Inspection } from '../inspection.ts';

/** Functions that give nothing for a single sample. */
const NEED_TWO: ReadonlySet<string> = new Set([
  'rate',
  'irate',
  'increase',
  'delta',
  'idelta',
  'deriv',
  'predict_linear',
  'double_exponential_smoothing',
]);

/** The range in intervals that also bears a scrape that failed. */
const INTERVALS_ADVISED = 4;

/** Ranges of fewer than two samples. */
export const shortRange: Check = {
  name: 'short-range',
  inspect(expr, inspection) {
    if (expr.type !== 'call' || !NEED_TWO.has(expr.func)) return;
    for (const arg of expr.args) {
      const interval = intervalOf(arg, inspection);
      if (interval === undefined) continue;
      const { rangeMs, intervalMs, what } = interval;
      if (rangeMs >= 2 * intervalMs) continue;
      inspection.report(arg, {
        severity: 'warning',
        message: `${expr.func} over ${formatDuration(rangeMs)} needs two samples, and ${what} ${formatDuration(intervalMs)} apart`,
        reason: 'with a single sample in the range there is no answer, so the graph has gaps or stays empty',
        remedy: `use a range of at least ${formatDuration(2 * intervalMs)}; ${formatDuration(INTERVALS_ADVISED * intervalMs)} also bears a scrape that failed.`,
      });
    }
  },
};

interface Interval {
  readonly rangeMs: number;
  readonly intervalMs: number;
  readonly what: string;
}

function intervalOf(arg: Expr, { settings, catalog }: Inspection): Interval | undefined {
  if (arg.type === 'subquery') {
    // Without a step the engine chooses one; with an expression it is known only when the query runs.
    if (arg.rangeExpr !== undefined || arg.stepExpr !== undefined || arg.stepMs === 0) return undefined;
    return { rangeMs: arg.rangeMs, intervalMs: arg.stepMs, what: 'the steps of the subquery are' };
  }
  if (arg.type !== 'matrixSelector' || arg.rangeExpr !== undefined) return undefined;
  // These take the samples before and behind the range too.
  if (arg.selector.anchored || arg.selector.smoothed) return undefined;
  const { scrapeIntervalMs } = settings;
  if (scrapeIntervalMs === undefined || isRecorded(arg, catalog)) return undefined;
  return { rangeMs: arg.rangeMs, intervalMs: scrapeIntervalMs, what: 'scrapes are' };
}

/** Recorded series come as often as their group is evaluated. */
function isRecorded({ selector }: MatrixSelector, catalog: Inspection['catalog']): boolean {
  const name = metricNameOf(selector);
  return name === undefined || catalog.isRecorded(name);
}
