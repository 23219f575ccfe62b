/**
 * `absent` of what does not say what is missing: an aggregation or a regular expression gives an alert without labels,
 * so that nobody can tell which of them is gone; and with several, one that is there hides the others.
 */
import { printMatcher, unwrapParens, walk } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';

/** Tests for absence that cannot say of what. */
export const absentMatcher: RuleCheck = {
  name: 'absent-matcher',
  inspect(rule, report) {
    const { tree } = rule;
    if (rule.type !== 'alert' || tree === undefined) return;
    walk(tree, (node) => {
      if (node.type !== 'call' || !node.func.startsWith('absent')) return;
      const [arg] = node.args;
      const inner = arg === undefined ? undefined : unwrapParens(arg);
      const selector = inner?.type === 'matrixSelector' ? inner.selector : inner;
      if (selector?.type !== 'vectorSelector') return;
      const pattern = selector.matchers.find(
        ({ name, op, value }) => op === '=~' && name !== '__name__' && /[|*+]/.test(value) && value !== '.+',
      );
      if (pattern === undefined) return;
      report(rule.placeOf(node), {
        severity: 'warning',
        message: `${node.func} of ${printMatcher(pattern)} is silent while one of them is there`,
        reason: 'it tells only that all of them are gone, and then without the label',
        remedy: `write one ${node.func} for each value, with ${pattern.name}="...", joined by or.`,
      });
    });
  },
};
