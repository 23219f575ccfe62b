import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { checkHealth } from '../dist/gateway/health.js';
import { createGateway, type ProxyLimits, type Targets } from '../dist/gateway/proxy.js';
import { findRoute } from '../dist/gateway/routes.js';

const servers: Server[] = [];
const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A gateway in front of one service, which plays all four. */
async function gateway(service: RequestListener, limits: ProxyLimits = {}): Promise<string> {
  const target = await listen(createServer(service));
  const targets = { assets: target, files: target, search: target, transcode: target };
  return listen(gatewayTo(targets, limits));
}

function gatewayTo(targets: Targets, limits: ProxyLimits = {}): Server {
  const health = checkHealth(targets, 'postgres://nobody@127.0.0.1:9/nothing');
  endings.push(() => health.stop());
  return createGateway(targets, health, limits);
}

test('a request arrives with its headers, its body and its number, and so does the answer', async () => {
  const seen: Record<string, unknown> = {};
  const url = await gateway(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    Object.assign(seen, { method: request.method, url: request.url, headers: request.headers, body });
    response.writeHead(201, { 'x-platform-calls': 'search POST /api/v1/index 200', connection: 'close' });
    response.end('made');
  });
  const answer = await fetch(`${url}/api/v1/assets?x=1`, {
    method: 'POST',
    headers: { 'x-request-id': 'mine-1', 'x-forwarded-for': '10.0.0.1', te: 'trailers' },
    body: 'a body',
  });
  expect([answer.status, await answer.text()]).toEqual([201, 'made']);
  expect(answer.headers.get('x-request-id')).toBe('mine-1');
  expect(answer.headers.get('x-platform-calls')).toBe('search POST /api/v1/index 200');
  expect(seen).toMatchObject({
    method: 'POST',
    url: '/api/v1/assets?x=1',
    body: 'a body',
    headers: { 'x-request-id': 'mine-1', 'x-forwarded-for': '10.0.0.1, 127.0.0.1' },
  });
  expect(seen.headers).not.toHaveProperty('te');
  const { host, 'x-forwarded-host': asked } = seen.headers as Record<string, string>;
  expect([asked, host === asked]).toEqual([new URL(url).host, false]);
  const other = await fetch(`${url}/api/v1/assets`, { method: 'POST', headers: { 'x-request-id': 'a b' } });
  expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('an answer streams as it comes', async () => {
  let end = (): void => {};
  const url = await gateway((_request, response) => {
    response.write('first');
    end = () => response.end('second');
  });
  const { body } = await fetch(`${url}/api/v1/search?q=x`);
  const reader = body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('first');
  end();
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('second');
});

test('a service that breaks off before its answer is a 502, one that breaks off later breaks the connection', async () => {
  let breakOff = (): void => {};
  const url = await gateway((request, response) => {
    breakOff = () => request.socket.destroy();
    if (request.url?.includes('files')) response.writeHead(200, { 'content-length': '10' }).write('half');
    else breakOff();
  });
  const early = await fetch(`${url}/api/v1/search?q=x`);
  expect([early.status, ((await early.json()) as { error: string }).error]).toEqual([
    502,
    'service_unavailable',
  ]);
  const late = await fetch(`${url}/api/v1/files/1/content`);
  expect(late.status).toBe(200);
  breakOff();
  await expect(late.text()).rejects.toThrow();
});

test('a service that does not answer in time is a 504', async () => {
  const url = await gateway(() => {}, { answerMsMax: 100 });
  const answer = await fetch(`${url}/api/v1/assets`, { method: 'POST', body: '{}' });
  expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([
    504,
    'service_timeout',
  ]);
});

test('a service that cannot be reached is a 502, and health says so', async () => {
  const nowhere = 'http://127.0.0.1:9';
  const url = await listen(
    gatewayTo({ assets: nowhere, files: nowhere, search: nowhere, transcode: nowhere }),
  );
  expect((await fetch(`${url}/api/v1/assets`)).status).toBe(502);
  const health = await fetch(`${url}/health`);
  expect([health.status, await health.json()]).toMatchObject([
    503,
    {
      status: 'degraded',
      dependencies: { assets: 'down', files: 'down', search: 'down', transcode: 'down', database: 'down' },
    },
  ]);
});

test('a client that goes away is noticed by the service', async () => {
  let gone = false;
  let began = false;
  const url = await gateway((_request, response) => {
    began = true;
    response.on('close', () => {
      gone = true;
    });
  });
  const client = new AbortController();
  const asked = fetch(`${url}/api/v1/assets`, { signal: client.signal });
  await expect.poll(() => began).toBe(true);
  client.abort();
  await expect(asked).rejects.toThrow();
  await expect.poll(() => gone).toBe(true);
});

test('a request to a service that refuses it while it is being sent gets that answer', async () => {
  const url = await gateway((request, response) => {
    request.resume();
    response.writeHead(413).end('too large');
  });
  const answer = await fetch(`${url}/api/v1/assets/1/files`, {
    method: 'POST',
    body: Buffer.alloc(20_000_000),
  });
  expect([answer.status, await answer.text()]).toEqual([413, 'too large']);
});

test.each([
  ['GET', '/api/v1/assets', 'assets', '/api/v1/assets'],
  ['PUT', '/api/v1/assets/abc', 'assets', '/api/v1/assets/{asset_id}'],
  ['POST', '/api/v1/assets/abc/files', 'files', '/api/v1/assets/{asset_id}/files'],
  ['GET', '/api/v1/files/abc/content', 'files', '/api/v1/files/{file_id}/content'],
  ['GET', '/api/v1/transcode/abc', 'transcode', '/api/v1/transcode/{job_id}'],
  ['PATCH', '/api/v1/assets', undefined, '/api/v1/assets'],
])('%s %s', (method, path, target, template) => {
  expect(findRoute(method, path)).toMatchObject({ target, template });
});

test.each([
  '/',
  '/api/v1/index',
  '/api/v1/assets/',
  '/api/v1/assets/a/b',
  '/metrics',
  '/api/v1/files//content',
])('there is no %s', (path) => {
  expect(findRoute('GET', path)).toBeUndefined();
});

test('a path that is not there, and a method that a path has not', async () => {
  const url = await gateway((_request, response) => response.end('never'));
  const nowhere = await fetch(`${url}/api/v1/index`, { method: 'POST', body: '{}' });
  expect([nowhere.status, ((await nowhere.json()) as { error: string }).error]).toEqual([
    404,
    'no_such_route',
  ]);
  const wrong = await fetch(`${url}/api/v1/search`, { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET']);
});
