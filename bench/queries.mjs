// What queries take, beside Prometheus 3.5 and VictoriaMetrics: node queries.mjs [runs, default 11]
//
// Three servers over HTTP, JSON on both sides, the same 6.3 million samples (workload.mjs): Prometheus from blocks that
// promtool made, VictoriaMetrics after an import and with its cache off, Binnacle as `binnacle up` on a data directory.
// Each query is asked of the servers in turn, after two rounds to warm up. Answers are compared before times: ours and
// Prometheus's must agree to 1e-9. VictoriaMetrics computes rates in a way of its own (it does not extrapolate, and
// looks at the sample before the window), so of its answers only the series and the size of the sum are compared.
// CPU is what the server's threads took for a query, user and system.
//
// Needs Prometheus 3 and promtool (`bash .ci/prometheus3.sh .outside/prometheus3` in the root of the repository) and
// victoria-metrics (apt); without the latter it is left out. Linux only: CPU times come from /proc.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Labels } from '../packages/metrics/dist/model/index.js';
import { Database } from '../packages/monitor/dist/tsdb/db.js';
import { spread } from './clients.mjs';
import { COUNTER, HISTOGRAM, history, POINTS, STEP_SECONDS, seriesText } from './workload.mjs';

const RUNS = Number(process.argv[2] ?? 11);
const WARM = 2;
const TOLERANCE = 1e-9;
/** How far VictoriaMetrics's sums may be from ours. */
const TOLERANCE_OF_ANOTHER_KIND = 0.1;
const MS_PER_TICK = 10;

const rate = `rate(${COUNTER}[5m])`;
const buckets = `rate(${HISTOGRAM}_bucket[5m])`;
const QUERIES = [
  { name: 'R1 sum by (l) (rate(x[5m])), 10,000 series', query: `sum by (l) (${rate})`, range: true },
  {
    name: 'R2 histogram_quantile, 1,000 histograms to one',
    query: `histogram_quantile(0.95, sum by (le) (${buckets}))`,
    range: true,
  },
  {
    name: 'R3 the same by l, to 100 series',
    query: `histogram_quantile(0.95, sum by (le, l) (${buckets}))`,
    range: true,
  },
  {
    name: 'R4 sum(rate()) of 1,000 series',
    query: `sum(rate(${COUNTER}{service="svc-3"}[5m]))`,
    range: true,
  },
  { name: 'R5 100 series as they are', query: `${COUNTER}{l="l07"}`, range: true },
  { name: 'I1 instant sum by (l) (rate(x[5m]))', query: `sum by (l) (${rate})` },
  { name: 'I2 instant topk(10, rate(x[5m]))', query: `topk(10, ${rate})`, another: true },
  { name: 'I3 instant count(x)', query: `count(${COUNTER})` },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-bench-'));
const children = [];
const endSeconds = Math.floor(Date.now() / 1000) - 60;
const startSeconds = endSeconds - (POINTS - 1) * STEP_SECONDS;

try {
  const { counters, histograms } = history();
  const servers = [await binnacle(counters, histograms), await prometheus(counters, histograms)];
  const victoria = await victoriaMetrics([...counters, ...histograms]);
  if (victoria !== undefined) servers.push(victoria);
  await compare(servers);
} finally {
  for (const child of children) child.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true, force: true });
}

