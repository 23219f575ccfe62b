import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { dependenciesWatch } from '../../../blueprint/dist/index.js';
import {
  ADDRESS_HOST,
  DEFAULT_CALL_BUCKETS,
  FAILURE_KINDS,
  fetchMetrics,
  HOSTS_MAX,
  type InstrumentFetchOptions,
  instrumentFetch,
  OTHER_HOST,
  type Reporting,
  SUBDOMAINS_MAX,
} from '../../dist/fetch.js';
import { createRegistry, type Registry } from '../../dist/index.js';
import { value } from '../../dist/testing.js';
import { library } from '../libraries/library.ts';
import { type CallServers, callServers } from './call-servers.ts';

interface CallOptions {
  readonly method?: string;
  readonly signal?: AbortSignal;
}

/** Makes a request and reads its answer to the end; rejects where that fails. */
type Client = (url: string, options?: CallOptions) => Promise<void>;

type Fetch = (
  url: string,
  options: CallOptions,
) => Promise<{ text(): Promise<string>; body: { cancel(): Promise<void> } | null }>;

interface Dispatcher {
  destroy(): Promise<void>;
}

interface Undici {
  readonly fetch: Fetch;
  readonly Agent: new (options?: {
    connect(options: object, done: (error: Error, socket: null) => void): void;
  }) => Dispatcher;
  readonly RetryAgent: new (around: Dispatcher, options: object) => Dispatcher;
  upgrade(url: string, options: { protocol: string }): Promise<unknown>;
  request(
    url: string,
    options?: CallOptions & { headersTimeout?: number; bodyTimeout?: number; dispatcher?: Dispatcher },
  ): Promise<{ body: { text(): Promise<string>; dump(): Promise<void> } }>;
}

const newest = await library<Undici>('newest', 'undici');
const oldest = await library<Undici>('oldest', 'undici');

const FETCHES: Readonly<Record<string, Fetch>> = {
  'fetch of Node.js': fetch as Fetch,
  'fetch of the newest undici': newest.fetch,
  'fetch of the oldest undici': oldest.fetch,
};

const CLIENTS: Readonly<Record<string, Client>> = {
  ...Object.fromEntries(
    Object.entries(FETCHES).map(([name, made]): [string, Client] => [
      name,
      async (url, options = {}) => void (await (await made(url, options)).text()),
    ]),
  ),
  'request of the newest undici': async (url, options) =>
    void (await (await newest.request(url, options)).body.text()),
  'request of the oldest undici': async (url, options) =>
    void (await (await oldest.request(url, options)).body.text()),
  'node:http': nodeRequest,
};

async function nodeRequest(url: string, options: CallOptions = {}): Promise<void> {
  const request = (url.startsWith('https:') ? https : http).request(url, options).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  for await (const _chunk of response);
}

/** Whether Node.js publishes that a request was made, and not only that it was handed over. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const PUBLISHES_CREATION = major > 23 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12);

let servers: CallServers;
const running: Reporting[] = [];

beforeAll(async () => {
  servers = await callServers();
});

afterEach(() => {
  for (const instrument of running.splice(0)) instrument.stop();
});

function start(options: InstrumentFetchOptions = {}, registry = createRegistry()): Registry {
  running.push(instrumentFetch({ metrics: fetchMetrics({ registry }), ...options }));
  return registry;
}

/** What was counted: series that are not 0, with the ports of the servers as words; of durations, how many. */
function counted(registry: Registry): Record<string, number> {
  const counts: Record<string, number> = {};
  const ports = new Map(Object.entries(servers).map(([name, url]) => [new URL(url).host, name]));
  for (const { shape, labelValues, values, index } of registry.series()) {
    const [host = '', ...others] = labelValues;
    const name = [SHORT[shape.name] ?? shape.name, ports.get(host) ?? host, ...others].join(' ');
    const buckets = (shape.bounds?.length ?? 0) + 1;
    const count = values.subarray(index, index + buckets).reduce((sum, one) => sum + one, 0);
    if (count !== 0) counts[name] = count;
  }
  return counts;
}

const SHORT: Readonly<Record<string, string>> = {
  http_client_requests_total: 'calls',
  http_client_request_duration_seconds: 'durations',
  http_client_failures_total: 'failures',
  http_client_requests_in_progress: 'under way',
};

/** Waits until the client has dealt with the header of the next answer, or the server with that of the next request. */
async function headerOf(channel: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const listener = () => {
      unsubscribe(channel, listener);
      setImmediate(resolve);
    };
    subscribe(channel, listener);
  });
}

