/**
 * One rule group: evaluates its rules in order, each seeing what its predecessors wrote.
 *
 *     for each rule:  query at the group's time → step → tell the alerts → append samples and staleness markers
 *
 * A rule that fails is marked and leaves everything as it was; the rules behind it go on.
 */
import { Labels } from '@binnacle/metrics/model';
import type { Queryable } from '@binnacle/promql';
import type { Appendable, Sample } from '../storage.ts';
import { queryEscape } from '../template/go-strings.ts';
import {
  type ActiveAlert,
  type ActiveAlerts,
  type AlertResult,
  alertLabels,
  alertSamples,
  stepAlerts,
  takeAlertsToSend,
} from './alerting-rule.ts';
import { stepRecording } from './recording-rule.ts';
import { type RestoreTiming, restoreAlerts } from './restore-alerts.ts';
import type { AlertingRuleConfig, RecordingRuleConfig, RuleConfig, RuleGroupConfig } from './rule-file.ts';
import type { RuleQuery } from './rule-query.ts';
import type { RuleGroupStatus, RuleHealth, RuleStatus } from './rule-status.ts';
import { Template, type TemplateData } from './template.ts';

/** An alert as it leaves the rules: firing until `endsAtMs`, resolved when that has passed. */
export interface OutgoingAlert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  /** When the alert began to fire. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** A link to the expression's graph. */
  readonly generatorUrl: string;
}

/** Takes the alerts of one rule, right after its evaluation. Must not throw. */
export type AlertSink = (alerts: readonly OutgoingAlert[]) => void;

/** What all groups share. */
export interface RuleContext {
  readonly query: RuleQuery;
  readonly storage: Queryable & Appendable;
  readonly sink: AlertSink;
  /** Added to alerts that leave, unless they have the label. */
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Where users reach the monitor, without a slash at the end. */
  readonly externalUrl: string;
  /** The least time between two tellings of the same alert; Prometheus: one minute. */
  readonly resendDelayMs: number;
  readonly restore: RestoreTiming;
  /** For durations of evaluations. */
  readonly now: () => number;
}

/** A rule with what it remembers. */
interface RuleState {
  readonly config: RuleConfig;
  readonly templates: RuleTemplates;
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

interface RuleTemplates {
  readonly labels: readonly (readonly [string, Template])[];
  readonly annotations: readonly (readonly [string, Template])[];
}

/** A rule group with its state. */
export class RuleGroup {
  readonly config: RuleGroupConfig;
  readonly file: string;
  readonly intervalMs: number;
  readonly #context: RuleContext;
  readonly #rules: readonly RuleState[];
  #evaluations = 0;
  #lastEvaluationMs = 0;
  #evaluationDurationMs = 0;
  #missed = 0;
  #ruleEvaluations = 0;
  #ruleFailures = 0;

