/**
 * Two sides of an operator whose series can never find each other, because a label that must be equal is on one side
 * only, or has other values on each: `sum(x) / y`, `x{status="a"} / x{status="b"}`, `x and hour() > 8`.
 *
 * `or` is left alone: there a missing partner is the normal case.
 */
import type { BinaryExpr, VectorMatching } from '../../ast.ts';
import { type Check, type Inspection, listed, quoted } from '../inspection.ts';
import { canAgree, canExist, type LabelFacts } from '../label-set.ts';

/** Matchings that cannot succeed. */
export const impossibleMatch: Check = {
  name: 'impossible-match',
  inspect(expr, inspection) {
    if (expr.type === 'binaryExpr') inspectMatching(expr, inspection);
  },
};

function inspectMatching(expr: BinaryExpr, inspection: Inspection): void {
  const { matching, op } = expr;
  if (matching === undefined || op === 'or') return;
  if (matching.fill.lhs !== undefined || matching.fill.rhs !== undefined) return;
  const [left, right] = [inspection.facts(expr.lhs).labels, inspection.facts(expr.rhs).labels];
  const names = matching.on
    ? matching.labels
    : [...new Set([...left.names(), ...right.names()])].filter((name) => !matching.labels.includes(name));
  const apart = names.filter((name) => name !== '__name__' && !canAgree(left.get(name), right.get(name)));
  const [label] = apart;
  if (label === undefined) return;
  const facts = [left.get(label), right.get(label)] as const;
  const difference = facts.every(canExist)
    ? `${label} is ${inWords(facts[0])} on the left and ${inWords(facts[1])} on the right`
    : `${listed(apart)} ${apart.length === 1 ? 'is' : 'are'} only on one side: ${canExist(facts[0]) ? 'the left' : 'the right'} has ${label}, ${quoted(canExist(facts[0]) ? expr.rhs : expr.lhs)} does not`;
  const effect = op === 'unless' ? 'unless removes nothing' : 'the answer is always empty';
  inspection.report(expr, {
    severity: 'error',
    message: `the sides of ${op} can never match: ${label} always differs`,
    reason: `${demandOf(matching)} must be equal, but ${difference}; so ${effect}`,
    remedy: remedyFor(expr, apart),
  });
}

function demandOf({ on, labels }: VectorMatching): string {
  if (on) return 'the labels of on';
  return labels.length > 0 ? 'all labels but those of ignoring' : 'without on or ignoring all labels';
}

function remedyFor({ matching }: BinaryExpr, apart: readonly string[]): string {
  const labels = apart.join(', ');
  return matching!.on
    ? `keep ${labels} on both sides, or leave it out of on.`
    : `name the labels that must be equal with on (...), or exclude these: ignoring (${labels}); aggregate both sides by the same labels where one has more.`;
}

function inWords({ values }: LabelFacts): string {
  return values === undefined ? 'anything' : listed([...values].map((value) => JSON.stringify(value)));
}