async function compare(servers) {
  for (const server of servers) server.idle = residentOf(server.pid, 'VmRSS');
  console.log(`ms: median [least, greatest] of ${RUNS}; the ratio is to binnacle; CPU in ms`);
  for (const { name, query, range, another } of QUERIES) {
    const asked = encodeURIComponent(query);
    const target = range
      ? `/api/v1/query_range?query=${asked}&start=${endSeconds - 3600}&end=${endSeconds}&step=15`
      : `/api/v1/query?query=${asked}&time=${endSeconds}`;
    const times = servers.map(() => []);
    const cpu = servers.map(() => 0);
    for (let run = 0; run < RUNS + WARM; run++) {
      for (const [i, server] of servers.entries()) {
        const before = cpuOf(server.pid);
        const from = performance.now();
        const body = await get(`${server.url}${target}${server.extra ?? ''}`);
        const took = performance.now() - from;
        if (run === 0) server.answer = JSON.parse(body);
        if (run < WARM) continue;
        times[i].push(took);
        cpu[i] += cpuOf(server.pid) - before;
      }
      if (run === 0) check(name, servers, another === true);
    }
    console.log(`\n${name}`);
    const ours = spread(times[0]).median;
    for (const [i, server] of servers.entries()) {
      const { median, min, max } = spread(times[i]);
      const figures = `${median.toFixed(1)} [${min.toFixed(1)}, ${max.toFixed(1)}]`.padEnd(26);
      const ratio = (median / ours).toFixed(2).padStart(8);
      console.log(`  ${server.name.padEnd(18)}${figures}${ratio}   CPU ${(cpu[i] / RUNS).toFixed(0)}`);
    }
  }
  console.log('\nresident, MB');
  for (const { name, pid, idle } of servers) {
    console.log(
      `  ${name.padEnd(18)}${idle.toFixed(0).padStart(6)} before, at most ${residentOf(pid, 'VmHWM').toFixed(0)}`,
    );
  }
}

/** Throws where the servers do not agree. */
function check(name, servers, another) {
  const [ours, prometheus, victoria] = servers.map(({ name: server, answer }) => {
    if (answer.status !== 'success') throw new Error(`${server}, ${name}: ${JSON.stringify(answer)}`);
    return new Map(
      answer.data.result.map(({ metric, value, values = [value] }) => [
        JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
        values,
      ]),
    );
  });
  const unequal = (why) => new Error(`${name}: the answers are not equal: ${why}`);
  if (ours.size === 0 || ours.size !== prometheus.size)
    throw unequal(`${ours.size} and ${prometheus.size} series`);
  for (const [series, values] of prometheus) {
    const own = ours.get(series);
    if (own?.length !== values.length) throw unequal(series);
    for (const [i, [time, value]] of values.entries()) {
      const [ownTime, ownValue] = own[i];
      if (ownTime !== time || Math.abs(ownValue - value) > TOLERANCE * Math.abs(value))
        throw unequal(`${series} at ${time}: ${ownValue} and ${value}`);
    }
  }
  if (victoria === undefined || another) return;
  const sum = (answer) => [...answer.values()].flat().reduce((total, [, value]) => total + Number(value), 0);
  const far = Math.abs(sum(victoria) / sum(ours) - 1);
  if (victoria.size !== ours.size || far > TOLERANCE_OF_ANOTHER_KIND)
    throw unequal(`VictoriaMetrics has ${victoria.size} series, and a sum that differs by ${far}`);
}

async function binnacle(counters, histograms) {
  const data = path.join(dir, 'binnacle');
  const series = [...counters, ...histograms];
  const layout = {
    source: 'bench',
    series: series.map(({ name, labels }) =>
      Labels.fromPairs([['__name__', name], ...Object.entries(labels)]),
    ),
  };
  const retention = { timeMs: 1e12, bytes: 8e9 };
  const database = await Database.open({ dir: data, retention });
  const column = new Float64Array(series.length);
  for (let p = 0; p < POINTS; p++) {
    for (let i = 0; i < series.length; i++) column[i] = series[i].values[p];
    await database.appendColumn(layout, (startSeconds + p * STEP_SECONDS) * 1000, column);
  }
  await database.close();
  const config = path.join(dir, 'prometheus.yml');
  fs.writeFileSync(config, 'scrape_configs: []\n');
  const port = 29700;
  const child = start(process.execPath, [
    ...[path.join(root, 'packages/monitor/bin/binnacle.js'), 'up', '--config', config, '--data', data],
    ...[
      '--listen',
      `127.0.0.1:${port}`,
      '--strict-port',
      '--retention-time',
      '30d',
      '--retention-size',
      '8GB',
    ],
  ]);
  return ready({ name: 'binnacle', url: `http://127.0.0.1:${port}`, pid: child.pid });
}

