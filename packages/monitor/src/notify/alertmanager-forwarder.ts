/**
 * Sends alerts on to real Alertmanagers, as Prometheus does: `POST /api/v2/alerts`, at most 256 alerts at a time.
 *
 * Every Alertmanager has a queue and a sender of its own, so that one that is slow or gone holds up no other. A
 * batch that fails is not sent again: alerts that still fire, and for a quarter of an hour those that ended, are
 * posted again soon by the rules. Where a queue is full, the oldest alerts make room.
 */
import { Labels } from '@binnacle/metrics/model';
import type { Clock } from '../clock.ts';
import type { AlertingConfig, AlertmanagerSetConfig } from '../config/alerting.ts';
import type { HttpClientContext } from '../http-client.ts';
import type { HttpSend } from '../http-exchange.ts';
import type { HttpSettings } from '../http-settings.ts';
import { type RelabelRule, relabel } from '../relabel.ts';
import { SecretScope, type SecretSources } from '../secret.ts';
import type { PostedAlert } from './alert.ts';

/** How many alerts wait for one Alertmanager; Prometheus's default. */
export const FORWARD_QUEUE_MAX = 10_000;
/** How many alerts one request holds. */
export const FORWARD_BATCH_MAX = 256;

/** What the forwarder needs. */
export interface AlertmanagerForwarderOptions {
  readonly config: AlertingConfig;
  readonly clock: Clock;
  readonly secrets: SecretSources;
  /** Makes a client with its settings; `createHttpClient` but for tests. */
  readonly createClient: (settings: HttpSettings, context: HttpClientContext) => HttpSend;
  /** Told in words, once per kind of failure, of what an operator should know. Holds no secrets. */
  readonly onProblem: (message: string) => void;
}

/** What relabelling made of an address is none. */
export class AlertmanagerAddressError extends Error {
  override readonly name = 'AlertmanagerAddressError';
  readonly code = 'alertmanager_address';
}

/** How one Alertmanager fares; counts are of alerts. */
export interface ForwarderStatus {
  /** The address that alerts are posted to. */
  readonly url: string;
  /** Handed over or tried to. */
  readonly sent: number;
  /** In requests that failed. */
  readonly errors: number;
  /** Given up: in requests that failed, or for want of room. */
  readonly dropped: number;
  readonly queued: number;
  readonly requests: number;
  /** The time that all requests took together. */
  readonly requestSeconds: number;
  /** Why the last request failed; empty when it did not. */
  readonly lastError: string;
}

/** Carries alerts to the Alertmanagers of a configuration. */
export class AlertmanagerForwarder {
  readonly #options: AlertmanagerForwarderOptions;
  readonly #senders: readonly AlertmanagerSender[];
  readonly #stop = new AbortController();

