import { describe, expect, it } from 'vitest';
import { shownConfig } from '../../dist/config/shown-config.js';

/** Every word with `hunter` in it is a secret. */
const FILE = `# The password is hunter0.
global:
  smtp_auth_password: hunter1 # hunter2
  smtp_auth_password_file: /run/password
  slack_api_url: "https://hooks.slack.com/hunter3"
  http_config:
    basic_auth: { username: bob, password: 'hunter4' }
    authorization: { type: Bearer, credentials: hunter5 }
    oauth2: { client_id: id, client_secret: hunter6, token_url: https://x }
    proxy_url: http://bob:hunter7@hunter@proxy:3128
    proxy_connect_header: { X-Token: [ hunter8, hunter9 ] }
    http_headers: { token: { values: [ shown ], secrets: [ hunter10 ], files: [ /run/header ] } }
    tls_config: { key: "hunter11" }
route:
  receiver: a
  routes:
  - match: { key: value, code: 0500 }
    matchers: [ 'token="x"' ]
receivers:
- name: a
  webhook_configs:
  - &hook { url: http://hunter12/x, max_alerts: 05 }
  - <<: *hook
    send_resolved: no
  slack_configs:
  - { api_url: http://hunter13, channel: '#ops', actions: [ { type: button, url: http://shown } ] }
  pagerduty_configs: [ { routing_key: &pd hunter14, url: http://shown-too } ]
  pushover_configs:
  - { user_key: *pd, token: hunter15 }
  telegram_configs: [ { bot_token: hunter16, chat_id: -100, message: 'hi # there' } ]
  discord_configs: [ { webhook_url: https://hunter17 } ]
  opsgenie_configs: [ { api_key: hunter18, api_url: https://shown-as-well } ]
  email_configs: [ { to: 'a@b', auth_secret: hunter19, auth_password: '' } ]
`;

describe('a configuration is shown', () => {
  const shown = shownConfig(FILE);

  it('without secrets and without comments', () => {
    expect(shown).not.toMatch(/hunter|#(?! there|ops)/);
    expect(shown.match(/<secret>/g)).toHaveLength(17);
    expect(shown).toContain('http://bob:xxxxx@proxy:3128');
  });

  it('with all that is no secret', () => {
    for (const text of ['/run/password', 'username: bob', '/run/header', 'values: [ shown ]', 'key: value'])
      expect(shown).toContain(text);
    for (const text of [
      'token="x"',
      'http://shown',
      'http://shown-too',
      'https://shown-as-well',
      '-100',
      "'#ops'",
    ])
      expect(shown).toContain(text);
    for (const text of ['code: "0500"', "auth_password: ''", "message: 'hi # there'", 'max_alerts: 5'])
      expect(shown).toContain(text);
  });

  it.each([
    ...['smtp_auth_password', 'smtp_auth_secret', 'slack_api_url', 'slack_app_token', 'opsgenie_api_key'],
    ...[
      'wechat_api_secret',
      'victorops_api_key',
      'telegram_bot_token',
      'rocketchat_token',
      'rocketchat_token_id',
    ],
    ...['mattermost_webhook_url'],
  ])('without the secret %s of global', (name) => {
    expect(shownConfig(`global: { ${name}: hunter, ${name}_file: /run/s }\n`)).toBe(
      `global: { ${name}: <secret>, ${name}_file: /run/s }\n`,
    );
  });

  it.each([
    ['email_configs', 'auth_password'],
    ['email_configs', 'auth_secret'],
    ['pagerduty_configs', 'service_key'],
    ['pagerduty_configs', 'routing_key'],
    ['slack_configs', 'api_url'],
    ['slack_configs', 'app_token'],
    ['wechat_configs', 'api_secret'],
    ['opsgenie_configs', 'api_key'],
    ['victorops_configs', 'api_key'],
    ['pushover_configs', 'user_key'],
    ['pushover_configs', 'token'],
    ['telegram_configs', 'bot_token'],
    ['discord_configs', 'webhook_url'],
    ['msteams_configs', 'webhook_url'],
    ['msteamsv2_configs', 'webhook_url'],
    ['mattermost_configs', 'webhook_url'],
    ['rocketchat_configs', 'token_id'],
    ['incidentio_configs', 'alert_source_token'],
    ['webhook_configs', 'url'],
  ])('without the secret of %s: %s', (list, name) => {
    expect(shownConfig(`receivers: [ { ${list}: [ { ${name}: hunter } ] } ]\n`)).toBe(
      `receivers: [ { ${list}: [ { ${name}: <secret> } ] } ]\n`,
    );
  });

  it('without a secret that an alias brings from a place where it is none', () => {
    const text =
      'receivers: [ { name: &n hunter, slack_configs: [ { api_url: *n } ], webhook_configs: &w [ { url: x } ] } ]\n';
    expect(shownConfig(text)).toBe(text.replace('hunter', '<secret>').replace('url: x', 'url: <secret>'));
  });

  it('the same when it is shown again', () => {
    expect(shownConfig(shown)).toBe(shown);
  });

  it('as nothing when it is empty', () => {
    expect(shownConfig('')).toBe('');
    expect(shownConfig('# hunter\n')).toBe('');
  });
});
