/** Alertmanager's webhook: one POST of JSON, version 4, or a payload of the user's own. */
import { rfc3339 } from '../../clock.ts';
import type { WebhookConfig } from '../../config/receivers.ts';
import type { Integration, Notification } from '../integration.ts';
import { AttemptFailure, type ReceiverContext } from './attempt.ts';
import { httpIntegration, type IntegrationPlace, postJson, statusOf } from './http-integration.ts';
import { expandJson } from './json-template.ts';

/** What Go writes for a time that is not set: the end of an alert that still fires. */
const NO_TIME = '0001-01-01T00:00:00Z';

/** One of `webhook_configs`. */
export function webhookIntegration(
  config: WebhookConfig,
  place: IntegrationPlace,
  context: ReceiverContext,
): Integration {
  return httpIntegration(place, context, {
    kind: 'webhook',
    config,
    async send(whole, client) {
      const shown = firstAlerts(whole.notification, config.maxAlerts);
      // Templates see the alerts that are sent.
      const attempt = whole.about(shown);
      const url = await attempt.secretText(config.url, 'url');
      if (url === '') throw new AttemptFailure('url is empty', false);
      const truncated = whole.notification.alerts.length - shown.alerts.length;
      const body =
        config.payload === undefined
          ? webhookPayload(shown, truncated)
          : expandJson(config.payload, (template) => attempt.text(template, 'payload'));
      return attempt.judge(await postJson(attempt, client, url, body));
    },
  });
}

function firstAlerts(notification: Notification, max: number): Notification {
  const { alerts } = notification;
  return max === 0 || alerts.length <= max ? notification : { ...notification, alerts: alerts.slice(0, max) };
}

/** The body of the request, as a value of JSON. */
export function webhookPayload(notification: Notification, truncatedAlerts: number): object {
  const { alerts } = notification;
  return {
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts,
    status: statusOf(notification),
    // Alertmanager quotes the name as if it stood in a regular expression.
    receiver: notification.receiver.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
    notification_reason: notification.reason ?? 'unknown',
    groupLabels: notification.groupLabels.toObject(),
    commonLabels: common(alerts.map((alert) => alert.labels.toObject())),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    externalURL: notification.externalUrl,
    alerts: alerts.map((alert) => ({
      status: alert.status,
      labels: alert.labels.toObject(),
      annotations: alert.annotations,
      startsAt: rfc3339(alert.startsAtMs),
      endsAt: alert.status === 'resolved' ? rfc3339(alert.endsAtMs) : NO_TIME,
      generatorURL: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    })),
  };
}

/** What all sets have in common. */
export function common(sets: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...rest] = sets;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((set) => set[name] === value)),
  );
}
