/**
 * What the notifier remembers across restarts, and the texts that it is stored as: which alerts are open, and what
 * was sent. With it a restart neither repeats what was sent nor forgets to tell the end of an alert.
 *
 * The memory is a sequence of records, each of which says something new:
 *
 *     {"alert":{"labels":{…},"annotations":{…},"startsAtMs":1,"endsAtMs":2,"generatorUrl":"","updatedAtMs":1}}
 *     {"alert":{…,"ended":true}}       it has ended, and somebody is still to be told
 *     {"gone":["0123456789abcdef"]}    everybody was told
 *     {"sending":{"key":"…","firing":["…"],"sentAtMs":1,"expiresAtMs":2}}   noted before the first attempt
 *     {"sent":{"key":"…","firing":["…"],"resolved":["…"],"sentAtMs":1,"expiresAtMs":2}}
 */
import { Labels } from '@binnacle/metrics/model';
import { fingerprintOf, type PostedAlert } from './alert.ts';
import type { NotificationEntry } from './notification-log.ts';

/** Something new. */
export type StateRecord =
  | { readonly kind: 'alert'; readonly alert: RememberedAlert }
  /** The alerts that need not be remembered any longer, by fingerprint. */
  | { readonly kind: 'gone'; readonly fingerprints: readonly string[] }
  | { readonly kind: 'sending'; readonly attempt: NotificationAttempt }
  | { readonly kind: 'sent'; readonly entry: NotificationEntry };

/** A message of which it is not known whether it arrives. */
export interface NotificationAttempt {
  readonly key: string;
  /** Fingerprints of the alerts that the receiver was not told of before; empty when the message was given up. */
  readonly firing: readonly string[];
  readonly sentAtMs: number;
  readonly expiresAtMs: number;
}

/** An alert as it was when it was noted. */
export interface RememberedAlert extends PostedAlert {
  readonly updatedAtMs: number;
  /** Whether its end is known, and not only that nobody was there to post it. */
  readonly isEnded: boolean;
}

/** The sum of the records. */
export interface NotifierState {
  readonly alerts: readonly RememberedAlert[];
  readonly notifications: readonly NotificationEntry[];
}

/** Where the notifier's memory lies; a test keeps it in a variable. No method rejects: problems are told in words. */
export interface NotifierStateStore {
  /** Called once, before anything else. */
  load(): Promise<NotifierState>;
  /**
   * Adds records. Resolves when they are durable, or when it is clear that they cannot be at the moment; then they
   * are kept, and written as soon as that works.
   */
  append(records: readonly StateRecord[]): Promise<void>;
  /** Whether what is stored has grown to a multiple of what it says, so that {@link replace} is worth its price. */
  readonly isOvergrown: boolean;
  /** Puts records in the place of all that is stored. */
  replace(records: readonly StateRecord[]): Promise<void>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Adds up records. */
export class NotifierStateBuilder {
  readonly #alerts = new Map<string, RememberedAlert>();
  readonly #notifications = new Map<string, NotificationEntry>();

  add(record: StateRecord): void {
    switch (record.kind) {
      case 'alert':
        this.#alerts.set(fingerprintOf(record.alert.labels), record.alert);
        return;
      case 'gone':
        for (const fingerprint of record.fingerprints) this.#alerts.delete(fingerprint);
        return;
      case 'sending':
        this.#addAttempt(record.attempt);
        return;
      case 'sent':
        this.#notifications.delete(record.entry.key);
        this.#notifications.set(record.entry.key, record.entry);
    }
  }

  #addAttempt({ firing, ...attempt }: NotificationAttempt): void {
    const last = this.#notifications.get(attempt.key);
    // What had expired before the attempt began would take it along when it goes.
    const isKnown = last !== undefined && wasSent(last) && last.expiresAtMs > attempt.sentAtMs;
    const { unsure: _, ...known } = isKnown ? last : { ...attempt, firing: [], resolved: [] };
    if (firing.length > 0) this.#notifications.set(attempt.key, { ...known, unsure: firing });
    else if (wasSent(known)) this.#notifications.set(attempt.key, known);
    else this.#notifications.delete(attempt.key);
  }

