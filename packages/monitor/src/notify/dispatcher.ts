/**
 * Carries alerts to receivers: wakes when a group is due, asks the log whether there is news, sends it, tries
 * again while that can help, and remembers what was sent.
 *
 * Every webhook of every group is on its own: one that does not answer keeps no other waiting. A message is tried
 * again with growing pauses until the group's interval is over; then it counts as failed, and since the log does
 * not have it, the group's next flush starts again.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import type { AlertmanagerConfig } from '../config/alertmanager.ts';
import type { WebhookConfig } from '../config/receivers.ts';
import type { PostedAlert } from './alert.ts';
import { AlertGroups, type GroupFlush } from './alert-groups.ts';
import type { SendResult } from './integration.ts';
import { NotificationLog } from './notification-log.ts';
import type { NotifierStateStore } from './notifier-state.ts';
import { type Fetch, postWebhook, webhookPayload } from './webhook.ts';

/** The pause before the second attempt; it doubles from there. */
export const RETRY_FIRST_MS = 1000;
/** The longest pause between attempts. */
export const RETRY_LONGEST_MS = 60_000;
/** How long a message is tried at least, however short the group's interval is. */
export const DELIVERY_LEAST_MS = 10_000;

/** Options of {@link Dispatcher}. */
export interface DispatcherOptions {
  readonly config: AlertmanagerConfig;
  /** Where users reach the monitor. */
  readonly externalUrl: string;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly state: NotifierStateStore;
  /** Told in words, once each, of what an operator should know. Holds no secrets. */
  readonly onProblem: (message: string) => void;
}

/** How one receiver's webhook fared. */
export interface IntegrationStatus {
  readonly receiver: string;
  /** Its place among the receiver's webhooks. */
  readonly index: number;
  /** Messages that arrived. */
  readonly sent: number;
  /** Messages that were given up. */
  readonly failed: number;
  /** Attempts that did not succeed. */
  readonly failedAttempts: number;
  /** Why the last attempt failed; empty when it did not. */
  readonly lastError: string;
}

interface Integration {
  readonly receiver: string;
  readonly index: number;
  readonly webhook: WebhookConfig;
  sent: number;
  failed: number;
  failedAttempts: number;
  lastError: string;
}

