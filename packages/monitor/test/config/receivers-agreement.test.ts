/** What is a receiver and what is none: agreement with Alertmanager's own `amtool check-config`, file by file. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { outside } from '../../../../test/outside.ts';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import { ConfigError } from '../../dist/config/config-error.js';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const hook = (fields: string): string => `webhook_configs: [{ url: "http://h/", ${fields} }]`;
const http = (fields: string): string => hook(`http_config: { ${fields} }`);
const mail = (fields: string): string =>
  `email_configs: [{ to: a@b.c, from: d@e.f, smarthost: "h:25", ${fields} }]`;
const slack = (fields: string): string => `slack_configs: [{ api_url: "http://h/", ${fields} }]`;
const pagerduty = (fields: string): string => `pagerduty_configs: [{ ${fields} }]`;
const telegram = (fields: string): string => `telegram_configs: [{ bot_token: t, ${fields} }]`;

/** Receivers that both accept: the fields of a receiver, and those of `global`. */
const GOOD: readonly (readonly [receiver: string, global?: string])[] = [
  [''],
  ['webhook_configs: [{ url: "https://user:p%20w@h:8080/x?y=z#f" }]'],
  ['webhook_configs: [{ url_file: /no/such/file }]'],
  ['webhook_configs: [{ url: "http://h/{{ .GroupLabels.team }}" }]'],
  ['webhook_configs: [{ url: "{{ .CommonLabels.url }}" }]'],
  [hook('max_alerts: 3, timeout: 1m30s, send_resolved: false')],
  [hook('timeout: 1.5s')],
  [hook('timeout: 0')],
  [hook('payload: { a: ["{{ len .Alerts }}", 1, true, null], b: { c: "{{ .Status }}" } }')],
  [http('basic_auth: { username: u, password: p }')],
  [http('basic_auth: { username_file: u, password_file: p }')],
  [http('authorization: { credentials: c }')],
  [http('authorization: { type: Token, credentials_file: c }')],
  [http('bearer_token: t')],
  [http('bearer_token_file: t')],
  [http('oauth2: { client_id: i, client_secret: s, token_url: "http://t", scopes: [a, b] }')],
  [http('oauth2: { client_id: i, client_secret_file: s, token_url: "http://t", endpoint_params: { a: b } }')],
  [http('tls_config: { insecure_skip_verify: true, server_name: x, min_version: TLS12 }')],
  [http('tls_config: { ca_file: a, cert_file: b, key_file: c }')],
  [http('proxy_url: "http://u:p@proxy:3128", no_proxy: "10.0.0.0/8,.example.org"')],
  [http('proxy_from_environment: true')],
  [http('proxy_url: "http://proxy", proxy_connect_header: { X-A: [b] }')],
  [http('follow_redirects: false, enable_http2: false')],
  [http('http_headers: { X-Team: { values: [a], secrets: [b], files: [c] } }')],
  [mail('')],
  [mail('headers: { Subject: "{{ .Status }}", reply-to: x@y.z }, html: "", text: "{{ .Status }}"')],
  [mail('require_tls: false, tls_config: { insecure_skip_verify: true }')],
  [mail('force_implicit_tls: true, hello: there')],
  [mail('auth_username: u, auth_password: p, auth_identity: i, auth_secret: s')],
  [mail('threading: { enabled: true, thread_by_date: daily }')],
  [mail('threading: { enabled: true, thread_by_date: none }')],
  [mail('threading: { enabled: false, thread_by_date: weekly }')],
  ['email_configs: [{ to: a@b.c }]', 'smtp_from: x@y.z, smtp_smarthost: "[::1]:587"'],
  ['email_configs: [{ to: a@b.c }]', 'smtp_from: x@y.z, smtp_smarthost: ":25", smtp_require_tls: false'],
  ['email_configs: [{ to: a@b.c }]', 'smtp_from: x, smtp_smarthost: "h:p", smtp_auth_password_file: f'],
  [slack('')],
  [slack('channel: "#a", fields: [{ title: a, value: b }, { title: c, value: d, short: true }]')],
  [
    slack(
      'actions: [{ type: button, text: t, url: u }, { type: button, text: t, name: n, confirm: { text: c } }]',
    ),
  ],
  [slack('mrkdwn_in: [text], link_names: true, short_fields: true, timeout: 5s, message_text: m')],
  ['slack_configs: [{ channel: a }]', 'slack_api_url: "https://hooks.slack.com/services/T/B/x"'],
  ['slack_configs: [{ channel: a }]', 'slack_api_url_file: f'],
  ['slack_configs: [{ channel: a }]', 'slack_app_token: t'],
  ['slack_configs: [{ channel: a, app_token: t }]', 'slack_api_url: "http://h/"'],
  ['slack_configs: [{ channel: a, app_token_file: t, app_url: "https://s/api" }]'],
  ['slack_configs: [{ api_url_file: f }]', 'slack_app_token: t'],
  [
    'slack_configs: [{ channel: a }]',
    'slack_app_token: t, slack_api_url: "https://slack.com/api/chat.postMessage"',
  ],
  ['slack_configs: [{ api_url: "https://slack.com/api/chat.postMessage", update_message: true }]'],
  [pagerduty('routing_key: k')],
  [pagerduty('service_key: k')],
  [pagerduty('routing_key_file: k, url: "http://h/", severity: "{{ .Status }}", timeout: 3s')],
  [
    pagerduty(
      'routing_key: k, details: { a: b, n: { c: [1, 2] } }, images: [{ src: a }], links: [{ href: b, text: c }]',
    ),
  ],
  [pagerduty('routing_key: k, service_key_file: f')],
  [pagerduty('routing_key: k'), 'pagerduty_url: "https://events.eu.pagerduty.com/v2/enqueue"'],
  ['discord_configs: [{ webhook_url: "http://h/", username: u, avatar_url: "http://a/", content: c }]'],
  ['discord_configs: [{ webhook_url_file: f }]'],
  [telegram('chat_id: -1001234567890123')],
  [telegram('chat_id_file: f, parse_mode: "", message_thread_id: 7, disable_notifications: true')],
  [telegram('chat_id: 1, parse_mode: MarkdownV2, api_url: "http://h"')],
  ['telegram_configs: [{ chat_id: 1 }]', 'telegram_bot_token_file: f, telegram_api_url: "http://h"'],
  ['msteams_configs: [{ webhook_url: "http://h/", title: t, summary: s, text: x }]'],
  ['msteamsv2_configs: [{ webhook_url_file: f, title: t, text: x }]'],
  [
    'opsgenie_configs: [{ api_key: k, responders: [{ name: a, type: Team }, { id: "{{ .x }}", type: "{{ .y }}" }] }]',
  ],
  ['opsgenie_configs: [{ tags: a, update_alerts: true, details: { a: b } }]', 'opsgenie_api_key_file: f'],
  ['pushover_configs: [{ user_key: u, token_file: t, retry: 30s, expire: 1h30m, ttl: 1h, html: true }]'],
  ['victorops_configs: [{ api_key: k, routing_key: r, custom_fields: { a: b } }]'],
  ['', 'http_config: { bearer_token: t }, wechat_api_url: "http://h/", jira_api_url: "http://h"'],
];

