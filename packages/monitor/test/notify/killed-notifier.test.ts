/**
 * A notifier that is killed at random moments while 200 alerts fire and resolve: each receiver has each end of each
 * alert, and a second message only where the kill came between sending and noting it. What was noted when the kill
 * came stands in the journal, which is looked at before the next start.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Labels } from '@binnacle/metrics/model';
import { afterAll, expect, it } from 'vitest';
import { startModule, temporaryFolder } from '../../../../test/children.ts';
import { systemClock } from '../../dist/clock.js';
import { fingerprintOf } from '../../dist/notify/alert.js';
import { NotifierJournal } from '../../dist/notify/notifier-journal.js';

const IS_SOAK = process.env.BINNACLE_SOAK === '1';
const KILLS = IS_SOAK ? 50 : 8;
const ALERTS = 200;
/** As long as the resolve timeout of `notifier-process.mjs`: longer than anything here stands still. */
const ALERT_MS = 15_000;
const POST_EVERY_MS = 100;

interface Message {
  readonly run: string;
  readonly webhook: string;
  readonly groupKey: string;
  readonly alerts: readonly { readonly id: string; readonly status: string }[];
}

interface TestAlert {
  readonly id: string;
  readonly labels: Record<string, string>;
  readonly firesAtMs: number;
  /** It ends so long after everybody was told that it fires. */
  readonly lastsMs: number;
  startsAtMs: number;
  toldAtMs: number | undefined;
  endsAtMs: number | undefined;
  isEndPosted: boolean;
}

