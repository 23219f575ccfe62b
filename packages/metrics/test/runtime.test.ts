/** The metrics of the runtime follow what a process really does. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { parseOpenMetrics } from '../dist/exposition/index.js';
import { createRegistry, gauge, type Registry } from '../dist/index.js';
import {
  RUNTIME_FAMILIES,
  type RuntimeMetrics,
  type RuntimeOptions,
  runtimeMetrics,
} from '../dist/runtime/index.js';
import { MetricsServer } from '../dist/serve/server.js';
import { valueIn } from './members.ts';
import { PROM_CLIENT_DEFAULTS } from './runtime-defaults.ts';

const started: RuntimeMetrics[] = [];
afterEach(() => {
  for (const metrics of started.splice(0)) metrics.stop();
});

function report(options: RuntimeOptions = {}): { registry: Registry; metrics: RuntimeMetrics } {
  const registry = options.registry ?? createRegistry();
  // Wherever this runs: a test runner may be in a worker thread.
  const metrics = runtimeMetrics({ processWide: true, ...options, registry });
  started.push(metrics);
  return { registry, metrics };
}

async function exposed(registry: Registry): Promise<string> {
  const { body } = await new MetricsServer(registry).exposition();
  return body;
}

/** All samples whose series begin so. */
function seriesOf(exposition: string, name: string): string[] {
  return exposition.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

function blockFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the event loop was looked at often enough to know of delays. */
const delaysKnown = (registry: Registry, name = 'nodejs_eventloop_lag_p99_seconds') =>
  expect.poll(async () => valueIn(await exposed(registry), name)).toBeGreaterThan(0);

test('names, types, help and labels are those of the default metrics of prom-client', async () => {
  for (const [name, type, help, labelNames] of PROM_CLIENT_DEFAULTS) {
    const family = RUNTIME_FAMILIES[name as keyof typeof RUNTIME_FAMILIES];
    expect([name, family.type, family.help, family.labelNames]).toEqual([name, type, help, labelNames]);
  }
  const { registry } = report();
  await delaysKnown(registry);
  const exposition = await exposed(registry);
  for (const [name, type, help] of PROM_CLIENT_DEFAULTS) {
    // Of these there are series only while there is something to be listed.
    if (['nodejs_active_requests', 'nodejs_active_handles'].includes(name)) continue;
    expect(exposition).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
  }
});

test('the table of these tests is what prom-client has', async () => {
  const require = createRequire(import.meta.url);
  interface PromMetric {
    readonly name: string;
    readonly type: string;
    readonly help: string;
    readonly labelNames: readonly string[];
    readonly upperBounds?: readonly number[];
  }
  interface PromClient {
    readonly collectDefaultMetrics: (config: object) => void;
    readonly Registry: new () => { getMetricsAsArray(): PromMetric[] };
  }
  const client = require('prom-client') as PromClient;
  const register = new client.Registry();
  client.collectDefaultMetrics({ register });
  const theirs = register
    .getMetricsAsArray()
    .map(({ name, type, help, labelNames }) => [name, type, help, labelNames]);
  const byName = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
  expect(theirs.sort(byName)).toEqual([...PROM_CLIENT_DEFAULTS].sort(byName));
  const gc = register.getMetricsAsArray().find(({ name }) => name === 'nodejs_gc_duration_seconds');
  const { registry } = report({ only: ['gc'] });
  const bounds = [...(await exposed(registry)).matchAll(/kind="major",le="([^"+]+)"/g)].map(([, le]) =>
    Number(le),
  );
  expect(bounds).toEqual(gc?.upperBounds);
});

