/** Receivers over HTTP: what is worth another try, what is cut, and what the shapes are that no Alertmanager shows. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HttpSend } from '../../../dist/http-exchange.js';
import { DEFAULT_HTTP_SETTINGS } from '../../../dist/http-settings.js';
import type { Integration, SendResult } from '../../../dist/notify/integration.js';
import { LoadedMessageTemplates } from '../../../dist/notify/message-templates.js';
import { createIntegrations } from '../../../dist/notify/receivers/integrations.js';
import { truncateChars, truncateHtml } from '../../../dist/notify/receivers/truncate.js';
import { processSecrets, Secret } from '../../../dist/secret.js';
import { ManualClock } from '../../manual-clock.ts';
import { type Answer, HttpRecorder, pleasedServices } from './http-recorder.ts';
import { integrationsOf, NOW_MS, never, notificationOf } from './notifications.ts';

let server: HttpRecorder;
beforeAll(async () => {
  server = await HttpRecorder.start();
});
afterAll(() => server.close());
afterEach(() => {
  server.take();
});

/** What a receiver of each kind says of an answer. */
async function resultOf(kind: string, answer: Answer | undefined): Promise<SendResult> {
  server.answer = () => answer;
  const [integration] = await receiver(kind);
  return await integration!.send(notificationOf(), never());
}

function receiver(kind: string): Promise<readonly Integration[]> {
  const { url } = server;
  const fields: Readonly<Record<string, string>> = {
    webhook: `url: "${url}/hook"`,
    slack: `api_url: "${url}/slack"`,
    pagerduty: `routing_key: the-key, url: "${url}/pagerduty"`,
    discord: `webhook_url: "${url}/discord"`,
    telegram: `bot_token: "1:the-token", chat_id: 1, api_url: "${url}"`,
    msteams: `webhook_url: "${url}/teams"`,
    msteamsv2: `webhook_url: "${url}/teams"`,
    opsgenie: `api_key: the-key, api_url: "${url}"`,
    victorops: `api_key: the-key, routing_key: r, api_url: "${url}"`,
  };
  return integrationsOf(`${kind}_configs: [{ ${fields[kind]} }]`);
}

const KINDS = [
  'webhook',
  'slack',
  'pagerduty',
  'discord',
  'telegram',
  'msteams',
  'msteamsv2',
  'opsgenie',
  'victorops',
];

