import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type * as Pg from 'pg';
import { beforeAll, describe, expect, expectTypeOf, type TestContext, test, vi } from 'vitest';
import { postgresServer, type TestServer } from '../../../../test/servers.ts';
import { databaseWatch } from '../../../blueprint/dist/index.js';
import { recorderOf } from '../../dist/database/recorder.js';
import {
  counter,
  createRegistry,
  type Histogram,
  label,
  type OpenLabel,
  type Registry,
} from '../../dist/index.js';
import {
  type DatabaseMetrics,
  type DatabaseParts,
  DEFAULT_DATABASE_BUCKETS,
  databaseMetrics,
  instrumentClient,
  instrumentPool,
  OPERATIONS_MAX,
  STATEMENT_CHARACTERS_MAX,
  STATEMENTS_MAX,
  TABLES_MAX,
} from '../../dist/pg.js';
import { changes, value } from '../../dist/testing.js';
import { AGES, type Age, library } from '../libraries/library.ts';

// The first test of each server waits until it is set up.
vi.setConfig({ testTimeout: 180_000 });

type Library = typeof Pg;

/** One server for all tests that leave it running. */
let shared: Promise<TestServer> | undefined;

async function server(context: TestContext): Promise<TestServer> {
  if (shared === undefined) {
    const starting = postgresServer(context);
    shared = starting;
    starting.catch(() => {
      shared = undefined;
    });
  }
  return shared;
}

async function pgOf(age: Age): Promise<Library> {
  const module = await library<Library & { default?: Library }>(age, 'pg');
  return module.default ?? module;
}

/** What a piece of work has counted: `select users` to how often, `error syntax`, `wait`. */
async function counted(
  metrics: DatabaseParts,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [series, by] of Object.entries(await changes({ ...metrics }, work))) {
    if (series.includes('_sum')) continue;
    const labels = [...series.matchAll(/="([^"]*)"/g)].map((match) => match[1]).join(' ');
    if (series.startsWith('database_errors_total')) counts[`error ${labels}`] = by;
    else if (series.startsWith('database_connection_wait')) counts.wait = by;
    else if (series.startsWith('database_operation')) counts[labels] = by;
  }
  return counts;
}

interface Subject {
  readonly registry: Registry;
  readonly metrics: DatabaseMetrics;
  /** Levels of the pools as a scrape sees them. */
  levels(): Promise<Record<string, number>>;
}

function subject(): Subject {
  const registry = createRegistry();
  const metrics = databaseMetrics({ registry });
  const levels = async () => {
    await registry.collect();
    return {
      active: value(metrics.connections),
      idle: value(metrics.idle),
      waiting: value(metrics.waiting),
      max: value(metrics.connectionsMax),
    };
  };
  return { registry, metrics, levels };
}

/** How a promise or a function ends, as text that can be compared. */
async function endingOf(run: () => unknown): Promise<unknown> {
  try {
    return { result: await run() };
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    return { message, code, kind: (error as Error).constructor.name };
  }
}

