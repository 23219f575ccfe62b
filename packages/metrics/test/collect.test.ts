import { afterEach, expect, test, vi } from 'vitest';
import { COLLECT_TIMEOUT_MS, counter, createRegistry, gauge, serveMetrics } from '../dist/index.js';
import { UPKEEP_INTERVAL_MS } from '../dist/registry.js';
import { MetricsServer } from '../dist/serve/server.js';
import { metricsDirectory, valueIn } from './members.ts';

afterEach(() => {
  vi.useRealTimers();
});

const failed = (metric: string) => `binnacle_metrics_dropped_total{metric="${metric}",reason="callback"}`;

test('callbacks are asked before each exposition, those that wait are waited for, and none can fail it', async () => {
  const registry = createRegistry();
  let asked = 0;
  gauge({ name: 'now', help: 'N', registry, collect: (self) => self.set(++asked) });
  gauge({
    name: 'later',
    help: 'L',
    registry,
    collect: async (self) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      self.set(asked * 10);
    },
  });
  counter({ name: 'since_total', help: 'S', registry, collect: (self) => self.inc(3) });
  gauge({
    name: 'broken',
    help: 'B',
    registry,
    collect: () => {
      throw new Error('no such file');
    },
  });
  gauge({ name: 'rejected', help: 'R', registry, collect: () => Promise.reject(new Error('refused')) });
  const server = new MetricsServer(registry);
  await server.exposition();
  const { body } = await server.exposition();
  expect(valueIn(body, 'now')).toBe(2);
  expect(valueIn(body, 'later')).toBe(20);
  expect(valueIn(body, 'since_total')).toBe(6);
  expect(valueIn(body, failed('broken'))).toBe(2);
  expect(valueIn(body, failed('rejected'))).toBe(2);
});

test('a callback that hangs holds an exposition up for a limited time, and is not asked again meanwhile', async () => {
  const registry = createRegistry();
  let asked = 0;
  gauge({
    name: 'hangs',
    help: 'H',
    registry,
    collect: () => {
      asked++;
      return new Promise(() => {});
    },
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const server = new MetricsServer(registry);
  for (let i = 1; i <= 2; i++) {
    const answer = server.exposition();
    await vi.advanceTimersByTimeAsync(COLLECT_TIMEOUT_MS);
    const { body } = await answer;
    expect(valueIn(body, 'hangs')).toBe(0);
    expect(valueIn(body, failed('hangs'))).toBe(i);
  }
  expect(asked).toBe(1);
});

test('a process that does not answer is asked when it joins and every few seconds, as long as it shares a directory', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const registry = createRegistry();
  let asked = 0;
  gauge({ name: 'now', help: 'N', registry, collect: (self) => self.set(++asked) });
  const server = await serveMetrics({ service: 'test', directory: metricsDirectory(), registry });
  await vi.advanceTimersByTimeAsync(UPKEEP_INTERVAL_MS * 3);
  expect(asked).toBe(4);
  await server.close();
  await vi.advanceTimersByTimeAsync(UPKEEP_INTERVAL_MS * 3);
  expect(asked).toBe(4);
});
