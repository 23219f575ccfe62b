/** Reads the receivers that call people: PagerDuty, Opsgenie, Pushover and VictorOps. */
import { Secret } from '../secret.ts';
import { readHttpConfig } from './http-config.ts';
import type { ReceiverGlobals } from './receiver-globals.ts';
import type { OpsgenieConfig, PagerdutyConfig, PushoverConfig, VictoropsConfig } from './receivers.ts';
import { goDurationField, secretField, textField, urlField } from './secret-fields.ts';
import type { JsonValue, YamlMap, YamlNode } from './yaml-reader.ts';

/** Where events of version 1 go; Alertmanager does not let it be changed. */
const PAGERDUTY_V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';

const PAGERDUTY_DETAILS: Readonly<Record<string, JsonValue>> = {
  firing: '{{ .Alerts.Firing | toJson }}',
  resolved: '{{ .Alerts.Resolved | toJson }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

/** One of `pagerduty_configs`. */
export function readPagerduty(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): PagerdutyConfig {
  const routingKey = secretField(map, 'routing_key', configPath);
  const serviceKey = secretField(map, 'service_key', configPath);
  if (routingKey === undefined && serviceKey === undefined)
    node.problem(
      `${node.path} needs routing_key (events of version 2) or service_key (version 1), or their files`,
    );
  const text = (name: string, byDefault = ''): string => map.text(name) ?? byDefault;
  const client = text('client', '{{ template "pagerduty.default.client" . }}');
  const url = urlField(map, 'url') ?? globals.pagerdutyUrl;
  const config: PagerdutyConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    api: serviceKey === undefined ? 'events-v2' : 'events-v1',
    key: serviceKey ?? routingKey ?? Secret.text(''),
    url: serviceKey === undefined ? url : PAGERDUTY_V1_URL,
    client,
    clientUrl: text('client_url', '{{ template "pagerduty.default.clientURL" . }}'),
    description: text('description', '{{ template "pagerduty.default.description" .}}'),
    details: { ...PAGERDUTY_DETAILS, ...jsonFields(map.map('details')) },
    images: map.items('images').flatMap((item) => textsOf(item, ['src', 'alt', 'href'])),
    links: map.items('links').flatMap((item) => textsOf(item, ['href', 'text'])),
    source: textField(map, 'source') ?? client,
    severity: textField(map, 'severity') ?? 'error',
    class: text('class'),
    component: text('component'),
    group: text('group'),
    timeoutMs: goDurationField(map, 'timeout') ?? 0,
  };
  map.finish();
  return config;
}

function jsonFields(map: YamlMap | undefined): Record<string, JsonValue> {
  return Object.fromEntries((map?.entries() ?? []).map(({ name, value }) => [name, value?.json() ?? null]));
}

/** A mapping of texts with exactly these names, as a list of one; those that are absent are empty. */
function textsOf<Name extends string>(item: YamlNode, names: readonly Name[]): Record<Name, string>[] {
  const map = item.map();
  if (map === undefined) return [];
  const texts = Object.fromEntries(names.map((name) => [name, map.text(name) ?? ''])) as Record<Name, string>;
  map.finish();
  return [texts];
}

const RESPONDER_TYPES = ['team', 'teams', 'user', 'escalation', 'schedule'];

/** One of `opsgenie_configs`. */
export function readOpsgenie(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): OpsgenieConfig {
  const apiKey = secretField(map, 'api_key', configPath) ?? globals.opsgenieApiKey;
  if (apiKey === undefined)
    node.problem(`${node.path} needs api_key or api_key_file, or opsgenie_api_key in global`);
  const text = (name: string, byDefault = ''): string => map.text(name) ?? byDefault;
  const config: OpsgenieConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    apiKey: apiKey ?? Secret.text(''),
    apiUrl: withSlash(urlField(map, 'api_url') ?? globals.opsgenieApiUrl),
    message: text('message', '{{ template "opsgenie.default.message" . }}'),
    description: text('description', '{{ template "opsgenie.default.description" . }}'),
    source: text('source', '{{ template "opsgenie.default.source" . }}'),
    details: map.texts('details'),
    entity: text('entity'),
    responders: map.items('responders').flatMap(readResponder),
    actions: text('actions'),
    tags: text('tags'),
    note: text('note'),
    priority: text('priority'),
    updateAlerts: map.boolean('update_alerts') ?? false,
  };
  map.finish();
  return config;
}