/** The notifier. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #groups: AlertGroups;
  readonly #log: NotificationLog;
  readonly #integrations: readonly Integration[];
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #cancelTimer: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();

  private constructor(options: DispatcherOptions, log: NotificationLog) {
    const { route, receivers } = options.config;
    this.#options = options;
    this.#log = log;
    this.#groups = new AlertGroups(route);
    const hooks = receivers.find((receiver) => receiver.name === route.receiver)?.webhookConfigs ?? [];
    this.#integrations = hooks.map((webhook, index) => ({
      receiver: route.receiver,
      index,
      webhook,
      sent: 0,
      failed: 0,
      failedAttempts: 0,
      lastError: '',
    }));
  }

  /** Starts with what the last run remembered. */
  static async open(options: DispatcherOptions): Promise<Dispatcher> {
    const state = await options.state.load().catch((error: unknown) => {
      options.onProblem(`what was notified before could not be read: ${String(error)}`);
      return undefined;
    });
    const dispatcher = new Dispatcher(options, new NotificationLog(state?.notifications));
    if (state !== undefined) {
      // Who posted what was firing was down as well: it gets the time to post again before that counts as over.
      const patience = options.clock.now() + options.config.resolveTimeoutMs;
      const alerts = state.alerts.map((alert) =>
        alert.endsAtMs > state.savedAtMs ? { ...alert, endsAtMs: Math.max(alert.endsAtMs, patience) } : alert,
      );
      dispatcher.#groups.restore(alerts, options.clock.now());
    }
    dispatcher.#schedule();
    return dispatcher;
  }

  /** Takes alerts, new ones and news of known ones. */
  post(alerts: readonly PostedAlert[]): void {
    const dropped = this.#groups.dropped;
    this.#groups.add(alerts, this.#options.clock.now());
    if (dropped === 0 && this.#groups.dropped > 0)
      this.#options.onProblem('there are too many alerts: further ones are dropped');
    this.#schedule();
  }

  /** How each webhook of the route's receiver fared. */
  status(): IntegrationStatus[] {
    return this.#integrations.map(({ webhook: _, ...status }) => ({ ...status }));
  }

  /** Stops sending, waits for what is under way to end, and remembers. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelTimer?.();
    await Promise.all(this.#running);
    await this.#save();
  }

  #schedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const due = this.#groups.nextDueMs();
    if (due === undefined || this.#stop.signal.aborted) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(due - clock.now(), () => this.#flush());
  }

  #flush(): void {
    for (const flush of this.#groups.flush(this.#options.clock.now())) {
      const run = this.#deliverGroup(flush).finally(() => {
        this.#running.delete(run);
        this.#schedule();
      });
      this.#running.add(run);
    }
    this.#schedule();
  }

  async #deliverGroup(flush: GroupFlush): Promise<void> {
    const results = await Promise.all(
      this.#integrations.map((integration) => this.#deliver(integration, flush)),
    );
    this.#groups.settle(
      flush,
      results.every((result) => result !== 'failed'),
    );
    if (results.includes('sent')) await this.#save();
  }

  async #deliver(integration: Integration, flush: GroupFlush): Promise<'sent' | 'failed' | 'no news'> {
    const { clock, config, externalUrl } = this.#options;
    const { receiver, index, webhook } = integration;
    const key = `${flush.groupKey}:${receiver}/webhook/${index}`;
    const { repeatIntervalMs } = config.route;
    const { sendResolved, maxAlerts } = webhook;
    if (!this.#log.isNews(key, flush.alerts, { sendResolved, repeatIntervalMs }, clock.now()))
      return 'no news';
    const alerts = sendResolved ? flush.alerts : flush.alerts.filter((alert) => alert.status === 'firing');
    if (alerts.length > 0) {
      const { groupKey, groupLabels } = flush;
      const body = webhookPayload({ receiver, groupKey, groupLabels, alerts, externalUrl }, maxAlerts);
      if (!(await this.#sendUntilDelivered(integration, body))) return 'failed';
    }
    this.#log.record(key, flush.alerts, clock.now());
    return 'sent';
  }

  async #sendUntilDelivered(integration: Integration, body: string): Promise<boolean> {
    const { clock, config } = this.#options;
    const deadline = clock.now() + Math.max(config.route.groupIntervalMs, DELIVERY_LEAST_MS);
    let pauseMs = RETRY_FIRST_MS;
    for (;;) {
      const result = await this.#sendOnce(integration, body, deadline - clock.now());
      if (result.ok) {
        integration.sent++;
        integration.lastError = '';
        return true;
      }
      integration.failedAttempts++;
      const isNew = integration.lastError !== result.reason;
      integration.lastError = result.reason;
      if (isNew) this.#options.onProblem(`${nameOf(integration)}: ${result.reason}`);
      if (!result.retry || clock.now() + pauseMs >= deadline || this.#stop.signal.aborted) {
        integration.failed++;
        return false;
      }
      await this.#pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, RETRY_LONGEST_MS);
    }
  }

  async #sendOnce(integration: Integration, body: string, leftMs: number): Promise<SendResult> {
    const { webhook } = integration;
    try {
      const url = webhook.url ?? (await readFile(webhook.urlFile ?? '', 'utf8')).trim();
      const timeoutMs = webhook.timeoutMs > 0 ? Math.min(webhook.timeoutMs, leftMs) : leftMs;
      return await postWebhook(this.#options.fetch, url, body, { timeoutMs, signal: this.#stop.signal });
    } catch (error) {
      if (this.#stop.signal.aborted) return { ok: false, retry: false, reason: 'the monitor is stopping' };
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      return { ok: false, retry: true, reason: `the file of the URL cannot be read: ${code}` };
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stop;
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  /** One write at a time, each with the newest state. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const { clock, config, state, onProblem } = this.#options;
      this.#log.forgetBefore(clock.now() - 2 * config.route.repeatIntervalMs);
      try {
        const savedAtMs = clock.now();
        await state.save({ savedAtMs, notifications: this.#log.entries(), alerts: this.#groups.alerts() });
      } catch (error) {
        onProblem(`what was notified could not be stored: ${String(error)}`);
      }
    });
    return this.#saving;
  }
}

function nameOf(integration: Integration): string {
  return `receiver ${JSON.stringify(integration.receiver)}, webhook ${integration.index + 1}`;
}