describe('another try', () => {
  it.each(KINDS)(
    'is worth it for %s after 5xx and 429, not after 400, and not after success',
    async (kind) => {
      expect(await resultOf(kind, { status: 503, body: 'busy' })).toMatchObject({ ok: false, retry: true });
      expect(
        await resultOf(kind, { status: 429, headers: { 'retry-after': '7' }, body: '{"ok":false}' }),
      ).toMatchObject({
        ok: false,
        retry: true,
        ...(kind !== 'telegram' && { retryAfterMs: 7000 }),
      });
      // Telegram is asked again whatever it says, as Alertmanager does.
      expect(await resultOf(kind, { status: 400, body: 'no' })).toMatchObject({
        ok: false,
        retry: kind === 'telegram',
      });
      server.answer = (request) => pleasedServices({ ...request, path: request.path });
      const [integration] = await receiver(kind);
      expect(await integration!.send(notificationOf(), never())).toMatchObject({ ok: true });
      expect(integration).toMatchObject({ kind, index: 0, receiver: 'ops' });
    },
  );

  it.each<[string, string, Answer, object]>([
    [
      'Slack that says no as text',
      'slack',
      { headers: { 'content-type': 'text/plain' }, body: 'no_team' },
      { ok: false, retry: false, reason: 'Slack refuses: no_team' },
    ],
    [
      'Slack that says no as JSON',
      'slack',
      {
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: '{"ok":false,"error":"channel_not_found"}',
      },
      { ok: false, retry: false, reason: 'Slack refuses: channel_not_found' },
    ],
    [
      'Slack that says yes as JSON',
      'slack',
      { headers: { 'content-type': 'application/json' }, body: '{"ok":true}' },
      { ok: true },
    ],
    [
      'Slack that breaks off',
      'slack',
      { headers: { 'content-type': 'application/json' }, body: '{"ok":tr' },
      { ok: false, retry: true },
    ],
    [
      'Telegram that says no',
      'telegram',
      { status: 400, body: '{"ok":false,"description":"chat not found"}' },
      { ok: false, retry: true, reason: 'Telegram refuses (400): chat not found' },
    ],
    [
      'Telegram that is asked too often',
      'telegram',
      { status: 429, body: '{"ok":false,"parameters":{"retry_after":5}}' },
      { ok: false, retry: true, retryAfterMs: 5000 },
    ],
    [
      'PagerDuty that explains',
      'pagerduty',
      { status: 400, body: '{"message":"Event object is invalid","errors":["Length","Key"]}' },
      { ok: false, retry: false, reason: 'the receiver answered 400: Event object is invalid: Length,Key' },
    ],
    [
      'a date to wait for',
      'webhook',
      { status: 503, headers: { 'retry-after': new Date(NOW_MS + 3000).toUTCString() } },
      { ok: false, retry: true, retryAfterMs: 3000 },
    ],
    [
      'a long answer',
      'webhook',
      { status: 404, body: `a\n${'b'.repeat(500)}` },
      { ok: false, retry: false, reason: `the receiver answered 404: a ${'b'.repeat(298)}…` },
    ],
  ])('%s', async (_, kind, answer, expected) => {
    expect(await resultOf(kind, answer)).toMatchObject(expected);
  });

  it('is worth it where there is no connection, and not where there is no address', async () => {
    const [refused] = await integrationsOf('webhook_configs: [{ url: "http://127.0.0.1:1/secret" }]');
    expect(await refused!.send(notificationOf(), never())).toEqual({
      ok: false,
      retry: true,
      reason: 'the receiver cannot be reached: no connection: ECONNREFUSED',
    });
    const secrets = { readFile: async () => 'nowhere', environment: {} };
    const [invalid] = await integrationsOf('webhook_configs: [{ url_file: f }]', { secrets });
    expect(await invalid!.send(notificationOf(), never())).toMatchObject({ ok: false, retry: false });
    const [unread] = await integrationsOf('webhook_configs: [{ url_file: /no/such/file }]');
    expect(await unread!.send(notificationOf(), never())).toEqual({
      ok: false,
      retry: true,
      reason: 'a secret cannot be read: the file /no/such/file cannot be read: ENOENT',
    });
    const [templated] = await integrationsOf('webhook_configs: [{ url: "{{ .CommonLabels.none }}" }]');
    expect(await templated!.send(notificationOf(), never())).toEqual({
      ok: false,
      retry: false,
      reason: 'url is empty',
    });
  });

  it('comes after the time that a receiver has, and never after the monitor has stopped', async () => {
    server.answer = () => undefined;
    const clock = new ManualClock(NOW_MS);
    const [slow] = await integrationsOf(`webhook_configs: [{ url: "${server.url}/silent", timeout: 3s }]`, {
      clock,
    });
    const sending = slow!.send(notificationOf(), never());
    await server.count(1);
    await clock.moveTo(NOW_MS + 3000);
    expect(await sending).toEqual({ ok: false, retry: true, reason: 'no answer within 3000 ms' });
    const stop = new AbortController();
    const stopped = slow!.send(notificationOf(), stop.signal);
    await server.count(2);
    stop.abort(new Error('stopping'));
    await expect(stopped).rejects.toThrow('stopping');
  });
});

