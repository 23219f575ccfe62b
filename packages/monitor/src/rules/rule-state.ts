/** What a group remembers of each of its rules from one evaluation to the next. */
import { Labels } from '@binnacle/metrics/model';
import { AlertTemplates } from './alert-templates.ts';
import type { ActiveAlert, ActiveAlerts } from './alerting-rule.ts';
import type { RuleConfig, RuleGroupConfig } from './rule-file.ts';
import type { RuleHealth, RuleStatus } from './rule-status.ts';

/** A rule with what it remembers. */
export interface RuleState {
  readonly config: RuleConfig;
  /**
   * Names the rule over a restart and a change of the configuration: by file, group, name and labels, as Prometheus
   * matches rules; the n-th of the same name and labels is the n-th.
   */
  readonly key: string;
  /** Of an alerting rule. */
  readonly templates: AlertTemplates | undefined;
  /** Names the rule's batches to storage: one source appends once at a time. */
  readonly source: string;
  active: ActiveAlerts;
  /** The series of the last successful evaluation, by the key of their labels. */
  written: ReadonlyMap<string, Labels>;
  health: RuleHealth;
  lastError: string;
  lastEvaluationMs: number;
  evaluationDurationMs: number;
}

/** The rules of a group before their first evaluation. */
export function ruleStates(group: RuleGroupConfig, file: string): RuleState[] {
  const counts = new Map<string, number>();
  return group.rules.map((config, i) => {
    const name = `${file};${group.name};${config.name}${Labels.of(config.labels)}`;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return {
      config,
      key: `${name};${count}`,
      templates: config.type === 'alerting' ? new AlertTemplates(config) : undefined,
      source: `rule ${file};${group.name};${i}`,
      active: new Map(),
      written: new Map(),
      health: 'unknown',
      lastError: '',
      lastEvaluationMs: 0,
      evaluationDurationMs: 0,
    };
  });
}

/**
 * Gives rules what those of the same key remembered under the configuration before. Returns the series of rules that
 * are no more.
 */
export function carryOver(from: readonly RuleState[], to: readonly RuleState[]): Labels[] {
  const byKey = new Map(to.map((rule) => [rule.key, rule]));
  const orphans: Labels[] = [];
  for (const old of from) {
    const rule = byKey.get(old.key);
    if (rule === undefined) {
      orphans.push(...old.written.values());
      continue;
    }
    rule.written = old.written;
    if (rule.config.type === 'alerting') rule.active = old.active;
  }
  return orphans;
}

/** Whether an evaluation changed what a restart must know. Values and annotations are found again by evaluating. */
export function hasTurned(before: ActiveAlerts, after: ActiveAlerts): boolean {
  if (before.size !== after.size) return true;
  for (const [key, alert] of after) {
    const old = before.get(key);
    if (
      old === undefined ||
      old.state !== alert.state ||
      old.activeAtMs !== alert.activeAtMs ||
      old.keepFiringSinceMs !== alert.keepFiringSinceMs
    )
      return true;
  }
  return false;
}

/** What a rule tells about itself. */
export function statusOf(rule: RuleState): RuleStatus {
  const { config, health, lastError, lastEvaluationMs, evaluationDurationMs } = rule;
  const alerts: ActiveAlert[] = [...rule.active.values()]
    .filter((alert) => alert.state !== 'inactive')
    .sort((a, b) => Labels.compare(a.labels, b.labels));
  return { config, health, lastError, lastEvaluationMs, evaluationDurationMs, alerts };
}