async function ends(registry: Registry, expected: Record<string, number>): Promise<void> {
  await expect.poll(() => counted(registry)).toEqual(expected);
}

describe.each(Object.entries(CLIENTS))('%s', (name, call) => {
  const isFetch = name.startsWith('fetch');

  test('answers are counted by their status and method', async () => {
    const registry = start();
    await call(`${servers.plain}/status/200`);
    await call(`${servers.plain}/status/200`, { method: 'POST' });
    await call(`${servers.plain}/status/200?second=time`);
    await call(`${servers.plain}/status/204`);
    await call(`${servers.plain}/status/404`, { method: 'HEAD' });
    await call(`${servers.plain}/status/503`);
    await call(`${servers.plain}/early`);
    await ends(registry, {
      'calls plain GET 200': 3,
      'calls plain GET 204': 1,
      'calls plain GET 503': 1,
      'calls plain POST 200': 1,
      'calls plain HEAD 404': 1,
      'durations plain GET': 5,
      'durations plain POST': 1,
      'durations plain HEAD': 1,
    });
  });

  test('a redirect is a request, and the one after it another', async () => {
    const registry = start();
    await call(`${servers.plain}/redirect`);
    await ends(registry, {
      'calls plain GET 302': 1,
      ...(isFetch && { 'calls plain GET 200': 1 }),
      'durations plain GET': isFetch ? 2 : 1,
    });
  });

  test.each([
    ['a body that breaks off', 'plain', '/cut', 'reset'],
    ['a server that hangs up', 'plain', '/hang-up', 'reset'],
    ['a port that nobody listens to', 'refused', '/', 'refused'],
    ['a name that there is not', 'unknown', '/', 'dns'],
    ['a certificate that nobody trusts', 'untrusted', '/', 'tls'],
  ] as const)('%s fails once', async (_what, server, path, kind) => {
    const registry = start();
    await expect(call(servers[server] + path)).rejects.toThrow();
    await ends(registry, {
      [`calls ${server} GET error`]: 1,
      [`durations ${server} GET`]: 1,
      [`failures ${server} ${kind}`]: 1,
    });
  });

  test('a server that never answers is timed out by the signal', async () => {
    const registry = start();
    const controller = new AbortController();
    const answer = call(`${servers.plain}/never`, { signal: controller.signal });
    const rejected = expect(answer).rejects.toThrow();
    // Before there is a connection, undici forgets the reason of the signal, and the oldest one always does.
    await headerOf('http.server.request.start');
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    await rejected;
    const seen = name === 'request of the oldest undici' ? 'aborted' : 'timeout';
    await ends(registry, {
      [`calls plain GET ${seen}`]: 1,
      'durations plain GET': 1,
      [`failures plain ${seen}`]: 1,
    });
  });

  test.each([
    ['/slow', '200'],
    ['/refuse-slowly', '503'],
  ])('a body that does not come, of %s, is timed out by the signal', async (path, status) => {
    const registry = start();
    const controller = new AbortController();
    const answer = call(servers.plain + path, { signal: controller.signal });
    const rejected = expect(answer).rejects.toThrow();
    await headerOf(name === 'node:http' ? 'http.client.response.finish' : 'undici:request:headers');
    controller.abort(new DOMException('too slow', 'TimeoutError'));
    await rejected;
    // Undici's own request forgets the reason when the header has come.
    const forgets = name.startsWith('request of');
    await ends(registry, {
      [`calls plain GET ${forgets ? status : 'timeout'}`]: 1,
      'durations plain GET': 1,
      ...(!forgets && { 'failures plain timeout': 1 }),
      ...(forgets && status === '200' && { 'failures plain aborted': 1 }),
    });
  });

  test.each([undefined, new Error('not needed any more')])('a request is taken back: %s', async (reason) => {
    const registry = start();
    const controller = new AbortController();
    const answer = call(`${servers.plain}/never`, { signal: controller.signal });
    await ends(registry, { 'under way plain': 1 });
    controller.abort(reason);
    await expect(answer).rejects.toThrow();
    await ends(registry, {
      'calls plain GET aborted': 1,
      'durations plain GET': 1,
      'failures plain aborted': 1,
    });
  });

  test('what is under way is seen, and forgotten at a stop', async () => {
    const registry = start();
    const controller = new AbortController();
    const answers = [1, 2, 3].map(() => call(`${servers.plain}/never`, { signal: controller.signal }));
    await ends(registry, { 'under way plain': 3 });
    running.pop()!.stop();
    expect(counted(registry)).toEqual({});
    const settled = Promise.allSettled(answers);
    controller.abort();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await call(`${servers.plain}/status/200`);
    expect(counted(registry)).toEqual({});
  });

  test('several instruments count each, and once where they have the same metrics', async () => {
    const registries = [createRegistry(), createRegistry()];
    for (const registry of registries) start({}, registry);
    start({}, registries[0]);
    await call(`${servers.plain}/status/200`);
    for (const registry of registries)
      await ends(registry, { 'calls plain GET 200': 1, 'durations plain GET': 1 });
    // The first of two that count the same stops, and the other goes on.
    running.shift()!.stop();
    await call(`${servers.plain}/status/200`);
    for (const registry of registries)
      await ends(registry, { 'calls plain GET 200': 2, 'durations plain GET': 2 });
    running.pop()!.stop();
    await call(`${servers.plain}/status/200`);
    await ends(registries[1]!, { 'calls plain GET 200': 3, 'durations plain GET': 3 });
    expect(counted(registries[0]!)).toEqual({ 'calls plain GET 200': 2, 'durations plain GET': 2 });
  });
});

