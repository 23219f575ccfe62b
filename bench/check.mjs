// What `binnacle check` takes over a repository: node check.mjs [runs, default 7]
//
// 200 rules in ten files and 30 dashboards of twenty panels, two queries each, over ten services of thirty metrics in a
// catalog file; with prometheus.yml, alertmanager.yml, a compose file and Grafana's provisioning. The command runs as its
// users run it, from the start of Node to its end: once for each of a repository that is right, where it must find
// nothing, and one in which every tenth rule and every tenth panel asks for a metric that there is not, each of which it
// must find. Beside the time that passes stands the processor's, which a machine that does other things does not change.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spread } from './clients.mjs';

const RUNS = Number(process.argv[2] ?? 7);
const SERVICES = 10;
const METRICS = 30;
const RULES = 200;
const DASHBOARDS = 30;
const PANELS = 20;
/** Every how many rules and panels one is wrong, where some are. */
const WRONG_EVERY = 10;
/** What it may take: nobody waits for a hook before a commit for longer. One thread does nearly all of it. */
const MS_MAX = 2000;

const main = fileURLToPath(new URL('../packages/monitor/bin/binnacle.js', import.meta.url));
/** Has the command tell what it took of the processor, when it ends. */
const TELL = `data:text/javascript,${encodeURIComponent(
  "import fs from 'node:fs'; process.on('exit', () => fs.writeSync(3, JSON.stringify(process.cpuUsage())));",
)}`;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-bench-'));
try {
  console.log(`${RULES} rules, ${DASHBOARDS} dashboards of ${PANELS} panels, ms: median [least, greatest]`);
  for (const [name, wrongEvery] of [
    ['nothing wrong', Number.POSITIVE_INFINITY],
    [`every ${WRONG_EVERY}th wrong`, WRONG_EVERY],
  ]) {
    const repository = path.join(dir, name);
    const wanted = write(repository, wrongEvery);
    const runs = [];
    for (let i = 0; i < RUNS; i++) runs.push(await check(repository, wanted));
    const wall = spread(runs.map(({ wallMs }) => wallMs));
    const cpu = spread(runs.map(({ cpuMs }) => cpuMs));
    console.log(`  ${name.padEnd(18)}${figures(wall).padEnd(24)}processor ${figures(cpu)}`);
    if (cpu.median > MS_MAX) {
      console.log(`  … which is more than the ${MS_MAX} ms that it may take`);
      process.exitCode = 1;
    }
  }
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}

function figures({ median, min, max }) {
  return `${median.toFixed(0)} [${min.toFixed(0)}, ${max.toFixed(0)}]`;
}

/** Runs the command; it must find as many unknown metrics as there are, and nothing else. */
async function check(cwd, wanted) {
  const start = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', TELL, main, 'check', '--catalog', 'catalog.json', '--json', '--fail-on', 'info'],
    { cwd, stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
  );
  const texts = [child.stdout, child.stdio[3]].map(async (stream) => {
    let text = '';
    for await (const piece of stream) text += piece;
    return text;
  });
  const [code] = await once(child, 'close');
  const wallMs = performance.now() - start;
  const [report, usage] = (await Promise.all(texts)).map((text) => JSON.parse(text));
  const found = report.problems.map(({ check: name }) => name);
  const { rules, dashboards } = report.summary;
  if (
    code !== (wanted > 0 ? 1 : 0) ||
    found.length !== wanted ||
    found.some((name) => name !== 'unknown-metric') ||
    rules !== RULES ||
    dashboards !== DASHBOARDS
  )
    throw new Error(
      `${wanted} findings are wanted; ${code}: ${JSON.stringify({ ...report, problems: report.problems.slice(0, 5) })}`,
    );
  return { wallMs, cpuMs: (usage.user + usage.system) / 1000 };
}

