/** Reads the receivers that write into chats: Slack, Discord, Telegram and Microsoft Teams. */
import type { HttpSettings } from '../http-settings.ts';
import { Secret } from '../secret.ts';
import { readHttpConfig } from './http-config.ts';
import { type ReceiverGlobals, secretUrlField } from './receiver-globals.ts';
import type {
  DiscordConfig,
  MsteamsConfig,
  Msteamsv2Config,
  SlackActionConfig,
  SlackConfig,
  SlackFieldConfig,
  TelegramConfig,
} from './receivers.ts';
import { goDurationField, secretField, textField, urlField } from './secret-fields.ts';
import type { YamlMap, YamlNode } from './yaml-reader.ts';

/** The method that can change messages; nothing else can. */
const SLACK_POST_MESSAGE = 'https://slack.com/api/chat.postMessage';

/** One of `slack_configs`. */
export function readSlack(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): SlackConfig {
  const shortFields = map.boolean('short_fields') ?? false;
  const text = (name: string, byDefault = ''): string => map.text(name) ?? byDefault;
  const standard = (name: string, template: string): string =>
    text(name, `{{ template "slack.default.${template}" . }}`);
  const updateMessage = map.boolean('update_message') ?? false;
  if (updateMessage && map.text('api_url') !== SLACK_POST_MESSAGE)
    map.problemAt('update_message', `update_message needs api_url: ${SLACK_POST_MESSAGE}, and a bot's token`);
  const config: SlackConfig = {
    sendResolved: map.boolean('send_resolved') ?? false,
    ...readSlackAccess(map, node, globals, configPath),
    channel: text('channel'),
    username: standard('username', 'username'),
    color: standard('color', 'color'),
    title: standard('title', 'title'),
    titleLink: standard('title_link', 'titlelink'),
    pretext: standard('pretext', 'pretext'),
    text: standard('text', 'text'),
    messageText: text('message_text'),
    fields: map.items('fields').flatMap((item) => readSlackField(item, shortFields)),
    footer: standard('footer', 'footer'),
    fallback: standard('fallback', 'fallback'),
    callbackId: standard('callback_id', 'callbackid'),
    iconEmoji: standard('icon_emoji', 'iconemoji'),
    iconUrl: standard('icon_url', 'iconurl'),
    imageUrl: text('image_url'),
    thumbUrl: text('thumb_url'),
    linkNames: map.boolean('link_names') ?? false,
    mrkdwnIn: map.items('mrkdwn_in').flatMap((item) => item.text() ?? []),
    actions: map.items('actions').flatMap(readSlackAction),
    updateMessage,
    timeoutMs: goDurationField(map, 'timeout') ?? 0,
  };
  map.finish();
  return config;
}

/** An incoming webhook's address, or the API's with a token: the receiver's own, else those of `global`. */
function readSlackAccess(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): { readonly http: HttpSettings; readonly apiUrl: Secret } {
  const ownUrl = secretUrlField(map, 'api_url', configPath);
  const ownToken = secretField(map, 'app_token', configPath);
  if (ownUrl !== undefined && ownToken !== undefined)
    node.problem(`${node.path}: at most one of api_url and app_token may be given`);
  const ownHttp = readHttpConfig(map, 'http_config', configPath);
  const appUrl = urlField(map, 'app_url') ?? globals.slackAppUrl;
  const isPlainUrl = textField(map, 'api_url') !== undefined;
  const takesToken = ownToken === undefined && ownHttp?.authorization === undefined && !isPlainUrl;
  const token = ownToken ?? (takesToken ? globals.slackAppToken : undefined);
  const url = ownUrl ?? globals.slackApiUrl;
  const http = ownHttp ?? globals.http;
  if (token === undefined) {
    if (url === undefined)
      node.problem(`${node.path} needs api_url or app_token, or slack_api_url or slack_app_token in global`);
    return { http, apiUrl: url ?? Secret.text('') };
  }
  if (http.authorization !== undefined)
    node.problem(`${node.path}: app_token authorizes; http_config must not have authorization too`);
  return {
    http: { ...http, authorization: { type: 'Bearer', credentials: token } },
    apiUrl: Secret.text(appUrl),
  };
}

function readSlackField(item: YamlNode, shortFields: boolean): SlackFieldConfig[] {
  const map = item.map();
  if (map === undefined) return [];
  const field = {
    title: map.text('title') ?? '',
    value: map.text('value') ?? '',
    short: map.boolean('short') ?? shortFields,
  };
  if (field.title === '') item.problem(`${item.path} needs title`);
  if (field.value === '') item.problem(`${item.path} needs value`);
  map.finish();
  return [field];
}

