/**
 * Inhibition: which alerts are kept back because others fire.
 *
 * A rule names sources, targets, and labels in which both must be equal. For each rule the alerts that match its
 * sources are kept, as they come in, under their values of those labels. A target looks under its own values, so the
 * time that this takes does not grow with the number of alerts:
 *
 *     rule: source severity="critical", target severity="warning", equal [job]
 *
 *     "web" -> Down{job="web", severity="critical"}, Slow{job="web", severity="critical"}
 *     "db"  -> Down{job="db", severity="critical"}
 *
 * A label that is missing has the empty value, and two empty values are equal.
 *
 * An alert that matches both sides of a rule is not inhibited by others that match both; else two such alerts, or one
 * alone, would keep each other from ever being heard. Sources of both kinds are therefore kept apart.
 */
import type { Labels } from '@binnacle/metrics/model';
import { matchesAll } from '../alert-matcher.ts';
import type { InhibitRuleConfig } from '../config/alertmanager.ts';
import { fingerprintOf, type PostedAlert } from './alert.ts';

interface RuleIndex {
  readonly rule: InhibitRuleConfig;
  /** By the values of the labels that must be equal. */
  readonly sources: Map<string, Sources>;
}

/** The sources of one rule that are equal in its labels. */
interface Sources {
  /** Those that do not match the rule's targets: they inhibit every target. */
  readonly oneSided: SourceSet;
  /** Those that do: they inhibit targets that are no sources. */
  readonly twoSided: SourceSet;
}

/** Alerts, of which the one that fires longest is at hand: if that one has ended, all have. */
class SourceSet {
  /** By the key of their labels. */
  readonly #alerts = new Map<string, PostedAlert>();
  /** One with the latest end; undefined when it must be looked for. */
  #latest: PostedAlert | undefined;

  get size(): number {
    return this.#alerts.size;
  }

  set(alert: PostedAlert): void {
    const { key } = alert.labels;
    const latest = this.#latest;
    if (this.#alerts.size === 0) this.#latest = alert;
    else if (latest !== undefined) {
      if (alert.endsAtMs >= latest.endsAtMs) this.#latest = alert;
      else if (latest.labels.key === key) this.#latest = undefined;
    }
    this.#alerts.set(key, alert);
  }

  /** An alert that fires. */
  firing(nowMs: number): PostedAlert | undefined {
    if (this.#latest === undefined)
      for (const alert of this.#alerts.values())
        if (this.#latest === undefined || alert.endsAtMs > this.#latest.endsAtMs) this.#latest = alert;
    return this.#latest !== undefined && this.#latest.endsAtMs > nowMs ? this.#latest : undefined;
  }

  gc(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.#alerts) if (endsAtMs <= nowMs) this.#alerts.delete(key);
    if (this.#latest !== undefined && this.#latest.endsAtMs <= nowMs) this.#latest = undefined;
  }
}

/** How often those that have ended are forgotten, at most; as in Alertmanager. */
export const INHIBITOR_GC_MS = 15 * 60_000;

/** Knows the alerts that can inhibit others. */
export class Inhibitor {
  readonly #rules: readonly RuleIndex[];
  /** One source may inhibit thousands, and each of them asks for its name. */
  readonly #fingerprints = new WeakMap<Labels, string>();
  #gcDueMs = Number.NEGATIVE_INFINITY;

  constructor(rules: readonly InhibitRuleConfig[]) {
    this.#rules = rules.map((rule) => ({ rule, sources: new Map() }));
  }

  /** Takes alerts as the notifier knows them, and now and then forgets those that have ended. */
  take(alerts: readonly PostedAlert[], nowMs: number): void {
    for (const alert of alerts) this.set(alert);
    // A clock that was set back must not put it off for good.
    if (this.#gcDueMs - INHIBITOR_GC_MS <= nowMs && nowMs < this.#gcDueMs) return;
    this.#gcDueMs = nowMs + INHIBITOR_GC_MS;
    this.gc(nowMs);
  }

  /** How many alerts are kept, each as often as there are rules that it is a source of. */
  get size(): number {
    let size = 0;
    for (const { sources } of this.#rules)
      for (const { oneSided, twoSided } of sources.values()) size += oneSided.size + twoSided.size;
    return size;
  }

  /** Takes an alert, a new one or news of a known one; each that the notifier has must come by here. */
  set(alert: PostedAlert): void {
    const { labels } = alert;
    for (const { rule, sources } of this.#rules) {
      if (!matchesAll(rule.sourceMatchers, labels)) continue;
      const key = valuesOf(labels, rule.equal);
      let found = sources.get(key);
      if (found === undefined) {
        found = { oneSided: new SourceSet(), twoSided: new SourceSet() };
        sources.set(key, found);
      }
      (matchesAll(rule.targetMatchers, labels) ? found.twoSided : found.oneSided).set(alert);
    }
  }

  /** Forgets alerts that have ended. */
  gc(nowMs: number): void {
    for (const { sources } of this.#rules)
      for (const [key, { oneSided, twoSided }] of sources) {
        oneSided.gc(nowMs);
        twoSided.gc(nowMs);
        if (oneSided.size === 0 && twoSided.size === 0) sources.delete(key);
      }
  }

  /** The fingerprint of an alert that inhibits this one; empty when none does. As in Alertmanager, one is enough. */
  inhibitedBy(labels: Labels, nowMs: number): readonly string[] {
    for (const { rule, sources } of this.#rules) {
      if (sources.size === 0 || !matchesAll(rule.targetMatchers, labels)) continue;
      const found = sources.get(valuesOf(labels, rule.equal));
      if (found === undefined) continue;
      const source =
        found.oneSided.firing(nowMs) ??
        (matchesAll(rule.sourceMatchers, labels) ? undefined : found.twoSided.firing(nowMs));
      if (source !== undefined) return [this.#fingerprint(source.labels)];
    }
    return [];
  }

  #fingerprint(labels: Labels): string {
    const fingerprint = this.#fingerprints.get(labels) ?? fingerprintOf(labels);
    this.#fingerprints.set(labels, fingerprint);
    return fingerprint;
  }
}

/** The values of some labels in one text; lengths in front keep different values apart. */
function valuesOf(labels: Labels, names: readonly string[]): string {
  let text = '';
  for (const name of names) {
    const value = labels.get(name);
    text += `${value.length}:${value}`;
  }
  return text;
}
