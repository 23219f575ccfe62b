/**
 * A real Prometheus scrapes a real target and evaluates rules every half second, is stopped and started again; then our
 * rule groups are evaluated over the samples that it has, at the times at which it evaluated. After each evaluation the
 * series of alerts and of recording rules must be the same, and so must be what is sent to an Alertmanager.
 *
 * The group is there three times under different names, and so at different moments within the half second. Its first
 * and its last rules say which scrape they see. A copy is left out in whose evaluations a scrape came between rules, and
 * where Prometheus was late: with an evaluation or a scrape that it left out, or that failed. When no copy is left, all
 * is done again at a slower pace.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Labels } from '@binnacle/metrics/model';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { parseRuleFile, type RuleGroupConfig } from '../packages/monitor/dist/rules/rule-file.js';
import { type OutgoingAlert, RuleGroup } from '../packages/monitor/dist/rules/rule-group.js';
import { engineRuleQuery } from '../packages/monitor/dist/rules/rule-query.js';
import type { Sample } from '../packages/monitor/dist/storage.js';
import { Engine, MemoryStorage } from '../packages/promql/dist/index.js';
import { startProgram, temporaryFolder } from '../test/children.ts';
import { freePort } from '../test/free-port.ts';
import { answering, outside } from '../test/outside.ts';

/** By how much everything is slower, at first and where the machine was late. */
const PACES = [1, 2, 4, 8];
/** These and the times below are those of the first pace. */
const INTERVAL_MS = 500;
const GRACE_MS = 2000;
const RESEND_DELAY_MS = 2000;
const FIRST_RUN_MS = 9500;
const SECOND_RUN_MS = 6000;
/** What the evaluation may take behind which times come back, as parts of the interval: that moment counts. */
const RESTORED_AFTER = [0.01, 0.002, 0.03, 0.06, 0.1, 0.2, 0.4, 0.6, 0.8, 0.98];

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
const FIELDS: Readonly<Record<string, { readonly forMs: number; readonly keepFiringForMs?: number }>> = {
  flap: { forMs: 1500 },
  held: { forMs: 1500 },
  instant: { forMs: 0 },
  kept: { forMs: 500, keepFiringForMs: 2000 },
  vanishing: { forMs: 1000 },
  back: { forMs: 0 },
  // With for at least as long as the grace: since when they hold is restored.
  through: { forMs: 3000 },
  pending: { forMs: 5000 },
  late: { forMs: 3000 },
  short: { forMs: 1000 },
  ended: { forMs: 2000 },
};
const COPIES = ['a', 'b', 'c'];

