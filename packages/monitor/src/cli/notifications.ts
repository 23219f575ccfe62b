/**
 * Notifications as `binnacle up` runs them: alerts of the rules go to receivers as `alertmanager.yml` says, and on to
 * Alertmanagers as `prometheus.yml` says; silences hold them back.
 *
 *     RuleManager ──▶ Dispatcher ──▶ receivers          Silences ◀── people, amtool
 *           └───────▶ AlertmanagerForwarder ──▶ Alertmanagers
 *
 * Everything is read and checked by {@link loadNotifications} before anything starts, or is changed.
 */
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import type { AlertmanagerConfig } from '../config/alertmanager.ts';
import { loadAlertmanagerConfig } from '../config/alertmanager-file.ts';
import { explainProblem } from '../config/config-error.ts';
import type { PrometheusConfig } from '../config/prometheus.ts';
import { createHttpClient } from '../http-client.ts';
import type { PostedAlert } from '../notify/alert.ts';
import { AlertmanagerForwarder, type ForwarderStatus } from '../notify/alertmanager-forwarder.ts';
import { Dispatcher, type NotifierStatus } from '../notify/dispatcher.ts';
import { Inhibitor } from '../notify/inhibition.ts';
import type { Integration } from '../notify/integration.ts';
import { NotifierJournal } from '../notify/notifier-journal.ts';
import type { NotifierView } from '../notify/notifier-view.ts';
import type { ReceiverContext } from '../notify/receivers/attempt.ts';
import { createIntegrations } from '../notify/receivers/integrations.ts';
import { ReloadableNotifier } from '../notify/reloadable-notifier.ts';
import { matchRoutes } from '../notify/routing.ts';
import { silenceFile } from '../notify/silence-file.ts';
import { Silences } from '../notify/silences.ts';
import { mutedBy } from '../notify/time-intervals.ts';
import { processSecrets } from '../secret.ts';
import { type HeartbeatOptions, withHeartbeat } from './heartbeat.ts';
import { loadReceiverContext } from './receiver-context.ts';
import { templateProblems } from './template-files.ts';

/** Where alerts go, read and checked. */
export interface LoadedNotifications {
  /** To receivers, by the monitor itself. */
  readonly receivers: { readonly config: AlertmanagerConfig; readonly context: ReceiverContext } | undefined;
  /** To Alertmanagers. */
  readonly alerting: PrometheusConfig['alerting'];
}

/**
 * Reads where alerts go.
 * @param alertsPath of an `alertmanager.yml`; undefined for nowhere
 * @param onProblem told of templates of receivers that are not valid
 * @throws ConfigError
 */
export async function loadNotifications(
  alertsPath: string | undefined,
  alerting: PrometheusConfig['alerting'],
  heartbeat: HeartbeatOptions | undefined,
  onProblem: (message: string) => void,
): Promise<LoadedNotifications> {
  const written = alertsPath === undefined ? undefined : await loadAlertmanagerConfig(alertsPath);
  const config = heartbeat === undefined ? written : withHeartbeat(written, heartbeat);
  if (config === undefined) return { receivers: undefined, alerting };
  const context = await loadReceiverContext(config, systemClock);
  // As in Alertmanager, the rest goes on: a field that fails spoils the messages of one receiver.
  for (const problem of templateProblems(context.templates, written?.templatedTexts ?? []))
    onProblem(explainProblem(problem));
  return { receivers: { config, context }, alerting };
}

/** Options of {@link Notifications}. */
export interface NotificationsOptions {
  readonly loaded: LoadedNotifications;
  readonly dataDir: string;
  readonly clock: Clock;
  /** Told in words of what an operator should know. */
  readonly onProblem: (message: string) => void;
}

/** Notifications at work. */
export class Notifications {
  readonly silences: Silences;
  readonly #options: NotificationsOptions;
  #parts: Parts;
  #notifier: ReloadableNotifier | undefined;
  #externalUrl = '';

  private constructor(options: NotificationsOptions, silences: Silences) {
    this.#options = options;
    this.silences = silences;
    this.#parts = makeParts(options.loaded, options);
  }

  /** Opens the silences. Nothing is sent before {@link start}. */
  static async open(options: NotificationsOptions): Promise<Notifications> {
    const { clock, dataDir, onProblem } = options;
    const store = silenceFile(join(dataDir, 'silences'));
    return new Notifications(options, await Silences.open({ clock, store, onProblem }));
  }

