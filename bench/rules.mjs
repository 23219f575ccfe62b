// What rules take, beside Prometheus 3.5: node rules.mjs [seconds of measuring, default 25]
//
// 1,000 rules in ten groups over 10,000 counters (workload.mjs, its last six minutes): in each group sixty recording
// rules that add up rates, ten more over what those recorded, and thirty alerting rules, some of which fire. One server
// after the other, each on samples that ended when it started: evaluated every ten seconds, durations as the server
// itself tells them under /api/v1/rules, the first evaluation left out. Before that all expressions are asked of both at
// the end of their samples, and the answers must agree to 1e-9.
//
// Prometheus has the samples in a block of promtool's, Binnacle in its log. Needs Prometheus 3 and promtool
// (`bash .ci/prometheus3.sh .outside/prometheus3` in the root of the repository).
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Labels } from '../packages/metrics/dist/model/index.js';
import { Database } from '../packages/monitor/dist/tsdb/db.js';
import { spread } from './clients.mjs';
import { COUNTER, history, POINTS, STEP_SECONDS, seriesText } from './workload.mjs';

const SECONDS = Number(process.argv[2] ?? 25);
const GROUPS = 10;
const KEPT = 25;
const INTERVAL_SECONDS = 10;
const TOLERANCE = 1e-9;

const root = fileURLToPath(new URL('..', import.meta.url));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-bench-'));
const agent = new http.Agent({ keepAlive: true });
const children = [];

