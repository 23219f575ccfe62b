// What a series costs in memory, beside the peers: node memory.mjs [processes, default 5]
//                                                  node memory.mjs --breakdown binnacle
//
// 100,000 counter series with three labels, in ten metrics, and 10,000 histogram series with ten buckets. Label values
// are new strings each time, as a router or a parser hands them over. Each client in processes of its own, in turn.
// Three readings, each after two collections of garbage: metrics defined, all series counted twice, scraped twice.
// "held" is the JavaScript heap and buffers; "files" is what the directory of the shared store takes in memory
// (/dev/shm) or on disk, and is not held; "resident" is what the kernel says of the process, without shared files
// (Linux only): it has the garbage that the engine has not given back, and depends on it when that was. The number of series
// and the sum of what is exposed are compared before any figure is printed.
//
// --breakdown says by kind of object what the heap has more after counting and after scraping.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import { answerOf, BUCKETS, CLIENTS, LABELS, spread } from './clients.mjs';

const CASES = {
  '100,000 counters': { metrics: 10, kind: 'counter' },
  '10,000 histograms': { metrics: 1, kind: 'histogram' },
};
const SERIES_PER_METRIC = 10_000;
const ROUNDS = 2;

const ALL = {
  ...CLIENTS,
  /** Before the process is attached to a directory, or without one. */
  'binnacle, own process': async () => {
    const { counter, histogram, label, createRegistry, metricsHandler } = await import('@binnacle/metrics');
    const registry = createRegistry();
    const answer = metricsHandler(registry);
    const open = (labelNames) => Object.fromEntries(labelNames.map((name) => [name, label]));
    return {
      counter: (name, labelNames = []) => counter({ name, help: name, labels: open(labelNames), registry }),
      histogram: (name, labelNames = []) =>
        histogram({ name, help: name, labels: open(labelNames), buckets: BUCKETS, registry }),
      scrape: () => answerOf({ answer }),
    };
  },
};

const [, , mode, ...rest] = process.argv;
if (mode === '--client') await measure(rest[0], rest[1], rest[2]);
else if (mode === '--breakdown') {
  for (const name of Object.keys(CASES)) await run(rest[0] ?? 'binnacle', name, true);
} else await compare(Number(mode ?? 5));

async function compare(processes) {
  console.log(`bytes per series: median [least, greatest] of ${processes} processes`);
  for (const name of Object.keys(CASES)) {
    const all = new Map();
    for (let i = 0; i < processes; i++) {
      for (const client of Object.keys(ALL)) {
        all.set(client, [...(all.get(client) ?? []), await run(client, name)]);
      }
    }
    for (const moment of ['counted', 'scraped']) {
      console.log(
        `\n${name}, ${moment.padEnd(12)}${['held + files', 'held', 'files', 'resident + files'].map((title) => title.padEnd(24)).join('')}`,
      );
      for (const [client, readings] of all) {
        const column = (of) => {
          const { median, min, max } = spread(readings.map((reading) => of(reading[moment])));
          return `${median.toFixed(0)} [${min.toFixed(0)}, ${max.toFixed(0)}]`.padEnd(24);
        };
        console.log(
          `  ${client.padEnd(28)}${column((r) => r.held + r.files)}${column((r) => r.held)}${column((r) => r.files)}${column((r) => r.resident + r.files)}`,
        );
      }
    }
  }
}

function run(client, name, breakdown = false) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['--client', client, name, String(breakdown)], {
      execArgv: ['--expose-gc'],
    });
    child.once('message', resolve);
    child.once('exit', (code) =>
      code ? reject(new Error(`${client} ended with exit code ${code}`)) : resolve(),
    );
  });
}

