/** A dispatcher over a manual clock, with receivers that write down what they get. */
import { Labels } from '@binnacle/metrics/model';
import type { AlertmanagerConfig, RouteConfig } from '../../dist/config/alertmanager.js';
import type { PostedAlert } from '../../dist/notify/alert.js';
import { Dispatcher, type DispatcherOptions } from '../../dist/notify/dispatcher.js';
import type { Integration, Notification, SendResult } from '../../dist/notify/integration.js';
import {
  NotifierStateBuilder,
  type NotifierStateStore,
  type StateRecord,
} from '../../dist/notify/notifier-state.js';
import type { Muting } from '../../dist/notify/notifier-view.js';
import { ManualClock } from '../manual-clock.ts';

export const S = 1000;
export const MIN = 60 * S;
export const FOREVER = 10_000 * MIN;

/** The memory of a notifier in a variable. */
export class MemoryState implements NotifierStateStore {
  records: StateRecord[] = [];
  /** How many records make it overgrown. */
  readonly recordsMax: number;

  constructor(recordsMax = Number.POSITIVE_INFINITY) {
    this.recordsMax = recordsMax;
  }

  get isOvergrown(): boolean {
    return this.records.length > this.recordsMax;
  }

  async load() {
    const builder = new NotifierStateBuilder();
    for (const record of this.records) builder.add(record);
    return builder.state();
  }

  async append(records: readonly StateRecord[]): Promise<void> {
    this.records.push(...records);
  }

  async replace(records: readonly StateRecord[]): Promise<void> {
    this.records = [...records];
  }

  async close(): Promise<void> {}

  /** What the next process finds. */
  copy(): MemoryState {
    const copy = new MemoryState(this.recordsMax);
    copy.records = [...this.records];
    return copy;
  }
}

/** What a fake integration answers: `ok`, a failure that can be tried again, one that cannot, or nothing ever. */
export type Answer = 'ok' | 'down' | 'refuses' | 'hangs';

export interface ReceiverSetup {
  readonly name: string;
  readonly kind?: string;
  readonly index?: number;
  readonly sendResolved?: boolean;
  readonly answer?: (timeMs: number, notification: Notification) => Answer;
}

export interface Setup {
  readonly clock: ManualClock;
  readonly dispatcher: Dispatcher;
  /** What arrived, as `30s team firing: web(firing) db(resolved)`. */
  readonly messages: string[];
  readonly notifications: Notification[];
  readonly problems: string[];
  readonly state: MemoryState;
}

export interface Options {
  readonly route?: Partial<RouteConfig>;
  readonly receivers?: readonly ReceiverSetup[];
  readonly matchRoutes?: (root: RouteConfig, labels: Labels) => readonly RouteConfig[];
  readonly muting?: Partial<Muting>;
  readonly mutedBy?: DispatcherOptions['mutedBy'];
  readonly onAlerts?: (alerts: readonly PostedAlert[]) => void;
  readonly state?: NotifierStateStore;
  readonly startMs?: number;
  readonly clock?: ManualClock;
}

export function route(given: Partial<RouteConfig> = {}): RouteConfig {
  return {
    key: '{}',
    id: '{}',
    matchers: [],
    continue: false,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
    receiver: 'team',
    groupBy: ['alertname'],
    groupWaitMs: 30 * S,
    groupIntervalMs: 5 * MIN,
    repeatIntervalMs: 60 * MIN,
    ...given,
  };
}

export function config(root: RouteConfig, receivers: readonly string[]): AlertmanagerConfig {
  return {
    resolveTimeoutMs: 5 * MIN,
    route: root,
    receivers: receivers.map((name) => ({ name, webhookConfigs: [] })),
    inhibitRules: [],
    timeIntervals: [],
    templateFiles: [],
    shownText: '',
  };
}

export async function open(options: Options = {}): Promise<Setup> {
  const clock = options.clock ?? new ManualClock(options.startMs ?? 0);
  const messages: string[] = [];
  const notifications: Notification[] = [];
  const problems: string[] = [];
  const state = options.state ?? new MemoryState();
  const root = route(options.route);
  const receivers = options.receivers ?? [{ name: 'team' }];
  const integrationOf = (setup: ReceiverSetup): Integration => ({
    receiver: setup.name,
    kind: setup.kind ?? 'webhook',
    index: setup.index ?? 0,
    sendResolved: setup.sendResolved ?? true,
    async send(notification): Promise<SendResult> {
      const answer = setup.answer?.(clock.now(), notification) ?? 'ok';
      if (answer === 'hangs') return new Promise<SendResult>(() => {});
      if (answer === 'down') return { ok: false, retry: true, reason: 'the receiver answered 503' };
      if (answer === 'refuses') return { ok: false, retry: false, reason: 'the receiver answered 400' };
      notifications.push(notification);
      const alerts = notification.alerts.map((alert) => `${alert.labels.get('job')}(${alert.status})`);
      const status = notification.alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved';
      const where = setup.index === undefined ? setup.name : `${setup.name}/${setup.index}`;
      messages.push(`${clock.now() / S}s ${where} ${status}: ${alerts.join(' ')}`);
      return { ok: true };
    },
  });
  const matchRoutes = options.matchRoutes;
  const dispatcher = await Dispatcher.open({
    config: config(root, [...new Set(receivers.map(({ name }) => name))]),
    matchRoutes: (labels) => matchRoutes?.(root, labels) ?? [root],
    mutedBy: options.mutedBy ?? (() => []),
    muting: { silencedBy: () => [], inhibitedBy: () => [], ...options.muting },
    integrations: (name) => receivers.filter((receiver) => receiver.name === name).map(integrationOf),
    externalUrl: 'http://localhost:9700',
    clock,
    state,
    onProblem: (message) => problems.push(message),
    ...(options.onAlerts === undefined ? {} : { onAlerts: options.onAlerts }),
  });
  return { clock, dispatcher, messages, notifications, problems, state: state as MemoryState };
}

export function alert(job: string, startsAtMs: number, endsAtMs = FOREVER, alertname = 'Down'): PostedAlert {
  return { labels: Labels.of({ alertname, job }), annotations: {}, startsAtMs, endsAtMs, generatorUrl: '' };
}