try {
  const { counters } = history();
  for (const one of counters) one.values = one.values.subarray(POINTS - KEPT);
  const groups = ruleGroups();
  fs.writeFileSync(path.join(dir, 'rules.yml'), JSON.stringify({ groups }));
  fs.writeFileSync(
    path.join(dir, 'prometheus.yml'),
    JSON.stringify({ global: { evaluation_interval: `${INTERVAL_SECONDS}s` }, rule_files: ['rules.yml'] }),
  );
  const results = [];
  for (const start of [binnacle, prometheus]) results.push(await measure(await start(counters)));
  const [ours, theirs] = results;
  compare(ours, theirs);
  console.log(`ms an evaluation of a group of ${groups[0].rules.length} rules: median [least, greatest]`);
  for (const { name, durations } of results) {
    const { median, min, max } = spread(durations);
    const figures = `${median.toFixed(1)} [${min.toFixed(1)}, ${max.toFixed(1)}]`.padEnd(26);
    const ratio = (median / spread(ours.durations).median).toFixed(2).padStart(8);
    console.log(`  ${name.padEnd(18)}${figures}${ratio}   of ${durations.length} evaluations`);
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
  agent.destroy();
  fs.rmSync(dir, { recursive: true, force: true });
}

function ruleGroups() {
  return Array.from({ length: GROUPS }, (_, g) => {
    const service = `service="svc-${g}"`;
    const rules = [];
    for (let i = 0; i < 60; i++) {
      const group = `l=~"l${i % 10}."`;
      const by = ['l', 'method', 'status'][i % 3];
      rules.push({
        record: `g${g}:requests:rate${i}`,
        expr: `sum by (${by}) (rate(${COUNTER}{${service},${group}}[5m]))`,
      });
    }
    for (let i = 0; i < 10; i++)
      rules.push({ record: `g${g}:requests:max${i}`, expr: `max(g${g}:requests:rate${i * 6})` });
    for (let i = 0; i < 30; i++)
      rules.push({
        alert: `Slow${i}`,
        expr: `rate(${COUNTER}{${service},l="l${g + 10 * (i % 10)}"}[2m]) < ${0.55 + 0.005 * i}`,
        for: i % 2 === 0 ? '1m' : '0s',
        labels: { severity: 'warning', rule: `${g}-${i}` },
        annotations: { summary: '{{ $labels.route }} has {{ $value | humanize }} requests a second' },
      });
    return { name: `g${g}`, rules };
  });
}

/** Asks all expressions, then watches the evaluations. */
async function measure(server) {
  const answers = new Map();
  for (const { rules } of ruleGroups()) {
    for (const { expr } of rules) {
      // What rules record is not there yet.
      if (!expr.includes(COUNTER)) continue;
      const { data } = await get(
        `${server.url}/api/v1/query?query=${encodeURIComponent(expr)}&time=${server.endSeconds}`,
      );
      answers.set(expr, data.result);
    }
  }
  const durations = [];
  const seen = new Map();
  const until = Date.now() + SECONDS * 1000;
  while (Date.now() < until) {
    const { data } = await get(`${server.url}/api/v1/rules?exclude_alerts=true`);
    for (const { name, lastEvaluation, evaluationTime, rules } of data.groups) {
      const at = Date.parse(lastEvaluation);
      if (at <= 0 || seen.get(name) === at) continue;
      const bad = rules.find(({ health }) => health === 'err');
      if (bad !== undefined) throw new Error(`${server.name}: ${bad.name}: ${bad.lastError}`);
      if (seen.has(name)) durations.push(evaluationTime * 1000);
      seen.set(name, at);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  server.child.kill('SIGTERM');
  await once(server.child, 'exit');
  return { name: server.name, answers, durations };
}

/** Throws where the answers are not the same. */
function compare(ours, theirs) {
  let series = 0;
  for (const [expr, result] of theirs.answers) {
    const byLabels = new Map(
      ours.answers.get(expr).map(({ metric, value }) => [keyOf(metric), Number(value[1])]),
    );
    if (byLabels.size !== result.length)
      throw new Error(`${expr}: ${byLabels.size} and ${result.length} series`);
    for (const { metric, value } of result) {
      const own = byLabels.get(keyOf(metric));
      const their = Number(value[1]);
      if (own === undefined || Math.abs(own - their) > TOLERANCE * Math.abs(their))
        throw new Error(`${expr}: ${keyOf(metric)}: ${own} and ${their}`);
      series++;
    }
  }
  console.log(`${theirs.answers.size} expressions have the same ${series} results`);
}

function keyOf(metric) {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** When the samples of a server end: just now. */
function endsNow() {
  return Math.floor(Date.now() / 1000) - 1;
}

async function binnacle(counters) {
  const data = path.join(dir, 'binnacle');
  const series = counters.map(({ name, labels }) =>
    Labels.fromPairs([['__name__', name], ...Object.entries(labels)]),
  );
  const layout = { source: 'bench', series };
  const endSeconds = endsNow();
  const database = await Database.open({ dir: data, retention: { timeMs: 1e12, bytes: 8e9 } });
  const column = new Float64Array(series.length);
  for (let p = 0; p < KEPT; p++) {
    for (let i = 0; i < series.length; i++) column[i] = counters[i].values[p];
    await database.appendColumn(layout, (endSeconds - (KEPT - 1 - p) * STEP_SECONDS) * 1000, column);
  }
  await database.close();
  const port = 29700;
  const child = start(process.execPath, [
    ...[
      path.join(root, 'packages/monitor/bin/binnacle.js'),
      'up',
      '--config',
      path.join(dir, 'prometheus.yml'),
    ],
    ...['--data', data, '--listen', `127.0.0.1:${port}`, '--strict-port'],
  ]);
  return ready({ name: 'binnacle', url: `http://127.0.0.1:${port}`, child, endSeconds });
}

async function prometheus(counters) {
  const folder = path.join(root, '.outside/prometheus3/usr/bin');
  const file = path.join(dir, 'history.om');
  const endSeconds = endsNow();
  let text = `# TYPE ${COUNTER.slice(0, -'_total'.length)} counter\n`;
  for (const one of counters) {
    const name = seriesText(one);
    for (let p = 0; p < KEPT; p++)
      text += `${name} ${one.values[p]} ${endSeconds - (KEPT - 1 - p) * STEP_SECONDS}\n`;
  }
  fs.writeFileSync(file, `${text}# EOF\n`);
  const data = path.join(dir, 'prometheus');
  const made = spawnSync(path.join(folder, 'promtool'), [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    file,
    data,
  ]);
  if (made.status !== 0)
    throw new Error('Prometheus 3 is missing: bash .ci/prometheus3.sh .outside/prometheus3 (in the root)');
  const port = 29790;
  const child = start(path.join(folder, 'prometheus'), [
    `--config.file=${path.join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  return ready({ name: 'prometheus', url: `http://127.0.0.1:${port}`, child, endSeconds });
}

function start(program, args) {
  const child = spawn(program, args, { stdio: 'ignore' });
  children.push(child);
  return child;
}

async function ready(server) {
  for (let i = 0; i < 300; i++) {
    try {
      if ((await get(`${server.url}/api/v1/query?query=1`)).status === 'success') return server;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${server.name} does not answer`);
}

function get(url) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