describe.each(Object.entries(FETCHES))('%s', (name, made) => {
  test('an answer of 2xx that is not read has failed, one of 5xx has told all', async () => {
    const registry = start();
    // The oldest undici keeps a connection whose body was cancelled.
    if (name === 'fetch of the oldest undici') return;
    for (const path of ['/slow', '/refuse-slowly']) {
      const { body } = await made(servers.plain + path, {});
      await body!.cancel();
    }
    await ends(registry, {
      'calls plain GET 200': 1,
      'calls plain GET 503': 1,
      'durations plain GET': 2,
      'failures plain aborted': 1,
    });
  });
});

describe.each([
  ['newest', newest],
  ['oldest', oldest],
] as const)("undici's own limits, %s", (_age, { request }) => {
  test('time out', async () => {
    const registry = start();
    await expect(request(`${servers.plain}/never`, { headersTimeout: 50 })).rejects.toThrow();
    const { body } = await request(`${servers.plain}/slow`, { bodyTimeout: 50 });
    await expect(body.text()).rejects.toThrow();
    await ends(registry, {
      'calls plain GET timeout': 2,
      'durations plain GET': 2,
      'failures plain timeout': 2,
    });
  });
});

test.each([
  ['newest', newest],
  ['oldest', oldest],
] as const)('upgrades of the %s undici are connections, not requests', async (_age, { upgrade }) => {
  const registry = start();
  await expect(upgrade(`${servers.plain}/hang-up`, { protocol: 'x' })).rejects.toThrow();
  expect(counted(registry)).toEqual({});
});

test('a request that is tried again is several', async () => {
  const registry = start();
  const dispatcher = new newest.RetryAgent(new newest.Agent(), { maxRetries: 2, minTimeout: 1 });
  await expect(newest.request(`${servers.plain}/hang-up`, { dispatcher })).rejects.toThrow();
  await dispatcher.destroy();
  await ends(registry, { 'calls plain GET error': 3, 'durations plain GET': 3, 'failures plain reset': 3 });
});

test('two copies of the package count once', async () => {
  const registry = start();
  const copy = createRequire(import.meta.url)(
    '../../dist/cjs/fetch.js',
  ) as typeof import('../../dist/fetch.js');
  running.push(copy.instrumentFetch({ metrics: fetchMetrics({ registry }) }));
  await nodeRequest(`${servers.plain}/status/200`);
  await ends(registry, { 'calls plain GET 200': 1, 'durations plain GET': 1 });
});

