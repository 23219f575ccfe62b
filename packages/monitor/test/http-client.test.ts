/** The HTTP client with the settings of `http_config`, against servers and proxies on this machine. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { readHttpConfig } from '../dist/config/http-config.js';
import { YamlFile } from '../dist/config/yaml-reader.js';
import { createHttpClient } from '../dist/http-client.js';
import { ANSWER_BYTES_MAX, type HttpAnswer } from '../dist/http-exchange.js';
import { bypasses } from '../dist/http-proxy.js';
import { DEFAULT_HTTP_SETTINGS } from '../dist/http-settings.js';
import { processSecrets, SecretScope } from '../dist/secret.js';
import { ManualClock } from './manual-clock.ts';

const tls = (name: string): string =>
  fileURLToPath(new URL(`../../metrics/test/fixtures/tls/${name}`, import.meta.url));
const CERTIFICATE = { cert: readFileSync(tls('server.pem')), key: readFileSync(tls('server-key.pem')) };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

type Handler = (
  request: IncomingMessage,
  body: string,
) => { status?: number; headers?: Record<string, string>; body?: string };

function handling(handler: Handler) {
  return (request: IncomingMessage, response: import('node:http').ServerResponse): void => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const answer = handler(request, body);
      response.writeHead(answer.status ?? 200, answer.headers);
      response.end(answer.body ?? '');
    });
  };
}

/** What a server sees. */
const echo: Handler = (request, body) => ({
  body: JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }),
});

function clientOf(fields: string, clock = new ManualClock(0)) {
  const file = YamlFile.parse('/etc/c.yml', `http_config: { ${fields} }`);
  const settings = readHttpConfig(file.map, 'http_config', '/etc/c.yml') ?? DEFAULT_HTTP_SETTINGS;
  file.throwIfProblems();
  return createHttpClient(settings, { clock, secrets: processSecrets });
}

function post(client: ReturnType<typeof clientOf>, url: string): Promise<HttpAnswer> {
  const headers = { 'content-type': 'text/plain' };
  return client({
    method: 'POST',
    url,
    headers,
    body: 'hello',
    signal: new AbortController().signal,
    scope: new SecretScope(),
  });
}

async function seen(client: ReturnType<typeof clientOf>, url: string) {
  const answer = await post(client, url);
  return JSON.parse(answer.text) as {
    method: string;
    url: string;
    headers: Record<string, string>;
    body: string;
  };
}