function readSlackAction(item: YamlNode): SlackActionConfig[] {
  const map = item.map();
  if (map === undefined) return [];
  const confirmMap = map.map('confirm');
  const confirm = confirmMap && {
    title: confirmMap.text('title') ?? '',
    text: confirmMap.text('text') ?? '',
    okText: confirmMap.text('ok_text') ?? '',
    dismissText: confirmMap.text('dismiss_text') ?? '',
  };
  if (confirm?.text === '') confirmMap?.problem(`${item.path}.confirm needs text`);
  confirmMap?.finish();
  const text = (name: string): string => map.text(name) ?? '';
  const [type, label, url, name] = [text('type'), text('text'), text('url'), text('name')];
  const [style, value] = [text('style'), text('value')];
  if (type === '') item.problem(`${item.path} needs type`);
  if (label === '') item.problem(`${item.path} needs text`);
  if (url === '' && name === '') item.problem(`${item.path} needs name or url`);
  map.finish();
  // A link has nothing that an answer to a button could need.
  if (url !== '') return [{ type, text: label, url, style, name: '', value: '' }];
  return [{ type, text: label, url, style, name, value, ...(confirm !== undefined && { confirm }) }];
}

/** One of `discord_configs`. */
export function readDiscord(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): DiscordConfig {
  const config: DiscordConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    webhookUrl: readWebhookUrl(map, node, configPath),
    content: map.text('content') ?? '',
    title: map.text('title') ?? '{{ template "discord.default.title" . }}',
    message: map.text('message') ?? '{{ template "discord.default.message" . }}',
    username: map.text('username') ?? '',
    avatarUrl: map.text('avatar_url') ?? '',
  };
  map.finish();
  return config;
}

function readWebhookUrl(map: YamlMap, node: YamlNode, configPath: string): Secret {
  const url = secretUrlField(map, 'webhook_url', configPath);
  if (url === undefined) node.problem(`${node.path} needs webhook_url or webhook_url_file`);
  return url ?? Secret.text('');
}

/** One of `msteams_configs`. */
export function readMsteams(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): MsteamsConfig {
  const config: MsteamsConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    webhookUrl: readWebhookUrl(map, node, configPath),
    title: map.text('title') ?? '{{ template "msteams.default.title" . }}',
    summary: map.text('summary') ?? '{{ template "msteams.default.summary" . }}',
    text: map.text('text') ?? '{{ template "msteams.default.text" . }}',
  };
  map.finish();
  return config;
}

/** One of `msteamsv2_configs`. */
export function readMsteamsv2(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): Msteamsv2Config {
  const config: Msteamsv2Config = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    webhookUrl: readWebhookUrl(map, node, configPath),
    title: map.text('title') ?? '{{ template "msteamsv2.default.title" . }}',
    text: map.text('text') ?? '{{ template "msteamsv2.default.text" . }}',
  };
  map.finish();
  return config;
}

const PARSE_MODES = ['', 'HTML', 'Markdown', 'MarkdownV2'] as const;

/** One of `telegram_configs`. */
export function readTelegram(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): TelegramConfig {
  const botToken = secretField(map, 'bot_token', configPath) ?? globals.telegramBotToken;
  if (botToken === undefined) node.problem(`${node.path} needs bot_token or bot_token_file`);
  const parseModeText = map.text('parse_mode') ?? 'HTML';
  const parseMode = PARSE_MODES.find((mode) => mode === parseModeText);
  if (parseMode === undefined)
    map.field('parse_mode')?.problem(`${node.path}.parse_mode must be HTML, Markdown, MarkdownV2 or empty`);
  const config: TelegramConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    apiUrl: urlField(map, 'api_url') ?? globals.telegramApiUrl,
    botToken: botToken ?? Secret.text(''),
    chatId: readChatId(map, node, configPath),
    messageThreadId: Number(signedIntegerField(map, 'message_thread_id') ?? 0),
    message: map.text('message') ?? '{{ template "telegram.default.message" . }}',
    disableNotifications: map.boolean('disable_notifications') ?? false,
    parseMode: parseMode ?? 'HTML',
  };
  map.finish();
  return config;
}

function readChatId(map: YamlMap, node: YamlNode, configPath: string): Secret {
  const isZero = signedIntegerField(map, 'chat_id') === '0';
  const chatId = secretField(map, 'chat_id', configPath);
  if (chatId === undefined || isZero) node.problem(`${node.path} needs chat_id or chat_id_file`);
  return chatId ?? Secret.text('');
}

/** A field with a whole number that may be negative, as its text: identifiers are longer than exact numbers. */
function signedIntegerField(map: YamlMap, name: string): string | undefined {
  const node = map.field(name);
  const text = node?.text();
  if (node === undefined || text === undefined) return undefined;
  if (typeof node.json() !== 'number' || !/^[-+]?\d+$/.test(text)) {
    node.problem(`${node.path} must be a whole number`);
    return undefined;
  }
  return BigInt(text).toString();
}
