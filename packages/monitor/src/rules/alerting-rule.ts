/**
 * The life of alerts: a pure step from one evaluation to the next.
 *
 *     not there ──result──▶ pending ──held for `for`──▶ firing ──result gone──▶ inactive ──15 minutes──▶ forgotten
 *                             │  └─result gone─▶ forgotten  └─ keep_firing_for: stays firing for so long
 *                             └─ `for` is 0: firing at once
 *
 * An alert is known by its labels. An inactive alert is kept for a while, so that its end is told again should
 * the first telling be lost; when its labels return meanwhile, a new alert begins. This is what Prometheus does
 * (`rules/alerting.go`), and what the alert generator compliance specification asks for.
 */
import { Labels, METRIC_NAME } from '@binnacle/metrics/model';
import type { Sample } from '../storage.ts';

/** How long the end of an alert is told again. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

const ALERT_NAME = 'alertname';
const ALERT_STATE = 'alertstate';

/** `inactive` is an alert that has ended and is not yet forgotten. */
export type AlertState = 'pending' | 'firing' | 'inactive';

/** One alert of a rule. */
export interface ActiveAlert {
  /** With `alertname`, without the metric name. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: AlertState;
  /** Of the last evaluation that had a result. */
  readonly value: number;
  /** When the expression began to hold. */
  readonly activeAtMs: number;
  readonly firedAtMs: number | undefined;
  readonly resolvedAtMs: number | undefined;
  /** When the result went away, while `keep_firing_for` holds the alert. */
  readonly keepFiringSinceMs: number | undefined;
  readonly lastSentAtMs: number | undefined;
  /** Until when who hears of the alert may believe in it without hearing again. */
  readonly validUntilMs: number;
  /**
   * Of an alert that was brought back after a restart: until when the lack of a result does not end it, because
   * there may be no samples yet. Gone with the first result.
   */
  readonly heldUntilMs: number | undefined;
}

/** The alerts of a rule by the key of their labels. */
export type ActiveAlerts = ReadonlyMap<string, ActiveAlert>;

/** What the step needs of the rule. */
export interface AlertTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** How many alerts the rule may have; 0 for no limit. */
  readonly limit: number;
}