describe.each(AGES)('pg, %s', (age) => {
  let pg: Library;
  beforeAll(async () => {
    pg = await pgOf(age);
  });

  /** A pool whose tables are there, measured from then on. */
  async function start(
    context: TestContext,
    options: Pg.PoolConfig = {},
  ): Promise<Subject & { readonly pool: Pg.Pool; readonly url: string }> {
    const { url } = await server(context);
    const setting = new pg.Pool({ connectionString: url });
    await setting.query('DROP TABLE IF EXISTS users, "Order"');
    await setting.query('CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)');
    await setting.query('CREATE TABLE "Order" (id int)');
    await setting.query("INSERT INTO users SELECT n, 'name ' || n FROM generate_series(1, 20) AS n");
    await setting.end();
    const pool = new pg.Pool({ connectionString: url, ...options });
    pool.on('error', () => {});
    context.onTestFinished(() => {
      // Not waited for: a test that fails may not have given back its clients.
      if (!pool.ending) void pool.end();
    });
    const made = subject();
    instrumentPool(pool, { metrics: made.metrics });
    return { ...made, pool, url };
  }

  test('every form of a query is counted once, through the pool and through its clients', async (context) => {
    const { pool, metrics } = await start(context);
    const text = 'SELECT * FROM users WHERE id = $1';
    const callback = (call: (done: (error: Error, result: Pg.QueryResult) => void) => void) =>
      new Promise<Pg.QueryResult>((resolve, reject) =>
        call((error, result) => (error ? reject(error) : resolve(result))),
      );
    const forms = async (target: Pg.Pool | Pg.PoolClient) => {
      const results = [
        await target.query('SELECT * FROM users WHERE id = 3'),
        await target.query(text, [3]),
        await target.query({ text, values: [3] }),
        await target.query({ text }, [3]),
        await target.query({ name: 'by-id', text, values: [3] }),
        await callback((done) => target.query('SELECT * FROM users WHERE id = 3', done)),
        await callback((done) => target.query(text, [3], done)),
        await callback((done) => target.query({ text, values: [3] }, done as never)),
      ];
      for (const { rows } of results) expect(rows).toEqual([{ id: 3, name: 'name 3' }]);
    };
    expect(await counted(metrics, () => forms(pool))).toEqual({ 'select users': 8, wait: 8 });

    const client = await pool.connect();
    expect(await counted(metrics, () => forms(client))).toEqual({ 'select users': 8 });
    for (const freeze of [false, true]) {
      const inConfig = { text, values: [3], callback: undefined as unknown };
      const noted = await counted(metrics, () =>
        callback((done) => {
          inConfig.callback = done;
          client.query(freeze ? Object.freeze(inConfig) : inConfig);
          expect(inConfig.callback).toBe(done);
        }),
      );
      expect(noted).toEqual({ 'select users': 1 });
    }
    // Prepared before, so the text is not needed again.
    expect(await counted(metrics, () => client.query({ name: 'by-id', values: [3] } as never))).toEqual({
      'select users': 1,
    });
    client.release();

    const throughCallback = await counted(
      metrics,
      () =>
        new Promise<void>((resolve, reject) =>
          pool.connect((error, one, done) => {
            if (error || one === undefined) return reject(error);
            one.query('DELETE FROM "Order"').then(() => {
              done();
              resolve();
            }, reject);
          }),
        ),
    );
    expect(throughCallback).toEqual({ 'delete Order': 1, wait: 1 });
  });

  test('statements count by what they do and to which table', async (context) => {
    const { pool, metrics } = await start(context, { max: 1 });
    const client = await pool.connect();
    const counts = await counted(metrics, async () => {
      await client.query('BEGIN');
      await client.query('insert into "Order" values ($1)', [1]);
      await client.query('UPDATE "Order" SET id = id + 1');
      await client.query('SELECT * FROM (SELECT * FROM users) u JOIN "Order" ON true');
      await client.query('WITH made AS (INSERT INTO "Order" VALUES (9) RETURNING id) SELECT * FROM made');
      await client.query('SAVEPOINT a');
      await client.query('ROLLBACK TO SAVEPOINT a');
      await client.query('COMMIT');
      await client.query('SELECT now()');
      const several = (await client.query('BEGIN; DELETE FROM "Order"; COMMIT')) as unknown as unknown[];
      expect(several.length).toBe(3);
      await client.query('');
    });
    client.release();
    expect(counts).toEqual({
      'begin none': 1,
      'insert Order': 2,
      'update Order': 1,
      'select users': 1,
      'savepoint none': 1,
      'rollback none': 1,
      'commit none': 1,
      'select none': 1,
      'delete Order': 1,
      'other none': 1,
    });
  });

  test('errors count by their kind, and the failed operation too', async (context) => {
    const { pool, metrics, url } = await start(context);
    const client = await pool.connect();
    const failing = async (text: string, values?: unknown[], through = client) =>
      counted(metrics, () => through.query(text, values).catch(() => undefined));
    expect(await failing('SELEC 1')).toEqual({ 'other none': 1, 'error syntax': 1 });
    expect(await failing('SELECT * FROM nothing')).toEqual({ 'select nothing': 1, 'error syntax': 1 });
    expect(await failing("INSERT INTO users VALUES (1, 'again')")).toEqual({
      'insert users': 1,
      'error constraint': 1,
    });
    expect(await failing("SELECT 'x'::int")).toEqual({ 'select none': 1, 'error data': 1 });
    expect(await failing('SELECT $1::int', ['x'])).toEqual({ 'select none': 1, 'error data': 1 });
    expect(await failing("DO $$ BEGIN RAISE EXCEPTION 'own'; END $$")).toEqual({
      'do none': 1,
      'error other': 1,
    });
    // Of a connection of its own: no other statement has so little time.
    const hurried = await pool.connect();
    await hurried.query('SET statement_timeout = 50');
    expect(await failing('SELECT pg_sleep(600)', undefined, hurried)).toEqual({
      'select none': 1,
      'error timeout': 1,
    });
    hurried.release(true);
    await client.query('BEGIN');
    await failing('SELECT * FROM nothing');
    expect(await failing('SELECT 1')).toEqual({ 'select none': 1, 'error transaction': 1 });
    await client.query('ROLLBACK');
    // What the client finds itself, before it sends anything.
    expect(await failing('SELECT $1', 'no array' as never)).toEqual({ 'select none': 1, 'error other': 1 });

    // Two transactions that each wait for what the other one has, and one that does not wait for a lock.
    const other = await pool.connect();
    for (const [one, id] of [
      [client, 1],
      [other, 2],
    ] as const) {
      await one.query("SET deadlock_timeout = '50ms'");
      await one.query('BEGIN');
      await one.query('UPDATE users SET name = name WHERE id = $1', [id]);
    }
    expect(await failing('SELECT * FROM users WHERE id = 2 FOR UPDATE NOWAIT')).toMatchObject({
      'error busy': 1,
    });
    await client.query('ROLLBACK; BEGIN; UPDATE users SET name = name WHERE id = 1');
    const deadlock = await counted(metrics, async () => {
      const cross = 'UPDATE users SET name = name WHERE id = $1';
      const ended = (one: Pg.PoolClient, id: number) =>
        one.query(cross, [id]).then(
          () => one.query('COMMIT'),
          () => one.query('ROLLBACK'),
        );
      await Promise.all([ended(client, 2), ended(other, 1)]);
    });
    expect(deadlock).toEqual({
      'update users': 2,
      'commit none': 1,
      'rollback none': 1,
      'error deadlock': 1,
    });

    for (const one of [client, other]) {
      await one.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
      await one.query('SELECT sum(id) FROM users');
    }
    await client.query("UPDATE users SET name = 'a' WHERE id = 1");
    await client.query('COMMIT');
    await client.query("UPDATE users SET name = 'c' WHERE id = 1");
    const serialization = await counted(metrics, () =>
      other.query("UPDATE users SET name = 'b' WHERE id = 1").catch(() => undefined),
    );
    expect(serialization).toEqual({ 'update users': 1, 'error serialization': 1 });
    await other.query('ROLLBACK');

    await client.query('DROP ROLE IF EXISTS guest');
    await client.query('CREATE ROLE guest');
    await client.query('SET ROLE guest');
    expect(await failing('DELETE FROM users')).toEqual({ 'delete users': 1, 'error permission': 1 });
    await client.query('RESET ROLE');
    client.release();
    other.release();

    // Nobody listens there, and a database that there is not.
    const connecting = async (config: Pg.ClientConfig) =>
      counted(metrics, async () => {
        const lone = instrumentClient(new pg.Client(config), { metrics });
        lone.on('error', () => {});
        await lone.connect().catch(() => undefined);
        await lone.end().catch(() => undefined);
      });
    expect(await connecting({ host: '127.0.0.1', port: 1 })).toEqual({ 'error connection': 1 });
    expect(await connecting({ connectionString: url.replace(/postgres$/, 'nowhere') })).toEqual({
      'error connection': 1,
    });
  });

  test('a query that takes longer than the client waits is a timeout', async (context) => {
    const { pool, metrics } = await start(context, { query_timeout: 200 });
    expect(await counted(metrics, () => endingOf(() => pool.query('SELECT pg_sleep(10)')))).toEqual({
      'select none': 1,
      'error timeout': 1,
      wait: 1,
    });
  });

  test('who takes an idle connection does not wait, not even in the same moment', async (context) => {
    const { pool, levels } = await start(context, { max: 1 });
    await pool.query('SELECT 1');
    // As where somebody's own metric asks the database whenever metrics are collected.
    const first = pool.query('SELECT 1');
    const second = pool.query('SELECT 1');
    expect(pool.waitingCount).toBe(2);
    expect(await levels()).toMatchObject({ waiting: 1, max: 1 });
    await Promise.all([first, second]);
    expect(await levels()).toEqual({ active: 0, idle: 1, waiting: 0, max: 1 });
  });

  test('connections of the pools follow their use, and who waits too long is an error', async (context) => {
    const { pool, metrics, levels, registry, url } = await start(context, { max: 2 });
    expect(await levels()).toEqual({ active: 0, idle: 0, waiting: 0, max: 2 });
    const clients = [await pool.connect(), await pool.connect()];
    expect(await levels()).toEqual({ active: 2, idle: 0, waiting: 0, max: 2 });
    // Not before: a new connection may take its time.
    pool.options.connectionTimeoutMillis = 1_500;
    const late = pool.query('SELECT * FROM users').catch((error: Error) => error.message);
    expect(await levels()).toEqual({ active: 2, idle: 0, waiting: 1, max: 2 });
    const exhausted = await counted(metrics, async () => {
      expect(await late).toBe('timeout exceeded when trying to connect');
    });
    expect(exhausted).toEqual({ 'error pool_timeout': 1, wait: 1 });

    const second = new pg.Pool({ connectionString: url, max: 5 });
    instrumentPool(second, { metrics });
    await second.query('SELECT 1');
    expect(await levels()).toEqual({ active: 2, idle: 1, waiting: 0, max: 7 });
    await second.end();
    expect(await levels()).toEqual({ active: 2, idle: 0, waiting: 0, max: 2 });
    for (const client of clients) client.release();
    await pool.end();
    expect(await levels()).toEqual({ active: 0, idle: 0, waiting: 0, max: 0 });
    // Nothing is asked any more.
    expect(registry.collects).toBe(false);
    const third = instrumentPool(new pg.Pool({ connectionString: url, max: 3 }), { metrics });
    expect(await levels()).toEqual({ active: 0, idle: 0, waiting: 0, max: 3 });
    await third.end();
  });

  test('200 queries at once over few connections are all counted', async (context) => {
    const { pool, metrics, levels } = await start(context, { max: 4 });
    const counts = await counted(metrics, async () => {
      const all = Array.from({ length: 200 }, (_, i) =>
        i % 4 === 0
          ? pool.query('SELECT * FROM nothing').catch(() => 'failed')
          : pool.query('SELECT id FROM users WHERE id = $1', [1 + (i % 20)]),
      );
      expect((await levels()).waiting).toBe(196);
      const results = await Promise.all(all);
      results.forEach((result, i) => {
        if (i % 4 === 0) expect(result).toBe('failed');
        else expect((result as Pg.QueryResult).rows).toEqual([{ id: 1 + (i % 20) }]);
      });
    });
    expect(counts).toEqual({ 'select users': 150, 'select nothing': 50, 'error syntax': 50, wait: 200 });
  });

  test('what has a submit takes until the connection is free, and fails once', async (context) => {
    const { pool, metrics } = await start(context);
    const client = await pool.connect();
    const withEvents = await counted(metrics, async () => {
      const query = new (pg as unknown as { Query: new (text: string) => Emitting }).Query(
        'SELECT id FROM users',
      );
      const rows: unknown[] = [];
      query.on('row', (row) => rows.push(row));
      expect(client.query(query as never)).toBe(query);
      await once(query as never, 'end');
      expect(rows.length).toBe(20);
    });
    expect(withEvents).toEqual({ 'select users': 1 });
    const failing = await counted(metrics, async () => {
      const query = new (pg as unknown as { Query: new (text: string) => Emitting }).Query(
        'SELECT * FROM nothing',
      );
      client.query(query as never);
      const [error] = (await once(query as never, 'error').catch((reason) => [reason])) as [{ code: string }];
      expect(error.code).toBe('42P01');
      await client.query('SELECT 1');
    });
    expect(failing).toEqual({ 'select nothing': 1, 'select none': 1, 'error syntax': 1 });

    const unreadable = await counted(metrics, async () => {
      const types = {
        getTypeParser: () => () => {
          throw new Error('unreadable');
        },
      };
      const config = { text: 'SELECT id FROM users', types };
      await expect(client.query(config)).rejects.toThrow('unreadable');
      const query = new (pg as unknown as { Query: new (given: object) => Emitting }).Query(config);
      client.query(query as never);
      await expect(once(query as never, 'end')).rejects.toThrow('unreadable');
    });
    expect(unreadable).toEqual({ 'select users': 2, 'error other': 2 });

    const cursor = new Cursor('SELECT * FROM users ORDER BY id');
    const paged = await counted(metrics, async () => {
      expect(client.query(cursor as never)).toBe(cursor);
      expect((await cursor.read(8)).length).toBe(8);
      // One with events, and the two that were not readable.
      expect(value(metrics.duration, { operation: 'select', table: 'users' }).count).toBe(3);
      expect((await cursor.read(8)).length).toBe(8);
      expect((await cursor.read(8)).length).toBe(4);
      await client.query('SELECT 1');
    });
    expect(paged).toEqual({ 'select users': 1, 'select none': 1 });
    client.release();
  });

  test('the program sees what it sees without', async (context) => {
    const { url } = await server(context);
    const seen = async (measured: boolean) => {
      const pool = new pg.Pool({ connectionString: url, max: 2 });
      if (measured) instrumentPool(pool, { metrics: subject().metrics });
      const client = await pool.connect();
      const order: string[] = [];
      const config = { text: 'SELECT 1 AS one' } as { text: string; callback?: unknown };
      await new Promise<void>((resolve) => {
        const done = () => {
          resolve();
        };
        client.query(config as never, done as never);
        order.push(`config keeps its callback: ${config.callback === done}`);
      });
      const promise = client.query('SELECT 1');
      order.push(promise.constructor.name, Object.keys(client).includes('query') ? 'visible' : 'hidden');
      await promise;
      const failure = await failsHere(client);
      const endings = [
        await endingOf(() => client.query(null as never)),
        await endingOf(() => client.query({} as never)),
        await endingOf(() => pool.query(null as never)),
        await endingOf(() => pool.query((() => {}) as never)),
        await endingOf(() => client.query('SELECT $1::int AS n', [7]).then(({ rows }) => rows)),
        await endingOf(() => client.query('SELEC')),
        await endingOf(() => client.query('SELECT $1', 7 as never)),
        await endingOf(
          () =>
            new Promise((resolve) => {
              client.query('SELECT 2 AS n', function (this: object, ...args: [unknown, Pg.QueryResult]) {
                resolve([this.constructor.name, args.length, args[0], args[1].rows]);
              } as never);
            }),
        ),
        await endingOf(
          () =>
            new Promise((resolve) => {
              client.query('SELEC', function (this: object, ...args: [Error]) {
                resolve([this.constructor.name, args.length, args[0].message]);
              } as never);
            }),
        ),
      ];
      client.release();
      const counters = [pool.totalCount, pool.idleCount, pool.waitingCount];
      await pool.end();
      const after = [
        await endingOf(() => pool.query('SELECT 1')),
        await endingOf(() => pool.connect()),
        await endingOf(() => pool.end()),
      ];
      return { order, failure, endings, counters, after };
    };
    const plain = await seen(false);
    expect(await seen(true)).toEqual(plain);
    // The newest one gives an error the place where the query was made.
    if (age === 'newest') expect(plain.failure).toContain('failsHere');
  });

  test('twice is once, other instances stay as they are, and other metrics count beside', async (context) => {
    const { pool, metrics, levels, url } = await start(context);
    const prototypes = [pg.Client.prototype.query, pg.Pool.prototype.connect, pg.Pool.prototype.query];
    const registry = createRegistry();
    const beside = databaseMetrics({ registry });
    expect(instrumentPool(pool, { metrics })).toBe(pool);
    instrumentPool(pool, { metrics: { ...metrics } });
    instrumentPool(pool, { metrics: beside });
    instrumentPool(pool, { metrics: databaseMetrics({ registry }) });
    const client = await pool.connect();
    instrumentClient(client, { metrics });
    expect(await counted(metrics, () => client.query('SELECT 1'))).toEqual({ 'select none': 1 });
    client.release();
    expect(await counted(beside, () => pool.query('SELECT 1'))).toEqual({ 'select none': 1, wait: 1 });
    expect(await levels()).toMatchObject({ active: 0, idle: 1, max: 10 });
    const early = new pg.Pool({ connectionString: url, max: 1 });
    await early.query('SELECT 1');
    instrumentPool(early, { metrics });
    expect(await counted(metrics, () => early.query('SELECT 1'))).toEqual({ 'select none': 1, wait: 1 });
    await early.end();
    const untouched = new pg.Pool({ connectionString: url });
    expect(await counted(metrics, () => untouched.query('SELECT 1'))).toEqual({});
    await untouched.end();
    expect([pg.Client.prototype.query, pg.Pool.prototype.connect, pg.Pool.prototype.query]).toEqual(
      prototypes,
    );
  });

  test('queries of a new connection are measured, and a lone client is', async (context) => {
    const { url } = await server(context);
    const { metrics, levels } = subject();
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    pool.on('connect', (client) => void client.query("SET search_path TO 'public'"));
    instrumentPool(pool, { metrics });
    expect(await counted(metrics, () => pool.query('SELECT 1'))).toEqual({
      'set none': 1,
      'select none': 1,
      wait: 1,
    });
    await pool.end();
    const lone = instrumentClient(new pg.Client({ connectionString: url }), { metrics });
    await lone.connect();
    expect(await counted(metrics, () => lone.query('SELECT 1'))).toEqual({ 'select none': 1 });
    expect(await levels()).toEqual({ active: 0, idle: 0, waiting: 0, max: 0 });
    await lone.end();
  });

  if (age === 'newest' || process.env.BINNACLE_SOAK === '1')
    test('a server that is killed and comes back', async (context) => {
      const own = await postgresServer(context);
      const { metrics, levels } = subject();
      const pool = new pg.Pool({ connectionString: own.url, max: 3 });
      const lost: Error[] = [];
      pool.on('error', (error) => lost.push(error));
      context.onTestFinished(() => void pool.end());
      instrumentPool(pool, { metrics });
      const busy = await pool.connect();
      const idle = await Promise.all([pool.connect(), pool.connect()]);
      for (const client of idle) client.release();
      expect(await levels()).toEqual({ active: 1, idle: 2, waiting: 0, max: 3 });
      busy.on('error', () => {});
      const observer = new pg.Client({ connectionString: own.url });
      observer.on('error', () => {});
      await observer.connect();
      const killed = await counted(metrics, async () => {
        const sleeping = busy.query('SELECT pg_sleep(60) FROM pg_class').catch((error: Error) => error);
        // It is under way when another connection sees it.
        const running = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
        await expect.poll(async () => (await observer.query(running)).rowCount).toBe(1);
        await own.kill();
        expect(await sleeping).toBeInstanceOf(Error);
        await expect.poll(() => lost.length).toBe(2);
        busy.release(true);
      });
      // The query, and the two connections that nobody used.
      expect(killed).toEqual({ 'select pg_class': 1, 'error connection': 3 });
      const down = await counted(metrics, () => Promise.allSettled([1, 2].map(() => pool.query('SELECT 1'))));
      expect(down).toEqual({ 'error connection': 2, wait: 2 });
      expect(await levels()).toEqual({ active: 0, idle: 0, waiting: 0, max: 3 });
      await own.start();
      expect(await counted(metrics, () => pool.query('SELECT 1'))).toEqual({ 'select none': 1, wait: 1 });
    });
});

