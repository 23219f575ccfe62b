/**
 * Keeps the state on disk in step with what the notifier knows: says what is new, and only that.
 *
 * That a firing alert is posted again is not new, as long as its end is no further off than the time that a restart
 * allows for anyway. So ten thousand alerts that fire cost nothing while nothing changes.
 */
import type { PostedAlert } from './alert.ts';
import type { AlertEntry, AlertStore } from './alert-store.ts';
import type { NotificationEntry, NotificationLog } from './notification-log.ts';
import {
  type NotificationAttempt,
  type NotifierStateStore,
  recordsOf,
  type StateRecord,
} from './notifier-state.ts';

/** What the notifier remembers, in memory and on disk. */
export class NotifierMemory {
  /** What was sent. */
  readonly log: NotificationLog;
  readonly #state: NotifierStateStore;
  readonly #store: AlertStore;
  readonly #resolveTimeoutMs: number;
  /** Messages of which it is not known yet whether they arrive, by the key of group and integration. */
  readonly #attempts = new Map<string, NotificationAttempt>();

  constructor(state: NotifierStateStore, log: NotificationLog, store: AlertStore, resolveTimeoutMs: number) {
    this.#state = state;
    this.log = log;
    this.#store = store;
    this.#resolveTimeoutMs = resolveTimeoutMs;
  }

  /** Notes what is new of alerts. */
  noteAlerts(entries: readonly AlertEntry[], nowMs: number): void {
    const records: StateRecord[] = [];
    for (const entry of entries) {
      const { alert } = entry;
      const isEnded = alert.endsAtMs <= nowMs;
      if (this.#isNoted(entry, isEnded, nowMs)) continue;
      entry.noted = alert;
      entry.isEndNoted = isEnded;
      records.push({ kind: 'alert', alert: { ...alert, isEnded } });
    }
    void this.#append(records);
  }

  /** Notes that everybody was told of alerts' ends. */
  noteGone(entries: readonly AlertEntry[]): void {
    const noted = entries.filter((entry) => entry.noted !== undefined);
    if (noted.length === 0) return;
    for (const entry of noted) entry.noted = undefined;
    void this.#append([{ kind: 'gone', fingerprints: noted.map((entry) => entry.fingerprint) }]);
  }

  /**
   * Notes what a receiver may know from now on, so that it hears of the end also when a kill comes before it is
   * known whether the message arrived. Resolves when that is durable.
   */
  async noteAttempt(key: string, firing: readonly string[], nowMs: number, keptMs: number): Promise<void> {
    const news = this.log.notTold(key, firing, nowMs);
    if (news.length === 0) return;
    const attempt = { key, firing: news, sentAtMs: nowMs, expiresAtMs: nowMs + keptMs };
    this.#attempts.set(key, attempt);
    await this.#append([{ kind: 'sending', attempt }]);
  }

  /** Notes that a message was given up: what is not known of an earlier run's message is so still. */
  forgetAttempt(key: string): void {
    const attempt = this.#attempts.get(key);
    if (attempt === undefined) return;
    this.#attempts.delete(key);
    const known = this.log.entry(key);
    const before =
      known?.unsure === undefined ? { ...attempt, firing: [] } : { ...known, firing: known.unsure };
    const { firing, sentAtMs, expiresAtMs } = before;
    void this.#append([{ kind: 'sending', attempt: { key, firing, sentAtMs, expiresAtMs } }]);
  }

  /** Notes that a message arrived. Resolves when that is durable. */
  async noteSent(entry: NotificationEntry): Promise<void> {
    this.log.record(entry);
    this.#attempts.delete(entry.key);
    await this.#append([{ kind: 'sent', entry }]);
  }

  /** Writes everything anew where the state on disk is several times as large. */
  replaceIfOvergrown(): void {
    if (!this.#state.isOvergrown) return;
    const records: StateRecord[] = [];
    for (const { noted, isEndNoted } of this.#store.entries())
      if (noted !== undefined) records.push({ kind: 'alert', alert: { ...noted, isEnded: isEndNoted } });
    for (const entry of this.log.entries()) records.push(...recordsOf(entry));
    for (const attempt of this.#attempts.values()) records.push({ kind: 'sending', attempt });
    void this.#state.replace(records);
  }

  /** Ends what is being written. */
  async close(): Promise<void> {
    this.replaceIfOvergrown();
    await this.#state.close();
  }

  async #append(records: readonly StateRecord[]): Promise<void> {
    if (records.length === 0) return;
    const written = this.#state.append(records);
    this.replaceIfOvergrown();
    await written;
  }

  #isNoted({ alert, noted, isEndNoted }: AlertEntry, isEnded: boolean, nowMs: number): boolean {
    if (noted === undefined || isEnded !== isEndNoted) return false;
    if (noted.startsAtMs !== alert.startsAtMs || noted.generatorUrl !== alert.generatorUrl) return false;
    if (!isEqual(noted.annotations, alert.annotations)) return false;
    if (noted.endsAtMs === alert.endsAtMs) return true;
    return !isEnded && this.#isCovered(alert, nowMs) && this.#isCovered(noted, nowMs);
  }

  /** Whether the end of a firing alert need not be known, because a restart will allow for more. */
  #isCovered(alert: PostedAlert, nowMs: number): boolean {
    return alert.endsAtMs <= nowMs + this.#resolveTimeoutMs;
  }
}

function isEqual(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
