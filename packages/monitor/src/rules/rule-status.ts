/** What rules tell about themselves: the state behind `/api/v1/rules` and `/api/v1/alerts`. */
import type { ActiveAlert } from './alerting-rule.ts';
import type { RuleConfig } from './rule-file.ts';

/** `unknown` before the first evaluation. */
export type RuleHealth = 'ok' | 'err' | 'unknown';

export interface RuleStatus {
  readonly config: RuleConfig;
  readonly health: RuleHealth;
  /** Why the last evaluation failed; empty when it did not. */
  readonly lastError: string;
  /** 0 before the first evaluation. */
  readonly lastEvaluationMs: number;
  readonly evaluationDurationMs: number;
  /** Pending and firing alerts, in the order of their labels; empty for a recording rule. */
  readonly alerts: readonly ActiveAlert[];
}

export interface RuleGroupStatus {
  readonly name: string;
  /** The rule file's path. */
  readonly file: string;
  readonly intervalMs: number;
  readonly limit: number;
  /** 0 before the first evaluation. */
  readonly lastEvaluationMs: number;
  readonly evaluationDurationMs: number;
  /** Evaluations that were due and not made, because an earlier one took too long or the machine slept. */
  readonly missedEvaluations: number;
  /** Evaluations of single rules since the start. */
  readonly ruleEvaluations: number;
  /** Those that failed. */
  readonly ruleFailures: number;
  readonly rules: readonly RuleStatus[];
}
