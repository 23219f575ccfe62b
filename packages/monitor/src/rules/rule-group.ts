/**
 * One rule group: evaluates its rules in order, each seeing what its predecessors wrote.
 *
 *     for each rule:  query at the group's time → step → tell the alerts → append samples and staleness markers
 *
 * The steps are pure (`alerting-rule.ts`, `recording-rule.ts`); this class asks, remembers and writes. A rule that fails
 * is marked and leaves everything as it was; the rules behind it go on.
 *
 * After a start without saved alerts the first two evaluations write no `ALERTS`: as in Prometheus, the past of alerts
 * is looked up after the second one, when what they depend on has been scraped and recorded again, and until then
 * the series would say the wrong thing.
 */
import { Labels } from '@binnacle/metrics/model';
import type { Queryable } from '@binnacle/promql';
import type { Appendable, Sample } from '../storage.ts';
import { queryEscape } from '../template/go-strings.ts';
import type { SavedAlerts } from './alert-state.ts';
import {
  type ActiveAlert,
  type ActiveAlerts,
  alertSamples,
  type SendTiming,
  stepAlerts,
  takeAlertsToSend,
} from './alerting-rule.ts';
import { stepRecording } from './recording-rule.ts';
import { bringBack, type RestoreTiming, restoreAlerts } from './restore-alerts.ts';
import type { AlertingRuleConfig, RecordingRuleConfig, RuleGroupConfig } from './rule-file.ts';
import type { RuleQuery } from './rule-query.ts';
import { carryOver, hasTurned, type RuleState, ruleStates, statusOf } from './rule-state.ts';
import type { RuleGroupStatus } from './rule-status.ts';

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
  /** How far in the past groups without an offset of their own are evaluated. */
  readonly queryOffsetMs: number;
  readonly restore: RestoreTiming;
  /** Lets others run, in evaluations of thousands of alerts; by default nobody is let in. */
  readonly yieldToLoop?: () => Promise<void>;
  /** For durations of evaluations. */
  readonly now: () => number;
}

/** How a group begins. */
export interface RuleGroupStart {
  /** For a group without an interval of its own. */
  readonly defaultIntervalMs: number;
  /** Whether the past of alerts is to be looked up in storage, as after a start of the monitor. */
  readonly restores: boolean;
}

/** A rule group with its state. */
export class RuleGroup {
  readonly config: RuleGroupConfig;
  readonly file: string;
  readonly intervalMs: number;
  readonly #context: RuleContext;
  readonly #rules: readonly RuleState[];
  /** Series of rules that are no more, which end with the next evaluation. */
  #orphans: readonly Labels[] = [];
  #restores: boolean;
  #stopped = false;
  #turns = 0;
  #evaluations = 0;
  #lastEvaluationMs = 0;
  #evaluationDurationMs = 0;
  #missed = 0;
  #ruleEvaluations = 0;
  #ruleFailures = 0;

  constructor(config: RuleGroupConfig, file: string, start: RuleGroupStart, context: RuleContext) {
    this.config = config;
    this.file = file;
    this.intervalMs = config.intervalMs ?? start.defaultIntervalMs;
    this.#restores = start.restores;
    this.#context = context;
    this.#rules = ruleStates(config, file);
  }

  /** Counts what has become of alerts: it grows whenever what is worth saving has changed. */
  get turns(): number {
    return this.#turns;
  }

  get hasAlerts(): boolean {
    return this.#rules.some((rule) => rule.active.size > 0);
  }

