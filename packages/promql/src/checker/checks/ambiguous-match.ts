/**
 * Several series of a side that must have one: the matching leaves out a label that has several values there, so
 * that the query fails as soon as two of them exist ("found duplicate series for the match group").
 *
 * Only what is certain is reported: `le` always has several values, and so has a label with a closed list where all
 * of its values exist from the start, unless a matcher narrows them to one. That an open label has several is
 * likely, but not known; and what a comparison or `topk` leaves of several may be one.
 */
import { type BinaryExpr, children, type Expr, isComparison, isSetOperator } from '../../ast.ts';
import { type Check, type Inspection, listed, quoted } from '../inspection.ts';

/** Matchings in which one series has several partners. */
export const ambiguousMatch: Check = {
  name: 'ambiguous-match',
  inspect(expr, inspection) {
    if (expr.type === 'binaryExpr') inspectMatching(expr, inspection);
  },
};

function inspectMatching(expr: BinaryExpr, inspection: Inspection): void {
  const { matching, op } = expr;
  if (matching === undefined || isSetOperator(op)) return;
  const left = surplus(expr, expr.lhs, inspection);
  const right = surplus(expr, expr.rhs, inspection);
  const { card } = matching;
  const leftMayBeMany = card === 'many-to-one';
  const rightMayBeMany = card === 'one-to-many';
  const wrong = [
    ...(leftMayBeMany ? [] : left.map((label) => ({ label, side: expr.lhs }))),
    ...(rightMayBeMany ? [] : right.map((label) => ({ label, side: expr.rhs }))),
  ];
  const [first] = wrong;
  if (first === undefined) return;
  const modifier = matching.on
    ? `on (${matching.labels.join(', ')})`
    : `ignoring (${matching.labels.join(', ')})`;
  inspection.report(expr, {
    severity: 'error',
    message: `several series of ${quoted(first.side)} match the same one of the other side`,
    reason: `${modifier} leaves out ${listed(wrong.map(({ label }) => label))}, by which they differ, and Prometheus then refuses the query`,
    remedy: remedyFor(expr, left, right),
  });
}

/** Labels of a side by which its series certainly differ and that the matching does not look at. */
function surplus({ matching }: BinaryExpr, side: Expr, inspection: Inspection): string[] {
  const { on, labels: named } = matching!;
  const { labels } = inspection.facts(side);
  const names = labels.names().filter((name) => {
    if (named.includes(name) === on) return false;
    const { values, varies } = labels.get(name);
    if (!varies) return false;
    if (values === undefined) return true;
    return (name === 'le' || name === 'quantile' ? different(values) : values.size) > 1;
  });
  return names.length === 0 || leavesOut(side) ? [] : names;
}

/** Whether some of the series may be left out on the way, so that one may be left of several. */
function leavesOut(side: Expr): boolean {
  const open = [side];
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    if (expr.type === 'binaryExpr' && (isSetOperator(expr.op) || (isComparison(expr.op) && !expr.returnBool)))
      return true;
    if (expr.type === 'aggregation' && /^(?:topk|bottomk|limitk|limit_ratio)$/.test(expr.op)) return true;
    open.push(...children(expr));
  }
  return false;
}

/** How many numbers there are: `5` and `5.0` are two ways to write one. */
function different(values: ReadonlySet<string>): number {
  return new Set([...values].map(Number)).size;
}

function remedyFor(expr: BinaryExpr, left: readonly string[], right: readonly string[]): string {
  const aggregate = (side: Expr, labels: readonly string[]): string =>
    `aggregate ${quoted(side)} without ${labels.join(', ')}`;
  if (expr.matching!.card === 'one-to-one') {
    if (right.length === 0)
      return `add group_left where each of them is meant, or ${aggregate(expr.lhs, left)}.`;
    if (left.length === 0)
      return `add group_right where each of them is meant, or ${aggregate(expr.rhs, right)}.`;
  }
  const [side, labels] =
    expr.matching!.card === 'many-to-one' || left.length === 0 ? [expr.rhs, right] : [expr.lhs, left];
  return `match by these labels too, or ${aggregate(side, labels)}.`;
}
