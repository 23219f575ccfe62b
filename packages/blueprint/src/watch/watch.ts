/**
 * Watches: what to look at, and when to wake somebody, for one part that services have: HTTP, jobs, a cache.
 *
 * A watch is a function of its instrument's metric definitions, so that a metric that is renamed there is renamed in
 * its panels and alerts. What it gives is data: rows for a dashboard and groups of rules.
 */
import type { Row } from '../dashboard/dashboard.ts';
import type { RuleGroup } from '../rules/rule.ts';

/** What a watch brings. */
export interface Watch {
  /** What is watched, as it stands in titles: `HTTP`, `Jobs`. */
  readonly name: string;
  /** For a dashboard, in the order in which they are read. */
  readonly rows: readonly Row[];
  readonly groups: readonly RuleGroup[];
}

/** What every watch may be told. */
export interface WatchOptions {
  /**
   * Equalities that bind all expressions to the series of one service: `{ job: 'web' }`, `{ system: 'shop' }`. Without
   * them everything of the same name is taken together.
   */
  readonly where?: Readonly<Record<string, string>>;
  /** Joined with `#` and the alert's name in kebab case to the link that says what to do. */
  readonly runbookUrl?: string;
  /** Labels of all alerts, beside `severity`. */
  readonly labels?: Readonly<Record<string, string>>;
}
