/**
 * What every instrument of an HTTP server does, as one suite for all frameworks.
 *
 * A test of a framework describes how the application of {@link SuiteApp} is built with it, and calls
 * {@link httpSuite}. The application has these routes, written as the framework writes them; what they do comes from
 * {@link SuiteHandlers}, which the suite hands over:
 *
 *     GET  /things/:id                         200, the text of `thing(id)`
 *     GET  /tenants/:tenant/orders/:order      200, the text of `thing(order)`; mounted at `/tenants/:tenant` where
 *                                              the framework mounts routers
 *     GET  /fail                               throws (or rejects with) `failure()`; answered with 500
 *     GET  /refuse                             throws `refusal()`, which carries the status 409; answered with 409
 *     GET  /wait                               200, the text that `wait()` promises, when it does
 *     GET  /stream                             200, the stream of bytes `stream()`, without a length
 *     POST /upload                             reads the whole body; 200, the number of its bytes as text
 *     GET  /metrics, /health/live              200, the text of `thing('metrics')`
 *
 * Everything else is answered with 404 by the framework. Counts are compared whole, so that what is counted besides
 * fails a test, too.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AnyHttpMetrics, httpMetrics } from '../../dist/http.js';
import { createRegistry, type Registry } from '../../dist/index.js';

// Some tests make hundreds of requests.
vi.setConfig({ testTimeout: 180_000 });

/** How the application is measured. */
export interface SuiteOptions {
  /** Each of them is counted with, by an instrument of its own, in this order. */
  readonly metrics: readonly AnyHttpMetrics[];
  /** For each instrument. */
  readonly processTime?: boolean;
  /** For each instrument; the default where it is undefined. */
  readonly ignore?: readonly (string | RegExp)[];
  /** For each instrument; templates are endpoints where it is undefined. */
  readonly endpoint?: (template: string) => string;
  /** What the routes do. */
  readonly handlers: SuiteHandlers;
}

/** What the routes do; the same for all frameworks. */
export interface SuiteHandlers {
  thing(id: string): string;
  failure(): Error;
  refusal(): Error;
  wait(): Promise<string>;
  stream(): Readable;
}

/** An application that listens. */
export interface RunningApp {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

/** A framework. */
export interface SuiteApp {
  /**
   * Builds the application, installs the instruments, and listens on a free port of 127.0.0.1. It gives no kept
   * connection up by itself, since the next request may be on its way there.
   */
  start(options: SuiteOptions): Promise<RunningApp>;
  /** Whether the route of a request is known while its handler runs. Default true. */
  readonly knowsRouteEarly?: boolean;
  /** Whether exceptions reach the instrument. Default true; a plain server has none that would. */
  readonly seesErrors?: boolean;
  /** What a request with an unknown method to `/things/1` counts as. Default `OTHER unmatched 404`. */
  readonly unknownMethod?: string;
}

/** The class of what `GET /fail` throws. */
export class QueueJammed extends Error {
  override readonly name = 'QueueJammed';
}

/** Bytes of `GET /stream`: what its chunks hold. */
const CHUNK = 'x'.repeat(1_000);
const CHUNKS = 7;

const SOAK = process.env.BINNACLE_SOAK === '1';

/** So many random paths are asked for, and so much memory may they take in the long run. */
const RANDOM_PATHS = SOAK ? 50_000 : 500;
const HEAP_BYTES_MAX = 5e6;

/** Series that random paths may add: those of one endpoint. */
const SERIES_MAX = 10;

/** A gate that `GET /wait` and `GET /stream` stand before until it is opened. */
class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => {};

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

function handlersOf(gate: Gate): SuiteHandlers {
  return {
    thing: (id) => `thing ${id}`,
    failure: () => new QueueJammed('it does not go on'),
    refusal: () => Object.assign(new Error('not now'), { status: 409, statusCode: 409, expose: true }),
    wait: () => gate.opened.then(() => 'waited'),
    stream: () =>
      Readable.from(
        (async function* () {
          for (let i = 0; i < CHUNKS; i++) {
            if (i === CHUNKS - 1) await gate.opened;
            yield Buffer.from(CHUNK);
          }
        })(),
      ),
  };
}

/** What a family has counted, by its label values: `GET /things/{id} 200`; of a histogram, the observations. */
export function countsOf(registry: Registry, family: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { shape, labelValues, values, index } of registry.series()) {
    if (shape.name !== family) continue;
    const buckets = shape.bounds === undefined ? 1 : shape.bounds.length + 1;
    counts[labelValues.join(' ')] = values
      .subarray(index, index + buckets)
      .reduce((sum, one) => sum + one, 0);
  }
  return counts;
}

