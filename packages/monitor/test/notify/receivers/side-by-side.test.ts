/** The same receivers, templates and alerts for a real Alertmanager and for Binnacle: the same requests arrive. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import { describe, expect, it } from 'vitest';
import { startAlertmanager } from '../../../../../test/alertmanager.ts';
import { systemClock } from '../../../dist/clock.js';
import { loadAlertmanagerConfig } from '../../../dist/config/alertmanager-file.js';
import { createHttpClient } from '../../../dist/http-client.js';
import { fingerprintOf, type NotifiedAlert } from '../../../dist/notify/alert.js';
import type { Notification } from '../../../dist/notify/integration.js';
import { LoadedMessageTemplates } from '../../../dist/notify/message-templates.js';
import { createIntegrations } from '../../../dist/notify/receivers/integrations.js';
import { processSecrets } from '../../../dist/secret.js';
import { HttpRecorder, pleasedServices, type Recorded } from './http-recorder.ts';

const LONG = 'é'.repeat(5000);

/** One receiver with everything; every template is given, for the default ones are another test's. */
function configOf(url: string): string {
  return `
global:
  opsgenie_api_url: ${url}/opsgenie
  victorops_api_url: ${url}/victorops/
  telegram_api_url: ${url}
  http_config: { http_headers: { X-Team: { values: [ops] } } }
route: { receiver: 'all (of it)', group_by: [alertname], group_wait: 4s, group_interval: 1s }
receivers:
  - name: all (of it)
    webhook_configs:
      - { url: '${url}/hook/{{ .GroupLabels.alertname }}', max_alerts: 1 }
      - url: ${url}/whole
        http_config: { basic_auth: { username: u, password: p } }
      - url: ${url}/payload
        payload:
          count: '{{ len .Alerts }}'
          '{{ .Status }}': [yes it is, 'on', '{{ .CommonLabels.severity }}', 1.5, true, null, '', '012', 'a: b']
          nested: { text: '[1, "{{ .Receiver }}"]', when: '2020-01-01' }
    slack_configs:
      - &slack
        api_url: ${url}/slack/1
        send_resolved: true
        channel: '#{{ .GroupLabels.alertname }}'
        username: bot
        color: '{{ .Status }}'
        title: 'T ${LONG}'
        title_link: '{{ .ExternalURL }}'
        pretext: ''
        text: 'x {{ .CommonAnnotations.summary }} <&>'
        fallback: f
        callback_id: ''
        footer: ''
        icon_emoji: ':fire:'
        icon_url: ''
        message_text: m
        short_fields: true
        link_names: true
        fields: [{ title: a, value: '{{ .Status }}' }, { title: b, value: c, short: false }]
        actions:
          - { type: button, text: '{{ .Status }}', url: 'http://x', name: dropped }
          - { type: button, text: b, name: n, value: v, style: danger, confirm: { title: sure, text: really, ok_text: yes, dismiss_text: no } }
      - <<: *slack
        api_url: ${url}/slack/2
        title: t
        fields: []
        actions: []
        link_names: false
        username: ''
        mrkdwn_in: [text]
        image_url: http://i
        thumb_url: http://t
    pagerduty_configs:
      - routing_key: the-key
        url: ${url}/pagerduty/1
        client: c
        client_url: '{{ .ExternalURL }}'
        description: 'D ${LONG}'
        severity: '{{ .CommonLabels.severity }}'
        class: cl
        component: ''
        group: g
        details: { firing: '{{ .Alerts.Firing | len }}', resolved: none, more: { list: ['{{ .Status }}', 2] } }
        images: [{ src: 'http://i/{{ .Status }}', alt: a }, { src: '' }]
        links: [{ href: http://l, text: '{{ .Status }}' }, { text: none }]
      - routing_key: the-key
        url: ${url}/pagerduty/2
        client: c
        client_url: ''
        description: big
        details: { firing: '${'x'.repeat(520_000)}', resolved: '', num_firing: '', num_resolved: '' }
    discord_configs:
      - { webhook_url: '${url}/discord', title: '${LONG}', message: '${LONG}', content: '{{ .Status }} ${LONG}', username: u, avatar_url: 'http://a/b' }
      - { webhook_url: '${url}/discord/2', title: t, message: '' }
    telegram_configs:
      - { bot_token: '1:token', chat_id: -100123, message: '<b>{{ .GroupLabels.alertname }}</b> {{ .Status }}', message_thread_id: 7, disable_notifications: true }
      - { bot_token: '2:token', chat_id: 5, parse_mode: '', message: '{{ .Status }} ${LONG}' }
      - { bot_token: '3:token', chat_id: 5, parse_mode: MarkdownV2, message: '{{ .Status }}' }
    msteams_configs:
      - { webhook_url: '${url}/msteams', title: '{{ .Status }}', summary: s, text: '${LONG}' }
    msteamsv2_configs:
      - { webhook_url: '${url}/msteamsv2', title: '{{ .Status }}', text: x }
    opsgenie_configs:
      - api_key: the-key
        message: 'M ${LONG}'
        description: d
        source: '{{ .ExternalURL }}'
        details: { extra: '{{ .Status }}' }
        responders: [{ name: 'a,b', type: teams }, { id: i, type: user }, { name: '{{ .CommonLabels.none }}', type: '{{ .CommonLabels.none }}' }]
        tags: 'x,,y'
        note: ''
        priority: P1
        entity: e
        actions: ''
        update_alerts: true
    victorops_configs:
      - { api_key: the-key, routing_key: 'r-{{ .GroupLabels.alertname }}', message_type: info, state_message: '${LONG}', entity_display_name: n, monitoring_tool: m, custom_fields: { a: '{{ .Status }}' } }
`;
}

