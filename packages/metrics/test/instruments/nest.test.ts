import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { httpMetrics } from '../../dist/http.js';
import { createRegistry, metricsHandler, type Registry } from '../../dist/index.js';
import { instrumentNest, type NestApplication } from '../../dist/nest.js';
import { AGES, library } from '../libraries/library.ts';
import { countsOf, httpSuite, QueueJammed, type RunningApp } from './http-suite.ts';

const REQUESTS = 'http_requests_total';
const ERRORS = 'http_errors_total';

type Class = new () => object;
type Handle = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** What the tests use of `@nestjs/common`, whose two majors are not in the tree of the project. */
interface Common {
  Controller(where?: string | object): ClassDecorator;
  Module(parts: object): ClassDecorator;
  Injectable(options?: object): ClassDecorator;
  Catch(...types: readonly unknown[]): ClassDecorator;
  Get(path?: string): MethodDecorator;
  Post(path?: string): MethodDecorator;
  HttpCode(status: number): MethodDecorator;
  Version(version: string): MethodDecorator;
  UseGuards(...guards: readonly object[]): MethodDecorator;
  UseFilters(...filters: readonly object[]): MethodDecorator;
  Param(name: string, ...pipes: readonly unknown[]): ParameterDecorator;
  Req(): ParameterDecorator;
  readonly HttpException: new (text: string, status: number) => Error;
  readonly StreamableFile: new (stream: Readable) => object;
  readonly ParseIntPipe: unknown;
  readonly VersioningType: { readonly URI: number; readonly HEADER: number };
}

interface App extends NestApplication {
  setGlobalPrefix(prefix: string): void;
  enableVersioning(options: object): void;
  useGlobalFilters(...filters: readonly object[]): void;
  useGlobalInterceptors(...interceptors: readonly object[]): void;
  init(): Promise<unknown>;
  listen(port: number, host: string): Promise<unknown>;
  close(): Promise<void>;
  getHttpServer(): Server;
  getHttpAdapter(): ReturnType<NestApplication['getHttpAdapter']> & {
    get(path: string, handler: unknown): unknown;
  };
}

interface Core {
  readonly NestFactory: { create(module: Class, options: object): Promise<App> };
}

// Whichever is loaded first serves both majors.
await library('newest', 'reflect-metadata');

