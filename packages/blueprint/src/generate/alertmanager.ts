/**
 * `alertmanager.yml`: who is told of alerts, how, and what silences what.
 *
 * Secrets are named by file only, and every text that is sent is named, since what a version takes by default differs.
 * Fields that only newer versions know (`name` of an inhibition) are not written.
 */
import {
  type Alerting,
  type AlertRoute,
  addressees,
  type Receiver,
  type SecretSource,
  type Smtp,
} from '../alerting/alerting.ts';
import { DEFAULT_INHIBIT_RULES } from '../alerting/inhibition.ts';
import { type NamedSecret, SECRETS_FOLDER, secretName, secretsOf } from '../alerting/secrets.ts';
import { ALERT_TEMPLATE, ALERT_TEMPLATE_PATH } from './alert-template.ts';
import { filled, yamlText } from './yaml-text.ts';

/** How a file is rendered. */
export interface AlertmanagerOptions {
  /**
   * Where secrets are read: all of them in files of {@link SECRETS_FOLDER}, for Alertmanager in its container; or where
   * the configuration says, by the fields `..._file` and `..._env`, of which only Binnacle's monitor knows the second.
   */
  readonly secrets?: 'folder' | 'sources';
}

/** The labels that alerts are told together by, where the configuration names none. */
export const GROUP_BY: readonly string[] = ['alertname', 'job'];
const GROUP_WAIT = '30s';
const GROUP_INTERVAL = '5m';
const REPEAT_INTERVAL = '4h';

/** The fields that name a secret: `password_file: PATH`. */
type SecretFields = (field: string, source: SecretSource) => Readonly<Record<string, string>>;

/** Renders `alertmanager.yml`. Its template file stands beside it, at `templates/binnacle.tmpl`. */
export function renderAlertmanager(
  alerting: Alerting,
  { secrets = 'folder' }: AlertmanagerOptions = {},
): string {
  const fields = secrets === 'folder' ? inFolder(secretsOf(alerting)) : asWritten;
  const { smtp, receivers, route, inhibitRules = DEFAULT_INHIBIT_RULES } = alerting;
  return yamlText(
    {
      global: smtp === undefined ? undefined : smtpFields(smtp, fields),
      templates: [ALERT_TEMPLATE_PATH],
      route: {
        receiver: route.receiver,
        group_by: route.groupBy ?? GROUP_BY,
        group_wait: route.groupWait ?? GROUP_WAIT,
        group_interval: route.groupInterval ?? GROUP_INTERVAL,
        repeat_interval: route.repeatInterval ?? REPEAT_INTERVAL,
        routes: filled((route.routes ?? []).map(routeFields)),
      },
      inhibit_rules: filled(
        inhibitRules.map(({ sourceMatchers, targetMatchers, equal }) => ({
          source_matchers: sourceMatchers,
          target_matchers: targetMatchers,
          equal,
        })),
      ),
      receivers: Object.entries(receivers).map(([name, ways]) => receiverFields(name, ways, fields)),
    },
    { about: ['Who is told of alerts. Secrets stand in files beside it, never here.'] },
  );
}

function inFolder(secrets: readonly NamedSecret[]): SecretFields {
  return (field, source) => ({ [`${field}_file`]: `${SECRETS_FOLDER}/${secretName(secrets, source)}` });
}

const asWritten: SecretFields = (field, source) =>
  'env' in source ? { [`${field}_env`]: source.env } : { [`${field}_file`]: source.file };

function smtpFields({ smarthost, from, username, password, requireTls }: Smtp, fields: SecretFields) {
  return {
    smtp_smarthost: smarthost,
    smtp_from: from,
    smtp_auth_username: username,
    ...(password !== undefined && fields('smtp_auth_password', password)),
    smtp_require_tls: requireTls,
  };
}

function routeFields(route: AlertRoute): object {
  return {
    receiver: route.receiver,
    matchers: route.matchers,
    group_by: route.groupBy,
    group_wait: route.groupWait,
    group_interval: route.groupInterval,
    repeat_interval: route.repeatInterval,
    continue: route.continue,
    routes: route.routes === undefined ? undefined : filled(route.routes.map(routeFields)),
  };
}

/** A receiver tells in all of its ways; those of one kind stand in one list, in the order written. */
function receiverFields(name: string, ways: readonly Receiver[], fields: SecretFields): object {
  const lists: Record<string, object[]> = {};
  for (const way of ways) {
    const [list, entry] = wayFields(way, fields);
    lists[list] = [...(lists[list] ?? []), entry];
  }
  return { name, ...lists };
}

function wayFields(way: Receiver, fields: SecretFields): readonly [list: string, entry: object] {
  const send_resolved = way.sendResolved ?? true;
  switch (way.type) {
    case 'email':
      return [
        'email_configs',
        {
          to: addressees(way),
          send_resolved,
          headers: { Subject: ALERT_TEMPLATE.title },
          html: ALERT_TEMPLATE.html,
          text: ALERT_TEMPLATE.text,
        },
      ];
    case 'slack':
      return [
        'slack_configs',
        {
          ...fields('api_url', way.webhookUrl),
          channel: way.channel,
          send_resolved,
          color: ALERT_TEMPLATE.color,
          title: ALERT_TEMPLATE.title,
          title_link: '{{ .ExternalURL }}',
          fallback: ALERT_TEMPLATE.title,
          text: ALERT_TEMPLATE.slack,
          username: 'Alertmanager',
        },
      ];
    case 'webhook':
      return [
        'webhook_configs',
        { ...(typeof way.url === 'string' ? { url: way.url } : fields('url', way.url)), send_resolved },
      ];
    case 'pagerduty':
      return [
        'pagerduty_configs',
        {
          ...fields('routing_key', way.routingKey),
          send_resolved,
          severity: ALERT_TEMPLATE.severity,
          description: ALERT_TEMPLATE.title,
          client: 'Alertmanager',
          client_url: '{{ .ExternalURL }}',
          details: { firing: ALERT_TEMPLATE.text },
        },
      ];
  }
}
