/**
 * A storm of alerts: 10,000 that fire at once, in one group and in 10,000 groups, to a webhook on this machine.
 *
 *     node bench/notify-storm.mjs [alerts]          10000 unless told; build first
 *     node bench/notify-storm.mjs 10000 --json      the same as one line of JSON
 *     node bench/notify-storm.mjs 10000 --json 1    only in one group, and only until all are told to fire
 *
 * The first messages have the group's interval, twenty seconds, and so have those of the end. The notifier runs in a process of its own, with its journal on the real disk; the receiver runs in this one. The
 * alerts are posted as rules post them, in one call, fire, and end after the first messages. Printed are how long
 * the messages took from the time they were due until the last was noted, the most sockets that were open, and the
 * most memory that the process held.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const GROUP_WAIT_MS = 1000;
/** The time that messages have; tests give them more, for machines that are busy. */
const GROUP_INTERVAL_MS = 1000 * Number(process.env.BINNACLE_STORM_SECONDS ?? 20);

if (process.send === undefined) await measure();
else runNotifier();

async function measure() {
  const alerts = Number(process.argv[2] ?? 10_000);
  const isJson = process.argv.includes('--json');
  const results = [];
  const only = process.argv[4];
  for (const groups of only === undefined ? [1, alerts] : [Number(only)])
    results.push(await storm(alerts, groups, only === undefined));
  if (isJson) console.log(JSON.stringify(results));
  else for (const result of results) print(result);
}

function print({ alerts, groups, firing, resolved, sockets, memoryMb, journalMb, postMs }) {
  console.log(`${alerts} alerts in ${groups} group${groups === 1 ? '' : 's'}: posted in ${postMs} ms`);
  for (const [name, { messages, took }] of Object.entries({ firing, resolved }))
    console.log(`  ${name}: ${messages} messages, the last noted ${took} ms after they were due`);
  console.log(`  sockets: ${sockets} at most; memory: ${memoryMb} MB at most; journal: ${journalMb} MB`);
}

