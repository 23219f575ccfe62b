/**
 * Rules as values: what Prometheus's rule files hold, with nothing left open. `alert()`, `record()` and `ruleGroup()`
 * make and check them; `renderRuleFile()` writes them.
 */
import type { DefinitionPlace } from '../definition-place.ts';

/** How bad an alert is, the worst first. */
export const ALERT_SEVERITIES = ['critical', 'warning', 'info', 'none'] as const;

/** How bad it is: a page at night, a ticket, a note, or nothing (a watchdog). */
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

interface RuleCommon {
  /** PromQL that parses. */
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where its author wrote it. */
  readonly definedAt?: DefinitionPlace;
}

/** A rule that fires. */
export interface AlertRule extends RuleCommon {
  readonly type: 'alert';
  readonly name: string;
  /** How long the expression must hold before it fires; 0 for at once. */
  readonly forMs: number;
  /** How long it goes on firing afterwards; 0 for not at all. */
  readonly keepFiringForMs: number;
  /** Templates in Prometheus's language; `summary`, `description` and `runbook_url` among them. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A rule that writes a series. */
export interface RecordRule extends RuleCommon {
  readonly type: 'record';
  /** The name of the series. */
  readonly name: string;
}

/** Either kind. */
export type Rule = AlertRule | RecordRule;

/** Rules that are evaluated in order, at one time. */
export interface RuleGroup {
  readonly name: string;
  /** Undefined for the global evaluation interval. */
  readonly intervalMs?: number;
  /** How many series or alerts one rule may have; undefined for no limit. */
  readonly limit?: number;
  /** How far in the past it is evaluated; undefined for the global offset. */
  readonly queryOffsetMs?: number;
  readonly rules: readonly Rule[];
}