/** Receivers that both refuse. */
const BAD: readonly (readonly [string, string?])[] = [
  ['webhook_configs: [{ send_resolved: true }]'],
  ['webhook_configs: [{ url: "" }]'],
  ['webhook_configs: [{ url: "http://h/", url_file: f }]'],
  ['webhook_configs: [{ url: "ftp://h/" }]'],
  ['webhook_configs: [{ url: "http:///path" }]'],
  ['webhook_configs: [{ url: "h:80/x" }]'],
  ['webhook_configs: [{ url: "http://h:port/" }]'],
  ['webhook_configs: [{ url: "http://h/%zz" }]'],
  ['webhook_configs: [{ url: "http://h/{{ .x" }]'],
  ['webhook_configs: { url: "http://h/" }'],
  ['webhook_config: []'],
  [hook('max_alerts: -1')],
  [hook('max_alerts: many')],
  [hook('timeout: 1d')],
  [hook('unknown: 1')],
  [http('basic_auth: { username: u, username_file: f }')],
  [http('basic_auth: { password: u, password_file: f }')],
  [http('basic_auth: { username: u }, bearer_token: t')],
  [http('basic_auth: { username: u }, authorization: { credentials: c }')],
  [http('authorization: { type: Basic, credentials: c }')],
  [http('authorization: { credentials: c, credentials_file: d }')],
  [http('authorization: { credentials: c }, bearer_token_file: t')],
  [http('bearer_token: a, bearer_token_file: b')],
  [http('oauth2: { client_secret: s, token_url: "http://t" }')],
  [http('oauth2: { client_id: i }')],
  [http('oauth2: { client_id: i, token_url: t, client_secret: s, client_secret_file: f }')],
  [http('oauth2: { client_id: i, token_url: t }, bearer_token: t')],
  [http('tls_config: { ca: a, ca_file: b }')],
  [http('tls_config: { cert_file: b }')],
  [http('tls_config: { key_file: b }')],
  [http('tls_config: { min_version: TLS14 }')],
  [http('no_proxy: a')],
  [http('proxy_url: "http://p", proxy_from_environment: true')],
  [http('proxy_from_environment: true, no_proxy: a')],
  [http('proxy_connect_header: { X-A: [b] }')],
  [http('http_headers: { authorization: { values: [a] } }')],
  [http('http_headers: { X-A: [b] }')],
  [http('nonsense: true')],
  ['email_configs: [{ from: d@e.f, smarthost: "h:25" }]'],
  ['email_configs: [{ to: a@b.c, smarthost: "h:25" }]'],
  ['email_configs: [{ to: a@b.c, from: d@e.f }]'],
  ['email_configs: [{ to: a@b.c, from: d@e.f, smarthost: h }]'],
  ['email_configs: [{ to: a@b.c, from: d@e.f, smarthost: "h:" }]'],
  ['email_configs: [{ to: a@b.c, from: d@e.f, smarthost: "::1:25" }]'],
  [mail('headers: { subject: a, Subject: b }')],
  [mail('threading: { enabled: true }')],
  [mail('threading: { enabled: true, thread_by_date: daily }, headers: { references: x }')],
  [mail('require_tls: maybe')],
  ['', 'smtp_auth_password: a, smtp_auth_password_file: b'],
  ['', 'smtp_auth_secret: a, smtp_auth_secret_file: b'],
  ['slack_configs: [{ channel: a }]'],
  ['slack_configs: [{ api_url: "http://h/", api_url_file: f }]'],
  ['slack_configs: [{ api_url: "http://h/", app_token: t }]'],
  ['slack_configs: [{ app_token: t, app_token_file: f }]'],
  ['slack_configs: [{ app_token: t, http_config: { authorization: { credentials: c } } }]'],
  ['slack_configs: [{ channel: a }]', 'slack_api_url: "http://h/", slack_api_url_file: f'],
  ['slack_configs: [{ channel: a }]', 'slack_api_url: "http://h/", slack_app_token: t'],
  ['slack_configs: [{ api_url: "http://h/", update_message: true }]'],
  [slack('fields: [{ title: a }]')],
  [slack('fields: [{ value: a }]')],
  [slack('actions: [{ text: t, url: u }]')],
  [slack('actions: [{ type: button, url: u }]')],
  [slack('actions: [{ type: button, text: t }]')],
  [slack('actions: [{ type: button, text: t, name: n, confirm: { title: c } }]')],
  [pagerduty('url: "http://h/"')],
  [pagerduty('routing_key: k, routing_key_file: f')],
  [pagerduty('service_key: k, service_key_file: f')],
  [pagerduty('routing_key: k, url: "h"')],
  ['discord_configs: [{ title: t }]'],
  ['discord_configs: [{ webhook_url: "http://h/", webhook_url_file: f }]'],
  ['telegram_configs: [{ chat_id: 1 }]'],
  [telegram('message: m')],
  [telegram('chat_id: 0')],
  [telegram('chat_id: "@channel"')],
  [telegram('chat_id: 1, chat_id_file: f')],
  [telegram('chat_id: 1, parse_mode: html')],
  [telegram('chat_id: 1, bot_token_file: f')],
  ['', 'telegram_bot_token: a, telegram_bot_token_file: b'],
  ['msteams_configs: [{ title: t }]'],
  ['msteamsv2_configs: [{ webhook_url: "http://h/", webhook_url_file: f }]'],
  ['msteamsv2_configs: [{ webhook_url: "http://h/", summary: s }]'],
  ['opsgenie_configs: [{ message: m }]'],
  ['opsgenie_configs: [{ api_key: k, api_key_file: f }]'],
  ['opsgenie_configs: [{ api_key: k, responders: [{ type: team }] }]'],
  ['opsgenie_configs: [{ api_key: k, responders: [{ name: a, type: group }] }]'],
  ['pushover_configs: [{ token: t }]'],
  ['pushover_configs: [{ user_key: u }]'],
  ['pushover_configs: [{ user_key: u, token: t, html: true, monospace: true }]'],
  ['pushover_configs: [{ user_key: u, token: t, retry: 30 }]'],
  ['victorops_configs: [{ api_key: k }]'],
  ['victorops_configs: [{ routing_key: r }]'],
  ['victorops_configs: [{ api_key: k, routing_key: r, custom_fields: { entity_id: b } }]'],
  ['', 'pagerduty_url: nowhere'],
  ['', 'http_config: { basic_auth: { username: u }, bearer_token: t }'],
];

