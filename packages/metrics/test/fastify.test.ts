import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fastifyMetrics, httpMetrics, UNMATCHED, withBraces } from '../dist/fastify.js';
import { createRegistry, type Registry } from '../dist/index.js';

vi.setConfig({ testTimeout: 120_000 });

let app: FastifyInstance | undefined;

afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start(): Promise<{ app: FastifyInstance; registry: Registry; port: number }> {
  const registry = createRegistry();
  const server = fastify({ forceCloseConnections: true });
  app = server;
  server.get('/before/:job_id', async () => 'registered before the plugin');
  server.register(fastifyMetrics, { metrics: httpMetrics({ registry }) });
  server.register(
    async (scope) => {
      scope.get('/status/:job_id', async () => 'a scope of its own');
      scope.post('/upload', async () => 'never answers a broken body');
      scope.get('/error', async () => {
        throw new Error('a handler that fails');
      });
    },
    { prefix: '/api/v1' },
  );
  server.get('/hijacked', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(202).end('bare');
  });
  server.get('/never', () => {});
  // All bytes, or all but one; either way the response is not ended.
  for (const sent of [10, 9])
    server.get(`/sent-${sent}-of-10`, (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-length': '10' }).write('x'.repeat(sent));
    });
  await server.listen({ port: 0, host: '127.0.0.1' });
  return { app: server, registry, port: (server.server.address() as AddressInfo).port };
}

/** `GET /path 200` to how often it was counted. */
function counted(registry: Registry): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { shape, labelValues, values, index } of registry.ownView?.series ?? []) {
    if (shape.name === 'http_requests_total') counts[labelValues.join(' ')] = values[index]!;
  }
  return counts;
}

/** `GET /path` to how many durations were observed. */
function timed(registry: Registry): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { shape, labelValues, values, index } of registry.ownView?.series ?? []) {
    if (shape.name !== 'http_request_duration_seconds') continue;
    const buckets = values.subarray(index, index + shape.bounds!.length + 1);
    counts[labelValues.join(' ')] = buckets.reduce((sum, count) => sum + count, 0);
  }
  return counts;
}

/** Waits until the server has seen the end of what the test did. */
async function eventually(check: () => void): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      check();
      return;
    } catch (error) {
      if (tries === 3_000) throw error;
      await sleep(20);
    }
  }
}

