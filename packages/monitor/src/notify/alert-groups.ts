/**
 * Groups alerts and says when each group is due: a state machine without clock and network.
 *
 *     first alert ──group_wait──▶ flush ──group_interval──▶ flush ──group_interval──▶ …
 *
 * A flush hands out the group's alerts as they are; whether anything of it is worth a message is the
 * notification log's decision. After a flush that was delivered, resolved alerts leave the group, and an empty
 * group goes away. While a flush is under way, the group is not flushed again.
 */
import { Labels } from '@binnacle/metrics/model';
import type { RouteConfig } from '../config/alertmanager.ts';
import { fingerprintOf, mergeAlerts, type NotifiedAlert, type PostedAlert } from './alert.ts';

/** How many alerts are kept; further ones are dropped and counted. */
export const ALERTS_MAX = 10_000;

/** A group that is due. */
export interface GroupFlush {
  /** Alertmanager's name of the group: the route's matchers and the group's labels. */
  readonly groupKey: string;
  readonly groupLabels: Labels;
  /** Never empty; by job, instance and the other labels. */
  readonly alerts: readonly NotifiedAlert[];
}

interface Group {
  readonly key: string;
  readonly labels: Labels;
  /** By the key of their labels. */
  readonly alerts: Map<string, PostedAlert>;
  dueMs: number;
  flushed: boolean;
  inFlight: boolean;
}

/** All groups of one route. */
export class AlertGroups {
  readonly #route: RouteConfig;
  readonly #groups = new Map<string, Group>();
  #count = 0;
  #dropped = 0;

  constructor(route: RouteConfig) {
    this.#route = route;
  }

  /** Takes alerts, new ones and news of known ones. */
  add(alerts: readonly PostedAlert[], nowMs: number): void {
    // The end of an alert that nobody was told of is no news.
    for (const alert of alerts)
      if (alert.endsAtMs > nowMs || this.#knows(alert.labels)) this.#addOne(alert, nowMs);
  }

  /** Takes alerts of an earlier run: some have ended and somebody still has to be told. */
  restore(alerts: readonly PostedAlert[], nowMs: number): void {
    for (const alert of alerts) this.#addOne(alert, nowMs);
  }

  /** When the next group is due; undefined when none is. */
  nextDueMs(): number | undefined {
    let next: number | undefined;
    for (const group of this.#groups.values())
      if (!group.inFlight && (next === undefined || group.dueMs < next)) next = group.dueMs;
    return next;
  }

  /** The groups that are due. Each must be {@link settle}d before it is flushed again. */
  flush(nowMs: number): GroupFlush[] {
    const due: GroupFlush[] = [];
    for (const group of this.#groups.values()) {
      if (group.inFlight || group.dueMs > nowMs) continue;
      group.inFlight = true;
      group.flushed = true;
      group.dueMs = nowMs + this.#route.groupIntervalMs;
      const alerts = [...group.alerts.values()]
        .map((alert) => notified(alert, nowMs))
        .sort((a, b) => compareForMessage(a.labels, b.labels));
      due.push({ groupKey: group.key, groupLabels: group.labels, alerts });
    }
    return due;
  }

  /**
   * Ends a flush.
   * @param delivered whether every receiver has what it should have; if not, resolved alerts stay for the next try
   */
  settle(flush: GroupFlush, delivered: boolean): void {
    const group = this.#groups.get(flush.groupKey);
    if (group === undefined) return;
    group.inFlight = false;
    if (!delivered) return;
    for (const sent of flush.alerts) {
      const key = sent.labels.key;
      // An alert that fires again since stays.
      if (sent.status !== 'resolved' || group.alerts.get(key)?.endsAtMs !== sent.endsAtMs) continue;
      group.alerts.delete(key);
      this.#count--;
    }
    if (group.alerts.size === 0) this.#groups.delete(group.key);
  }

  /** All alerts that are known. */
  alerts(): PostedAlert[] {
    return [...this.#groups.values()].flatMap((group) => [...group.alerts.values()]);
  }

  /** How many alerts did not fit into {@link ALERTS_MAX}. */
  get dropped(): number {
    return this.#dropped;
  }

  #addOne(alert: PostedAlert, nowMs: number): void {
    const labels = this.#groupLabels(alert.labels);
    const key = groupKeyOf(labels);
    let group = this.#groups.get(key);
    const known = group?.alerts.get(alert.labels.key);
    if (known === undefined && this.#count >= ALERTS_MAX) {
      this.#dropped++;
      return;
    }
    if (group === undefined) {
      const dueMs = nowMs + this.#route.groupWaitMs;
      group = { key, labels, alerts: new Map(), dueMs, flushed: false, inFlight: false };
      this.#groups.set(key, group);
    }
    if (known === undefined) this.#count++;
    group.alerts.set(alert.labels.key, known === undefined ? alert : mergeAlerts(known, alert));
    // An alert that already waited for longer than the group would need not wait again.
    if (!group.flushed && alert.startsAtMs + this.#route.groupWaitMs < nowMs) group.dueMs = nowMs;
  }

  #knows(labels: Labels): boolean {
    return this.#groups.get(groupKeyOf(this.#groupLabels(labels)))?.alerts.has(labels.key) ?? false;
  }

  #groupLabels(labels: Labels): Labels {
    const { groupBy } = this.#route;
    return groupBy === 'all' ? labels : labels.only(new Set(groupBy));
  }
}

function notified(alert: PostedAlert, nowMs: number): NotifiedAlert {
  const status = alert.endsAtMs <= nowMs ? 'resolved' : 'firing';
  return { ...alert, status, fingerprint: fingerprintOf(alert.labels) };
}

/** Alertmanager's key of a group of the top route, which has no matchers: `{}:{alertname="X", job="y"}`. */
function groupKeyOf(labels: Labels): string {
  return `{}:{${labels
    .entries()
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
}

function compareForMessage(a: Labels, b: Labels): number {
  for (const name of ['job', 'instance']) {
    const left = a.get(name);
    const right = b.get(name);
    if (left !== right) return left < right ? -1 : 1;
  }
  return Labels.compare(a, b);
}