/** The sums of a histogram by its label values. */
export function sumsOf(registry: Registry, family: string): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { shape, labelValues, values, index } of registry.series())
    if (shape.name === family) sums[labelValues.join(' ')] = values[index + shape.bounds!.length + 1]!;
  return sums;
}

/** The families of {@link httpMetrics} by their part. */
const FAMILIES = {
  requests: 'http_requests_total',
  duration: 'http_request_duration_seconds',
  inFlight: 'http_requests_in_progress',
  errors: 'http_errors_total',
  requestSize: 'http_request_size_bytes',
  responseSize: 'http_response_size_bytes',
} as const;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Waits until requests were counted as expected: the end of an answer reaches the server after the client. */
async function counted(registry: Registry, expected: Readonly<Record<string, number>>): Promise<void> {
  await expect.poll(() => countsOf(registry, FAMILIES.requests), { interval: 5 }).toEqual(expected);
}

/** The suite. Call it at the top of a test file, or in a `describe` for each version of a framework. */
export function httpSuite(name: string, framework: SuiteApp): void {
  const seesErrors = framework.seesErrors ?? true;
  let running: RunningApp | undefined;
  let agent = new Agent();
  let gate = new Gate();

  afterEach(async () => {
    gate.open();
    agent.destroy();
    await running?.close();
    running = undefined;
  });

  async function start(options: Partial<SuiteOptions> = {}): Promise<Registry> {
    const registry = createRegistry();
    gate = new Gate();
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    running = await framework.start({
      metrics: [httpMetrics({ registry })],
      handlers: handlersOf(gate),
      ...options,
    });
    return registry;
  }

  function begin(path: string, options: RequestOptions = {}) {
    return request({ host: '127.0.0.1', port: running!.port, agent, path, ...options });
  }

  async function ask(path: string, options: RequestOptions = {}, body?: string | Readable): Promise<Answer> {
    const asked = begin(path, options);
    const came = once(asked, 'response') as Promise<[IncomingMessage]>;
    if (body instanceof Readable) body.pipe(asked);
    else asked.end(body);
    const [response] = await came;
    let text = '';
    response.setEncoding('utf8');
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  /** A connection of its own, on which `text` is sent. */
  async function raw(text: string) {
    const socket = connect(running!.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    await new Promise<void>((resolve) => socket.write(text, () => resolve()));
    return socket;
  }

  describe(`${name}: the instrument`, () => {
    test('counts by the template of the route, whatever the path and the query', async () => {
      const registry = await start();
      for (const path of ['/things/1', '/things/2', '/things/3?x=1'])
        expect((await ask(path)).text).toBe(`thing ${path[8]}`);
      await counted(registry, { 'GET /things/{id} 200': 3 });
      for (const family of [FAMILIES.duration, FAMILIES.requestSize, FAMILIES.responseSize])
        expect(countsOf(registry, family)).toEqual({ 'GET /things/{id}': 3 });
      expect(sumsOf(registry, FAMILIES.responseSize)).toEqual({ 'GET /things/{id}': 21 });
      expect(sumsOf(registry, FAMILIES.requestSize)).toEqual({ 'GET /things/{id}': 0 });
      expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 0 });
      expect(countsOf(registry, FAMILIES.errors)).toEqual({});
    });

    test('counts a route under what it is mounted in', async () => {
      const registry = await start();
      for (const path of [
        '/tenants/acme/orders/1',
        '/tenants/globex/orders/2',
        '/tenants/tenants/orders/orders',
      ])
        expect((await ask(path)).status).toBe(200);
      await counted(registry, { 'GET /tenants/{tenant}/orders/{order} 200': 3 });
    });

    test('counts what no route matches under one endpoint, and unknown methods as OTHER', async () => {
      const registry = await start();
      for (const path of ['/wp-admin', '/things/1/more', '/tenants/acme']) await ask(path);
      await ask('/things/1', { method: 'PROPFIND' });
      await counted(registry, {
        'GET unmatched 404': 3,
        [framework.unknownMethod ?? 'OTHER unmatched 404']: 1,
      });
    });

    test.runIf(seesErrors)('counts exceptions by type, and answers to mistakes as answers', async () => {
      const registry = await start();
      expect((await ask('/fail')).status).toBe(500);
      expect((await ask('/refuse')).status).toBe(409);
      await counted(registry, { 'GET /fail 500': 1, 'GET /refuse 409': 1 });
      expect(countsOf(registry, FAMILIES.errors)).toEqual({ 'GET /fail QueueJammed': 1 });
    });

    test('counts HEAD, whose answers have no body', async () => {
      const registry = await start();
      expect((await ask('/things/1', { method: 'HEAD' })).status).toBe(200);
      await counted(registry, { 'HEAD /things/{id} 200': 1 });
      expect(sumsOf(registry, FAMILIES.responseSize)).toEqual({ 'HEAD /things/{id}': 0 });
    });

    test('counts a client that goes away while it waits as 499', async () => {
      const registry = await start();
      const socket = await raw('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n');
      await expect.poll(() => countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 1 });
      socket.destroy();
      await counted(registry, { 'GET /wait 499': 1 });
      expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 0 });
      expect(countsOf(registry, FAMILIES.duration)).toEqual({ 'GET /wait': 1 });
      expect(countsOf(registry, FAMILIES.errors)).toEqual({});
      gate.open();
      await sleep(20);
      expect(countsOf(registry, FAMILIES.requests)).toEqual({ 'GET /wait 499': 1 });
    });

    test('counts an upload that breaks off as 499, with the bytes that came', async () => {
      const registry = await start();
      const socket = await raw('POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf');
      await expect.poll(() => countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 1 });
      // The bytes were sent before; what the server has not read when the end comes, it has not received.
      await sleep(50);
      socket.destroy();
      await counted(registry, { 'POST /upload 499': 1 });
      expect(sumsOf(registry, FAMILIES.requestSize)).toEqual({ 'POST /upload': 4 });
      expect(countsOf(registry, FAMILIES.errors)).toEqual({});
      expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 0 });
    });

    test('counts every request of a connection that is kept', async () => {
      const registry = await start();
      let port: number | undefined;
      for (let i = 0; i < 200; i++) {
        const asked = begin(`/things/${i}`);
        asked.end();
        const [response] = (await once(asked, 'response')) as [IncomingMessage];
        port ??= response.socket.localPort;
        expect(response.socket.localPort).toBe(port);
        response.resume();
        await once(response, 'end');
      }
      await counted(registry, { 'GET /things/{id} 200': 200 });
    });

    test('counts a stream when it ends, with its bytes', async () => {
      const registry = await start();
      const asked = begin('/stream');
      asked.end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      await once(response, 'data');
      expect(countsOf(registry, FAMILIES.requests)).toEqual({});
      expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 1 });
      gate.open();
      response.resume();
      await once(response, 'end');
      await counted(registry, { 'GET /stream 200': 1 });
      expect(sumsOf(registry, FAMILIES.responseSize)).toEqual({ 'GET /stream': CHUNKS * CHUNK.length });
      expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 0 });
    });

    test('counts a stream that the client leaves as 499', async () => {
      const registry = await start();
      const asked = begin('/stream');
      asked.end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      await once(response, 'data');
      response.on('error', () => {});
      response.destroy();
      await counted(registry, { 'GET /stream 499': 1 });
      expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 0 });
    });

    test('counts the bytes of requests, of known length and in chunks', async () => {
      const registry = await start();
      const known = await ask(
        '/upload',
        { method: 'POST', headers: { 'content-length': 3_000, 'content-type': 'application/octet-stream' } },
        'é'.repeat(1_500),
      );
      expect(known.text).toBe('3000');
      await counted(registry, { 'POST /upload 200': 1 });
      expect(sumsOf(registry, FAMILIES.requestSize)).toEqual({ 'POST /upload': 3_000 });
      const chunks = Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(100)));
      const inChunks = await ask(
        '/upload',
        { method: 'POST', headers: { 'content-type': 'application/octet-stream' } },
        chunks,
      );
      expect(inChunks.text).toBe('500');
      await counted(registry, { 'POST /upload 200': 2 });
      expect(sumsOf(registry, FAMILIES.requestSize)).toEqual({ 'POST /upload': 3_500 });
      expect(sumsOf(registry, FAMILIES.responseSize)).toEqual({ 'POST /upload': 7 });
    });

    test('shows requests in flight by method and endpoint, and 0 of each at the end', async () => {
      const registry = createRegistry();
      await start({ metrics: [httpMetrics({ registry, inFlightLabels: ['method', 'endpoint'] })] });
      agent.maxSockets = 4;
      const waiting = [ask('/wait'), ask('/wait'), ask('/stream')];
      const inFlight = async () => {
        await registry.collect();
        return Object.entries(countsOf(registry, FAMILIES.inFlight)).filter(([, count]) => count !== 0);
      };
      const expected =
        (framework.knowsRouteEarly ?? true)
          ? [
              ['GET /stream', 1],
              ['GET /wait', 2],
            ]
          : [['GET unmatched', 3]];
      await expect.poll(async () => (await inFlight()).sort()).toEqual(expected);
      gate.open();
      await Promise.all(waiting);
      await counted(registry, { 'GET /wait 200': 2, 'GET /stream 200': 1 });
      expect(await inFlight()).toEqual([]);
    });

    test('tells the time until the answer began, where that is wanted', async () => {
      await start({ processTime: true });
      for (const path of ['/things/1', '/nowhere', '/stream']) {
        gate.open();
        const { headers } = await ask(path);
        expect(headers['x-process-time']).toMatch(/^\d+\.\d{6}$/);
      }
      await running?.close();
      await start();
      expect((await ask('/things/1')).headers['x-process-time']).toBeUndefined();
    });

    test('leaves out scrapes, and what else it is told to', async () => {
      const registry = await start();
      await ask('/metrics');
      await ask('/metrics?name=x');
      await ask('/health/live');
      await counted(registry, { 'GET /health/live 200': 1 });
      await running?.close();
      const other = createRegistry();
      await start({ metrics: [httpMetrics({ registry: other })], ignore: [/^\/health\//, '/fail'] });
      await ask('/health/live');
      await ask('/metrics');
      await counted(other, { 'GET /metrics 200': 1 });
      expect(countsOf(other, FAMILIES.inFlight)).toEqual({ '': 0 });
    });

    test('calls endpoints as it is told to, and asks once for each', async () => {
      const asked: string[] = [];
      const registry = await start({
        endpoint: (template) => {
          asked.push(template);
          if (template === '/fail') throw new Error('it has no name');
          return template === '/health/live' ? 'health' : template;
        },
      });
      for (const path of ['/health/live', '/things/1', '/things/2', '/fail', '/nowhere']) await ask(path);
      await counted(registry, {
        'GET health 200': 1,
        'GET /things/{id} 200': 2,
        'GET /fail 500': 1,
        'GET unmatched 404': 1,
      });
      expect(asked).toEqual(['/health/live', '/things/{id}', '/fail']);
    });

    test('counts once for each metrics, not for each instrument', async () => {
      const registries = [createRegistry(), createRegistry()];
      await start({
        metrics: [
          httpMetrics({ registry: registries[0]! }),
          httpMetrics({ registry: registries[1]! }),
          httpMetrics({ registry: registries[0]! }),
        ],
      });
      await ask('/things/1');
      for (const registry of registries) {
        await counted(registry, { 'GET /things/{id} 200': 1 });
        expect(countsOf(registry, FAMILIES.duration)).toEqual({ 'GET /things/{id}': 1 });
        expect(sumsOf(registry, FAMILIES.responseSize)).toEqual({ 'GET /things/{id}': 7 });
        expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 0 });
      }
    });

    test('counts under other names and labels, without what is left out', async () => {
      const registry = createRegistry();
      const metrics = httpMetrics({
        registry,
        names: {
          requests: 'served_total',
          errors: false,
          requestSize: false,
          inFlight: false,
          responseSize: false,
        },
        labels: { endpoint: 'route', status: 'status_code', method: false },
      });
      metrics.requests.inc({ route: '/', status_code: '200' }, 0);
      await start({ metrics: [metrics] });
      await ask('/things/1');
      await expect
        .poll(() => countsOf(registry, 'served_total'))
        .toEqual({ '/ 200': 0, '/things/{id} 200': 1 });
      expect(
        [...registry.series()].map(({ shape }) => shape).map(({ name, labelNames }) => [name, labelNames]),
      ).toEqual([
        ['served_total', ['route', 'status_code']],
        ['served_total', ['route', 'status_code']],
        ['http_request_duration_seconds', ['route']],
      ]);
    });

    test('keeps to a few series and little memory when random paths are asked for', {
      timeout: 600_000,
    }, async () => {
      const registry = await start();
      agent.maxSockets = 16;
      let sent = 0;
      const askMany = async (count: number) => {
        const until = sent + count;
        await Promise.all(
          Array.from({ length: 16 }, async () => {
            while (sent < until) await ask(randomPath(sent++));
          }),
        );
        await expect
          .poll(() => Object.values(countsOf(registry, FAMILIES.requests)).reduce((sum, one) => sum + one, 0))
          .toBe(until);
      };
      await askMany(500);
      const before = SOAK ? heapBytes() : 0;
      await askMany(RANDOM_PATHS);
      // What a request leaves is only free when the loop has turned.
      if (SOAK) await expect.poll(() => heapBytes() - before).toBeLessThan(HEAP_BYTES_MAX);
      expect([...registry.series()].length).toBeLessThanOrEqual(SERIES_MAX);
      expect(countsOf(registry, FAMILIES.inFlight)).toEqual({ '': 0 });
    });
  });
}

/** Words, numbers, identifiers and what scanners ask for; the same ones in each run. */
function randomPath(n: number): string {
  const random = Math.imul(n + 1, 2_654_435_761) >>> 0;
  const word = random.toString(36).replace(/\d/g, '');
  return [
    `/${word}`,
    `/${word}/${random}`,
    `/${word}.php?x=${n}`,
    `/${random.toString(16)}/${word}/edit`,
    `/%${(random % 256).toString(16).padStart(2, '0')}${word}`,
  ][n % 5]!;
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
