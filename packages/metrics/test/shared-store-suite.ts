/** What holds for the processes of a service, however they share what they count. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  type Member,
  member as memberOf,
  metricsDirectory,
  type Sharing,
  startAs,
  valueIn,
} from './members.ts';

/** Of what a process that spins has told, its last messages may be lost with it. */
const SPINS_UNTOLD_MAX = 100;

const WELL = 'done_total{how="well"}';

const segments = (directory: string) => fs.readdirSync(directory).filter((name) => name.endsWith('.segment'));

export function sharedStoreSuite(sharing: Sharing): void {
  const start = (name: string, ...args: string[]) => startAs(sharing, name, ...args);
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const member = (directory: string, options: Parameters<typeof memberOf>[1] = {}) =>
    memberOf(directory, { ...options, sharing });
  /** What a process shows of all, once it can know of it. */
  const exposed = async (one: Member) => {
    await wait(sharing.seenMs);
    return String(await one.tell('exposition'));
  };
  /** Kills processes, and waits until that is known. */
  const kill = async (...gone: Member[]) => {
    await wait(sharing.seenMs);
    await Promise.all(gone.map((one) => one.kill()));
    await wait(sharing.goneMs);
  };

  test('the processes of a service are added up, and a killed one takes no count with it', async () => {
    const directory = metricsDirectory();
    const [a, b, c] = await Promise.all([member(directory), member(directory), member(directory)]);
    for (const [i, one] of [a, b, c].entries()) {
      await one!.tell('inc', 10 ** i);
      await one!.tell('active', 1);
      await one!.tell('highest', i);
      await one!.tell('observe', 5 * 10 ** i);
    }
    await b!.tell('latest', 7);
    const before = await exposed(a!);
    expect(valueIn(before, WELL)).toBe(111);
    expect(valueIn(before, 'done_total{how="badly"}')).toBe(0);
    expect(valueIn(before, 'active')).toBe(3);
    expect(valueIn(before, 'highest')).toBe(2);
    expect(valueIn(before, 'latest')).toBe(7);
    expect(valueIn(before, 'size_bytes_bucket{le="10"}')).toBe(1);
    expect(valueIn(before, 'size_bytes_count')).toBe(3);
    expect(valueIn(before, 'binnacle_metrics_writers')).toBe(3);

    await kill(b!, c!);
    // The first answer still reads the dead segments and folds them; the second reads what was folded.
    for (const answer of ['unfolded', 'folded']) {
      const after = await exposed(a!);
      expect.soft(valueIn(after, WELL), answer).toBe(111);
      expect.soft(valueIn(after, 'active'), answer).toBe(1);
      expect.soft(valueIn(after, 'highest'), answer).toBe(0);
      expect.soft(valueIn(after, 'latest'), answer).toBe(7);
      expect.soft(valueIn(after, 'size_bytes_bucket{le="100"}'), answer).toBe(2);
      expect.soft(valueIn(after, 'size_bytes_sum'), answer).toBe(555);
      expect.soft(valueIn(after, 'size_bytes_count'), answer).toBe(3);
      expect.soft(valueIn(after, 'binnacle_metrics_writers'), answer).toBe(1);
    }
    await expect.poll(() => segments(directory)).toHaveLength(1);
  });

  test('a counter of what all processes read alike is the greatest of theirs, and never falls', async () => {
    const directory = metricsDirectory();
    const [a, b] = await Promise.all([member(directory), member(directory)]);
    await a.tell('shared', 40);
    await b.tell('shared', 42);
    expect(valueIn(await exposed(a), 'shared_total')).toBe(42);
    await kill(b);
    // What the gone one had seen last stays, until somebody has seen more.
    for (const answer of ['unfolded', 'folded'])
      expect(valueIn(await exposed(a), 'shared_total'), answer).toBe(42);
    await expect.poll(() => segments(directory)).toHaveLength(1);
    await a.tell('shared', 1);
    expect(valueIn(await exposed(a), 'shared_total')).toBe(42);
    await a.tell('shared', 2.5);
    expect(valueIn(await exposed(a), 'shared_total')).toBe(43.5);
  });

  test('a gauge per worker has a series for each, and a new process takes the place of a gone one', async () => {
    const directory = metricsDirectory();
    const a = await member(directory);
    const b = await member(directory);
    await a.tell('each', 1);
    await b.tell('each', 2);
    expect(await exposed(a)).toContain('each{worker="0"} 1\neach{worker="1"} 2\n');
    await kill(a);
    const c = await member(directory);
    await c.tell('each', 3);
    const after = await exposed(b);
    expect(valueIn(after, 'each{worker="0"}')).toBe(3);
    expect(valueIn(after, 'each{worker="1"}')).toBe(2);
  });

  test('a terminated thread is known to be gone, though its process lives, and its counts stay', async () => {
    const directory = metricsDirectory();
    const process = await member(directory);
    await process.tell('thread', 'one');
    await process.tell('thread', 'two');
    const before = await exposed(process);
    expect(valueIn(before, WELL)).toBe(20);
    expect(valueIn(before, 'active')).toBe(2);
    await process.tell('terminate', 'one');
    await wait(sharing.goneMs);
    for (let i = 0; i < 2; i++) {
      const after = await exposed(process);
      expect(valueIn(after, WELL)).toBe(20);
      expect(valueIn(after, 'active')).toBe(1);
      expect(valueIn(after, 'binnacle_metrics_writers')).toBe(2);
    }
    await expect.poll(() => segments(directory)).toHaveLength(2);
  });

  const soak = process.env.BINNACLE_SOAK === '1';
  const timeout = soak ? 300_000 : 60_000;
  const kills = soak ? 60 : 6;

  test(`a process killed in mid-increment loses nothing that others were to see, ${kills} times over`, {
    timeout,
  }, async () => {
    const directory = metricsDirectory();
    const reader = await member(directory);
    let counted = 0;
    for (let i = 0; i < kills; i++) {
      const victim = await member(directory);
      // What it has told, and when.
      const told: { spun: number; atMs: number }[] = [];
      victim.process.on('message', ({ spun }: { spun?: number }) => {
        if (spun !== undefined) told.push({ spun, atMs: performance.now() });
      });
      victim.process.send({ id: -1, action: 'spin' });
      while (told.length === 0) await wait(2);
      await wait(sharing.seenMs + 20 + ((i * 7) % 20));
      const killedMs = performance.now();
      await victim.kill();
      const known = told.findLast(({ atMs }) => atMs <= killedMs - sharing.seenMs)?.spun ?? 0;
      const did = told.at(-1)!.spun;
      expect(known).toBeGreaterThan(0);
      const before = counted;
      counted = valueIn(await exposed(reader), 'done_total{how="badly"}')!;
      expect(counted).toBeGreaterThanOrEqual(before + known);
      if (sharing.kind === 'mapped') expect(counted).toBeGreaterThanOrEqual(before + did);
      // It tells every thousand.
      expect(counted).toBeLessThan(before + did + 1_000 * SPINS_UNTOLD_MAX);
      expect(Number.isInteger(counted)).toBe(true);
    }
  });

  const lives = soak ? 80 : 12;

  test(`two folders and a reader race while ${lives} processes come and go: no counter falls, none is lost`, {
    timeout,
  }, async () => {
    const directory = metricsDirectory();
    // Keeps the epoch; without it the directory would be without a running writer now and then.
    const keeper = await member(directory);
    const racers = ['yes', 'yes', 'no'].map((folds) => start('folder.mjs', directory, 'test', folds));
    const problems: string[] = [];
    const reports: { readings: number; folded: number }[] = [];
    await Promise.all(
      racers.map(async (racer) => {
        await once(racer, 'message');
        racer.on('message', (message: { problem: string } | { readings: number; folded: number }) => {
          if ('problem' in message) problems.push(message.problem);
          else reports.push(message);
        });
      }),
    );
    for (let i = 0; i < lives; i += 2) {
      const pair = [
        start('short-life.mjs', directory, 'test', String(sharing.seenMs)),
        start('short-life.mjs', directory, 'test', String(sharing.seenMs)),
      ];
      await Promise.all(pair.map((child) => once(child, 'exit')));
    }
    await Promise.all(
      racers.map((racer) => {
        const exited = once(racer, 'exit');
        racer.send('stop');
        return exited;
      }),
    );
    expect(problems).toEqual([]);
    expect(reports).toHaveLength(3);
    expect(reports.every(({ readings }) => readings > 10)).toBe(true);
    await wait(sharing.goneMs);
    await keeper.tell('exposition'); // folds what died last
    const after = await exposed(keeper);
    expect(valueIn(after, WELL)).toBe(lives * 1000);
    expect(valueIn(after, 'work_seconds_total')).toBeCloseTo(lives, 9);
    await expect.poll(() => segments(directory)).toHaveLength(1);
    expect(fs.readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a crash after the new retired file and before the segments are deleted counts nothing twice', async () => {
    const directory = metricsDirectory();
    const keeper = await member(directory);
    const victim = await member(directory);
    await victim.tell('inc', 5);
    const saved = new Map(
      segments(directory).map((name) => [name, fs.readFileSync(path.join(directory, name))]),
    );
    await kill(victim);
    await keeper.tell('exposition');
    await expect.poll(() => segments(directory)).toHaveLength(1); // the fold follows the answer
    // Put the folded segment back, as if it had never been deleted.
    for (const [name, bytes] of saved) {
      const file = path.join(directory, name);
      if (!fs.existsSync(file)) fs.writeFileSync(file, bytes, { mode: 0o600 });
    }
    expect(segments(directory)).toHaveLength(2);
    expect(valueIn(await exposed(keeper), WELL)).toBe(5);
    // The next fold deletes it before anything else.
    const second = await member(directory);
    await second.tell('inc', 2);
    await kill(second);
    await keeper.tell('exposition');
    expect(valueIn(await exposed(keeper), WELL)).toBe(7);
    await expect.poll(() => segments(directory)).toHaveLength(1);
  });

  test('when all processes have gone and one starts again, a new epoch begins at 0', async () => {
    const directory = metricsDirectory();
    const first = await member(directory);
    await first.tell('inc', 5);
    await kill(first);
    const second = await member(directory);
    const after = await exposed(second);
    expect(valueIn(after, WELL)).toBe(0);
    await expect.poll(() => segments(directory)).toHaveLength(1);
  });

  test('a writer that joins where service.json was deleted takes no count from those who run', async () => {
    const directory = metricsDirectory();
    const first = await member(directory);
    await first.tell('inc', 5);
    fs.rmSync(path.join(directory, 'service.json'));
    const second = await member(directory);
    await second.tell('inc', 2);
    for (const one of [first, second]) expect(valueIn(await exposed(one), WELL)).toBe(7);
  });

  test('a directory that is deleted under a running service does not take it down', async () => {
    const directory = metricsDirectory();
    const port = 20_000 + ((process.pid + 7) % 20_000);
    const elected = await member(directory, { port });
    const waiting = await member(directory, { port });
    fs.rmSync(directory, { recursive: true });
    // Long enough for the one that waits to stand for election again.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    for (const one of [elected, waiting]) {
      await one.tell('inc', 1);
      expect(one.process.exitCode).toBeNull();
    }
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain(
      'was deleted or emptied while the service runs; restart the service',
    );
  });

  test('another service and another instance are refused by name while the first one runs', async () => {
    const directory = metricsDirectory();
    const first = await member(directory, { service: 'uploads', instance: 'a' });
    await first.tell('inc', 1);
    const warned = async (service: string, instance: string) => {
      const child = start('member.mjs', directory, service, '', instance);
      let text = '';
      child.stderr?.on('data', (data: Buffer) => {
        text += data.toString();
      });
      const [{ joined }] = (await once(child, 'message')) as [{ joined: string | null }];
      expect(joined).toBeNull();
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
      return text;
    };
    expect(await warned('downloads', '')).toContain(
      'belongs to service uploads, instance a, which is running; service downloads needs another one',
    );
    expect(await warned('uploads', 'b')).toContain('service uploads, instance b needs another one');
    expect(valueIn(await exposed(first), WELL)).toBe(1);
  });

  test('the elected process answers for all; when it is killed, a sibling takes over', async () => {
    const directory = metricsDirectory();
    const port = 20_000 + (process.pid % 20_000);
    const a = await member(directory, { port });
    const b = await member(directory, { port });
    await a.tell('inc', 1);
    await b.tell('inc', 2);
    const url = `http://127.0.0.1:${port}/metrics`;
    const scrape = async () => (await fetch(url)).text();
    expect(await a.tell('address')).toBe(url);
    expect(await b.tell('address')).toBeNull();
    await wait(sharing.seenMs);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(valueIn(await response.text(), WELL)).toBe(3);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    await kill(a);
    await expect.poll(() => scrape().catch(() => ''), { timeout: 10_000 }).toContain(`${WELL} 3`);
    expect(await b.tell('address')).toBe(url);
  });

  test('a process that leaves keeps its counts in the service and goes on for itself', async () => {
    const directory = metricsDirectory();
    const a = await member(directory);
    const b = await member(directory);
    await b.tell('inc', 3);
    await b.tell('close');
    await b.tell('inc', 100);
    expect(valueIn(await exposed(a), WELL)).toBe(3);
    expect(valueIn(await exposed(b), WELL)).toBe(100);
  });
}
