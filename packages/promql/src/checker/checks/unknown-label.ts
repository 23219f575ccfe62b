/**
 * A label that the metric does not have. A matcher for it selects nothing, or everything where it also lets the
 * empty value pass; a grouping by it makes no groups.
 *
 * A label that the metric has and an inner aggregation removed is the matter of `dropped-label`.
 */
import type { AggregateExpr, BinaryExpr, Call, Expr, VectorSelector } from '../../ast.ts';
import { printMatcher } from '../../printer.ts';
import type { Facts } from '../facts.ts';
import { metricNameOf } from '../infer.ts';
import { type Check, type Inspection, listed, quoted } from '../inspection.ts';
import { testOf } from '../label-set.ts';
import { nearest } from '../nearest.ts';

/** Labels in matchers, groupings and matchings that the series do not have. */
export const unknownLabel: Check = {
  name: 'unknown-label',
  inspect(expr, inspection) {
    switch (expr.type) {
      case 'vectorSelector':
        inspectMatchers(expr, inspection);
        return;
      case 'aggregation':
        inspectGrouping(expr, inspection);
        return;
      case 'binaryExpr':
        inspectMatching(expr, inspection);
        return;
      case 'call':
        if (expr.func === 'label_replace') inspectSource(expr, inspection);
        return;
    }
  },
};

function inspectMatchers(selector: VectorSelector, inspection: Inspection): void {
  const name = metricNameOf(selector);
  const facts = name === undefined ? undefined : inspection.catalog.series(name);
  if (facts === undefined) return;
  for (const matcher of selector.matchers) {
    if (matcher.name === '__name__' || facts.labels.has(matcher.name)) continue;
    // To say that a label is not there is right where it never is.
    if (matcher.op === '=' && matcher.value === '') continue;
    const selectsAll = testOf(matcher)('');
    report(selector, matcher.name, facts, inspection, {
      severity: selectsAll ? 'warning' : 'error',
      subject: name!,
      effect: `${printMatcher(matcher)} ${selectsAll ? 'lets every series pass' : 'selects nothing'}`,
    });
  }
}

function inspectGrouping(expr: AggregateExpr, inspection: Inspection): void {
  const inner = inspection.facts(expr.expr);
  for (const label of expr.grouping) {
    if (label === '__name__' || isKnown(label, inner)) continue;
    const suggestion = nearest(label, inner.labels.names());
    // Many write `without` for labels that some metrics have; a slip of the pen is another matter.
    if (expr.without && suggestion === undefined) continue;
    report(expr, label, inner, inspection, {
      severity: expr.without ? 'warning' : 'error',
      subject: inner.metric ?? quoted(expr.expr),
      effect: expr.without ? 'nothing is removed' : 'there are no groups by it',
    });
  }
}

function inspectMatching(expr: BinaryExpr, inspection: Inspection): void {
  const { matching } = expr;
  if (matching === undefined) return;
  const [left, right] = [inspection.facts(expr.lhs), inspection.facts(expr.rhs)];
  // To the byte behind the last character, which is how positions end elsewhere.
  const range = { start: expr.opRange.start, end: expr.opRange.end + 1 };
  for (const label of matching.labels) {
    for (const [side, facts, other] of [
      [expr.lhs, left, right],
      [expr.rhs, right, left],
    ] as const) {
      if (label === '__name__' || isKnown(label, facts)) continue;
      if (!matching.on && (isKnown(label, other) || nearest(label, facts.labels.names()) === undefined))
        continue;
      // Where the other side certainly has it, nothing ever matches, which is reported as that.
      if (matching.on && other.labels.get(label).present) continue;
      report(range, label, facts, inspection, {
        severity: matching.on ? 'error' : 'warning',
        subject: facts.metric ?? quoted(side),
        effect: matching.on ? 'the series do not differ by it' : 'nothing is ignored',
      });
      break;
    }
  }
  const one = matching.card === 'many-to-one' ? right : left;
  const oneSide: Expr = matching.card === 'many-to-one' ? expr.rhs : expr.lhs;
  for (const label of matching.include) {
    if (label === '__name__' || isKnown(label, one)) continue;
    report(range, label, one, inspection, {
      severity: 'error',
      subject: one.metric ?? quoted(oneSide),
      effect: 'there is nothing to be taken over',
    });
  }
}

/** A pattern that also matches nothing may be there to set a label of a constant value. */
function inspectSource(call: Call, inspection: Inspection): void {
  const [vector, , , source, pattern] = call.args;
  if (vector === undefined || source?.type !== 'stringLiteral' || pattern?.type !== 'stringLiteral') return;
  const inner = inspection.facts(vector);
  if (source.value === '__name__' || source.value === '' || isKnown(source.value, inner)) return;
  if (testOf({ name: source.value, op: '=~', value: pattern.value })('')) return;
  report(call, source.value, inner, inspection, {
    severity: 'error',
    subject: inner.metric ?? quoted(vector),
    effect: 'label_replace changes nothing',
  });
}

/** Whether series have a label, may have it, or had it before something removed it. */
function isKnown(label: string, { labels }: Facts): boolean {
  return labels.has(label) || labels.removalOf(label) !== undefined;
}

function report(
  range: { readonly start: number; readonly end: number },
  label: string,
  { labels }: Facts,
  inspection: Inspection,
  what: { readonly severity: 'error' | 'warning'; readonly subject: string; readonly effect: string },
): void {
  const names = labels.names();
  const suggestion = nearest(label, names);
  inspection.report(range, {
    severity: what.severity,
    message: `${what.subject} has no label ${label}`,
    reason: `its labels are ${listed(names)}, so ${what.effect}`,
    remedy: 'use one of these labels, or leave it out.',
    ...(suggestion !== undefined && { suggestion }),
  });
}
