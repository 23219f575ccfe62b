/**
 * The notifier beside a real Alertmanager, in real time: both have the same configuration and are told the same at
 * the same moments, and what their webhooks get is compared, message by message, but for the times of messages.
 *
 * Groups are flushed one, three, five... seconds after the start, and everything is told at even seconds, so that a
 * machine that is late by some hundred milliseconds changes nothing. On one that is later, each second is made longer:
 * what came too late there says nothing about either of them.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Labels } from '@binnacle/metrics/model';
import { expect, it, type TestContext } from 'vitest';
import { startAlertmanager } from '../../../../test/alertmanager.ts';
import { temporaryFolder } from '../../../../test/children.ts';
import { systemClock } from '../../dist/clock.js';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import { createHttpClient } from '../../dist/http-client.js';
import { Dispatcher } from '../../dist/notify/dispatcher.js';
import { Inhibitor } from '../../dist/notify/inhibition.js';
import { LoadedMessageTemplates } from '../../dist/notify/message-templates.js';
import { createIntegrations } from '../../dist/notify/receivers/integrations.js';
import { matchRoutes } from '../../dist/notify/routing.js';
import { mutedBy } from '../../dist/notify/time-intervals.js';
import { processSecrets } from '../../dist/secret.js';
import { MemoryState } from './open-dispatcher.ts';

/** How long a second is, at first and where the machine was late. */
const SECONDS_MS = [1000, 2000, 4000, 8000];
/** By how much of a second nothing may be late for the messages to count. */
const LATE_MAX = 0.05;
const END_S = 14;
/** How often it is looked whether the machine is late. */
const LOOK_EVERY_MS = 20;
/** Long enough that no alert ends of itself. */
const LASTS_S = 600;

interface Told {
  /** Seconds after the start. */
  readonly atS: number;
  readonly alert?: string;
  /** Further labels. */
  readonly labels?: Record<string, string>;
  /** When it began, in seconds after the start; the time it is told unless said otherwise. */
  readonly startS?: number;
  /** `over`: it ends now; `open`: nobody says when it ends. */
  readonly end?: 'over' | 'open';
  /** Silences the alert of this name from now until then. */
  readonly silence?: string;
  readonly untilS?: number;
}

interface Scenario {
  /** YAML of the route, in one line. */
  readonly route?: string;
  readonly sendResolved?: boolean;
  readonly told: readonly Told[];
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'joins-and-ends': {
    told: [
      { atS: 0, alert: 'a' },
      { atS: 2, alert: 'b' },
      { atS: 4, alert: 'a', startS: 0, end: 'over' },
      { atS: 6, alert: 'b', startS: 2, end: 'over' },
    ],
  },
  'fires-again': {
    told: [
      { atS: 0, alert: 'a' },
      { atS: 2, alert: 'a', startS: 0, end: 'over' },
      { atS: 6, alert: 'a' },
      { atS: 8, alert: 'a', startS: 6, end: 'over' },
    ],
  },
  'fires-again-before-the-end-is-told': {
    told: [
      { atS: 0, alert: 'a' },
      { atS: 1.7, alert: 'a', startS: 0, end: 'over' },
      { atS: 2.2, alert: 'a' },
    ],
  },
  'ends-before-it-is-told': {
    told: [
      { atS: 0, alert: 'a' },
      { atS: 0.3, alert: 'a', startS: 0, end: 'over' },
    ],
  },
  'silenced-from-the-start': {
    told: [
      { atS: 0, silence: 'a', untilS: 4 },
      { atS: 0.2, alert: 'a' },
      { atS: 0.2, alert: 'b' },
    ],
  },
  'silenced-while-it-fires': {
    told: [
      { atS: 0, alert: 'a' },
      { atS: 0, alert: 'b' },
      { atS: 2, silence: 'a', untilS: 8 },
    ],
  },
  'ends-while-it-is-silenced': {
    told: [
      { atS: 0, alert: 'a' },
      { atS: 2, silence: 'a', untilS: 8 },
      { atS: 4, alert: 'a', startS: 0, end: 'over' },
      { atS: 10, alert: 'a' },
    ],
  },
  inhibited: {
    told: [
      { atS: 0, alert: 'source', labels: { role: 'source' } },
      { atS: 0, alert: 'target', labels: { role: 'target' } },
      { atS: 4, alert: 'source', labels: { role: 'source' }, startS: 0, end: 'over' },
    ],
  },
  'without-ends': {
    sendResolved: false,
    told: [
      { atS: 0, alert: 'a' },
      { atS: 0, alert: 'b' },
      { atS: 2, alert: 'a', startS: 0, end: 'over' },
      { atS: 4, alert: 'b', startS: 0, end: 'over' },
      { atS: 8, alert: 'a' },
    ],
  },
  'nobody-says-when-it-ends': { told: [{ atS: 0, alert: 'a', end: 'open' }] },
  'each-alone': {
    route: "group_by: ['...']",
    told: [
      { atS: 0, alert: 'a' },
      { atS: 0, alert: 'b', labels: { job: 'x', instance: 'é "quoted"\n' } },
    ],
  },
  'in-order': {
    told: [
      { atS: 0, alert: 'z', labels: { job: 'b' } },
      { atS: 0, alert: 'y', labels: { job: 'a', instance: '2' } },
      { atS: 0, alert: 'x', labels: { job: 'a', instance: '1', extra: '1' } },
      { atS: 0, alert: 'w' },
      { atS: 0, alert: 'v', labels: { job: 'a' } },
      { atS: 0, alert: 'u', labels: { job: 'a', zone: '1', more: '1' } },
    ],
  },
  'long-since': { told: [{ atS: 0, alert: 'a', startS: -3600 }] },
  'the-end-is-told-again': {
    told: [
      { atS: 0, alert: 'a' },
      { atS: 0, alert: 'b' },
      { atS: 2, alert: 'a', startS: 0, end: 'over' },
      { atS: 4, alert: 'c' },
      { atS: 6, alert: 'a', startS: 0, end: 'over' },
    ],
  },
  'never-active': { route: 'active_time_intervals: [never]', told: [{ atS: 0, alert: 'a' }] },
  'always-muted': { route: 'mute_time_intervals: [always]', told: [{ atS: 0, alert: 'a' }] },
};

