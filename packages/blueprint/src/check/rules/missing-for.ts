/**
 * An alert without `for`: it fires with the first evaluation in which its expression holds, so that one late scrape or
 * one short peak wakes somebody.
 *
 * Where the expression itself looks back over a while, that does what `for` would do. What is recorded may do so too,
 * and is left alone.
 */
import { type Expr, formatDuration, walk } from '@binnacle/promql';
import type { RuleCheck } from '../check.ts';
import { isOfSeverity } from './alert-severity.ts';
import { isConstant, longestRangeMs, metricsIn } from './expression-shape.ts';
import { MISSED_SCRAPES, testsForAbsence } from './short-for.ts';

/** An expression that looks back so far needs no `for`. */
const RANGE_ENOUGH_MS = 15 * 60_000;

/** Functions that tell of events within a range: each is meant to be told. */
const OF_EVENTS = /^(?:increase|changes|resets|\w+_over_time|delta|idelta)$/;

/** Alerts that fire at once. */
export const missingFor: RuleCheck = {
  name: 'missing-for',
  inspect(rule, report) {
    const { tree, context } = rule;
    if (rule.type !== 'alert' || rule.forMs > 0 || tree === undefined || isConstant(tree)) return;
    // A watchdog or an inhibitor is to fire at once.
    if (isOfSeverity(rule, 'none')) return;
    if ([...metricsIn(tree)].some((name) => context.catalog.isRecorded(name) || name.includes(':'))) return;
    // Reported as too short.
    if (context.scrapeIntervalMs !== undefined && testsForAbsence(tree)) return;
    const rangeMs = longestRangeMs(tree);
    if (rangeMs >= RANGE_ENOUGH_MS || asksForEvents(tree)) return;
    report(rule.place, {
      severity: rangeMs === 0 ? 'warning' : 'info',
      message: 'the alert fires with the first evaluation in which its expression holds',
      reason:
        rangeMs === 0
          ? 'it looks at one moment, so a single late scrape or a short peak wakes somebody, and it flaps'
          : `it looks back over ${formatDuration(rangeMs)} only, so a short peak wakes somebody`,
      remedy: `add for: 5m, or what a person can wait for; at least ${MISSED_SCRAPES} scrapes.`,
    });
  },
};

function asksForEvents(tree: Expr): boolean {
  let found = false;
  walk(tree, (node) => {
    if (node.type === 'call' && OF_EVENTS.test(node.func)) found = true;
  });
  return found;
}
