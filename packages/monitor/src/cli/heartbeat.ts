/**
 * The heartbeat: a message to an outside address at every interval, for as long as everything works. Whoever waits
 * there raises the alarm when it stays away.
 *
 * It is an alert like any other: a rule that always fires (`rules/watchdog.ts`), evaluated by the engine, taken by the
 * notifier, routed to a receiver of its own. So it does not only say that a process runs, but that rules are evaluated
 * and messages go out.
 */
import { alertMatcher, formatMatchers } from '../alert-matcher.ts';
import type { AlertmanagerConfig, RouteConfig } from '../config/alertmanager.ts';
import type { ReceiverConfig } from '../config/receivers.ts';
import { DEFAULT_HTTP_SETTINGS } from '../http-settings.ts';
import type { RuleFile } from '../rules/rule-file.ts';
import { WATCHDOG_ALERT, watchdogGroup } from '../rules/watchdog.ts';
import type { Secret } from '../secret.ts';

/** Where the heartbeat goes. */
export interface HeartbeatOptions {
  /** The address: whoever knows it can send heartbeats in our place. */
  readonly url: Secret;
  readonly intervalMs: number;
}

/** The longest that one message may take. */
const HEARTBEAT_TIMEOUT_MS = 10_000;
const RECEIVER = 'binnacle heartbeat';
const LABEL = 'heartbeat';
const LABEL_VALUE = 'binnacle';
/** In place of the name of a file, which nobody wrote. */
const FILE = 'binnacle heartbeat';

/** The rule that always fires, as a file of rules. */
export function heartbeatRules({ intervalMs }: HeartbeatOptions): RuleFile {
  const group = watchdogGroup({ group: 'heartbeat', intervalMs, labels: { [LABEL]: LABEL_VALUE } });
  return { path: FILE, groups: [group], warnings: [] };
}

/** The configuration with a route and a receiver for the heartbeat; without one, only the heartbeat is sent. */
export function withHeartbeat(
  config: AlertmanagerConfig | undefined,
  { url, intervalMs }: HeartbeatOptions,
): AlertmanagerConfig {
  const matchers = [alertMatcher('alertname', '=', WATCHDOG_ALERT), alertMatcher(LABEL, '=', LABEL_VALUE)];
  const receiver: ReceiverConfig = {
    name: RECEIVER,
    webhookConfigs: [
      {
        url,
        sendResolved: false,
        maxAlerts: 0,
        timeoutMs: HEARTBEAT_TIMEOUT_MS,
        http: DEFAULT_HTTP_SETTINGS,
      },
    ],
  };
  const key = `{}/${formatMatchers(matchers)}`;
  const route: RouteConfig = {
    key,
    id: `${key}/heartbeat`,
    receiver: RECEIVER,
    matchers,
    continue: false,
    groupBy: [],
    groupWaitMs: 0,
    groupIntervalMs: intervalMs,
    // Half of the interval at which it is looked at, so that no look comes a moment too early.
    repeatIntervalMs: intervalMs / 2,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
  };
  const base = config ?? nowhere();
  return {
    ...base,
    route: { ...base.route, routes: [route, ...base.route.routes] },
    receivers: [...base.receivers, receiver],
  };
}

/** A configuration that sends nothing. */
function nowhere(): AlertmanagerConfig {
  const name = 'nowhere';
  return {
    resolveTimeoutMs: 5 * 60_000,
    route: {
      key: '{}',
      id: '{}',
      receiver: name,
      matchers: [],
      continue: false,
      groupBy: [],
      groupWaitMs: 30_000,
      groupIntervalMs: 5 * 60_000,
      repeatIntervalMs: 4 * 60 * 60_000,
      muteTimeIntervals: [],
      activeTimeIntervals: [],
      routes: [],
    },
    receivers: [{ name, webhookConfigs: [] }],
    inhibitRules: [],
    timeIntervals: [],
    templateFiles: [],
    shownText: '',
  };
}