  constructor(config: RuleGroupConfig, file: string, defaultIntervalMs: number, context: RuleContext) {
    this.config = config;
    this.file = file;
    this.intervalMs = config.intervalMs ?? defaultIntervalMs;
    this.#context = context;
    this.#rules = config.rules.map((rule, i) => ({
      config: rule,
      templates: templatesOf(rule),
      source: `rule ${file};${config.name};${i}`,
      active: new Map(),
      written: new Map(),
      health: 'unknown',
      lastError: '',
      lastEvaluationMs: 0,
      evaluationDurationMs: 0,
    }));
  }

  /** Evaluates all rules at a time. Never rejects: failures are in the rules' status. */
  async evaluate(timeMs: number, signal: AbortSignal): Promise<void> {
    const began = this.#context.now();
    // As in Prometheus: by the second evaluation the alerts are pending again, and their past can be given back.
    if (this.#evaluations === 1) await this.#restore(timeMs);
    for (const rule of this.#rules) {
      if (signal.aborted) return;
      await this.#evaluateRule(rule, timeMs, signal);
    }
    this.#evaluations++;
    this.#lastEvaluationMs = timeMs;
    this.#evaluationDurationMs = this.#context.now() - began;
  }

  /** Counts evaluations that were due and are left out. */
  countMissed(count: number): void {
    this.#missed += count;
  }

  status(): RuleGroupStatus {
    return {
      name: this.config.name,
      file: this.file,
      intervalMs: this.intervalMs,
      limit: this.config.limit,
      lastEvaluationMs: this.#lastEvaluationMs,
      evaluationDurationMs: this.#evaluationDurationMs,
      missedEvaluations: this.#missed,
      ruleEvaluations: this.#ruleEvaluations,
      ruleFailures: this.#ruleFailures,
      rules: this.#rules.map(statusOf),
    };
  }

  async #evaluateRule(rule: RuleState, timeMs: number, signal: AbortSignal): Promise<void> {
    const began = this.#context.now();
    try {
      const sampleTimeMs = timeMs - this.config.queryOffsetMs;
      const samples =
        rule.config.type === 'alerting'
          ? await this.#evaluateAlerts(rule, rule.config, timeMs, sampleTimeMs, signal)
          : await this.#evaluateRecording(rule.config, sampleTimeMs, signal);
      await this.#append(rule, sampleTimeMs, samples);
      rule.health = 'ok';
      rule.lastError = '';
    } catch (error) {
      // A query that was stopped with the monitor says nothing about the rule.
      if (signal.aborted) return;
      this.#ruleFailures++;
      rule.health = 'err';
      rule.lastError = error instanceof Error ? error.message : String(error);
    }
    this.#ruleEvaluations++;
    rule.lastEvaluationMs = timeMs;
    rule.evaluationDurationMs = this.#context.now() - began;
  }

  async #evaluateAlerts(
    rule: RuleState,
    config: AlertingRuleConfig,
    timeMs: number,
    sampleTimeMs: number,
    signal: AbortSignal,
  ): Promise<Sample[]> {
    const vector = await this.#context.query(config.exprText, sampleTimeMs, signal);
    const results: AlertResult[] = [];
    for (const { labels, value } of vector) {
      const data = this.#templateData(config.name, labels, value, timeMs);
      const ask = (expression: string) => this.#context.query(expression, sampleTimeMs, signal);
      const ruleLabels: Record<string, string> = {};
      for (const [name, template] of rule.templates.labels)
        ruleLabels[name] = await template.expandOrExplain(data, ask);
      const annotations: Record<string, string> = {};
      for (const [name, template] of rule.templates.annotations)
        annotations[name] = await template.expandOrExplain(data, ask);
      results.push({ labels: alertLabels(labels, ruleLabels, config.name), annotations, value });
    }
    signal.throwIfAborted();
    const { forMs, keepFiringForMs } = config;
    const timing = { forMs, keepFiringForMs, limit: this.config.limit };
    const step = stepAlerts(timing, rule.active, results, timeMs);
    rule.active = step.active;
    if (step.error !== undefined) throw new Error(step.error);
    this.#send(rule, config, timeMs);
    return this.#evaluations === 0 ? [] : alertSamples(rule.active);
  }

  async #evaluateRecording(
    config: RecordingRuleConfig,
    sampleTimeMs: number,
    signal: AbortSignal,
  ): Promise<readonly Sample[]> {
    const vector = await this.#context.query(config.exprText, sampleTimeMs, signal);
    const step = stepRecording(config.name, config.labels, this.config.limit, vector);
    if (step.samples === undefined) throw new Error(step.error);
    return step.samples;
  }

  /** Stores samples, and a staleness marker for each series that the last evaluation had and this one has not. */
  async #append(rule: RuleState, timeMs: number, samples: readonly Sample[]): Promise<void> {
    const written = new Map(samples.map(({ labels }) => [labels.key, labels]));
    const ended: Sample[] = [];
    for (const [key, labels] of rule.written)
      if (!written.has(key)) ended.push({ labels, value: Number.NaN, stale: true });
    if (samples.length + ended.length > 0)
      await this.#context.storage.append(rule.source, timeMs, [...samples, ...ended]);
    rule.written = written;
  }

  #send(rule: RuleState, config: AlertingRuleConfig, timeMs: number): void {
    const { resendDelayMs, externalUrl, sink } = this.#context;
    const timing = { resendDelayMs, intervalMs: this.intervalMs };
    const { active, send } = takeAlertsToSend(timing, rule.active, timeMs);
    rule.active = active;
    if (send.length === 0) return;
    const generatorUrl = `${externalUrl}/graph?g0.expr=${queryEscape(config.expr)}&g0.tab=1`;
    sink(
      send.map((alert) => ({
        labels: this.#withExternalLabels(alert.labels),
        annotations: alert.annotations,
        startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
        endsAtMs: alert.resolvedAtMs ?? alert.validUntilMs,
        generatorUrl,
      })),
    );
  }

  #withExternalLabels(labels: Labels): Labels {
    const missing = Object.entries(this.#context.externalLabels).filter(([name]) => !labels.has(name));
    return missing.length === 0 ? labels : Labels.fromPairs([...labels.entries(), ...missing]);
  }

  #templateData(alertName: string, labels: Labels, value: number, timeMs: number): TemplateData {
    const { externalLabels, externalUrl } = this.#context;
    return { alertName, labels, value, externalLabels, externalUrl, timeMs };
  }

  async #restore(timeMs: number): Promise<void> {
    for (const rule of this.#rules) {
      if (rule.config.type !== 'alerting') continue;
      try {
        const { storage, restore } = this.#context;
        rule.active = await restoreAlerts(storage, restore, rule.config, rule.active, timeMs);
      } catch (error) {
        // The alerts start from now instead, which delays them and loses none.
        rule.lastError = `the time since when alerts hold could not be restored: ${String(error)}`;
      }
    }
  }
}

function templatesOf(rule: RuleConfig): RuleTemplates {
  const parsed = (texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(([name, text]): [string, Template] => [name, Template.parse(text)]);
  if (rule.type === 'recording') return { labels: [], annotations: [] };
  return { labels: parsed(rule.labels), annotations: parsed(rule.annotations) };
}

function statusOf(rule: RuleState): RuleStatus {
  const { config, health, lastError, lastEvaluationMs, evaluationDurationMs } = rule;
  const alerts: ActiveAlert[] = [...rule.active.values()]
    .filter((alert) => alert.state !== 'inactive')
    .sort((a, b) => Labels.compare(a.labels, b.labels));
  return { config, health, lastError, lastEvaluationMs, evaluationDurationMs, alerts };
}
