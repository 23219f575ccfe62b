// A cluster's scrape, beside the peers: node cluster.mjs [processes, default 5]
//
// Four cluster workers with 5,000 series each, all the same 5,000. The primary scrapes for all of them, seven times
// after two to warm up. Then one worker blocks its event loop, as a job does, then two are killed: what does the scrape
// take, and what is the sum? Peers ask every worker over a channel; here the primary reads what lies in memory.

import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerOf, spread } from './clients.mjs';

const WORKERS = 4;
const SERIES = 5_000;
const SCRAPES = 7;
const PEERS = ['prom-client', '@prometheus-io/client', '@platformatic/prom-client'];
const self = fileURLToPath(import.meta.url);

if (cluster.isWorker) await work(process.env.BENCH_CLIENT);
else if (process.argv[2] === '--client') await measure(process.argv[3]);
else await compare(Number(process.argv[2] ?? 5));

async function compare(processes) {
  console.log(
    `${WORKERS} workers × ${SERIES} series; ms: median [least, greatest] of ${processes} runs; the ratio is to binnacle`,
  );
  const results = new Map();
  for (let i = 0; i < processes; i++) {
    for (const client of ['binnacle', ...PEERS]) {
      const result = await run(client);
      results.set(client, [...(results.get(client) ?? []), result]);
    }
  }
  for (const figure of [
    'scrape',
    'scrape while a worker is blocked',
    'first scrape after two workers were killed',
    'a later scrape',
  ]) {
    console.log(`\n${figure}`);
    const ours = spread(results.get('binnacle').map((result) => result[figure].ms)).median;
    for (const [client, all] of results) {
      const { median, min, max } = spread(all.map((result) => result[figure].ms));
      const sums = [...new Set(all.map((result) => result[figure].sum))].join(' or ');
      const figures = `${median.toFixed(2)} [${min.toFixed(2)}, ${max.toFixed(2)}]`;
      console.log(
        `  ${client.padEnd(28)}${figures.padEnd(32)}${(median / ours).toFixed(1).padStart(8)}   sum ${sums}`,
      );
    }
  }
}

function run(client) {
  return new Promise((resolve, reject) => {
    const child = fork(self, ['--client', client]);
    child.once('message', resolve);
    child.once('exit', (code) => code && reject(new Error(`${client} ended with exit code ${code}`)));
  });
}

async function clientOf(name) {
  if (name === 'binnacle') {
    const { counter, label, serveMetrics } = await import('@binnacle/metrics');
    const server = await serveMetrics({ service: 'bench', directory: process.env.BENCH_DIR });
    return {
      count: (labels) =>
        counter({ name: 'bench_total', help: 'b', labels: { a: label, b: label, c: label } }).inc(labels),
      scrape: () => answerOf(server),
    };
  }
  const client = (await import(name)).default;
  const registry = new (client.ClusterRegistry ?? client.AggregatorRegistry)();
  const counter = new client.Counter({ name: 'bench_total', help: 'b', labelNames: ['a', 'b', 'c'] });
  return {
    count: (labels) => counter.inc(labels),
    scrape: async () => Buffer.from(await registry.clusterMetrics()),
  };
}

async function work(name) {
  const client = await clientOf(name);
  for (let i = 0; i < SERIES; i++)
    client.count({ a: 'GET', b: `/things/${i >> 3}`, c: String(200 + (i & 7)) });
  process.on('message', (message) => {
    if (message !== 'block') return;
    const until = Date.now() + 60_000;
    while (Date.now() < until); // a job that gives way to nobody
  });
  process.send('ready');
}

async function measure(name) {
  const directory = fs.mkdtempSync(
    path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'binnacle-bench-'),
  );
  process.env.BENCH_CLIENT = name;
  process.env.BENCH_DIR = directory;
  const client = await clientOf(name);
  const workers = Array.from({ length: WORKERS }, () => cluster.fork());
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise((resolve) => worker.on('message', (message) => message === 'ready' && resolve())),
    ),
  );
  const scrape = async () => {
    const from = performance.now();
    const text = await client.scrape().then(String, (error) => `refused: ${error.message}`);
    const ms = performance.now() - from;
    let sum = 0;
    for (const line of text.split('\n'))
      if (line.startsWith('bench_total{')) sum += Number(line.slice(line.lastIndexOf(' ')));
    return { ms, sum: text.startsWith('refused') ? text : sum };
  };
  const steady = [];
  for (let i = 0; i < SCRAPES + 2; i++) {
    const one = await scrape();
    if (one.sum !== WORKERS * SERIES) throw new Error(`counted ${WORKERS * SERIES}, exposed ${one.sum}`);
    if (i >= 2) steady.push(one.ms);
  }
  const results = { scrape: { ms: spread(steady).median, sum: WORKERS * SERIES } };
  workers[0].send('block');
  await new Promise((resolve) => setTimeout(resolve, 300));
  results['scrape while a worker is blocked'] = await scrape();
  for (const worker of [workers[0], workers[1]]) {
    const exited = once(worker, 'exit');
    worker.process.kill('SIGKILL');
    await exited;
  }
  results['first scrape after two workers were killed'] = await scrape(); // ours folds now
  await scrape();
  results['a later scrape'] = await scrape();
  fs.rmSync(directory, { recursive: true, force: true });
  process.send(results, () => {
    for (const worker of workers) worker.process.kill('SIGKILL');
    process.exit();
  });
}
