/**
 * Reads the receivers of an `alertmanager.yml`: names, defaults and checks are Alertmanager's, version 0.33.
 *
 * Receivers of services that Binnacle does not speak to are refused by name. Beside each `..._file` stands a
 * `..._env` of Binnacle's own; {@link environmentVariables} tells who uses it.
 */
import { Secret } from '../secret.ts';
import { readDiscord, readMsteams, readMsteamsv2, readSlack, readTelegram } from './chat-receivers-file.ts';
import { readEmail } from './email-receivers-file.ts';
import { readHttpConfig } from './http-config.ts';
import { readOpsgenie, readPagerduty, readPushover, readVictorops } from './paging-receivers-file.ts';
import { type ReceiverGlobals, readReceiverGlobals } from './receiver-globals.ts';
import type { ReceiverConfig, WebhookConfig } from './receivers.ts';
import { goDurationField, secretField, urlProblem } from './secret-fields.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

/** What Alertmanager speaks to and Binnacle does not, by the field of a receiver. */
const REFUSED: Readonly<Record<string, string>> = {
  incidentio_configs: 'incident.io',
  jira_configs: 'Jira',
  mattermost_configs: 'Mattermost',
  rocketchat_configs: 'Rocket.Chat',
  sns_configs: 'Amazon SNS',
  webex_configs: 'Webex',
  wechat_configs: 'WeChat',
};

/** Services that take messages in the form of another one's. */
const INSTEAD: Readonly<Record<string, string>> = {
  mattermost_configs: 'Mattermost takes Slack messages: use slack_configs with its webhook as api_url',
  incidentio_configs: 'use webhook_configs with the address and the token of an HTTP alert source',
};

/**
 * The receivers of a file, in its order.
 * @param root the file's top mapping
 * @param global its `global`; every field of it that is about receivers is asked for
 * @param path the file's path, from whose folder the paths in it are meant
 */
export function readReceivers(
  root: YamlMap | undefined,
  global: YamlMap | undefined,
  path: string,
): readonly ReceiverConfig[] {
  const globals = readReceiverGlobals(global, path);
  const names = new Set<string>();
  return (root?.items('receivers') ?? []).flatMap((item) => {
    const map = item.map();
    if (map === undefined) return [];
    const receiver = readReceiver(map, globals, path);
    if (names.has(receiver.name))
      map.field('name')?.problem(`the receiver ${JSON.stringify(receiver.name)} is given twice`);
    names.add(receiver.name);
    return [receiver];
  });
}

function readReceiver(map: YamlMap, globals: ReceiverGlobals, path: string): ReceiverConfig {
  const name = map.required('name');
  if (name?.text() === '') name.problem('a receiver needs a name');
  type Reader<Config> = (
    map: YamlMap,
    node: YamlNode,
    globals: ReceiverGlobals,
    configPath: string,
  ) => Config;
  const all = <Config>(field: string, read: Reader<Config>): readonly Config[] | undefined => {
    const items = map.items(field);
    if (items.length === 0) return undefined;
    return items.flatMap((item) => {
      const fields = item.map();
      return fields === undefined ? [] : [read(fields, item, globals, path)];
    });
  };
  const webhookConfigs = all('webhook_configs', readWebhook);
  const emailConfigs = all('email_configs', readEmail);
  const pagerdutyConfigs = all('pagerduty_configs', readPagerduty);
  const opsgenieConfigs = all('opsgenie_configs', readOpsgenie);
  const slackConfigs = all('slack_configs', readSlack);
  const victoropsConfigs = all('victorops_configs', readVictorops);
  const pushoverConfigs = all('pushover_configs', readPushover);
  const telegramConfigs = all('telegram_configs', readTelegram);
  const discordConfigs = all('discord_configs', readDiscord);
  const msteamsConfigs = all('msteams_configs', readMsteams);
  const msteamsv2Configs = all('msteamsv2_configs', readMsteamsv2);
  refuseOthers(map);
  map.finish();
  return {
    name: name?.text() ?? '',
    ...(webhookConfigs && { webhookConfigs }),
    ...(emailConfigs && { emailConfigs }),
    ...(pagerdutyConfigs && { pagerdutyConfigs }),
    ...(opsgenieConfigs && { opsgenieConfigs }),
    ...(slackConfigs && { slackConfigs }),
    ...(victoropsConfigs && { victoropsConfigs }),
    ...(pushoverConfigs && { pushoverConfigs }),
    ...(telegramConfigs && { telegramConfigs }),
    ...(discordConfigs && { discordConfigs }),
    ...(msteamsConfigs && { msteamsConfigs }),
    ...(msteamsv2Configs && { msteamsv2Configs }),
  };
}

function refuseOthers(map: YamlMap): void {
  for (const [field, service] of Object.entries(REFUSED)) {
    if (map.field(field) === undefined) continue;
    const instead =
      INSTEAD[field] ??
      'use webhook_configs with something that posts there, or let an Alertmanager do it (alerting in prometheus.yml)';
    map.problemAt(field, `${field}: Binnacle does not speak to ${service}; ${instead}`);
  }
}

/** One of `webhook_configs`. */
function readWebhook(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): WebhookConfig {
  const url = secretField(map, 'url', configPath, {
    // A template can become any address.
    check: (text) => (text.includes('{{') ? templateProblem(text) : urlProblem(`${node.path}.url`, text)),
  });
  if (url === undefined) node.problem(`${node.path} needs either url or url_file, and not both`);
  const payload = map.field('payload')?.json();
  const config: WebhookConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    url: url ?? Secret.text(''),
    maxAlerts: map.integer('max_alerts') ?? 0,
    timeoutMs: goDurationField(map, 'timeout') ?? 0,
    ...(payload !== undefined && { payload }),
  };
  map.finish();
  return config;
}

function templateProblem(text: string): string | undefined {
  const opened = text.split('{{').length;
  return opened === text.split('}}').length ? undefined : 'the template in url is not closed';
}

/** The variables of the environment that receivers take secrets from, which Alertmanager does not know. */
export function environmentVariables(receivers: readonly ReceiverConfig[]): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (value instanceof Secret) {
      if (value.variable !== undefined) found.add(value.variable);
    } else if (typeof value === 'object' && value !== null)
      for (const part of Object.values(value)) visit(part);
  };
  visit(receivers);
  return [...found].sort();
}