test('a blocked loop shows in its delays, its lag and its utilization', async () => {
  const beganMs = performance.now();
  const { registry } = report({ only: ['eventLoop'] });
  await pause(60);
  blockFor(150);
  await pause(30);
  const exposition = await exposed(registry);
  const elapsedSeconds = (performance.now() - beganMs) / 1000;
  expect(valueIn(exposition, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.14);
  expect(valueIn(exposition, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0.14);
  expect(valueIn(exposition, 'nodejs_eventloop_lag_stddev_seconds')).toBeGreaterThan(0);
  expect(valueIn(exposition, 'nodejs_eventloop_lag_mean_seconds')).toBeGreaterThan(0.01);
  // Whoever shares the processors may have had more time than it.
  const utilization = valueIn(exposition, 'nodejs_eventloop_utilization_ratio');
  expect(utilization).toBeGreaterThan(0.14 / elapsedSeconds);
  expect(utilization).toBeLessThanOrEqual(1);
  const busy = 'nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"}';
  expect(valueIn(exposition, busy)).toBeGreaterThan(0.14);

  // What is to be done at once after being asked is behind this block in the loop's turn.
  setImmediate(() => blockFor(50));
  expect(valueIn(await exposed(registry), 'nodejs_eventloop_lag_seconds')).toBeGreaterThan(0.045);
  expect(valueIn(await exposed(registry), busy)).toBeGreaterThan(valueIn(exposition, busy)! + 0.045);
  const shortest = async () => valueIn(await exposed(registry), 'nodejs_eventloop_lag_min_seconds');
  await expect.poll(shortest).toBeLessThan(0.1);
});

test('processor time counts from the start of the process, and what is burnt is added', async () => {
  const { registry } = report({ only: ['cpu'] });
  const before = await exposed(registry);
  expect(valueIn(before, 'process_cpu_user_seconds_total')).toBeGreaterThan(0.01);
  const usedBefore = process.cpuUsage();
  while (process.cpuUsage(usedBefore).user < 100_000) blockFor(5);
  const after = await exposed(registry);
  const grown = (name: string) => valueIn(after, name)! - valueIn(before, name)!;
  expect(grown('process_cpu_user_seconds_total')).toBeGreaterThanOrEqual(0.1);
  expect(grown('process_cpu_seconds_total')).toBeCloseTo(
    grown('process_cpu_user_seconds_total') + grown('process_cpu_system_seconds_total'),
  );
});

test('open files, memory and threads are those of the process', async (context) => {
  if (process.platform !== 'linux') return context.skip('only Linux tells of descriptors and threads');
  const { registry } = report({ only: ['fileDescriptors', 'memory', 'threads', 'heap'] });
  const before = await exposed(registry);
  const held = Array.from({ length: 20 }, () => fs.openSync('/dev/null', 'r'));
  // So much that what is collected meanwhile does not matter.
  const kept = Buffer.alloc(150e6, 1);
  const after = await exposed(registry);
  for (const fd of held) fs.closeSync(fd);
  const grown = (name: string) => valueIn(after, name)! - valueIn(before, name)!;
  expect(grown('process_open_fds')).toBeGreaterThanOrEqual(15);
  expect(grown('process_resident_memory_bytes')).toBeGreaterThan(kept.length * 0.6);
  expect(grown('nodejs_external_memory_bytes')).toBeGreaterThan(kept.length * 0.9);
  expect(valueIn(after, 'process_max_fds')).toBeGreaterThan(valueIn(after, 'process_open_fds')!);
  expect(valueIn(after, 'process_virtual_memory_bytes')).toBeGreaterThan(
    valueIn(after, 'process_resident_memory_bytes')!,
  );
  expect(valueIn(after, 'process_heap_bytes')).toBeGreaterThan(0);
  expect(valueIn(after, 'process_threads')).toBeGreaterThan(4);
  const threads = report({ only: ['threads'] });
  expect(valueIn(await exposed(threads.registry), 'process_threads')).toBeGreaterThan(4);
  expect(valueIn(after, 'nodejs_heap_size_used_bytes')).toBeLessThanOrEqual(
    valueIn(after, 'nodejs_heap_size_total_bytes')!,
  );
});

test('what is active is counted by type, and a type that is gone stands at 0', async () => {
  const { registry } = report({ only: ['resources', 'handles', 'requests'] });
  // So many that those of the test runner, which come and go, do not matter.
  const timers = Array.from({ length: 50 }, () => setTimeout(() => {}, 600_000));
  const during = valueIn(await exposed(registry), 'nodejs_active_resources{type="Timeout"}');
  for (const timer of timers) clearTimeout(timer);
  const after = await exposed(registry);
  expect(during).toBeGreaterThanOrEqual(50);
  expect(valueIn(after, 'nodejs_active_resources{type="Timeout"}')).toBeLessThanOrEqual(during! - 40);
  expect(valueIn(after, 'nodejs_active_handles_total')).toBeGreaterThanOrEqual(0);
  expect(valueIn(after, 'nodejs_active_requests_total')).toBeGreaterThanOrEqual(0);
});

test('heap spaces, version and start are there', async () => {
  const { registry } = report({ only: ['heapSpaces', 'version', 'startTime'] });
  const exposition = await exposed(registry);
  expect(valueIn(exposition, 'nodejs_heap_space_size_used_bytes{space="old"}')).toBeGreaterThan(1e6);
  const [major, minor, patch] = process.versions.node.split('.');
  const version = `version="v${process.versions.node}",major="${major}",minor="${minor}",patch="${patch}"`;
  expect(valueIn(exposition, `nodejs_version_info{${version}}`)).toBe(1);
  const age = Date.now() / 1000 - valueIn(exposition, 'process_start_time_seconds')!;
  expect(Math.abs(age - process.uptime())).toBeLessThan(2);
});

test('a subset is what was asked for, by group and by name', async () => {
  const { registry, metrics } = report({ only: ['gc', 'nodejs_eventloop_lag_p99_seconds'] });
  expect(metrics.names).toEqual(['nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds']);
  await delaysKnown(registry);
  const families = [...(await exposed(registry)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(families).toEqual(['nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds']);
  expect(() => report({ only: ['gcc' as 'gc'] })).toThrow(
    /"gcc" is no metric of the runtime and none of its groups: cpu, /,
  );
});

test('a prefix stands before every name, and buckets and resolution can be chosen', async () => {
  const { registry, metrics } = report({
    ...{ prefix: 'shop_', gcBuckets: [0.5], eventLoopResolutionMs: 25 },
    only: ['gc', 'eventLoop', 'handles'],
  });
  await delaysKnown(registry, 'shop_nodejs_eventloop_lag_p50_seconds');
  const exposition = await exposed(registry);
  expect(metrics.names.every((name) => name.startsWith('shop_'))).toBe(true);
  expect(exposition).not.toMatch(/^nodejs/m);
  expect(seriesOf(exposition, 'shop_nodejs_gc_duration_seconds_bucket')).toHaveLength(8);
  expect(valueIn(exposition, 'shop_nodejs_eventloop_lag_p50_seconds')).toBeGreaterThan(0.02);
  expect(() => report({ eventLoopResolutionMs: 0 })).toThrow(RangeError);
  expect(() => report({ eventLoopWindowMs: -1 })).toThrow(RangeError);
  expect(() => report({ gcBuckets: [2, 1] })).toThrow(
    /nodejs_gc_duration_seconds: buckets must be increasing/,
  );
});

test('what is reported twice counts once, and what is stopped and started again goes on', async () => {
  const registry = createRegistry();
  const first = report({ registry, only: ['cpu'] });
  expect(report({ registry, only: ['cpu'] }).metrics.names).toEqual([]);
  const name = 'process_cpu_seconds_total';
  const { user, system } = process.cpuUsage();
  expect(valueIn(await exposed(registry), name)! / ((user + system) / 1e6)).toBeLessThan(1.5);

  first.metrics.stop();
  first.metrics.stop();
  const stopped = valueIn(await exposed(registry), name)!;
  blockFor(30);
  expect(valueIn(await exposed(registry), name)).toBe(stopped);
  const again = report({ registry, only: ['cpu'] });
  expect(again.metrics.names).toHaveLength(3);
  const now = process.cpuUsage();
  const counted = valueIn(await exposed(registry), name)!;
  expect(counted).toBeGreaterThan(stopped);
  expect(counted / ((now.user + now.system) / 1e6)).toBeLessThan(1.5);
  again.metrics[Symbol.dispose]();
  expect(report({ registry, only: ['cpu'] }).metrics.names).toHaveLength(3);
});

test('a name that another metric has is told to who asks for it, and nothing is left running', async () => {
  const registry = createRegistry();
  gauge({ name: 'process_open_fds', help: 'Mine', labels: { whose: ['mine'] }, registry });
  expect(() => report({ registry })).toThrow(/process_open_fds is defined twice/);
  expect(registry.collects).toBe(false);
  expect(report({ registry, only: ['memory', 'gc'] }).metrics.names).toHaveLength(4);
});

test('each gauge can be a series per process', async () => {
  const { registry } = report({ perWorker: true, only: ['memory', 'resources', 'cpu'] });
  const exposition = await exposed(registry);
  expect(exposition).toMatch(/^process_resident_memory_bytes\{worker="0"\} \d/m);
  expect(exposition).toMatch(/^nodejs_active_resources_total\{worker="0"\} \d/m);
  expect(exposition).toMatch(/^process_cpu_seconds_total \d/m);
});

test('OpenMetrics takes all of it, gauges that end in _total too', async () => {
  const { registry } = report();
  await delaysKnown(registry);
  const { body } = await new MetricsServer(registry).exposition({ accept: 'application/openmetrics-text' });
  expect(String(body)).toMatch(/^# TYPE nodejs_active_resources_total gauge\n/m);
  expect(String(body)).toMatch(/^nodejs_active_resources_total \d/m);
  let samples = 0;
  parseOpenMetrics(Buffer.from(body), { sample: () => samples++ });
  expect(samples).toBeGreaterThan(90);
});

test('a thread other than the main one does not report the process unless it is told to', async () => {
  const registry = createRegistry();
  const metrics = runtimeMetrics({ registry });
  started.push(metrics);
  expect(metrics.names.some((name) => name.startsWith('process_'))).toBe(isMainThread);
  expect(metrics.names).toContain('nodejs_heap_size_used_bytes');
});
