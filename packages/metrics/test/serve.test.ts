/** Answering `/metrics` as strangers, scrapers and their users meet it. */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  counter,
  createRegistry,
  gauge,
  histogram,
  label,
  type MetricsServer,
  metricsFetchHandler,
  metricsHandler,
  type Registry,
  type ServeOptions,
  serveMetrics,
} from '../dist/index.js';
import { metricsDirectory, valueIn } from './members.ts';

const closers: (() => Promise<unknown>)[] = [];
const warnings: string[] = [];

const noteWarning = ({ name, message }: Error) => {
  if (name === 'BinnacleMetricsWarning') warnings.push(message);
};
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', noteWarning);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  process.off('warning', noteWarning);
});

/** A registry with one counter at 3, of a service of its own. */
function counting(): { registry: Registry; options: ServeOptions } {
  const registry = createRegistry();
  counter({ name: 'teas_total', help: 'Teas', registry }).inc(3);
  return { registry, options: { service: 'tea-house', directory: metricsDirectory(), registry } };
}

async function serve(options: Partial<ServeOptions>): Promise<MetricsServer> {
  const server = await serveMetrics({ ...counting().options, ...options });
  closers.push(() => server.close());
  return server;
}

test.each([
  ['text', 'text/plain', '# TYPE broken_total counter\n'],
  ['OpenMetrics', 'application/openmetrics-text', '# TYPE broken counter\n'],
])('what is defined and not used yet has its help and type, in %s', async (_, accept, type) => {
  const { registry, options } = counting();
  const broken = counter({ name: 'broken_total', help: 'Cups', labels: { how: label }, registry });
  for (const [name, make] of [
    [
      'steeping_seconds',
      () =>
        histogram({ name: 'steeping_seconds', unit: 'seconds', help: 'S', labels: { tea: label }, registry }),
    ],
    ['guests', () => gauge({ name: 'guests', help: 'G', labels: { room: label }, registry })],
  ] as const)
    expect(make().name).toBe(name);
  const server = await serve(options);
  const ask = async (): Promise<string> => String((await server.exposition({ accept })).body);
  const before = await ask();
  expect(before).toContain(`${type.replace('# TYPE', '# HELP').split(' ').slice(0, 3).join(' ')} Cups\n`);
  expect(before).toContain(type);
  for (const line of ['# TYPE steeping_seconds histogram\n', '# TYPE guests gauge\n'])
    expect(before).toContain(line);
  expect(before.match(/^[a-z]+_total/gm)).toEqual(['teas_total']);
  broken.inc({ how: 'dropped' });
  const after = await ask();
  expect(after.split(type)).toHaveLength(2);
  expect(after).toContain('broken_total{how="dropped"} 1');
});