async function prometheus(counters, histograms) {
  const { prometheus: program, promtool } = prometheus3();
  const file = path.join(dir, 'history.om');
  const out = fs.openSync(file, 'w');
  const write = (family, type, series) => {
    fs.writeSync(out, `# TYPE ${family} ${type}\n`);
    for (const one of series) {
      const text = seriesText(one);
      let lines = '';
      for (let p = 0; p < POINTS; p++)
        lines += `${text} ${one.values[p]} ${startSeconds + p * STEP_SECONDS}\n`;
      fs.writeSync(out, lines);
    }
  };
  write(COUNTER.slice(0, -'_total'.length), 'counter', counters);
  write(HISTOGRAM, 'histogram', histograms);
  fs.writeSync(out, '# EOF\n');
  fs.closeSync(out);
  const data = path.join(dir, 'prometheus');
  const made = spawnSync(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', file, data], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`promtool: ${made.stderr}`);
  fs.rmSync(file);
  const config = path.join(dir, 'empty.yml');
  fs.writeFileSync(config, '');
  const port = 29790;
  const child = start(program, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    '--storage.tsdb.retention.time=30d',
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  return ready({ name: 'prometheus', url: `http://127.0.0.1:${port}`, pid: child.pid });
}

async function victoriaMetrics(series) {
  const program = programOf(['victoria-metrics'], []);
  if (program === undefined) {
    console.log('victoria-metrics is missing: apt-get install victoria-metrics');
    return undefined;
  }
  const port = 29428;
  const child = start(program, [
    `-storageDataPath=${path.join(dir, 'victoria')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=100y',
    '-search.disableCache',
    '-search.latencyOffset=0s',
  ]);
  const server = await ready({
    name: 'victoria-metrics',
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    extra: '&nocache=1',
  });
  const timestamps = Array.from({ length: POINTS }, (_, p) => (startSeconds + p * STEP_SECONDS) * 1000);
  for (let i = 0; i < series.length; i += 1000) {
    const lines = series
      .slice(i, i + 1000)
      .map(({ name, labels, values }) =>
        JSON.stringify({ metric: { __name__: name, ...labels }, values: [...values], timestamps }),
      );
    const answer = await fetch(`${server.url}/api/v1/import`, { method: 'POST', body: lines.join('\n') });
    if (!answer.ok) throw new Error(`victoria-metrics: ${await answer.text()}`);
  }
  // What was imported is found after it was flushed, which happens every second.
  for (let i = 0; i < 60; i++) {
    const { data } = JSON.parse(
      await get(
        `${server.url}/api/v1/query?query=${encodeURIComponent(`count({job="bench"})`)}&time=${endSeconds}`,
      ),
    );
    if (Number(data.result[0]?.value[1]) === series.length) return server;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('victoria-metrics has not taken all series in');
}

function start(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.resume();
  child.once('exit', (code) => code && console.error(`${program} ended with exit code ${code}`));
  children.push(child);
  return child;
}

async function ready(server) {
  for (let i = 0; i < 300; i++) {
    try {
      const { status, data } = JSON.parse(await get(`${server.url}/api/v1/query?query=1`));
      if (status === 'success' && data !== undefined) return server;
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${server.name} does not answer`);
}

function prometheus3() {
  const folder = path.join(root, '.outside/prometheus3/usr/bin');
  const [prometheus, promtool] = [programOf(['prometheus'], [folder]), programOf(['promtool'], [folder])];
  const version = prometheus && spawnSync(prometheus, ['--version'], { encoding: 'utf8' });
  if (promtool === undefined || !/version 3\./.test(`${version?.stdout}${version?.stderr}`))
    throw new Error('Prometheus 3 is missing: bash .ci/prometheus3.sh .outside/prometheus3 (in the root)');
  return { prometheus, promtool };
}

function programOf(names, folders) {
  for (const folder of [...folders, ...process.env.PATH.split(path.delimiter)]) {
    for (const name of names) if (fs.existsSync(path.join(folder, name))) return path.join(folder, name);
  }
  return undefined;
}

/** Megabytes of a process. */
function residentOf(pid, key) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)[1]) / 1024;
}

/** CPU milliseconds that a process has taken. */
function cpuOf(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

function get(url) {
  return new Promise((resolve, reject) => {
    http
      .get(url, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.once('end', () => resolve(Buffer.concat(chunks).toString()));
      })
      .once('error', reject);
  });
}
