/**
 * A storm of alerts: 10,000 that fire at once, in one group and in 10,000 groups, to a webhook on this machine.
 *
 *     node bench/notify-storm.mjs [alerts]          10000 unless told; build first
 *     node bench/notify-storm.mjs 10000 --json      the same as one line of JSON
 *     node bench/notify-storm.mjs 10000 --json 1    only one of the two: in one group
 *
 * The first messages have the group's interval, ten seconds, and so have those of the end. The notifier runs in a process of its own, with its journal on the real disk; the receiver runs in this one. The
 * alerts are posted as rules post them, in one call, fire, and end after the first messages. Printed are how long
 * the messages took from the time they were due until the last was noted, the most sockets that were open, and the
 * most memory that the process held.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const GROUP_WAIT_MS = 1000;
const GROUP_INTERVAL_MS = 10_000;

if (process.send === undefined) await measure();
else runNotifier();

async function measure() {
  const alerts = Number(process.argv[2] ?? 10_000);
  const isJson = process.argv.includes('--json');
  const results = [];
  const only = process.argv[4];
  for (const groups of only === undefined ? [1, alerts] : [Number(only)])
    results.push(await storm(alerts, groups));
  if (isJson) console.log(JSON.stringify(results));
  else for (const result of results) print(result);
}

function print({ alerts, groups, firing, resolved, sockets, memoryMb, journalMb, postMs }) {
  console.log(`${alerts} alerts in ${groups} group${groups === 1 ? '' : 's'}: posted in ${postMs} ms`);
  for (const [name, { messages, took }] of Object.entries({ firing, resolved }))
    console.log(`  ${name}: ${messages} messages, the last noted ${took} ms after they were due`);
  console.log(`  sockets: ${sockets} at most; memory: ${memoryMb} MB at most; journal: ${journalMb} MB`);
}

async function storm(alerts, groups) {
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
    await ask({ post: { alerts, groups, isOver: true } });
    const resolved = await until(
      ask,
      startMs + GROUP_WAIT_MS + GROUP_INTERVAL_MS,
      () => told.resolved.size === alerts,
    );
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
  const { systemClock } = await import('../packages/monitor/dist/clock.js');
  const { Dispatcher } = await import('../packages/monitor/dist/notify/dispatcher.js');
  const { NotifierJournal } = await import('../packages/monitor/dist/notify/notifier-journal.js');
  let dispatcher;
  let sending = 0;
  const send = async (url, { alerts, groupKey }, signal) => {
    sending++;
    const status = alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved';
    const body = JSON.stringify({
      status,
      groupKey,
      alerts: alerts.map((alert) => ({ ...alert, labels: alert.labels.toObject() })),
    });
    try {
      const response = await fetch(url, { method: 'POST', body, signal });
      await response.arrayBuffer();
      return { ok: true };
    } catch (error) {
      return { ok: false, retry: true, reason: String(error) };
    } finally {
      sending--;
    }
  };
  const handlers = {
    async open({ dir, url, groups }) {
      const route = {
        key: '{}',
        id: '{}',
        receiver: 'team',
        matchers: [],
        continue: false,
        groupBy: groups === 1 ? ['alertname'] : 'all',
        groupWaitMs: GROUP_WAIT_MS,
        groupIntervalMs: GROUP_INTERVAL_MS,
        repeatIntervalMs: 3_600_000,
        muteTimeIntervals: [],
        activeTimeIntervals: [],
        routes: [],
      };
      const onProblem = (problem) => console.error(problem);
      dispatcher = await Dispatcher.open({
        config: {
          resolveTimeoutMs: 300_000,
          route,
          receivers: [{ name: 'team', webhookConfigs: [] }],
          inhibitRules: [],
          timeIntervals: [],
          templateFiles: [],
          shownText: '',
        },
        matchRoutes: () => [route],
        mutedBy: () => [],
        muting: { silencedBy: () => [], inhibitedBy: () => [] },
        integrations: () => [
          {
            receiver: 'team',
            kind: 'webhook',
            index: 0,
            sendResolved: true,
            send: (notification, signal) => send(url, notification, signal),
          },
        ],
        externalUrl: '',
        clock: systemClock,
        state: new NotifierJournal({ path: join(dir, 'notifier.log'), clock: systemClock, onProblem }),
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
      const [{ waiting }] = dispatcher.status().integrations;
      return { count: sending + waiting };
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
