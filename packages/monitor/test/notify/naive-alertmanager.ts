/**
 * Alertmanager's rules, written down as simply as they can be: second by second, everything looked at each time, no
 * queue, no index. What the real notifier sends is compared with what this says.
 */

/** A route, in seconds. */
export interface NaiveRoute {
  readonly id: number;
  /** Undefined for all. */
  readonly job: string | undefined;
  readonly continues: boolean;
  readonly groupBy: readonly ('job' | 'zone')[];
  readonly waitS: number;
  readonly intervalS: number;
  readonly repeatS: number;
  readonly receiver: string;
  /** Muted in the first seconds of every twenty. */
  readonly mutedS: number;
}

export interface NaiveIntegration {
  readonly receiver: string;
  readonly index: number;
  readonly sendResolved: boolean;
  readonly answer: (timeS: number) => 'ok' | 'down' | 'refuses' | 'hangs';
}

export interface NaivePost {
  readonly job: string;
  readonly zone: string;
  readonly startS: number;
  /** Undefined where nobody says. */
  readonly endS: number | undefined;
}

interface Alert {
  readonly id: string;
  readonly job: string;
  readonly zone: string;
  readonly startS: number;
  readonly endS: number;
  readonly isAssumed: boolean;
  /** Somebody posted the end, or a flush came by it: a restart knows it. */
  isEndKnown: boolean;
}

interface Delivery {
  readonly integration: NaiveIntegration;
  state: 'trying' | 'hanging' | 'done' | 'failed';
  nextS: number;
  pauseS: number;
  readonly deadlineS: number;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

interface Group {
  readonly key: string;
  readonly route: NaiveRoute;
  readonly ids: Set<string>;
  dueS: number;
  flush: { readonly ended: readonly Alert[]; readonly deliveries: Delivery[] } | undefined;
}

interface Note {
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly sentS: number;
  readonly expiresS: number;
  /** A kill came while these were being told. */
  readonly unsure?: readonly string[];
}

export const NAIVE_RESOLVE_TIMEOUT_S = 20;
export const isMutedAt = (route: NaiveRoute, timeS: number): boolean => timeS % 20 < route.mutedS;

/** Where an alert goes: the children that match, up to one that does not continue; else the first route. */
export function naiveRoutes(routes: readonly NaiveRoute[], job: string): NaiveRoute[] {
  const [root, ...children] = routes;
  const found: NaiveRoute[] = [];
  for (const child of children) {
    if (child.job !== undefined && child.job !== job) continue;
    found.push(child);
    if (!child.continues) break;
  }
  return found.length === 0 ? [root!] : found;
}

export class NaiveAlertmanager {
  readonly messages: string[] = [];
  readonly silenced = new Set<string>();
  #alerts = new Map<string, Alert>();
  #groups: Group[] = [];
  readonly #notes = new Map<string, Note>();
  readonly #routes: readonly NaiveRoute[];
  readonly #integrations: readonly NaiveIntegration[];

  constructor(routes: readonly NaiveRoute[], integrations: readonly NaiveIntegration[]) {
    this.#routes = routes;
    this.#integrations = integrations;
  }

  post(post: NaivePost, nowS: number): void {
    const id = `${post.job}${post.zone}`;
    const old = this.#alerts.get(id);
    let alert: Alert = {
      id,
      job: post.job,
      zone: post.zone,
      startS: post.startS,
      endS: post.endS ?? nowS + NAIVE_RESOLVE_TIMEOUT_S,
      isAssumed: post.endS === undefined,
      isEndKnown: false,
    };
    if (old !== undefined) {
      const overlaps =
        (alert.endS > old.startS && alert.endS < old.endS) ||
        (alert.startS > old.startS && alert.startS < old.endS);
      if (overlaps) {
        let { endS } = alert;
        if (alert.endS <= nowS) {
          if (old.endS <= nowS && old.endS > endS) endS = old.endS;
        } else if (old.endS > endS && !old.isAssumed) endS = old.endS;
        alert = { ...alert, startS: Math.min(old.startS, alert.startS), endS };
      }
    }
    alert.isEndKnown = alert.endS <= nowS;
    this.#alerts.set(id, alert);
    this.#route(alert, nowS);
  }

