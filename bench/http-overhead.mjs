// What instruments cost a real HTTP server: node http-overhead.mjs [rounds, default 12] [seconds, default 5] [framework]
//
// Each variant is a server process of its own with eight routes; all of them run the whole time. Another process sends
// 1,000 requests a second at a constant rate over 32 kept connections, whatever the answers take: to one variant for
// some seconds, then to the next, in turning order. Machines are noisy, so slices are short and each is compared with
// the slice of the server without metrics in the same round. CPU time (user and system) is given as a share of one
// core: at 1,000 requests a second, one percent are 10 microseconds for each request. One scrape in each slice belongs
// to what is measured. `instrument only` counts in memory, `not scraped` in the files that processes share; they tell what
// the rest takes. At the end the requests that the metrics tell are compared with those that were sent.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spread } from './clients.mjs';

const RATE = 1_000;
const CONNECTIONS = 32;
const WARM_SECONDS = 4;
const ROUTES = 8;

/** Joins processes and serves, as a service does; the handler answers `/metrics` of the application. */
async function served() {
  const { metricsHandler, serveMetrics } = await import('@binnacle/metrics');
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const directory = fs.mkdtempSync(path.join(parent, 'binnacle-bench-'));
  process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
  await serveMetrics({ service: 'bench', directory });
  return metricsHandler();
}

const FRAMEWORKS = {
  Fastify: {
    make: async () => (await import('fastify')).default(),
    route: (app, i) =>
      app.get(`/api/v1/things${i}/:id`, async (request, reply) => {
        if (i === ROUTES - 1) reply.code(404);
        return { id: request.params.id, kind: 'thing', list: [1, 2, 3] };
      }),
    listen: async (app) => {
      await app.listen({ port: 0, host: '127.0.0.1' });
      return app.server;
    },
    variants: {
      'without metrics': () => {},
      'binnacle, instrument only': async (app) => {
        const { fastifyMetrics } = await import('@binnacle/metrics/fastify');
        await app.register(fastifyMetrics);
      },
      'binnacle, not scraped': async (app) => {
        const { fastifyMetrics } = await import('@binnacle/metrics/fastify');
        await served();
        await app.register(fastifyMetrics);
      },
      binnacle: async (app) => {
        const { fastifyMetrics } = await import('@binnacle/metrics/fastify');
        const answer = await served();
        await app.register(fastifyMetrics);
        app.get('/metrics', (request, reply) => {
          reply.hijack();
          return answer(request.raw, reply.raw);
        });
        return 'http_requests_total';
      },
      'fastify-metrics': async (app) => {
        const { default: plugin } = await import('fastify-metrics');
        await app.register(plugin, { endpoint: '/metrics', defaultMetrics: { enabled: false } });
        return 'http_request_duration_seconds_count';
      },
    },
  },
  Express: {
    make: async () => (await import('express')).default(),
    route: (app, i) =>
      app.get(`/api/v1/things${i}/:id`, (request, response) => {
        if (i === ROUTES - 1) response.status(404);
        response.json({ id: request.params.id, kind: 'thing', list: [1, 2, 3] });
      }),
    listen: (app) =>
      new Promise((resolve) => {
        const server = app.listen(0, '127.0.0.1', () => resolve(server));
      }),
    variants: {
      'without metrics': () => {},
      'binnacle, instrument only': async (app) => {
        const { expressMetrics } = await import('@binnacle/metrics/express');
        app.use(expressMetrics());
      },
      'binnacle, not scraped': async (app) => {
        const { expressMetrics } = await import('@binnacle/metrics/express');
        await served();
        app.use(expressMetrics());
      },
      binnacle: async (app) => {
        const { expressMetrics } = await import('@binnacle/metrics/express');
        const answer = await served();
        app.use(expressMetrics());
        app.get('/metrics', answer);
        return 'http_requests_total';
      },
      'express-prom-bundle': async (app) => {
        const { default: bundle } = await import('express-prom-bundle');
        app.use(bundle({ includeMethod: true, includePath: true }));
        return 'http_request_duration_seconds_count';
      },
    },
  },
};

const [, , mode, ...rest] = process.argv;
if (mode === '--server') await serve(FRAMEWORKS[rest[0]], rest[1]);
else if (mode === '--load') load();
else await compare(Number(mode ?? 12), Number(rest[0] ?? 5), rest[1]);

