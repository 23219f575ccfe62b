/**
 * A label that was there until an inner aggregation or matching removed it, and that something further out needs:
 * `sum by (status) (sum by (endpoint) (x))`. `le` below `histogram_quantile` is the matter of `quantile-without-le`.
 */
import type { BinaryExpr, Expr, PositionRange } from '../../ast.ts';
import type { Facts } from '../facts.ts';
import type { Severity } from '../finding.ts';
import { type Check, type Inspection, listed, quoted } from '../inspection.ts';

/** Labels that an expression needs and that were removed below it. */
export const droppedLabel: Check = {
  name: 'dropped-label',
  inspect(expr, inspection) {
    if (expr.type === 'aggregation' && !expr.without) {
      for (const label of expr.grouping)
        inspectUse(expr, label, expr.expr, inspection, 'the series cannot be grouped by it');
    } else if (expr.type === 'binaryExpr') inspectMatching(expr, inspection);
    else if (expr.type === 'call' && (expr.func === 'label_replace' || expr.func === 'label_join')) {
      const [vector, , , ...sources] = expr.args;
      const read = expr.func === 'label_replace' ? sources.slice(0, 1) : sources;
      for (const source of read) {
        if (source.type === 'stringLiteral')
          inspectUse(expr, source.value, vector!, inspection, `${expr.func} reads nothing from it`);
      }
    }
  },
};

function inspectMatching(expr: BinaryExpr, inspection: Inspection): void {
  const { matching } = expr;
  if (matching === undefined) return;
  const range = { start: expr.opRange.start, end: expr.opRange.end + 1 };
  if (matching.on) {
    for (const label of matching.labels) {
      // Where the other side certainly has it, nothing ever matches, which is reported as that.
      const [left, right] = [expr.lhs, expr.rhs].map((side) => inspection.facts(side).labels.get(label));
      const effect = 'it tells no series apart';
      if (!right!.present && inspectUse(range, label, expr.lhs, inspection, effect, 'warning')) continue;
      if (!left!.present) inspectUse(range, label, expr.rhs, inspection, effect, 'warning');
    }
  }
  const one = matching.card === 'many-to-one' ? expr.rhs : expr.lhs;
  for (const label of matching.include)
    inspectUse(range, label, one, inspection, 'it cannot be taken over from this side');
}

/** Whether there was something to report. */
function inspectUse(
  range: PositionRange,
  label: string,
  from: Expr,
  inspection: Inspection,
  effect: string,
  severity: Severity = 'error',
): boolean {
  const facts: Facts = inspection.facts(from);
  if (label === '' || label === '__name__' || facts.labels.has(label)) return false;
  const removal = facts.labels.removalOf(label);
  if (removal === undefined) return false;
  inspection.report(range, {
    severity,
    message: `label ${label} is needed here, but ${quoted(from)} no longer has it`,
    reason: `the labels that are left are ${listed(facts.labels.names())}, so ${effect}`,
    remedy: `keep ${label} where it is removed (add it to \`by\`, take it out of \`without\`), or do not use it here.`,
    related: { ...removal, message: `${label} is removed here` },
  });
  return true;
}
