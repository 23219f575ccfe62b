/**
 * Reads `alertmanager.yml`, as far as Binnacle routes: one route for all alerts and webhook receivers, with
 * Alertmanager's names, defaults and checks. What is not read yet is refused by name.
 */
import { isAbsolute, join, resolve } from 'node:path';
import type { AlertmanagerConfig, GroupBy, RouteConfig } from './alertmanager.ts';
import { type ConfigFiles, configFilesOnDisk, readConfigText } from './config-files.ts';
import type { ReceiverConfig, WebhookConfig } from './receivers.ts';
import { YamlFile, type YamlMap, type YamlNode } from './yaml-reader.ts';

const RESOLVE_TIMEOUT_MS = 5 * 60_000;
const GROUP_WAIT_MS = 30_000;
const GROUP_INTERVAL_MS = 5 * 60_000;
const REPEAT_INTERVAL_MS = 4 * 60 * 60_000;

const LATER_TOP = ['inhibit_rules', 'mute_time_intervals', 'time_intervals', 'templates', 'tracing'];
const LATER_ROUTE = [
  'routes',
  'match',
  'match_re',
  'matchers',
  'continue',
  'mute_time_intervals',
  'active_time_intervals',
];
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
/** Alertmanager's `global` holds the defaults of receivers that are not read yet; these are the common ones. */
const LATER_GLOBAL = [
  'http_config',
  'opsgenie_api_url',
  'pagerduty_url',
  'slack_api_url',
  'slack_api_url_file',
  'smtp_auth_password',
  'smtp_auth_password_file',
  'smtp_auth_username',
  'smtp_from',
  'smtp_hello',
  'smtp_require_tls',
  'smtp_smarthost',
];

/**
 * Reads an `alertmanager.yml`.
 * @throws ConfigError with every problem
 */
export async function loadAlertmanagerConfig(
  path: string,
  files: ConfigFiles = configFilesOnDisk,
): Promise<AlertmanagerConfig> {
  const file = YamlFile.parse(path, await readConfigText(path, files));
  const root = file.map;
  if (root === undefined) file.problem(0, 'the file needs a route and receivers');
  const global = root?.map('global');
  const resolveTimeoutMs = global?.durationMs('resolve_timeout') ?? RESOLVE_TIMEOUT_MS;
  global?.finish(LATER_GLOBAL);

  const receivers = (root?.items('receivers') ?? []).flatMap((item) => readReceiver(item, path));
  const names = new Set<string>();
  for (const { item, receiver } of receivers) {
    if (names.has(receiver.name))
      item.problem(`the receiver ${JSON.stringify(receiver.name)} is given twice`);
    names.add(receiver.name);
  }
  const routeMap = root?.required('route')?.map();
  const route = readRoute(routeMap, names);
  root?.finish(LATER_TOP);
  file.throwIfProblems();
  return {
    resolveTimeoutMs,
    route,
    receivers: receivers.map(({ receiver }) => receiver),
    inhibitRules: [],
    timeIntervals: [],
    templateFiles: [],
    shownText: '',
  };
}

function readRoute(map: YamlMap | undefined, receivers: ReadonlySet<string>): RouteConfig {
  const receiverNode = map?.required('receiver');
  const receiver = receiverNode?.text() ?? '';
  if (receiverNode !== undefined && !receivers.has(receiver)) {
    const known = receivers.size === 0 ? 'there are none' : `there are: ${[...receivers].join(', ')}`;
    receiverNode.problem(`the receiver ${JSON.stringify(receiver)} is not among the receivers (${known})`);
  }
  const route: RouteConfig = {
    key: '{}',
    id: '{}',
    matchers: [],
    continue: false,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
    receiver,
    groupBy: readGroupBy(map),
    groupWaitMs: map?.durationMs('group_wait') ?? GROUP_WAIT_MS,
    groupIntervalMs: positive(map, 'group_interval') ?? GROUP_INTERVAL_MS,
    repeatIntervalMs: positive(map, 'repeat_interval') ?? REPEAT_INTERVAL_MS,
  };
  map?.finish(LATER_ROUTE);
  return route;
}

function readGroupBy(map: YamlMap | undefined): GroupBy {
  const labels: string[] = [];
  for (const item of map?.items('group_by') ?? []) {
    const label = item.text();
    if (label === undefined) continue;
    if (label === '') item.problem(`${item.path} must be a label name or '...'`);
    if (labels.includes(label)) item.problem(`the label ${JSON.stringify(label)} is given twice in group_by`);
    labels.push(label);
  }
  if (!labels.includes('...')) return labels;
  if (labels.length > 1)
    map?.field('group_by')?.problem("group_by: '...' groups by all labels and must stand alone");
  return 'all';
}

function positive(map: YamlMap | undefined, name: string): number | undefined {
  const ms = map?.durationMs(name);
  if (ms === 0) map?.field(name)?.problem(`${name} must be longer than 0`);
  return ms;
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