/** What Alertmanager takes and Binnacle refuses, each with a word about what to do. */
const REFUSED_HERE: readonly (readonly [string, string, RegExp])[] = [
  ['sns_configs: [{ topic_arn: t, sigv4: {} }]', '', /does not speak to Amazon SNS; use webhook_configs/],
  ['mattermost_configs: [{ webhook_url: "http://h/" }]', '', /Mattermost takes Slack messages/],
  ['wechat_configs: [{ api_secret: s, corp_id: c }]', '', /does not speak to WeChat/],
  [hook('timeout: 5'), '', /with a unit: 5s/],
  [mail('auth_password: a, auth_password_file: b'), '', /at most one of auth_password, auth_password_file/],
  [http('proxy_url: "socks5://h"'), '', /other proxies are not used/],
  [http('basic_auth: { username_ref: a }'), '', /no secret manager; name a file \(username_file\)/],
];

/** What Binnacle takes beside Alertmanager's: secrets from the environment. */
const TAKEN_HERE = ['webhook_configs: [{ url_env: HOOK }]', mail('auth_username: u, auth_password_env: P')];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'receivers-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function text(receiver: string, global = ''): string {
  const fields = receiver === '' ? '' : `    ${receiver}\n`;
  return `global: { ${global} }\nroute: { receiver: r }\nreceivers:\n  - name: r\n${fields}`;
}