  /** @throws AlertmanagerAddressError */
  constructor(options: AlertmanagerForwarderOptions) {
    this.#options = options;
    const seen = new Set<string>();
    this.#senders = options.config.alertmanagers.flatMap((set) => {
      const client = options.createClient(set.http, options);
      return alertmanagerUrls(set).flatMap((url) => {
        if (seen.has(url)) return [];
        seen.add(url);
        return [new AlertmanagerSender(url, set, client, options)];
      });
    });
  }

  /** Queues alerts for every Alertmanager. */
  post(alerts: readonly PostedAlert[]): void {
    if (this.#stop.signal.aborted) return;
    const relabelled = relabelAlerts(alerts, this.#options.config.alertRelabelRules);
    if (relabelled.length > 0) for (const sender of this.#senders) sender.post(relabelled);
  }

  /** How each Alertmanager fares. */
  status(): ForwarderStatus[] {
    return this.#senders.map((sender) => sender.status());
  }

  /** Sends what is queued, gives up on an Alertmanager that fails at that, and ends. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#senders.map((sender) => sender.drain()));
  }
}

/** The queue of one Alertmanager, and what empties it. */
class AlertmanagerSender {
  readonly #url: string;
  readonly #set: AlertmanagerSetConfig;
  readonly #client: HttpSend;
  readonly #options: AlertmanagerForwarderOptions;
  #queue: PostedAlert[] = [];
  #running: Promise<void> | undefined;
  #draining = false;
  #sent = 0;
  #errors = 0;
  #dropped = 0;
  #requests = 0;
  #requestSeconds = 0;
  #lastError = '';

  constructor(
    url: string,
    set: AlertmanagerSetConfig,
    client: HttpSend,
    options: AlertmanagerForwarderOptions,
  ) {
    this.#url = url;
    this.#set = set;
    this.#client = client;
    this.#options = options;
  }

  post(alerts: readonly PostedAlert[]): void {
    this.#queue = this.#queue.concat(relabelAlerts(alerts, this.#set.alertRelabelRules));
    const excess = this.#queue.length - FORWARD_QUEUE_MAX;
    if (excess > 0) {
      this.#queue = this.#queue.slice(excess);
      if (this.#dropped === 0)
        this.#options.onProblem(
          `Alertmanager ${this.#shownUrl()}: too many alerts wait; the oldest are dropped`,
        );
      this.#dropped += excess;
    }
    this.#wake();
  }

  #wake(): void {
    if (this.#running !== undefined || this.#queue.length === 0) return;
    this.#running = this.#empty().finally(() => {
      this.#running = undefined;
      // Something may have come after the last look.
      this.#wake();
    });
  }

  async drain(): Promise<void> {
    this.#draining = true;
    while (this.#running !== undefined) await this.#running;
  }

  status(): ForwarderStatus {
    return {
      url: this.#shownUrl(),
      sent: this.#sent,
      errors: this.#errors,
      dropped: this.#dropped,
      queued: this.#queue.length,
      requests: this.#requests,
      requestSeconds: this.#requestSeconds,
      lastError: this.#lastError,
    };
  }

  async #empty(): Promise<void> {
    // What is posted in one go is sent together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, FORWARD_BATCH_MAX);
      this.#queue = this.#queue.slice(FORWARD_BATCH_MAX);
      const startMs = this.#options.clock.now();
      const failure = await this.#send(batch);
      this.#requests++;
      this.#requestSeconds += (this.#options.clock.now() - startMs) / 1000;
      this.#sent += batch.length;
      if (failure !== '' && failure !== this.#lastError)
        this.#options.onProblem(`Alertmanager ${this.#shownUrl()}: ${failure}`);
      this.#lastError = failure;
      if (failure === '') continue;
      this.#errors += batch.length;
      this.#dropped += batch.length;
      if (!this.#draining) continue;
      this.#dropped += this.#queue.length;
      this.#queue = [];
    }
  }

  /** Empty when the batch arrived, else why not. */
  async #send(batch: readonly PostedAlert[]): Promise<string> {
    const { clock, secrets } = this.#options;
    const { timeoutMs } = this.#set;
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => timeout.abort());
    try {
      const answer = await this.#client({
        method: 'POST',
        url: this.#url,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(batch.map(postableAlert)),
        signal: timeout.signal,
        scope: new SecretScope(secrets),
      });
      return answer.status >= 200 && answer.status < 300 ? '' : `it answered ${answer.status}`;
    } catch (error) {
      if (timeout.signal.aborted) return `no answer within ${timeoutMs} ms`;
      // Clients throw errors without secrets.
      return `it cannot be reached: ${error instanceof Error ? error.message : 'unknown error'}`;
    } finally {
      cancel();
    }
  }

  #shownUrl(): string {
    const url = new URL(this.#url);
    url.username = '';
    url.password = '';
    return url.href;
  }
}

/**
 * The addresses of a set, without those that relabelling drops, each once.
 * @throws AlertmanagerAddressError
 */
export function alertmanagerUrls(set: AlertmanagerSetConfig): string[] {
  const urls = new Set<string>();
  for (const { targets, labels } of set.staticConfigs) {
    for (const target of targets) {
      const found = relabel(
        Labels.of({
          __scheme__: set.scheme,
          __alerts_path__: joinedPath(set.pathPrefix, '/api/v2/alerts'),
          ...labels,
          __address__: target,
        }),
        set.relabelRules,
      );
      if (found === undefined) continue;
      const address = found.get('__address__');
      const text = `${found.get('__scheme__')}://${address}${found.get('__alerts_path__')}`;
      if (address.includes('/') || !URL.canParse(text) || !/^https?:/.test(text))
        throw new AlertmanagerAddressError(
          `alerting: ${JSON.stringify(address)} is not the host:port of an Alertmanager`,
        );
      urls.add(new URL(text).href);
    }
  }
  return [...urls];
}

/** Paths joined with one slash between them, and none at the end. */
function joinedPath(...parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}

function relabelAlerts(
  alerts: readonly PostedAlert[],
  rules: readonly RelabelRule[],
): readonly PostedAlert[] {
  if (rules.length === 0) return alerts;
  return alerts.flatMap((alert) => {
    const labels = relabel(alert.labels, rules);
    return labels === undefined ? [] : [{ ...alert, labels }];
  });
}

/** An alert as Alertmanager's API takes it. */
export function postableAlert(alert: PostedAlert): object {
  return {
    labels: alert.labels.toObject(),
    annotations: alert.annotations,
    startsAt: new Date(alert.startsAtMs).toISOString(),
    endsAt: new Date(alert.endsAtMs).toISOString(),
    ...(alert.generatorUrl !== '' && { generatorURL: alert.generatorUrl }),
  };
}