async function compare(rounds, seconds, only) {
  const file = fileURLToPath(import.meta.url);
  if (only !== undefined && !Object.hasOwn(FRAMEWORKS, only)) {
    console.error(`there is no framework ${only}; there are ${Object.keys(FRAMEWORKS).join(', ')}`);
    process.exit(2);
  }
  const loader = fork(file, ['--load']);
  const servers = [];
  for (const [framework, { variants }] of Object.entries(FRAMEWORKS)) {
    if (only !== undefined && only !== framework) continue;
    for (const variant of Object.keys(variants)) {
      const child = fork(file, ['--server', framework, variant]);
      const { port, family } = await messageOf(child);
      servers.push({ framework, variant, child, port, family, sent: 0, slices: [] });
    }
  }
  for (const server of servers) server.sent += await loadFor(loader, server.port, WARM_SECONDS);
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < servers.length; i++)
      await measure(servers[(i + round) % servers.length], loader, seconds);
  console.log(
    `${RATE} requests a second, ${rounds} slices of ${seconds} s: median [quarter, three quarters]`,
  );
  for (const framework of new Set(servers.map((server) => server.framework))) {
    const own = servers.filter((server) => server.framework === framework);
    const base = own[0];
    console.log(`${framework.padEnd(30)}${'CPU, %'.padEnd(24)}${'more'.padEnd(24)}resident, MB`);
    for (const { variant, slices } of own) {
      const more = slices.map(({ cpu }, round) => cpu - base.slices[round].cpu);
      const resident = spread(slices.map(({ rss }) => rss / 1e6)).median.toFixed(0);
      console.log(
        `  ${variant.padEnd(28)}${quartiles(slices.map(({ cpu }) => cpu)).padEnd(24)}${quartiles(more).padEnd(24)}${resident}`,
      );
    }
  }
  for (const { framework, variant, child, port, family, sent } of servers) {
    if (family !== undefined) {
      const counted = countOf(await text(port), family);
      if (counted !== sent)
        throw new Error(`${framework}, ${variant} counted ${counted} of ${sent} requests`);
    }
    child.send('end');
  }
  loader.kill();
}

async function measure(server, loader, seconds) {
  const from = await usageOf(server.child);
  const scraped =
    server.family === undefined ? undefined : setTimeout(() => text(server.port), seconds * 500);
  server.sent += await loadFor(loader, server.port, seconds);
  clearTimeout(scraped);
  const to = await usageOf(server.child);
  server.slices.push({ cpu: ((to.cpuMs - from.cpuMs) / (seconds * 1000)) * 100, rss: to.rss });
}

function quartiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round((sorted.length - 1) * share)].toFixed(2);
  return `${at(0.5)} [${at(0.25)}, ${at(0.75)}]`;
}

function messageOf(child) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`it ended with exit code ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

function usageOf(server) {
  server.send('usage');
  return messageOf(server);
}

async function loadFor(loader, port, seconds) {
  loader.send({ port, seconds });
  return (await messageOf(loader)).sent;
}

async function text(port) {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}

/** The requests to the routes of the bench, which the scrapes are not. */
function countOf(exposition, family) {
  let sum = 0;
  for (const line of exposition.split('\n'))
    if (line.startsWith(`${family}{`) && line.includes('/api/'))
      sum += Number(line.slice(line.lastIndexOf('}') + 2));
  return sum;
}

async function serve(framework, variant) {
  const app = await framework.make();
  const family = await framework.variants[variant](app);
  for (let i = 0; i < ROUTES; i++) framework.route(app, i);
  const server = await framework.listen(app);
  process.on('message', (message) => {
    if (message === 'end') process.exit();
    const { user, system } = process.cpuUsage();
    process.send({ cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() });
  });
  process.send({ port: server.address().port, family });
}

function load() {
  const agents = new Map();
  process.on('message', async ({ port, seconds }) => {
    let agent = agents.get(port);
    if (agent === undefined) {
      agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
      agents.set(port, agent);
    }
    const sent = await send(agent, port, seconds);
    // What is counted at the end of an answer is counted a moment after the client has it.
    setTimeout(() => process.send({ sent }), 50);
  });
}

async function send(agent, port, seconds) {
  const total = RATE * seconds;
  const from = performance.now();
  let sent = 0;
  let answered = 0;
  await new Promise((resolve, reject) => {
    const ask = (retries) => {
      const n = sent;
      const request = http.get({
        port,
        host: '127.0.0.1',
        agent,
        path: `/api/v1/things${n & (ROUTES - 1)}/${n}`,
      });
      // A server closes a connection that was idle for some seconds, perhaps in the very moment of the request.
      request.once('error', (error) =>
        error.code === 'ECONNRESET' && request.reusedSocket && retries > 0 ? ask(retries - 1) : reject(error),
      );
      request.once('response', (response) => {
        response.resume();
        response.once('end', () => ++answered === total && resolve());
      });
    };
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - from) / 1000) * RATE));
      for (; sent < due; sent++) ask(3);
      if (sent === total) clearInterval(timer);
    }, 2);
  });
  return total;
}