/** Somebody else's program on a port of its own. */
async function stranger(): Promise<{ port: number; leave: () => Promise<unknown> }> {
  const server = http.createServer((_, response) => response.end('I am somebody else'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let gone: Promise<unknown> | undefined;
  const leave = () => {
    gone ??= new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    return gone;
  };
  closers.push(leave);
  return { port: (server.address() as AddressInfo).port, leave };
}

const scrape = async (url: string, headers: Record<string, string> = {}) => fetch(url, { headers });

test('in development a stranger on the port makes it the next one, and who has it is said', async () => {
  const { port } = await stranger();
  const server = await serve({ port, portTaken: 'next' });
  const address = server.address!;
  expect(Number(new URL(address).port)).toBeGreaterThan(port);
  expect(await (await scrape(address)).text()).toContain('teas_total 3');
  await expect.poll(() => warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`port ${port} on 127.0.0.1`);
  expect(warnings[0]).toContain(`answered at ${address} instead`);
  if (process.platform === 'linux') expect(warnings[0]).toContain(`(process ${process.pid})`);
});

test('in production it is an error; counting goes on, and the port is taken when the stranger leaves', async () => {
  const { port, leave } = await stranger();
  const { options, registry } = counting();
  const failure = await serveMetrics({ ...options, port, portTaken: 'reject' }).catch((error) => error);
  expect(failure).toMatchObject({ name: 'ServeError', code: 'port_taken' });
  expect(failure.message).toMatch(/of service tea-house .* is taken by .*; stop it or name another port/);
  // A second call finds the process attached.
  const server = await serveMetrics(options);
  closers.push(() => server.close());
  expect(server.directory).toBe(options.directory);
  expect(server.address).toBeUndefined();
  await leave();
  await expect.poll(() => server.address).toBe(`http://127.0.0.1:${port}/metrics`);
  counter({ name: 'teas_total', help: 'Teas', registry }).inc();
  expect(await (await scrape(server.address!)).text()).toContain('teas_total 4');
});

test('who would rather run without a port is warned and waits for it', async () => {
  const { port, leave } = await stranger();
  const server = await serve({ port, portTaken: 'retry' });
  await expect.poll(() => warnings.join()).toContain('counting goes on, and the port is tried again');
  expect(server.address).toBeUndefined();
  await leave();
  await expect.poll(() => server.address).toBe(`http://127.0.0.1:${port}/metrics`);
});

test('switched off there is no port and no file, and counting harms nothing', async () => {
  const { options, registry } = counting();
  const server = await serve({ ...options, port: 0, enabled: false });
  counter({ name: 'teas_total', help: 'Teas', registry }).inc();
  expect(server.address).toBeUndefined();
  expect(server.directory).toBeUndefined();
  expect(fs.readdirSync(options.directory!)).toEqual([]);
  const response = await metricsFetchHandler(registry)(new Request('http://localhost/metrics'));
  expect(response.status).toBe(404);
});

test('without an endpoint a process counts for its service and answers nobody', async () => {
  const { options, registry } = counting();
  const silent = await serve({ ...options, port: 0, endpoint: false });
  expect(silent.address).toBeUndefined();
  expect(silent.directory).toBe(options.directory);
  const response = await metricsFetchHandler(registry)(new Request('http://localhost/metrics'));
  expect(response.status).toBe(404);
  const other = await serve({ ...options, registry: createRegistry() });
  expect(valueIn((await other.exposition()).body, 'teas_total')).toBe(3);
});

test('settings that cannot be reject before anything is attached', async () => {
  const { options } = counting();
  await expect(serveMetrics({ ...options, port: -1 })).rejects.toMatchObject({ code: 'setting_invalid' });
  const tokenFile = path.join(options.directory!, 'no-such-file');
  await expect(serveMetrics({ ...options, tokenFile })).rejects.toMatchObject({
    code: 'secret_unreadable',
    message: expect.stringContaining(tokenFile),
  });
  expect(fs.readdirSync(options.directory!)).toEqual([]);
  // Who may read is not known, so nobody may.
  const ask = () => metricsFetchHandler(options.registry)(new Request('http://localhost/metrics'));
  expect((await ask()).status).toBe(404);
  const server = await serve(options);
  expect(server.directory).toBe(options.directory);
  expect((await ask()).status).toBe(200);
});

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.each<[what: string, options: Partial<ServeOptions>, authorization: string, status: number]>([
  ['nothing where a token is asked for', { token: 'sesame' }, '', 401],
  ['the token', { token: 'sesame' }, 'Bearer sesame', 200],
  ['the token, scheme in another case', { token: 'sesame' }, 'bearer  sesame', 200],
  ['another token', { token: 'sesame' }, 'Bearer sesamf', 401],
  ['a longer token', { token: 'sesame' }, 'Bearer sesame1', 401],
  ['an empty token', { token: 'sesame' }, 'Bearer ', 401],
  ['the token as a password', { token: 'sesame' }, basic('sesame:'), 401],
  ['name and password', { basicAuth: { username: 'ali', password: 'gold:1' } }, basic('ali:gold:1'), 200],
  ['another name', { basicAuth: { username: 'ali', password: 'gold' } }, basic('baba:gold'), 401],
  ['the colon moved', { basicAuth: { username: 'ali', password: 'b:c' } }, basic('ali:b'), 401],
  ['no base64', { basicAuth: { username: 'ali', password: 'gold' } }, 'Basic ???', 401],
  [
    'a password outside ASCII',
    { basicAuth: { username: 'ali', password: 'Schlüssel🔑' } },
    basic('ali:Schlüssel🔑'),
    200,
  ],
  ['either of both', { token: 't', basicAuth: { username: 'a', password: 'b' } }, basic('a:b'), 200],
  ['something where nothing is asked for', {}, 'Bearer x', 200],
])('access with %s', async (_, options, authorization, status) => {
  const server = await serve({ port: 0, ...options });
  const response = await scrape(server.address!, authorization === '' ? {} : { authorization });
  expect(response.status).toBe(status);
  const text = await response.text();
  if (status === 200) expect(text).toContain('teas_total 3');
  else {
    expect(text).not.toContain('teas_total');
    const challenge = response.headers.get('www-authenticate');
    expect(challenge).toBe(
      options.token !== undefined ? 'Bearer realm="metrics"' : 'Basic realm="metrics", charset="UTF-8"',
    );
  }
  expect(text + warnings.join()).not.toMatch(/sesame|gold|Schlüssel/);
});

test('a token may lie in a file, line end and all', async () => {
  const { options } = counting();
  const tokenFile = path.join(metricsDirectory(), 'token');
  fs.writeFileSync(tokenFile, 'sesame\r\n');
  const server = await serve({ ...options, port: 0, tokenFile });
  expect((await scrape(server.address!, { authorization: 'Bearer sesame' })).status).toBe(200);
  expect((await scrape(server.address!)).status).toBe(401);
});

/** The status of a request for a host of this name. */
async function statusFor(address: string, host: string): Promise<number | undefined> {
  const request = http.get(address, { headers: { host } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  return response.statusCode;
}

test('on loopback a public name that points here is not answered, unless it is allowed', async () => {
  const server = await serve({ port: 0, hosts: ['metrics.example.com'] });
  const good = [
    'localhost',
    '127.0.0.1:9464',
    '[::1]:9464',
    'host.docker.internal:9464',
    'laptop',
    'laptop.local.',
    'Metrics.Example.com:1',
  ];
  for (const host of good) expect([host, await statusFor(server.address!, host)]).toEqual([host, 200]);
  for (const host of ['evil.example.org', 'localhost.evil.org:9464', '127.0.0.1.evil.org'])
    expect([host, await statusFor(server.address!, host)]).toEqual([host, 403]);
  const closed = await serve({ port: 0, token: 't' });
  expect(await statusFor(closed.address!, 'evil.example.org')).toBe(401);
});

test('HEAD has no body, other methods and paths are told what there is', async () => {
  const { address } = await serve({ port: 0 });
  const head = await fetch(address!, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100);
  const post = await fetch(address!, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const elsewhere = await fetch(new URL('/', address));
  expect([elsewhere.status, await elsewhere.text()]).toEqual([404, 'the metrics are at /metrics\n']);
  expect((await fetch(`${address}?name[]=teas_total`)).status).toBe(200);
});

const tlsFile = (name: string) => fileURLToPath(new URL(`fixtures/tls/${name}.pem`, import.meta.url));

/** The body over TLS, or the code of what went wrong. */
async function scrapeSecurely(address: string, client: https.RequestOptions): Promise<string> {
  const request = https.get(address, { ca: fs.readFileSync(tlsFile('ca')), agent: false, ...client });
  return new Promise((resolve) => {
    request.on('error', (error: NodeJS.ErrnoException) => resolve(`failed: ${error.code}`));
    request.on('response', (response) => {
      response.on('error', (error: NodeJS.ErrnoException) => resolve(`failed: ${error.code}`));
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
  });
}

test('over TLS, from files or texts, and only for clients that the authority signed', async () => {
  const fromText = { cert: fs.readFileSync(tlsFile('server'), 'utf8'), key: tlsFile('server-key') };
  const open = await serve({ port: 0, tls: fromText });
  expect(open.address).toMatch(/^https:/);
  expect(await scrapeSecurely(open.address!, {})).toContain('teas_total 3');
  const tls = { cert: tlsFile('server'), key: tlsFile('server-key'), clientCa: tlsFile('ca') };
  const closed = await serve({ port: 0, tls });
  expect(await scrapeSecurely(closed.address!, {})).toMatch(/^failed: /);
  const client = { cert: fs.readFileSync(tlsFile('client')), key: fs.readFileSync(tlsFile('client-key')) };
  expect(await scrapeSecurely(closed.address!, client)).toContain('teas_total 3');
});

test('a certificate that cannot be used is an error at the start', async () => {
  const { options } = counting();
  const missing = { cert: '/no/such.pem', key: tlsFile('server-key') };
  await expect(serveMetrics({ ...options, port: 0, tls: missing })).rejects.toMatchObject({
    code: 'secret_unreadable',
    message: expect.stringContaining('/no/such.pem'),
  });
  await (await serveMetrics(options)).close();
  const foreign = { cert: tlsFile('server'), key: tlsFile('client-key') };
  await expect(serveMetrics({ ...counting().options, port: 0, tls: foreign })).rejects.toMatchObject({
    code: 'secret_unreadable',
    message: expect.stringContaining('to belong together'),
  });
});

test('many scrapers at once share readings, and each sees what was counted before it asked', async () => {
  const { options, registry } = counting();
  let asked = 0;
  registry.onCollect('teas_total', () => {
    asked++;
  });
  const server = await serve({ ...options, port: 0 });
  const teas = counter({ name: 'teas_total', help: 'Teas', registry });
  const before = asked;
  const scrapes = Array.from({ length: 10 }, async (_, i) => {
    teas.inc();
    return [i + 4, valueIn((await server.exposition()).body, 'teas_total')!];
  });
  for (const [counted, shown] of await Promise.all(scrapes)) expect(shown).toBeGreaterThanOrEqual(counted!);
  expect(asked - before).toBeLessThanOrEqual(2);
  const bodies = await Promise.all(
    Array.from({ length: 10 }, async () => (await scrape(server.address!)).text()),
  );
  for (const body of bodies) expect(valueIn(body, 'teas_total')).toBe(13);
});

test('ten scrapers of 20,000 series cost about two readings, not ten', async () => {
  const registry = createRegistry();
  const many = counter({ name: 'many_total', help: 'M', labels: { of: label }, registry, seriesMax: 20_000 });
  for (let i = 0; i < 20_000; i++) many.inc({ of: `series-${i}` });
  let read = 0;
  const server = await serve({ registry });
  const families = server.families.bind(server);
  server.families = () => {
    read++;
    return families();
  };
  const bodies = await Promise.all(
    Array.from({ length: 10 }, () => server.exposition({ accept: 'application/openmetrics-text' })),
  );
  expect(read).toBeLessThanOrEqual(2);
  for (const { body } of bodies) expect(String(body).split('\n').length).toBeGreaterThan(20_000);
});

test('a client that never ends its request is cut off, and others are answered meanwhile', async () => {
  const { address } = await serve({ port: 0 });
  const { port } = new URL(address!);
  const slow = net.connect(Number(port), '127.0.0.1');
  slow.on('error', () => {});
  slow.resume();
  await once(slow, 'connect');
  slow.write('GET /metrics HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
  expect((await scrape(address!)).status).toBe(200);
  await once(slow, 'close');
  const large = await scrape(address!, { 'x-large': 'x'.repeat(20_000) });
  expect(large.status).toBe(431);
});

test('a family that OpenMetrics cannot say is warned of and counted', async () => {
  const { options, registry } = counting();
  histogram({ name: 'size', help: 'S', registry }).observe(1);
  gauge({ name: 'size_count', help: 'S', registry }).set(1);
  const server = await serve({ ...options, port: 0 });
  await server.exposition({ accept: 'application/openmetrics-text' });
  const { body } = await server.exposition();
  expect(valueIn(body, 'binnacle_metrics_families_left_out')).toBe(1);
  expect(valueIn(body, 'size_count')).toBe(1);
  await expect.poll(() => warnings.join()).toContain('metric size_count is left out of OpenMetrics');
});

test('a handler for the Fetch API answers as the one for Node does', async () => {
  const { options, registry } = counting();
  const cups = counter({ name: 'cups_total', help: 'C', labels: { of: label }, registry });
  for (let i = 0; i < 50; i++) cups.inc({ of: `blend-${i}` });
  await serve({ ...options, token: 'sesame' });
  const handler = metricsFetchHandler(registry);
  const ask = (url: string, init: RequestInit = {}) =>
    handler(new Request(url, { ...init, headers: { authorization: 'Bearer sesame', ...init.headers } }));
  const url = 'http://app.example.com/metrics';
  const plain = await ask(url);
  expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await plain.text()).toContain('teas_total 3');
  const some = await (await ask(`${url}?name[]=teas_total`)).text();
  expect(some.split('\n').filter((line) => !line.startsWith('#') && line !== '')).toEqual(['teas_total 3']);
  const zipped = await ask(url, { headers: { 'accept-encoding': 'gzip' } });
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString()).toContain('teas_total 3');
  const open = await ask(url, { headers: { accept: 'application/openmetrics-text' } });
  expect(await open.text()).toContain('# EOF');
  expect((await ask(url, { method: 'POST', body: 'x' })).status).toBe(405);
  expect(await (await ask(url, { method: 'HEAD' })).text()).toBe('');
  expect((await handler(new Request(url))).status).toBe(401);
});

test('a handler of a registry that was never attached shows what this process counts', async () => {
  const { registry } = counting();
  const server = http.createServer((request, response) => void metricsHandler(registry)(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/any/path`;
  expect(await (await fetch(url)).text()).toContain('teas_total 3');
});
