import { once } from 'node:events';
import { type AddressInfo, connect, type Server } from 'node:net';
import { Readable } from 'node:stream';
import KoaRouter from '@koa/router';
import type Koa from 'koa';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { httpMetrics } from '../../dist/http.js';
import { createRegistry, type Registry } from '../../dist/index.js';
import { type KoaMetricsOptions, koaMetrics } from '../../dist/koa.js';
import { AGES, library } from '../libraries/library.ts';
import { countsOf, httpSuite, QueueJammed, type RunningApp, sumsOf } from './http-suite.ts';

const REQUESTS = 'http_requests_total';
const ERRORS = 'http_errors_total';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(app: Koa): Promise<RunningApp> {
  const server = app.listen(0, '127.0.0.1');
  server.keepAliveTimeout = 0;
  await once(server, 'listening');
  servers.push(server);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.each(AGES)('Koa, %s', async (age) => {
  const { default: Application } = await library<{ default: typeof Koa }>(age, 'koa');

  function application(): Koa {
    const app = new Application();
    app.silent = true;
    return app;
  }

  httpSuite('Koa', {
    start: ({ metrics, handlers, processTime, ignore, endpoint }) => {
      const app = application();
      for (const one of metrics) app.use(koaMetrics({ metrics: one, processTime, ignore, endpoint }));
      const router = new KoaRouter();
      router.get('/things/:id', (ctx) => {
        ctx.body = handlers.thing(ctx.params.id!);
      });
      const orders = new KoaRouter();
      orders.get('/orders/:order', (ctx) => {
        ctx.body = handlers.thing(ctx.params.order!);
      });
      router.use('/tenants/:tenant', orders.routes());
      router.get('/fail', () => {
        throw handlers.failure();
      });
      router.get('/refuse', () => {
        throw handlers.refusal();
      });
      router.get('/wait', async (ctx) => {
        ctx.body = await handlers.wait();
      });
      router.get('/stream', (ctx) => {
        ctx.body = handlers.stream();
      });
      router.post('/upload', async (ctx) => {
        let bytes = 0;
        for await (const chunk of ctx.req) bytes += (chunk as Buffer).length;
        ctx.body = String(bytes);
      });
      router.get(['/metrics', '/health/live'], (ctx) => {
        ctx.body = handlers.thing('metrics');
      });
      app.use(router.routes());
      return listen(app);
    },
  });

  interface Asked extends KoaMetricsOptions<Koa.Context> {
    readonly registry?: Registry;
    readonly methods?: readonly string[];
  }

  /** Asks for paths one after the other, and waits until all were counted. */
  async function asked(build: (app: Koa) => void, paths: readonly string[], options: Asked = {}) {
    const { registry = createRegistry(), methods = [], ...others } = options;
    const app = application();
    app.use(koaMetrics({ metrics: httpMetrics({ registry, inFlightLabels: ['endpoint'] }), ...others }));
    build(app);
    const { port } = await listen(app);
    for (const [i, path] of paths.entries()) {
      const answer = fetch(`http://127.0.0.1:${port}${path}`, { method: methods[i] ?? 'GET' });
      await answer.then((response) => response.arrayBuffer()).catch(() => {});
    }
    await expect
      .poll(() => Object.values(countsOf(registry, REQUESTS)).reduce((sum, count) => sum + count, 0))
      .toBe(paths.length);
    return registry;
  }

  const ok = (ctx: { body?: unknown }): void => {
    ctx.body = 'ok';
  };

  test('routers with prefixes that have parameters, in each other', async () => {
    const lines = new KoaRouter({ prefix: '/lines' });
    lines.get('/', ok).get('/:line', ok);
    const orders = new KoaRouter({ prefix: '/orders/:order' });
    orders.use(lines.routes());
    orders.get('/', ok);
    const tenants = new KoaRouter({ prefix: '/tenants/:tenant' });
    tenants.use(orders.routes());
    const registry = await asked(
      (app) => app.use(tenants.routes()),
      [
        '/tenants/acme/orders/1/lines/2',
        '/tenants/tenants/orders/lines/lines/3?x=1',
        '/tenants/acme/orders/1/lines',
        '/tenants/acme/orders/1',
        '/tenants/acme',
      ],
    );
    expect(countsOf(registry, REQUESTS)).toEqual({
      'GET /tenants/{tenant}/orders/{order}/lines/{line} 200': 2,
      'GET /tenants/{tenant}/orders/{order}/lines 200': 1,
      'GET /tenants/{tenant}/orders/{order} 200': 1,
      'GET unmatched 404': 1,
    });
  });

  test('several routes that match: the one that answers', async () => {
    const router = new KoaRouter();
    router.get('/users/me', ok);
    router.get('/users/:id', (ctx, next) => (ctx.params.id === 'none' ? next() : ok(ctx)));
    router.get('/users/:name', ok);
    router.get(/^\/files\/(\d+)$/, ok);
    router.post('/users/me', ok);
    const later = new KoaRouter();
    later.all('/{*rest}', ok);
    const registry = await asked(
      (app) => app.use(router.routes()).use(router.allowedMethods()).use(later.routes()),
      ['/users/me', '/users/7', '/users/none', '/files/12', '/files/13', '/users/me', '/other/thing'],
      { methods: ['GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'DELETE'] },
    );
    expect(countsOf(registry, REQUESTS)).toEqual({
      'GET /users/me 200': 1,
      'GET /users/{id} 200': 1,
      'GET /users/{name} 200': 1,
      'GET /files/{wildcard} 200': 2,
      'POST /users/me 200': 1,
      'DELETE /{rest} 200': 1,
    });
  });

  test('a middleware of the router that refuses, under the route that it keeps from answering', async () => {
    const router = new KoaRouter({ prefix: '/api' });
    router.use((ctx, next) => {
      if (ctx.query.token === undefined) ctx.throw(401);
      return next();
    });
    router.get('/orders/:id', ok);
    router.get('/orders/:id/lines', ok);
    const registry = await asked(
      (app) => app.use(router.routes()).use(router.allowedMethods()),
      ['/api/orders/1', '/api/orders/1?token=x', '/api/orders/2/lines', '/api/nothing', '/api/orders/1'],
      { methods: ['GET', 'GET', 'GET', 'GET', 'PUT'] },
    );
    expect(countsOf(registry, REQUESTS)).toEqual({
      'GET /api/orders/{id} 401': 1,
      'GET /api/orders/{id} 200': 1,
      'GET /api/orders/{id}/lines 401': 1,
      'GET unmatched 404': 1,
      'PUT unmatched 405': 1,
    });
    expect(countsOf(registry, ERRORS)).toEqual({});
  });

  test('what older routers note', async () => {
    const layers = [
      { path: '([^/]*)', methods: [] },
      { path: '/things/:id(\\d+)', methods: ['HEAD', 'GET'] },
      { path: '/(.*)', methods: ['HEAD', 'GET'] },
    ];
    const older = (ctx: Koa.Context): void => {
      ctx.body = 'ok';
      if (ctx.path === '/none') Object.assign(ctx, { matched: [layers[0]] });
      else if (ctx.path === '/things/1') Object.assign(ctx, { matched: layers, _matchedRoute: '/(.*)' });
      else
        Object.assign(ctx, {
          matched: layers,
          routerPath: ctx.path,
          _matchedRoute: layers[Number(ctx.query.layer)]!.path,
        });
    };
    const registry = await asked(
      (app) => app.use(older),
      ['/none', '/things/1', '/things/2?layer=0', '/things/2?layer=1', '/things/2?layer=2'],
    );
    expect(countsOf(registry, REQUESTS)).toEqual({
      'GET unmatched 200': 1,
      'GET /things/{id} 200': 3,
      'GET /{wildcard} 200': 1,
    });
  });

  test('routes that the program tells', async () => {
    const registry = await asked(
      (app) => app.use(ok),
      ['/orders/1', '/orders/2?x=1', '/wp-admin', '/throws'],
      {
        route: (ctx) => {
          if (ctx.path === '/throws') throw new Error('no route');
          return ctx.path.startsWith('/orders/') ? '/orders/:id' : undefined;
        },
      },
    );
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /orders/{id} 200': 2, 'GET unmatched 200': 2 });
  });

  test('exceptions that pass, that are emitted, and those of streams, once each', async () => {
    const router = new KoaRouter();
    router.get('/passes', () => {
      throw new QueueJammed();
    });
    router.get('/none', () => {
      throw 'no error';
    });
    router.get('/emitted', () => {
      throw new RangeError('kept, and emitted');
    });
    router.get('/stream', (ctx) => {
      ctx.body = new Readable({
        read() {
          this.destroy(new SyntaxError('no more'));
        },
      });
    });
    router.get('/mistake', (ctx) => ctx.throw(400, 'a mistake'));
    const registry = await asked(
      (app) => {
        app.use(async (ctx, next) => {
          try {
            await next();
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            ctx.status = 503;
            ctx.app.emit('error', error, ctx);
          }
        });
        app.use(router.routes());
      },
      ['/passes', '/none', '/emitted', '/stream', '/mistake'],
    );
    expect(countsOf(registry, ERRORS)).toEqual({
      'GET /passes QueueJammed': 1,
      'GET /none not_an_error': 1,
      'GET /emitted RangeError': 1,
      'GET /stream SyntaxError': 1,
    });
    expect(countsOf(registry, REQUESTS)).toMatchObject({
      'GET /passes 500': 1,
      'GET /none 500': 1,
      'GET /emitted 503': 1,
      'GET /mistake 400': 1,
    });
  });

  test('Koa goes on to log errors that nobody else listens to', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      await asked(
        (app) => {
          app.silent = false;
          app.use(() => {
            throw new QueueJammed('as Koa writes it');
          });
        },
        ['/', '/'],
      );
      expect(logged.mock.calls.map(([text]) => String(text).includes('as Koa writes it'))).toEqual([
        true,
        true,
      ]);
    } finally {
      logged.mockRestore();
    }
  });

  test('answers that Koa does not write, and streams whose client goes away', async () => {
    const registry = createRegistry();
    const app = application();
    app.use(koaMetrics({ metrics: httpMetrics({ registry }) }));
    const router = new KoaRouter();
    router.get('/bare', (ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(202).write('ba');
      setImmediate(() => ctx.res.end('re'));
    });
    router.get('/endless', (ctx) => {
      ctx.body = new Readable({
        read() {
          setImmediate(() => this.push('x'.repeat(1_000)));
        },
      });
    });
    app.use(router.routes());
    const { port } = await listen(app);
    expect(await (await fetch(`http://127.0.0.1:${port}/bare`)).text()).toBe('bare');
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n'));
    await once(socket, 'data');
    socket.resetAndDestroy();
    await expect
      .poll(() => countsOf(registry, REQUESTS))
      .toEqual({ 'GET /bare 202': 1, 'GET /endless 499': 1 });
    expect(sumsOf(registry, 'http_response_size_bytes')['GET /bare']).toBe(4);
    expect(countsOf(registry, ERRORS)).toEqual({});
    expect(countsOf(registry, 'http_requests_in_progress')).toEqual({ '': 0 });
  });
});
