/** The part of Alertmanager's `global` that receivers take their defaults from. */
import { DEFAULT_HTTP_SETTINGS, type HttpSettings, type TlsSettings } from '../http-settings.ts';
import type { Secret } from '../secret.ts';
import { readHttpConfig, readTlsConfig } from './http-config.ts';
import { secretField, textField, urlField, urlProblem } from './secret-fields.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

/** Where a mail server listens. */
export interface HostPort {
  readonly host: string;
  readonly port: string;
}

/** Defaults of receivers. */
export interface ReceiverGlobals {
  readonly http: HttpSettings;
  readonly smtp: {
    readonly from: string | undefined;
    readonly hello: string;
    readonly smarthost: HostPort | undefined;
    readonly authUsername: string;
    readonly authPassword: Secret | undefined;
    readonly authSecret: Secret | undefined;
    readonly authIdentity: string;
    readonly requireTls: boolean;
    readonly forceImplicitTls: boolean | undefined;
    readonly tls: TlsSettings;
  };
  readonly slackApiUrl: Secret | undefined;
  readonly slackAppToken: Secret | undefined;
  readonly slackAppUrl: string;
  readonly pagerdutyUrl: string;
  readonly opsgenieApiUrl: string;
  readonly opsgenieApiKey: Secret | undefined;
  readonly victoropsApiUrl: string;
  readonly victoropsApiKey: Secret | undefined;
  readonly telegramApiUrl: string;
  readonly telegramBotToken: Secret | undefined;
}

/** Defaults of services that Binnacle has no receivers for: read, so that a file that has them needs no change. */
const UNUSED_URLS = ['jira_api_url', 'wechat_api_url', 'webex_api_url', 'rocketchat_api_url'];
const UNUSED_SECRETS = [
  'wechat_api_secret',
  'rocketchat_token',
  'rocketchat_token_id',
  'mattermost_webhook_url',
];
const UNUSED_TEXTS = ['wechat_api_corp_id'];

/** Reads the defaults; asks for every field of `global` but those that are not about receivers. */
export function readReceiverGlobals(map: YamlMap | undefined, configPath: string): ReceiverGlobals {
  const slackAppUrl = urlField(map, 'slack_app_url') ?? 'https://slack.com/api/chat.postMessage';
  const slackApiUrlText = textField(map, 'slack_api_url');
  const slackApiUrl = secretUrlField(map, 'slack_api_url', configPath);
  const slackAppToken = secretField(map, 'slack_app_token', configPath);
  if (slackAppToken !== undefined && slackApiUrl !== undefined && slackApiUrlText !== slackAppUrl)
    map?.problemAt(
      'slack_api_url',
      'at most one of slack_api_url and slack_app_token may be given: an incoming webhook needs no token',
    );
  for (const name of UNUSED_URLS) urlField(map, name);
  for (const name of UNUSED_SECRETS) secretField(map, name, configPath);
  for (const name of UNUSED_TEXTS) map?.text(name);
  return {
    http: readHttpConfig(map, 'http_config', configPath) ?? DEFAULT_HTTP_SETTINGS,
    smtp: {
      from: textField(map, 'smtp_from'),
      hello: map?.text('smtp_hello') ?? 'localhost',
      smarthost: hostPortField(map, 'smtp_smarthost'),
      authUsername: map?.text('smtp_auth_username') ?? '',
      authPassword: secretField(map, 'smtp_auth_password', configPath),
      authSecret: secretField(map, 'smtp_auth_secret', configPath),
      authIdentity: map?.text('smtp_auth_identity') ?? '',
      requireTls: map?.boolean('smtp_require_tls') ?? true,
      forceImplicitTls: map?.boolean('smtp_force_implicit_tls'),
      tls: readTlsConfig(map?.map('smtp_tls_config'), configPath),
    },
    slackApiUrl,
    slackAppToken,
    slackAppUrl,
    pagerdutyUrl: urlField(map, 'pagerduty_url') ?? 'https://events.pagerduty.com/v2/enqueue',
    opsgenieApiUrl: urlField(map, 'opsgenie_api_url') ?? 'https://api.opsgenie.com/',
    opsgenieApiKey: secretField(map, 'opsgenie_api_key', configPath),
    victoropsApiUrl:
      urlField(map, 'victorops_api_url') ??
      'https://alert.victorops.com/integrations/generic/20131114/alert/',
    victoropsApiKey: secretField(map, 'victorops_api_key', configPath),
    telegramApiUrl: urlField(map, 'telegram_api_url') ?? 'https://api.telegram.org',
    telegramBotToken: secretField(map, 'telegram_bot_token', configPath),
  };
}

/** An address that is a secret, in its field, a file or a variable. */
export function secretUrlField(
  map: YamlMap | undefined,
  name: string,
  configPath: string,
): Secret | undefined {
  return secretField(map, name, configPath, { check: (text) => urlProblem(name, text) });
}

/** A field `host:port`; undefined where it is absent or empty. */
export function hostPortField(map: YamlMap | undefined, name: string): HostPort | undefined {
  const node: YamlNode | undefined = map?.field(name);
  const text = node?.text();
  if (node === undefined || text === undefined || text === '') return undefined;
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]+)$/.exec(text);
  if (match === null) {
    node.problem(`${node.path} must be host:port, such as smtp.example.org:587`);
    return undefined;
  }
  return { host: match[1] ?? match[2] ?? '', port: match[3]! };
}
