import type { AddressInfo } from 'node:net';
import type { FastifyInstance, fastify } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { fastifyMetrics } from '../../dist/fastify.js';
import { httpMetrics } from '../../dist/http.js';
import { createRegistry } from '../../dist/index.js';
import { AGES, library } from '../libraries/library.ts';
import { countsOf, httpSuite } from './http-suite.ts';

let apps: FastifyInstance[] = [];

afterEach(async () => {
  for (const app of apps) await app.close();
  apps = [];
});

describe.each(AGES)('Fastify, %s', async (age) => {
  const { fastify: make } = await library<{ fastify: typeof fastify }>(age, 'fastify');

  httpSuite('Fastify', {
    start: async ({ metrics, handlers, processTime, ignore, endpoint }) => {
      const app = make({ forceCloseConnections: true, keepAliveTimeout: 0 });
      for (const one of metrics)
        app.register(fastifyMetrics, { metrics: one, processTime, ignore, endpoint });
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      app.get<{ Params: { id: string } }>('/things/:id', async ({ params }) => handlers.thing(params.id));
      app.register(
        async (tenant) => {
          tenant.get<{ Params: { order: string } }>('/orders/:order', async ({ params }) =>
            handlers.thing(params.order),
          );
        },
        { prefix: '/tenants/:tenant' },
      );
      app.get('/fail', async () => {
        throw handlers.failure();
      });
      app.get('/refuse', async () => {
        throw handlers.refusal();
      });
      app.get('/wait', () => handlers.wait());
      app.get('/stream', (_request, reply) => reply.send(handlers.stream()));
      app.post('/upload', async ({ raw }) => {
        let bytes = 0;
        for await (const chunk of raw) bytes += (chunk as Buffer).length;
        return String(bytes);
      });
      for (const path of ['/metrics', '/health/live']) app.get(path, async () => handlers.thing('metrics'));
      await app.listen({ port: 0, host: '127.0.0.1' });
      return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
    },
  });

  test('knows errors of handlers, hooks and validation apart', async () => {
    const registry = createRegistry();
    const app = make();
    apps.push(app);
    app.register(fastifyMetrics, { metrics: httpMetrics({ registry }) });
    app.get('/handler', async () => {
      throw new TypeError('it is no function');
    });
    app.get(
      '/hook',
      {
        preHandler: async () => {
          throw Object.assign(new Error('the lock is gone'), { name: 'LockError' });
        },
      },
      async () => 'never',
    );
    app.get('/sent', (_request, reply) => reply.code(502).send(new RangeError('too far')));
    app.post('/validated', { schema: { body: { type: 'object', required: ['a'] } } }, async () => 'never');
    app.get('/text', async () => {
      throw 'a text';
    });
    for (const path of ['/handler', '/hook', '/sent', '/text']) await app.inject(path);
    await app.inject({ method: 'POST', path: '/validated', payload: {} });
    await expect
      .poll(() => countsOf(registry, 'http_requests_total'))
      .toEqual({
        'GET /handler 500': 1,
        'GET /hook 500': 1,
        'GET /sent 502': 1,
        'GET /text 500': 1,
        'POST /validated 400': 1,
      });
    expect(countsOf(registry, 'http_errors_total')).toEqual({
      'GET /handler TypeError': 1,
      'GET /hook LockError': 1,
      'GET /sent RangeError': 1,
      'GET /text not_an_error': 1,
    });
  });
});