function configText(url: string, secondMs: number): string {
  const cases = Object.entries(SCENARIOS);
  return `
global: { resolve_timeout: ${3 * secondMs}ms }
route:
  receiver: nobody
  group_by: [case]
  group_wait: ${secondMs}ms
  group_interval: ${2 * secondMs}ms
  repeat_interval: ${5 * secondMs}ms
  routes:
    - { receiver: everything, group_by: [case, alertname], continue: true }
${cases.map(([name, { route }]) => `    - { receiver: ${name}, matchers: ['case="${name}"']${route === undefined ? '' : `, ${route}`} }`).join('\n')}
time_intervals:
  - { name: always, time_intervals: [ { years: ['2000:2100'] } ] }
  - { name: never, time_intervals: [ { years: ['2000:2001'] } ] }
inhibit_rules:
  - { source_matchers: [ 'role="source"' ], target_matchers: [ 'role="target"' ], equal: [case] }
receivers:
  - { name: nobody }
  - { name: everything, webhook_configs: [ { url: '${url}/everything' } ] }
${cases.map(([name, { sendResolved = true }]) => `  - { name: ${name}, webhook_configs: [ { url: '${url}/${name}', send_resolved: ${sendResolved} } ] }`).join('\n')}
`;
}

interface Payload {
  readonly groupKey: string;
  readonly alerts: readonly { readonly startsAt: string; readonly endsAt: string }[];
}

it('tells every receiver what Alertmanager tells it, message by message', {
  timeout: 600_000,
}, async (context) => {
  for (const secondMs of SECONDS_MS) {
    const { got, late } = await played(context, secondMs);
    const isOver = late <= LATE_MAX || secondMs === SECONDS_MS.at(-1);
    if (!isOver && !isDeepStrictEqual(got.ours, got.theirs)) continue;
    expect(Object.fromEntries(got.ours)).toEqual(Object.fromEntries(got.theirs));
    // Both had something to say: each scenario but those that are about silence.
    expect(new Set([...got.theirs.keys()].map((key) => key.split(' ')[0])).size).toBe(
      Object.keys(SCENARIOS).length + 1 - 3,
    );
    return;
  }
});

