/**
 * Series without bound: a result that keeps a label of which there are as many values as there are users, requests or
 * addresses. Recorded, it is a series for each; as an alert, a message for each.
 *
 * Reported is what the rule itself groups by, where the name says that it has no bound and no list of values is known.
 */
import { walk } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';

/** Labels that are never few. */
const UNBOUNDED =
  /^(?:id|uuid|guid|url|uri|path|query|email|mail|phone|user|username|token|ip|address|client_ip|remote_addr|(?:user|request|session|trace|span|order|job|message|transaction|customer|account|video|file)_(?:id|uuid|name)|session|trace|filename|title)$/;

/** Groupings by what has no bound. */
export const unboundedGrouping: RuleCheck = {
  name: 'unbounded-grouping',
  inspect(rule, report) {
    const { tree } = rule;
    if (tree === undefined) return;
    const { labels } = rule.facts(tree);
    walk(tree, (node) => {
      if (node.type !== 'aggregation' || node.without) return;
      for (const label of node.grouping) {
        if (!UNBOUNDED.test(label) || !labels.has(label)) continue;
        const { values } = labels.get(label);
        if (values !== undefined) continue;
        report(rule.placeOf(node), {
          severity: 'warning',
          message: `the result has a series for each ${label}`,
          reason:
            rule.type === 'alert'
              ? 'there is no bound to them, and each is an alert and a message of its own'
              : 'there is no bound to them, and each is stored as a series of its own with every evaluation',
          remedy: 'group by a label that has few values, and leave the others to the logs.',
        });
      }
    });
  },
};
