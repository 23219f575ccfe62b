/**
 * What each receiver was told about each group, and whether there is news: Alertmanager's deduplication.
 *
 * A message goes out when an alert fires that the receiver has not heard of, when all alerts have ended, when one
 * has ended and the receiver wants to know, or when nothing changed for the repeat interval. Beyond Alertmanager,
 * a message that a kill kept from being noted counts as told when it is about the end of an alert, and as not told
 * otherwise, so that nobody is left with an alert that never ends.
 */
import type { NotifiedAlert } from './alert.ts';
import type { NotificationReason } from './integration.ts';

/** How many groups and receivers are remembered; of more, those that were told longest ago are forgotten. */
export const NOTIFICATIONS_MAX = 200_000;

/** One receiver's last message about one group. */
export interface NotificationEntry {
  /** Names the group and the integration: `GROUP_KEY:RECEIVER/KIND/INDEX`. */
  readonly key: string;
  /** Fingerprints. */
  readonly firing: readonly string[];
  /** Fingerprints. */
  readonly resolved: readonly string[];
  readonly sentAtMs: number;
  /** When the entry is forgotten. */
  readonly expiresAtMs: number;
  /** Fingerprints of firing alerts that the receiver may have heard of: a kill came before that was noted. */
  readonly unsure?: readonly string[];
}

/** The last message about each group and receiver. */
export class NotificationLog {
  readonly #entries = new Map<string, NotificationEntry>();
  readonly #entriesMax: number;
  #evicted = 0;

  constructor(entries: readonly NotificationEntry[] = [], entriesMax = NOTIFICATIONS_MAX) {
    this.#entriesMax = entriesMax;
    for (const entry of entries) this.record(entry);
  }

  /** Why the receiver should hear of the group as it is now; undefined when there is no news. */
  newsOf(
    key: string,
    alerts: readonly NotifiedAlert[],
    options: { readonly sendResolved: boolean; readonly repeatIntervalMs: number },
    nowMs: number,
  ): NotificationReason | undefined {
    const firing = fingerprintsOf(alerts, 'firing');
    const entry = this.#entries.get(key);
    if (entry === undefined) return firing.length > 0 ? 'first notification' : undefined;
    if (!isSubset(firing, entry.firing))
      return entry.firing.length === 0 ? 'first notification' : 'new alerts added';
    // The end of everything clears the log, whether or not the receiver wants to hear of it.
    if (firing.length === 0) {
      const mayBeTold = entry.firing.length + (entry.unsure?.length ?? 0) > 0;
      return mayBeTold ? 'all alerts resolved' : undefined;
    }
    if (options.sendResolved && !isSubset(fingerprintsOf(alerts, 'resolved'), entry.resolved))
      return 'some alerts resolved';
    return entry.sentAtMs < nowMs - options.repeatIntervalMs ? 'repeat interval elapsed' : undefined;
  }

  /** Notes that a receiver was told. */
  record(entry: NotificationEntry): void {
    // Taken out first, so that the oldest entry is the map's first.
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
    if (this.#entries.size <= this.#entriesMax) return;
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      this.#evicted++;
      return;
    }
  }

  /** Those of the alerts that a receiver was not told to fire, or of which a restart would forget that it was. */
  notTold(key: string, firing: readonly string[], nowMs: number): readonly string[] {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAtMs <= nowMs) return firing;
    const told = new Set(entry.firing);
    return firing.filter((fingerprint) => !told.has(fingerprint));
  }

  /** What is known of a group and an integration. */
  entry(key: string): NotificationEntry | undefined {
    return this.#entries.get(key);
  }

  /** Forgets what has expired. */
  collectGarbage(nowMs: number): void {
    for (const [key, entry] of this.#entries) if (entry.expiresAtMs <= nowMs) this.#entries.delete(key);
  }

  /** Everything, those told longest ago first. */
  entries(): Iterable<NotificationEntry> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many entries were forgotten because of {@link NOTIFICATIONS_MAX}. */
  get evicted(): number {
    return this.#evicted;
  }
}

/** The names of the alerts that are in a state. */
export function fingerprintsOf(
  alerts: readonly NotifiedAlert[],
  status: NotifiedAlert['status'],
): readonly string[] {
  return alerts.filter((alert) => alert.status === status).map((alert) => alert.fingerprint);
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  if (part.length === 0) return true;
  const all = new Set(whole);
  return part.every((item) => all.has(item));
}
