import { request } from 'node:http';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertmanagerRoutes } from '../../dist/api/alertmanager-routes.js';
import { plainText } from '../../dist/api/envelope.js';
import { RequestGuard } from '../../dist/api/request-guard.js';
import { ApiServer } from '../../dist/api/server.js';
import { Silences } from '../../dist/notify/silences.js';
import { ManualClock } from '../manual-clock.ts';
import { StandInNotifier } from '../notify/stand-in-notifier.ts';

const SILENCE = JSON.stringify({
  matchers: [{ name: 'alertname', value: '.+', isRegex: true }],
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2099-01-01T00:00:00Z',
  createdBy: 'a page',
  comment: 'hides everything',
});
const NOW_MS = Date.parse('2026-06-01T00:00:00Z');

let server: ApiServer;
let silences: Silences;
let port = 0;

beforeAll(async () => {
  silences = await Silences.open({
    clock: new ManualClock(NOW_MS),
    store: { load: async () => ({ silences: [], problem: undefined }), save: async () => {} },
    onProblem: () => {},
  });
  const notifier = new StandInNotifier(silences, () => NOW_MS);
  server = new ApiServer({
    routes: [
      ...alertmanagerRoutes({ notifier: () => notifier, silences, version: '' }),
      { methods: ['GET', 'POST'], path: '/api/v1/query', handle: () => plainText('1') },
    ],
    fallback: () => plainText('page'),
    now: () => NOW_MS,
    onError: () => {},
    externalUrl: 'https://monitor.example.org/binnacle',
    allowedHosts: ['Binnacle.internal'],
  });
  ({ port } = await server.listen('127.0.0.1', 0));
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** As a browser or an attacker may send it: every header is given. */
function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, method, path, headers, setHost: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    })
      .on('error', reject)
      .end(body);
  });
}

const active = () => silences.list().filter(({ endsAtMs }) => endsAtMs > NOW_MS);
const own = () => `127.0.0.1:${port}`;
const JSON_TYPE = { 'content-type': 'application/json' };

describe('pages of other sites', () => {
  it.each([
    ['another site', { origin: 'http://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['another scheme and port', { origin: 'https://127.0.0.1' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['nonsense', { origin: 'evil' }],
    ['a name that ends alike', { origin: 'https://evilmonitor.example.org' }],
    ['another scheme of the external address', { origin: 'http://monitor.example.org' }],
    ['a browser that hides the origin', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour under the same domain', { 'sec-fetch-site': 'same-site' }],
  ])('can neither make nor end silences, nor post alerts: %s', async (_, headers) => {
    const host = { host: own(), ...JSON_TYPE, ...headers };
    const id = await silences.set({
      matchers: [{ name: 'a', op: '=', value: 'b', matches: () => false }],
      endsAtMs: NOW_MS + 1000,
      createdBy: '',
      comment: '',
    });
    for (const [method, path, body] of [
      ['POST', '/api/v2/silences', SILENCE],
      ['POST', '/alertmanager/api/v2/silences', SILENCE],
      ['DELETE', `/api/v2/silence/${id}`, ''],
      ['POST', '/api/v2/alerts', '[{"labels":{"alertname":"X"}}]'],
    ] as const) {
      const answer = await send(method, path, host, body);
      expect(answer.status, `${method} ${path}`).toBe(403);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(active().map((silence) => silence.id)).toEqual([id]);
    await silences.expire(id);
  });

  it('cannot send a form that is read as JSON, nor ask whether they may', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) {
      const headers = { host: own(), ...(type !== '' && { 'content-type': type }) };
      const answer = await send('POST', '/api/v2/silences', headers, SILENCE);
      expect([answer.status, JSON.parse(answer.body).code], type).toEqual([415, 415]);
    }
    const preflight = await send('OPTIONS', '/api/v2/silences', {
      host: own(),
      origin: 'http://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    });
    expect(preflight.status).toBe(405);
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
    expect(active()).toEqual([]);
  });

  it.each([
    'evil.example',
    'evil.example:9700',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'monitor.example.org.evil.example',
    'evil.example#localhost',
    'localhost@evil.example',
    'user:localhost@evil.example',
    '',
  ])('that point their own name %j here are not answered, whatever they ask', async (host) => {
    for (const [method, path] of [
      ['GET', '/api/v2/alerts'],
      ['GET', '/api/v1/query'],
      ['GET', '/'],
      ['POST', '/api/v2/silences'],
    ] as const) {
      const headers = { host, origin: `http://${host}`, ...JSON_TYPE };
      const answer = await send(method, path, headers, method === 'POST' ? SILENCE : '');
      expect([400, 403], `${method} ${path}`).toContain(answer.status);
      expect(answer.body).not.toContain('page');
    }
    expect(active()).toEqual([]);
  });
});

describe('its own page, and clients that are no browser', () => {
  it.each([
    ['the page', () => ({ host: own(), origin: `http://${own()}` })],
    ['the page under its name', () => ({ host: `LocalHost:${port}`, origin: `http://localhost:${port}` })],
    ['the page under IPv6', () => ({ host: '[::1]:9700', origin: 'http://[::1]:9700' })],
    ['the page by the address of the machine', () => ({ host: '10.1.2.3', origin: 'http://10.1.2.3' })],
    ['behind a proxy', () => ({ host: 'monitor.example.org', origin: 'https://monitor.example.org' })],
    ['behind a proxy that changes Host', () => ({ host: own(), origin: 'https://monitor.example.org' })],
    ['a name that was allowed', () => ({ host: 'binnacle.internal:9700' })],
    ['amtool', () => ({ host: own() })],
    ['a browser of long ago', () => ({ host: own(), 'sec-fetch-site': 'same-origin' })],
  ])('may: %s', async (_, headers) => {
    const answer = await send('POST', '/api/v2/silences', { ...headers(), ...JSON_TYPE }, SILENCE);
    expect(answer.status).toBe(200);
    const { silenceID } = JSON.parse(answer.body) as { silenceID: string };
    const ended = await send('DELETE', `/api/v2/silence/${silenceID}`, headers());
    expect([ended.status, ended.body]).toEqual([200, '']);
    expect((await send('GET', '/', headers())).body).toBe('page');
    expect(active()).toEqual([]);
  });

  it('may name the machine when all of its addresses are listened on, and else not', () => {
    const guard = (listenHost: string) =>
      new RequestGuard({ listenHost, externalUrl: undefined, allowedHosts: [] });
    const asked = { method: 'GET', headers: { host: `${hostname()}:9700` } };
    guard('0.0.0.0').check(asked);
    guard('::').check(asked);
    guard(hostname()).check(asked);
    const named = { listenHost: '::1', externalUrl: undefined, allowedHosts: ['Binnacle.internal:9700'] };
    new RequestGuard(named).check({ method: 'GET', headers: { host: 'binnacle.internal' } });
    expect(() => guard('127.0.0.1').check(asked)).toThrow('--allow-host NAME');
    // A client of HTTP 1.0 names no host, and is no browser.
    guard('127.0.0.1').check({ method: 'POST', headers: {} });
  });
});
