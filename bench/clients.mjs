// The clients that are compared, each behind the same few operations. A client is loaded in a process of its own.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const LABELS = ['method', 'route', 'status'];
export const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** 64 label sets, as a service of eight routes has them. */
export const LABEL_SETS = Array.from({ length: 64 }, (_, i) => ({
  method: i % 2 === 0 ? 'GET' : 'POST',
  route: `/api/v1/things/${i >> 3}`,
  status: String(200 + (i & 7)),
}));

/** What our server sends to a scraper on the same machine. */
export async function answerOf(server) {
  const request = {
    method: 'GET',
    url: '/metrics',
    headers: { accept: 'text/plain' },
    socket: { remoteAddress: '127.0.0.1' },
  };
  const slices = [];
  return new Promise((resolve, reject) => {
    const response = {
      headersSent: false,
      writeHead(status) {
        if (status !== 200) reject(new Error(`status ${status}`));
        return this;
      },
      write: (slice) => slices.push(slice),
      end: () => resolve({ toString: () => Buffer.concat(slices).toString() }),
    };
    server.answer(request, response);
  });
}

/** Of the prom-client family: the same surface three times. */
function promClient(load) {
  return async () => {
    const { Counter, Histogram, Registry } = await load();
    const registry = new Registry();
    const counter = (name, labelNames = []) =>
      new Counter({ name, help: name, labelNames, registers: [registry] });
    const histogram = (name, labelNames = []) =>
      new Histogram({ name, help: name, labelNames, buckets: BUCKETS, registers: [registry] });
    return {
      counter,
      histogram,
      bind: (metric, labels) => metric.labels(labels),
      scrape: async () => Buffer.from(await registry.metrics()), // what is sent are bytes
    };
  };
}

export const CLIENTS = {
  binnacle: async () => {
    const { counter, histogram, label, createRegistry, serveMetrics } = await import('@binnacle/metrics');
    const registry = createRegistry();
    const directory = fs.mkdtempSync(
      path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'binnacle-bench-'),
    );
    const server = await serveMetrics({ service: 'bench', directory, registry });
    process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
    const open = (labelNames) => Object.fromEntries(labelNames.map((name) => [name, label]));
    return {
      counter: (name, labelNames = []) => counter({ name, help: name, labels: open(labelNames), registry }),
      histogram: (name, labelNames = []) =>
        histogram({ name, help: name, labels: open(labelNames), buckets: BUCKETS, registry }),
      bind: (metric, labels) => metric.bind(labels),
      scrape: () => answerOf(server),
    };
  },
  'prom-client': promClient(async () => (await import('prom-client')).default),
  '@prometheus-io/client': promClient(async () => (await import('@prometheus-io/client')).default),
  '@platformatic/prom-client': promClient(async () => (await import('@platformatic/prom-client')).default),
  '@opentelemetry/sdk-metrics': async () => {
    const { AggregationTemporality, MeterProvider, MetricReader } = await import(
      '@opentelemetry/sdk-metrics'
    );
    class Reader extends MetricReader {
      selectAggregationTemporality() {
        return AggregationTemporality.CUMULATIVE;
      }
      async onForceFlush() {}
      async onShutdown() {}
    }
    const reader = new Reader();
    // Beyond 2,000 label sets it would count in one overflow series, which costs nothing.
    const views = [{ instrumentName: '*', aggregationCardinalityLimit: 100_000 }];
    const meter = new MeterProvider({ readers: [reader], views }).getMeter('bench');
    return {
      counter: (name) => {
        const counter = meter.createCounter(name);
        return { inc: (labels, by = 1) => counter.add(by, labels) };
      },
      histogram: (name) => {
        const histogram = meter.createHistogram(name, { advice: { explicitBucketBoundaries: BUCKETS } });
        return { observe: (labels, value) => histogram.record(value, labels) };
      },
      // There is no bound API, and no text without an exporter.
      bind: undefined,
      scrape: undefined,
      collect: () => reader.collect(),
    };
  },
};

/** The middle value, and the least and the greatest. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
}