  /** Evaluates all rules at a time. Never rejects: failures are in the rules' status. */
  async evaluate(timeMs: number, signal: AbortSignal): Promise<void> {
    const began = this.#context.now();
    for (const rule of this.#rules) {
      if (signal.aborted || this.#stopped) return;
      await this.#evaluateRule(rule, timeMs, signal);
    }
    if (signal.aborted) return;
    await this.#endOrphans(timeMs - this.#queryOffsetMs);
    this.#evaluations++;
    if (this.#restores && this.#evaluations === 2) await this.#restore(this.#context.now());
    this.#lastEvaluationMs = timeMs;
    this.#evaluationDurationMs = this.#context.now() - began;
  }

  /** Ends an evaluation under way behind the rule that it is at. */
  stop(): void {
    this.#stopped = true;
  }

  /** Counts evaluations that were due and are left out. */
  countMissed(count: number): void {
    this.#missed += count;
  }

  /** Goes on with saved alerts; before the first evaluation. */
  bringBack(saved: SavedAlerts, nowMs: number): void {
    const timing = { ...this.#context.restore, ...this.#sendTiming };
    for (const rule of this.#rules) {
      if (rule.config.type !== 'alerting') continue;
      const active = new Map<string, ActiveAlert>();
      for (const alert of saved.rules.get(rule.key) ?? []) {
        const back = bringBack(timing, rule.config, alert, saved.savedAtMs, nowMs);
        if (back !== undefined) active.set(back.labels.key, back);
      }
      rule.active = active;
    }
    this.#restores = false;
  }

  /** Goes on where another group of this name and file ended, when the configuration has changed. */
  carryOver(from: RuleGroup): void {
    this.#orphans = [...from.#orphans, ...carryOver(from.#rules, this.#rules)];
    this.#evaluations = from.#evaluations;
    this.#lastEvaluationMs = from.#lastEvaluationMs;
    this.#evaluationDurationMs = from.#evaluationDurationMs;
    this.#missed = from.#missed;
    this.#ruleEvaluations = from.#ruleEvaluations;
    this.#ruleFailures = from.#ruleFailures;
    this.#restores = from.#restores;
  }

  /** The alerts of each rule that has any, by the rule's key. */
  alertsToSave(): [string, readonly ActiveAlert[]][] {
    return this.#rules
      .filter((rule) => rule.active.size > 0)
      .map((rule) => [rule.key, [...rule.active.values()]]);
  }

  /** Tells firing alerts that were brought back, so that nobody takes them for resolved before the first evaluation. */
  sendBroughtBack(nowMs: number): void {
    for (const rule of this.#rules) {
      if (rule.config.type === 'alerting' && rule.active.size > 0) this.#send(rule, rule.config, nowMs);
    }
  }

  /** Ends all series of the group at a time, where they have nothing newer: the group is no more. */
  async endSeries(timeMs: number): Promise<void> {
    this.#orphans = [...this.#orphans, ...this.#rules.flatMap((rule) => [...rule.written.values()])];
    await this.#endOrphans(timeMs);
  }

  /** The rules whose last evaluation failed. */
  failures(): { readonly rule: string; readonly message: string }[] {
    return this.#rules
      .filter(({ health }) => health === 'err')
      .map(({ config, lastError }) => ({ rule: config.name, message: lastError }));
  }

  /** The alerts, also those that have ended, of all alerting rules of a name. */
  activeAlerts(name: string): ActiveAlert[] {
    return this.#rules
      .filter(({ config }) => config.type === 'alerting' && config.name === name)
      .flatMap(({ active }) => [...active.values()]);
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

  get #queryOffsetMs(): number {
    return this.config.queryOffsetMs ?? this.#context.queryOffsetMs;
  }

  get #sendTiming(): SendTiming {
    return { resendDelayMs: this.#context.resendDelayMs, intervalMs: this.intervalMs };
  }

  async #evaluateRule(rule: RuleState, timeMs: number, signal: AbortSignal): Promise<void> {
    const began = this.#context.now();
    try {
      const sampleTimeMs = timeMs - this.#queryOffsetMs;
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
    const { query, externalLabels, externalUrl, yieldToLoop = async () => {} } = this.#context;
    const vector = await query(config.exprText, sampleTimeMs, signal);
    const surroundings = { externalLabels, externalUrl, timeMs };
    const ask = (text: string) => query(text, timeMs, signal);
    const results = (await rule.templates?.expand(vector, surroundings, ask, yieldToLoop)) ?? [];
    signal.throwIfAborted();
    const { forMs, keepFiringForMs } = config;
    const timing = { forMs, keepFiringForMs, limit: this.config.limit };
    const step = stepAlerts(timing, rule.active, results, timeMs);
    this.#setActive(rule, step.active);
    if (step.error !== undefined) throw new Error(step.error);
    this.#send(rule, config, timeMs);
    return this.#restores ? [] : alertSamples(rule.active);
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

  #setActive(rule: RuleState, active: ActiveAlerts): void {
    if (hasTurned(rule.active, active)) this.#turns++;
    rule.active = active;
  }

  /** Stores samples, and a staleness marker for each series that the last evaluation had and this one has not. */
  async #append(rule: RuleState, timeMs: number, samples: readonly Sample[]): Promise<void> {
    const written = new Map(samples.map(({ labels }) => [labels.key, labels]));
    const ended: Sample[] = [];
    for (const [key, labels] of rule.written) if (!written.has(key)) ended.push(staleSample(labels));
    if (samples.length + ended.length > 0)
      await this.#context.storage.append(rule.source, timeMs, [...samples, ...ended]);
    rule.written = written;
  }

  async #endOrphans(timeMs: number): Promise<void> {
    if (this.#orphans.length === 0) return;
    try {
      const source = `rule ${this.file};${this.config.name};gone`;
      await this.#context.storage.append(source, timeMs, this.#orphans.map(staleSample));
      this.#orphans = [];
    } catch {
      // They are kept for the next evaluation; what is wrong with storage the rules' own errors tell.
    }
  }

  #send(rule: RuleState, config: AlertingRuleConfig, timeMs: number): void {
    const { externalUrl, sink } = this.#context;
    const { active, send } = takeAlertsToSend(this.#sendTiming, rule.active, timeMs);
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

  async #restore(nowMs: number): Promise<void> {
    this.#restores = false;
    for (const rule of this.#rules) {
      if (rule.config.type !== 'alerting') continue;
      try {
        const { storage, restore } = this.#context;
        this.#setActive(rule, await restoreAlerts(storage, restore, rule.config, rule.active, nowMs));
      } catch (error) {
        // The alerts start from now instead, which delays them and loses none.
        rule.lastError = `the time since when alerts hold could not be restored: ${String(error)}`;
      }
    }
  }
}

function staleSample(labels: Labels): Sample {
  return { labels, value: Number.NaN, stale: true };
}
