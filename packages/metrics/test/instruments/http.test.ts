import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { httpWatch } from '../../../blueprint/dist/index.js';
import { TEMPLATES_MAX } from '../../dist/http/endpoint.js';
import { ERROR_TYPES_MAX } from '../../dist/http/error-type.js';
import {
  httpMetrics,
  instrumentServer,
  isAnswered,
  normalizedPath,
  requestFailed,
  type ServerOptions,
  withBraces,
} from '../../dist/http.js';
import { createRegistry, type Registry } from '../../dist/index.js';
import { countsOf, httpSuite, type RunningApp, type SuiteHandlers, sumsOf } from './http-suite.ts';

const ROUTES: readonly (readonly [template: string, pattern: RegExp])[] = [
  ['/things/:id', /^\/things\/([^/?]+)(?:\?|$)/],
  ['/tenants/{tenant}/orders/{order}', /^\/tenants\/[^/]+\/orders\/([^/?]+)$/],
  ['/upload', /^\/upload$/],
  ['/fail', /^\/fail$/],
  ['/refuse', /^\/refuse$/],
  ['/wait', /^\/wait$/],
  ['/stream', /^\/stream$/],
  ['/metrics', /^\/metrics(?:\?|$)/],
  ['/health/live', /^\/health\/live$/],
];

function route({ method = '', url = '' }: IncomingMessage): string | undefined {
  return /^(?:GET|HEAD|POST)$/.test(method)
    ? ROUTES.find(([, pattern]) => pattern.test(url))?.[0]
    : undefined;
}

