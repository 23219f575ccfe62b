import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { writeText } from '../dist/exposition/index.js';
import { counter, createRegistry, gauge, label, type Registry } from '../dist/index.js';
import { MetricsDirectory } from '../dist/store/directory.js';
import { Merger } from '../dist/store/merge.js';
import { loadNativeFiles } from '../dist/store/native.js';
import { DirectoryReader } from '../dist/store/reader.js';
import { SharedStore } from '../dist/store/shared.js';
import { metricsDirectory } from './members.ts';

const MINUTE = 60_000;
const native = await loadNativeFiles();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

function linesOf(families: Parameters<typeof writeText>[0]): string[] {
  return [...writeText(families)]
    .join('')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

const merger = new Merger();
async function samples(registry: Registry): Promise<string[]> {
  await registry.collect();
  return linesOf(merger.merge([registry.ownView!]).families);
}

const seen = (registry: Registry) =>
  counter({ name: 'seen_total', help: 'S', labels: { host: label }, expireAfterMs: 10 * MINUTE, registry });

test('label sets that nobody uses for the given time go, those in use stay', async () => {
  const registry = createRegistry();
  const hosts = seen(registry);
  const temperature = gauge({
    name: 'temperature',
    help: 'T',
    labels: { host: label },
    expireAfterMs: 10 * MINUTE,
    registry,
  });
  hosts.inc({ host: 'a' });
  hosts.inc({ host: 'b' });
  temperature.set({ host: 'a' }, 20);
  temperature.set({ host: 'b' }, 20);
  pass(6 * MINUTE);
  hosts.inc({ host: 'b' }, 0);
  temperature.set({ host: 'b' }, 20); // the same value is a use, too
  pass(6 * MINUTE);
  expect(await samples(registry)).toEqual(['seen_total{host="b"} 1', 'temperature{host="b"} 20']);
  hosts.inc({ host: 'a' });
  expect(await samples(registry)).toContain('seen_total{host="a"} 1');
});

test('a kept child of an expired series comes back at 0 when it is used', async () => {
  const registry = createRegistry();
  const hosts = seen(registry);
  const kept = hosts.bind({ host: 'a' });
  kept.inc(7);
  pass(11 * MINUTE);
  expect(await samples(registry)).toEqual([]);
  kept.inc();
  kept.inc();
  expect(await samples(registry)).toEqual(['seen_total{host="a"} 2']);
  hosts.inc({ host: 'a' });
  expect(await samples(registry)).toEqual(['seen_total{host="a"} 3']);
});

test('two children of the same labels count in one series, whichever was there first', async () => {
  const registry = createRegistry();
  const hosts = seen(registry);
  const kept = hosts.bind({ host: 'a' });
  kept.inc(7);
  pass(11 * MINUTE);
  await samples(registry);
  hosts.inc({ host: 'a' }, 10); // another child
  kept.inc();
  kept.inc();
  expect(await samples(registry)).toEqual(['seen_total{host="a"} 12']);
});

test('expired series do not count for the limit', async () => {
  const registry = createRegistry();
  const hosts = counter({
    name: 'seen_total',
    help: 'S',
    labels: { host: label },
    expireAfterMs: 10 * MINUTE,
    seriesMax: 3,
    registry,
  });
  for (let i = 0; i < 9; i++) {
    hosts.inc({ host: `${i}` });
    pass(4 * MINUTE);
    await samples(registry);
  }
  expect(await samples(registry)).toEqual(['seen_total{host="7"} 1', 'seen_total{host="8"} 1']);
});

test('a series that any process uses stays for all, and none of its counts is lost', async () => {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', native);
  const reader = new DirectoryReader(directory);
  const registries = [createRegistry(), createRegistry()];
  for (const registry of registries) registry.attach(await SharedStore.join(directory, () => {}));
  const [a, b] = registries.map(seen);
  const lines = async () => {
    for (const registry of registries) await registry.collect();
    const found = linesOf(reader.read().families);
    reader.fold();
    return found;
  };
  const kept = a!.bind({ host: 'x' });
  kept.inc(5);
  b!.inc({ host: 'x' }, 1);
  a!.inc({ host: 'y' }, 1);
  for (let i = 0; i < 4; i++) {
    pass(6 * MINUTE);
    b!.inc({ host: 'x' }, 1);
    await lines();
  }
  expect(await lines()).toEqual(['seen_total{host="x"} 10']);
  pass(11 * MINUTE);
  expect(await lines()).toEqual([]);
  expect(await lines()).toEqual([]);
  kept.inc(2);
  expect(await lines()).toEqual(['seen_total{host="x"} 2']);
  b!.inc({ host: 'x' }, 3);
  expect(await lines()).toEqual(['seen_total{host="x"} 5']);
});
