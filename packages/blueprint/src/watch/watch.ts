/**
 * Watches: what to look at, and when to wake somebody, for one part that services have: HTTP, jobs, a cache.
 *
 * A watch is a function of its instrument's metric definitions, so that a metric that is renamed there is renamed in
 * its panels and alerts. What it gives is data: rows for a dashboard and groups of rules.
 *
 * All watches keep to the same rules:
 *
 * - Panels read from left to right: how much, how much of it fails, how long it takes. Alerts are drawn as thresholds
 *   in the panels that show what they are about.
 * - Rates are taken of each series first and summed then, so that restarts of one process of several do no harm.
 *   Gauges of several instances are added up where each counts its own, and the greatest is taken where all see the
 *   same thing; the gauge's mode says which.
 * - Shares are shares of events in a window, and are not asked for below a least number of events, so that one failure
 *   in a quiet hour wakes nobody.
 * - What an instrument does not have is not watched: its panels and alerts are not there.
 */
import type { DurationText } from '../config/config.ts';
import type { Row } from '../dashboard/dashboard.ts';
import type { AlertSeverity, RuleGroup } from '../rules/rule.ts';

/** What a watch brings. */
export interface Watch {
  /** What is watched, as it stands in titles: `HTTP`, `Jobs`. */
  readonly name: string;
  /** For a dashboard, in the order in which they are read. */
  readonly rows: readonly Row[];
  readonly groups: readonly RuleGroup[];
}

/** How one alert may differ from what its watch has for it. */
export interface AlertTuning {
  /** Another name; the link to the runbook stays. */
  readonly name?: string;
  readonly severity?: AlertSeverity;
  readonly for?: DurationText;
  /** `0s` for not at all. */
  readonly keepFiringFor?: DurationText;
  /** The whole link to another runbook. */
  readonly runbookUrl?: string;
}

/** What every watch may be told; `Alert` are the names of its alerts. */
export interface WatchOptions<Alert extends string = string> {
  /**
   * Equalities that bind all expressions to the series of one service: `{ job: 'web' }`, `{ system: 'shop' }`. Without
   * them everything of the same name is taken together. Alerts have them as labels, because sums have lost them.
   */
  readonly where?: Readonly<Record<string, string>>;
  /**
   * What is watched, where one service has several of a kind: `Exports`. Stands in titles, and on all alerts as the
   * label `watch`, since alerts of one name need labels that tell them apart.
   */
  readonly name?: string;
  /** Joined with `#` and the alert's name in kebab case to the link that says what to do. Default: {@link RUNBOOKS}. */
  readonly runbookUrl?: string;
  /** Labels of all alerts, beside `severity`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** By name, what is to be different, or `false` for those that are not wanted. */
  readonly alerts?: { readonly [K in Alert]?: AlertTuning | false };
}

/** The page with the runbooks of all alerts, in Binnacle's repository. */
export const RUNBOOKS = './docs/watches.md';