async function storm(alerts, groups, ends) {
  const told = { firing: new Set(), resolved: new Set() };
  const messages = { firing: 0, resolved: 0 };
  let sockets = 0;
  let open = 0;
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const { status, alerts } = JSON.parse(Buffer.concat(parts).toString());
      messages[status]++;
      for (const alert of alerts) told[status].add(alert.fingerprint);
      response.end();
    });
  });
  server.on('connection', (socket) => {
    sockets = Math.max(sockets, ++open);
    socket.on('close', () => open--);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dir = mkdtempSync(join(tmpdir(), 'binnacle-storm-'));
  const child = fork(fileURLToPath(import.meta.url), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = async (message) => {
    child.send(message);
    const [answer] = await once(child, 'message');
    return answer;
  };
  let memoryKb = 0;
  const watch = setInterval(() => {
    memoryKb = Math.max(memoryKb, peakKb(child.pid));
  }, 100);
  try {
    await ask({ open: { dir, url: `http://127.0.0.1:${server.address().port}/`, groups } });
    const { ms: postMs } = await ask({ post: { alerts, groups, isOver: false } });
    const startMs = performance.now();
    const firing = await until(ask, startMs + GROUP_WAIT_MS, () => told.firing.size === alerts);
    let resolved = 0;
    if (ends) {
      await ask({ post: { alerts, groups, isOver: true } });
      const dueMs = startMs + GROUP_WAIT_MS + GROUP_INTERVAL_MS;
      resolved = await until(ask, dueMs, () => told.resolved.size === alerts);
    }
    await ask({ stop: true });
    memoryKb = Math.max(memoryKb, peakKb(child.pid));
    const journalMb = Number((statSync(join(dir, 'notifier.log')).size / 1e6).toFixed(1));
    return {
      alerts,
      groups,
      postMs,
      firing: { messages: messages.firing, told: told.firing.size, took: firing },
      resolved: { messages: messages.resolved, told: told.resolved.size, took: resolved },
      sockets,
      memoryMb: Math.round(memoryKb / 1024),
      journalMb,
    };
  } finally {
    clearInterval(watch);
    child.kill();
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  }
}

/** How long after they were due everything was told, and noted. */
async function until(ask, dueMs, isDone) {
  const endMs = dueMs + GROUP_INTERVAL_MS;
  for (;;) {
    await sleep(20);
    const isOver = performance.now() > endMs;
    if (isOver || (isDone() && (await ask({ underWay: true })).count === 0))
      return Math.round(performance.now() - dueMs);
  }
}

/** The most memory that a process held so far; Linux says it. */
function peakKb(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function runNotifier() {
  const { Labels } = await import('../packages/metrics/dist/model/labels.js');
  const monitor = (module) => import(`../packages/monitor/dist/${module}.js`);
  const { systemClock: clock } = await monitor('clock');
  const { loadAlertmanagerConfig } = await monitor('config/alertmanager-file');
  const { createHttpClient: createClient } = await monitor('http-client');
  const { Dispatcher } = await monitor('notify/dispatcher');
  const { LoadedMessageTemplates } = await monitor('notify/message-templates');
  const { NotifierJournal } = await monitor('notify/notifier-journal');
  const { createIntegrations } = await monitor('notify/receivers/integrations');
  const { matchRoutes } = await monitor('notify/routing');
  const { processSecrets: secrets } = await monitor('secret');
  let dispatcher;
  const handlers = {
    async open({ dir, url, groups }) {
      const path = join(dir, 'alertmanager.yml');
      writeFileSync(path, configText(url, groups));
      const config = await loadAlertmanagerConfig(path);
      const onProblem = (problem) => console.error(problem);
      const context = { templates: LoadedMessageTemplates.load([], clock), clock, secrets, createClient };
      dispatcher = await Dispatcher.open({
        config,
        matchRoutes: (labels) => matchRoutes(config.route, labels),
        mutedBy: () => [],
        muting: { silencedBy: () => [], inhibitedBy: () => [] },
        integrations: () => createIntegrations(config.receivers[0], context),
        externalUrl: 'http://127.0.0.1:9700',
        clock,
        state: new NotifierJournal({ path: join(dir, 'notifier.log'), clock, onProblem }),
        onProblem,
      });
      return {};
    },
    post({ alerts, isOver }) {
      const nowMs = Date.now();
      const list = Array.from({ length: alerts }, (_, i) => ({
        labels: Labels.of({
          alertname: 'HighErrorRate',
          job: 'checkout',
          instance: `10.0.${i >> 8}.${i & 255}:8080`,
          severity: 'page',
        }),
        annotations: {
          summary: `More than one request in a hundred fails on instance ${i}`,
          runbook_url: 'https://runbooks.example.com/high-error-rate',
        },
        startsAtMs: isOver ? nowMs - 5000 : nowMs,
        endsAtMs: isOver ? nowMs : nowMs + 240_000,
        generatorUrl: 'http://127.0.0.1:9700/graph?g0.expr=rate',
      }));
      const startMs = performance.now();
      dispatcher.post(list);
      return { ms: Math.round(performance.now() - startMs) };
    },
    underWay() {
      const [{ underWay, waiting }] = dispatcher.status().integrations;
      return { count: underWay + waiting };
    },
    async stop() {
      await dispatcher.stop();
      return {};
    },
  };
  process.on('disconnect', () => process.exit());
  process.on('message', async (message) => {
    const [[name, argument]] = Object.entries(message);
    process.send(await handlers[name](argument));
  });
}

function configText(url, groups) {
  return `
route:
  receiver: team
  group_by: [${groups === 1 ? 'alertname' : "'...'"}]
  group_wait: ${GROUP_WAIT_MS}ms
  group_interval: ${GROUP_INTERVAL_MS}ms
  repeat_interval: 1h
receivers: [ { name: team, webhook_configs: [ { url: '${url}' } ] } ]
`;
}
