/**
 * The notifier: takes alerts, and gets to every receiver what it should know.
 *
 *     post ──▶ AlertStore ──▶ AlertGroups ──due──▶ inhibited? ──▶ time intervals? ──▶ silenced? ──┐
 *                                                                                                 ▼
 *              NotifierStateStore ◀── noted ◀── sent ◀── MessageSender ◀── news? (NotificationLog), per integration
 *
 * The order is Alertmanager's. An alert that is held back is, for this flush, not part of its group; a group of
 * which all is held back says nothing and notes nothing. A message counts as sent when it is noted, and what is
 * noted is on the disk: a restart knows what was sent and which alerts are open.
 */
import type { Labels } from '@binnacle/metrics/model';
import { type Clock, TIMER_MS_MAX } from '../clock.ts';
import type { AlertmanagerConfig, RouteConfig } from '../config/alertmanager.ts';
import { compareForMessage, type NotifiedAlert, type PostedAlert } from './alert.ts';
import { type AlertCounts, AlertGroups, type GroupFlush } from './alert-groups.ts';
import { type AlertEntry, AlertStore } from './alert-store.ts';
import type { Integration } from './integration.ts';
import { type IntegrationStatus, MessageSender } from './message-sender.ts';
import { fingerprintsOf, NotificationLog } from './notification-log.ts';
import { NotifierMemory } from './notifier-memory.ts';
import type { NotifierStateStore } from './notifier-state.ts';
import type { AlertGroupView, AlertView, Muting, NotifierView } from './notifier-view.ts';

/** How long a message is tried at least, however short the group's interval is. */
export const DELIVERY_LEAST_MS = 10_000;
/** How often alerts that have ended, and notes that have expired, are forgotten. */
export const MAINTENANCE_INTERVAL_MS = 15 * 60_000;
/** How many groups are flushed in one turn of the loop, so that a storm lets requests and rules through. */
export const FLUSHES_AT_ONCE_MAX = 500;
/** A timer that comes so much before its time comes early; beyond, the clock was set back. */
const CLOCK_TOLERANCE_MS = 1000;
/** How long messages that are under way may take when the monitor stops. */
export const STOP_WAIT_MS = 5000;

/** What holds an alert back, as Alertmanager's metrics say it. */
export const SUPPRESSED_REASONS = [
  'inhibition',
  'active_time_interval',
  'mute_time_interval',
  'silence',
] as const;

/** One of {@link SUPPRESSED_REASONS}. */
export type SuppressedReason = (typeof SUPPRESSED_REASONS)[number];

/** Options of {@link Dispatcher}. */
export interface DispatcherOptions {
  readonly config: AlertmanagerConfig;
  /** Where an alert goes: nodes of the configuration's tree of routes, never none. */
  readonly matchRoutes: (labels: Labels) => readonly RouteConfig[];
  /** The names of the route's time intervals that hold its messages back at a time. */
  readonly mutedBy: (route: RouteConfig, timeMs: number) => readonly string[];
  readonly muting: Muting;
  /** The ways to reach a receiver of the configuration. */
  readonly integrations: (receiver: string) => readonly Integration[];
  /** Where users reach the monitor. */
  readonly externalUrl: string;
  readonly clock: Clock;
  readonly state: NotifierStateStore;
  /** Told in words, once each, of what an operator should know. Holds no secrets. */
  readonly onProblem: (message: string) => void;
  /** Told of alerts that were posted, or that an earlier run knew, as they are after merging. */
  readonly onAlerts?: (alerts: readonly PostedAlert[]) => void;
}

/** What the notifier counts. */
export interface NotifierStatus {
  readonly integrations: readonly IntegrationStatus[];
  readonly alerts: AlertCounts;
  /** Posts of alerts, by what they said. */
  readonly received: { readonly firing: number; readonly resolved: number };
  /** Posts of alerts for which there was no room. */
  readonly dropped: number;
  readonly groups: number;
  /** Alerts that were held back, each at each flush. */
  readonly suppressed: Readonly<Record<SuppressedReason, number>>;
  /** Groups and integrations of which is remembered what was sent. */
  readonly notes: number;
  /** Of which it was forgotten, because there were too many. */
  readonly notesForgotten: number;
}

