// What the Fastify instrument costs a real server: node fastify-overhead.mjs [rounds, default 5] [seconds, default 20]
//
// A server process of its own with eight routes, and another process that sends 1,000 requests a second at a constant
// rate over 32 kept connections, whatever the answers take. Each round has every variant, in turning order; a variant
// is warmed for three seconds, then CPU time of the server (user and system) and its resident memory at the end are
// read. A scrape every five seconds belongs to what is measured. At the end the count of requests that the metrics
// tell is compared with how many were sent. Overheads are differences within a round, to the server without metrics;
// CPU is given as a share of one core.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spread } from './clients.mjs';

const RATE = 1_000;
const CONNECTIONS = 32;
const WARM_SECONDS = 3;
const SCRAPE_INTERVAL_MS = 5_000;

const VARIANTS = {
  'without metrics': async () => undefined,
  binnacle: async (app) => {
    const { metricsHandler, serveMetrics } = await import('@binnacle/metrics');
    const { fastifyMetrics } = await import('@binnacle/metrics/fastify');
    const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
    const directory = fs.mkdtempSync(path.join(parent, 'binnacle-bench-'));
    process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
    await serveMetrics({ service: 'bench', directory });
    await app.register(fastifyMetrics);
    const answer = metricsHandler();
    app.get('/metrics', (request, reply) => {
      reply.hijack();
      return answer(request.raw, reply.raw);
    });
    return 'http_requests_total';
  },
  'fastify-metrics, prom-client': async (app) => {
    const { default: plugin } = await import('fastify-metrics');
    await app.register(plugin, { endpoint: '/metrics', defaultMetrics: { enabled: false } });
    return 'http_request_duration_seconds_count';
  },
};

const [, , mode, ...rest] = process.argv;
if (mode === '--server') await serve(rest[0]);
else if (mode === '--load') await load(Number(rest[0]), Number(rest[1]));
else await compare(Number(mode ?? 5), Number(rest[0] ?? 20));

async function compare(rounds, seconds) {
  const names = Object.keys(VARIANTS);
  const readings = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      readings.get(name).push(await measure(name, seconds));
    }
  }
  const base = readings.get(names[0]);
  console.log(`${RATE} requests a second for ${seconds} s: median [least, greatest] of ${rounds} rounds`);
  console.log(`  ${''.padEnd(30)}${'CPU, %'.padEnd(24)}${'more'.padEnd(24)}${'resident, MB'.padEnd(24)}more`);
  for (const [name, all] of readings) {
    const columns = [
      all.map(({ cpu }) => cpu),
      all.map(({ cpu }, i) => cpu - base[i].cpu),
      all.map(({ resident }) => resident),
      all.map(({ resident }, i) => resident - base[i].resident),
    ];
    const figures = columns.map((values) => {
      const { median, min, max } = spread(values);
      return `${median.toFixed(2)} [${min.toFixed(2)}, ${max.toFixed(2)}]`.padEnd(24);
    });
    console.log(`  ${name.padEnd(30)}${figures.join('')}`);
  }
}

async function measure(name, seconds) {
  const self = fileURLToPath(import.meta.url);
  const server = fork(self, ['--server', name]);
  try {
    const { port, family } = await messageOf(server);
    const sent = await loadFor(self, port, WARM_SECONDS);
    const from = await usageOf(server);
    const scraping = setInterval(() => family && void text(port).catch(() => {}), SCRAPE_INTERVAL_MS);
    const more = await loadFor(self, port, seconds);
    clearInterval(scraping);
    const to = await usageOf(server);
    if (family !== undefined) {
      const counted = countOf(await text(port), family);
      if (counted !== sent + more) throw new Error(`${name} counted ${counted} of ${sent + more} requests`);
    }
    return { cpu: ((to.cpuMs - from.cpuMs) / (seconds * 1000)) * 100, resident: to.rss / 1e6 };
  } finally {
    server.send('end');
  }
}

function messageOf(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`it ended with exit code ${code}`)));
  });
}

function usageOf(server) {
  server.send('usage');
  return messageOf(server);
}

async function loadFor(self, port, seconds) {
  return (await messageOf(fork(self, ['--load', String(port), String(seconds)]))).sent;
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

async function serve(name) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  const family = await VARIANTS[name](app);
  for (let i = 0; i < 8; i++) {
    app.get(`/api/v1/things${i}/:id`, async (request, reply) => {
      if (i === 7) reply.code(404);
      return { id: request.params.id, kind: 'thing', list: [1, 2, 3] };
    });
  }
  await app.listen({ port: 0, host: '127.0.0.1' });
  process.on('message', (message) => {
    if (message === 'end') process.exit();
    const { user, system } = process.cpuUsage();
    process.send({ cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() });
  });
  process.send({ port: app.server.address().port, family });
}

async function load(port, seconds) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const total = RATE * seconds;
  const from = performance.now();
  let sent = 0;
  let answered = 0;
  await new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - from) / 1000) * RATE));
      for (; sent < due; sent++) {
        const request = http.get({
          port,
          host: '127.0.0.1',
          agent,
          path: `/api/v1/things${sent & 7}/${sent}`,
        });
        request.once('error', reject);
        request.once('response', (response) => {
          response.resume();
          response.once('end', () => ++answered === total && resolve());
        });
      }
      if (sent === total) clearInterval(timer);
    }, 2);
  });
  agent.destroy();
  // What is counted at the end of an answer is counted a moment after the client has it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.send({ sent }, () => process.exit());
}
