/**
 * What taking in samples costs: bodies of a target through layout cache, log and head.
 *
 *     node bench/ingest.mjs [series] [scrapes]        10000 and 240 unless told; build first
 *
 * The body is half counters (+0 to 20 a scrape), a quarter gauges (a random walk of three decimals) and a
 * quarter histograms of 14 lines, about 111 bytes a line, and every series may change in every scrape: the
 * worst case, as services are mostly idle. HTTP is not in the figures; the target, its five own series, the log
 * on the real disk (without syncs) and sealing are. Bodies are rendered between the measurements.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayoutCache } from '../packages/monitor/dist/scrape/layout-cache.js';
import { Target } from '../packages/monitor/dist/scrape/target.js';
import { targetsOf } from '../packages/monitor/dist/scrape/target-labels.js';
import { Database } from '../packages/monitor/dist/tsdb/db.js';

const INTERVAL_MS = 1000;
/** Bodies rendered at a time. */
const BATCH = 4;

const series = Number(process.argv[2] ?? 10_000);
const scrapes = Number(process.argv[3] ?? 240);

/** A generator of numbers that are the same in every run. */
function createRandom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function createService(count) {
  const random = createRandom(1);
  const lines = [];
  const tail = (i) =>
    `instance="host-${i % 50}.prod.example.com:9100",method="${['GET', 'POST', 'PUT'][i % 3]}",path="/api/v1/resource/${i}"`;
  for (let i = 0; lines.length < count / 2; i++) {
    lines.push({
      text: `http_requests_total{${tail(i)}} `,
      value: Math.floor(random() * 1e6),
      kind: 'counter',
    });
  }
  for (let i = 0; lines.length < (count * 3) / 4; i++) {
    lines.push({
      text: `queue_depth_ratio{${tail(i)}} `,
      value: Math.round(random() * 1e5) / 1e3,
      kind: 'gauge',
    });
  }
  for (let i = 0; lines.length < count; i++) {
    const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
    const of = { buckets: bounds.map(() => 0), sum: 0 };
    bounds.forEach((le, b) => {
      lines.push({ text: `request_duration_seconds_bucket{${tail(i)},le="${le}"} `, of, b, kind: 'bucket' });
    });
    lines.push({ text: `request_duration_seconds_sum{${tail(i)}} `, of, kind: 'sum' });
    lines.push({
      text: `request_duration_seconds_count{${tail(i)}} `,
      of,
      b: bounds.length - 1,
      kind: 'count',
    });
  }
  lines.length = count;
  return () => {
    let body = '';
    for (const line of lines) {
      if (line.kind === 'counter') line.value += Math.floor(random() * 21);
      else if (line.kind === 'gauge')
        line.value = Math.round(line.value * 1e3 + (random() - 0.5) * 2000) / 1e3;
      else if (line.kind === 'bucket' && line.b === 0) {
        const observed = Math.floor(random() * 5);
        const first = Math.floor(random() * line.of.buckets.length);
        for (let b = first; b < line.of.buckets.length; b++) line.of.buckets[b] += observed;
        line.of.sum = Math.round(line.of.sum * 1e6 + random() * 1e6 * observed) / 1e6;
      }
      const value =
        line.of === undefined ? line.value : line.kind === 'sum' ? line.of.sum : line.of.buckets[line.b];
      body += `${line.text}${value}\n`;
    }
    return Buffer.from(body);
  };
}

/** CPU microseconds, of all threads of the process, that `work` takes. */
async function cpuOf(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const dir = mkdtempSync(join(tmpdir(), 'binnacle-bench-'));
try {
  const render = createService(series);
  let now = 1_700_000_000_000;
  const retention = { timeMs: 1e12, bytes: 8e9 };
  const database = await Database.open({ dir, now: () => now, retention, syncIntervalMs: 1e8 });
  const scrapeConfig = {
    jobName: 'bench',
    scrapeIntervalMs: INTERVAL_MS,
    scrapeTimeoutMs: INTERVAL_MS,
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    sampleLimit: 0,
    bodySizeLimitBytes: 0,
    staticConfigs: [{ targets: ['localhost:1'], labels: {} }],
  };
  let body;
  const target = new Target(targetsOf([scrapeConfig])[0], {
    storage: database,
    fetch: async () => body,
    monotonicMs: () => performance.now(),
  });
  const alone = new LayoutCache((labels) => labels);

  // The first scrape learns everything: its cost is told apart.
  body = render();
  const bodyBytes = body.length;
  const firstUs = await cpuOf(() => target.scrape(now));
  alone.read(body);
  let totalUs = 0;
  let parseUs = 0;
  for (let done = 0; done < scrapes; done += BATCH) {
    const bodies = Array.from({ length: BATCH }, render);
    parseUs += await cpuOf(() => {
      for (const one of bodies) alone.read(one);
    });
    totalUs += await cpuOf(async () => {
      for (const one of bodies) {
        body = one;
        now += INTERVAL_MS;
        const failure = await target.scrape(now);
        if (failure !== undefined) throw failure;
      }
    });
  }
  const samples = Math.ceil(scrapes / BATCH) * BATCH * series;
  const stats = database.stats();
  const sealed = stats.blocks === 0 ? Number.NaN : stats.samplesAppended - stats.openColumns * (series + 5);
  const { rss } = process.memoryUsage();

  const request = {
    matchers: [{ name: '__name__', op: '=', value: 'http_requests_total' }],
    startMs: now - 240 * INTERVAL_MS,
    endMs: now,
    hints: { stepMs: INTERVAL_MS, rangeMs: 0, func: 'rate' },
  };
  let read = 0;
  await database.select([request]);
  const selectUs = await cpuOf(async () => {
    const [result] = await database.select([request]);
    for (const one of result.series) read += one.values.length;
  });
  await database.close();
  const reopenUs = await cpuOf(async () => {
    const again = await Database.open({ dir, now: () => now, retention });
    await again.close();
  });

  const per = (us, count) => (us / count).toFixed(3);
  console.log(
    `${series} series, ${samples / series} scrapes, ${(bodyBytes / series).toFixed(0)} bytes a line`,
  );
  console.log(`CPU µs/sample    ${per(totalUs, samples)}   of which layout cache ${per(parseUs, samples)}`);
  console.log(`first scrape     ${per(firstUs, series)}   CPU µs/sample, everything new`);
  console.log(
    `log bytes/sample ${(stats.logBytes / stats.samplesAppended).toFixed(2)}   in ${stats.logSegments} segments`,
  );
  console.log(`chunk bytes/sample ${(stats.chunkBytes / sealed).toFixed(2)}`);
  console.log(`select           ${per(selectUs * 1000, read)} ns CPU/sample, ${read} samples`);
  console.log(`reading log back ${per(reopenUs, samples)} CPU µs/sample`);
  console.log(
    `memory           ${(rss / 1e6).toFixed(0)} MB resident, head estimated at ${(stats.bytes / 1e6).toFixed(0)} MB`,
  );
} finally {
  rmSync(dir, { recursive: true });
}