/** One element of the expression's result with its templates expanded. */
export interface AlertResult {
  /** What identifies the alert: {@link alertLabels}. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What an evaluation leaves: the alerts, and why the rule failed when it did. */
export interface AlertStep {
  readonly active: ActiveAlerts;
  readonly error?: string;
}

/** The labels of an alert: the result's without its name, overridden by the rule's, then the alert's name. */
export function alertLabels(
  result: Labels,
  ruleLabels: Readonly<Record<string, string>>,
  name: string,
): Labels {
  const pairs = new Map(result.entries());
  pairs.delete(METRIC_NAME);
  for (const [label, value] of Object.entries(ruleLabels)) pairs.set(label, value);
  pairs.set(ALERT_NAME, name);
  return Labels.fromPairs(pairs);
}

/** The alerts after an evaluation at `nowMs`. Neither argument is changed. */
export function stepAlerts(
  timing: AlertTiming,
  previous: ActiveAlerts,
  results: readonly AlertResult[],
  nowMs: number,
): AlertStep {
  const found = new Map<string, AlertResult>();
  for (const result of results) {
    if (found.has(result.labels.key)) {
      const error = 'vector contains metrics with the same labelset after applying alert labels';
      return { active: previous, error };
    }
    found.set(result.labels.key, result);
  }

  const active = new Map<string, ActiveAlert>();
  for (const [key, alert] of previous) {
    const result = found.get(key);
    const next =
      result === undefined
        ? withoutResult(timing, alert, nowMs)
        : alert.state === 'inactive'
          ? undefined
          : fireWhenDue(
              timing,
              // The old labels are the same, and have their series already.
              {
                ...alert,
                ...result,
                labels: alert.labels,
                keepFiringSinceMs: undefined,
                heldUntilMs: undefined,
              },
              nowMs,
            );
    if (next !== undefined) active.set(key, next);
  }
  for (const [key, result] of found) {
    if (!active.has(key)) active.set(key, fireWhenDue(timing, newAlert(result, nowMs), nowMs));
  }

  const count = [...active.values()].filter((alert) => alert.state !== 'inactive').length;
  if (timing.limit > 0 && count > timing.limit)
    return { active: new Map(), error: `exceeded limit of ${timing.limit} with ${count} alerts` };
  return { active };
}

function newAlert(result: AlertResult, nowMs: number): ActiveAlert {
  return {
    labels: result.labels,
    annotations: result.annotations,
    value: result.value,
    state: 'pending',
    activeAtMs: nowMs,
    firedAtMs: undefined,
    resolvedAtMs: undefined,
    keepFiringSinceMs: undefined,
    lastSentAtMs: undefined,
    validUntilMs: 0,
    heldUntilMs: undefined,
  };
}

function fireWhenDue(timing: AlertTiming, alert: ActiveAlert, nowMs: number): ActiveAlert {
  if (alert.state !== 'pending' || nowMs - alert.activeAtMs < timing.forMs) return alert;
  return { ...alert, state: 'firing', firedAtMs: nowMs };
}

/** An alert whose labels are not in the result; undefined when it is forgotten. */
function withoutResult(timing: AlertTiming, alert: ActiveAlert, nowMs: number): ActiveAlert | undefined {
  const isHeld = alert.heldUntilMs !== undefined && nowMs < alert.heldUntilMs;
  switch (alert.state) {
    case 'pending':
      return isHeld ? alert : undefined;
    case 'inactive':
      return nowMs - alert.resolvedAtMs! > RESOLVED_RETENTION_MS ? undefined : alert;
    case 'firing': {
      const since = alert.keepFiringSinceMs ?? nowMs;
      if (timing.keepFiringForMs > 0 && (isHeld || nowMs - since < timing.keepFiringForMs))
        return { ...alert, keepFiringSinceMs: since };
      if (isHeld) return alert;
      return { ...alert, state: 'inactive', resolvedAtMs: nowMs };
    }
  }
}

/** The series that tell of an alert. */
interface AlertSeries {
  readonly pending: Labels;
  readonly firing: Labels;
  readonly forState: Labels;
}

/** Made once for each alert and not at each evaluation, of which thousands of alerts make many. */
const seriesByLabels = new WeakMap<Labels, AlertSeries>();

function seriesOf(labels: Labels): AlertSeries {
  let series = seriesByLabels.get(labels);
  if (series === undefined) {
    const alerts = labels.with(METRIC_NAME, 'ALERTS');
    series = {
      pending: alerts.with(ALERT_STATE, 'pending'),
      firing: alerts.with(ALERT_STATE, 'firing'),
      forState: labels.with(METRIC_NAME, 'ALERTS_FOR_STATE'),
    };
    seriesByLabels.set(labels, series);
  }
  return series;
}

/** The samples that tell of a rule's alerts: `ALERTS` and `ALERTS_FOR_STATE`. */
export function alertSamples(active: ActiveAlerts): Sample[] {
  const samples: Sample[] = [];
  for (const { state, labels, activeAtMs } of active.values()) {
    if (state === 'inactive') continue;
    const series = seriesOf(labels);
    samples.push(
      { labels: series[state], value: 1 },
      { labels: series.forState, value: Math.floor(activeAtMs / 1000) },
    );
  }
  return samples;
}

/** When alerts are told again. */
export interface SendTiming {
  /** The least time between two tellings of the same news. */
  readonly resendDelayMs: number;
  /** How often the rule is evaluated. */
  readonly intervalMs: number;
}

/**
 * How long who has heard of a firing alert believes in it. Four times the longest pause: two evaluations or deliveries
 * may fail before anybody takes it for resolved.
 */
export function beliefMs(timing: SendTiming): number {
  return 4 * Math.max(timing.intervalMs, timing.resendDelayMs);
}

/** The alerts that are to be told now, and all alerts with that noted. Pending ones are nobody's business yet. */
export function takeAlertsToSend(
  timing: SendTiming,
  active: ActiveAlerts,
  nowMs: number,
): { readonly active: ActiveAlerts; readonly send: readonly ActiveAlert[] } {
  const next = new Map(active);
  const send: ActiveAlert[] = [];
  for (const [key, alert] of active) {
    if (!needsSending(timing, alert, nowMs)) continue;
    const validUntilMs = nowMs + beliefMs(timing);
    const sent = { ...alert, lastSentAtMs: nowMs, validUntilMs };
    next.set(key, sent);
    send.push(sent);
  }
  return { active: next, send };
}

function needsSending(timing: SendTiming, alert: ActiveAlert, nowMs: number): boolean {
  if (alert.state === 'pending') return false;
  const last = alert.lastSentAtMs;
  if (last === undefined) return true;
  if (alert.resolvedAtMs !== undefined && alert.resolvedAtMs > last) return true;
  return last + timing.resendDelayMs < nowMs;
}
