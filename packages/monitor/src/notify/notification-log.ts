/**
 * What each receiver was told about each group, and whether there is news: Alertmanager's deduplication.
 *
 * A message goes out when an alert fires that the receiver has not heard of, when all alerts have ended, when one
 * has ended and the receiver wants to know, or when nothing changed for the repeat interval.
 */
import type { NotifiedAlert } from './alert.ts';

/** One receiver's last message about one group. */
export interface NotificationEntry {
  /** Names the group and the receiver. */
  readonly key: string;
  /** Fingerprints. */
  readonly firing: readonly string[];
  /** Fingerprints. */
  readonly resolved: readonly string[];
  readonly sentAtMs: number;
}

/** The last message about each group and receiver. */
export class NotificationLog {
  readonly #entries = new Map<string, NotificationEntry>();

  constructor(entries: readonly NotificationEntry[] = []) {
    for (const entry of entries) this.#entries.set(entry.key, entry);
  }

  /** Whether the receiver should hear of the group as it is now. */
  isNews(
    key: string,
    alerts: readonly NotifiedAlert[],
    options: { readonly sendResolved: boolean; readonly repeatIntervalMs: number },
    nowMs: number,
  ): boolean {
    const firing = fingerprints(alerts, 'firing');
    const entry = this.#entries.get(key);
    if (entry === undefined) return firing.length > 0;
    if (!isSubset(firing, entry.firing)) return true;
    // The end of everything clears the log, whether or not the receiver wants to hear of it.
    if (firing.length === 0) return entry.firing.length > 0;
    if (options.sendResolved && !isSubset(fingerprints(alerts, 'resolved'), entry.resolved)) return true;
    return entry.sentAtMs < nowMs - options.repeatIntervalMs;
  }

  /** Notes that the receiver was told. */
  record(key: string, alerts: readonly NotifiedAlert[], nowMs: number): void {
    this.#entries.set(key, {
      key,
      firing: fingerprints(alerts, 'firing'),
      resolved: fingerprints(alerts, 'resolved'),
      sentAtMs: nowMs,
    });
  }

  /** Forgets entries that were last written before a time. */
  forgetBefore(timeMs: number): void {
    for (const [key, entry] of this.#entries) if (entry.sentAtMs < timeMs) this.#entries.delete(key);
  }

  /** Everything, to be stored. */
  entries(): NotificationEntry[] {
    return [...this.#entries.values()];
  }
}

function fingerprints(alerts: readonly NotifiedAlert[], status: NotifiedAlert['status']): string[] {
  return alerts.filter((alert) => alert.status === status).map((alert) => alert.fingerprint);
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const all = new Set(whole);
  return part.every((item) => all.has(item));
}