function rulesText(pace: number): string {
  return COPIES.map((copy) => {
    const alerts = Object.entries(FIELDS).map(
      ([name, { forMs, keepFiringForMs = 0 }]) =>
        `    - { alert: ${name}, expr: 'sig{case="${name}"} == 1', for: ${pace * forMs}ms, keep_firing_for: ${pace * keepFiringForMs}ms, labels: { copy: ${copy} }, annotations: { v: '{{ $value }}' } }\n`,
    );
    return `- name: ${copy}
  interval: ${pace * INTERVAL_MS}ms
  rules:
    - { record: evaluated, expr: vector(1), labels: { copy: ${copy} } }
    - { record: seen:first, expr: timestamp(up), labels: { copy: ${copy} } }
    - { record: sig:on, expr: sig == 1, labels: { copy: ${copy} } }
    - { record: sig:sum, expr: 'sum(sig:on{copy="${copy}"})', labels: { copy: ${copy} } }
${alerts.join('')}    - { record: alerts:firing, expr: 'count(ALERTS{copy="${copy}",alertstate="firing"})', labels: { copy: ${copy} } }
    - { record: seen:last, expr: timestamp(up), labels: { copy: ${copy} } }
    - { record: evaluated:whole, expr: vector(1), labels: { copy: ${copy} } }
`;
  }).join('');
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

test('alerts go through their states as in Prometheus, also over a restart', {
  timeout: 1_200_000,
}, async (ctx) => {
  for (const pace of PACES) if ((await compared(ctx, pace)) > 0) return;
  expect.fail('Prometheus was late at every pace');
});

/** Runs Prometheus, then compares. Resolves with how many copies of the group count. */
async function compared(ctx: TestContext, pace: number): Promise<number> {
  const intervalMs = pace * INTERVAL_MS;
  const prometheus = outside(ctx, 'prometheus');
  const sent: { labels: Record<string, string>; startsAt: string; endsAt: string }[] = [];
  const { port, firstScrape, close } = await startTarget(sent, pace);
  const folder = temporaryFolder();
  mkdirSync(`${folder}/data`);
  writeFileSync(`${folder}/rules.yml`, `groups:\n${rulesText(pace)}`);
  writeFileSync(
    `${folder}/prometheus.yml`,
    `global: { scrape_interval: ${intervalMs}ms, scrape_timeout: ${intervalMs}ms, evaluation_interval: 1m }
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
      `--rules.alert.for-grace-period=${pace * GRACE_MS}ms`,
      `--rules.alert.resend-delay=${pace * RESEND_DELAY_MS}ms`,
    ]);
    return { child, url: `http://${address}` };
  };

  const first = await start();
  const began = await firstScrape;
  await sleep(began + pace * FIRST_RUN_MS - Date.now());
  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  const restartedAtMs = Date.now();
  const second = await start();
  await answering(`${second.url}/-/ready`);
  await sleep(pace * SECOND_RUN_MS);

  const told = [...sent];
  const toldAtMs = Date.now();
  // What was told until now was evaluated until then. Scrapes are asked for last, so that none is missing that was seen.
  const whole = new Map<string, number[]>();
  for (const copy of COPIES) {
    const evaluations = async () => timesOf(await raw(second.url, `evaluated:whole{copy="${copy}"}`));
    for (;;) {
      whole.set(copy, await evaluations());
      if (whole.get(copy)!.some((time) => time > toldAtMs)) break;
      await sleep(100);
    }
  }
  const seenBy = async (name: string, copy: string) =>
    new Map(
      (await raw(second.url, `${name}{copy="${copy}"}`)).flatMap(({ values }) =>
        values.map(([seconds, value]) => [msOf(seconds), msOf(Number(value))] as const),
      ),
    );
  let count = 0;
  for (const copy of COPIES) {
    const times = whole.get(copy)!;
    const begun = timesOf(await raw(second.url, `evaluated{copy="${copy}"}`));
    const [first, last] = [await seenBy('seen:first', copy), await seenBy('seen:last', copy)];
    const up = await raw(second.url, 'up');
    const inputs = await raw(second.url, 'sig');
    const scrapes = timesOf(up).filter((time) => time <= times.at(-1)!);
    const isLate =
      begun.some((time) => time < times.at(-1)! && !times.includes(time)) ||
      times.some((time) => first.get(time) !== last.get(time)) ||
      [times, scrapes].some((list) => hasGap(list, intervalMs, restartedAtMs)) ||
      up.some(({ values }) =>
        values.some(([seconds, value]) => scrapes.includes(msOf(seconds)) && value !== '1'),
      );
    if (isLate) continue;
    count++;
    const theirs = await Promise.all(
      times.map(async (time) => {
        const query = `{__name__=~"ALERTS|ALERTS_FOR_STATE|sig:.*|alerts:.*",copy="${copy}"}`;
        return instant(second.url, query, time);
      }),
    );
    const seen = times.map((time) => ({ time, scrapeMs: last.get(time) }));
    const replayed = (part: number) =>
      replay(groupOf(copy, pace), seen, { restartedAtMs, afterMs: part * intervalMs, pace }, inputs, scrapes);
    let ours = await replayed(RESTORED_AFTER[0]!);
    for (const part of RESTORED_AFTER.slice(1)) {
      if (isDeepStrictEqual(ours.series, theirs)) break;
      ours = await replayed(part);
    }
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
  second.child.kill('SIGKILL');
  await once(second.child, 'exit');
  close();
  return count;
}

/** Whether times that should be an interval apart leave one out, but for the restart. */
function hasGap(times: readonly number[], intervalMs: number, restartedAtMs: number): boolean {
  return times.some((time, i) => {
    const before = times[i - 1];
    if (before === undefined || (before <= restartedAtMs && restartedAtMs < time)) return false;
    return time - before > 1.5 * intervalMs;
  });
}

function textOf({ labels, startsAtMs, endsAtMs }: OutgoingAlert): string {
  return sending(labels.toObject(), startsAtMs, endsAtMs);
}

function sending(labels: Readonly<Record<string, string>>, startsAtMs: number, endsAtMs: number): string {
  return `${labels.alertname} ${startsAtMs} ${endsAtMs}`;
}

/** A target that is also an Alertmanager. */
async function startTarget(
  sent: unknown[],
  pace: number,
): Promise<{ readonly port: number; readonly firstScrape: Promise<number>; readonly close: () => void }> {
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
    const since = (now - began) / pace;
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
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, firstScrape, close };
}

async function ask(server: string, query: string, timeMs: number): Promise<readonly unknown[]> {
  const body = new URLSearchParams({ query, time: `${timeMs / 1000}` });
  const answer = (await (await fetch(`${server}/api/v1/query`, { method: 'POST', body })).json()) as {
    readonly data: { readonly result: readonly unknown[] };
  };
  return answer.data.result;
}

async function raw(server: string, selector: string): Promise<readonly RawSeries[]> {
  return (await ask(server, `${selector}[10m]`, Date.now() + 1000)) as readonly RawSeries[];
}

function msOf(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** In order. */
function timesOf(series: readonly RawSeries[]): number[] {
  return series.flatMap(({ values }) => values.map(([seconds]) => msOf(seconds))).sort((a, b) => a - b);
}

async function instant(server: string, query: string, timeMs: number): Promise<string[]> {
  const result = (await ask(server, query, timeMs)) as readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
  return result.map(({ metric, value }) => `${Labels.of(metric)} ${value[1]}`).sort();
}

function groupOf(copy: string, pace: number): RuleGroupConfig {
  const { groups } = parseRuleFile('rules.yml', `groups:\n${rulesText(pace)}`);
  return groups.find(({ name }) => name === copy)!;
}

/** When a group was evaluated, and the last scrape that it saw. */
interface Evaluation {
  readonly time: number;
  readonly scrapeMs: number | undefined;
}

/** When Prometheus was stopped, and how long after the second evaluation behind it times came back. */
interface Restart {
  readonly restartedAtMs: number;
  readonly afterMs: number;
  readonly pace: number;
}

/** Evaluates a group over the given samples. A series that a scrape lacks has ended with it. */
async function replay(
  config: RuleGroupConfig,
  evaluations: readonly Evaluation[],
  { restartedAtMs, afterMs, pace }: Restart,
  inputs: readonly RawSeries[],
  scrapes: readonly number[],
) {
  const storage = new MemoryStorage();
  const engine = new Engine();
  const samples = scrapes.map((time) => ({
    time,
    values: inputs.map(({ metric, values }) => ({
      labels: Labels.of(metric),
      value: values.find(([seconds]) => msOf(seconds) === time)?.[1],
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
        resendDelayMs: pace * RESEND_DELAY_MS,
        queryOffsetMs: 0,
        restore: { graceMs: pace * GRACE_MS, outageToleranceMs: 3_600_000 },
        now: () => now + afterMs,
      },
    );
  let group = newGroup();
  let isRestarted = false;
  const present = new Set<string>();
  const signal = new AbortController().signal;
  const series: string[][] = [];
  for (const { time, scrapeMs = 0 } of evaluations) {
    if (time > restartedAtMs && !isRestarted) {
      group = newGroup();
      isRestarted = true;
    }
    now = time;
    while (samples[0] !== undefined && samples[0].time <= scrapeMs) {
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
