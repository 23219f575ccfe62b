/**
 * `binnacle notify test RECEIVER`: sends a sample alert by everything that carries messages to a receiver, and says
 * what the other side answered. Each is tried once; secrets are never shown.
 */
import { Labels } from '@binnacle/metrics/model';
import { type Clock, systemClock } from '../clock.ts';
import { loadAlertmanagerConfig } from '../config/alertmanager-file.ts';
import { fingerprintOf, type NotifiedAlert } from '../notify/alert.ts';
import type { Integration, Notification } from '../notify/integration.ts';
import { createIntegrations } from '../notify/receivers/integrations.ts';
import { loadReceiverContext } from './receiver-context.ts';

/** How long one attempt may take. */
export const NOTIFY_TEST_MS_MAX = 30_000;

/** What `binnacle notify test` was asked for. */
export interface NotifyTestOptions {
  /** The path of `alertmanager.yml`. */
  readonly alertsPath: string;
  readonly receiver: string;
  /** Labels of the sample alert, beside or instead of its own. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the end of the alert is sent too. */
  readonly resolved: boolean;
  readonly externalUrl: string;
}

/** There is no such receiver; the message names those that there are. */
export class UnknownReceiverError extends Error {
  override readonly name = 'UnknownReceiverError';
  readonly code = 'unknown_receiver';
}

const SAMPLE_LABELS = { alertname: 'BinnacleTest', severity: 'info', instance: 'binnacle' };

/**
 * Sends the sample.
 * @param say told one line per attempt
 * @returns whether everything arrived
 * @throws ConfigError; UnknownReceiverError
 */
export async function notifyTest(
  options: NotifyTestOptions,
  say: (line: string) => void,
  clock: Clock = systemClock,
): Promise<boolean> {
  const config = await loadAlertmanagerConfig(options.alertsPath);
  const { receivers } = config;
  const receiver = receivers.find(({ name }) => name === options.receiver);
  if (receiver === undefined) {
    const names = receivers.map(({ name }) => name).join(', ') || 'none';
    throw new UnknownReceiverError(
      `${options.alertsPath} has no receiver ${JSON.stringify(options.receiver)}; there are: ${names}`,
    );
  }
  const integrations = createIntegrations(receiver, await loadReceiverContext(config, clock));
  if (integrations.length === 0) say(`${receiver.name} goes nowhere: it has no way to send anything`);
  let allArrived = true;
  for (const status of options.resolved ? (['firing', 'resolved'] as const) : (['firing'] as const)) {
    const notification = sampleNotification(options, status, clock.now());
    for (const integration of integrations) {
      const { line, arrived } = await sendOnce(integration, notification, status, clock);
      say(line);
      allArrived &&= arrived;
    }
  }
  return allArrived;
}

async function sendOnce(
  integration: Integration,
  notification: Notification,
  status: 'firing' | 'resolved',
  clock: Clock,
): Promise<{ readonly line: string; readonly arrived: boolean }> {
  const name = `${integration.kind} ${integration.index + 1}, ${status}`;
  if (status === 'resolved' && !integration.sendResolved)
    return { line: `${name}: not sent (send_resolved is false)`, arrived: true };
  const timeout = new AbortController();
  const cancel = clock.after(NOTIFY_TEST_MS_MAX, () => timeout.abort(new Error('timeout')));
  try {
    const result = await integration.send(notification, timeout.signal);
    if (result.ok)
      return { line: `${name}: sent${result.answer ? `; answer: ${result.answer}` : ''}`, arrived: true };
    const again = result.retry ? 'would be tried again' : 'would not be tried again';
    return { line: `${name}: failed: ${result.reason} (${again})`, arrived: false };
  } catch {
    return { line: `${name}: failed: no answer within ${NOTIFY_TEST_MS_MAX / 1000} s`, arrived: false };
  } finally {
    cancel();
  }
}

/** A message about one alert, as the dispatcher would make it. */
export function sampleNotification(
  options: Pick<NotifyTestOptions, 'receiver' | 'labels' | 'externalUrl'>,
  status: 'firing' | 'resolved',
  nowMs: number,
): Notification {
  const labels = Labels.of({ ...SAMPLE_LABELS, ...options.labels });
  const minuteMs = 60_000;
  const alert: NotifiedAlert = {
    labels,
    annotations: {
      summary: 'A test: somebody asked whether messages arrive here',
      description: 'Sent by binnacle notify test. Nothing is wrong, nothing needs to be done.',
    },
    startsAtMs: nowMs - minuteMs,
    endsAtMs: status === 'resolved' ? nowMs : nowMs + 5 * minuteMs,
    generatorUrl: `${options.externalUrl}/graph`,
    status,
    fingerprint: fingerprintOf(labels),
  };
  const groupLabels = labels.only(new Set(['alertname']));
  return {
    receiver: options.receiver,
    // Its own, so that no message of a real group is changed or closed.
    groupKey: `{}/binnacle-notify-test:{alertname=${JSON.stringify(groupLabels.get('alertname'))}}`,
    groupLabels,
    alerts: [alert],
    externalUrl: options.externalUrl,
    reason: status === 'firing' ? 'first notification' : 'all alerts resolved',
  };
}
