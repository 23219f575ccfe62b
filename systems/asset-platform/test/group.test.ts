import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { eventually, freePorts } from '../../parts/test/running.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

// The gateway is the service that needs nothing else to start.
const MAIN = fileURLToPath(new URL('../dist/gateway/main.js', import.meta.url));

const children: ChildProcess[] = [];
const strangers: Server[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  for (const server of strangers.splice(0)) server.close();
  for (const folder of folders.splice(0)) {
    // Workers of a group that was killed end a moment later.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  }
});

interface Started {
  readonly child: ChildProcess;
  readonly output: string[];
  readonly listening: Promise<{ url: string; metricsUrl: string } | undefined>;
  readonly temporary: string;
}

function start(variables: Record<string, string>): Started {
  const temporary = mkdtempSync(path.join(tmpdir(), 'asset-platform-test-'));
  folders.push(temporary);
  const { PROMETHEUS_MULTIPROC_DIR: _, BINNACLE_METRICS_DIR: __, ...env } = process.env;
  const child = fork(MAIN, [], {
    silent: true,
    execArgv: [],
    env: { ...env, NODE_ENV: '', TMPDIR: temporary, ...variables },
  });
  children.push(child);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const listening = new Promise<{ url: string; metricsUrl: string } | undefined>((resolve) => {
    child.once('message', (message) => resolve(message as { url: string; metricsUrl: string }));
    child.once('close', () => resolve(undefined));
  });
  return { child, output, listening, temporary };
}

/** Somebody else who listens on a port. */
async function stranger(): Promise<number> {
  const [port = 0] = await freePorts(1);
  const server = createServer((socket) => socket.end()).listen(port, '127.0.0.1');
  strangers.push(server);
  await once(server, 'listening');
  return port;
}

async function ports(): Promise<{ API_GATEWAY_PORT: string; API_GATEWAY_METRICS_PORT: string }> {
  const [port, metrics] = await freePorts(2);
  return { API_GATEWAY_PORT: String(port), API_GATEWAY_METRICS_PORT: String(metrics) };
}

function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === pid && !state?.startsWith('Z'))
    .map(([child]) => Number(child));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('in development a port that a stranger has is left to it, and the next one taken', async () => {
  const [port, metrics] = [await stranger(), await stranger()];
  const { listening, output } = start({
    API_GATEWAY_PORT: String(port),
    API_GATEWAY_METRICS_PORT: String(metrics),
  });
  const { url, metricsUrl } = (await listening)!;
  expect(Number(new URL(url).port)).toBeGreaterThan(port);
  expect(Number(new URL(metricsUrl).port)).toBeGreaterThan(metrics);
  expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  expect(await (await fetch(metricsUrl)).text()).toContain('http_requests_in_progress');
  await eventually(() => output.join('').includes(`port ${port} is taken`));
});

test.each(['API_GATEWAY_PORT', 'API_GATEWAY_METRICS_PORT'] as const)(
  'in production a stranger on %s is an error that says so',
  async (variable) => {
    const taken = await stranger();
    const folder = mkdtempSync(path.join(tmpdir(), 'asset-platform-test-'));
    folders.push(folder);
    const { child, listening, output } = start({
      ...(await ports()),
      [variable]: String(taken),
      NODE_ENV: 'production',
      PROMETHEUS_MULTIPROC_DIR: folder,
    });
    expect(await listening).toBeUndefined();
    expect(child.exitCode).toBe(1);
    expect(output.join('')).toMatch(
      new RegExp(`api-gateway: .*port.* ${taken} .*taken|api-gateway: .*${taken}`),
    );
    expect(output.join('')).not.toContain('    at ');
  },
);

test('in production each service has a folder of its own under one for all', async () => {
  const { child, listening, temporary } = start({ ...(await ports()), NODE_ENV: 'production' });
  await listening;
  expect(readdirSync(path.join(temporary, 'prometheus_multiproc'))).toEqual(['api-gateway']);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('in development the folder is made and removed by itself, and so is what a killed group left', async () => {
  const first = start(await ports());
  await first.listening;
  const [left] = readdirSync(first.temporary);
  expect(left).toMatch(/^binnacle-metrics-api-gateway-\d+-\w+$/);
  const workers = childrenOf(first.child.pid!);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  // As long as they write there, nobody can remove it.
  await eventually(() => !workers.some(isRunning));
  expect(existsSync(path.join(first.temporary, left!))).toBe(true);

  const second = start({ ...(await ports()), TMPDIR: first.temporary });
  await second.listening;
  const now = readdirSync(first.temporary);
  expect(now).toHaveLength(1);
  expect(now).not.toEqual([left]);
  const ended = once(second.child, 'exit');
  second.child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(readdirSync(first.temporary)).toEqual([]);
});

test('a worker that dies is replaced, what it counted stays, and also when all die', async () => {
  const { child, listening } = start(await ports());
  const { url, metricsUrl } = (await listening)!;
  const workers = childrenOf(child.pid!);
  expect(workers).toHaveLength(2);
  const counted = async (): Promise<number> => {
    const text = await fetch(metricsUrl).then(
      (response) => response.text(),
      () => '',
    );
    return Number(/http_requests_total\{.*status="404"\} (\d+)/.exec(text)?.[1]);
  };
  for (let i = 0; i < 20; i++)
    await (await fetch(`${url}/nowhere`, { headers: { connection: 'close' } })).text();
  await eventually(async () => (await counted()) === 20);
  process.kill(workers[0]!, 'SIGKILL');
  await eventually(() => childrenOf(child.pid!).filter((pid) => pid !== workers[0]).length === 2);
  await eventually(async () => (await counted()) === 20);
  // All at once.
  for (const pid of childrenOf(child.pid!)) process.kill(pid, 'SIGKILL');
  await eventually(async () => (await counted()) === 20);
  await eventually(() => !childrenOf(child.pid!).some((pid) => workers.includes(pid)));
  await eventually(async () => (await fetch(`${url}/nowhere`).catch(() => undefined))?.status === 404);
  await eventually(async () => (await counted()) === 21);
});

test('the group ends when the process that started it goes, and its workers with it when it is killed', async () => {
  const asked = start(await ports());
  await asked.listening;
  const workers = childrenOf(asked.child.pid!);
  asked.child.disconnect();
  expect(await once(asked.child, 'exit')).toEqual([0, null]);

  const killed = start(await ports());
  await killed.listening;
  workers.push(...childrenOf(killed.child.pid!));
  killed.child.kill('SIGKILL');
  expect(workers).toHaveLength(4);
  await eventually(() => !workers.some(isRunning));
});

test('a setting that cannot be is named', async () => {
  const { child, listening, output } = start({ ...(await ports()), API_GATEWAY_PORT: 'eighty' });
  expect(await listening).toBeUndefined();
  expect(child.exitCode).toBe(1);
  expect(output.join('')).toBe(
    'api-gateway: API_GATEWAY_PORT is "eighty"; it must be a number from 0 to 65535\n',
  );
});
