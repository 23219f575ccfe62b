/**
 * A secret stands in every field that holds one, and everything that can be printed about the receivers is printed:
 * problems of the file, the configuration, and failures against servers that repeat all that they are sent.
 */
import { format, inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAlertmanagerConfig } from '../../../dist/config/alertmanager-file.js';
import { ConfigError, explainProblem } from '../../../dist/config/config-error.js';
import type { SecretSources } from '../../../dist/secret.js';
import { Secret, SecretScope } from '../../../dist/secret.js';
import { HttpRecorder } from './http-recorder.ts';
import { integrationsOf, never, notificationOf } from './notifications.ts';

const PLANTED = 'hunter2-Sesam+"öffne/dich"';
/** The planted secret in addresses, JSON and base 64, and its parts that would tell enough. */
const TRACES = ['hunter2', 'Sesam', Buffer.from(PLANTED).toString('base64').slice(0, 20)];
const IN_YAML = `'${PLANTED}'`;
const IN_URL = encodeURIComponent(PLANTED);

let server: HttpRecorder;
beforeAll(async () => {
  // Repeats everything, as a careless server would in its error.
  server = await HttpRecorder.start(({ path, headers, text }) => ({
    status: 500,
    body: `${path} ${decodeURIComponent(path)} ${JSON.stringify(headers)} ${text} ${basicOf(headers.authorization)}`,
  }));
});
afterAll(() => server.close());

function basicOf(header: string | undefined): string {
  return Buffer.from(header?.split(' ')[1] ?? '', 'base64').toString();
}

