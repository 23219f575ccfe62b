/**
 * Brings back since when pending alerts have held, after a restart: from the series `ALERTS_FOR_STATE`, whose
 * value is that time.
 *
 * The time that the monitor was down counts neither for nor against an alert: what remained of its `for` still
 * has to pass, but an alert that had nearly fired gets {@link RestoreTiming.graceMs} to prove itself again.
 */
import { isStaleAt, Labels, METRIC_NAME, wordsOf } from '@binnacle/metrics/model';
import type { Queryable } from '@binnacle/promql';
import type { ActiveAlert, ActiveAlerts } from './alerting-rule.ts';

/** How restoring is bounded. */
export interface RestoreTiming {
  /** Rules with a shorter `for` are not restored. */
  readonly graceMs: number;
  /** After a longer outage nothing is restored. */
  readonly outageToleranceMs: number;
}

/** Prometheus's defaults: 10 minutes and an hour. */
export const RESTORE_TIMING: RestoreTiming = { graceMs: 10 * 60_000, outageToleranceMs: 60 * 60_000 };

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
    lastSeen.set(labels.key, { atMs: series.timestamps[last]!, activeAtMs: series.values[last]! * 1000 });
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
