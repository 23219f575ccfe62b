import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import { afterEach, describe, expect, test } from 'vitest';
import { expressErrors, expressMetrics } from '../../dist/express.js';
import { MOUNTS_PER_ROUTE_MAX } from '../../dist/http/express-routes.js';
import { httpMetrics, instrumentServer } from '../../dist/http.js';
import { createRegistry, type Registry } from '../../dist/index.js';
import { library } from '../libraries/library.ts';
import { countsOf, httpSuite, QueueJammed, type RunningApp, sumsOf } from './http-suite.ts';

const REQUESTS = 'http_requests_total';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(app: Express): Promise<RunningApp> {
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

/** The routers of all three find and tell in ways of their own what is mounted. */
const VERSIONS = [
  { version: '5, newest', age: 'newest', name: 'express', wildcard: 'rest' },
  { version: '5.0', age: 'oldest', name: 'express-5', wildcard: 'rest' },
  { version: '4.18', age: 'oldest', name: 'express', wildcard: 'wildcard' },
] as const;

describe.each(VERSIONS)('Express $version', async ({ age, name, wildcard }) => {
  const { default: make } = await library<{ default: typeof express }>(age, name);

  httpSuite('Express', {
    start: ({ metrics, handlers, processTime, ignore, endpoint }) => {
      const app = make();
      app.set('env', 'test');
      for (const one of metrics) app.use(expressMetrics({ metrics: one, processTime, ignore, endpoint }));
      app.get('/things/:id', (request, response) => {
        response.send(handlers.thing(request.params.id));
      });
      const orders = make.Router();
      orders.get('/orders/:order', (request, response) => {
        response.send(handlers.thing(request.params.order));
      });
      app.use('/tenants/:tenant', orders);
      app.get('/fail', () => {
        throw handlers.failure();
      });
      app.get('/refuse', () => {
        throw handlers.refusal();
      });
      app.get('/wait', (_request, response, next) => {
        handlers.wait().then((text) => response.send(text), next);
      });
      app.get('/stream', (_request, response) => {
        handlers.stream().pipe(response);
      });
      app.post('/upload', (request, response) => {
        let bytes = 0;
        request.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        request.on('end', () => response.send(String(bytes)));
      });
      app.get(['/metrics', '/health/live'], (_request, response) => {
        response.send(handlers.thing('metrics'));
      });
      app.use(expressErrors());
      return listen(app);
    },
  });

  /** Asks for paths one after the other, and says what was counted of them. */
  async function endpointsOf(
    build: (app: Express) => void,
    ...paths: readonly string[]
  ): Promise<Record<string, number>> {
    const registry = createRegistry();
    await asked(registry, build, ...paths);
    return countsOf(registry, REQUESTS);
  }

  async function asked(
    registry: Registry,
    build: (app: Express) => void,
    ...paths: readonly string[]
  ): Promise<void> {
    const app = make();
    app.set('env', 'test');
    app.use(expressMetrics({ metrics: httpMetrics({ registry, inFlightLabels: ['endpoint'] }) }));
    build(app);
    const { port } = await listen(app);
    for (const one of paths) await (await fetch(`http://127.0.0.1:${port}${one}`)).arrayBuffer();
    await expect
      .poll(() => Object.values(countsOf(registry, REQUESTS)).reduce((sum, count) => sum + count, 0))
      .toBe(paths.length);
  }

  const ok = (_request: Request, response: Response): void => {
    response.send('ok');
  };

  test('mounts with parameters, in mounts with parameters', async () => {
    const counts = await endpointsOf(
      (app) => {
        const lines = make.Router({ mergeParams: true });
        lines.get('/:line', ok);
        lines.get('/', ok);
        const orders = make.Router();
        orders.use('/orders/:order/lines', lines);
        orders.get('/', ok);
        app.use('/tenants/:tenant', orders);
      },
      '/tenants/acme/orders/1/lines/2',
      '/tenants/acme/orders/2/lines/3?x=1',
      '/tenants/globex/orders/orders/lines/lines',
      '/tenants/tenants/orders/7/lines',
      '/tenants/J%C3%BCrgen/orders/7/lines/8',
      '/tenants/acme',
      '/tenants/acme/',
      '/Tenants/ACME/Orders/1/Lines/2',
    );
    expect(counts).toEqual({
      'GET /tenants/{tenant}/orders/{order}/lines/{line} 200': 5,
      'GET /tenants/{tenant}/orders/{order}/lines 200': 1,
      'GET /tenants/{tenant} 200': 2,
    });
  });

  test('mounts with parts of segments, several patterns, regular expressions, and at the root', async () => {
    const counts = await endpointsOf(
      (app) => {
        const router = make.Router();
        router.get('/thing/:id', ok);
        app.use(router);
        app.use('/:any/more', router);
        app.use('/api/v:version', router);
        app.use(['/here', '/there/:where'], router);
        app.use(/^\/x\d+/, router);
      },
      '/thing/1',
      '/api/more/thing/1',
      '/api/v1/thing/1',
      '/api/v22/thing/2',
      '/here/thing/1',
      '/there/far/thing/1',
      '/there/near/thing/1',
      '/x17/thing/1',
      '/x18/thing/1',
    );
    expect(counts).toEqual({
      'GET /api/v{version}/thing/{id} 200': 2,
      'GET /here/thing/{id} 200': 1,
      'GET /there/{where}/thing/{id} 200': 2,
      'GET /x{id}/thing/{id} 200': 2,
      'GET /thing/{id} 200': 1,
      'GET /{any}/more/thing/{id} 200': 1,
    });
  });

  test('routes that are regular expressions or several patterns', async () => {
    const counts = await endpointsOf(
      (app) => {
        app.get(/^\/files\/(\d+)$/, ok);
        app.get(['/a/:x', '/b', /^\/c\d$/], ok);
        app.route('/chained/:id').get(ok);
        app.all(wildcard === 'rest' ? '/rest/*rest' : '/rest/*', ok);
      },
      '/files/1',
      '/files/22',
      '/a/1',
      '/b',
      '/c7',
      '/chained/1',
      '/rest/of/it',
    );
    expect(counts).toEqual({
      'GET /files/{wildcard} 200': 2,
      'GET /a/{x} 200': 1,
      'GET /b 200': 1,
      'GET /c\\d 200': 1,
      'GET /chained/{id} 200': 1,
      [`GET /rest/{${wildcard}} 200`]: 1,
    });
  });

  test('applications in applications, mounted with parameters, in routers, and failing', async () => {
    const counts = await endpointsOf(
      (app) => {
        const inner = make();
        inner.get('/items/:item', ok);
        inner.get('/fail/:item', () => {
          throw new Error('inside');
        });
        const middle = make();
        middle.use('/shops/:shop', inner);
        middle.get('/', ok);
        app.use('/cities/:city', middle);
        const inRouter = make();
        inRouter.get('/deep/:id', ok);
        const router = make.Router();
        router.use('/apps/:app', inRouter);
        app.use('/r', router);
        const failing = make();
        failing.get('/fail/:item', () => {
          throw new Error('always');
        });
        app.use('/unseen/:id', failing);
      },
      '/cities/rome/shops/1/items/2',
      '/cities/oslo/shops/2/items/3',
      '/cities/oslo',
      '/r/apps/7/deep/8',
      '/cities/oslo/shops/2/fail/3',
      '/cities/rome/shops/2/fail/3',
      '/unseen/some/fail/3',
    );
    expect(counts).toEqual({
      'GET /cities/{city}/shops/{shop}/items/{item} 200': 2,
      'GET /cities/{city} 200': 1,
      'GET /r/apps/{app}/deep/{id} 200': 1,
      'GET /cities/{city}/shops/{shop}/fail/{item} 500': 2,
      'GET /unseen/{id}/fail/{item} 500': 1,
    });
  });

  test('routes of routers that fail, though the router was left', async () => {
    const registry = createRegistry();
    await asked(
      registry,
      (app) => {
        const router = make.Router();
        router.get('/orders/:order', (_request, _response, next) => next(new QueueJammed()));
        app.use('/tenants/:tenant', router);
        app.use(expressErrors());
        app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) => {
          response.status(503).send('handled');
        });
      },
      '/tenants/1/orders/1',
      '/tenants/2/orders/2',
    );
    expect(countsOf(registry, REQUESTS)).toEqual({ 'GET /tenants/{tenant}/orders/{order} 503': 2 });
    expect(countsOf(registry, 'http_errors_total')).toEqual({
      'GET /tenants/{tenant}/orders/{order} QueueJammed': 2,
    });
  });

  test('middlewares that answer at a path of their own, and files', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'binnacle-express-'));
    writeFileSync(path.join(folder, 'page.txt'), 'x'.repeat(200_000));
    const registry = createRegistry();
    try {
      await asked(
        registry,
        (app) => {
          app.use('/static', make.static(folder));
          app.use('/of/:tenant/graphql', ok);
          app.use('/static/inner', ok);
          app.get('/file/:name', (request, response) => {
            response.sendFile(path.join(folder, request.params.name));
          });
        },
        '/static/page.txt',
        '/static/missing.txt',
        '/of/acme/graphql',
        '/static/inner/page',
        '/of/globex/graphql/x',
        '/file/page.txt',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(countsOf(registry, REQUESTS)).toEqual({
      'GET /static 200': 1,
      'GET unmatched 404': 1,
      'GET /of/{tenant}/graphql 200': 2,
      'GET /static/inner 200': 1,
      'GET /file/{name} 200': 1,
    });
    expect(sumsOf(registry, 'http_response_size_bytes')).toMatchObject({
      'GET /static': 200_000,
      'GET /file/{name}': 200_000,
    });
  });

  test.each(['first', 'second'])(
    'a client that is gone before the instrument sees it, on its %s request',
    async (which) => {
      const registry = createRegistry();
      const app = make();
      let passed = 0;
      const leaving = new AbortController();
      app.use((request, response, next) => {
        if (request.url !== '/gone') return next();
        response.on('close', () => setImmediate(next));
        leaving.abort();
      });
      app.use(expressMetrics({ metrics: httpMetrics({ registry }) }));
      app.use((_request, response) => {
        passed++;
        response.send('ok');
      });
      const { port } = await listen(app);
      if (which === 'second') await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await expect(fetch(`http://127.0.0.1:${port}/gone`, { signal: leaving.signal })).rejects.toThrow();
      await expect.poll(() => passed).toBe(which === 'second' ? 2 : 1);
      await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await expect
        .poll(() => countsOf(registry, REQUESTS))
        .toEqual({ 'GET unmatched 200': which === 'second' ? 2 : 1 });
      expect(countsOf(registry, 'http_requests_in_progress')).toEqual({ '': 0 });
    },
  );

  test('mounts of which nobody knows the template have a limit', async () => {
    const words = Array.from({ length: MOUNTS_PER_ROUTE_MAX + 10 }, (_, i) =>
      String.fromCharCode(97 + (i % 26), 97 + i / 26, 120),
    );
    const counts = await endpointsOf(
      (app) => {
        const router = make.Router();
        router.get('/thing/:id', ok);
        // No other word can stand in the place of one.
        app.use(/^\/(?=([a-z])[a-z]x)\1[a-z]x/, router);
      },
      ...words.map((word) => `/${word}/thing/1`),
    );
    expect(Object.keys(counts)).toHaveLength(MOUNTS_PER_ROUTE_MAX + 1);
    expect(counts['GET /{mount}/thing/{id} 200']).toBe(10);
  });

  test('an application whose server is measured, too, counts once', async () => {
    const registry = createRegistry();
    const metrics = httpMetrics({ registry });
    const app = make();
    app.use(expressMetrics({ metrics }));
    app.get('/things/:id', ok);
    const server = app.listen(0, '127.0.0.1');
    instrumentServer(server, { metrics });
    await once(server, 'listening');
    servers.push(server);
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const one of ['/things/1', '/nowhere']) await (await fetch(at + one)).text();
    await expect
      .poll(() => countsOf(registry, REQUESTS))
      .toEqual({ 'GET /things/{id} 200': 1, 'GET unmatched 404': 1 });
  });
});