describe('fastifyMetrics counts', () => {
  test('by route template, in scopes and before the plugin, with the status that was sent', async () => {
    const { registry, port } = await start();
    const at = `http://127.0.0.1:${port}`;
    for (const path of ['/before/1', '/before/2?x=1', '/api/v1/status/7', '/api/v1/error', '/hijacked'])
      await (await fetch(at + path)).text();
    await (await fetch(`${at}/api/v1/upload`, { method: 'POST', body: '{' })).text();
    await (
      await fetch(`${at}/api/v1/upload`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{',
      })
    ).text();
    await (await fetch(`${at}/api/v1/status/7`, { method: 'HEAD' })).text();
    await eventually(() =>
      expect(counted(registry)).toEqual({
        'GET /before/{job_id} 200': 2,
        'GET /api/v1/status/{job_id} 200': 1,
        'GET /api/v1/error 500': 1,
        'GET /hijacked 202': 1,
        'POST /api/v1/upload 200': 1,
        'POST /api/v1/upload 400': 1,
        'HEAD /api/v1/status/{job_id} 200': 1,
      }),
    );
    expect(timed(registry)).toEqual({
      'GET /before/{job_id}': 2,
      'GET /api/v1/status/{job_id}': 1,
      'GET /api/v1/error': 1,
      'GET /hijacked': 1,
      'POST /api/v1/upload': 2,
      'HEAD /api/v1/status/{job_id}': 1,
    });
  });

  test('what no route matches under one endpoint and foreign methods as OTHER', async () => {
    const { registry, port } = await start();
    const at = `http://127.0.0.1:${port}`;
    for (const path of ['/wp-admin', '/api/v1/status/7/more', '/%zz']) await (await fetch(at + path)).text();
    await (await fetch(`${at}/api/v1/status/7`, { method: 'PROPFIND' })).text();
    await eventually(() =>
      expect(counted(registry)).toEqual({
        [`GET ${UNMATCHED} 404`]: 2,
        [`GET ${UNMATCHED} 400`]: 1,
        [`OTHER ${UNMATCHED} 404`]: 1,
      }),
    );
  });

  test('a client that goes away as 499, once', async () => {
    const { app, registry, port } = await start();
    const neverSeen = once(app.server, 'request');
    const waiting = connect(port, '127.0.0.1', () => waiting.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n'));
    await neverSeen;
    await sleep(100);
    waiting.destroy();
    const halfSeen = once(app.server, 'request');
    const halfway = connect(port, '127.0.0.1', () =>
      halfway.write(
        'POST /api/v1/upload HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nhalf',
      ),
    );
    await halfSeen;
    await sleep(100);
    halfway.destroy();
    await eventually(() =>
      expect(counted(registry)).toEqual({ 'GET /never 499': 1, 'POST /api/v1/upload 499': 1 }),
    );
    expect(timed(registry)).toEqual({ 'GET /never': 1, 'POST /api/v1/upload': 1 });
  });

  test('a client that closes when it has every byte by the status that it got', async () => {
    const { registry, port } = await start();
    for (const sent of [10, 9]) {
      const client = connect(port, '127.0.0.1', () =>
        client.write(`GET /sent-${sent}-of-10 HTTP/1.1\r\nHost: x\r\n\r\n`),
      );
      let received = '';
      client.setEncoding('latin1').on('data', (text: string) => {
        received += text;
      });
      await eventually(() => expect(received).toMatch(new RegExp(`\r\n\r\nx{${sent}}$`)));
      client.destroy();
    }
    await eventually(() =>
      expect(counted(registry)).toEqual({ 'GET /sent-10-of-10 200': 1, 'GET /sent-9-of-10 499': 1 }),
    );
  });

  test('requests that are injected', async () => {
    const { app, registry } = await start();
    await app.inject('/before/1');
    await app.inject('/nowhere');
    await eventually(() =>
      expect(counted(registry)).toEqual({ 'GET /before/{job_id} 200': 1, [`GET ${UNMATCHED} 404`]: 1 }),
    );
  });

  test('durations in the buckets that were chosen', () => {
    const registry = createRegistry();
    httpMetrics({ registry, buckets: [1, 2] }).duration.observe({ method: 'GET', endpoint: '/' }, 1.5);
    const series = registry.ownView?.series.find(({ shape }) => shape.type === 'histogram');
    expect(series?.shape.bounds).toEqual([1, 2]);
  });
});

test.each([
  ['/', '/'],
  ['/api/v1/status/:job_id', '/api/v1/status/{job_id}'],
  ['/a/:id/b/:other', '/a/{id}/b/{other}'],
  ['/flights/:from-:to', '/flights/{from}-{to}'],
  ['/files/:name.:extension', '/files/{name}.{extension}'],
  ['/at/:hour(^\\d{2}$)h:minute(^(\\d|\\))+$)m', '/at/{hour}h{minute}m'],
  ['/maybe/:id?', '/maybe/{id}'],
  ['/name::verb', '/name:verb'],
  ['/static/*', '/static/{wildcard}'],
])('the template %s is the endpoint %s', (template, endpoint) => {
  expect(withBraces(template)).toBe(endpoint);
});

test('two plugins with metrics of their own each count every response once', async () => {
  const registries = [createRegistry(), createRegistry()];
  const server = fastify();
  app = server;
  for (const registry of registries) server.register(fastifyMetrics, { metrics: httpMetrics({ registry }) });
  server.get('/', async () => 'here');
  await server.inject('/');
  for (const registry of registries) {
    await eventually(() => expect(counted(registry)).toEqual({ 'GET / 200': 1 }));
  }
});
