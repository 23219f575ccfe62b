/**
 * A rule that uses what a later rule of its own group records. Rules of a group are evaluated in their order, so it sees
 * the value of the evaluation before, and none at the first. Where it looks back over a range, one value more or less
 * does not matter.
 */
import { metricNameOf, walk } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';

/** Recorded series that are used before they are recorded. */
export const recordedLater: RuleCheck = {
  name: 'recorded-later',
  inspect(rule, report) {
    const { tree, group, context } = rule;
    if (tree === undefined || group.rules.length < 2) return;
    const own = group.rules.indexOf(rule);
    walk(tree, (node, path) => {
      if (node.type !== 'vectorSelector' || node.offsetMs > 0) return;
      if (path.some(({ type }) => type === 'matrixSelector' || type === 'subquery')) return;
      const name = metricNameOf(node);
      if (name === undefined || name === rule.name) return;
      const recordings = context.recordingsOf(name);
      const places = recordings.map((recording) =>
        recording.group === group ? group.rules.indexOf(recording) : -1,
      );
      // What another group records may be there in time.
      if (places.length === 0 || !places.every((place) => place > own)) return;
      report(rule.placeOf(node), {
        severity: 'warning',
        message: `${name} is recorded by a later rule of the group`,
        reason: 'rules are evaluated in their order, so this one sees what was recorded the time before',
        remedy: `move the rule that records ${name} in front of this one.`,
      });
    });
  },
};