/** Each field that holds a secret: the receiver that has it, and `global`. */
function receiversWithSecrets(url: string): [string, string, string][] {
  const http = (fields: string) => `webhook_configs: [{ url: "${url}/", http_config: { ${fields} } }]`;
  const texts = 'title: t, message: m, description: d, source: s, client: c, client_url: c';
  return [
    ['webhook url', `webhook_configs: [{ url: "${url}/${IN_URL}/x?token=${IN_URL}" }]`, ''],
    ['webhook url with password', `webhook_configs: [{ url: "${url.replace('//', `//u:${IN_URL}@`)}" }]`, ''],
    ['basic_auth', http(`basic_auth: { username: u, password: ${IN_YAML} }`), ''],
    ['authorization', http(`authorization: { credentials: ${IN_YAML} }`), ''],
    ['bearer_token', http(`bearer_token: hunter2-Sesam`), ''],
    ['header', http(`http_headers: { X-Key: { secrets: [hunter2-Sesam] } }`), ''],
    ['oauth2', http(`oauth2: { client_id: i, client_secret: ${IN_YAML}, token_url: "${url}/" }`), ''],
    ['proxy', http(`proxy_url: "${url.replace('//', `//u:${IN_URL}@`)}"`), ''],
    ['tls key', http(`tls_config: { cert: a, key: ${IN_YAML} }`).replace('http://', 'https://'), ''],
    ['slack api_url', `slack_configs: [{ api_url: "${url}/services/T/B/${IN_URL}" }]`, ''],
    ['slack app_token', `slack_configs: [{ app_token: hunter2-Sesam, app_url: "${url}/" }]`, ''],
    ['global slack_api_url', 'slack_configs: [{ channel: c }]', `slack_api_url: "${url}/${IN_URL}"`],
    [
      'routing_key',
      `pagerduty_configs: [{ routing_key: ${IN_YAML}, url: "${url}/", client: c, client_url: c, description: d, details: { firing: a, resolved: a } }]`,
      '',
    ],
    ['discord', `discord_configs: [{ webhook_url: "${url}/${IN_URL}", title: t, message: m }]`, ''],
    [
      'telegram',
      `telegram_configs: [{ bot_token: '1:hunter2-Sesam', chat_id: 1, api_url: "${url}", message: m }]`,
      '',
    ],
    [
      'global telegram',
      `telegram_configs: [{ chat_id: 1, message: m }]`,
      `telegram_api_url: "${url}", telegram_bot_token: '1:hunter2-Sesam'`,
    ],
    ['msteams', `msteams_configs: [{ webhook_url: "${url}/${IN_URL}", title: t, summary: s, text: x }]`, ''],
    ['msteamsv2', `msteamsv2_configs: [{ webhook_url: "${url}/${IN_URL}", title: t, text: x }]`, ''],
    [
      'opsgenie',
      `opsgenie_configs: [{ api_key: hunter2-Sesam, api_url: "${url}/", ${texts.slice(10)} }]`.replace(
        /, client: c.*? \}/,
        ' }',
      ),
      '',
    ],
    [
      'victorops',
      `victorops_configs: [{ api_key: ${IN_YAML}, api_url: "${url}/", routing_key: r, state_message: s, entity_display_name: e, monitoring_tool: m }]`,
      '',
    ],
    [
      'template in a secret',
      `pagerduty_configs: [{ routing_key: '{{ hunter2-Sesam }}', url: "${url}/" }]`,
      '',
    ],
    [
      'smtp',
      `email_configs: [{ to: a@b.c, headers: { Subject: s }, html: h }]`,
      `smtp_from: a@b.c, smtp_smarthost: "127.0.0.1:1", smtp_auth_username: u, smtp_auth_password: ${IN_YAML}, smtp_auth_secret: ${IN_YAML}`,
    ],
  ];
}

function expectNoTrace(text: string): void {
  for (const trace of TRACES) expect(text).not.toContain(trace);
  expect(text).not.toContain(IN_URL);
}

describe('a secret', () => {
  it('is shown by nothing that fails', async () => {
    for (const [name, receiver, global] of receiversWithSecrets(server.url)) {
      for (const integration of await integrationsOf(receiver, { global })) {
        const result = await integration.send(notificationOf(), never());
        expect({ name, result }).toMatchObject({ result: { ok: false } });
        expectNoTrace(`${name}: ${JSON.stringify(result)}`);
        expectNoTrace(inspect(integration, { depth: 20, showHidden: true }));
      }
    }
  });

  it('reaches the servers all the same', async () => {
    server.take();
    const [webhook] = await integrationsOf(
      `webhook_configs: [{ url: "${server.url}/", http_config: { basic_auth: { username: u, password: ${IN_YAML} } } }]`,
    );
    await webhook!.send(notificationOf(), never());
    expect(basicOf(server.take()[0]!.headers.authorization)).toBe(`u:${PLANTED}`);
  });

  it('is shown by nothing that prints the configuration', async () => {
    for (const [, receiver, global] of receiversWithSecrets(server.url)) {
      const text = `global: { ${global} }\nroute: { receiver: r }\nreceivers:\n- name: r\n  ${receiver}\n`;
      const config = await loadAlertmanagerConfig('/a.yml', { read: async () => text, list: async () => [] });
      for (const shown of [
        JSON.stringify(config),
        inspect(config, { depth: 20, showHidden: true }),
        format('%o', config),
        String(config),
      ])
        expectNoTrace(shown);
    }
  });

  it('is shown by no problem of its file', async () => {
    const inNoWay: string[] = [];
    for (const [, receiver, global] of receiversWithSecrets(server.url)) {
      const lines = `global: { ${global}, nonsense: 1 }\nroute: { receiver: r }\nreceivers:\n- name: r\n  ${receiver.replace(/ \}\]$/, ', nonsense: 1 }]')}\n`;
      inNoWay.push(
        lines,
        `${lines}  broken: [\n`,
        lines.replace(/: '/g, ': *').replaceAll(': "http', ': "ftp'),
      );
    }
    for (const text of inNoWay) {
      const problems = await loadAlertmanagerConfig('/a.yml', {
        read: async () => text,
        list: async () => [],
      }).then(
        () => [],
        (error: unknown) => (error instanceof ConfigError ? error.problems : Promise.reject(error)),
      );
      expect(problems.length).toBeGreaterThan(0);
      for (const problem of problems) expectNoTrace(`${explainProblem(problem)} ${JSON.stringify(problem)}`);
    }
  });

  it('is read at each use, from files and from the environment', async () => {
    let content = 'first\n';
    const environment: Record<string, string> = {};
    const secrets: SecretSources = { readFile: async () => content, environment };
    const file = Secret.file('/x');
    expect(await file.reveal(secrets)).toBe('first');
    content = 'second';
    expect(await file.reveal(secrets)).toBe('second');
    const variable = Secret.environment('V');
    await expect(variable.reveal(secrets)).rejects.toThrow('the environment has no variable "V"');
    environment.V = 'third';
    expect(await variable.reveal(secrets)).toBe('third');
    await expect(Secret.file('/no/such').reveal()).rejects.toThrow(
      'the file /no/such cannot be read: ENOENT',
    );
  });

  it('is taken out of texts in every shape', async () => {
    const scope = new SecretScope();
    await scope.reveal(Secret.text('pass"word ü'));
    await scope.reveal(Secret.text('https://u:p%40ss@h/hook/T012345678?key=abcdefghij'));
    expect(scope.redact('a pass"word ü b pass%22word%20%C3%BC c pass\\"word ü')).toBe(
      'a <secret> b <secret> c <secret>',
    );
    expect(scope.redact('GET /hook/T012345678 with T012345678, abcdefghij and p@ss at h')).toBe(
      'GET <secret> with <secret>, <secret> and <secret> at h',
    );
  });
});