describe('templates that fail', () => {
  it.each<[string, string]>([
    ['discord', 'discord_configs: [{ webhook_url: "http://h/", title: "{{ nope }}" }]'],
    ['payload', 'webhook_configs: [{ url: "http://h/", payload: { a: "{{ .Nope }}" } }]'],
    ['slack’s channel', 'slack_configs: [{ api_url: "http://h/", channel: "{{ nope }}" }]'],
  ])('keep a message of %s from going out', async (_, fields) => {
    const [integration] = await integrationsOf(fields);
    expect(await integration!.send(notificationOf(), never())).toEqual({
      ok: false,
      retry: false,
      reason: expect.stringMatching(/^the template of (title|payload|channel) cannot be expanded: /),
    });
  });

  it('leave a word in a message of Slack, which goes out', async () => {
    server.answer = pleasedServices;
    const [slack] = await integrationsOf(
      `slack_configs: [{ api_url: "${server.url}/slack", title: "{{ nope }}", text: t }]`,
    );
    expect(await slack!.send(notificationOf(), never())).toMatchObject({ ok: true });
    const { attachments } = JSON.parse(server.take()[0]!.text) as {
      attachments: { title: string; text: string }[];
    };
    expect(attachments[0]).toMatchObject({
      title: expect.stringContaining('the template of title cannot be'),
      text: 't',
    });
  });
});

describe('messages', () => {
  it('of one group replace each other in Slack where that is wanted', async () => {
    const sent: { url: string; body: Record<string, unknown> }[] = [];
    const client =
      (): HttpSend =>
      async ({ url, body }) => {
        sent.push({ url, body: JSON.parse(body ?? '') as Record<string, unknown> });
        const headers = { 'content-type': 'application/json' };
        return { status: 200, headers, text: '{"ok":true,"channel":"C1","ts":"12.3"}' };
      };
    const [slack] = createIntegrations(
      {
        name: 'ops',
        slackConfigs: [
          {
            ...{
              sendResolved: true,
              http: DEFAULT_HTTP_SETTINGS,
              channel: '#a',
              updateMessage: true,
              timeoutMs: 0,
            },
            apiUrl: Secret.text('https://slack.com/api/chat.postMessage'),
            ...{ username: '', color: '', title: 't', titleLink: '', pretext: '', text: '', messageText: '' },
            ...{
              fields: [],
              footer: '',
              fallback: '',
              callbackId: '',
              iconEmoji: '',
              iconUrl: '',
              imageUrl: '',
            },
            ...{ thumbUrl: '', linkNames: false, mrkdwnIn: [], actions: [] },
          },
        ],
      },
      {
        templates: LoadedMessageTemplates.load([], new ManualClock(NOW_MS)),
        clock: new ManualClock(NOW_MS),
        secrets: processSecrets,
        createClient: client,
      },
    );
    await slack!.send(notificationOf(), never());
    await slack!.send(notificationOf('resolved'), never());
    await slack!.send({ ...notificationOf(), groupKey: 'another' }, never());
    expect(sent.map(({ url, body }) => [url, body.channel, body.ts])).toEqual([
      ['https://slack.com/api/chat.postMessage', '#a', undefined],
      ['https://slack.com/api/chat.update', 'C1', '12.3'],
      ['https://slack.com/api/chat.postMessage', '#a', undefined],
    ]);
  });

  it('of Pushover and of PagerDuty’s first version go to addresses of their own', async () => {
    const sent: { url: string; type: string | undefined; body: string }[] = [];
    const client =
      (): HttpSend =>
      async ({ url, headers, body }) => {
        sent.push({ url, type: headers?.['content-type'], body: body ?? '' });
        return { status: 200, headers: {}, text: '' };
      };
    const http = DEFAULT_HTTP_SETTINGS;
    const integrations = createIntegrations(
      {
        name: 'ops',
        pushoverConfigs: [
          {
            ...{
              sendResolved: true,
              http,
              userKey: Secret.text('the-user'),
              token: Secret.text('the-token'),
            },
            ...{
              title: '{{ .Status }}',
              message: '  ',
              url: '',
              urlTitle: '',
              device: '',
              sound: 's',
              priority: '2',
            },
            ...{ retryMs: 90_500, expireMs: 3_600_000, ttlMs: 1000, html: true, monospace: false },
          },
        ],
        pagerdutyConfigs: [
          {
            ...{
              sendResolved: true,
              http,
              api: 'events-v1' as const,
              key: Secret.text('the-key'),
              url: 'https://v1',
            },
            ...{
              client: 'c',
              clientUrl: 'u',
              description: '{{ .Status }}',
              details: { n: '{{ len .Alerts }}' },
            },
            ...{
              images: [],
              links: [],
              source: '',
              severity: '',
              class: '',
              component: '',
              group: '',
              timeoutMs: 0,
            },
          },
        ],
      },
      {
        templates: LoadedMessageTemplates.load([], new ManualClock(NOW_MS)),
        clock: new ManualClock(NOW_MS),
        secrets: processSecrets,
        createClient: client,
      },
    );
    for (const status of ['firing', 'resolved'] as const)
      for (const integration of integrations) await integration.send(notificationOf(status, 2), never());
    expect(Object.fromEntries(new URLSearchParams(sent[1]!.body))).toEqual({
      ...{
        token: 'the-token',
        user: 'the-user',
        title: 'firing',
        html: '1',
        message: '(no details)',
        url: '',
      },
      ...{ url_title: '', priority: '2', retry: '90', expire: '3600', device: '', sound: 's', ttl: '1' },
    });
    expect(sent[1]).toMatchObject({
      url: 'https://api.pushover.net/1/messages.json',
      type: 'application/x-www-form-urlencoded',
    });
    const incident = '849f8175e1fa447711c42b6e6cfb199b37d2ba91e3e51a900048a82f9cf0abaa';
    const v1 = {
      service_key: 'the-key',
      incident_key: incident,
      event_action: '',
      payload: null,
      details: { n: 2 },
    };
    expect(JSON.parse(sent[0]!.body)).toEqual({
      ...v1,
      event_type: 'trigger',
      description: 'firing',
      client: 'c',
      client_url: 'u',
    });
    expect(JSON.parse(sent[2]!.body)).toEqual({ ...v1, event_type: 'resolve', description: 'resolved' });
  });

  it('in Telegram’s HTML are cut where no tag breaks', async () => {
    server.answer = pleasedServices;
    const long = 'x &amp; '.repeat(2000);
    const [telegram] = await integrationsOf(
      `telegram_configs: [{ bot_token: "1:t", chat_id: 1, api_url: "${server.url}", message: "<b>a <i>${long}</i></b>" }]`,
    );
    await telegram!.send(notificationOf(), never());
    const { text } = JSON.parse(server.take()[0]!.text) as { text: string };
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text).toMatch(/(&amp; |x |&amp;|x)…<\/i><\/b>$/);
  });
});