describe.each(AGES)('Nest, %s', async (age) => {
  const common = await library<Common>(age, '@nestjs/common');
  const { NestFactory } = await library<Core>(age, '@nestjs/core');
  const { Controller, Get, Param, UseFilters, UseGuards } = common;

  /** A method of a controller with its decorators, and with those of its parameters. */
  type Route = readonly [
    handle: (...args: never[]) => unknown,
    decorators: readonly MethodDecorator[],
    ...parameters: readonly ParameterDecorator[],
  ];

  /** A controller; decorators are applied by hand, since this file is compiled without those of Nest's kind. */
  function controller(where: string | object | undefined, ...routes: readonly Route[]): Class {
    class Routes {}
    for (const [i, [handle, decorators, ...parameters]] of routes.entries()) {
      const name = `route${i}`;
      // A function of its own: decorators leave their marks at it.
      const value = (...args: never[]) => handle(...args);
      const descriptor = { value, configurable: true, writable: true, enumerable: false };
      Object.defineProperty(Routes.prototype, name, descriptor);
      for (const decorate of decorators) decorate(Routes.prototype, name, descriptor);
      for (const [at, decorate] of parameters.entries()) decorate(Routes.prototype, name, at);
    }
    Controller(where)(Routes);
    return Routes;
  }

  function moduleOf(controllers: readonly Class[], configure?: (consumer: Consumer) => void): Class {
    class Root {
      configure(consumer: Consumer): void {
        configure?.(consumer);
      }
    }
    common.Module({ controllers })(Root);
    return Root;
  }

  interface Consumer {
    apply(middleware: Class | Handle): { forRoutes(path: string): unknown };
  }

  function create(root: Class): Promise<App> {
    return NestFactory.create(root, { logger: false, abortOnError: false });
  }

  async function listen(app: App): Promise<RunningApp> {
    await app.listen(0, '127.0.0.1');
    const server = app.getHttpServer();
    server.keepAliveTimeout = 0;
    if (!server.listening) await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.closeAllConnections();
        await app.close();
      },
    };
  }

  httpSuite('Nest', {
    start: async ({ metrics, handlers, processTime, ignore, endpoint }) => {
      const app = await create(
        moduleOf([
          controller(
            undefined,
            [(id: string) => handlers.thing(id), [Get('things/:id')], Param('id')],
            [
              () => {
                throw handlers.failure();
              },
              [Get('fail')],
            ],
            [
              () => {
                throw handlers.refusal();
              },
              [Get('refuse')],
            ],
            [() => handlers.wait(), [Get('wait')]],
            [() => new common.StreamableFile(handlers.stream()), [Get('stream')]],
            [
              async (request: IncomingMessage) => {
                let bytes = 0;
                for await (const chunk of request) bytes += (chunk as Buffer).length;
                return String(bytes);
              },
              [common.Post('upload'), common.HttpCode(200)],
              common.Req(),
            ],
            [() => handlers.thing('metrics'), [Get('metrics')]],
            [() => handlers.thing('metrics'), [Get('health/live')]],
          ),
          controller('tenants/:tenant', [
            (order: string) => handlers.thing(order),
            [Get('orders/:order')],
            Param('order'),
          ]),
        ]),
      );
      for (const one of metrics) instrumentNest(app, { metrics: one, processTime, ignore, endpoint });
      return listen(app);
    },
  });

  /** Asks for paths one after the other, and waits until all were counted. */
  async function asked(
    root: Class,
    configure: (app: App) => void,
    paths: readonly string[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Registry> {
    const registry = createRegistry();
    const app = await create(root);
    instrumentNest(app, { metrics: httpMetrics({ registry }) });
    configure(app);
    const { port, close } = await listen(app);
    try {
      for (const one of paths) {
        const [path, method = 'GET'] = one.split(' ').reverse() as [string, string?];
        await (await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })).arrayBuffer();
      }
      await expect
        .poll(() => Object.values(countsOf(registry, REQUESTS)).reduce((sum, count) => sum + count, 0))
        .toBe(paths.length);
    } finally {
      await close();
    }
    return registry;
  }

  const ok = () => 'ok';
  const throwing = (make: () => unknown) => () => {
    throw make();
  };

  test('the global prefix, versions in the path, and what they do not match', async () => {
    const registry = await asked(
      moduleOf([
        controller(
          { path: 'orders', version: '1' },
          [ok, [Get(':id')]],
          [ok, [Get()]],
          [ok, [Get(':id/lines/:line'), common.Version('2')]],
        ),
      ]),
      (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: common.VersioningType.URI });
      },
      [
        '/api/v1/orders/1',
        '/api/v1/orders/2?x=1',
        '/api/v1/orders',
        '/api/v2/orders/1/lines/2',
        '/api/v1/orders/1/lines/2',
        '/api/v3/orders/1',
        '/api/nothing',
        '/v1/orders/1',
        'POST /api/v1/orders/1',
        '/',
      ],
    );
    expect(countsOf(registry, REQUESTS)).toEqual({
      'GET /api/v1/orders/{id} 200': 2,
      'GET /api/v1/orders 200': 1,
      'GET /api/v2/orders/{id}/lines/{line} 200': 1,
      'GET unmatched 404': 5,
      'POST unmatched 404': 1,
    });
    expect(countsOf(registry, ERRORS)).toEqual({});
  });

  test('versions in a header', async () => {
    const build = () =>
      moduleOf([
        controller(
          'orders',
          [ok, [Get(':id'), common.Version('1')]],
          [ok, [Get(':order'), common.Version('2')]],
        ),
      ]);
    const versioned = (app: App) =>
      app.enableVersioning({ type: common.VersioningType.HEADER, header: 'version' });
    const second = await asked(build(), versioned, ['/orders/1'], { version: '2' });
    expect(countsOf(second, REQUESTS)).toEqual({ 'GET /orders/{order} 200': 1 });
    const none = await asked(build(), versioned, ['/orders/1'], { version: '3' });
    expect(countsOf(none, REQUESTS)).toEqual({ 'GET unmatched 404': 1 });
  });

  test('exceptions of guards, pipes, handlers, interceptors and middlewares, whatever filters make of them', async () => {
    class Filter {
      catch(_exception: unknown, host: { getArgByIndex(index: number): { status(code: number): Sender } }) {
        host.getArgByIndex(1).status(503).send('filtered');
      }
    }
    common.Catch(RangeError)(Filter);
    const guard = (canActivate: () => unknown) => UseGuards({ canActivate });
    const intercepting = { intercept: (_context: unknown, next: { handle(): object }) => next.handle() };
    const registry = await asked(
      moduleOf(
        [
          controller(
            'orders',
            [ok, [Get(':id/guarded'), guard(() => false)]],
            [ok, [Get(':id/unknown'), guard(throwing(() => new common.HttpException('who?', 401)))]],
            [ok, [Get(':id/jammed'), guard(throwing(() => new QueueJammed()))]],
            [ok, [Get(':id/piped')], Param('id', common.ParseIntPipe)],
            [throwing(() => new QueueJammed()), [Get(':id/fails')]],
            [throwing(() => new common.HttpException('elsewhere', 502)), [Get(':id/gateway')]],
            [throwing(() => new RangeError()), [Get(':id/filtered'), UseFilters(new Filter())]],
            [throwing(() => new RangeError()), [Get(':id/everywhere')]],
            [throwing(() => 'text'), [Get(':id/text')]],
          ),
          controller({ path: 'late', scope: 2 }, [throwing(() => new QueueJammed()), [Get(':id')]]),
        ],
        (consumer) => {
          class Failing {
            use(request: { originalUrl: string }, _response: unknown, next: () => void): void {
              if (request.originalUrl.includes('middleware')) throw new SyntaxError();
              next();
            }
          }
          common.Injectable()(Failing);
          consumer.apply(Failing).forRoutes('orders/:id/middleware');
        },
      ),
      (app) => {
        app.useGlobalFilters(new Filter());
        app.useGlobalInterceptors(intercepting);
      },
      [
        ...[
          'guarded',
          'unknown',
          'jammed',
          'piped',
          'fails',
          'gateway',
          'filtered',
          'everywhere',
          'text',
        ].map((name) => `/orders/x/${name}`),
        '/orders/1/piped',
        '/late/1',
        '/orders/1/middleware',
      ],
    );
    expect(countsOf(registry, REQUESTS)).toEqual({
      'GET /orders/{id}/guarded 403': 1,
      'GET /orders/{id}/unknown 401': 1,
      'GET /orders/{id}/jammed 500': 1,
      'GET /orders/{id}/piped 400': 1,
      'GET /orders/{id}/piped 200': 1,
      'GET /orders/{id}/fails 500': 1,
      'GET /orders/{id}/gateway 502': 1,
      'GET /orders/{id}/filtered 503': 1,
      'GET /orders/{id}/everywhere 503': 1,
      'GET /orders/{id}/text 500': 1,
      'GET /late/{id} 500': 1,
      'GET /orders/{id}/middleware 500': 1,
    });
    expect(countsOf(registry, ERRORS)).toEqual({
      'GET /orders/{id}/jammed QueueJammed': 1,
      'GET /orders/{id}/fails QueueJammed': 1,
      'GET /orders/{id}/gateway HttpException': 1,
      'GET /orders/{id}/filtered RangeError': 1,
      'GET /orders/{id}/everywhere RangeError': 1,
      'GET /orders/{id}/text not_an_error': 1,
      'GET /late/{id} QueueJammed': 1,
      'GET /orders/{id}/middleware SyntaxError': 1,
    });
  });

  test('a broken body as an answer, and routes of the adapter', async () => {
    const registry = createRegistry();
    const app = await create(moduleOf([controller('orders', [ok, [common.Post()]])]));
    instrumentNest(app, { metrics: httpMetrics({ registry }) });
    app.getHttpAdapter().get('/metrics', metricsHandler(registry));
    const { port, close } = await listen(app);
    try {
      const at = `http://127.0.0.1:${port}`;
      const headers = { 'content-type': 'application/json' };
      expect((await fetch(`${at}/orders`, { method: 'POST', headers, body: '{' })).status).toBe(400);
      expect((await fetch(`${at}/orders`, { method: 'POST', headers, body: '{}' })).status).toBe(201);
      await expect
        .poll(() => countsOf(registry, REQUESTS))
        .toEqual({ 'POST unmatched 400': 1, 'POST /orders 201': 1 });
      const text = await (await fetch(`${at}/metrics`)).text();
      expect(text).toContain('http_requests_total{method="POST",endpoint="/orders",status="201"} 1\n');
    } finally {
      await close();
    }
    expect(countsOf(registry, ERRORS)).toEqual({});
  });

  test('an application that has its routes already is refused', async () => {
    const app = await create(moduleOf([]));
    await app.init();
    expect(() => instrumentNest(app)).toThrow(TypeError);
    await app.close();
  });
});

interface Sender {
  send(text: string): unknown;
}

test('a version of Nest with another inside goes on without errors', async () => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const used: unknown[] = [];
  instrumentNest(
    {
      getHttpAdapter: () => ({ getType: () => 'express', getInstance: () => undefined }),
      use: (middleware) => used.push(middleware),
    },
    { metrics: httpMetrics({ registry: createRegistry() }) },
  );
  expect(used).toHaveLength(1);
  expect(await warned).toMatchObject({ name: 'BinnacleMetricsWarning', code: 'nest_exceptions' });
});