/** Requests that one message makes: where it fires, and where it is resolved. */
const REQUESTS = { firing: 18, resolved: 16 };

// Alertmanager sends at once what began long ago, before the second alert is there: set when alerts are posted.
let startsMs = 0;
const endsMs = (): number => startsMs + 10;
const ALERTS = ['db', 'web'].map((instance) => ({
  labels: { alertname: 'Disk', instance, severity: 'critical' },
  annotations: { summary: 'disk is full', runbook: `http://r/${instance}` },
  generatorURL: 'http://prometheus/graph?g0.expr=x&g0.tab=1',
}));

function notificationOf(status: 'firing' | 'resolved', externalUrl: string): Notification {
  const alerts = ALERTS.map(({ labels: pairs, annotations, generatorURL }): NotifiedAlert => {
    const labels = Labels.of(pairs);
    return {
      labels,
      annotations,
      startsAtMs: startsMs,
      endsAtMs: status === 'resolved' ? endsMs() : Number.MAX_SAFE_INTEGER,
      generatorUrl: generatorURL,
      status,
      fingerprint: fingerprintOf(labels),
    };
  });
  return {
    receiver: 'all (of it)',
    groupKey: '{}:{alertname="Disk"}',
    groupLabels: Labels.of({ alertname: 'Disk' }),
    alerts,
    externalUrl,
    reason: status === 'firing' ? 'first notification' : 'all alerts resolved',
  };
}

/** What arrived, by path, as far as it is said to be the same. */
function shapeOf(requests: readonly Recorded[]): unknown[] {
  return requests
    .map(({ method, path: at, headers, text }) => ({
      request: `${method} ${at}`,
      type: headers['content-type'],
      authorization: headers.authorization,
      team: headers['x-team'],
      body: JSON.parse(text) as unknown,
    }))
    .sort((a, b) => (a.request < b.request ? -1 : a.request > b.request ? 1 : 0));
}

async function post(alertmanager: string, status: 'firing' | 'resolved'): Promise<void> {
  const body = JSON.stringify(
    ALERTS.map((alert) => ({
      ...alert,
      startsAt: new Date(startsMs),
      ...(status === 'resolved' && { endsAt: new Date(endsMs()) }),
    })),
  );
  const answer = await fetch(`${alertmanager}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(answer.status).toBe(200);
}

describe('the requests of receivers', () => {
  it('are those of Alertmanager', { timeout: 240_000 }, async (context) => {
    const recorder = await HttpRecorder.start(pleasedServices);
    const folder = mkdtempSync(path.join(tmpdir(), 'side-by-side-'));
    const alertmanager = await startAlertmanager(context, folder, configOf(recorder.url));
    try {
      const { receivers } = await loadAlertmanagerConfig(path.join(folder, 'alertmanager.yml'));
      const integrations = createIntegrations(receivers[0]!, {
        templates: LoadedMessageTemplates.load([], systemClock),
        clock: systemClock,
        secrets: processSecrets,
        createClient: createHttpClient,
      });
      for (const status of ['firing', 'resolved'] as const) {
        if (status === 'firing') startsMs = Date.now();
        await post(alertmanager.url, status);
        await recorder.count(REQUESTS[status]);
        const requests = recorder.take();
        const theirs = shapeOf(requests);
        const whole = requests.find((request) => request.path === '/whole');
        const notification = notificationOf(status, String(JSON.parse(whole!.text).externalURL));
        for (const integration of integrations) {
          const result = await integration.send(notification, new AbortController().signal);
          expect({ kind: integration.kind, result }).toMatchObject({ result: { ok: true } });
        }
        expect(shapeOf(recorder.take())).toEqual(theirs);
      }
    } finally {
      await alertmanager.stop();
      recorder.close();
      rmSync(folder, { recursive: true });
    }
  });
});