describe('texts that are too long', () => {
  it('are cut by characters, not by parts of them', () => {
    expect(truncateChars('😀😀😀😀😀', 4)).toBe('😀😀😀…');
    expect(truncateChars('😀😀😀😀', 4)).toBe('😀😀😀😀');
    expect(truncateChars('abcdef', 3)).toBe('abc');
  });

  it('are never longer than asked for, and HTML keeps its tags whole', () => {
    const piece = fc.constantFrom(
      '<b>',
      '</b>',
      '<i>',
      '</i>',
      '&lt;',
      'a',
      '😀',
      ' ',
      '<a href="x">',
      '</a>',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 15, maxLength: 80 }),
        fc.integer({ min: 20, max: 60 }),
        (pieces, max) => {
          const text = pieces.join('');
          const cut = truncateHtml(text, max);
          expect([...cut].length).toBeLessThanOrEqual(Math.max(max, 0));
          if ([...text].length <= max) expect(cut).toBe(text);
          // What is opened in what is left is closed there.
          const opened = (cut.match(/<[bia][ >]/g) ?? []).length;
          const closed = (cut.match(/<\/[bia]>/g) ?? []).length;
          if (cut !== text && !text.includes('</')) expect(closed).toBe(opened);
          expect(cut).not.toMatch(/&[a-z]*…|<[^>]*…/);
        },
      ),
    );
  });
});
