/**
 * A notifier whose configuration changes while it runs, as a reload of Alertmanager does it: the one that runs ends
 * its messages and remembers, and one with the new configuration goes on from what is remembered. Alerts that are
 * posted meanwhile wait for it, and its counts go on where those of the one before ended.
 */
import type { PostedAlert } from './alert.ts';
import { type Dispatcher, type NotifierStatus, SUPPRESSED_REASONS } from './dispatcher.ts';
import { FAILURE_REASONS, type IntegrationStatus } from './message-sender.ts';
import type { AlertGroupView, AlertView, NotifierView } from './notifier-view.ts';

/** A notifier that can be exchanged for another one. */
export class ReloadableNotifier implements NotifierView {
  #current: Dispatcher;
  /** What those before have counted. */
  #past: NotifierStatus | undefined;
  /** Posted while one is exchanged for the next; undefined at all other times. */
  #held: PostedAlert[] | undefined;

  /** @param first has been opened, and runs */
  constructor(first: Dispatcher) {
    this.#current = first;
  }

  /**
   * Stops the notifier that runs, and then opens the next one. One exchange at a time.
   * @param open opens it; where that rejects there is none until the next exchange, and alerts wait for that
   */
  async exchange(open: () => Promise<Dispatcher>): Promise<void> {
    this.#held ??= [];
    const before = this.#current;
    await before.stop();
    const next = await open();
    this.#past = addedCounts(this.#past, before.status());
    this.#current = next;
    const held = this.#held;
    this.#held = undefined;
    if (held.length > 0) next.post(held);
  }

  post(alerts: readonly PostedAlert[]): void {
    if (this.#held === undefined) this.#current.post(alerts);
    else this.#held.push(...alerts);
  }

  /** Counts of all that have run; gauges of the one that runs. */
  status(): NotifierStatus {
    return addedCounts(this.#past, this.#current.status());
  }

  alerts(): readonly AlertView[] {
    return this.#current.alerts();
  }

  groups(): readonly AlertGroupView[] {
    return this.#current.groups();
  }

  receivers(): readonly string[] {
    return this.#current.receivers();
  }

  get configText(): string {
    return this.#current.configText;
  }

  get startTimeMs(): number {
    return this.#current.startTimeMs;
  }

  /** Ends the one that runs, which remembers. */
  async stop(): Promise<void> {
    await this.#current.stop();
  }
}

/** The counts of both; whatever is no count is the second one's. */
function addedCounts(past: NotifierStatus | undefined, now: NotifierStatus): NotifierStatus {
  if (past === undefined) return now;
  const keyOf = ({ receiver, kind, index }: IntegrationStatus): string =>
    JSON.stringify([receiver, kind, index]);
  const before = new Map(past.integrations.map((one) => [keyOf(one), one]));
  const running = now.integrations.map((one) => {
    const found = before.get(keyOf(one));
    before.delete(keyOf(one));
    return found === undefined ? one : addedIntegration(found, one);
  });
  return {
    ...now,
    // What a receiver that is gone has sent stays sent.
    integrations: [...running, ...[...before.values()].map((one) => ({ ...one, underWay: 0, waiting: 0 }))],
    received: {
      firing: past.received.firing + now.received.firing,
      resolved: past.received.resolved + now.received.resolved,
    },
    dropped: past.dropped + now.dropped,
    suppressed: added(SUPPRESSED_REASONS, past.suppressed, now.suppressed),
    notesForgotten: past.notesForgotten + now.notesForgotten,
  };
}

function addedIntegration(past: IntegrationStatus, now: IntegrationStatus): IntegrationStatus {
  return {
    ...now,
    notifications: past.notifications + now.notifications,
    sent: past.sent + now.sent,
    failed: past.failed + now.failed,
    failedByReason: added(FAILURE_REASONS, past.failedByReason, now.failedByReason),
    attempts: past.attempts + now.attempts,
    failedAttempts: past.failedAttempts + now.failedAttempts,
    latency: {
      counts: now.latency.counts.map((count, i) => count + (past.latency.counts[i] ?? 0)),
      sumSeconds: past.latency.sumSeconds + now.latency.sumSeconds,
    },
  };
}

function added<Key extends string>(
  keys: readonly Key[],
  a: Readonly<Record<Key, number>>,
  b: Readonly<Record<Key, number>>,
): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, a[key] + b[key]])) as Record<Key, number>;
}