/** The notifier. */
export class Dispatcher implements NotifierView {
  readonly configText: string;
  readonly startTimeMs: number;
  readonly #options: DispatcherOptions;
  readonly #store: AlertStore;
  readonly #groups: AlertGroups;
  readonly #memory: NotifierMemory;
  readonly #senders: ReadonlyMap<string, readonly MessageSender[]>;
  readonly #running = new Set<Promise<void>>();
  readonly #received = { firing: 0, resolved: 0 };
  readonly #suppressed: Record<SuppressedReason, number> = {
    inhibition: 0,
    active_time_interval: 0,
    mute_time_interval: 0,
    silence: 0,
  };
  #isStopped = false;
  #cancelFlush: (() => void) | undefined;
  /** When the flush that is waited for is due. */
  #flushMs: number | undefined;
  #cancelMaintenance: (() => void) | undefined;

  private constructor(options: DispatcherOptions, log: NotificationLog) {
    const { config, clock, onProblem } = options;
    this.configText = config.shownText;
    this.startTimeMs = clock.now();
    this.#options = options;
    this.#store = new AlertStore(config.resolveTimeoutMs);
    this.#memory = new NotifierMemory(options.state, log, this.#store, config.resolveTimeoutMs);
    this.#groups = new AlertGroups(options.matchRoutes);
    this.#senders = new Map(
      config.receivers.map(({ name }) => [
        name,
        options.integrations(name).map((integration) => new MessageSender(integration, { clock, onProblem })),
      ]),
    );
  }

  /** Starts with what the last run remembered. */
  static async open(options: DispatcherOptions): Promise<Dispatcher> {
    const nowMs = options.clock.now();
    const { alerts, notifications } = await options.state.load();
    const log = new NotificationLog(notifications);
    log.collectGarbage(nowMs);
    const dispatcher = new Dispatcher(options, log);
    // The oldest first, so that a group of which something waited before need not wait again.
    const oldestFirst = [...alerts].sort((a, b) => a.startsAtMs - b.startsAtMs);
    const entries = oldestFirst.map((alert) =>
      // Who posted what was firing was down as well: it gets the time to post again before that counts as over.
      dispatcher.#store.restore(alert, alert.updatedAtMs, alert.isEnded, nowMs),
    );
    options.onAlerts?.(entries.map(({ alert }) => alert));
    for (const entry of entries) dispatcher.#groups.add(entry, nowMs);
    dispatcher.#memory.replaceIfOvergrown();
    dispatcher.#maintainLater();
    dispatcher.#schedule();
    return dispatcher;
  }

  post(alerts: readonly PostedAlert[]): void {
    const { clock, onProblem, onAlerts } = this.#options;
    const nowMs = clock.now();
    const droppedBefore = this.#store.dropped;
    const entries: AlertEntry[] = [];
    for (const posted of alerts) {
      const entry = this.#store.put(posted, nowMs);
      if (entry === undefined) continue;
      this.#received[posted.endsAtMs !== 0 && posted.endsAtMs <= nowMs ? 'resolved' : 'firing']++;
      entries.push(entry);
    }
    if (droppedBefore === 0 && this.#store.dropped > 0)
      onProblem(`there are too many alerts, ${this.#store.size}: further ones are dropped`);
    // What inhibits must be known before anything that it inhibits is sent.
    onAlerts?.(entries.map(({ alert }) => alert));
    for (const entry of entries) this.#groups.add(entry, nowMs);
    this.#memory.noteAlerts(entries, nowMs);
    this.#schedule();
  }

  /** Counts, and how each integration fared. */
  status(): NotifierStatus {
    return {
      integrations: [...this.#senders.values()].flat().map((sender) => sender.status()),
      alerts: this.#groups.counts(this.#options.clock.now()),
      received: { ...this.#received },
      dropped: this.#store.dropped,
      groups: this.#groups.size,
      suppressed: { ...this.#suppressed },
      notes: this.#memory.log.size,
      notesForgotten: this.#memory.log.evicted,
    };
  }

  alerts(): readonly AlertView[] {
    const nowMs = this.#options.clock.now();
    const views: AlertView[] = [];
    for (const entry of this.#store.entries())
      if (entry.alert.endsAtMs > nowMs)
        views.push(this.#view(entry, this.#options.matchRoutes(entry.alert.labels), nowMs));
    return views;
  }

  groups(): readonly AlertGroupView[] {
    const nowMs = this.#options.clock.now();
    return this.#groups.list().flatMap(({ route, key, labels, entries }) => {
      const alerts = [...entries]
        .filter((entry) => entry.alert.endsAtMs > nowMs)
        .sort((a, b) => compareForMessage(a.alert.labels, b.alert.labels))
        .map((entry) => this.#view(entry, [route], nowMs));
      return alerts.length === 0
        ? []
        : [{ key, routeId: route.id, labels, receiver: route.receiver, alerts }];
    });
  }

  receivers(): readonly string[] {
    return this.#options.config.receivers.map(({ name }) => name);
  }

  /** Sends nothing more, gives what is under way a bounded time to end, and remembers. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelFlush?.();
    this.#cancelMaintenance?.();
    const senders = [...this.#senders.values()].flat();
    for (const sender of senders) sender.stop();
    const cancelAbort = this.#options.clock.after(STOP_WAIT_MS, () => {
      for (const sender of senders) sender.abort();
    });
    await Promise.all(this.#running);
    cancelAbort();
    await this.#memory.close();
  }

  #schedule(): void {
    const dueMs = this.#isStopped ? undefined : this.#groups.nextDueMs();
    if (dueMs === this.#flushMs) return;
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#flushMs = dueMs;
    if (dueMs === undefined) return;
    const { clock } = this.#options;
    const delayMs = dueMs - clock.now();
    this.#cancelFlush = clock.after(delayMs, () => {
      this.#flushMs = undefined;
      // A timer runs on where the clock is set back; without this, alerts would wait for the clock to come round.
      const behindMs = dueMs - clock.now();
      if (behindMs > CLOCK_TOLERANCE_MS && delayMs <= TIMER_MS_MAX) this.#groups.shift(-behindMs);
      this.#flushDue();
      this.#schedule();
    });
  }

  #flushDue(): void {
    const nowMs = this.#options.clock.now();
    for (let count = 0; count < FLUSHES_AT_ONCE_MAX; count++) {
      const flush = this.#groups.flush(nowMs);
      if (flush === undefined) return;
      const run = this.#deliverGroup(flush, nowMs).finally(() => {
        this.#running.delete(run);
        this.#schedule();
      });
      this.#running.add(run);
    }
  }

  async #deliverGroup(flush: GroupFlush, nowMs: number): Promise<void> {
    let isDelivered = false;
    try {
      // A restart is to know that these have ended, not that nobody was there to post them.
      this.#memory.noteAlerts(
        flush.ended.map(({ entry }) => entry),
        nowMs,
      );
      const alerts = this.#passing(flush, nowMs);
      const senders = alerts.length === 0 ? [] : (this.#senders.get(flush.route.receiver) ?? []);
      const results = await Promise.all(senders.map((sender) => this.#deliver(sender, flush, alerts, nowMs)));
      isDelivered = results.every((result) => result !== 'failed');
    } catch (error) {
      // Ours: the group goes on, and tries again at its next flush.
      this.#options.onProblem(`the group ${flush.groupKey} could not be told: ${String(error)}`);
    }
    this.#memory.noteGone(this.#groups.settle(flush, isDelivered));
  }

  async #deliver(
    sender: MessageSender,
    flush: GroupFlush,
    passing: readonly NotifiedAlert[],
    flushMs: number,
  ): Promise<'sent' | 'failed' | 'no news'> {
    const { clock, externalUrl } = this.#options;
    const { route, groupKey, groupLabels } = flush;
    const { receiver, kind, index, sendResolved } = sender.integration;
    const { repeatIntervalMs } = route;
    const key = `${groupKey}:${receiver}/${kind}/${index}`;
    const reason = this.#memory.log.newsOf(key, passing, { sendResolved, repeatIntervalMs }, flushMs);
    if (reason === undefined) return 'no news';
    let told = passing;
    if (sendResolved || passing.some(isFiring)) {
      const compose = (hasWaited: boolean) => {
        // A message that had to wait in a storm says what is to be said now.
        if (hasWaited) told = passing.filter((alert) => this.#reasonNow(route, alert) === undefined);
        const alerts = sendResolved ? told : told.filter(isFiring);
        return alerts.length === 0
          ? undefined
          : { receiver, groupKey, groupLabels, alerts, externalUrl, reason };
      };
      const deadlineMs = flushMs + Math.max(route.groupIntervalMs, DELIVERY_LEAST_MS);
      await this.#memory.noteAttempt(key, fingerprintsOf(told, 'firing'), clock.now(), 2 * repeatIntervalMs);
      const outcome = await sender.deliver(compose, deadlineMs);
      if (outcome !== 'sent') {
        // A message that was aborted by the end of the process may have arrived.
        if (!this.#isStopped) this.#memory.forgetAttempt(key);
        return outcome === 'failed' ? 'failed' : 'no news';
      }
    } else sender.skip();
    const sentAtMs = clock.now();
    await this.#memory.noteSent({
      key,
      firing: fingerprintsOf(told, 'firing'),
      resolved: fingerprintsOf(told, 'resolved'),
      sentAtMs,
      expiresAtMs: sentAtMs + 2 * repeatIntervalMs,
    });
    return 'sent';
  }

  /** The alerts of a flush that nothing holds back, in Alertmanager's order of stages; counts the others. */
  #passing(flush: GroupFlush, nowMs: number): readonly NotifiedAlert[] {
    const { muting } = this.#options;
    const heldBack = new Set<string>();
    const pass = (
      alerts: readonly NotifiedAlert[],
      isHeld: (alert: NotifiedAlert) => SuppressedReason | undefined,
    ) =>
      alerts.filter((alert) => {
        const reason = isHeld(alert);
        if (reason === undefined) return true;
        this.#suppressed[reason]++;
        // Groups that are outside of their times are muted; their alerts are not.
        if (reason === 'inhibition' || reason === 'silence') heldBack.add(alert.fingerprint);
        return false;
      });
    let alerts = pass(flush.alerts, ({ labels }) =>
      muting.inhibitedBy(labels, nowMs).length > 0 ? 'inhibition' : undefined,
    );
    if (alerts.length > 0) {
      const reason = this.#timeReason(flush.route, nowMs);
      if (reason !== undefined) alerts = pass(alerts, () => reason);
    }
    alerts = pass(alerts, ({ labels }) =>
      muting.silencedBy(labels, nowMs).length > 0 ? 'silence' : undefined,
    );
    this.#groups.mark(flush, heldBack);
    return alerts;
  }

  #timeReason(route: RouteConfig, nowMs: number): SuppressedReason | undefined {
    const [name] = this.#options.mutedBy(route, nowMs);
    if (name === undefined) return undefined;
    return route.activeTimeIntervals.includes(name) ? 'active_time_interval' : 'mute_time_interval';
  }

  #reasonNow(route: RouteConfig, { labels }: NotifiedAlert): SuppressedReason | undefined {
    const { muting, clock } = this.#options;
    const nowMs = clock.now();
    if (muting.inhibitedBy(labels, nowMs).length > 0) return 'inhibition';
    if (muting.silencedBy(labels, nowMs).length > 0) return 'silence';
    return this.#timeReason(route, nowMs);
  }

  #view(entry: AlertEntry, routes: readonly RouteConfig[], nowMs: number): AlertView {
    const { alert, fingerprint } = entry;
    const { muting, mutedBy } = this.#options;
    const muted = routes.map((route) => mutedBy(route, nowMs));
    return {
      alert,
      fingerprint,
      updatedAtMs: alert.updatedAtMs,
      receivers: [...new Set(routes.map(({ receiver }) => receiver))],
      silencedBy: muting.silencedBy(alert.labels, nowMs),
      inhibitedBy: muting.inhibitedBy(alert.labels, nowMs),
      // One route that speaks suffices for the alert to be heard.
      mutedBy: muted.every((names) => names.length > 0) ? [...new Set(muted.flat())] : [],
    };
  }

  #maintainLater(): void {
    const { clock } = this.#options;
    this.#cancelMaintenance = clock.after(MAINTENANCE_INTERVAL_MS, () => {
      const nowMs = clock.now();
      this.#store.collectGarbage(nowMs);
      this.#memory.log.collectGarbage(nowMs);
      this.#memory.replaceIfOvergrown();
      this.#maintainLater();
    });
  }
}

function isFiring(alert: NotifiedAlert): boolean {
  return alert.status === 'firing';
}
