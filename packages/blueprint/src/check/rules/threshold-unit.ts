/**
 * A limit that looks as if it were in another unit than the value: milliseconds beside seconds, percent beside a share.
 * A guess from the size of the number, so it is worth a look and no more; what certainly never holds is reported as
 * that.
 */
import { type Expr, fits, metricNameOf, unwrapParens } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import type { RuleSubject } from '../rule-subject.ts';
import { selectorsIn, type Threshold, thresholdsIn } from './expression-shape.ts';
import { isQuotient } from './float-equality.ts';
import { neverHolds, valueRange } from './value-range.ts';

/** A quantile or a mean of so many seconds is rare, and so many milliseconds are not. */
const SECONDS_ODD = 100;
/** A timestamp in seconds has ten digits until the year 2286, one in milliseconds has thirteen. */
const TIMESTAMP_ODD = 1e11;
/** So few bytes are no limit. */
const BYTES_ODD = 1024;

/** Limits of a size that another unit would have. */
export const thresholdUnit: RuleCheck = {
  name: 'threshold-unit',
  inspect(rule, report) {
    if (rule.tree === undefined) return;
    for (const threshold of thresholdsIn(rule.tree)) {
      const found = oddityOf(threshold, rule);
      if (found === undefined) continue;
      const { limit } = threshold;
      const range = valueRange(threshold.value, (expr) => rule.facts(expr));
      if (neverHolds(range, threshold.op, { min: limit, max: limit })) continue;
      report(rule.placeOf(threshold.limitExpr), { severity: 'info', ...found });
    }
  },
};

function oddityOf({ value, limit }: Threshold, rule: RuleSubject) {
  const facts = rule.facts(value);
  const size = Math.abs(limit);
  const { unit } = facts;
  const isSeconds = unit !== undefined && unit.seconds === 1 && fits(unit, { seconds: 1 });
  if (isSeconds && size >= TIMESTAMP_ODD)
    return {
      message: `${limit} looks like milliseconds, and the value is in seconds`,
      reason: 'a timestamp in seconds has ten digits',
      remedy: 'write the limit in seconds.',
    };
  if (isSeconds && size >= SECONDS_ODD && Number.isInteger(limit) && isLatency(value))
    return {
      message: `${limit} looks like milliseconds, and the value is in seconds`,
      reason: `a latency of ${limit} seconds is rare, so the alert would never fire`,
      remedy: `write ${limit / 1000}, if milliseconds were meant.`,
    };
  const isBytes = unit !== undefined && unit.bytes === 1 && fits(unit, { bytes: 1 });
  if (isBytes && size > 0 && size < BYTES_ODD)
    return {
      message: `${limit} looks like megabytes or gigabytes, and the value is in bytes`,
      reason: `nobody sets a limit at ${limit} bytes`,
      remedy: `write the limit in bytes: ${limit} * 1024 * 1024.`,
    };
  if (size > 1 && size <= 100 && isShare(value))
    return {
      message: `${limit} looks like percent, and the value is a share between 0 and 1`,
      reason: 'a name that ends in _ratio promises a share',
      remedy: `write ${limit / 100}, if percent were meant.`,
    };
  return undefined;
}

/** A quantile of a histogram or a summary, or a mean: sum divided by count. */
function isLatency(expr: Expr): boolean {
  const inner = unwrapParens(expr);
  if (inner.type === 'call')
    return (
      inner.func === 'histogram_quantile' || inner.func === 'histogram_avg' || inner.args.some(isLatency)
    );
  if (inner.type === 'aggregation') return isLatency(inner.expr);
  if (inner.type === 'vectorSelector') return inner.matchers.some(({ name }) => name === 'quantile');
  return (
    isQuotient(inner) &&
    selectorsIn(inner).some((selector) => (metricNameOf(selector) ?? '').endsWith('_sum'))
  );
}

/** A series whose name promises a share, as it is. */
function isShare(expr: Expr): boolean {
  const inner = unwrapParens(expr);
  if (inner.type === 'vectorSelector') return /_ratio$/.test(metricNameOf(inner) ?? '');
  if (inner.type === 'aggregation') return inner.op !== 'sum' && inner.op !== 'count' && isShare(inner.expr);
  return inner.type === 'call' && /^(?:\w+_over_time)$/.test(inner.func) && inner.args.some(isRangeOfShare);
}

function isRangeOfShare(expr: Expr): boolean {
  return expr.type === 'matrixSelector' && isShare(expr.selector);
}