describe('the client', () => {
  it.each<[string, Record<string, string>]>([
    ['', { 'user-agent': 'Binnacle', 'content-type': 'text/plain', 'content-length': '5' }],
    ['basic_auth: { username: u, password: "p:q" }', { authorization: 'Basic dTpwOnE=' }],
    ['authorization: { type: Token, credentials: c }', { authorization: 'Token c' }],
    ['bearer_token: b', { authorization: 'Bearer b' }],
    ['http_headers: { X-A: { values: [a, b], secrets: [c] } }', { 'x-a': 'a, b, c' }],
  ])('with "%s" sends its headers', async (fields, headers) => {
    const port = await listening(createServer(handling(echo)));
    const request = await seen(clientOf(fields), `http://127.0.0.1:${port}/p?q=1`);
    expect(request).toMatchObject({ method: 'POST', url: '/p?q=1', body: 'hello', headers });
  });

  it('takes the name and password of an address', async () => {
    const port = await listening(createServer(handling(echo)));
    const { headers } = await seen(clientOf(''), `http://u:p%40@127.0.0.1:${port}/`);
    expect(headers.authorization).toBe(`Basic ${Buffer.from('u:p@').toString('base64')}`);
  });

  it('trusts whom it is told to, and shows who it is', async () => {
    const server = createTlsServer(
      { ...CERTIFICATE, ca: readFileSync(tls('ca.pem')), requestCert: true, rejectUnauthorized: false },
      handling((request) => ({ body: String((request.socket as TLSSocket).authorized) })),
    );
    const url = `https://127.0.0.1:${await listening(server)}/`;
    await expect(post(clientOf(''), url)).rejects.toMatchObject({
      name: 'HttpFailure',
      code: expect.stringMatching(/CERT|VERIFY/),
    });
    expect((await post(clientOf(`tls_config: { ca_file: "${tls('ca.pem')}" }`), url)).text).toBe('false');
    const own = `cert_file: "${tls('client.pem')}", key_file: "${tls('client-key.pem')}"`;
    expect((await post(clientOf(`tls_config: { ca_file: "${tls('ca.pem')}", ${own} }`), url)).text).toBe(
      'true',
    );
    expect((await post(clientOf('tls_config: { insecure_skip_verify: true }'), url)).status).toBe(200);
    await expect(
      post(clientOf(`tls_config: { ca_file: "${tls('ca.pem')}", server_name: elsewhere.example.org }`), url),
    ).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('follows redirects, and keeps its password from other servers', async () => {
    const elsewhere = await listening(createServer(handling(echo)));
    const port = await listening(
      createServer(
        handling((request, body) => {
          if (request.url === '/same') return echo(request, body);
          if (request.url === '/loop') return { status: 307, headers: { location: '/loop' } };
          const [, status, place] = request.url!.split('/');
          const location = place === 'away' ? `http://127.0.0.1:${elsewhere}/x` : '/same';
          return { status: Number(status), headers: { location } };
        }),
      ),
    );
    const url = `http://127.0.0.1:${port}`;
    const client = clientOf('bearer_token: b');
    expect(await seen(client, `${url}/307/here`)).toMatchObject({
      method: 'POST',
      body: 'hello',
      headers: { authorization: 'Bearer b' },
    });
    expect(await seen(client, `${url}/302/here`)).toMatchObject({ method: 'GET', body: '' });
    const { headers } = await seen(client, `${url}/308/away`);
    expect(headers).not.toHaveProperty('authorization');
    await expect(post(client, `${url}/loop`)).rejects.toMatchObject({ code: 'TOO_MANY_REDIRECTS' });
    expect(await post(clientOf('follow_redirects: false'), `${url}/302/here`)).toMatchObject({ status: 302 });
  });

  it('asks for a token, keeps it until it ends, and does so in the way that is understood', async () => {
    const asked: { authorization: string | undefined; form: Record<string, string> }[] = [];
    const port = await listening(
      createServer(
        handling((request, body) => {
          if (request.url !== '/token') return echo(request, body);
          const form = Object.fromEntries(new URLSearchParams(body));
          asked.push({ authorization: request.headers.authorization, form });
          if (form.client_secret === undefined) return { status: 401 };
          return { body: `{"access_token":"t${asked.length}","expires_in":60}` };
        }),
      ),
    );
    const url = `http://127.0.0.1:${port}`;
    const clock = new ManualClock(0);
    const client = clientOf(
      `oauth2: { client_id: i, client_secret: s, token_url: "${url}/token", scopes: [a, b], endpoint_params: { audience: x } }`,
      clock,
    );
    expect((await seen(client, url)).headers.authorization).toBe('Bearer t2');
    expect((await seen(client, url)).headers.authorization).toBe('Bearer t2');
    clock.sleepUntil(51_000);
    expect((await seen(client, url)).headers.authorization).toBe('Bearer t3');
    const common = { grant_type: 'client_credentials', scope: 'a b', audience: 'x' };
    expect(asked).toEqual([
      { authorization: `Basic ${Buffer.from('i:s').toString('base64')}`, form: common },
      { authorization: undefined, form: { ...common, client_id: 'i', client_secret: 's' } },
      { authorization: undefined, form: { ...common, client_id: 'i', client_secret: 's' } },
    ]);
    const refused = clientOf(`oauth2: { client_id: i, token_url: "http://127.0.0.1:1/" }`);
    await expect(post(refused, url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('goes through a proxy, by a tunnel where the address is https', async () => {
    const through: string[] = [];
    const proxy = createServer((request, response) => {
      through.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
      response.end('{"by":"proxy"}');
    });
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      through.push(
        `CONNECT ${request.url} ${request.headers['proxy-authorization']} ${request.headers['x-a']}`,
      );
      if (request.headers['x-a'] === 'no') return socket.end('HTTP/1.1 407 No\r\n\r\n');
      const target = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      return undefined;
    });
    const proxyPort = await listening(proxy);
    const port = await listening(createTlsServer(CERTIFICATE, handling(echo)));
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    const fields = `proxy_url: "http://u:p@127.0.0.1:${proxyPort}", tls_config: { ca_file: "${tls('ca.pem')}" }`;
    expect((await post(clientOf(fields), 'http://h.example.org/x?y=z')).text).toBe('{"by":"proxy"}');
    expect(
      await seen(clientOf(`${fields}, proxy_connect_header: { X-A: [yes] }`), `https://localhost:${port}/x`),
    ).toMatchObject({
      url: '/x',
      body: 'hello',
    });
    await expect(
      post(clientOf(`${fields}, proxy_connect_header: { X-A: ['no'] }`), `https://localhost:${port}/x`),
    ).rejects.toMatchObject({ code: 'PROXY_STATUS_407' });
    expect(through).toEqual([
      `POST http://h.example.org/x?y=z ${basic}`,
      `CONNECT localhost:${port} ${basic} yes`,
      `CONNECT localhost:${port} ${basic} no`,
    ]);
    expect(
      await seen(clientOf(`${fields}, no_proxy: "127.0.0.0/8"`), `https://127.0.0.1:${port}/x`),
    ).toMatchObject({ url: '/x' });
    expect(through).toHaveLength(3);
  });

  it('reads no more of an answer than it can use', async () => {
    const port = await listening(createServer(handling(() => ({ body: 'x'.repeat(3 * ANSWER_BYTES_MAX) }))));
    expect((await post(clientOf(''), `http://127.0.0.1:${port}/`)).text).toHaveLength(ANSWER_BYTES_MAX);
  });

  it('ends when it is told to', async () => {
    const port = await listening(createServer(() => {}));
    const stop = new AbortController();
    const sending = clientOf('')({
      method: 'GET',
      url: `http://127.0.0.1:${port}/`,
      signal: stop.signal,
      scope: new SecretScope(),
    });
    setTimeout(() => stop.abort(new Error('stopping')), 20);
    await expect(sending).rejects.toThrow('stopping');
  });
});

describe('NO_PROXY', () => {
  it.each<[string, string, boolean]>([
    ['http://a.example.org/', 'example.org', true],
    ['http://example.org/', 'example.org', true],
    ['http://example.org/', '.example.org', false],
    ['http://a.example.org/', '*.example.org', true],
    ['http://badexample.org/', 'example.org', false],
    ['http://a:8080/', 'b, a:8080', true],
    ['http://a:8081/', 'a:8080', false],
    ['https://a/', 'a:443', true],
    ['http://10.1.2.3/', '10.0.0.0/8', true],
    ['http://11.1.2.3/', '10.0.0.0/8', false],
    ['http://[fd00::1]/', 'fd00::/8', true],
    ['http://10.1.2.3/', '10.1.2.3', true],
    ['http://anything/', '*', true],
    ['http://localhost/', '', true],
    ['http://127.0.0.9/', '', true],
    ['http://h/', '', false],
    ['http://h/', 'x/y', false],
  ])('%s with %j: %s', (url, noProxy, expected) => {
    expect(bypasses(new URL(url), noProxy)).toBe(expected);
  });
});
