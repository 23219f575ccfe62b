/**
 * A real Prometheus scrapes a real target and evaluates rules every half second, is stopped and started again; then our
 * rule groups are evaluated over the samples that it has, at the times at which it evaluated. After each evaluation the
 * series of alerts and of recording rules must be the same, and so must be what is sent to an Alertmanager.
 *
 * The group is there three times under different names, and so at different moments within the half second. Copies
 * that are evaluated just after a scrape are left out: whether they see it is chance.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Labels } from '@binnacle/metrics/model';
import { expect, onTestFinished, test } from 'vitest';
import { parseRuleFile, type RuleGroupConfig } from '../packages/monitor/dist/rules/rule-file.js';
import { type OutgoingAlert, RuleGroup } from '../packages/monitor/dist/rules/rule-group.js';
import { engineRuleQuery } from '../packages/monitor/dist/rules/rule-query.js';
import type { Sample } from '../packages/monitor/dist/storage.js';
import { Engine, MemoryStorage } from '../packages/promql/dist/index.js';
import { startProgram, temporaryFolder } from '../test/children.ts';
import { freePort } from '../test/free-port.ts';
import { answering, outside } from '../test/outside.ts';

const INTERVAL_MS = 500;
const GRACE_MS = 2000;
const RESEND_DELAY_MS = 2000;
const FIRST_RUN_MS = 9500;
const SECOND_RUN_MS = 6000;
/** What an evaluation may take to begin. */
const CHANCE_MS = 60;

/** When the signal of each case is on, in milliseconds since the first scrape; `gone` is when its series ends. */
const SIGNALS: Readonly<
  Record<string, { readonly on: readonly (readonly [number, number])[]; readonly gone?: number }>
> = {
  flap: { on: [[3000, 3900]] },
  held: { on: [[3000, 7500]] },
  instant: { on: [[3000, 5000]] },
  kept: { on: [[3000, 4500]] },
  vanishing: { on: [[3000, 99_000]], gone: 6000 },
  back: {
    on: [
      [3000, 4000],
      [5500, 6500],
    ],
  },
  through: { on: [[3000, 99_000]] },
  pending: { on: [[7500, 99_000]] },
  late: { on: [[7500, 99_000]] },
  short: { on: [[3000, 99_000]] },
  ended: { on: [[3000, 10_000]] },
};
const FIELDS: Readonly<Record<string, string>> = {
  flap: 'for: 1500ms',
  held: 'for: 1500ms',
  instant: 'for: 0s',
  kept: 'for: 500ms, keep_firing_for: 2s',
  vanishing: 'for: 1s',
  back: 'for: 0s',
  // With for at least as long as the grace: since when they hold is restored.
  through: 'for: 3s',
  pending: 'for: 5s',
  late: 'for: 3s',
  short: 'for: 1s',
  ended: 'for: 2s',
};
const COPIES = ['a', 'b', 'c'];