/** Plays all scenarios. `late` is by how many of its seconds anything was late here. */
async function played(context: TestContext, secondMs: number) {
  /** Bodies by who sent them, receiver and group. */
  const got = { ours: new Map<string, unknown[]>(), theirs: new Map<string, unknown[]>() };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const [, who, receiver] = /^\/(ours|theirs)\/(.*)$/.exec(request.url ?? '') ?? [];
      const payload = JSON.parse(body) as Payload;
      const key = `${receiver} ${payload.groupKey}`;
      const list = got[who === 'ours' ? 'ours' : 'theirs'];
      list.set(key, [...(list.get(key) ?? []), comparable(payload)]);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = temporaryFolder();
  const alertmanager = await startAlertmanager(context, folder, configText(`${url}/theirs`, secondMs));
  const configPath = path.join(folder, 'ours.yml');
  await writeFile(configPath, configText(`${url}/ours`, secondMs));
  const { dispatcher, silences } = await openOurs(configPath);
  let lateMs = 0;
  let dueMs = Date.now() + LOOK_EVERY_MS;
  const looking = setInterval(() => {
    lateMs = Math.max(lateMs, Date.now() - dueMs);
    dueMs = Date.now() + LOOK_EVERY_MS;
  }, LOOK_EVERY_MS);
  try {
    const startMs = Date.now() + 200;
    const told = Object.entries(SCENARIOS)
      .flatMap(([name, scenario]) => scenario.told.map((one) => ({ name, ...one })))
      .sort((a, b) => a.atS - b.atS);
    for (let i = 0; i < told.length; ) {
      const { atS } = told[i]!;
      await sleep(startMs + atS * secondMs - Date.now());
      const now = told.filter((one) => one.atS === atS);
      i += now.length;
      for (const { name, silence, untilS } of now) {
        if (silence === undefined) continue;
        const untilMs = startMs + (untilS ?? 0) * secondMs;
        silences.push({ name, alert: silence, untilMs });
        await postSilence(alertmanager.url, name, silence, untilMs);
      }
      const alerts = now
        .filter(({ alert }) => alert !== undefined)
        .map((one) => alertOf(one, startMs, secondMs));
      dispatcher.post(
        alerts.map(({ labels, annotations, startsAtMs, endsAtMs }) => ({
          labels: Labels.of(labels),
          annotations,
          startsAtMs,
          endsAtMs: endsAtMs ?? 0,
          generatorUrl: 'http://g/',
        })),
      );
      await postAlerts(alertmanager.url, alerts);
      lateMs = Math.max(lateMs, Date.now() - (startMs + atS * secondMs));
    }
    await sleep(startMs + END_S * secondMs - Date.now());
  } finally {
    clearInterval(looking);
    await dispatcher.stop();
    await alertmanager.stop();
    server.closeAllConnections();
    server.close();
  }
  return { got, late: lateMs / secondMs };
}

async function openOurs(configPath: string) {
  const config = await loadAlertmanagerConfig(configPath);
  const inhibitor = new Inhibitor(config.inhibitRules);
  const silences: { name: string; alert: string; untilMs: number }[] = [];
  const dispatcher = await Dispatcher.open({
    config,
    matchRoutes: (labels) => matchRoutes(config.route, labels),
    mutedBy: (route, timeMs) => mutedBy(route, config.timeIntervals, timeMs),
    muting: {
      silencedBy: (labels, nowMs) =>
        silences
          .filter(({ name, alert }) => labels.get('case') === name && labels.get('alertname') === alert)
          .filter(({ untilMs }) => nowMs < untilMs)
          .map(({ name }) => name),
      inhibitedBy: (labels, nowMs) => inhibitor.inhibitedBy(labels, nowMs),
    },
    onAlerts: (alerts) => inhibitor.take(alerts, Date.now()),
    integrations: (name) =>
      createIntegrations(config.receivers.find((receiver) => receiver.name === name)!, {
        templates: LoadedMessageTemplates.load([], systemClock),
        clock: systemClock,
        secrets: processSecrets,
        createClient: createHttpClient,
      }),
    externalUrl: 'http://localhost',
    clock: systemClock,
    state: new MemoryState(),
    onProblem: (problem) => expect.fail(problem),
  });
  return { dispatcher, silences };
}

interface TestAlert {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAtMs: number;
  readonly endsAtMs: number | undefined;
}

function alertOf(told: Told & { readonly name: string }, startMs: number, secondMs: number): TestAlert {
  const { name, alert = '', labels, atS, startS = atS, end } = told;
  const endS = end === 'over' ? atS : atS + LASTS_S;
  return {
    labels: { alertname: alert, case: name, ...labels },
    annotations: { summary: `${alert} fires`, same: 'text' },
    startsAtMs: startMs + startS * secondMs,
    endsAtMs: end === 'open' ? undefined : startMs + endS * secondMs,
  };
}

async function postAlerts(url: string, alerts: readonly TestAlert[]): Promise<void> {
  const body = alerts.map(({ labels, annotations, startsAtMs, endsAtMs }) => ({
    labels,
    annotations,
    startsAt: new Date(startsAtMs).toISOString(),
    ...(endsAtMs === undefined ? {} : { endsAt: new Date(endsAtMs).toISOString() }),
    generatorURL: 'http://g/',
  }));
  await postJson(`${url}/api/v2/alerts`, body);
}

async function postSilence(url: string, name: string, alert: string, untilMs: number): Promise<void> {
  await postJson(`${url}/api/v2/silences`, {
    matchers: [
      { name: 'case', value: name, isRegex: false, isEqual: true },
      { name: 'alertname', value: alert, isRegex: false, isEqual: true },
    ],
    startsAt: new Date().toISOString(),
    endsAt: new Date(untilMs).toISOString(),
    createdBy: 'test',
    comment: 'test',
  });
}

async function postJson(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status, await response.text()).toBe(200);
}

/** A message without what belongs to the sender or the moment. */
function comparable({ alerts, ...payload }: Payload): unknown {
  return {
    ...payload,
    externalURL: '',
    // An end that the resolve timeout made is some milliseconds off.
    alerts: alerts.map((alert) => ({ ...alert, endsAt: alert.endsAt.startsWith('0001') ? 'none' : 'some' })),
  };
}