const messages: Message[] = [];
/** `WEBHOOK ID STATUS` of the route that makes a group of each alert, and of the other: how often it was told. */
const told = { each: new Map<string, number>(), grouped: new Map<string, number>() };

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => {
    body += part;
  });
  request.on('end', () => {
    const message = { webhook: request.url ?? '', ...JSON.parse(body) } as Message;
    messages.push(message);
    const counts = message.groupKey.startsWith('{}/{each}') ? told.each : told.grouped;
    for (const { id, status } of message.alerts) {
      const key = `${message.webhook} ${id} ${status}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    // Long enough for some kills to come in between.
    setTimeout(() => response.end(), Math.random() * 20);
  });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const WEBHOOKS = ['/a', '/b'];

function isToldToAll(id: string, status: string): boolean {
  return WEBHOOKS.every((webhook) => {
    const key = `${webhook} ${id} ${status}`;
    return told.each.has(key) && told.grouped.has(key);
  });
}

/** The notes in the journal, by the key of group and integration. */
async function notesIn(dir: string) {
  const path_ = path.join(dir, 'notifier.log');
  const journal = new NotifierJournal({ path: path_, clock: systemClock, onProblem: () => {} });
  const { notifications } = await journal.load();
  await journal.close();
  return new Map(notifications.map((entry) => [entry.key, entry]));
}

it(
  'tells everything at least once, and twice only what a kill kept from being noted',
  async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dir = temporaryFolder();
    const problems: string[] = [];
    let posts = 0;
    let acknowledged = 0;

    const start = async (run: number): Promise<ChildProcess> => {
      const child = startModule(new URL('notifier-process.mjs', import.meta.url));
      const isOpen = new Promise<void>((resolve) => {
        child.on('message', (message: { isOpen?: true; posted?: number; problem?: string }) => {
          if (message.isOpen) resolve();
          if (message.posted !== undefined) acknowledged = Math.max(acknowledged, message.posted);
          if (message.problem !== undefined) problems.push(message.problem);
        });
      });
      child.send({ open: { dir, run, webhooks: WEBHOOKS.map((webhook) => `${url}${webhook}`) } });
      await isOpen;
      return child;
    };

    const lastFireMs = KILLS * 400;
    const startMs = Date.now();
    const alerts = Array.from({ length: ALERTS }, (_, i): TestAlert => {
      const id = String(i);
      return {
        id,
        labels: { alertname: 'Down', id, group: `g${i % 10}` },
        firesAtMs: startMs + Math.random() * lastFireMs,
        lastsMs: Math.random() * 1000,
        startsAtMs: 0,
        toldAtMs: undefined,
        endsAtMs: undefined,
        isEndPosted: false,
      };
    });

    /** Tells the child of what is, as rules do: what fires again and again, an end until it is taken. */
    const post = async (child: ChildProcess): Promise<void> => {
      const nowMs = Date.now();
      const list: { alert: TestAlert; startsAtMs: number; endsAtMs: number }[] = [];
      for (const alert of alerts) {
        if (alert.firesAtMs > nowMs || alert.isEndPosted) continue;
        if (alert.startsAtMs === 0) alert.startsAtMs = nowMs;
        if (alert.toldAtMs === undefined && isToldToAll(alert.id, 'firing')) alert.toldAtMs = nowMs;
        if (alert.toldAtMs !== undefined && nowMs >= alert.toldAtMs + alert.lastsMs) alert.endsAtMs ??= nowMs;
        list.push({ alert, startsAtMs: alert.startsAtMs, endsAtMs: alert.endsAtMs ?? nowMs + ALERT_MS });
      }
      const id = ++posts;
      child.send(
        { post: list.map(({ alert, ...times }) => ({ labels: alert.labels, ...times })), id },
        () => {},
      );
      while (acknowledged < id) {
        if (child.signalCode !== null || child.exitCode !== null) return;
        await sleep(2);
      }
      for (const { alert } of list) if (alert.endsAtMs !== undefined) alert.isEndPosted = true;
    };

    /** What was noted when a run was killed. */
    const notesAfter = new Map<string, Awaited<ReturnType<typeof notesIn>>>();
    for (let run = 0; run <= KILLS; run++) {
      const child = await start(run);
      let isPosting = true;
      const posting = (async () => {
        for (; isPosting; await sleep(POST_EVERY_MS)) await post(child);
      })();
      if (run < KILLS) await sleep(50 + Math.random() * 500);
      else {
        const untilMs = Date.now() + 240_000;
        while (!alerts.every(({ id }) => isToldToAll(id, 'resolved')) && Date.now() < untilMs)
          await sleep(50);
        // Time for anything that should not come.
        await sleep(300);
      }
      isPosting = false;
      child.kill('SIGKILL');
      await once(child, 'exit');
      await posting;
      notesAfter.set(String(run), await notesIn(dir));
    }

    const missing = alerts.flatMap(({ id }) =>
      ['firing', 'resolved'].filter((status) => !isToldToAll(id, status)).map((status) => `${id} ${status}`),
    );
    expect(missing).toEqual([]);

    // Every second message of the same: what came before it was not noted when its process was killed.
    const fingerprints = new Map(alerts.map(({ id, labels }) => [id, fingerprintOf(Labels.of(labels))]));
    const unexplained: string[] = [];
    const before = new Map<string, Message>();
    for (const message of messages) {
      if (!message.groupKey.startsWith('{}/{each}')) continue;
      const [{ id, status } = { id: '', status: '' }] = message.alerts;
      const key = `${message.webhook} ${id} ${status}`;
      const first = before.get(key);
      before.set(key, message);
      if (first === undefined) continue;
      const noteKey = `${message.groupKey}:team/webhook/${WEBHOOKS.indexOf(message.webhook)}`;
      const note = notesAfter.get(first.run)?.get(noteKey);
      const noted = status === 'firing' ? note?.firing : note?.resolved;
      const isNoted = noted?.includes(fingerprints.get(id) ?? '') ?? false;
      if (first.run === message.run || isNoted)
        unexplained.push(`${key}: run ${first.run} and ${message.run}`);
    }
    expect(unexplained).toEqual([]);
    // A torn end is what a kill may leave; nothing else is wrong.
    expect(problems.filter((problem) => !problem.includes('were not written whole'))).toEqual([]);
    const twice = [...told.each.values()].filter((count) => count > 1).length;
    if (IS_SOAK)
      console.log(
        `${KILLS} kills: ${messages.length} messages, ${twice} sent again because the kill came first`,
      );
  },
  IS_SOAK ? 600_000 : 360_000,
);