async function measure(clientName, caseName, breakdown) {
  const client = await ALL[clientName]();
  const { metrics: metricCount, kind } = CASES[caseName];
  const metrics = Array.from({ length: metricCount }, (_, i) =>
    kind === 'counter'
      ? client.counter(`bench_${i}_total`, LABELS)
      : client.histogram(`bench_${i}_seconds`, LABELS),
  );
  const warm = client.counter('warm_total', LABELS);
  for (let i = 0; i < 10; i++) warm.inc(labelsOf(i));
  const scrape = client.scrape ?? client.collect;
  for (let i = 0; i < 10; i++) await scrape();

  const snapshots = [];
  const read = async () => {
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      globalThis.gc();
    }
    if (breakdown === 'true') snapshots.push(await snapshot());
    return reading();
  };
  const defined = await read();
  for (let round = 0; round < ROUNDS; round++) {
    for (const metric of metrics) {
      for (let i = 0; i < SERIES_PER_METRIC; i++) {
        if (kind === 'counter') metric.inc(labelsOf(i));
        else metric.observe(labelsOf(i), (i % 20) / 10);
      }
    }
  }
  const counted = await read();
  check(await scrape(), kind, metricCount * SERIES_PER_METRIC);
  await scrape();
  const scraped = await read();

  const series = metricCount * SERIES_PER_METRIC;
  const more = (later) =>
    Object.fromEntries(Object.keys(later).map((key) => [key, (later[key] - defined[key]) / series]));
  if (breakdown === 'true') {
    printBreakdown(`${clientName}, ${caseName}, counted`, snapshots[0], snapshots[1], series);
    printBreakdown(`${clientName}, ${caseName}, what the scrape adds`, snapshots[1], snapshots[2], series);
  }
  process.send({ counted: more(counted), scraped: more(scraped) }, () => process.exit());
}

function labelsOf(i) {
  return {
    method: i % 2 === 0 ? 'GET' : 'POST',
    route: `/api/v1/things/${i >> 4}`,
    status: String(200 + (i & 15)),
  };
}

function reading() {
  // Mapped files are not among the buffers.
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { held: heapUsed + arrayBuffers, files: sharedFileBytes(), resident: residentWithoutFiles() };
}

/** What the files of the shared store take. */
function sharedFileBytes() {
  let files = 0;
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith('binnacle-bench-')) continue;
    const directory = path.join(parent, name);
    for (const file of fs.readdirSync(directory))
      files += fs.statSync(path.join(directory, file)).blocks * 512;
  }
  return files;
}

function residentWithoutFiles() {
  if (process.platform !== 'linux') return Number.NaN;
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const kilobytes = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)[1]);
  return (kilobytes('VmRSS') - kilobytes('RssShmem')) * 1024;
}

/** Every series and the sum of what was counted must be in the answer. */
function check(answer, kind, series) {
  let found = 0;
  let sum = 0;
  if (answer.resourceMetrics !== undefined) {
    for (const { metrics } of answer.resourceMetrics.scopeMetrics) {
      for (const { descriptor, dataPoints } of metrics) {
        if (!descriptor.name.startsWith('bench_')) continue;
        found += dataPoints.length;
        for (const { value } of dataPoints) sum += value.count ?? value;
      }
    }
  } else {
    const prefix = kind === 'counter' ? /^bench_\d+_total\{/ : /^bench_\d+_seconds_count\{/;
    for (const line of String(answer).split('\n')) {
      if (!prefix.test(line)) continue;
      found++;
      sum += Number(line.slice(line.lastIndexOf('}') + 2).split(' ')[0]);
    }
  }
  if (found !== series || sum !== series * ROUNDS)
    throw new Error(`${found} series with a sum of ${sum} instead of ${series} with ${series * ROUNDS}`);
}

/** Bytes by kind of object. */
async function snapshot() {
  const chunks = [];
  for await (const chunk of v8.getHeapSnapshot()) chunks.push(chunk);
  const { snapshot: head, nodes, strings } = JSON.parse(chunks.join(''));
  const { node_fields: fields, node_types: types } = head.meta;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field));
  const kinds = new Map();
  for (let i = 0; i < nodes.length; i += fields.length) {
    const kind = types[type][nodes[i + type]];
    const named =
      kind === 'object' ||
      kind === 'native' ||
      kind === 'hidden' ||
      kind === 'array' ||
      kind === 'object shape';
    const key = named ? `${kind} ${strings[nodes[i + name]].slice(0, 60)}` : kind;
    const known = kinds.get(key) ?? { bytes: 0, objects: 0 };
    known.bytes += nodes[i + size];
    known.objects++;
    kinds.set(key, known);
  }
  return kinds;
}

function printBreakdown(title, before, after, series) {
  const rows = [...after].map(([kind, { bytes, objects }]) => ({
    kind,
    bytes: (bytes - (before.get(kind)?.bytes ?? 0)) / series,
    objects: (objects - (before.get(kind)?.objects ?? 0)) / series,
  }));
  rows.sort((a, b) => b.bytes - a.bytes);
  console.log(`\n${title}: bytes and objects per series`);
  for (const { kind, bytes, objects } of rows.filter((row) => Math.abs(row.bytes) >= 0.5).slice(0, 20))
    console.log(`  ${bytes.toFixed(1).padStart(8)} ${objects.toFixed(2).padStart(7)}  ${kind}`);
}