describe('node:http', () => {
  test('a request that is destroyed at its timeout has timed out, whatever is said', async () => {
    const registry = start();
    for (const reason of [undefined, new Error('too slow')]) {
      const request = http.get(`${servers.plain}/never`, { timeout: 50 });
      request.on('timeout', () => request.destroy(reason));
      await once(request, 'error');
    }
    const request = http.get(`${servers.plain}/slow`);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    request.setTimeout(50, () => request.destroy());
    await once(response, 'error');
    await ends(registry, {
      'calls plain GET timeout': 3,
      'durations plain GET': 3,
      'failures plain timeout': 3,
    });
  });

  test('a request that is destroyed was taken back', async () => {
    const registry = start();
    const early = http.get(`${servers.plain}/never`);
    early.destroy();
    await once(early, 'error');
    const late = http.get(`${servers.plain}/never`);
    await once(late, 'socket');
    await ends(registry, {
      'calls plain GET aborted': 1,
      ...(PUBLISHES_CREATION && { 'durations plain GET': 1 }),
      'failures plain aborted': 1,
      'under way plain': 1,
    });
    late.destroy();
    await once(late, 'error');
    const unread = http.get(`${servers.plain}/slow`);
    const [response] = (await once(unread, 'response')) as [http.IncomingMessage];
    response.destroy();
    await ends(registry, {
      'calls plain GET 200': 1,
      'calls plain GET aborted': 2,
      'durations plain GET': PUBLISHES_CREATION ? 3 : 2,
      'failures plain aborted': 3,
    });
  });

  test('a request that fails before it was handed over is counted once', async () => {
    const registry = start();
    const request = http.request(servers.refused, { method: 'POST' });
    request.write('first half');
    await once(request, 'error');
    await ends(registry, {
      'calls refused POST error': 1,
      ...(PUBLISHES_CREATION && { 'durations refused POST': 1 }),
      'failures refused refused': 1,
    });
  });

  test('kept connections carry one request after the other', async () => {
    const registry = start();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 5; i++) {
      const request = http.get(`${servers.plain}/status/200`, { agent });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      for await (const _chunk of response);
    }
    agent.destroy();
    await ends(registry, { 'calls plain GET 200': 5, 'durations plain GET': 5 });
  });

  test('is left to others where that is wanted', async () => {
    const registry = start({ nodeHttp: false });
    await nodeRequest(`${servers.plain}/status/200`);
    await fetch(`${servers.plain}/status/204`);
    await ends(registry, { 'calls plain GET 204': 1, 'durations plain GET': 1 });
  });

  test('upgrades and tunnels are connections, not requests', async () => {
    const registry = start();
    const upgrade = http.get(`${servers.plain}/hang-up`, {
      headers: { connection: 'upgrade', upgrade: 'x' },
    });
    await once(upgrade, 'error');
    const tunnel = http.request(servers.plain, { method: 'CONNECT', path: 'example.com:443' }).end();
    await once(tunnel, 'error');
    expect(counted(registry)).toEqual({});
  });
});

