/**
 * Inhibitions that silence more than they say.
 *
 * A label in `equal` that is missing on both sides counts as equal for Alertmanager. So an alert that has lost its
 * `instance` to an aggregation, with an inhibition that is equal in `instance` only, silences every other alert that has
 * lost it too. What is reported here is proved: both alerts can meet the rule's matchers, and both surely lack the label.
 */
import { type Expr, parse, passesSeries } from '@binnacle/promql';
import type { AlertRule, RuleGroup } from '../rules/rule.ts';
import { alertMatcher, passes } from './alert-matcher.ts';
import type { Alerting, InhibitRule } from './alerting.ts';

/** The inhibition that holds when none is written. */
export const DEFAULT_INHIBIT_RULES: readonly InhibitRule[] = [
  {
    sourceMatchers: ['severity = critical'],
    targetMatchers: ['severity =~ "warning|info"'],
    // With the alert's name among them, a label that both have lost does no harm: it is the same alert, of everything.
    equal: ['alertname', 'job', 'instance'],
  },
];

/** Sentences for people, one per rule and label; none when all is well. */
export function inhibitTraps(alerting: Alerting, groups: readonly RuleGroup[]): readonly string[] {
  const alerts = groups.flatMap(({ rules }) => rules.filter((rule) => rule.type === 'alert'));
  return (alerting.inhibitRules ?? []).flatMap((rule, index) => {
    const equal = rule.equal ?? [];
    if (equal.includes('alertname')) return [];
    const sources = alerts.filter((alert) => canMeet(rule.sourceMatchers, alert));
    const targets = alerts.filter((alert) => canMeet(rule.targetMatchers, alert));
    for (const source of sources) {
      for (const target of targets) {
        if (source === target) continue;
        // One label that differs, or that only one of both has, keeps them apart.
        if (
          equal.length === 0 ||
          !equal.every((label) => lacksLabel(source, label) && lacksLabel(target, label))
        )
          continue;
        return [
          `inhibitRules[${index}]: ${source.name} silences every ${target.name}, since neither has ${equal.join(' or ')}: ` +
            'a label that is missing on both sides counts as equal. Name labels that both have.',
        ];
      }
    }
    return [];
  });
}

/** Whether the labels that are written down leave it open that an alert meets all matchers. */
function canMeet(texts: readonly string[], alert: AlertRule): boolean {
  return texts.every((text) => {
    const matcher = alertMatcher(text);
    if (matcher === undefined) return false;
    const known = matcher.name === 'alertname' ? alert.name : alert.labels[matcher.name];
    // A template may become anything, and so may a label of the expression.
    if (known === undefined || known.includes('{{'))
      return known !== undefined || !lacksLabel(alert, matcher.name);
    return passes(matcher, known) !== false;
  });
}

/** Whether no alert of this rule can have the label. */
function lacksLabel(alert: AlertRule, label: string): boolean {
  if (label === 'alertname' || Object.hasOwn(alert.labels, label)) return false;
  return exprLacks(parse(alert.expr), label);
}

/** Whether no series of the expression can have the label; false where that is not known. */
function exprLacks(expr: Expr, label: string): boolean {
  switch (expr.type) {
    case 'numberLiteral':
    case 'stringLiteral':
      return true;
    case 'vectorSelector':
      return expr.matchers.some(({ name, op, value }) => name === label && op === '=' && value === '');
    case 'matrixSelector':
      return exprLacks(expr.selector, label);
    case 'parenExpr':
    case 'subquery':
    case 'unaryExpr':
      return exprLacks(expr.expr, label);
    case 'aggregation':
      if (passesSeries(expr.op)) return exprLacks(expr.expr, label);
      if (expr.op === 'count_values') return false;
      return expr.without === expr.grouping.includes(label) || exprLacks(expr.expr, label);
    case 'binaryExpr': {
      // What is matched only filters; anything else can carry labels of both sides.
      const filters = expr.op === 'and' || expr.op === 'unless';
      return exprLacks(expr.lhs, label) && (filters || exprLacks(expr.rhs, label));
    }
    case 'call':
      return callLacks(expr, label);
  }
}

/** Functions that set labels or make series of nothing answer for themselves; the others keep those of their series. */
function callLacks(expr: Extract<Expr, { type: 'call' }>, label: string): boolean {
  if (/^label_|^absent|^info$/.test(expr.func)) return false;
  if (expr.func === 'histogram_quantile' && label === 'le') return true;
  return expr.args.every((arg) => exprLacks(arg, label));
}
