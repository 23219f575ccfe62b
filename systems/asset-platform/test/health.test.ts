import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { eventually, sumOf } from '../../parts/test/running.ts';
import { Platform } from './platform.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const PATIENCE = { timeout: 120_000 };
const DEPENDENCIES = ['assets', 'files', 'search', 'transcode', 'database'];

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start();
}, 300_000);

afterAll(async () => {
  await platform?.stop();
});

async function up(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { labels, value } of (await platform.samples('gateway')).values())
    if (labels.metricName === 'dependency_up') found[labels.get('dependency') ?? ''] = value;
  return found;
}

const all = (value: number) => Object.fromEntries(DEPENDENCIES.map((name) => [name, value]));

test('the gateway tells which of what it depends on is well, and which is not', {
  timeout: 600_000,
}, async () => {
  await expect.poll(up, PATIENCE).toEqual(all(1));
  // Where all have too much to do, one that is well may answer too late.
  await expect
    .poll(async () => (await platform.ask('GET', '/health')).json, PATIENCE)
    .toEqual({
      status: 'ok',
      dependencies: Object.fromEntries(DEPENDENCIES.map((name) => [name, 'ok'])),
    });
  const stopped = platform.workers('search');
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  try {
    const answer = async (): Promise<unknown> => {
      const { status, json } = await platform.ask('GET', '/health');
      return [status, json];
    };
    await expect
      .poll(answer, PATIENCE)
      .toMatchObject([
        503,
        { status: 'degraded', dependencies: { assets: 'ok', search: 'down', database: 'ok' } },
      ]);
    await expect.poll(up, PATIENCE).toEqual({ ...all(1), search: 0 });
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
  }
  await expect.poll(up, PATIENCE).toEqual(all(1));
});

test('whoever looks after the services is counted under the endpoint of health alone', async () => {
  await eventually(async () => (await platform.sum('assets', 'http_requests_total')) > 3);
  for (const service of ['assets', 'files', 'search', 'transcode'] as const) {
    const samples = await platform.samples(service);
    const counted = sumOf(samples, 'http_requests_total');
    expect(sumOf(samples, 'http_requests_total', { endpoint: 'health' })).toBe(counted);
  }
});

test('calls are counted by the service that is called, those that the gateway passes on among them', async () => {
  await platform.createAsset('called');
  for (const [caller, called] of [
    ['gateway', 'assets'],
    ['assets', 'search'],
  ] as const) {
    const host = new URL(platform.services[called].url).host;
    const labels = { host, method: 'POST' };
    await eventually(async () => (await platform.sum(caller, 'http_client_requests_total', labels)) === 1);
    expect(await platform.sum(caller, 'http_client_requests_total', { host: 'other' })).toBe(0);
  }
});
