// What the Redis instrument costs a command: node instrument-stores.mjs [rounds, default 15] [commands, default 20000]
//
// A Redis of its own, and two clients of a library in one process, one of them measured. Each round sends the commands
// with the one and with the other, in turning order, 100 under way at a time, alternating SET and GET; the processor
// time of this process (user and system) is divided by the commands. What is compared are the two of a round. At the
// end the count of commands that the metrics tell is compared with how many were sent.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createRegistry } from '@binnacle/metrics';
import { instrumentRedis, redisMetrics } from '@binnacle/metrics/redis';
import { value } from '@binnacle/metrics/testing';
import { spread } from './clients.mjs';

const UNDER_WAY = 100;
const [rounds, commands] = [Number(process.argv[2] ?? 15), Number(process.argv[3] ?? 20_000)];

const LIBRARIES = {
  ioredis: async (socket) => {
    const { Redis } = await import('ioredis');
    const client = new Redis(socket);
    await client.ping();
    return client;
  },
  'node-redis': async (socket) => {
    const { createClient } = await import('redis');
    const client = createClient({ socket: { path: socket } });
    client.on('error', () => {});
    await client.connect();
    return client;
  },
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-bench-'));
const socket = path.join(folder, 'redis.sock');
const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder], {
  stdio: 'ignore',
});
try {
  while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(`microseconds of processor time per command: median [least, greatest] of ${rounds} rounds`);
  for (const [name, connect] of Object.entries(LIBRARIES)) await compare(name, connect);
} finally {
  server.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
}

function answers() {
  return new Promise((resolve) => {
    const probe = net.connect(socket, () => probe.end());
    probe.on('error', () => resolve(false));
    probe.on('close', (failed) => resolve(!failed));
  });
}

async function compare(name, connect) {
  const plain = await connect(socket);
  const measured = await connect(socket);
  const metrics = redisMetrics({ registry: createRegistry() });
  instrumentRedis(measured, { metrics });
  for (const client of [plain, measured, plain, measured]) await send(client);
  const without = [];
  const more = [];
  for (let round = 0; round < rounds; round++) {
    const figures = new Map();
    for (const client of round % 2 === 0 ? [plain, measured] : [measured, plain])
      figures.set(client, await send(client));
    without.push(figures.get(plain));
    more.push(figures.get(measured) - figures.get(plain));
  }
  const told = ['set', 'get'].map((command) => value(metrics.duration, { command }).count);
  const sent = (commands * (rounds + 2)) / 2;
  if (told.some((count) => count !== sent)) throw new Error(`${name} counted ${told} of ${sent} each`);
  for (const [what, values] of [
    [name, without],
    ['  more when it is measured', more],
  ]) {
    const { median, min, max } = spread(values);
    console.log(`  ${what.padEnd(30)}${median.toFixed(2)} [${min.toFixed(2)}, ${max.toFixed(2)}]`);
  }
  await plain.quit();
  await measured.quit();
}

/** Microseconds of processor time for each command. */
async function send(client) {
  globalThis.gc?.();
  const from = process.cpuUsage();
  let next = 0;
  const worker = async () => {
    while (next < commands) {
      const i = next++;
      if (i % 2 === 0) await client.set(`key-${i % 64}`, 'value');
      else await client.get(`key-${i % 64}`);
    }
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, worker));
  const { user, system } = process.cpuUsage(from);
  return (user + system) / commands;
}