describe('hosts', () => {
  /** How many requests are counted by the label of their host, in the order in which they came up. */
  async function hostsOf(
    options: InstrumentFetchOptions,
    urls: readonly string[],
  ): Promise<[string, number][]> {
    const registry = start(options);
    // Nothing is connected to: the names need not be there.
    const dispatcher = new newest.Agent({
      connect: (_options, done) => done(Object.assign(new Error('not here'), { code: 'ENOTFOUND' }), null),
    });
    for (const url of urls) await expect(newest.request(url, { dispatcher })).rejects.toThrow('not here');
    await dispatcher.destroy();
    const counts: [string, number][] = [];
    for (const { shape, labelValues, values, index } of registry.series())
      if (shape.name === 'http_client_requests_total') counts.push([labelValues[0]!, values[index]!]);
    return counts;
  }

  const numbered = (count: number, url: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => url(i));

  test('are names, with the port where that is not the usual one', async () => {
    const urls = [
      'http://a.example/x',
      'http://a.example:80',
      'https://A.example.:443',
      'http://a.example:8080',
    ];
    expect(await hostsOf({}, urls)).toEqual([
      ['a.example', 3],
      ['a.example:8080', 1],
    ]);
  });

  test('that are addresses are one, but those of this machine', async () => {
    const urls = [
      'http://10.0.0.1',
      'http://10.0.0.2:8080',
      'http://[2001:db8::1]',
      'http://127.0.0.1:3000',
      'http://[::1]:3000',
    ];
    expect(await hostsOf({}, urls)).toEqual([
      [ADDRESS_HOST, 3],
      ['127.0.0.1:3000', 1],
      ['[::1]:3000', 1],
    ]);
    expect(await hostsOf({ hosts: ['10.0.0.2:8080', '[2001:db8::1]'] }, urls)).toEqual([
      [OTHER_HOST, 3],
      ['10.0.0.2:8080', 1],
      ['[2001:db8::1]', 1],
    ]);
  });

  test('right below one domain, and ports of one name, are told apart up to a limit', async () => {
    const tenants = numbered(SUBDOMAINS_MAX + 5, (i) => `https://tenant-${i}.shop.example`);
    const ports = numbered(SUBDOMAINS_MAX + 5, (i) => `http://localhost:${40_000 + i}`);
    expect(await hostsOf({}, [...tenants, ...ports, 'https://tenant-0.shop.example'])).toEqual([
      ['tenant-0.shop.example', 2],
      ...numbered(SUBDOMAINS_MAX - 1, (i) => `tenant-${i + 1}.shop.example`).map((name) => [name, 1]),
      ['*.shop.example', 5],
      ...numbered(SUBDOMAINS_MAX, (i) => `localhost:${40_000 + i}`).map((name) => [name, 1]),
      ['localhost:*', 5],
    ]);
  });

  test('are told apart up to a limit', async () => {
    const urls = numbered(HOSTS_MAX + 5, (i) => `https://host-${i}.example`);
    const counts = await hostsOf({}, [...urls, ...urls]);
    expect(counts).toHaveLength(HOSTS_MAX + 1);
    expect(counts[0]).toEqual(['host-0.example', 2]);
    expect(counts.at(-1)).toEqual([OTHER_HOST, 10]);
    expect(await hostsOf({ hostsMax: 1 }, urls)).toEqual([
      ['host-0.example', 1],
      [OTHER_HOST, HOSTS_MAX + 4],
    ]);
  });

  test('that are named are told apart, all others are not', async () => {
    const urls = [
      'https://api.pay.example',
      'https://api.pay.example:8443',
      'http://localhost:11434',
      'http://localhost:11435',
      'https://a.b.files.example',
      'https://files.example',
      'https://evilfiles.example',
    ];
    expect(await hostsOf({ hosts: ['api.pay.example', 'localhost:11434', '*.files.example'] }, urls)).toEqual(
      [
        ['api.pay.example', 2],
        ['localhost:11434', 1],
        [OTHER_HOST, 3],
        ['*.files.example', 1],
      ],
    );
  });

  test('that are ignored are not counted', async () => {
    const urls = ['https://api.pay.example', 'https://a.files.example', 'http://localhost:9091'];
    expect(await hostsOf({ ignore: ['localhost', '*.files.example'] }, urls)).toEqual([
      ['api.pay.example', 1],
    ]);
  });

  test('that are none are refused', () => {
    for (const host of ['', 'https://a.example', 'a.*.example', 'a b', 'a:port'])
      expect(() => start({ hosts: [host] }), host).toThrow(TypeError);
    expect(() => start({ hostsMax: 0 })).toThrow(RangeError);
  });
});

describe('definitions', () => {
  test('can have other names and fewer parts and labels', async () => {
    const registry = createRegistry();
    const metrics = fetchMetrics({
      registry,
      names: { calls: 'api_calls_total', duration: false, inFlight: false },
      labels: { host: 'target', method: false },
      buckets: [1],
    });
    expect(Object.keys(metrics)).toEqual(['calls', 'failures']);
    start({ metrics });
    await fetch(`${servers.plain}/status/200`);
    const target = new URL(servers.plain).host;
    await expect.poll(() => value(metrics.calls, { target, status: '200' })).toBe(1);
    expect(value(metrics.failures, { target, kind: 'timeout' })).toBe(0);
  });

  test('the first request to a host brings all kinds of failures, at 0', async () => {
    const registry = start();
    await nodeRequest(`${servers.plain}/status/200`);
    const kinds = [...registry.series()].filter(({ shape }) => shape.name === 'http_client_failures_total');
    expect(kinds.map(({ labelValues }) => labelValues[1])).toEqual([...FAILURE_KINDS]);
  });

  test('have the buckets that are said', () => {
    const registry = createRegistry();
    fetchMetrics({ registry }).duration.observe({ host: 'a', method: 'GET' }, 1);
    const series = [...registry.series()].find(({ shape }) => shape.type === 'histogram');
    expect(series?.shape.bounds).toEqual(DEFAULT_CALL_BUCKETS);
  });

  test('are watched by host', () => {
    const { rows } = dependenciesWatch(fetchMetrics({ registry: createRegistry() }));
    expect(rows.flatMap(({ panels }) => panels.map(({ title }) => title))).toEqual([
      'Calls',
      'Share that fails',
      'Failures',
      'Duration',
      'Under way',
    ]);
  });
});

test('programs see the same errors with it as without', async () => {
  start();
  const error = await fetch(servers.refused).catch((error: unknown) => error);
  running.pop()!.stop();
  const without = await fetch(servers.refused).catch((error: unknown) => error);
  expect(String(error)).toBe(String(without));
});