function rulesText(): string {
  return COPIES.map((copy) => {
    const alerts = Object.entries(FIELDS).map(
      ([name, fields]) =>
        `    - { alert: ${name}, expr: 'sig{case="${name}"} == 1', ${fields}, labels: { copy: ${copy} }, annotations: { v: '{{ $value }}' } }\n`,
    );
    return `- name: ${copy}
  interval: ${INTERVAL_MS}ms
  rules:
    - { record: evaluated, expr: vector(1), labels: { copy: ${copy} } }
    - { record: sig:on, expr: sig == 1, labels: { copy: ${copy} } }
    - { record: sig:sum, expr: 'sum(sig:on{copy="${copy}"})', labels: { copy: ${copy} } }
${alerts.join('')}    - { record: alerts:firing, expr: 'count(ALERTS{copy="${copy}",alertstate="firing"})', labels: { copy: ${copy} } }
`;
  }).join('');
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

test('alerts go through their states as in Prometheus, also over a restart', {
  timeout: 90_000,
}, async (ctx) => {
  const prometheus = outside(ctx, 'prometheus');
  const sent: { labels: Record<string, string>; startsAt: string; endsAt: string }[] = [];
  const { port, firstScrape } = await startTarget(sent);
  const folder = temporaryFolder();
  mkdirSync(`${folder}/data`);
  writeFileSync(`${folder}/rules.yml`, `groups:\n${rulesText()}`);
  writeFileSync(
    `${folder}/prometheus.yml`,
    `global: { scrape_interval: ${INTERVAL_MS}ms, scrape_timeout: ${INTERVAL_MS}ms, evaluation_interval: 1m }
rule_files: [rules.yml]
alerting: { alertmanagers: [ { static_configs: [ { targets: [ 'localhost:${port}' ] } ] } ] }
scrape_configs: [ { job_name: sig, static_configs: [ { targets: [ 'localhost:${port}' ] } ] } ]
`,
  );
  const start = async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const child = startProgram(prometheus, [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
      `--rules.alert.for-grace-period=${GRACE_MS}ms`,
      `--rules.alert.resend-delay=${RESEND_DELAY_MS}ms`,
    ]);
    return { child, url: `http://${address}` };
  };

  const first = await start();
  const began = await firstScrape;
  await sleep(began + FIRST_RUN_MS - Date.now());
  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  const restartedAtMs = Date.now();
  const second = await start();
  await answering(`${second.url}/-/ready`);
  await sleep(SECOND_RUN_MS);

  // While we compare, scrapes may come too late; what follows from it is not of interest.
  const told = [...sent];
  const scrapes = new Set(timesOf(await raw(second.url, 'up')));
  const inputs = await raw(second.url, 'sig');
  const evaluated = await raw(second.url, 'evaluated');
  let compared = 0;
  for (const copy of COPIES) {
    const times = timesOf(evaluated.filter(({ metric }) => metric.copy === copy)).sort((a, b) => a - b);
    const isChance = times.some((time) => [...scrapes].some((at) => at <= time && time - at < CHANCE_MS));
    if (isChance) continue;
    compared++;
    const ours = await replay(groupOf(copy), times, restartedAtMs, inputs, scrapes);
    const theirs = await Promise.all(
      times.map(async (time) => {
        const query = `{__name__=~"ALERTS|ALERTS_FOR_STATE|sig:.*|alerts:.*",copy="${copy}"}`;
        return instant(second.url, query, time);
      }),
    );
    for (const [i, time] of times.entries())
      expect([time - began, ours.series[i]]).toEqual([time - began, theirs[i]]);
    const theirSendings = told
      .filter(({ labels }) => labels.copy === copy)
      .map(({ labels, startsAt, endsAt }) => sending(labels, Date.parse(startsAt), Date.parse(endsAt)));
    // After a start Prometheus finds its Alertmanagers only when five seconds have passed, and drops what it has.
    const due = ours.sent.filter(({ atMs }) => atMs < restartedAtMs).map(textOf);
    expect(due.filter((text) => !theirSendings.includes(text))).toEqual([]);
    const all = new Set(ours.sent.map(textOf));
    expect(theirSendings.filter((text) => !all.has(text))).toEqual([]);
    expect(due.length).toBeGreaterThan(15);
    expect(all.size).toBeGreaterThan(due.length);
  }
  expect(compared).toBeGreaterThan(0);
});

function textOf({ labels, startsAtMs, endsAtMs }: OutgoingAlert): string {
  return sending(labels.toObject(), startsAtMs, endsAtMs);
}

function sending(labels: Readonly<Record<string, string>>, startsAtMs: number, endsAtMs: number): string {
  return `${labels.alertname} ${startsAtMs} ${endsAtMs}`;
}