  state(): NotifierState {
    return { alerts: [...this.#alerts.values()], notifications: [...this.#notifications.values()] };
  }
}

/** The records that say what is known of a group and an integration. */
export function recordsOf(entry: NotificationEntry): StateRecord[] {
  const { key, unsure, sentAtMs, expiresAtMs } = entry;
  const records: StateRecord[] = wasSent(entry) ? [{ kind: 'sent', entry }] : [];
  if (unsure !== undefined)
    records.push({ kind: 'sending', attempt: { key, firing: unsure, sentAtMs, expiresAtMs } });
  return records;
}

/** Whether there was a message at all, and not only an attempt. */
function wasSent(entry: NotificationEntry): boolean {
  return entry.firing.length + entry.resolved.length > 0;
}

/** A record as a line of text. */
export function printRecord(record: StateRecord): string {
  switch (record.kind) {
    case 'alert': {
      const { labels, annotations, startsAtMs, endsAtMs, generatorUrl, updatedAtMs, isEnded } = record.alert;
      const alert = {
        labels: labels.toObject(),
        annotations,
        startsAtMs,
        endsAtMs,
        generatorUrl,
        updatedAtMs,
        ...(isEnded ? { ended: true } : {}),
      };
      return JSON.stringify({ alert });
    }
    case 'gone':
      return JSON.stringify({ gone: record.fingerprints });
    case 'sending': {
      const { key, firing, sentAtMs, expiresAtMs } = record.attempt;
      return JSON.stringify({ sending: { key, firing, sentAtMs, expiresAtMs } });
    }
    case 'sent': {
      const { key, firing, resolved, sentAtMs, expiresAtMs } = record.entry;
      return JSON.stringify({ sent: { key, firing, resolved, sentAtMs, expiresAtMs } });
    }
  }
}

/** Reads what {@link printRecord} wrote; undefined where it is something else. */
export function parseRecord(parsed: unknown): StateRecord | undefined {
  if (!isRecord(parsed)) return undefined;
  const { alert, gone, sending, sent } = parsed;
  if (isStoredAlert(alert) && typeof alert.updatedAtMs === 'number') {
    const { updatedAtMs, ended } = alert;
    return { kind: 'alert', alert: { ...postedAlert(alert), updatedAtMs, isEnded: ended === true } };
  }
  if (isNames(gone)) return { kind: 'gone', fingerprints: gone };
  if (isAttempt(sending)) {
    const { key, firing, sentAtMs, expiresAtMs } = sending;
    return { kind: 'sending', attempt: { key, firing, sentAtMs, expiresAtMs } };
  }
  if (isEntry(sent) && typeof sent.expiresAtMs === 'number') {
    const { key, firing, resolved, sentAtMs, expiresAtMs } = sent;
    return { kind: 'sent', entry: { key, firing, resolved, sentAtMs, expiresAtMs } };
  }
  return undefined;
}

/** How long an entry of version 1 is kept, which does not say it. */
const OLD_ENTRY_KEPT_MS = 5 * 24 * 60 * 60_000;

/**
 * Reads the one JSON file of version 1:
 *
 *     { "version": 1, "savedAtMs",
 *       "notifications": [{ "key", "firing": ["fingerprint"], "resolved": [], "sentAtMs" }],
 *       "alerts": [{ "labels": {}, "annotations": {}, "startsAtMs", "endsAtMs", "generatorUrl" }] }
 *
 * @returns undefined when it is damaged: then messages may be repeated, none is lost
 */
export function parseStateVersion1(text: string): NotifierState | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || parsed.version !== 1 || typeof parsed.savedAtMs !== 'number') return undefined;
  const { savedAtMs } = parsed;
  return {
    alerts: list(parsed.alerts)
      .filter(isStoredAlert)
      .map((alert) => ({
        ...postedAlert(alert),
        updatedAtMs: savedAtMs,
        isEnded: alert.endsAtMs <= savedAtMs,
      })),
    notifications: list(parsed.notifications)
      .filter(isEntry)
      .map(({ key, firing, resolved, sentAtMs }) => ({
        key,
        firing,
        resolved,
        sentAtMs,
        expiresAtMs: sentAtMs + OLD_ENTRY_KEPT_MS,
      })),
  };
}

type StoredEntry = Omit<NotificationEntry, 'expiresAtMs'> & Record<string, unknown>;
type StoredAlert = Omit<PostedAlert, 'labels'> &
  Record<string, unknown> & { readonly labels: Record<string, string> };

function postedAlert({ labels, annotations, startsAtMs, endsAtMs, generatorUrl }: StoredAlert): PostedAlert {
  return { labels: Labels.of(labels), annotations, startsAtMs, endsAtMs, generatorUrl };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isEntry(value: unknown): value is StoredEntry {
  return (
    isRecord(value) &&
    typeof value.key === 'string' &&
    typeof value.sentAtMs === 'number' &&
    isNames(value.firing) &&
    isNames(value.resolved)
  );
}

function isAttempt(value: unknown): value is NotificationAttempt {
  return (
    isRecord(value) &&
    typeof value.key === 'string' &&
    typeof value.sentAtMs === 'number' &&
    typeof value.expiresAtMs === 'number' &&
    isNames(value.firing)
  );
}

function isStoredAlert(value: unknown): value is StoredAlert {
  return (
    isRecord(value) &&
    isTexts(value.labels) &&
    isTexts(value.annotations) &&
    typeof value.startsAtMs === 'number' &&
    typeof value.endsAtMs === 'number' &&
    typeof value.generatorUrl === 'string'
  );
}