interface Emitting {
  on(event: string, listener: (value: unknown) => void): void;
}

/** Its name is looked for in the stack. */
async function failsHere(client: Pg.PoolClient): Promise<string | undefined> {
  try {
    await client.query('SELECT nothing');
  } catch (error) {
    return (error as Error).stack
      ?.replaceAll(/:\d+:\d+/g, '')
      .split('\n')
      .filter((line) => !/wrapping|dist.pg/.test(line))
      .join('\n');
  }
  return undefined;
}

/** What a cursor is to a client, as far as it goes. */
interface Wire {
  parse(message: object, more?: boolean): void;
  bind(message: object, more?: boolean): void;
  describe(message: object, more?: boolean): void;
  execute(message: object, more?: boolean): void;
  flush(): void;
  sync(): void;
}

/** Reads the rows of a statement page by page. */
class Cursor {
  readonly text: string;
  #wire: Wire | undefined;
  #rows: unknown[] = [];
  #page: ((rows: unknown[]) => void) | undefined;

  constructor(text: string) {
    this.text = text;
  }

  submit(wire: Wire): void {
    this.#wire = wire;
    wire.parse({ text: this.text }, true);
    wire.bind({ portal: '', values: [] }, true);
    wire.describe({ type: 'P', name: '' }, true);
    wire.flush();
  }