async function answer(
  handlers: SuiteHandlers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<unknown> {
  const [template, pattern] = ROUTES.find(([one]) => one === route(request)) ?? [];
  switch (template) {
    case undefined:
      return response.writeHead(404).end('nothing is here');
    case '/upload': {
      let bytes = 0;
      for await (const chunk of request) bytes += (chunk as Buffer).length;
      return response.end(String(bytes));
    }
    case '/fail':
      requestFailed(response, handlers.failure());
      return response.writeHead(500).end();
    case '/refuse':
      requestFailed(response, handlers.refusal());
      return response.writeHead(409).end();
    case '/wait':
      return response.end(await handlers.wait());
    case '/stream':
      return handlers.stream().pipe(response);
    default:
      return response.end(handlers.thing(pattern?.exec(request.url ?? '')?.[1] ?? 'metrics'));
  }
}

const servers: { close(): unknown }[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(
  options: Omit<ServerOptions, 'metrics'> & { readonly metrics: readonly ServerOptions['metrics'][] },
  answered: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<RunningApp> {
  const server = createServer((request, response) => {
    Promise.resolve(answered(request, response)).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  for (const metrics of options.metrics) instrumentServer(server, { ...options, metrics });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  servers.push({ close });
  return { port: (server.address() as AddressInfo).port, close };
}

httpSuite('node:http with routes', {
  start: ({ handlers, ...options }) =>
    listening({ ...options, route }, (request, response) => answer(handlers, request, response)),
});

async function plain(
  status: (path: string) => number,
  options: Omit<ServerOptions, 'metrics'> = {},
): Promise<{ readonly registry: Registry; readonly ask: (...paths: string[]) => Promise<void> }> {
  const registry = createRegistry();
  const { port } = await listening(
    { metrics: [httpMetrics({ registry })], ...options },
    (request, response) => response.writeHead(status(request.url ?? '')).end(),
  );
  let sent = 0;
  const ask = async (...paths: string[]) => {
    for (const path of paths)
      await (await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' })).text();
    sent += paths.length;
    await expect
      .poll(() => Object.values(countsOf(registry, 'http_requests_total')).reduce((sum, one) => sum + one, 0))
      .toBe(sent);
  };
  return { registry, ask };
}

describe('a server without routes', () => {
  test('calls what it makes of paths as it is told to', async () => {
    const { registry, ask } = await plain(() => 200, {
      endpoint: (path) => (path === '/health' ? 'health' : path),
    });
    await ask('/health', '/orders/1', '/health?verbose', '/orders/2');
    expect(countsOf(registry, 'http_requests_total')).toEqual({
      'GET health 200': 2,
      'GET /orders/{id} 200': 2,
    });
  });

  test('counts by paths, with their identifiers in braces', async () => {
    const { registry, ask } = await plain(() => 200);
    await ask(
      '/',
      '/orders/1',
      '/orders/2?x=1',
      '/orders/2024-05-01/lines/',
      '/users/3f2a9c51-0d5b-4f0e-9a53-7a5f0c8b1d2e',
    );
    expect(countsOf(registry, 'http_requests_total')).toEqual({
      'GET / 200': 1,
      'GET /orders/{id} 200': 2,
      'GET /orders/{id}/lines 200': 1,
      'GET /users/{id} 200': 1,
    });
  });

  test('learns no endpoints from what it refuses, sends elsewhere or does not find', async () => {
    const { registry, ask } = await plain((path) => Number(path.slice(-3)));
    await ask('/a/200', '/a/404', '/words/x404', '/login/x401', '/old/x301', '/down/503', '/down/404');
    expect(countsOf(registry, 'http_requests_total')).toEqual({
      'GET /a/{id} 200': 1,
      'GET /a/{id} 404': 1,
      'GET unmatched 404': 1,
      'GET unmatched 401': 1,
      'GET unmatched 301': 1,
      'GET /down/{id} 503': 1,
      'GET /down/{id} 404': 1,
    });
  });

  test('has a bound though it answers whatever is asked for', async () => {
    const { registry, ask } = await plain(() => 200);
    const words = Array.from(
      { length: 400 },
      (_, i) => `/${String.fromCharCode(97 + (i % 26), 97 + ((i / 26) % 26))}`,
    );
    await ask(...words.slice(0, 30));
    // The first 20 at once; the others when they are asked for again and again.
    expect(Object.keys(countsOf(registry, 'http_requests_total'))).toHaveLength(21);
    await ask(...words.slice(20, 22), ...words.slice(20, 22));
    expect(Object.keys(countsOf(registry, 'http_requests_total'))).toHaveLength(23);
    for (let i = 0; i < 3; i++) await ask(...words);
    expect(Object.keys(countsOf(registry, 'http_requests_total'))).toHaveLength(101);
  });
});

test.each([
  ['/', '/'],
  ['', '/'],
  ['/users', '/users'],
  ['/users/', '/users'],
  ['//users//7', '/users/{id}'],
  ['/users/7/posts/12?page=3', '/users/{id}/posts/{id}'],
  ['/v2/oauth2/token', '/v2/oauth2/token'],
  ['/.well-known/openid-configuration', '/.well-known/openid-configuration'],
  ['/users/3F2A9C51-0D5B-4F0E-9A53-7A5F0C8B1D2E', '/users/{id}'],
  ['/commits/80b21e9f', '/commits/{id}'],
  ['/days/2024-05-01', '/days/{id}'],
  ['/files/report_20240501.pdf', '/files/{id}'],
  ['/assets/index-B4kq9xZ1.js', '/assets/{id}'],
  ['/names/J%C3%BCrgen', '/names/{id}'],
  ['/mail/somebody@example.org', '/mail/{id}'],
  ['/averyveryverylongwordthatnobodywrites', '/{id}'],
  ['/api/camelCase/snake_case/kebab-case', '/api/camelCase/snake_case/kebab-case'],
  ['/a/b/c/d/e/f/g/h/i/j', '/a/b/c/d/e/f/g/h/{rest}'],
])('the path %s is normalized to %s', (path, normalized) => {
  expect(normalizedPath(path)).toBe(normalized);
});

test.each([
  ['/', '/'],
  ['/things/:id', '/things/{id}'],
  ['/things/{id}', '/things/{id}'],
  ['/flights/:from-:to', '/flights/{from}-{to}'],
  ['/at/:hour(^\\d{2}$)h:minute(^(\\d|\\))+$)m', '/at/{hour}h{minute}m'],
  ['/maybe/:id?', '/maybe/{id}'],
  ['/name::verb', '/name:verb'],
  ['/static/*', '/static/{wildcard}'],
  ['/static/(.*)', '/static/{wildcard}'],
  ['/static/*path', '/static/{path}'],
  ['/file{.:extension}', '/file.{extension}'],
  ['/a{/:id}/b', '/a/{id}/b'],
  ['/a{/:b{/:c}}', '/a/{b}/{c}'],
  ['/posts/:id{[0-9]+}/edit', '/posts/{id}/edit'],
  ['/posts/:file{.+\\.png}', '/posts/{file}'],
  ['/:id(\\d+)+', '/{id}'],
])('the template %s is the endpoint %s', (template, endpoint) => {
  expect(withBraces(template)).toBe(endpoint);
});

test('counts requests of HTTP/2, finished and left', async () => {
  const registry = createRegistry();
  const server = createHttp2Server();
  instrumentServer(server, { metrics: httpMetrics({ registry }) });
  server.on('request', (request, response) => {
    if (request.url === '/never') return;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => {
      response.write('got ');
      response.end(String(bytes));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = session.request({ ':path': '/upload', ':method': 'POST' });
  stream.end('12345');
  stream.resume();
  await once(stream, 'end');
  await expect.poll(() => countsOf(registry, 'http_requests_total')).toEqual({ 'POST /upload 200': 1 });
  expect(sumsOf(registry, 'http_request_size_bytes')).toEqual({ 'POST /upload': 5 });
  expect(sumsOf(registry, 'http_response_size_bytes')).toEqual({ 'POST /upload': 5 });
  const left = session.request({ ':path': '/never' });
  await expect.poll(() => countsOf(registry, 'http_requests_in_progress')).toEqual({ '': 1 });
  left.close(8);
  await expect
    .poll(() => countsOf(registry, 'http_requests_total'))
    .toEqual({ 'POST /upload 200': 1, 'GET unmatched 499': 1 });
  session.destroy();
});

describe('limits', () => {
  test('types of errors', async () => {
    const registry = createRegistry();
    let thrown: unknown;
    const { port } = await listening({ metrics: [httpMetrics({ registry })] }, (_request, response) => {
      requestFailed(response, thrown);
      response.writeHead(500).end();
    });
    const typesOf = async (...errors: readonly unknown[]) => {
      const before = Object.values(countsOf(registry, 'http_requests_total'))[0] ?? 0;
      for (const error of errors) {
        thrown = error;
        await (await fetch(`http://127.0.0.1:${port}/`)).text();
      }
      await expect
        .poll(() => Object.values(countsOf(registry, 'http_requests_total'))[0])
        .toBe(before + errors.length);
      return countsOf(registry, 'http_errors_total');
    };
    class Custom extends Error {}
    const hostile = {
      get name(): string {
        throw new Error('not even a name');
      },
    };
    expect(
      await typesOf(
        new Custom(),
        new TypeError(),
        new Error('plain'),
        undefined,
        'text',
        hostile,
        Object.assign(new Error(), { name: 'user 7719 is unknown' }),
        Object.assign(new Error(), { name: 'A'.repeat(200) }),
        Object.create(null),
      ),
    ).toEqual({
      'GET / Custom': 1,
      'GET / TypeError': 1,
      'GET / Error': 1,
      'GET / not_an_error': 2,
      'GET / other': 4,
    });
    const many = Array.from({ length: ERROR_TYPES_MAX + 10 }, (_, i) =>
      Object.assign(new Error(), { name: `Error${i}` }),
    );
    // And `other`.
    expect(Object.keys(await typesOf(...many))).toHaveLength(ERROR_TYPES_MAX + 1);
  });

  test('templates of routes', async () => {
    const registry = createRegistry();
    const { port } = await listening(
      // A mistake: the path is no template.
      { metrics: [httpMetrics({ registry })], route: ({ url }) => url },
      (_request, response) => response.end(),
    );
    const paths = Array.from({ length: TEMPLATES_MAX + 50 }, (_, i) => `/${i}`);
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let path = paths.pop(); path !== undefined; path = paths.pop())
          await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
      }),
    );
    await expect
      .poll(() => {
        const counts = countsOf(registry, 'http_requests_total');
        return [counts['GET unmatched 200'], Object.keys(counts).length];
      })
      .toEqual([50, TEMPLATES_MAX + 1]);
  });
});

test('an instrument that is stopped measures what it has begun, and nothing more', async () => {
  const registry = createRegistry();
  let release: () => void = () => {};
  const server = createServer((request, response) => {
    if (request.url === '/') response.end();
    else release = () => response.end();
  });
  const instrument = instrumentServer(server, { metrics: httpMetrics({ registry }) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const waiting = fetch(`${at}/slow`);
  await expect.poll(() => countsOf(registry, 'http_requests_in_progress')).toEqual({ '': 1 });
  instrument.stop();
  await (await fetch(at)).text();
  release();
  await (await waiting).text();
  await expect.poll(() => countsOf(registry, 'http_requests_total')).toEqual({ 'GET /slow 200': 1 });
});

test('series that somebody removes are counted anew', async () => {
  const registry = createRegistry();
  const metrics = httpMetrics({ registry, inFlightLabels: ['method'] });
  const { port } = await listening({ metrics: [metrics] }, (_request, response) => response.end());
  for (let i = 0; i < 2; i++) {
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    await expect.poll(() => countsOf(registry, 'http_requests_total')).toEqual({ 'GET / 200': 1 });
    metrics.requests.remove({});
  }
});

test('types know what parts and labels are called', () => {
  const metrics = httpMetrics({
    registry: createRegistry(),
    names: { errors: false },
    labels: { endpoint: 'route', status: false },
    inFlightLabels: ['method'],
  });
  metrics.requests.inc({ method: 'GET', route: '/' });
  metrics.inFlight.inc({ method: 'GET' });
  metrics.duration.observeMs({ method: 'GET', route: '/' }, 5);
  expect(metrics.errors).toBeUndefined();
  const neverRun = () => {
    // @ts-expect-error the label is called otherwise
    metrics.duration.observe({ method: 'GET', endpoint: '/' }, 1);
    // @ts-expect-error there is no such label
    metrics.inFlight.inc({ method: 'GET', route: '/' });
    // @ts-expect-error the part is left out
    metrics.errors.inc({});
    // @ts-expect-error there is no such part
    httpMetrics({ names: { errrors: false } });
    httpMetrics().inFlight.inc();
  };
  expect(neverRun).toBeTypeOf('function');
});

test('the watch of HTTP has panels for all of it', () => {
  const titles = (watch: ReturnType<typeof httpWatch>) =>
    JSON.stringify(watch).match(/"title":"[^"]*"/g) ?? [];
  const all = titles(httpWatch(httpMetrics({ registry: createRegistry() })));
  for (const title of [
    'Requests',
    'Duration',
    'In flight',
    'Exceptions',
    'Size of requests',
    'Size of answers',
  ])
    expect(all).toContain(`"title":"${title}"`);
  const few = titles(
    httpWatch(
      httpMetrics({
        registry: createRegistry(),
        names: { inFlight: false, errors: false, requestSize: false, responseSize: false },
      }),
    ),
  );
  expect(all.length - few.length).toBe(4);
});

describe('whether an answer has left', () => {
  async function answered(
    respond: (response: ServerResponse) => void,
    ask: (port: number) => Promise<unknown>,
  ): Promise<boolean> {
    let told: ((whole: boolean) => void) | undefined;
    const whole = new Promise<boolean>((resolve) => {
      told = resolve;
    });
    const { port } = await listening(
      { metrics: [httpMetrics({ registry: createRegistry() })] },
      (_request, response) => {
        expect(isAnswered(response)).toBe(false);
        response.on('close', () => told?.(isAnswered(response)));
        respond(response);
      },
    );
    await ask(port);
    return whole;
  }
  const get = (port: number) => fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());

  test('is told of one that was ended, and of one that has all its bytes and was not', async () => {
    expect(await answered((response) => response.end('all'), get)).toBe(true);
    const unended = (response: ServerResponse) =>
      response.writeHead(200, { 'content-length': '3' }).write('all');
    const hangUp = async (port: number) => {
      const connection = request({ port, host: '127.0.0.1', agent: false }).end();
      const [answer] = (await once(connection, 'response')) as [IncomingMessage];
      await once(answer, 'data');
      connection.destroy();
    };
    expect(await answered(unended, hangUp)).toBe(true);
  });

  test('is told of one that the server breaks off, and of a response that nobody measures', async () => {
    const broken = (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': '9' }).write('half');
      setImmediate(() => response.destroy());
    };
    expect(await answered(broken, (port) => get(port).catch(() => undefined))).toBe(false);
    expect(isAnswered({})).toBe(false);
  });
});
