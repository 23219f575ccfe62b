/** Objectives: what share of events must be good over a period, and what follows from it. */
import type { Row } from '../dashboard/dashboard.ts';
import type { RuleGroup } from '../rules/rule.ts';

/** An objective, with the rules and panels that watch it. */
export interface Slo {
  /** Kebab case; the value of the label `slo`. */
  readonly name: string;
  readonly description: string;
  /** The share of good events, between 0 and 1: 0.999. */
  readonly objective: number;
  readonly periodMs: number;
  /** Recording rules and burn-rate alerts. */
  readonly groups: readonly RuleGroup[];
  /** Error budget, burn rate and events, for the dashboard of objectives. */
  readonly row: Row;
}