/** What amtool says of each text: whether it is accepted. */
function amtoolVerdicts(amtool: string, texts: readonly string[]): boolean[] {
  const files = texts.map((content, index) => {
    const file = path.join(folder, `f${index}.yml`);
    writeFileSync(file, content);
    return file;
  });
  const { stdout } = spawnSync(amtool, ['check-config', ...files], { encoding: 'utf8' });
  const said = new Map(
    [...stdout.matchAll(/Checking '([^']+)' {2}(SUCCESS|FAILED)/g)].map(([, file, verdict]) => [
      file,
      verdict,
    ]),
  );
  return files.map((file) => {
    const verdict = said.get(file);
    if (verdict === undefined) throw new Error(`amtool says nothing about ${file}`);
    return verdict === 'SUCCESS';
  });
}

async function ownVerdict(content: string): Promise<true | string> {
  const files = { read: async () => content, list: async () => [] };
  try {
    await loadAlertmanagerConfig('/etc/alertmanager.yml', files);
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe('receivers', () => {
  it('are the same for amtool, good and bad ones', async (context) => {
    const amtool = outside(context, 'amtool');

    const texts = [...GOOD, ...BAD].map(([receiver, global]) => text(receiver, global));
    const verdicts = amtoolVerdicts(amtool, texts);
    const differing: string[] = [];
    for (const [index, content] of texts.entries()) {
      const own = await ownVerdict(content);
      if ((own === true) !== verdicts[index])
        differing.push(`amtool ${verdicts[index]}, we ${own}:\n${content}`);
    }
    expect(differing).toEqual([]);
    expect(verdicts.filter(Boolean)).toHaveLength(GOOD.length);
  });

  it.each(GOOD)('accepts %s %s', async (...fields) => {
    expect(await ownVerdict(text(fields[0] ?? '', fields[1]))).toBe(true);
  });

  it.each(BAD)('refuses %s %s', async (...fields) => {
    expect(await ownVerdict(text(fields[0] ?? '', fields[1]))).toMatch(/^\/etc\/alertmanager.yml:\d+:\d+: /);
  });

  it.each(REFUSED_HERE)(
    'refuses %s, which amtool takes, and says what to do',
    async (receiver, global, words) => {
      expect(await ownVerdict(text(receiver, global))).toMatch(words);
    },
  );

  it('takes secrets from the environment, which amtool does not know', async (context) => {
    const amtool = outside(context, 'amtool');
    const texts = TAKEN_HERE.map((receiver) => text(receiver));
    for (const content of texts) expect(await ownVerdict(content)).toBe(true);
    expect(amtoolVerdicts(amtool, texts)).toEqual(texts.map(() => false));
    expect(
      amtoolVerdicts(
        amtool,
        REFUSED_HERE.map(([receiver, global]) => text(receiver, global)),
      ),
    ).toEqual(REFUSED_HERE.map(() => true));
  });
});