/** Writes the repository, and says how many unknown metrics are asked for in it. */
function write(root, wrongEvery) {
  const put = (file, text) => {
    const full = path.join(root, file);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, typeof text === 'string' ? text : JSON.stringify(text, null, 2));
  };
  let wrong = 0;
  // The n-th question, of a service's counter; a wrong one asks for a name with a letter too many.
  const rate = (n, range, by) => {
    const isWrong = n % wrongEvery === wrongEvery - 1;
    if (isWrong) wrong++;
    const name = `${metric(n % SERVICES, n % METRICS)}${isWrong ? 's' : ''}_total`;
    return `sum by (${by}) (rate(${name}{job="${service(n % SERVICES)}"}[${range}]))`;
  };
  put('catalog.json', {
    format: 'binnacle-catalog',
    version: 1,
    services: numbers(SERVICES).map((s) => ({
      service: service(s),
      job: service(s),
      targetLabels: {},
      metrics: numbers(METRICS).map((m) => ({
        name: `${metric(s, m)}_total`,
        type: 'counter',
        help: `Work of kind ${m}.`,
        labels: { status: ['ok', 'failed'], endpoint: 'open' },
      })),
    })),
  });
  for (const f of numbers(SERVICES)) {
    const rules = numbers(RULES / SERVICES).map((r) => {
      const n = f * (RULES / SERVICES) + r;
      return {
        alert: `${word(f)}IsBusy${word(r)}`,
        expr: `${rate(n, '5m', 'job, status')} > ${n + 1}`,
        for: '10m',
        labels: { severity: 'warning' },
        annotations: {
          summary: '{{ $labels.job }} has much to do',
          description: '{{ $value | humanize }} a second end as {{ $labels.status }}.',
          runbook_url: `https://example.com/runbooks#${n}`,
        },
      };
    });
    put(`monitoring/prometheus/rules/${service(f)}.yml`, { groups: [{ name: service(f), rules }] });
  }
  for (const d of numbers(DASHBOARDS)) {
    const panels = numbers(PANELS).map((p) => {
      const n = d * PANELS + p;
      return {
        ...{
          id: p + 1,
          type: 'timeseries',
          title: `Work ${p}`,
          description: 'What is done; more is better.',
        },
        gridPos: { x: (p % 2) * 12, y: Math.trunc(p / 2) * 8, w: 12, h: 8 },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's.
        datasource: { type: 'prometheus', uid: '${datasource}' },
        fieldConfig: { defaults: { unit: 'reqps' }, overrides: [] },
        targets: [
          { refId: 'A', expr: rate(n, '$__rate_interval', 'status'), legendFormat: '{{status}}' },
          // The second of a panel is always right.
          {
            refId: 'B',
            expr: `sum(rate(${metric(n % SERVICES, 0)}_total{job="${service(n % SERVICES)}"}[$__rate_interval]))`,
            legendFormat: 'all',
          },
        ],
      };
    });
    put(`monitoring/grafana/dashboards/board-${d}.json`, {
      ...{ title: `Board ${d}`, uid: `board-${d}`, schemaVersion: 39, refresh: '1m', editable: false },
      ...{ tags: ['work'], time: { from: 'now-1h', to: 'now' }, annotations: { list: [] } },
      templating: {
        list: [{ type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' }],
      },
      panels,
    });
  }
  put('monitoring/prometheus/prometheus.yml', {
    global: { scrape_interval: '30s' },
    rule_files: ['rules/*.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ['alertmanager:9093'] }] }] },
    scrape_configs: numbers(SERVICES).map((s) => ({
      job_name: service(s),
      static_configs: [{ targets: [`${service(s)}:9464`] }],
    })),
  });
  put('monitoring/alertmanager/alertmanager.yml', {
    route: { receiver: 'team', group_by: ['alertname', 'job'] },
    receivers: [{ name: 'team', webhook_configs: [{ url: 'http://hook:8080/' }] }],
  });
  put('monitoring/grafana/provisioning/datasources/prometheus.yml', {
    apiVersion: 1,
    datasources: [
      { name: 'Prometheus', type: 'prometheus', uid: 'prometheus', url: 'http://prometheus:9090' },
    ],
  });
  return wrong;
}

function numbers(length) {
  return Array.from({ length }, (_, i) => i);
}

function service(s) {
  return `service-${String.fromCharCode(97 + s)}`;
}

function metric(s, m) {
  return `${String.fromCharCode(97 + s).repeat(3)}_work_${String.fromCharCode(97 + Math.trunc(m / 26))}${String.fromCharCode(97 + (m % 26))}`;
}

/** A number as the end of a name. */
function word(n) {
  return `${String.fromCharCode(65 + Math.trunc(n / 26))}${String.fromCharCode(97 + (n % 26))}`;
}