  read(rows: number): Promise<unknown[]> {
    return new Promise((resolve) => {
      this.#page = resolve;
      this.#wire?.execute({ portal: '', rows }, true);
      this.#wire?.flush();
    });
  }

  handleRowDescription(): void {}
  handleDataRow(message: { fields: unknown }): void {
    this.#rows.push(message.fields);
  }
  handlePortalSuspended(): void {
    this.#page?.(this.#rows.splice(0));
  }
  handleCommandComplete(): void {
    this.#wire?.sync();
  }
  handleReadyForQuery(): void {
    this.#page?.(this.#rows.splice(0));
  }
  handleError(error: Error): void {
    throw error;
  }
}

test('a pool that is forgotten before it has ended is not kept', () => {
  const program = fileURLToPath(new URL('../fixtures/pg-forgotten.mjs', import.meta.url));
  const said = execFileSync(process.execPath, ['--expose-gc', program], { encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual({ before: 7, after: 0, collects: false });
});

test.for(['client', 'pool'])(
  'a failure that nobody waits for ends the process, through the %s',
  async (through, context) => {
    const { url } = await server(context);
    const program = fileURLToPath(new URL('../fixtures/pg-floating.mjs', import.meta.url));
    const run = (measured: string) =>
      promisify(execFile)(process.execPath, [program], {
        env: { ...process.env, PG_URL: url, MEASURED: measured, THROUGH: through },
      }).catch((error: { code: number; stdout: string }) => `${error.code} ${error.stdout}`);
    const plain = await run('0');
    expect(plain).toBe('7 unhandled: column "nothing" does not exist\n');
    expect(await run('1')).toBe(plain);
  },
);

describe('databaseMetrics', () => {
  test('has the names and labels of a service that had its own', () => {
    const registry = createRegistry();
    const transcripts = databaseMetrics({
      registry,
      names: {
        duration: 'db_query_duration_seconds',
        errors: 'db_errors_total',
        connections: 'db_connections_active',
        idle: false,
        waiting: false,
        connectionsMax: false,
        wait: false,
      },
      labels: { table: false },
    });
    expectTypeOf(transcripts.duration).toEqualTypeOf<
      Histogram<{ readonly operation: OpenLabel }, 'seconds'>
    >();
    expectTypeOf(transcripts.idle).toEqualTypeOf<undefined>();
    expectTypeOf(transcripts).toExtend<DatabaseParts>();
    recorderOf(transcripts, {}).of('SELECT * FROM users')?.observe(0.002);
    recorderOf(transcripts, {}).of('SELECT * FROM orders')?.observe(0.002);
    recorderOf(transcripts, {}).error('deadlock');
    expect(value(transcripts.duration, { operation: 'select' }).count).toBe(2);
    expect(value(transcripts.errors, { error_type: 'deadlock' })).toBe(1);
    expect(
      [...registry.series()].map(({ shape }) => shape.name).filter((name, i, all) => all.indexOf(name) === i),
    ).toEqual(
      expect.arrayContaining(['db_query_duration_seconds', 'db_errors_total', 'db_connections_active']),
    );
    const renamed = databaseMetrics({
      registry: createRegistry(),
      labels: { operation: 'verb', table: 'relation', error_type: 'reason' },
    });
    recorderOf(renamed, {}).of('SELECT * FROM users')?.observe(0.002);
    recorderOf(renamed, {}).error('busy');
    expect(value(renamed.duration, { verb: 'select', relation: 'users' }).count).toBe(1);
    expect(value(renamed.errors, { reason: 'busy' })).toBe(1);
  });

  test('declares the families of a service without a database, with no series of operations', () => {
    const registry = createRegistry();
    const names = { errors: false, idle: false, waiting: false, connectionsMax: false, wait: false } as const;
    const metrics = databaseMetrics({ registry, names });
    expect(registry.defines('database_operation_duration_seconds')).toBe(true);
    expect([...registry.series()].map(({ shape }) => shape.name)).toEqual(['database_connections_active']);
    const { buckets } = value(metrics.duration, { operation: 'x', table: 'y' });
    expect(Object.keys(buckets).sort()).toEqual([...DEFAULT_DATABASE_BUCKETS.map(String), '+Inf'].sort());
    expect(DEFAULT_DATABASE_BUCKETS).toEqual([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5]);
    // What was left out is not counted, and disturbs nothing.
    recorderOf(metrics, {}).error('other');
    expect(databaseMetrics({ registry, names }).duration).toBe(metrics.duration);
    counter({ name: 'taken_total', help: 'Taken', labels: { a: label }, registry });
    expect(() => databaseMetrics({ registry, names: { errors: 'taken_total' } })).toThrow('defined twice');
  });

  test('is what the watch of databases takes', () => {
    const watch = databaseWatch(databaseMetrics({ registry: createRegistry() }));
    expect(watch.rows.flatMap(({ panels }) => panels.map(({ title }) => title))).toEqual([
      'Operations',
      'Errors',
      'Duration',
      'Slowest operations',
      'Wait for a connection',
      'Connections in use',
    ]);
    const few = databaseWatch(
      databaseMetrics({ registry: createRegistry(), names: { errors: false, wait: false, waiting: false } }),
    );
    expect(few.rows.flatMap(({ panels }) => panels.map(({ title }) => title))).toEqual([
      'Operations',
      'Duration',
      'Slowest operations',
      'Connections in use',
    ]);
  });
});

describe('what the labels can be', () => {
  const series = (metrics: DatabaseMetrics) =>
    [...registryOf(metrics).series()].filter(
      ({ shape }) => shape.type === 'histogram' && shape.labelNames.length > 0,
    ).length;
  const registries = new WeakMap<object, ReturnType<typeof createRegistry>>();
  const registryOf = (metrics: object) => registries.get(metrics)!;
  const made = (): DatabaseMetrics => {
    const registry = createRegistry();
    const metrics = databaseMetrics({ registry });
    registries.set(metrics, registry);
    return metrics;
  };
  const count = (metrics: DatabaseMetrics, operation: string, table: string) =>
    value(metrics.duration, { operation, table }).count;

  test('has a bound, whatever texts come', () => {
    const metrics = made();
    const recorder = recorderOf(metrics, {});
    const texts = 3 * STATEMENTS_MAX;
    for (let i = 0; i < texts; i++) {
      recorder.of(`SELECT * FROM table_${i} WHERE id = ${i}`)?.observe(0.1);
      // One that is always there stays, and counts in the same series.
      recorder.of('SELECT * FROM table_0')?.observe(0.1);
    }
    expect(count(metrics, 'select', 'table_0')).toBe(texts + 1);
    expect(count(metrics, 'select', `table_${TABLES_MAX - 1}`)).toBe(1);
    expect(count(metrics, 'select', 'other')).toBe(texts - TABLES_MAX);
    expect(series(metrics)).toBe(TABLES_MAX + 1);
    const long = `SELECT * FROM table_1 WHERE name = '${'x'.repeat(STATEMENT_CHARACTERS_MAX)}'`;
    recorder.of(long)?.observe(0.1);
    expect(count(metrics, 'select', 'table_1')).toBe(2);
    for (let i = 0; i < texts; i++) recorder.ofPrepared(`p${i}`, 'SELECT * FROM table_2')?.observe(0.1);
    expect(count(metrics, 'select', 'table_2')).toBe(texts + 1);
  });

  test('can be said: the tables that there are, and what a text is called', () => {
    const metrics = made();
    const recorder = recorderOf(metrics, { tables: ['users'] });
    recorder.of('SELECT * FROM users')?.observe(0.1);
    recorder.of('SELECT * FROM orders')?.observe(0.1);
    recorder.of('SELECT 1')?.observe(0.1);
    expect([count(metrics, 'select', 'users'), count(metrics, 'select', 'other')]).toEqual([1, 1]);
    expect(count(metrics, 'select', 'none')).toBe(1);

    const named = made();
    const asked: string[] = [];
    const own = recorderOf(named, {
      name: (text) => {
        asked.push(text);
        if (text === 'throws') throw new Error('no');
        const known = /-- (\w+)/.exec(text)?.[1];
        return known === undefined ? undefined : { operation: known, table: 'x'.repeat(1000) };
      },
    });
    for (let i = 0; i < 3; i++) own.of('SELECT * FROM users -- list')?.observe(0.1);
    own.of('SELECT * FROM users')?.observe(0.1);
    own.of('throws')?.observe(0.1);
    expect(asked).toEqual(['SELECT * FROM users -- list', 'SELECT * FROM users', 'throws']);
    expect(count(named, 'list', 'x'.repeat(63))).toBe(3);
    expect(count(named, 'select', 'users')).toBe(1);
    expect(count(named, 'other', 'none')).toBe(1);
    for (let i = 0; i < 200; i++) own.of(`-- o${i}`)?.observe(0.1);
    // list, select and other were first.
    expect(series(named)).toBe(OPERATIONS_MAX + 1);
  });
});
