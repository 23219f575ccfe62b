/**
 * Brings back what was known of alerts before a restart. The time that the monitor was down counts neither for nor
 * against an alert: what remained of its `for` still has to pass.
 *
 * Two sources. *From the saved state* (`alert-state.ts`), {@link bringBack}: everything, before the first evaluation.
 * *From the series `ALERTS_FOR_STATE`*, {@link restoreAlerts}: since when alerts hold, after the second evaluation, for
 * rules with a long `for`; this is what Prometheus does, and what is left when there is no saved state.
 *
 * Prometheus needs no saved state, because Alertmanager runs on beside it: a firing alert stays firing there for
 * {@link beliefMs} without being told, keeps its start when it is told again with another one, and the end of an alert
 * that resolved during the downtime is told when that time has passed. What people see is that a restart of a few
 * minutes is not noticed, except where `for` is shorter than ten minutes and longer than those few. Here rules and
 * notifications stop together, so the same has to come from what is on disk: a firing alert goes on firing, with the
 * start that was told, for as long as an Alertmanager would have believed in it, whether or not there is a result yet;
 * then the lack of one ends it.
 */
import { isStaleAt, Labels, METRIC_NAME, wordsOf } from '@binnacle/metrics/model';
import type { Queryable } from '@binnacle/promql';
import { type ActiveAlert, type ActiveAlerts, beliefMs, type SendTiming } from './alerting-rule.ts';

/** How restoring is bounded. */
export interface RestoreTiming {
  /** Rules with a shorter `for` are not restored. */
  readonly graceMs: number;
  /** After a longer outage nothing is restored. */
  readonly outageToleranceMs: number;
}

/** For how many evaluations a pending alert is kept without a result after a restart. */
const PENDING_HELD_EVALUATIONS = 2;

/** Prometheus's defaults: 10 minutes and an hour. */
export const RESTORE_TIMING: RestoreTiming = { graceMs: 10 * 60_000, outageToleranceMs: 60 * 60_000 };

/**
 * An alert of the saved state as it goes on at `nowMs`; undefined when the monitor was down for so long that it begins
 * anew. An alert with little left of a long `for` gets {@link RestoreTiming.graceMs} after an outage that was as long:
 * nobody knows what happened meanwhile.
 */
export function bringBack(
  timing: RestoreTiming & SendTiming,
  rule: { readonly forMs: number },
  alert: ActiveAlert,
  savedAtMs: number,
  nowMs: number,
): ActiveAlert | undefined {
  const downMs = Math.max(0, nowMs - savedAtMs);
  if (downMs > timing.outageToleranceMs) return undefined;
  switch (alert.state) {
    case 'inactive':
      return alert;
    case 'firing':
      // Told at once, so that nobody who has lost count of the time takes it for resolved.
      return { ...alert, lastSentAtMs: undefined, heldUntilMs: nowMs + beliefMs(timing) };
    case 'pending': {
      const seen = { atMs: savedAtMs, activeAtMs: alert.activeAtMs };
      const activeAtMs =
        Math.min(downMs, rule.forMs) < timing.graceMs
          ? alert.activeAtMs + downMs
          : restoredActiveAt(timing, rule.forMs, seen, nowMs);
      const heldUntilMs = nowMs + PENDING_HELD_EVALUATIONS * timing.intervalMs;
      return { ...alert, activeAtMs, heldUntilMs };
    }
  }
}

/** The alerts of one rule with their times brought back; unchanged where nothing is known. */
export async function restoreAlerts(
  storage: Queryable,
  timing: RestoreTiming,
  rule: { readonly name: string; readonly forMs: number },
  active: ActiveAlerts,
  nowMs: number,
): Promise<ActiveAlerts> {
  if (rule.forMs < timing.graceMs || active.size === 0) return active;
  const [answer] = await storage.select([
    {
      matchers: [
        { name: METRIC_NAME, op: '=', value: 'ALERTS_FOR_STATE' },
        { name: 'alertname', op: '=', value: rule.name },
      ],
      startMs: nowMs - timing.outageToleranceMs,
      endMs: nowMs,
      hints: { stepMs: 0, rangeMs: 0, func: '' },
    },
  ]);
  const lastSeen = new Map<string, { atMs: number; activeAtMs: number }>();
  for (const series of answer?.series ?? []) {
    const last = series.timestamps.length - 1;
    const ended = Number.isNaN(series.values[last]!) && isStaleAt(wordsOf(series.values), last);
    if (last < 0 || ended) continue;
    const labels = Labels.fromPairs(series.labels.entries().filter(([name]) => name !== METRIC_NAME));
    // As in Prometheus, whole seconds.
    const atMs = Math.floor(series.timestamps[last]! / 1000) * 1000;
    lastSeen.set(labels.key, { atMs, activeAtMs: series.values[last]! * 1000 });
  }
  const restored = new Map<string, ActiveAlert>();
  for (const [key, alert] of active) {
    const seen = lastSeen.get(key);
    const pending = alert.state === 'pending' && seen !== undefined;
    restored.set(
      key,
      pending ? { ...alert, activeAtMs: restoredActiveAt(timing, rule.forMs, seen, nowMs) } : alert,
    );
  }
  return restored;
}

/** Since when an alert is said to hold that was last seen, holding since `activeAtMs`, at `atMs`. */
function restoredActiveAt(
  timing: RestoreTiming,
  forMs: number,
  seen: { readonly atMs: number; readonly activeAtMs: number },
  nowMs: number,
): number {
  const remainingMs = forMs - (seen.atMs - seen.activeAtMs);
  if (remainingMs <= 0) return seen.activeAtMs;
  if (remainingMs < timing.graceMs) return nowMs + timing.graceMs - forMs;
  return seen.activeAtMs + (nowMs - seen.atMs);
}
