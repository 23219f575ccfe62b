/** What holds for the processes of a service, however they share what they count. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../../../test/free-port.ts';
import {
  flushed,
  lasting,
  type Member,
  member as memberOf,
  metricsDirectory,
  type Sharing,
  SPINS_NOTED,
  spun,
  startAs,
  valueIn,
} from './members.ts';

const WELL = 'done_total{how="well"}';
const BADLY = 'done_total{how="badly"}';

const segments = (directory: string) => fs.readdirSync(directory).filter((name) => name.endsWith('.segment'));

export function sharedStoreSuite(sharing: Sharing): void {
  const start = (name: string, ...args: string[]) => startAs(sharing, name, ...args);
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const member = (directory: string, options: Parameters<typeof memberOf>[1] = {}) =>
    memberOf(directory, { sharing, ...options });
  /** One that is not killed. */
  const keeperOf = (directory: string, options: Parameters<typeof memberOf>[1] = {}) =>
    member(directory, { sharing: lasting(sharing), ...options });
  const exposed = async (one: Member) => String(await one.tell('exposition'));
  /** What a process shows of all: at once where files are mapped, and else when the others have written theirs. */
  const shows = async (one: Member, expected: Readonly<Record<string, number>>) => {
    const found = async () => {
      const text = await exposed(one);
      return Object.fromEntries(Object.keys(expected).map((series) => [series, valueIn(text, series)]));
    };
    if (sharing.kind === 'mapped') expect(await found()).toEqual(expected);
    else await expect.poll(found).toEqual(expected);
  };
  /** Waits until so many segments are left of a service of which one is asked. */
  const folds = (one: Member, directory: string, left: number) =>
    expect
      .poll(async () => {
        await exposed(one);
        return segments(directory);
      })
      .toHaveLength(left);
  /** Kills processes, and waits until that is known. */
  const kill = async (...gone: Member[]) => {
    await Promise.all(gone.map((one) => one.kill()));
    await wait(sharing.goneMs);
  };

  test('the processes of a service are added up, and a killed one takes no count with it', async () => {
    const directory = metricsDirectory();
    const [a, b, c] = await Promise.all([keeperOf(directory), member(directory), member(directory)]);
    for (const [i, one] of [a, b, c].entries()) {
      await one!.tell('inc', 10 ** i);
      await one!.tell('active', 1);
      await one!.tell('highest', i);
      await one!.tell('observe', 5 * 10 ** i);
    }
    await b!.tell('latest', 7);
    await shows(a!, {
      [WELL]: 111,
      [BADLY]: 0,
      active: 3,
      highest: 2,
      latest: 7,
      'size_bytes_bucket{le="10"}': 1,
      size_bytes_count: 3,
      binnacle_metrics_writers: 3,
    });

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
    await folds(a!, directory, 1);
  });

  test('a counter of what all processes read alike is the greatest of theirs, and never falls', async () => {
    const directory = metricsDirectory();
    const [a, b] = await Promise.all([keeperOf(directory), member(directory)]);
    await a.tell('shared', 40);
    await b.tell('shared', 42);
    await shows(a, { shared_total: 42 });
    await kill(b);
    // What the gone one had seen last stays, until somebody has seen more.
    for (const answer of ['unfolded', 'folded'])
      expect(valueIn(await exposed(a), 'shared_total'), answer).toBe(42);
    await folds(a, directory, 1);
    await a.tell('shared', 1);
    expect(valueIn(await exposed(a), 'shared_total')).toBe(42);
    await a.tell('shared', 2.5);
    expect(valueIn(await exposed(a), 'shared_total')).toBe(43.5);
  });

  test('a gauge per worker has a series for each, and a new process takes the place of a gone one', async () => {
    const directory = metricsDirectory();
    const a = await member(directory);
    const b = await keeperOf(directory);
    await a.tell('each', 1);
    await b.tell('each', 2);
    // Series come in no order of their own.
    const each = async () => [...(await exposed(b)).matchAll(/^each\{.*/gm)].map(String).sort().join();
    const first = 'each{worker="0"} 1,each{worker="1"} 2';
    let before = await each();
    if (sharing.kind === 'mapped') expect(before).toBe(first);
    else {
      // Where nobody let the first one run while the second one came, that has taken its place.
      const swapped = 'each{worker="0"} 2,each{worker="1"} 1';
      await expect.poll(async () => (before = await each())).toBeOneOf([first, swapped]);
    }
    await kill(a);
    const c = await keeperOf(directory);
    await c.tell('each', 3);
    const after = before.replace(/ 1\b/, ' 3');
    if (sharing.kind === 'mapped') expect(await each()).toBe(after);
    else await expect.poll(each).toBe(after);
  });

  test('a terminated thread is known to be gone, though its process lives, and its counts stay', async () => {
    const directory = metricsDirectory();
    const process = await member(directory);
    await process.tell('thread', 'one');
    await process.tell('thread', 'two');
    await shows(process, { [WELL]: 20, active: 2 });
    await process.tell('terminate', 'one');
    await wait(sharing.goneMs);
    for (let i = 0; i < 2; i++) await shows(process, { [WELL]: 20, active: 1, binnacle_metrics_writers: 2 });
    await folds(process, directory, 2);
  });

  const soak = process.env.BINNACLE_SOAK === '1';
  const timeout = soak ? 900_000 : 240_000;
  const kills = soak ? 60 : 6;

  test(`a process killed in mid-increment loses nothing that others were to see, ${kills} times over`, {
    timeout,
  }, async () => {
    const directory = metricsDirectory();
    const reader = await keeperOf(directory);
    const notes = metricsDirectory();
    let counted = 0;
    let knownOfAll = 0;
    for (let i = 0; i < kills; i++) {
      const victim = await member(directory);
      const pid = victim.process.pid!;
      const note = path.join(notes, String(i));
      victim.process.send({ id: -1, action: 'spin', argument: note });
      while (spun(note) === 0) await wait(2);
      // Its thread writes while its loop is blocked, unless it was not run for so long that it takes itself for dead.
      const endMs = performance.now() + 5_000;
      if (sharing.kind === 'written')
        while (flushed(directory, pid) === 0 && performance.now() < endMs) await wait(5);
      await wait(20 + ((i * 7) % 20));
      await victim.kill();
      const did = spun(note);
      const known = sharing.kind === 'mapped' ? did : flushed(directory, pid);
      knownOfAll += known;
      const before = counted;
      counted = valueIn(await exposed(reader), BADLY)!;
      expect(counted).toBeGreaterThanOrEqual(before + known);
      expect(counted).toBeLessThanOrEqual(before + did + SPINS_NOTED);
      expect(Number.isInteger(counted)).toBe(true);
    }
    expect(knownOfAll).toBeGreaterThan(0);
  });

  const lives = soak ? 80 : 12;

  test(`two folders and a reader race while ${lives} processes come and go: no counter falls, none is lost`, {
    timeout,
  }, async () => {
    const directory = metricsDirectory();
    // Keeps the epoch; without it the directory would be without a running writer now and then.
    const keeper = await keeperOf(directory);
    const racers = ['yes', 'yes', 'no'].map((folds) => start('folder.mjs', directory, 'test', folds));
    const problems: string[] = [];
    const reports: { readings: number; folded: number }[] = [];
    await Promise.all(
      racers.map(async (racer) => {
        racer.on(
          'message',
          (message: 'ready' | { problem: string } | { readings: number; folded: number }) => {
            if (message === 'ready') return;
            if ('problem' in message) problems.push(message.problem);
            else reports.push(message);
          },
        );
        await once(racer, 'message');
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
        // By then all that it has said is read.
        const done = once(racer, 'disconnect');
        racer.send('stop');
        return done;
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
    await folds(keeper, directory, 1);
    expect(fs.readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a crash after the new retired file and before the segments are deleted counts nothing twice', async () => {
    const directory = metricsDirectory();
    const keeper = await keeperOf(directory);
    const victim = await member(directory);
    await victim.tell('inc', 5);
    await shows(keeper, { [WELL]: 5 });
    const saved = new Map(
      segments(directory).map((name) => [name, fs.readFileSync(path.join(directory, name))]),
    );
    await kill(victim);
    await folds(keeper, directory, 1);
    // Put the folded segment back, as if it had never been deleted.
    for (const [name, bytes] of saved) {
      const file = path.join(directory, name);
      if (!fs.existsSync(file)) fs.writeFileSync(file, bytes, { mode: 0o600 });
    }
    expect(segments(directory)).toHaveLength(saved.size);
    expect(saved.size).toBeGreaterThan(1);
    expect(valueIn(await exposed(keeper), WELL)).toBe(5);
    // The next fold deletes it before anything else.
    const second = await member(directory);
    await second.tell('inc', 2);
    await shows(keeper, { [WELL]: 7 });
    await kill(second);
    await keeper.tell('exposition');
    expect(valueIn(await exposed(keeper), WELL)).toBe(7);
    await folds(keeper, directory, 1);
  });

  test('when all processes have gone and one starts again, a new epoch begins at 0', async () => {
    const directory = metricsDirectory();
    const first = await member(directory);
    await first.tell('inc', 5);
    await shows(first, { [WELL]: 5 });
    await kill(first);
    const second = await keeperOf(directory);
    const after = await exposed(second);
    expect(valueIn(after, WELL)).toBe(0);
    await folds(second, directory, 1);
  });

  test('a writer that joins where service.json was deleted takes no count from those who run', async () => {
    const directory = metricsDirectory();
    const first = await keeperOf(directory);
    await first.tell('inc', 5);
    fs.rmSync(path.join(directory, 'service.json'));
    const second = await keeperOf(directory);
    await second.tell('inc', 2);
    for (const one of [first, second]) await shows(one, { [WELL]: 7 });
  });

  test('a directory that is deleted under a running service does not take it down', async () => {
    const directory = metricsDirectory();
    const port = await freePort();
    const elected = await member(directory, { port });
    const waiting = await member(directory, { port });
    // They may be making files in it just now.
    fs.rmSync(directory, { recursive: true, maxRetries: 20 });
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
    const first = await keeperOf(directory, { service: 'uploads', instance: 'a' });
    await first.tell('inc', 1);
    const warned = async (service: string, instance: string) => {
      const child = start('member.mjs', directory, service, '', instance);
      let text = '';
      child.stderr?.on('data', (data: Buffer) => {
        text += data.toString();
      });
      const [{ joined }] = (await once(child, 'message')) as [{ joined: string | null }];
      expect(joined).toBeNull();
      // By then all that it has written is read.
      const silent = once(child.stderr!, 'end');
      child.disconnect();
      await silent;
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
    const port = await freePort();
    const a = await member(directory, { port });
    const b = await keeperOf(directory, { port });
    await a.tell('inc', 1);
    await b.tell('inc', 2);
    const url = `http://127.0.0.1:${port}/metrics`;
    const scrape = async () => (await fetch(url)).text();
    expect(await a.tell('address')).toBe(url);
    expect(await b.tell('address')).toBeNull();
    await shows(a, { [WELL]: 3 });
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(valueIn(await response.text(), WELL)).toBe(3);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    await kill(a);
    await expect.poll(() => scrape().catch(() => '')).toContain(`${WELL} 3`);
    expect(await b.tell('address')).toBe(url);
  });

  test('a process that leaves keeps its counts in the service and goes on for itself', async () => {
    const directory = metricsDirectory();
    const a = await keeperOf(directory);
    const b = await keeperOf(directory);
    await b.tell('inc', 3);
    await b.tell('close');
    await b.tell('inc', 100);
    expect(valueIn(await exposed(a), WELL)).toBe(3);
    expect(valueIn(await exposed(b), WELL)).toBe(100);
  });
}
