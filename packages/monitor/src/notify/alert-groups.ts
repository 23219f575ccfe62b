/**
 * Groups alerts and says when each group is due: a state machine without clock and network.
 *
 *     first alert ──group_wait──▶ flush ──group_interval──▶ flush ──group_interval──▶ …
 *
 * An alert is in one group of each route that it leads to. A flush hands out the group's alerts as they are;
 * whether anything of it is worth a message is for others to say. After a flush that was delivered, alerts that
 * had ended leave the group, and an empty group goes away. While a flush is under way, the group is not flushed
 * again.
 */
import type { Labels } from '@binnacle/metrics/model';
import type { RouteConfig } from '../config/alertmanager.ts';
import { compareForMessage, compareLabelSets, type NotifiedAlert } from './alert.ts';
import type { AlertEntry, StoredAlert } from './alert-store.ts';
import { DueQueue } from './due-queue.ts';
import { groupKeyOf, groupLabelsOf } from './routing.ts';

/** A group that is due. */
export interface GroupFlush {
  readonly route: RouteConfig;
  /** Alertmanager's name of the group: the route's key and the group's labels. */
  readonly groupKey: string;
  readonly groupLabels: Labels;
  /** Never empty; in the order of messages. */
  readonly alerts: readonly NotifiedAlert[];
  /** What the alerts that had ended were at the flush. */
  readonly ended: readonly { readonly entry: AlertEntry; readonly alert: StoredAlert }[];
}

/** How many alerts are in which state, each once: what holds one back in one group counts. */
export interface AlertCounts {
  readonly active: number;
  readonly suppressed: number;
  /** Their groups are still waiting for the first flush. */
  readonly unprocessed: number;
}

/** A group as it is now. */
export interface AlertGroup {
  readonly route: RouteConfig;
  readonly key: string;
  readonly labels: Labels;
  readonly entries: ReadonlySet<AlertEntry>;
}

interface Group extends AlertGroup {
  readonly entries: Set<AlertEntry>;
  dueMs: number;
  isInFlight: boolean;
  isGone: boolean;
  /** The alerts that a flush looked at, and whether it held them back. */
  readonly marks: Map<AlertEntry, 'active' | 'suppressed'>;
}

