import { once } from 'node:events';
import { type AddressInfo, connect, type Server } from 'node:net';
import { Readable } from 'node:stream';
import type * as nodeServer from '@hono/node-server';
import type * as hono from 'hono';
import type { Context, Next } from 'hono';
import type * as httpException from 'hono/http-exception';
import type * as streaming from 'hono/streaming';
import { afterEach, describe, expect, test } from 'vitest';
import { honoMetrics } from '../../dist/hono.js';
import { httpMetrics } from '../../dist/http.js';
import { createRegistry, type Registry } from '../../dist/index.js';
import { AGES, library } from '../libraries/library.ts';
import { countsOf, httpSuite, QueueJammed, type RunningApp, sumsOf } from './http-suite.ts';

const REQUESTS = 'http_requests_total';
const ERRORS = 'http_errors_total';
const IN_FLIGHT = 'http_requests_in_progress';
const SIZES = 'http_response_size_bytes';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe.each(AGES)('Hono, %s', async (age) => {
  const { Hono } = await library<typeof hono>(age, 'hono');
  const { HTTPException } = await library<typeof httpException>(age, 'hono/http-exception');
  const { stream, streamSSE } = await library<typeof streaming>(age, 'hono/streaming');
  const { serve } = await library<typeof nodeServer>(age, '@hono/node-server');

  /** `@hono/node-server` puts a `Response` of its own in the place of the global one when it serves. */
  const globals = { Request: globalThis.Request, Response: globalThis.Response };
  afterEach(() => {
    Object.assign(globalThis, globals);
  });

  async function listen(app: hono.Hono): Promise<RunningApp> {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server & {
      closeAllConnections(): void;
      keepAliveTimeout: number;
    };
    server.keepAliveTimeout = 0;
    if (!server.listening) await once(server, 'listening');
    servers.push(server);
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  httpSuite('Hono', {
    start: ({ metrics, handlers, processTime, ignore, endpoint }) => {
      const app = new Hono();
      for (const one of metrics) app.use('*', honoMetrics({ metrics: one, processTime, ignore, endpoint }));
      app.get('/things/:id', (c) => c.text(handlers.thing(c.req.param('id'))));
      const orders = new Hono();
      orders.get('/orders/:order', (c) => c.text(handlers.thing(c.req.param('order'))));
      app.route('/tenants/:tenant', orders);
      app.get('/fail', () => {
        throw handlers.failure();
      });
      app.get('/refuse', () => {
        throw handlers.refusal();
      });
      app.get('/wait', async (c) => c.text(await handlers.wait()));
      app.get('/stream', () => new Response(Readable.toWeb(handlers.stream()) as ReadableStream));
      app.post('/upload', async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
      for (const path of ['/metrics', '/health/live'])
        app.get(path, (c) => c.text(handlers.thing('metrics')));
      // Hono 4.0 fails on a method that no route has, before any middleware.
      app.on('PROPFIND', '/properties', (c) => c.text('none'));
      app.onError((error, c) => c.text('failed', (error as { status?: number }).status === 409 ? 409 : 500));
      return listen(app);
    },
  });

  interface Measured {
    readonly app: hono.Hono;
    readonly registry: Registry;
  }

  function measured(): Measured {
    const registry = createRegistry();
    const app = new Hono();
    app.use('*', honoMetrics({ metrics: httpMetrics({ registry, inFlightLabels: ['endpoint'] }) }));
    return { app, registry };
  }

  /** Both ways to serve: each gives the registry after the requests. */
  const SERVINGS = ['@hono/node-server', 'fetch'] as const;

  async function asked(
    serving: (typeof SERVINGS)[number],
    build: (app: hono.Hono) => void,
    ...paths: readonly string[]
  ): Promise<Registry> {
    const { app, registry } = measured();
    build(app);
    const at = serving === 'fetch' ? undefined : `http://127.0.0.1:${(await listen(app)).port}`;
    for (const one of paths) {
      const [path, method = 'GET'] = one.split(' ').reverse() as [string, string?];
      const response =
        at === undefined
          ? await app.fetch(new Request(`http://x${path}`, { method }))
          : await fetch(at + path, { method });
      await response.arrayBuffer();
    }
    await expect
      .poll(() => Object.values(countsOf(registry, REQUESTS)).reduce((sum, count) => sum + count, 0))
      .toBe(paths.length);
    await registry.collect();
    expect(Object.values(countsOf(registry, IN_FLIGHT)).every((count) => count === 0)).toBe(true);
    return registry;
  }

  const ok = (c: Context) => c.text('ok');
  const pass = async (_c: Context, next: Next) => {
    await next();
  };

  describe.each(SERVINGS)('served by %s', (serving) => {
    test('what is mounted, with base paths, and below middlewares', async () => {
      const registry = await asked(
        serving,
        (app) => {
          const lines = new Hono();
          lines.use('*', pass);
          lines.get('/', ok);
          lines.get('/:line', ok);
          const orders = new Hono();
          orders.route('/:order/lines', lines);
          orders.onError((_error, c) => c.text('own', 503));
          orders.get('/:order/fail', () => {
            throw new QueueJammed();
          });
          app.use('/tenants/*', pass);
          app.route('/tenants/:tenant/orders', orders);
          app.basePath('/v1').get('/a/:b{[0-9]+}', ok);
          app.get('/optional/:id?', ok);
          app.get('/chain/:id', pass, ok);
        },
        '/tenants/acme/orders/1/lines/2',
        '/tenants/tenants/orders/orders/lines/lines?x=1',
        '/tenants/acme/orders/1/lines',
        '/tenants/acme/orders/1/fail',
        '/v1/a/12',
        '/optional',
        '/optional/3',
        '/chain/4',
        '/v1/a/none',
        '/tenants/acme',
        'HEAD /v1/a/12',
        'POST /v1/a/12',
      );
      expect(countsOf(registry, REQUESTS)).toEqual({
        'GET /tenants/{tenant}/orders/{order}/lines/{line} 200': 2,
        'GET /tenants/{tenant}/orders/{order}/lines 200': 1,
        'GET /tenants/{tenant}/orders/{order}/fail 503': 1,
        'GET /v1/a/{b} 200': 1,
        'GET /optional/{id} 200': 2,
        'GET /chain/{id} 200': 1,
        'GET unmatched 404': 2,
        'HEAD /v1/a/{b} 200': 1,
        'POST unmatched 404': 1,
      });
      expect(countsOf(registry, ERRORS)).toEqual({
        'GET /tenants/{tenant}/orders/{order}/fail QueueJammed': 1,
      });
    });

    test('several routes that match: the one that answers', async () => {
      const registry = await asked(
        serving,
        (app) => {
          app.get('/users/me', ok);
          app.get('/users/:id', (c, next) => (c.req.param('id') === 'none' ? next() : ok(c)));
          app.get('/users/:name', ok);
          app.all('/any/:thing', ok);
          app.on(['PUT', 'POST'], '/on/:thing', ok);
          app.get('/files/*', ok);
          app.get('/passed/:on', pass);
          app.notFound((c) => c.text('nowhere', 404));
        },
        '/users/me',
        '/users/7',
        '/users/none',
        'DELETE /any/1',
        'PUT /on/1',
        '/files/a/b',
        '/passed/1',
        '/nowhere',
      );
      expect(countsOf(registry, REQUESTS)).toEqual({
        'GET /users/me 200': 1,
        'GET /users/{id} 200': 1,
        'GET /users/{name} 200': 1,
        'DELETE /any/{thing} 200': 1,
        'PUT /on/{thing} 200': 1,
        'GET /files/{wildcard} 200': 1,
        'GET /passed/{on} 404': 1,
        'GET unmatched 404': 1,
      });
    });

    test('middlewares that refuse, and that answer themselves', async () => {
      const registry = await asked(
        serving,
        (app) => {
          app.use('/api/*', async (c, next) => {
            if (c.req.query('token') === undefined) return c.text('who?', 401);
            await next();
            return undefined;
          });
          app.get('/api/orders/:id', ok);
          app.get('/api/*', ok);
          app.use('/static/*', async (c, next) => {
            if (c.req.path === '/static/there') return c.text('a file');
            await next();
            return undefined;
          });
          // Hono 4.0 cannot mount anything on @hono/node-server 1.8.
          if (age === 'newest') app.mount('/old', () => new Response('an application'));
          else app.use('/old/*', async (c, _next) => c.text('an application'));
          app.use('*', async (c, next) => {
            if (c.req.path.startsWith('/teapot')) return c.text('short', 418);
            await next();
            return undefined;
          });
        },
        '/api/orders/1',
        '/api/orders/1?token=x',
        '/api/else',
        '/static/there',
        '/static/not-there',
        '/old/thing',
        '/teapot/1',
        '/teapot/2',
      );
      expect(countsOf(registry, REQUESTS)).toEqual({
        'GET /api/orders/{id} 401': 1,
        'GET /api/orders/{id} 200': 1,
        'GET /api/{wildcard} 401': 1,
        'GET /static/{wildcard} 200': 1,
        'GET /old/{wildcard} 200': 1,
        'GET unmatched 404': 1,
        'GET unmatched 418': 2,
      });
    });

    test('exceptions with a status, without one, and what is no error', async () => {
      const registry = await asked(
        serving,
        (app) => {
          app.get('/mistake', () => {
            throw new HTTPException(403);
          });
          app.get('/gateway', () => {
            throw new HTTPException(502);
          });
          app.get('/fails/:id', async () => {
            throw new QueueJammed();
          });
          app.onError((error, c) =>
            error instanceof HTTPException ? error.getResponse() : c.json({ failed: true }, 500),
          );
        },
        '/mistake',
        '/gateway',
        '/fails/1',
        '/fails/2',
      );
      expect(countsOf(registry, REQUESTS)).toEqual({
        'GET /mistake 403': 1,
        'GET /gateway 502': 1,
        'GET /fails/{id} 500': 2,
      });
      expect(countsOf(registry, ERRORS)).toEqual({
        'GET /gateway HTTPException': 1,
        'GET /fails/{id} QueueJammed': 2,
      });
    });

    test('sizes of bodies that are text, bytes, streams, empty, and of fixed length', async () => {
      const registry = await asked(
        serving,
        (app) => {
          app.get('/text', (c) => c.text('é'));
          app.get('/json', (c) => c.json({ a: 1 }));
          app.get('/bytes', (c) => c.body(new Uint8Array(1_000).buffer));
          app.get('/empty', (c) => c.body(null, 204));
          app.get('/nothing', (c) => c.text(''));
          // In capitals, so that @hono/node-server 1.8 does not say it twice.
          app.get('/fixed', () => new Response('fixed', { headers: { 'Content-Length': '5' } }));
          app.get('/stream', (c) =>
            stream(c, async (out) => {
              for (let i = 0; i < 5; i++) await out.write('x'.repeat(100));
            }),
          );
          app.get('/events', (c) =>
            streamSSE(c, async (out) => {
              for (let i = 0; i < 3; i++) {
                await out.writeSSE({ data: 'x' });
                await out.sleep(1);
              }
            }),
          );
        },
        '/text',
        '/json',
        '/bytes',
        '/empty',
        '/nothing',
        '/fixed',
        '/stream',
        '/events',
        'HEAD /text',
      );
      expect(sumsOf(registry, SIZES)).toEqual({
        'GET /text': 2,
        'GET /json': 7,
        'GET /bytes': 1_000,
        'GET /empty': 0,
        'GET /nothing': 0,
        'GET /fixed': 5,
        'GET /stream': 500,
        'GET /events': 27,
        'HEAD /text': 0,
      });
      expect(countsOf(registry, REQUESTS)).toMatchObject({ 'GET /empty 204': 1, 'GET /events 200': 1 });
    });
  });

  test('a stream counts when it ends, by Fetch alone', async () => {
    const { app, registry } = measured();
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    app.get('/slow/:id', (c) =>
      stream(c, async (out) => {
        await out.write('begun');
        await opened;
        await out.write(' and ended');
      }),
    );
    const response = await app.request('/slow/1');
    const text = response.text();
    await registry.collect();
    expect(countsOf(registry, IN_FLIGHT)).toMatchObject({ '/slow/{id}': 1 });
    expect(countsOf(registry, REQUESTS)).toEqual({});
    open();
    expect(await text).toBe('begun and ended');
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /slow/{id} 200': 1 });
    expect(sumsOf(registry, SIZES)).toEqual({ 'GET /slow/{id}': 15 });
  });

  test('what is no stream counts though nobody reads it, and is what the program made', async () => {
    const { app, registry } = measured();
    app.get('/text', (c) => {
      c.header('x-own', 'kept');
      c.header('set-cookie', 'a=1', { append: true });
      c.header('set-cookie', 'b=2', { append: true });
      return c.text('whole', 201);
    });
    app.get('/fixed', () => Response.json({ as: 'it is' }, { status: 202 }));
    const response = await app.request('/text');
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /text 201': 1 });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; ?charset=utf-8$/i);
    expect(response.headers.get('x-own')).toBe('kept');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('whole');
    expect(await (await app.request('/fixed')).json()).toEqual({ as: 'it is' });
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /text 201': 1, 'GET /fixed 202': 1 });
  });

  test('a client that goes away, by Fetch alone: while it waits, and while it reads', async () => {
    const { app, registry } = measured();
    app.get('/wait/:id', () => new Promise<Response>(() => {}));
    let cancelled: unknown;
    app.get('/endless', () => {
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setImmediate(resolve));
          controller.enqueue(new Uint8Array(10));
        },
        cancel(reason) {
          cancelled = reason;
        },
      });
      return new Response(body);
    });
    const controller = new AbortController();
    void app.fetch(new Request('http://x/wait/1', { signal: controller.signal }));
    await registry.collect();
    expect(countsOf(registry, IN_FLIGHT)).toMatchObject({ '/wait/{id}': 1 });
    controller.abort();
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /wait/{id} 499': 1 });
    const response = await app.request('/endless');
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel('enough');
    expect(cancelled).toBe('enough');
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /wait/{id} 499': 1, 'GET /endless 499': 1 });
    expect(countsOf(registry, ERRORS)).toEqual({});
  });

  test('a stream that breaks counts as not answered and as an error, by Fetch alone', async () => {
    const { app, registry } = measured();
    app.get('/breaks', () => {
      let pulls = 0;
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => setImmediate(resolve));
          if (pulls++ === 2) throw new QueueJammed();
          controller.enqueue(new Uint8Array(10));
        },
      });
      return new Response(body);
    });
    const response = await app.request('/breaks');
    await expect(response.arrayBuffer()).rejects.toBeInstanceOf(QueueJammed);
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /breaks 499': 1 });
    expect(countsOf(registry, ERRORS)).toEqual({ 'GET /breaks QueueJammed': 1 });
    expect(sumsOf(registry, SIZES)).toEqual({ 'GET /breaks': 20 });
  });

  test('what is thrown and no error rejects as before', async () => {
    const { app, registry } = measured();
    app.get('/throws', () => {
      throw 'text';
    });
    await expect(Promise.resolve(app.request('/throws'))).rejects.toBe('text');
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /throws 500': 1 });
    expect(countsOf(registry, ERRORS)).toEqual({ 'GET /throws not_an_error': 1 });
  });

  test('the first exception, when the handler of errors fails, too', async () => {
    const { app, registry } = measured();
    app.get('/throws', () => {
      throw new QueueJammed();
    });
    app.onError(() => {
      throw new RangeError('in the handler');
    });
    await expect(Promise.resolve(app.request('/throws'))).rejects.toBeInstanceOf(RangeError);
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /throws 500': 1 });
    expect(countsOf(registry, ERRORS)).toEqual({ 'GET /throws QueueJammed': 1 });
  });

  test('once for each metrics, and not what is ignored, by Fetch alone', async () => {
    const registries = [createRegistry(), createRegistry()];
    const app = new Hono();
    for (const at of [0, 1, 0])
      app.use(
        '*',
        honoMetrics({ metrics: httpMetrics({ registry: registries[at]! }), ignore: [/^\/health\//] }),
      );
    app.get('/things/:id', ok);
    app.get('/health/live', ok);
    for (const path of ['/things/1?x=1', '/health/live'])
      expect(await (await app.request(path)).text()).toBe('ok');
    for (const registry of registries) {
      expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /things/{id} 200': 1 });
      expect(sumsOf(registry, SIZES)).toEqual({ 'GET /things/{id}': 2 });
      expect(countsOf(registry, IN_FLIGHT)).toEqual({ '': 0 });
    }
  });

  test('whatever the environment is, by Fetch alone, but not what becomes a WebSocket', async () => {
    const { app, registry } = measured();
    app.get('/', ok);
    const upgraded = { incoming: { rawHeaders: [] }, outgoing: undefined };
    for (const env of [undefined, null, {}, { incoming: 'a queue', outgoing: {} }, upgraded])
      expect(await (await app.fetch(new Request('http://x/'), env as object)).text()).toBe('ok');
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET / 200': 4 });
  });

  test('the time until the answer began, by Fetch alone', async () => {
    const app = new Hono();
    app.use('*', honoMetrics({ metrics: httpMetrics({ registry: createRegistry() }), processTime: true }));
    app.get('/', ok);
    expect((await app.request('/')).headers.get('x-process-time')).toMatch(/^\d+\.\d{6}$/);
  });

  test('an upload that says its length, and random paths, by Fetch alone', async () => {
    const { app, registry } = measured();
    app.post('/upload', async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
    const headers = { 'content-length': '300' };
    expect(
      await (await app.request('/upload', { method: 'POST', body: 'x'.repeat(300), headers })).text(),
    ).toBe('300');
    expect(sumsOf(registry, 'http_request_size_bytes')).toEqual({ 'POST /upload': 300 });
    const before = [...registry.series()].length;
    for (let i = 0; i < 5_000; i++) await app.request(`/${i.toString(36)}/${i}`);
    expect(countsOf(registry, REQUESTS)).toEqual({ 'POST /upload 200': 1, 'GET unmatched 404': 5_000 });
    expect([...registry.series()].length - before).toBeLessThanOrEqual(5);
  });

  test('a client that goes away while it reads, served by Node', async () => {
    const { app, registry } = measured();
    app.get('/endless', (c) =>
      stream(c, async (out) => {
        let isOpen = true;
        out.onAbort?.(() => {
          isOpen = false;
        });
        while (isOpen && registry !== undefined && countsOf(registry, REQUESTS)['GET /endless 499'] !== 1)
          await out.write('x'.repeat(1_000)).then(() => out.sleep(1));
      }),
    );
    const { port } = await listen(app);
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n'));
    await once(socket, 'data');
    socket.destroy();
    await expect.poll(() => countsOf(registry, REQUESTS)).toEqual({ 'GET /endless 499': 1 });
  });
});
