/** Reads the receivers of `alertmanager.yml`, as far as Binnacle has them. What is not read yet is refused by name. */
import { isAbsolute, join, resolve } from 'node:path';
import type { ReceiverConfig, WebhookConfig } from './receivers.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

const LATER_WEBHOOK = ['http_config', 'payload'];
const LATER_RECEIVER = [
  'discord_configs',
  'email_configs',
  'incidentio_configs',
  'jira_configs',
  'mattermost_configs',
  'msteams_configs',
  'msteamsv2_configs',
  'opsgenie_configs',
  'pagerduty_configs',
  'pushover_configs',
  'rocketchat_configs',
  'slack_configs',
  'sns_configs',
  'telegram_configs',
  'victorops_configs',
  'webex_configs',
  'wechat_configs',
];
/** Defaults of receivers that are not read yet. */
const GLOBAL = [
  'http_config',
  'jira_api_url',
  'mattermost_webhook_url',
  'mattermost_webhook_url_file',
  'opsgenie_api_key',
  'opsgenie_api_key_file',
  'opsgenie_api_url',
  'pagerduty_url',
  'rocketchat_api_url',
  'rocketchat_token',
  'rocketchat_token_file',
  'rocketchat_token_id',
  'rocketchat_token_id_file',
  'slack_api_url',
  'slack_api_url_file',
  'slack_app_token',
  'slack_app_token_file',
  'slack_app_url',
  'smtp_auth_identity',
  'smtp_auth_password',
  'smtp_auth_password_file',
  'smtp_auth_secret',
  'smtp_auth_secret_file',
  'smtp_auth_username',
  'smtp_force_implicit_tls',
  'smtp_from',
  'smtp_hello',
  'smtp_require_tls',
  'smtp_smarthost',
  'smtp_tls_config',
  'telegram_api_url',
  'telegram_bot_token',
  'telegram_bot_token_file',
  'victorops_api_key',
  'victorops_api_key_file',
  'victorops_api_url',
  'webex_api_url',
  'wechat_api_corp_id',
  'wechat_api_secret',
  'wechat_api_secret_file',
  'wechat_api_url',
];

/**
 * Reads the list `receivers`.
 * @param global the mapping `global`; asks for each of its fields that is a default of receivers
 * @param path the file; what it names by relative paths lies beside it
 */
export function readReceivers(
  root: YamlMap | undefined,
  global: YamlMap | undefined,
  path: string,
): readonly ReceiverConfig[] {
  for (const name of GLOBAL) global?.field(name);
  const receivers = (root?.items('receivers') ?? []).flatMap((item) => readReceiver(item, path));
  const names = new Set<string>();
  for (const { item, receiver } of receivers) {
    if (names.has(receiver.name))
      item.problem(`the receiver ${JSON.stringify(receiver.name)} is given twice`);
    names.add(receiver.name);
  }
  return receivers.map(({ receiver }) => receiver);
}

function readReceiver(item: YamlNode, path: string): { item: YamlNode; receiver: ReceiverConfig }[] {
  const map = item.map();
  if (map === undefined) return [];
  const name = map.required('name')?.text() ?? '';
  const webhookConfigs = map.items('webhook_configs').flatMap((hook) => readWebhook(hook, path));
  map.finish(LATER_RECEIVER);
  return [{ item: map.field('name') ?? item, receiver: { name, webhookConfigs } }];
}

function readWebhook(item: YamlNode, path: string): WebhookConfig[] {
  const map = item.map();
  if (map === undefined) return [];
  const url = map.text('url');
  const urlFile = map.text('url_file');
  if ((url === undefined) === (urlFile === undefined))
    item.problem(`${item.path} needs either url or url_file, and not both`);
  // The value is a secret and therefore not part of the message.
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
    map.field('url')?.problem(`${item.path}.url must start with http:// or https:// and name a host`);
  const config: WebhookConfig = {
    ...(url === undefined ? {} : { url }),
    ...(urlFile === undefined
      ? {}
      : { urlFile: isAbsolute(urlFile) ? urlFile : join(resolve(path), '..', urlFile) }),
    sendResolved: map.boolean('send_resolved') ?? true,
    maxAlerts: map.integer('max_alerts') ?? 0,
    timeoutMs: map.durationMs('timeout') ?? 0,
  };
  map.finish(LATER_WEBHOOK);
  return [config];
}