  /** Goes on where the last run stopped. */
  async start(externalUrl: string): Promise<void> {
    this.#externalUrl = externalUrl;
    const { receivers } = this.#parts;
    if (receivers !== undefined) this.#notifier = new ReloadableNotifier(await this.#openNotifier(receivers));
  }

  /**
   * Makes what another configuration needs, and changes nothing yet.
   * @returns changes to it, once: resolves when the messages of the old one have ended and the new one runs
   * @throws AlertmanagerAddressError
   */
  prepare(loaded: LoadedNotifications): () => Promise<void> {
    const next = makeParts(loaded, this.#options);
    return async () => {
      const { forwarder } = this.#parts;
      this.#parts = next;
      await Promise.all([forwarder?.stop(), this.#changeReceivers(next.receivers)]);
    };
  }

  /** Takes alerts of the rules. */
  post(alerts: readonly PostedAlert[]): void {
    this.#notifier?.post(alerts);
    this.#parts.forwarder?.post(alerts);
  }

  /** The notifier; undefined before the start, and where alerts go to no receiver. */
  get view(): NotifierView | undefined {
    return this.#notifier;
  }

  get notifierStatus(): NotifierStatus | undefined {
    return this.#notifier?.status();
  }

  get forwarderStatus(): readonly ForwarderStatus[] {
    return this.#parts.forwarder?.status() ?? [];
  }

  /** Lets messages under way end, and remembers. */
  async stop(): Promise<void> {
    await Promise.all([this.#notifier?.stop(), this.#parts.forwarder?.stop()]);
    await this.silences.close();
  }

  async #changeReceivers(receivers: Receivers | undefined): Promise<void> {
    if (receivers === undefined) {
      const before = this.#notifier;
      this.#notifier = undefined;
      await before?.stop();
    } else if (this.#notifier === undefined) {
      this.#notifier = new ReloadableNotifier(await this.#openNotifier(receivers));
    } else await this.#notifier.exchange(() => this.#openNotifier(receivers));
  }

  #openNotifier({ config, integrations }: Receivers): Promise<Dispatcher> {
    const { dataDir, clock, onProblem } = this.#options;
    const inhibitor = new Inhibitor(config.inhibitRules);
    return Dispatcher.open({
      config,
      matchRoutes: (labels) => matchRoutes(config.route, labels),
      mutedBy: (route, timeMs) => mutedBy(route, config.timeIntervals, timeMs),
      muting: {
        silencedBy: (labels, nowMs) => this.silences.silencedBy(labels, nowMs),
        inhibitedBy: (labels, nowMs) => inhibitor.inhibitedBy(labels, nowMs),
      },
      onAlerts: (posted) => inhibitor.take(posted, clock.now()),
      integrations: (name) => integrations.get(name) ?? [],
      externalUrl: this.#externalUrl,
      clock,
      state: new NotifierJournal({
        path: join(dataDir, 'notifier.log'),
        version1Path: join(dataDir, 'notifier.json'),
        clock,
        onProblem,
      }),
      onProblem,
    });
  }
}

/** What one configuration needs, made and not yet at work. */
interface Parts {
  readonly receivers: Receivers | undefined;
  readonly forwarder: AlertmanagerForwarder | undefined;
}

interface Receivers {
  readonly config: AlertmanagerConfig;
  /** By the receiver's name. */
  readonly integrations: ReadonlyMap<string, readonly Integration[]>;
}

/** @throws AlertmanagerAddressError */
function makeParts(
  { receivers, alerting }: LoadedNotifications,
  { clock, onProblem }: Pick<NotificationsOptions, 'clock' | 'onProblem'>,
): Parts {
  const forwards = alerting !== undefined && alerting.alertmanagers.length > 0;
  return {
    receivers: receivers && {
      config: receivers.config,
      integrations: new Map(
        receivers.config.receivers.map((receiver) => [
          receiver.name,
          createIntegrations(receiver, receivers.context),
        ]),
      ),
    },
    forwarder: forwards
      ? new AlertmanagerForwarder({
          config: alerting,
          clock,
          secrets: processSecrets,
          createClient: createHttpClient,
          onProblem,
        })
      : undefined,
  };
}
