/**
 * An alert on the absence of something (`absent(x)`, `up == 0`) whose `for` is shorter than two scrapes: a single scrape
 * that failed makes it fire, since the series of a target are gone with the first one. Needs the scrape interval.
 */
import { type Expr, formatDuration, metricNameOf, unwrapParens, walk } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { longestRangeMs, thresholdsIn } from './expression-shape.ts';

/** So many scrapes in a row may not be there before it means something. */
export const MISSED_SCRAPES = 2;

/** Alerts of absence that do not bear a failed scrape. */
export const shortFor: RuleCheck = {
  name: 'short-for',
  inspect(rule, report) {
    const { tree, forMs, context } = rule;
    if (rule.type !== 'alert' || tree === undefined) return;
    const scrapeIntervalMs = context.scrapeIntervalFor(tree);
    if (scrapeIntervalMs === undefined) return;
    const leastMs = MISSED_SCRAPES * scrapeIntervalMs;
    if (forMs >= leastMs || longestRangeMs(tree) >= leastMs || !testsForAbsence(tree)) return;
    const held = forMs === 0 ? 'fires at once' : `fires after ${formatDuration(forMs)}`;
    report(rule.forPlace, {
      severity: 'warning',
      message: `the alert ${held} when something is absent, and scrapes are ${formatDuration(scrapeIntervalMs)} apart`,
      reason: 'a single scrape that fails makes the series absent, so the alert fires without need',
      remedy: `use for: ${formatDuration(leastMs)} at least; 5m is usual.`,
    });
  },
};

/** Whether an expression asks for what is not there: `absent(x)`, `up == 0`. */
export function testsForAbsence(tree: Expr): boolean {
  let found = false;
  walk(tree, (node) => {
    if (node.type === 'call' && node.func === 'absent') found = true;
  });
  return (
    found ||
    thresholdsIn(tree).some(({ value, op, limit }) => {
      const inner = unwrapParens(value);
      if (inner.type !== 'vectorSelector' || metricNameOf(inner) !== 'up') return false;
      return (
        (op === '==' && limit === 0) ||
        (op === '!=' && limit === 1) ||
        (op === '<' && limit <= 1 && limit > 0)
      );
    })
  );
}
