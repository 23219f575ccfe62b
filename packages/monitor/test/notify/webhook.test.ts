import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Labels } from '@binnacle/metrics/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprintOf, type NotifiedAlert } from '../../dist/notify/alert.js';
import type { Notification } from '../../dist/notify/integration.js';
import { postWebhook, webhookPayload } from '../../dist/notify/webhook.js';

let server: Server;
let url = '';
const received: { method: string | undefined; type: string | undefined; body: string }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      received.push({ method: request.method, type: request.headers['content-type'], body });
      if (request.url === '/silent') return;
      response.writeHead(Number(request.url!.slice(1)));
      response.end('no');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function notified(job: string, status: 'firing' | 'resolved', severity = 'page'): NotifiedAlert {
  const labels = Labels.of({ alertname: 'Down', job, severity });
  return {
    labels,
    annotations: { summary: `${job} is down`, runbook: 'r' },
    startsAtMs: 1_700_000_000_500,
    endsAtMs: 1_700_000_060_000,
    generatorUrl: 'http://localhost:9700/graph',
    status,
    fingerprint: fingerprintOf(labels),
  };
}

const notification: Notification = {
  receiver: 'team',
  groupKey: '{}:{alertname="Down"}',
  groupLabels: Labels.of({ alertname: 'Down' }),
  alerts: [notified('web', 'firing'), notified('db', 'resolved', 'ticket')],
  externalUrl: 'http://localhost:9700',
};

describe('the webhook payload', () => {
  it('is version 4 of Alertmanager’s', () => {
    expect(JSON.parse(webhookPayload(notification, 0))).toEqual({
      version: '4',
      groupKey: '{}:{alertname="Down"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'team',
      groupLabels: { alertname: 'Down' },
      commonLabels: { alertname: 'Down' },
      commonAnnotations: { runbook: 'r' },
      externalURL: 'http://localhost:9700',
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'Down', job: 'web', severity: 'page' },
          annotations: { summary: 'web is down', runbook: 'r' },
          startsAt: '2023-11-14T22:13:20.5Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://localhost:9700/graph',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
        {
          status: 'resolved',
          labels: { alertname: 'Down', job: 'db', severity: 'ticket' },
          annotations: { summary: 'db is down', runbook: 'r' },
          startsAt: '2023-11-14T22:13:20.5Z',
          endsAt: '2023-11-14T22:14:20Z',
          generatorURL: 'http://localhost:9700/graph',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
    });
  });

  it('is cut at max_alerts and says by how many', () => {
    expect(JSON.parse(webhookPayload(notification, 1))).toMatchObject({
      truncatedAlerts: 1,
      alerts: [{ status: 'firing' }],
    });
  });
});

describe('fingerprints', () => {
  it('are FNV-1a over names and values', () => {
    // The offset basis itself, and a value worked out by hand with the 64-bit prime.
    expect(fingerprintOf(Labels.EMPTY)).toBe('cbf29ce484222325');
    let hash = 0xcbf29ce484222325n;
    for (const byte of [0x61, 0xff, 0xc3, 0xa9, 0xff])
      hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & (2n ** 64n - 1n);
    expect(fingerprintOf(Labels.of({ a: 'é' }))).toBe(hash.toString(16).padStart(16, '0'));
  });
});

describe('posting', () => {
  const options = { timeoutMs: 0, signal: new AbortController().signal };

  it('sends JSON and takes 2xx for an answer', async () => {
    expect(await postWebhook(fetch, `${url}/204`, '{"a":1}', options)).toEqual({ ok: true });
    expect(received.at(-1)).toEqual({ method: 'POST', type: 'application/json', body: '{"a":1}' });
  });

  it.each<[string, boolean, string]>([
    ['/500', true, 'the receiver answered 500'],
    ['/429', true, 'the receiver answered 429'],
    ['/404', false, 'the receiver answered 404'],
  ])('%s: trying again helps: %s', async (path, retry, reason) => {
    expect(await postWebhook(fetch, url + path, '{}', options)).toEqual({ ok: false, retry, reason });
  });

  it('gives up after its time', async () => {
    const result = await postWebhook(fetch, `${url}/silent`, '{}', { ...options, timeoutMs: 50 });
    expect(result).toEqual({ ok: false, retry: true, reason: 'no answer within 50 ms' });
  });

  it('never tells the address', async () => {
    const refused = await postWebhook(fetch, 'http://127.0.0.1:1/secret', '{}', options);
    expect(refused).toMatchObject({ ok: false, retry: true });
    const invalid = await postWebhook(fetch, 'http://user:secret@[/', '{}', options);
    expect(invalid).toMatchObject({ ok: false });
    expect(JSON.stringify([refused, invalid])).not.toContain('secret');
  });

  it('rejects when the monitor stops', async () => {
    const stop = new AbortController();
    const sending = postWebhook(fetch, `${url}/silent`, '{}', { timeoutMs: 0, signal: stop.signal });
    stop.abort(new Error('stopping'));
    await expect(sending).rejects.toThrow('stopping');
  });
});
