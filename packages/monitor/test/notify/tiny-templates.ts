import type { MessageTemplates, Notification } from '../../dist/notify/integration.js';

/**
 * As much of Go's templates as tests of receivers need: fields with dots, `len` and `toJson` of alerts, and nothing
 * else. `{{ fail }}` fails.
 */
export const tinyTemplates: MessageTemplates = {
  text: (template, notification) => expand(template, notification, (value) => value),
  html: (template, notification) =>
    expand(template, notification, (value) =>
      value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`),
    ),
};

function expand(template: string, notification: Notification, encode: (value: string) => string): string {
  return template.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, action: string) =>
    encode(resultOf(action, notification)),
  );
}

function resultOf(action: string, { alerts, groupLabels, receiver, externalUrl }: Notification): string {
  const ofStatus = (status: string) => alerts.filter((alert) => alert.status === status);
  const label = /^\.(?:GroupLabels|CommonLabels)\.(\w+)$/.exec(action)?.[1];
  if (label !== undefined) return groupLabels.get(label) || alerts[0]!.labels.get(label);
  const annotation = /^\.CommonAnnotations\.(\w+)$/.exec(action)?.[1];
  if (annotation !== undefined) return alerts[0]!.annotations[annotation] ?? '';
  switch (action) {
    case '.Status':
      return ofStatus('firing').length > 0 ? 'firing' : 'resolved';
    case '.Receiver':
      return receiver.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
    case '.ExternalURL':
      return externalUrl;
    case 'len .Alerts':
    case '.Alerts | len':
      return String(alerts.length);
    case '.Alerts.Firing | len':
      return String(ofStatus('firing').length);
    case '.Alerts.Resolved | len':
      return String(ofStatus('resolved').length);
    case 'fail':
      throw new Error('template: :1:3: executing "" at <fail>: it failed');
    default:
      throw new Error(`template: :1: function ${JSON.stringify(action)} not defined`);
  }
}
