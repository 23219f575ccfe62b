/**
 * `topk` and alike in an alert: which series are among the first changes from one evaluation to the next, so alerts
 * are resolved and fire again without anything having changed.
 *
 * `topk by (node) (1, x)` chooses one series of each group, to join with it, and is left alone.
 */
import { walk } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { numberOf } from './expression-shape.ts';

const CHOOSING = /^(?:topk|bottomk|limitk|limit_ratio)$/;

/** Alerts on the first few. */
export const topkInAlert: RuleCheck = {
  name: 'topk-in-alert',
  inspect(rule, report) {
    const { tree } = rule;
    if (rule.type !== 'alert' || tree === undefined) return;
    walk(tree, (node, path) => {
      if (node.type !== 'aggregation' || !CHOOSING.test(node.op)) return;
      const isOneOfEach = node.param !== undefined && numberOf(node.param) === 1 && node.grouping.length > 0;
      if (isOneOfEach) return;
      // What is aggregated again has no series that come and go.
      if (path.some((around) => around.type === 'aggregation' && !CHOOSING.test(around.op))) return;
      report(rule.placeOf(node), {
        severity: 'warning',
        message: `${node.op} chooses the series of an alert`,
        reason:
          'which they are changes with every evaluation, so alerts are resolved and fire again, and for never ends',
        remedy: `remove ${node.op}, and let the limit decide.`,
      });
    });
  },
};