  /** A kill and a new start: what is sent is known, and which alerts somebody is still to be told of. */
  restart(nowS: number): void {
    for (const group of this.#groups)
      for (const delivery of group.flush?.deliveries ?? []) this.#interrupt(group, delivery);
    const open = new Set(this.#groups.flatMap((group) => [...group.ids]));
    const kept = [...this.#alerts.values()].filter(({ id }) => open.has(id));
    this.#alerts = new Map();
    this.#groups = [];
    for (const [key, note] of this.#notes) if (note.expiresS <= nowS) this.#notes.delete(key);
    for (const alert of kept.sort((a, b) => a.startS - b.startS)) {
      const patienceS = nowS + NAIVE_RESOLVE_TIMEOUT_S;
      const isAssumed = !alert.isEndKnown && alert.endS < patienceS;
      this.#alerts.set(alert.id, { ...alert, isAssumed, endS: isAssumed ? patienceS : alert.endS });
    }
    for (const alert of this.#alerts.values()) this.#route(alert, nowS);
  }

  /** A message that was being tried: nobody knows whether it arrived. */
  #interrupt(group: Group, { state, integration, firing, deadlineS }: Delivery): void {
    const key = noteKey(group, integration);
    const sentS = deadlineS - Math.max(group.route.intervalS, 10);
    const last = this.#notes.get(key);
    const note =
      last !== undefined && last.firing.length + last.resolved.length > 0 && last.expiresS > sentS
        ? last
        : { firing: [], resolved: [], sentS, expiresS: sentS + 2 * group.route.repeatS };
    const unsure = firing.filter((id) => !note.firing.includes(id));
    if ((state === 'trying' || state === 'hanging') && unsure.length > 0)
      this.#notes.set(key, { ...note, unsure });
  }

  /** Everything that happens at a time. */
  run(nowS: number): void {
    for (let goesOn = true; goesOn; ) {
      goesOn = false;
      for (const group of [...this.#groups]) {
        if (group.flush === undefined && group.dueS <= nowS) {
          this.#flush(group, nowS);
          goesOn = true;
        }
        for (const delivery of group.flush?.deliveries ?? []) this.#try(group, delivery, nowS);
        if (group.flush?.deliveries.every(({ state }) => state === 'done' || state === 'failed')) {
          this.#settle(group);
          goesOn = true;
        }
      }
    }
  }

  #route(alert: Alert, nowS: number): void {
    for (const route of naiveRoutes(this.#routes, alert.job)) {
      const labels = route.groupBy.map((name) => `${name}=${alert[name]}`).join();
      const key = `${route.id}:${labels}`;
      let group = this.#groups.find((known) => known.key === key);
      if (group === undefined) {
        const dueS = alert.startS + route.waitS < nowS ? nowS : nowS + route.waitS;
        group = { key, route, ids: new Set(), dueS, flush: undefined };
        this.#groups.push(group);
      }
      group.ids.add(alert.id);
    }
  }

  #flush(group: Group, nowS: number): void {
    const { route } = group;
    group.dueS = nowS + route.intervalS;
    const alerts = [...group.ids].map((id) => this.#alerts.get(id)!);
    const ended = alerts.filter(({ endS }) => endS <= nowS);
    for (const alert of ended) alert.isEndKnown = true;
    const passing = isMutedAt(route, nowS)
      ? []
      : alerts.filter((alert) => !this.#isInhibited(alert, nowS) && !this.silenced.has(alert.job));
    const firing = passing.filter(({ endS }) => endS > nowS).map(({ id }) => id);
    const resolved = passing.filter(({ endS }) => endS <= nowS).map(({ id }) => id);
    const deliveries: Delivery[] = [];
    for (const integration of passing.length === 0 ? [] : this.#integrations) {
      if (integration.receiver !== route.receiver) continue;
      const note = this.#notes.get(noteKey(group, integration));
      if (!isNews(note, firing, resolved, integration.sendResolved, nowS - route.repeatS)) continue;
      const deadlineS = nowS + Math.max(route.intervalS, 10);
      deliveries.push({ integration, state: 'trying', nextS: nowS, pauseS: 1, deadlineS, firing, resolved });
    }
    group.flush = { ended, deliveries };
  }

  #try(group: Group, delivery: Delivery, nowS: number): void {
    const { integration, firing, resolved, deadlineS } = delivery;
    if (delivery.state === 'hanging' && nowS >= deadlineS) delivery.state = 'failed';
    if (delivery.state !== 'trying' || delivery.nextS > nowS) return;
    const shown = [
      ...firing.map((id) => `${id} firing`),
      ...(integration.sendResolved ? resolved : []).map((id) => `${id} resolved`),
    ];
    const answer = shown.length === 0 ? 'ok' : integration.answer(nowS);
    if (answer === 'hangs') delivery.state = 'hanging';
    else if (answer === 'refuses') delivery.state = 'failed';
    else if (answer === 'down') {
      if (nowS + delivery.pauseS >= deadlineS) delivery.state = 'failed';
      delivery.nextS = nowS + delivery.pauseS;
      delivery.pauseS *= 2;
    } else {
      delivery.state = 'done';
      const expiresS = nowS + 2 * group.route.repeatS;
      this.#notes.set(noteKey(group, integration), { firing, resolved, sentS: nowS, expiresS });
      if (shown.length > 0)
        this.messages.push(
          `${nowS}s ${integration.receiver}/${integration.index}: ${shown.sort().join(', ')}`,
        );
    }
  }

  #settle(group: Group): void {
    const { ended, deliveries } = group.flush!;
    group.flush = undefined;
    if (deliveries.some(({ state }) => state === 'failed')) return;
    for (const alert of ended) if (this.#alerts.get(alert.id) === alert) group.ids.delete(alert.id);
    if (group.ids.size === 0) this.#groups = this.#groups.filter((other) => other !== group);
  }

  /** Job `a` of a zone inhibits job `c` of the zone. */
  #isInhibited({ job, zone }: Alert, nowS: number): boolean {
    const source = this.#alerts.get(`a${zone}`);
    return job === 'c' && source !== undefined && source.endS > nowS;
  }
}

function noteKey(group: Group, { receiver, index }: NaiveIntegration): string {
  return `${group.key} ${receiver} ${index}`;
}

function isNews(
  note: Note | undefined,
  firing: readonly string[],
  resolved: readonly string[],
  sendResolved: boolean,
  repeatFromS: number,
): boolean {
  if (note === undefined) return firing.length > 0;
  if (firing.some((id) => !note.firing.includes(id))) return true;
  if (firing.length === 0) return note.firing.length > 0 || note.unsure !== undefined;
  if (sendResolved && resolved.some((id) => !note.resolved.includes(id))) return true;
  return note.sentS < repeatFromS;
}
