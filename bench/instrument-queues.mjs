// What the BullMQ instrument costs a job: node instrument-queues.mjs [rounds, default 9] [jobs, default 4000]
//
// First the events alone: an emitter that emits what a worker does for a job, measured and not, in turning order. Then
// whole jobs, which do nothing, with a Redis of its own: in each round a worker does the same number of jobs measured
// and not, in turning order, and the processor time of this process (user and system) is divided by them. What is
// compared are the two of a round. At the end the count of jobs that the metrics tell is compared with how many were done.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createRegistry } from '@binnacle/metrics';
import { instrumentWorker, queueMetrics } from '@binnacle/metrics/bullmq';
import { value } from '@binnacle/metrics/testing';
import { Queue, Worker } from 'bullmq';
import { spread } from './clients.mjs';

const [rounds, jobs] = [Number(process.argv[2] ?? 9), Number(process.argv[3] ?? 4_000)];
const EVENTS = 200_000;

function show(what, values, digits) {
  const { median, min, max } = spread(values);
  console.log(
    `  ${what.padEnd(32)}${median.toFixed(digits)} [${min.toFixed(digits)}, ${max.toFixed(digits)}]`,
  );
}

/** Does something with the one and with the other, in turning order, after each was done twice to warm it. */
async function inPairs(plain, measured, work) {
  for (const one of [plain, measured, plain, measured]) await work(one);
  const without = [];
  const more = [];
  for (let round = 0; round < rounds; round++) {
    const figures = new Map();
    for (const one of round % 2 === 0 ? [plain, measured] : [measured, plain])
      figures.set(one, await work(one));
    without.push(figures.get(plain));
    more.push(figures.get(measured) - figures.get(plain));
  }
  return { without, more };
}

function count(metrics, queue, expected) {
  const told = value(metrics.total, { queue, status: 'completed' });
  if (told !== expected) throw new Error(`${told} of ${expected} jobs were counted`);
}

{
  const metrics = queueMetrics({ registry: createRegistry() });
  const emitters = [new EventEmitter(), new EventEmitter()];
  instrumentWorker(Object.assign(emitters[1], { name: 'in' }), { metrics });
  const { without, more } = await inPairs(...emitters, async (emitter) => {
    const begin = process.cpuUsage();
    for (let i = 0; i < EVENTS; i++) {
      const timestamp = Date.now();
      const job = {
        name: 'job',
        timestamp,
        opts: {},
        attemptsMade: 0,
        processedOn: timestamp,
        finishedOn: undefined,
      };
      emitter.emit('active', job, 'waiting');
      job.attemptsMade = 1;
      job.finishedOn = timestamp;
      emitter.emit('completed', job, undefined, 'active');
    }
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / EVENTS;
  });
  count(metrics, 'in', EVENTS * (rounds + 2));
  console.log(`microseconds of processor time per job: median [least, greatest] of ${rounds} rounds`);
  show('events alone', without, 3);
  show('  more when they are measured', more, 3);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-bench-'));
const probe = net.createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise((resolve) => probe.close(resolve));
const server = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', folder], {
  stdio: 'ignore',
});
try {
  const metrics = queueMetrics({ registry: createRegistry() });
  const connection = { host: '127.0.0.1', port };
  const queue = new Queue('in', { connection });
  queue.on('error', () => {}); // until Redis is there
  await queue.waitUntilReady();
  const worker = new Worker('in', async () => {}, { connection, concurrency: 10 });
  await worker.waitUntilReady();
  const { without, more } = await inPairs('plain', 'measured', async (lane) => {
    await worker.pause();
    const options = { removeOnComplete: true };
    await queue.addBulk(Array.from({ length: jobs }, () => ({ name: 'job', data: {}, opts: options })));
    let left = jobs;
    const done = new Promise((resolve) => {
      const ended = () => {
        if (--left > 0) return;
        worker.off('completed', ended);
        resolve();
      };
      worker.on('completed', ended);
    });
    const measuring = lane === 'measured' ? instrumentWorker(worker, { metrics }) : undefined;
    globalThis.gc?.();
    const begin = process.cpuUsage();
    worker.resume();
    await done;
    const { user, system } = process.cpuUsage(begin);
    measuring?.stop();
    return (user + system) / jobs;
  });
  count(metrics, 'in', jobs * (rounds + 2));
  show('a job that does nothing', without, 1);
  show('  more when it is measured', more, 1);
  await worker.close();
  await queue.close();
} finally {
  server.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
}
