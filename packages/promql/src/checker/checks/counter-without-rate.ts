/**
 * A counter whose value itself is used. It tells what happened since the program started, which says little, and
 * falls to 0 with each restart.
 *
 * Compared with a number or with a gauge it is a warning; shown, divided by another counter, or as buckets under
 * `histogram_quantile`, it is worth a look: "since the start" may be meant.
 */
import { type BinaryExpr, type Call, type Expr, isComparison, unwrapParens } from '../../ast.ts';
import type { Facts } from '../facts.ts';
import { type Check, type Inspection, quoted } from '../inspection.ts';

/** Counters that are compared, shown or divided without `rate`. */
export const counterWithoutRate: Check = {
  name: 'counter-without-rate',
  inspect(expr, inspection) {
    if (expr.type === 'binaryExpr') inspectOperator(expr, inspection);
    else if (expr.type === 'call') inspectQuantile(expr, inspection);
    inspectShown(expr, inspection);
  },
};

function inspectOperator(expr: BinaryExpr, inspection: Inspection): void {
  const [left, right] = [inspection.facts(expr.lhs), inspection.facts(expr.rhs)];
  const counters = left.kind === 'counter' && right.kind === 'counter';
  // A counter is compared with what it was before (`offset`) to see whether it has grown.
  if (isComparison(expr.op) && counters && left.metric !== right.metric) {
    inspection.report(expr, {
      severity: 'info',
      message: `counters are compared with each other: ${quoted(expr)}`,
      reason: 'each is what happened since its program started, and they need not have started together',
      remedy: 'compare their growth over the same range: rate(a[5m]) > rate(b[5m]).',
    });
  } else if (isComparison(expr.op)) {
    for (const [side, facts, other] of [
      [expr.lhs, left, right],
      [expr.rhs, right, left],
    ] as const) {
      if (facts.kind !== 'counter' || (other.kind !== 'constant' && other.kind !== 'gauge')) continue;
      inspection.report(side, {
        severity: 'warning',
        message: `${subjectOf(side, facts)} is a counter, and its value is compared`,
        reason:
          'a counter grows until the program restarts, so sooner or later it passes any limit and stays above it, or falls back without reason',
        remedy: 'compare how fast it grows: rate(...[5m]), or increase(...[1h]) for a number of events.',
      });
    }
  } else if (/^[-+*/]$/.test(expr.op) && isMixed(left, right)) {
    const [counter, growth] = left.kind === 'counter' ? [expr.lhs, expr.rhs] : [expr.rhs, expr.lhs];
    inspection.report(counter, {
      severity: 'info',
      message: `${quoted(counter)} is a counter, and is combined with ${quoted(growth)}`,
      reason: 'one is what happened since the program started, the other what happened within a range',
      remedy: 'take both over the same range.',
    });
  } else if (expr.op === '/' && counters) {
    inspection.report(expr, {
      severity: 'info',
      message: `counters are divided by each other: ${quoted(expr)}`,
      reason:
        'the quotient is that of everything since the programs started, so what happens now hardly changes it',
      remedy: 'divide their rates over the same range: rate(a[5m]) / rate(b[5m]).',
    });
  }
}

/** Whether one side is a counter and the other the growth of one. */
function isMixed(left: Facts, right: Facts): boolean {
  return (
    (left.kind === 'counter' && right.growth === true) || (right.kind === 'counter' && left.growth === true)
  );
}

function inspectQuantile(call: Call, inspection: Inspection): void {
  const buckets = call.func === 'histogram_quantile' ? call.args[1] : undefined;
  if (buckets === undefined) return;
  const facts = inspection.facts(buckets);
  if (facts.kind !== 'counter' || !facts.labels.has('le')) return;
  inspection.report(buckets, {
    severity: 'info',
    message: `the quantile is that of all observations since the start of ${facts.metric ?? quoted(buckets)}`,
    reason: 'buckets are counters; without rate the quantile hardly moves, whatever happens now',
    remedy:
      'take the rate of the buckets first: histogram_quantile(0.95, sum by (le) (rate(..._bucket[5m]))).',
  });
}

/** The query's own value, and what it is after `sort`, `topk` and alike. */
function inspectShown(expr: Expr, inspection: Inspection): void {
  if (inspection.path.length > 0) return;
  const facts = inspection.facts(expr);
  // A comparison has been reported as one.
  const inner = unwrapParens(expr);
  if (facts.kind !== 'counter' || (inner.type === 'binaryExpr' && isComparison(inner.op))) return;
  if (inner.type === 'matrixSelector' || inner.type === 'subquery') return;
  inspection.report(expr, {
    severity: 'info',
    message: `${subjectOf(expr, facts)} is a counter, and its value is shown`,
    reason: 'it is what happened since the program started, and falls to 0 when it starts again',
    remedy:
      'show rate(...[5m]), or increase(...[1h]) for a number of events, unless the total is what you want.',
  });
}

function subjectOf(expr: Expr, { metric }: Facts): string {
  return metric ?? quoted(expr);
}
