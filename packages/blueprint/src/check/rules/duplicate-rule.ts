/**
 * Rules of one file that are the same: two that record one name with the same labels write the same series, and only
 * one of the values is kept; two alerts of one name and the same labels are one alert that flaps between them.
 *
 * Rules of one name that select by other values of the labels that they keep (`verb="GET"` and `verb="LIST"`) write
 * different series, and are none.
 */
import { printExpr, printMatcher } from '@binnacle/promql';
import type { CheckContext, RuleCheck } from '../check.ts';
import type { RuleSubject } from '../rule-subject.ts';
import { selectorsIn } from './expression-shape.ts';

/** Rules that stand there twice. */
export const duplicateRule: RuleCheck = {
  name: 'duplicate-rule',
  inspect(rule, report) {
    const identity = identitiesOf(rule.context).get(rule);
    if (identity === undefined) return;
    const { sameName, sameQuestion } = identity;
    if (sameName !== undefined) {
      const isSameText = textOf(sameName) === textOf(rule);
      report(rule.place, {
        severity: 'warning',
        message: `${rule.subject} stands in line ${sameName.place.line} already, with the same labels`,
        reason:
          rule.type === 'record'
            ? 'both write the same series, and of their values only one is kept'
            : 'who gets the alert cannot tell which of them it is, and when one is resolved so is the other',
        remedy: isSameText
          ? 'remove one of them.'
          : 'give one another name, or a label by which they differ.',
      });
    } else if (sameQuestion !== undefined) {
      report(rule.place, {
        severity: 'info',
        message: `${rule.subject} has the expression and the for of ${sameQuestion.subject}`,
        reason: 'they fire together, and somebody gets two messages for one thing',
        remedy: 'keep one of them.',
      });
    }
  },
};

interface Identity {
  /** The first rule that gives the same series or alert. */
  readonly sameName: RuleSubject | undefined;
  /** The first alert of another name that asks the same. */
  readonly sameQuestion: RuleSubject | undefined;
}

/** Found once for each run, so that thousands of rules are not compared with each other. */
const IDENTITIES = new WeakMap<CheckContext, ReadonlyMap<RuleSubject, Identity>>();

function identitiesOf(context: CheckContext): ReadonlyMap<RuleSubject, Identity> {
  const known = IDENTITIES.get(context);
  if (known !== undefined) return known;
  const found = new Map<RuleSubject, Identity>();
  const named = new Map<string, RuleSubject>();
  const asked = new Map<string, RuleSubject>();
  for (const rule of context.rules) {
    if (rule.tree === undefined) continue;
    const { file, type, name, forMs } = rule;
    const nameKey = JSON.stringify([file, type, name, labelsOf(rule), selectedBy(rule)]);
    const askedKey = JSON.stringify([file, type, textOf(rule), forMs]);
    const sameName = named.get(nameKey);
    const sameQuestion = type === 'alert' ? asked.get(askedKey) : undefined;
    if (sameName !== undefined || sameQuestion !== undefined) found.set(rule, { sameName, sameQuestion });
    if (sameName === undefined) named.set(nameKey, rule);
    if (sameQuestion === undefined) asked.set(askedKey, rule);
  }
  IDENTITIES.set(context, found);
  return found;
}

function textOf({ tree }: RuleSubject): string {
  return tree === undefined ? '' : printExpr(tree);
}

function labelsOf({ labels }: RuleSubject): (readonly [string, string])[] {
  return labels.map(({ name, value }) => [name, value.text] as const).sort();
}

/** The matchers of labels that the result keeps. */
function selectedBy(rule: RuleSubject): string[] {
  const { labels } = rule.facts(rule.tree!);
  const matchers = selectorsIn(rule.tree!).flatMap((selector) => selector.matchers);
  return [
    ...new Set(
      matchers.filter(({ name }) => name !== '__name__' && labels.has(name)).map((one) => printMatcher(one)),
    ),
  ].sort();
}
