/**
 * All alerts that the notifier knows, once each, whatever number of groups they are in.
 *
 * Groups refer to entries. A post replaces what an entry holds, so all groups see the news, and a message that is
 * under way keeps what it was made of. What is posted is merged with what is known as Alertmanager merges it. An
 * entry goes when its alert has ended, no group refers to it, and somebody collects garbage.
 */
import { fingerprintOf, type PostedAlert } from './alert.ts';

/** How many alerts are kept; further ones are dropped and counted. */
export const ALERTS_MAX = 50_000;
/** How long a full store waits at least until it looks again for what could go. */
const FULL_RETRY_MS = 1000;

/** What is known of an alert. A value: news make another. */
export interface StoredAlert extends PostedAlert {
  readonly fingerprint: string;
  readonly updatedAtMs: number;
  /** Nobody gave the end: it is what the resolve timeout makes of the last post. */
  readonly isEndAssumed: boolean;
}

/** The place of one alert. */
export interface AlertEntry {
  readonly fingerprint: string;
  alert: StoredAlert;
  /** How many groups refer to it. */
  groups: number;
  /** What the state on disk says of it. */
  noted: StoredAlert | undefined;
  /** Whether the state on disk says that it has ended. */
  isEndNoted: boolean;
}

/** The alerts, by their labels. */
export class AlertStore {
  readonly #entries = new Map<string, AlertEntry>();
  readonly #resolveTimeoutMs: number;
  readonly #alertsMax: number;
  #dropped = 0;
  #fullUntilMs = Number.NEGATIVE_INFINITY;

  constructor(resolveTimeoutMs: number, alertsMax = ALERTS_MAX) {
    this.#resolveTimeoutMs = resolveTimeoutMs;
    this.#alertsMax = alertsMax;
  }

  /** Takes a new alert, or news of a known one; undefined when there is no room. */
  put(posted: PostedAlert, nowMs: number): AlertEntry | undefined {
    const entry = this.#entries.get(posted.labels.key);
    if (entry !== undefined) {
      entry.alert = merged(
        entry.alert,
        this.#completed(posted, entry.alert.labels, entry.fingerprint, nowMs),
      );
      return entry;
    }
    if (!this.#hasRoom(nowMs)) {
      this.#dropped++;
      return undefined;
    }
    return this.#add(this.#completed(posted, posted.labels, fingerprintOf(posted.labels), nowMs));
  }

  /**
   * Takes an alert of an earlier run, as it was noted.
   * @param isEnded whether somebody knew of its end; if not, it gets the time to be posted again
   */
  restore(alert: PostedAlert, updatedAtMs: number, isEnded: boolean, nowMs: number): AlertEntry {
    const patienceMs = nowMs + this.#resolveTimeoutMs;
    const isEndAssumed = !isEnded && alert.endsAtMs < patienceMs;
    const endsAtMs = isEndAssumed ? patienceMs : alert.endsAtMs;
    const fingerprint = fingerprintOf(alert.labels);
    const entry = this.#add({ ...alert, endsAtMs, fingerprint, updatedAtMs, isEndAssumed });
    entry.noted = entry.alert;
    entry.isEndNoted = isEnded;
    return entry;
  }

  /** Drops the alerts that have ended and are in no group. */
  collectGarbage(nowMs: number): void {
    for (const [key, entry] of this.#entries)
      if (entry.groups === 0 && entry.alert.endsAtMs <= nowMs) this.#entries.delete(key);
  }

  entries(): Iterable<AlertEntry> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many alerts found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  #add(alert: StoredAlert): AlertEntry {
    const { fingerprint } = alert;
    const entry = { fingerprint, alert, groups: 0, noted: undefined, isEndNoted: false };
    this.#entries.set(alert.labels.key, entry);
    return entry;
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#entries.size < this.#alertsMax) return true;
    if (nowMs < this.#fullUntilMs) return false;
    this.collectGarbage(nowMs);
    if (this.#entries.size < this.#alertsMax) return true;
    this.#fullUntilMs = nowMs + FULL_RETRY_MS;
    return false;
  }

  #completed(
    posted: PostedAlert,
    labels: PostedAlert['labels'],
    fingerprint: string,
    nowMs: number,
  ): StoredAlert {
    const isEndAssumed = posted.endsAtMs === 0;
    const endsAtMs = isEndAssumed ? nowMs + this.#resolveTimeoutMs : posted.endsAtMs;
    const { annotations, startsAtMs, generatorUrl } = posted;
    return {
      labels,
      annotations,
      startsAtMs,
      endsAtMs,
      generatorUrl,
      fingerprint,
      updatedAtMs: nowMs,
      isEndAssumed,
    };
  }
}

/**
 * What is known after a post. Two spans of which one begins or ends within the other are one: it has the earlier
 * start; news that the alert fires do not move its end forward, unless that end was assumed; two ends that have
 * both passed make the later one.
 */
function merged(known: StoredAlert, news: StoredAlert): StoredAlert {
  const isWithin = (timeMs: number): boolean => timeMs > known.startsAtMs && timeMs < known.endsAtMs;
  if (!isWithin(news.startsAtMs) && !isWithin(news.endsAtMs)) return news;
  const nowMs = news.updatedAtMs;
  const keepsEnd = news.endsAtMs <= nowMs ? known.endsAtMs <= nowMs : !known.isEndAssumed;
  return {
    ...news,
    startsAtMs: Math.min(known.startsAtMs, news.startsAtMs),
    endsAtMs: keepsEnd ? Math.max(known.endsAtMs, news.endsAtMs) : news.endsAtMs,
  };
}
