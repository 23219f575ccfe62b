import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHttpFetch, type FetchRequest } from '../../dist/scrape/http-fetch.js';

let server: Server;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let connections = 0;
const http = createHttpFetch();

beforeEach(async () => {
  connections = 0;
  server = createServer((request, response) => respond(request, response)).listen(0, '127.0.0.1');
  server.on('connection', () => connections++);
  // Connections are kept, however long a test takes.
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
});

afterEach(async () => {
  http.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function url(): URL {
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
}

function fetch(over: Partial<FetchRequest> = {}): Promise<Uint8Array> {
  return http.fetch({
    url: over.url ?? url(),
    timeoutMs: 60_000,
    bodyBytesMax: 0,
    memory: { bytes: new Uint8Array(0) },
    signal: new AbortController().signal,
    ...over,
  });
}

function answer(body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): void {
  respond = (_, response) => {
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4', ...headers });
    response.end(body);
  };
}

const text = (body: Uint8Array) => Buffer.from(body).toString();

test('a body is read, over one connection, into the same memory', async () => {
  const memory = { bytes: new Uint8Array(0) };
  answer('x 1\n'.repeat(50_000));
  expect(text(await fetch({ memory }))).toBe('x 1\n'.repeat(50_000));
  const { bytes } = memory;
  answer('x 2\n');
  expect(text(await fetch({ memory }))).toBe('x 2\n');
  expect(memory.bytes).toBe(bytes);
  expect(connections).toBe(1);
});

test('on the same machine no compression is asked for, and a compressed body is read all the same', async () => {
  let asked: string | undefined;
  respond = (request, response) => {
    asked = String(request.headers['accept-encoding']);
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
    response.end(gzipSync('x 1\n'));
  };
  expect(text(await fetch())).toBe('x 1\n');
  expect(asked).toBe('identity');
  answer(gzipSync('x 1\n'.repeat(10_000)), { 'content-encoding': 'gzip' });
  await expect(fetch({ bodyBytesMax: 1000 })).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  answer('no gzip', { 'content-encoding': 'gzip' });
  await expect(fetch()).rejects.toMatchObject({ code: 'INVALID_BODY' });
});

test.each([
  ['HTTP 404 Not Found: the service answers, but has nothing at /metrics; check metrics_path', 404, {}],
  ['HTTP 500 Internal Server Error', 500, {}],
  ['HTTP 403 Forbidden: the service wants to know who asks', 403, {}],
  ['HTTP 302 Found: it redirects to /login; scrape that address', 302, { location: '/login' }],
  [
    'the service answers with an HTML page: /metrics is not where its metrics are; check metrics_path',
    200,
    { 'content-type': 'text/html; charset=utf-8' },
  ],
  [
    'the service answers with application/json, and text/plain is what is read',
    200,
    { 'content-type': 'application/json' },
  ],
])('%s', async (message, status, headers) => {
  answer('{}', headers as Record<string, string>, status);
  await expect(fetch()).rejects.toThrow(message);
});

test('a body that is too large is given up', async () => {
  answer('x 1\n'.repeat(1000));
  await expect(fetch({ bodyBytesMax: 100 })).rejects.toThrow('more than 100 bytes (body_size_limit)');
});

test('a service that is not running is told from one that hangs and a host that is none', async () => {
  respond = () => undefined;
  await expect(fetch({ timeoutMs: 50 })).rejects.toThrow('no whole answer within 0.05 s (scrape_timeout)');
  // Of a port that was free a moment ago nobody knows who has it now.
  await expect(fetch({ url: new URL('http://127.0.0.1:1/metrics') })).rejects.toThrow(
    'connection refused: nothing listens on port 1 of 127.0.0.1; is the service running?',
  );
  await expect(fetch({ url: new URL('http://no-such-host.invalid/metrics') })).rejects.toThrow(
    'there is no host no-such-host.invalid',
  );
});

test('a body that breaks off is a failure, and a stopped scrape is one of its own', async () => {
  respond = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
    response.write('x 1\n');
    setImmediate(() => response.destroy());
  };
  await expect(fetch()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  respond = () => undefined;
  const controller = new AbortController();
  const asked = fetch({ signal: controller.signal });
  setImmediate(() => controller.abort());
  await expect(asked).rejects.toMatchObject({ code: 'STOPPED' });
  await expect(fetch({ signal: controller.signal })).rejects.toMatchObject({ code: 'STOPPED' });
});

test('a kept connection that the service has closed is opened again', async () => {
  answer('x 1\n');
  await fetch();
  let first = true;
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (first) request.socket.destroy();
    else respond(request, response);
    first = false;
  });
  expect(text(await fetch())).toBe('x 1\n');
  expect(connections).toBe(2);
});
