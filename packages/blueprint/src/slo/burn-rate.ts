/**
 * Alerts on several windows and burn rates, as chapter 5 of Google's SRE workbook derives them.
 *
 * A burn rate of 1 spends the whole budget in exactly the period. Whoever spends a share of the budget within a window
 * burns `share × period ÷ window` times as fast:
 *
 * | alert | share | long | short | factor in 30 d | found at 100 % errors, objective 99.9 % | ends after |
 * |---|---|---|---|---|---|---|
 * | page | 2 % | 1 h | 5 m | 14.4 | 52 s | 5 m |
 * | page | 5 % | 6 h | 30 m | 6 | 2.2 min | 30 m |
 * | ticket | 10 % | 1 d | 2 h | 3 | 4.3 min | 2 h |
 * | ticket | 10 % | 3 d | 6 h | 1 | 4.3 min | 6 h |
 *
 * The long window makes sure that enough was spent to be worth somebody's time; the short one, that it is still being
 * spent, so that the alert ends soon after the cause has. This is what `for` would do worse: it would start again with
 * each moment that is well, and find a total outage no sooner than a trickle.
 */
import { formatDuration } from '@binnacle/promql';
import type { DurationText } from '../config/config.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { rounded } from '../decimal.ts';
import { positiveDurationMs } from '../duration.ts';

/** What must be spent, and how soon, for an alert to fire. */
export interface BurnRateWindow {
  /** The share of the period's budget, from 0 to 1, that is spent within the long window. */
  readonly budgetShare: number;
  readonly long: DurationText;
  /** In which it must still be spent; a twelfth of the long one is usual. */
  readonly short: DurationText;
}

/** What wakes somebody, unless an objective says otherwise. */
export const PAGE_WINDOWS: readonly BurnRateWindow[] = [
  { budgetShare: 0.02, long: '1h', short: '5m' },
  { budgetShare: 0.05, long: '6h', short: '30m' },
];

/** What can wait until the morning, unless an objective says otherwise. */
export const TICKET_WINDOWS: readonly BurnRateWindow[] = [
  { budgetShare: 0.1, long: '1d', short: '2h' },
  { budgetShare: 0.1, long: '3d', short: '6h' },
];

/** Digits of a threshold; nobody tells more from 9.33333333 times the budget. */
const THRESHOLD_DIGITS = 9;

/** One condition of an alert. */
export interface BurnRate {
  readonly budgetShare: number;
  /** As durations are printed: `1h`. */
  readonly long: string;
  readonly short: string;
  /** How many times faster than it may the budget burns. */
  readonly factor: number;
  /** The share of bad events above which that is so. */
  readonly ratio: number;
}

/**
 * Below it an alert fires while the budget lasts longer than its period; with 28 days the slowest row is at 0.93, which
 * is meant.
 */
const FACTOR_MIN = 0.9;

/**
 * The conditions that say something under an objective. Left out are
 *
 * - windows that are not shorter than the period;
 * - what would need more bad events than there are events: with an objective of 90 % no hour can spend 2 % of the budget
 *   of 30 days;
 * - what would fire although the promise is kept: of a budget of 7 days a tenth in 3 days is slow. A short period wants
 *   windows of its own.
 *
 * @throws DefinitionError for shares, durations and orders of windows that cannot be
 */
export function burnRates(
  where: string,
  windows: readonly BurnRateWindow[],
  budget: number,
  periodMs: number,
): BurnRate[] {
  return windows.flatMap(({ budgetShare, long, short }): BurnRate[] => {
    const longMs = positiveDurationMs(where, 'long window', long);
    const shortMs = positiveDurationMs(where, 'short window', short);
    if (!(budgetShare > 0 && budgetShare <= 1))
      throw new DefinitionError(`${where}: budgetShare ${budgetShare} is not above 0 and at most 1`);
    if (shortMs >= longMs)
      throw new DefinitionError(
        `${where}: the short window ${short} is not shorter than the long one, ${long}`,
      );
    const factor = rounded((budgetShare * periodMs) / longMs);
    const ratio = rounded(factor * budget, THRESHOLD_DIGITS);
    if (longMs >= periodMs || ratio >= 1 || factor < FACTOR_MIN) return [];
    return [{ budgetShare, long: formatDuration(longMs), short: formatDuration(shortMs), factor, ratio }];
  });
}