function readResponder(item: YamlNode): OpsgenieConfig['responders'][number][] {
  return textsOf(item, ['id', 'name', 'username', 'type']).map((responder) => {
    const { id, name, username, type } = responder;
    if (id === '' && name === '' && username === '')
      item.problem(`${item.path} needs one of id, username and name`);
    if (!type.includes('{{') && !RESPONDER_TYPES.includes(type.toLowerCase()))
      item.problem(`${item.path}.type must be one of ${RESPONDER_TYPES.join(', ')}, or a template`);
    return responder;
  });
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

const MINUTE_MS = 60_000;

/** One of `pushover_configs`. */
export function readPushover(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): PushoverConfig {
  const userKey = secretField(map, 'user_key', configPath);
  const token = secretField(map, 'token', configPath);
  if (userKey === undefined) node.problem(`${node.path} needs user_key or user_key_file`);
  if (token === undefined) node.problem(`${node.path} needs token or token_file`);
  const text = (name: string, byDefault = ''): string => map.text(name) ?? byDefault;
  const config: PushoverConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    userKey: userKey ?? Secret.text(''),
    token: token ?? Secret.text(''),
    title: text('title', '{{ template "pushover.default.title" . }}'),
    message: text('message', '{{ template "pushover.default.message" . }}'),
    url: text('url', '{{ template "pushover.default.url" . }}'),
    urlTitle: text('url_title'),
    device: text('device'),
    sound: text('sound'),
    // Of highest urgency while it fires.
    priority: text('priority', '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'),
    retryMs: goDurationField(map, 'retry') ?? MINUTE_MS,
    expireMs: goDurationField(map, 'expire') ?? 60 * MINUTE_MS,
    ttlMs: goDurationField(map, 'ttl') ?? 0,
    html: map.boolean('html') ?? false,
    monospace: map.boolean('monospace') ?? false,
  };
  if (config.html && config.monospace)
    map.problemAt('monospace', `${node.path}: at most one of html and monospace may be true`);
  map.finish();
  return config;
}

const VICTOROPS_FIELDS = [
  'routing_key',
  'message_type',
  'state_message',
  'entity_display_name',
  'monitoring_tool',
  'entity_id',
  'entity_state',
];

/** One of `victorops_configs`. */
export function readVictorops(
  map: YamlMap,
  node: YamlNode,
  globals: ReceiverGlobals,
  configPath: string,
): VictoropsConfig {
  const apiKey = secretField(map, 'api_key', configPath) ?? globals.victoropsApiKey;
  if (apiKey === undefined)
    node.problem(`${node.path} needs api_key or api_key_file, or victorops_api_key in global`);
  const routingKey = textField(map, 'routing_key');
  if (routingKey === undefined) node.problem(`${node.path} needs routing_key`);
  const text = (name: string, byDefault = ''): string => map.text(name) ?? byDefault;
  const customFields = map.texts('custom_fields');
  for (const name of VICTOROPS_FIELDS) {
    if (name in customFields)
      map
        .map('custom_fields')
        ?.problemAt(name, `${node.path}: the custom field ${name} would replace one that VictorOps has`);
  }
  const config: VictoropsConfig = {
    sendResolved: map.boolean('send_resolved') ?? true,
    http: readHttpConfig(map, 'http_config', configPath) ?? globals.http,
    apiKey: apiKey ?? Secret.text(''),
    apiUrl: withSlash(urlField(map, 'api_url') ?? globals.victoropsApiUrl),
    routingKey: routingKey ?? '',
    messageType: text('message_type', 'CRITICAL'),
    stateMessage: text('state_message', '{{ template "victorops.default.state_message" . }}'),
    entityDisplayName: text(
      'entity_display_name',
      '{{ template "victorops.default.entity_display_name" . }}',
    ),
    monitoringTool: text('monitoring_tool', '{{ template "victorops.default.monitoring_tool" . }}'),
    customFields,
  };
  map.finish();
  return config;
}