/** A target that is also an Alertmanager. */
async function startTarget(
  sent: unknown[],
): Promise<{ readonly port: number; readonly firstScrape: Promise<number> }> {
  let began: number | undefined;
  let tell: (time: number) => void = () => {};
  const firstScrape = new Promise<number>((resolve) => {
    tell = resolve;
  });
  const server = http.createServer(async (request, response) => {
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      sent.push(...(JSON.parse(Buffer.concat(chunks).toString()) as unknown[]));
      response.end('{}');
      return;
    }
    const now = Date.now();
    began ??= now;
    tell(began);
    const since = now - began;
    const lines = Object.entries(SIGNALS).flatMap(([name, { on, gone = Number.POSITIVE_INFINITY }]) =>
      since >= gone
        ? []
        : [`sig{case="${name}"} ${on.some(([from, to]) => from <= since && since < to) ? 1 : 0}\n`],
    );
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(lines.join(''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, firstScrape };
}

async function ask(server: string, query: string, timeMs: number): Promise<readonly unknown[]> {
  const body = new URLSearchParams({ query, time: `${timeMs / 1000}` });
  const answer = (await (await fetch(`${server}/api/v1/query`, { method: 'POST', body })).json()) as {
    readonly data: { readonly result: readonly unknown[] };
  };
  return answer.data.result;
}

async function raw(server: string, name: string): Promise<readonly RawSeries[]> {
  return (await ask(server, `${name}[10m]`, Date.now() + 1000)) as readonly RawSeries[];
}

function timesOf(series: readonly RawSeries[]): number[] {
  return series.flatMap(({ values }) => values.map(([seconds]) => Math.round(seconds * 1000)));
}

async function instant(server: string, query: string, timeMs: number): Promise<string[]> {
  const result = (await ask(server, query, timeMs)) as readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
  return result.map(({ metric, value }) => `${Labels.of(metric)} ${value[1]}`).sort();
}

function groupOf(copy: string): RuleGroupConfig {
  const { groups } = parseRuleFile('rules.yml', `groups:\n${rulesText()}`);
  return groups.find(({ name }) => name === copy)!;
}

/** Evaluates a group at the given times over the given samples. A series that a scrape lacks has ended with it. */
async function replay(
  config: RuleGroupConfig,
  times: readonly number[],
  restartedAtMs: number,
  inputs: readonly RawSeries[],
  scrapes: ReadonlySet<number>,
) {
  const storage = new MemoryStorage();
  const engine = new Engine();
  const samples = [...scrapes]
    .sort((a, b) => a - b)
    .map((time) => ({
      time,
      values: inputs.map(({ metric, values }) => ({
        labels: Labels.of(metric),
        value: values.find(([seconds]) => Math.round(seconds * 1000) === time)?.[1],
      })),
    }));
  const sent: (OutgoingAlert & { readonly atMs: number })[] = [];
  let now = 0;
  const newGroup = () =>
    new RuleGroup(
      config,
      'rules.yml',
      { defaultIntervalMs: 60_000, restores: true },
      {
        query: engineRuleQuery(engine, storage),
        storage: {
          select: (requests, signal) => storage.select(requests, signal),
          async append(_source: string, timestampMs: number, batch: readonly Sample[]) {
            for (const { labels, value, stale } of batch)
              storage.append(labels, timestampMs, stale === true ? 'stale' : value);
            return { appended: batch.length, outOfOrder: 0 };
          },
        },
        sink: (alerts) => sent.push(...alerts.map((alert) => ({ ...alert, atMs: now }))),
        externalLabels: {},
        externalUrl: '',
        resendDelayMs: RESEND_DELAY_MS,
        queryOffsetMs: 0,
        restore: { graceMs: GRACE_MS, outageToleranceMs: 3_600_000 },
        // Restoring happens a moment after the evaluation, and the moment counts.
        now: () => now + 5,
      },
    );
  let group = newGroup();
  let isRestarted = false;
  const present = new Set<string>();
  const signal = new AbortController().signal;
  const series: string[][] = [];
  for (const time of times) {
    if (time > restartedAtMs && !isRestarted) {
      group = newGroup();
      isRestarted = true;
    }
    now = time;
    while (samples[0] !== undefined && samples[0].time <= time) {
      const scrape = samples.shift()!;
      for (const { labels, value } of scrape.values) {
        if (value !== undefined) {
          storage.append(labels, scrape.time, Number(value));
          present.add(labels.key);
        } else if (present.delete(labels.key)) storage.append(labels, scrape.time, 'stale');
      }
    }
    await group.evaluate(time, signal);
    const query = `{__name__=~"ALERTS|ALERTS_FOR_STATE|sig:.*|alerts:.*",copy="${config.name}"}`;
    const { value } = await engine.instant(storage, query, time);
    if (value.type !== 'vector') throw new Error(value.type);
    series.push(value.samples.map((sample) => `${sample.labels} ${sample.value}`).sort());
  }
  expect(isRestarted).toBe(true);
  return { series, sent };
}