/** The groups of all routes. */
export class AlertGroups {
  readonly #routesOf: (labels: Labels) => readonly RouteConfig[];
  /** By the keys of their labels. */
  readonly #groups = new Map<RouteConfig, Map<string, Group>>();
  readonly #byFlush = new WeakMap<GroupFlush, Group>();
  readonly #due = new DueQueue<Group>((group) =>
    group.isInFlight || group.isGone ? undefined : group.dueMs,
  );
  #size = 0;

  /** @param routesOf where an alert goes */
  constructor(routesOf: (labels: Labels) => readonly RouteConfig[]) {
    this.#routesOf = routesOf;
  }

  /** Puts an alert, or one of which there is news, where it belongs. */
  add(entry: AlertEntry, nowMs: number): void {
    const { labels, startsAtMs } = entry.alert;
    for (const route of this.#routesOf(labels)) {
      const ofRoute = this.#ofRoute(route);
      const groupLabels = groupLabelsOf(route, labels);
      let group = ofRoute.get(groupLabels.key);
      if (group === undefined) {
        // An alert that already waited for longer than the group would need not wait again.
        const isOld = startsAtMs + route.groupWaitMs < nowMs;
        group = newGroup(route, groupLabels, isOld ? nowMs : nowMs + route.groupWaitMs);
        ofRoute.set(groupLabels.key, group);
        this.#size++;
        this.#due.put(group);
      }
      if (group.entries.has(entry)) continue;
      group.entries.add(entry);
      entry.groups++;
    }
  }

  /** When the next group is due; undefined when none is. */
  nextDueMs(): number | undefined {
    return this.#due.nextMs();
  }

  /** Moves the times at which groups are due: the clock was set. */
  shift(byMs: number): void {
    for (const ofRoute of this.#groups.values())
      for (const group of ofRoute.values()) {
        group.dueMs += byMs;
        this.#due.put(group);
      }
  }

  /** A group that is due. It must be {@link settle}d before it is flushed again. */
  flush(nowMs: number): GroupFlush | undefined {
    const group = this.#due.take(nowMs);
    if (group === undefined) return undefined;
    group.isInFlight = true;
    group.dueMs = nowMs + group.route.groupIntervalMs;
    const alerts: NotifiedAlert[] = [];
    const ended: { entry: AlertEntry; alert: StoredAlert }[] = [];
    for (const entry of group.entries) {
      const { alert } = entry;
      const isEnded = alert.endsAtMs <= nowMs;
      if (isEnded) ended.push({ entry, alert });
      alerts.push({ ...alert, status: isEnded ? 'resolved' : 'firing' });
    }
    alerts.sort((a, b) => compareForMessage(a.labels, b.labels));
    const { route, key, labels } = group;
    const flush = { route, groupKey: key, groupLabels: labels, alerts, ended };
    this.#byFlush.set(flush, group);
    return flush;
  }

  /** Notes which alerts of a flush are held back, for {@link counts}. */
  mark(flush: GroupFlush, heldBack: ReadonlySet<string>): void {
    const group = this.#byFlush.get(flush);
    for (const entry of group?.entries ?? [])
      group?.marks.set(entry, heldBack.has(entry.fingerprint) ? 'suppressed' : 'active');
  }

  /**
   * Ends a flush.
   * @param isDelivered whether every receiver has what it should have; if not, ended alerts stay for the next try
   * @returns what is in no group any more
   */
  settle(flush: GroupFlush, isDelivered: boolean): AlertEntry[] {
    const group = this.#byFlush.get(flush);
    if (group === undefined) return [];
    this.#byFlush.delete(flush);
    group.isInFlight = false;
    const free: AlertEntry[] = [];
    for (const { entry, alert } of isDelivered ? flush.ended : []) {
      // Of an alert that was posted meanwhile, it may fire again, the group has still to tell.
      if (entry.alert !== alert || !group.entries.delete(entry)) continue;
      group.marks.delete(entry);
      if (--entry.groups === 0) free.push(entry);
    }
    if (group.entries.size === 0) {
      group.isGone = true;
      this.#ofRoute(group.route).delete(group.labels.key);
      this.#size--;
    }
    this.#due.put(group);
    return free;
  }

  /** How many groups there are. */
  get size(): number {
    return this.#size;
  }

  /** All groups: by their labels, then by receiver. */
  list(): AlertGroup[] {
    return [...this.#groups.values()]
      .flatMap((ofRoute) => [...ofRoute.values()])
      .sort(
        (a, b) => compareLabelSets(a.labels, b.labels) || compareTexts(a.route.receiver, b.route.receiver),
      );
  }

  /** The alerts that fire, by state. */
  counts(nowMs: number): AlertCounts {
    const states = new Map<AlertEntry, 'active' | 'suppressed' | 'unprocessed'>();
    for (const ofRoute of this.#groups.values())
      for (const group of ofRoute.values())
        for (const entry of group.entries) {
          if (entry.alert.endsAtMs <= nowMs) continue;
          const state = group.marks.get(entry) ?? 'unprocessed';
          const known = states.get(entry) ?? 'unprocessed';
          if (known === 'unprocessed' || state === 'suppressed') states.set(entry, state);
        }
    const counts = { active: 0, suppressed: 0, unprocessed: 0 };
    for (const state of states.values()) counts[state]++;
    return counts;
  }

  #ofRoute(route: RouteConfig): Map<string, Group> {
    const known = this.#groups.get(route);
    if (known !== undefined) return known;
    const groups = new Map<string, Group>();
    this.#groups.set(route, groups);
    return groups;
  }
}

function newGroup(route: RouteConfig, labels: Labels, dueMs: number): Group {
  return {
    route,
    key: groupKeyOf(route, labels),
    labels,
    entries: new Set(),
    dueMs,
    isInFlight: false,
    isGone: false,
    marks: new Map(),
  };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
