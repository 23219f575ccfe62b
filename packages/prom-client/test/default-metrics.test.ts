/** The default metrics are prom-client's, from the files that it has them in. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { collectDefaultMetrics } from '../dist/default-metrics.js';
import { Registry } from '../dist/registry.js';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const require = createRequire(import.meta.url);

/** What a file of `lib/metrics` gives to whoever requires it. */
type Collector = ((registry?: Registry, config?: object) => void) & {
  readonly metricNames: readonly string[];
};

/** The files of prom-client 15, and how their metrics add up over processes; `sum` where nothing is said. */
const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  eventLoopLag: {
    nodejs_eventloop_lag_seconds: 'average',
    nodejs_eventloop_lag_min_seconds: 'min',
    nodejs_eventloop_lag_max_seconds: 'max',
    nodejs_eventloop_lag_mean_seconds: 'average',
    nodejs_eventloop_lag_stddev_seconds: 'average',
    nodejs_eventloop_lag_p50_seconds: 'average',
    nodejs_eventloop_lag_p90_seconds: 'average',
    nodejs_eventloop_lag_p99_seconds: 'average',
  },
  gc: { nodejs_gc_duration_seconds: 'sum' },
  heapSizeAndUsed: {
    nodejs_heap_size_total_bytes: 'sum',
    nodejs_heap_size_used_bytes: 'sum',
    nodejs_external_memory_bytes: 'sum',
  },
  heapSpacesSizeAndUsed: {
    nodejs_heap_space_size_total_bytes: 'sum',
    nodejs_heap_space_size_used_bytes: 'sum',
    nodejs_heap_space_size_available_bytes: 'sum',
  },
  osMemoryHeapLinux: {
    process_resident_memory_bytes: 'sum',
    process_virtual_memory_bytes: 'sum',
    process_heap_bytes: 'sum',
  },
  processCpuTotal: {
    process_cpu_user_seconds_total: 'sum',
    process_cpu_system_seconds_total: 'sum',
    process_cpu_seconds_total: 'sum',
  },
  processHandles: { nodejs_active_handles: 'sum', nodejs_active_handles_total: 'sum' },
  processMaxFileDescriptors: { process_max_fds: 'sum' },
  processOpenFileDescriptors: { process_open_fds: 'sum' },
  processRequests: { nodejs_active_requests: 'sum', nodejs_active_requests_total: 'sum' },
  processResources: { nodejs_active_resources: 'sum', nodejs_active_resources_total: 'sum' },
  processStartTime: { process_start_time_seconds: 'omit' },
  version: { nodejs_version_info: 'first' },
};

const registries: Registry[] = [];
afterEach(() => {
  for (const registry of registries.splice(0)) registry.clear();
});

function newRegistry(): Registry {
  const registry = new Registry();
  registries.push(registry);
  return registry;
}

const collectorOf = (file: string) => require(`${dist}lib/metrics/${file}.js`) as Collector;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test.each(Object.entries(FILES))(
  'lib/metrics/%s is a function with the names of its metrics',
  async (file, expected) => {
    const registry = newRegistry();
    const collector = collectorOf(file);
    expect(collector.metricNames).toEqual(Object.keys(expected));
    collector(registry, { prefix: 'p_', labels: { app: 'shop' } });
    const metrics = await registry.getMetricsAsJSON();
    const missing = process.platform === 'linux' ? [] : ['process_max_fds', 'process_open_fds'];
    const known = Object.entries(expected).filter(([name]) => !missing.includes(name));
    expect(metrics.map(({ name, aggregator }) => [name, aggregator])).toEqual(
      known.map(([name, aggregator]) => [`p_${name}`, aggregator]),
    );
    for (const { values } of metrics)
      for (const { labels } of values) expect(labels).toMatchObject({ app: 'shop' });
  },
);

test('every file of lib/metrics is one of those', () => {
  const files = fs.readdirSync(`${dist}lib/metrics`).filter((name) => name.endsWith('.js'));
  expect(files.map((name) => name.replace(/\.js$/, '')).sort()).toEqual(
    [...Object.keys(FILES), 'osMemoryHeap'].sort(),
  );
  expect(require(`${dist}lib/defaultMetrics.js`)).toBe(collectDefaultMetrics);
});

test('the list of metrics is that of prom-client', () => {
  expect(collectDefaultMetrics.metricsList).toEqual([
    'processCpuTotal',
    'processStartTime',
    'osMemoryHeap',
    'processOpenFileDescriptors',
    'processMaxFileDescriptors',
    'eventLoopLag',
    'processResources',
    'processHandles',
    'processRequests',
    'heapSizeAndUsed',
    'heapSpacesSizeAndUsed',
    'version',
    'gc',
  ]);
  expect(() => collectDefaultMetrics('all' as never)).toThrow(
    new TypeError('config must be null, undefined, or an object'),
  );
});

test('what the process does shows, in every registry alike', async () => {
  const [one, other] = [newRegistry(), newRegistry()];
  collectDefaultMetrics({ register: one, gcDurationBuckets: [0.5] });
  collectDefaultMetrics({ register: other });
  const valueIn = (text: string, name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  await pause(50);
  const end = performance.now() + 120;
  const before = process.cpuUsage();
  // Whoever shares the processors may have had most of that time.
  while (performance.now() < end || process.cpuUsage(before).user < 60_000);
  await pause(30);
  const texts = [await one.metrics(), await other.metrics()];
  for (const text of texts) {
    expect(valueIn(text, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.1);
    expect(valueIn(text, 'process_cpu_seconds_total')).toBeGreaterThan(0.05);
    expect(valueIn(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e7);
  }
  const text = texts[0]!;
  expect(text).toMatch(/^nodejs_version_info\{version="v[\d.]+",major="\d+",minor="\d+",patch="\d+"\} 1$/m);
  expect(text).toMatch(/^# TYPE nodejs_active_resources_total gauge\nnodejs_active_resources_total \d+$/m);
});

test('collections are counted by kind, also after the registry was cleared', async () => {
  const registry = newRegistry();
  const litter = () => {
    let kept: unknown[] = [];
    for (let i = 0; i < 400; i++) kept = [Array.from({ length: 5_000 }, (_, n) => ({ n })), kept.length];
    return kept;
  };
  for (const round of [1, 2]) {
    registry.clear();
    collectDefaultMetrics({ register: registry });
    litter();
    const text = await registry.metrics();
    const count = Number(/^nodejs_gc_duration_seconds_count\{kind="minor"\} (\d+)$/m.exec(text)?.[1]);
    expect(count, `round ${round}`).toBeGreaterThan(0);
  }
});
