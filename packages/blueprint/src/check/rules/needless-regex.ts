/**
 * A regular expression where a plain value would do: `status=~"500"`, or anchors that are there anyway. Equality is
 * faster, since the index answers it, and says what is meant.
 */
import { printMatcher } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { selectorsIn } from './expression-shape.ts';

/** Matchers that need no regular expression. */
export const needlessRegex: RuleCheck = {
  name: 'needless-regex',
  inspect(rule, report) {
    if (rule.tree === undefined) return;
    for (const selector of selectorsIn(rule.tree)) {
      for (const matcher of selector.matchers) {
        if (matcher.op !== '=~' && matcher.op !== '!~') continue;
        const { value } = matcher;
        const isAnchored = /^\^|(?:^|[^\\])\$$/.test(value);
        const isPlain = !/[\\^$.*+?()[\]{}|]/.test(value);
        if (!isAnchored && !isPlain) continue;
        const op = matcher.op === '=~' ? '=' : '!=';
        report(rule.placeOf(selector), {
          severity: 'info',
          message: isPlain
            ? `${printMatcher(matcher)} has nothing in it that needs a regular expression`
            : `${printMatcher(matcher)} is anchored, as every matcher is`,
          reason: isPlain
            ? 'equality is answered by the index, and says what is meant'
            : 'regular expressions match whole values, so ^ and $ do nothing',
          remedy: isPlain
            ? `write ${printMatcher({ ...matcher, op })}.`
            : `write ${printMatcher({ ...matcher, value: value.replace(/^\^/, '').replace(/\$$/, '') })}.`,
        });
      }
    }
  },
};
