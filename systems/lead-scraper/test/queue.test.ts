import { openDatabase } from '@binnacle/system-parts/database';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../dist/leads/migrations.js';
import { PostgresQueue } from '../dist/queue/postgres-queue.js';
import { RedisQueue } from '../dist/queue/redis-queue.js';
import type { HeldJob, ScrapingQueue } from '../dist/queue/scraping-queue.js';

/** Long enough that none runs out by itself. */
const LEASE_MS = 3_600_000;
/** Of jobs whose lease is to run out, or to be renewed in time. */
const SHORT_LEASE_MS = 3_000;

/** A place where queues can lie. */
interface Place {
  /** Opens the queue of a name, as another process would. */
  open(name: string, leaseMs: number): Promise<ScrapingQueue>;
  /** Empties everything. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

async function postgres(): Promise<Place> {
  const server = await EmbeddedPostgres.start();
  const pool: Pool = await openDatabase({ DATABASE_URL: server.url }, { migrations: MIGRATIONS });
  return {
    open: (name, leaseMs) => PostgresQueue.open(pool, name, leaseMs),
    empty: async () => {
      await pool.query('DELETE FROM queue_jobs');
      await pool.query('DELETE FROM queue_totals');
    },
    stop: async () => {
      await pool.end();
      await server.stop();
    },
  };
}

async function redis(): Promise<Place | undefined> {
  const server = await RedisServer.start();
  if (server === undefined) return undefined;
  const { Redis } = await import('ioredis');
  const client = new Redis(server.url);
  return {
    open: (name, leaseMs) => RedisQueue.open(server.url, name, leaseMs, true),
    empty: async () => {
      await client.flushall();
    },
    stop: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}

describe.each([
  ['PostgreSQL', postgres],
  ['Redis', redis],
] as const)('the queue in %s', (_, start) => {
  let place: Place | undefined;
  const opened: ScrapingQueue[] = [];
  let names = 0;

  beforeAll(async () => {
    place = await start();
    if (place === undefined && process.env.BINNACLE_REQUIRE === 'all')
      throw new Error('there is no redis-server');
  });

  afterAll(async () => {
    for (const queue of opened) await queue.close();
    await place?.stop();
  });

  /** A test with a queue of its own, opened as often as asked for. */
  function check(
    title: string,
    run: (...queues: ScrapingQueue[]) => Promise<void>,
    leaseMs = LEASE_MS,
  ): void {
    test(title, async (context) => {
      if (place === undefined) return context.skip('there is no redis-server');
      const name = `queue${++names}`;
      const queues = await Promise.all([place.open(name, leaseMs), place.open(name, leaseMs)]);
      opened.push(...queues);
      await run(...queues);
    });
  }

  const takenBy = async (queue: ScrapingQueue): Promise<HeldJob> => {
    let held: HeldJob | undefined;
    await expect
      .poll(async () => {
        held = await queue.take();
        return held;
      })
      .toBeDefined();
    return held!;
  };

  check('gives jobs in their order, each to one, and each added once', async (one, two) => {
    for (const id of ['a', 'b', 'b', 'c', 'a']) await one!.add(id);
    expect(await two!.size()).toBe(3);
    const held = [await one!.take(), await two!.take(), await one!.take(), await two!.take()];
    expect(held.map((job) => job?.id)).toEqual(['a', 'b', 'c', undefined]);
    expect(await one!.size()).toBe(0);
    // One that is held is there already, too.
    await one!.add('a');
    expect(await two!.take()).toBeUndefined();
  });

  check('counts what was started and how it ended', async (one, two) => {
    const before = await one!.totals();
    expect(before).toMatchObject({ started: 0, finished: 0, failed: 0 });
    for (const id of ['a', 'b', 'c']) await one!.add(id);
    expect(await (await takenBy(one!)).end('finished')).toBe(true);
    expect(await (await takenBy(two!)).end('failed')).toBe(true);
    await takenBy(one!);
    expect(await two!.totals()).toEqual({ ...before, started: 3, finished: 1, failed: 1 });
  });

  check(
    'has a job only as long as it is renewed, and whoever lost it can do nothing',
    async (one, two) => {
      await one!.add('a');
      const lost = await takenBy(one!);
      const held = await takenBy(two!);
      expect(held.id).toBe('a');
      expect(await lost.renew()).toBe(false);
      expect(await lost.end('finished')).toBe(false);
      await lost.release();
      expect(await held.renew()).toBe(true);
      expect(await held.end('finished')).toBe(true);
      expect(await held.end('finished')).toBe(false);
      expect(await one!.totals()).toMatchObject({ started: 2, finished: 1, failed: 0 });
      expect(await one!.take()).toBeUndefined();
    },
    SHORT_LEASE_MS,
  );

  check(
    'keeps a job with whoever renews it',
    async (one, two) => {
      await one!.add('a');
      const held = await takenBy(one!);
      const untilMs = Date.now() + 1.5 * SHORT_LEASE_MS;
      while (Date.now() < untilMs) {
        expect(await held.renew()).toBe(true);
        expect(await two!.take()).toBeUndefined();
        await new Promise((resolve) => setTimeout(resolve, SHORT_LEASE_MS / 30));
      }
      expect(await held.end('finished')).toBe(true);
    },
    SHORT_LEASE_MS,
  );

  check('gives a job that was given back to another one at once', async (one, two) => {
    await one!.add('a');
    await (await takenBy(one!)).release();
    expect(await one!.size()).toBe(1);
    expect((await two!.take())?.id).toBe('a');
  });

  check('gives each of many jobs to one of many, and loses none', async (one, two) => {
    const ids = Array.from({ length: 60 }, (_, at) => `job${at}`);
    await Promise.all(ids.map((id) => one!.add(id)));
    const done: string[] = [];
    const work = async (queue: ScrapingQueue): Promise<void> => {
      for (let held = await queue.take(); held !== undefined; held = await queue.take()) {
        done.push(held.id);
        await held.end('finished');
      }
    };
    await Promise.all([work(one!), work(two!), work(one!), work(two!)]);
    expect(done.sort()).toEqual(ids.sort());
    expect(await one!.totals()).toMatchObject({ started: 60, finished: 60, failed: 0 });
  });

  test('tells when it was emptied, so that nothing is counted twice', async (context) => {
    if (place === undefined) return context.skip('there is no redis-server');
    const before = await place.open('emptied', LEASE_MS);
    await before.add('a');
    await (await takenBy(before)).end('finished');
    const { incarnation } = await before.totals();
    expect((await before.totals()).incarnation).toBe(incarnation);
    await place.empty();
    const after = await place.open('emptied', LEASE_MS);
    opened.push(before, after);
    const totals = await after.totals();
    expect(totals).toMatchObject({ started: 0, finished: 0, failed: 0 });
    expect(totals.incarnation).not.toBe(incarnation);
  });
});
