import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue, Worker } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import type { createClient, createCluster } from 'redis';
import { afterEach, describe, expect, type TestContext, test, vi } from 'vitest';
import { redisServer, type TestServer } from '../../../../test/servers.ts';
import { cacheWatch, databaseWatch } from '../../../blueprint/dist/index.js';
import { createRegistry } from '../../dist/index.js';
import { errorTypeOf } from '../../dist/redis/errors.js';
import { instrumentRedis, OTHER_COMMAND, type RedisInstrument, redisMetrics } from '../../dist/redis.js';
import { changes, value } from '../../dist/testing.js';
import { AGES, type Age, library } from '../libraries/library.ts';

// Each test starts servers.
vi.setConfig({ testTimeout: 180_000 });

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

type Ioredis = { readonly Redis: typeof Redis; readonly Cluster: typeof Cluster };

/** A client of ioredis that is ready and measured; what it sends on connecting is not counted any more. */
async function ioredis(context: TestContext, age: Age, options: object = {}) {
  const server = await redisServer(context);
  // The oldest one has its class as default export only.
  const loaded = await library<Ioredis & { readonly default: typeof Redis }>(age, 'ioredis');
  const Client = loaded.Redis ?? loaded.default;
  const client = new Client(server.port, '127.0.0.1', { retryStrategy: () => 20, ...options });
  endings.push(() => client.disconnect());
  client.on('error', () => {});
  await once(client, 'ready');
  const metrics = redisMetrics({ registry: createRegistry() });
  const measuring = instrumentRedis(client, { metrics });
  return { server, client, metrics, measuring, Client };
}

/** A client of node-redis that is ready and measured. */
async function nodeRedis(context: TestContext, age: Age, options: object = {}) {
  // It does not wait until a server that was started again has loaded what it kept, so there is nothing to load.
  const server = await redisServer(context, '--appendonly', 'no');
  const loaded = await library<{ readonly createClient: typeof createClient }>(age, 'redis');
  const client = loaded.createClient({
    url: server.url,
    socket: { reconnectStrategy: () => 20 },
    ...options,
  }) as unknown as Any;
  client.on('error', () => {});
  await client.connect();
  endings.push(() => client.disconnect().catch(() => {}));
  const metrics = redisMetrics({ registry: createRegistry() });
  const measuring = instrumentRedis(client, { metrics });
  return { server, client, metrics, measuring };
}

/** What is used of clients whose types differ from major to major. */
interface Any {
  on(event: string, listener: (error: unknown) => void): void;
  sendCommand(args: readonly string[]): Promise<unknown>;
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  duplicate(): Any;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<string | null>;
  GET(key: string): Promise<string | null>;
  mGet(keys: readonly string[]): Promise<unknown>;
  hGet(key: string, field: string): Promise<unknown>;
  lPush(key: string, value: string): Promise<unknown>;
  blPop(key: string, seconds: number): Promise<unknown>;
  xRead(streams: object, options: object): Promise<unknown>;
  incr(key: string): Promise<number>;
  clientGetName(): Promise<unknown>;
  multi(): AnyMulti;
  publish(channel: string, message: string): Promise<number>;
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  watch(key: string): Promise<unknown>;
  readonly isReady: boolean;
}
interface AnyMulti {
  set(key: string, value: string): AnyMulti;
  get(key: string): AnyMulti;
  lPush(key: string, value: string): AnyMulti;
  exec(): Promise<unknown[]>;
  execAsPipeline(): Promise<unknown[]>;
}

/** What `work` adds, without sums of durations. */
async function counted(metrics: object, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const all = await changes(metrics, work);
  return Object.fromEntries(Object.entries(all).filter(([series]) => !/_sum(?:\{|$)/.test(series)));
}

const took = (command: string) => `redis_command_duration_seconds_count{command="${command}"}`;
const waited = (command: string) => `redis_blocking_commands_total{command="${command}"}`;
const error = (type: string) => `redis_errors_total{error_type="${type}"}`;
const HITS = 'redis_hits_total';
const MISSES = 'redis_misses_total';

describe.each(AGES)('the %s ioredis', (age) => {
  test('has each command counted once, and its results and errors as they were', async (context) => {
    const { client, metrics } = await ioredis(context, age);
    const result = await counted(metrics, async () => {
      expect(await client.set('a', '1')).toBe('OK');
      expect(await client.get('a')).toBe('1');
      expect(await client.getBuffer('a')).toEqual(Buffer.from('1'));
      expect(await client.get('none')).toBeNull();
      expect(await client.mget('a', 'none', 'a')).toEqual(['1', null, '1']);
      expect(await client.call('GET', 'a')).toBe('1');
      expect(await client.client('SETNAME', 'me')).toBe('OK');
      await expect(client.lpush('a', 'x')).rejects.toThrow(/^WRONGTYPE/);
      await expect(client.call('nonsense')).rejects.toThrow(/^ERR unknown/);
      const fromCallback = await new Promise((resolve) => {
        client.get('a', (failure, reply) => resolve([failure, reply]));
      });
      expect(fromCallback).toEqual([null, '1']);
    });
    expect(result).toEqual({
      [took('set')]: 1,
      [took('get')]: 5,
      [took('mget')]: 1,
      [took('client')]: 1,
      [took('lpush')]: 1,
      [took(OTHER_COMMAND)]: 1,
      [error('wrongtype')]: 1,
      [error('err')]: 1,
      [HITS]: 6,
      [MISSES]: 2,
    });
  });

  test('has pipelines, transactions and scripts counted by their commands', async (context) => {
    const { client, metrics } = await ioredis(context, age);
    client.defineCommand('twice', { numberOfKeys: 1, lua: 'return redis.call("incrby", KEYS[1], 2)' });
    const result = await counted(metrics, async () => {
      expect(await client.pipeline().set('a', 'x').get('a').incr('a').exec()).toEqual([
        [null, 'OK'],
        [null, 'x'],
        [expect.objectContaining({ message: expect.stringMatching(/^ERR/) })],
      ]);
      expect(await client.multi().set('b', '1').lpush('b', '1').get('b').exec()).toEqual([
        [null, 'OK'],
        [expect.objectContaining({ message: expect.stringMatching(/^WRONGTYPE/) })],
        [null, '1'],
      ]);
      const twice = (client as unknown as { twice(key: string): Promise<number> }).twice.bind(client);
      expect(await twice('n')).toBe(2);
      expect(await twice('n')).toBe(4);
      await client.script('FLUSH');
      expect(await twice('n')).toBe(6);
    });
    expect(result).toEqual({
      [took('set')]: 2,
      [took('get')]: 2,
      [took('incr')]: 1,
      [took('multi')]: 1,
      [took('lpush')]: 1,
      [took('exec')]: 1,
      [took('script')]: 1,
      // The first on a connection is sent whole; after the flush the hash is unknown, and it is sent whole again.
      [took('eval')]: 2,
      [took('evalsha')]: 2,
      [error('err')]: 1,
      [error('wrongtype')]: 1,
      [error('noscript')]: 1,
      [HITS]: 1,
    });
  });

  test('has waiting commands beside the durations', async (context) => {
    const { client, metrics } = await ioredis(context, age);
    const result = await counted(metrics, async () => {
      expect(await client.blpop('empty', 0.01)).toBeNull();
      expect(await client.xread('COUNT', 1, 'BLOCK', 10, 'STREAMS', 'none', '$')).toBeNull();
      expect(await client.xread('COUNT', 1, 'STREAMS', 'none', '0')).toBeNull();
    });
    expect(result).toEqual({ [waited('blpop')]: 1, [waited('xread')]: 1, [took('xread')]: 1 });
  });

  test('has commands of automatic pipelines and of subscribers counted', async (context) => {
    const { client, metrics, Client, server } = await ioredis(context, age, { enableAutoPipelining: true });
    const heard: string[] = [];
    const subscriber = new Client(server.port, '127.0.0.1');
    endings.push(() => subscriber.disconnect());
    await subscriber.ping();
    instrumentRedis(subscriber, { metrics });
    subscriber.on('message', (_channel, message) => heard.push(message));
    const result = await counted(metrics, async () => {
      await Promise.all([client.set('a', '1'), client.set('b', '2'), client.incr('a')]);
      await subscriber.subscribe('news');
      expect(await client.publish('news', 'here')).toBe(1);
      await expect.poll(() => heard).toEqual(['here']);
    });
    expect(result).toEqual({
      [took('set')]: 2,
      [took('incr')]: 1,
      [took('subscribe')]: 1,
      [took('publish')]: 1,
    });
  });

  test('has its connection followed while the server goes and comes', async (context) => {
    const { client, metrics, server } = await ioredis(context, age, { maxRetriesPerRequest: null });
    expect([value(metrics.connections), value(metrics.down), value(metrics.waiting)]).toEqual([1, 0, 0]);
    await server.kill();
    await expect.poll(() => value(metrics.down)).toBe(1);
    expect(value(metrics.connections)).toBe(0);
    const later = client.set('a', '1');
    const alsoLater = client.get('a');
    expect(value(metrics.waiting)).toBe(2);
    expect(value(metrics.duration, { command: 'set' }).count).toBe(0);
    // The first attempt to connect again fails.
    await expect.poll(() => value(metrics.errors, { error_type: 'socket' })).toBeGreaterThan(0);
    await server.start();
    expect(await later).toBe('OK');
    expect(await alsoLater).toBe('1');
    expect(value(metrics.duration, { command: 'set' }).count).toBe(1);
    await expect.poll(() => value(metrics.connections)).toBe(1);
    expect([value(metrics.down), value(metrics.waiting), value(metrics.reconnects)]).toEqual([0, 0, 1]);
    await client.quit();
    await expect.poll(() => value(metrics.connections)).toBe(0);
    expect(value(metrics.down)).toBe(0);
  });

  test('has commands that find no connection counted as such', async (context) => {
    const { client, metrics, server } = await ioredis(context, age, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
    const waiting = client.blpop('empty', 0);
    const failing = expect(waiting).rejects.toThrow();
    const copy = client.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
    copy.on('error', () => {});
    endings.push(() => copy.disconnect());
    await expect.poll(() => copy.client('LIST')).toMatch(/cmd=blpop/);
    await server.kill();
    await failing;
    await expect.poll(() => value(metrics.down)).toBe(1);
    await expect(client.get('a')).rejects.toThrow(/writeable/);
    expect(value(metrics.errors, { error_type: 'connection' })).toBe(2);
    expect(value(metrics.waiting)).toBe(0);
  });

  test('is measured from before it connects', async (context) => {
    const server = await redisServer(context);
    const { Client } = await ioredis(context, age);
    const client = new Client(server.port, '127.0.0.1', { lazyConnect: true });
    endings.push(() => client.disconnect());
    const metrics = redisMetrics({ registry: createRegistry() });
    instrumentRedis(client, { metrics });
    expect([value(metrics.connections), value(metrics.down), value(metrics.waiting)]).toEqual([0, 0, 0]);
    const first = client.set('a', '1');
    expect(value(metrics.waiting)).toBe(1);
    await first;
    await expect.poll(() => value(metrics.connections)).toBe(1);
    expect([value(metrics.down), value(metrics.waiting), value(metrics.reconnects)]).toEqual([0, 0, 0]);
    expect(value(metrics.duration, { command: 'set' }).count).toBe(1);
  });

  test('has a command that takes too long counted once, as that', async (context) => {
    const { client, metrics, Client, server } = await ioredis(context, age);
    const result = await counted(metrics, async () => {
      // Of this one command: others may take their time.
      client.options.commandTimeout = 50;
      const late = client.blpop('empty', 0);
      delete client.options.commandTimeout;
      await expect(late).rejects.toThrow('timed out');
      const other = new Client(server.port, '127.0.0.1');
      await other.lpush('empty', 'x');
      // The late answer of the one comes before this one's.
      await other.client('LIST');
      other.disconnect();
      await client.ping();
    });
    expect(result).toEqual({ [waited('blpop')]: 1, [took('ping')]: 1, [error('timeout')]: 1 });
  });

  test('leaves a rejection that nobody handles to the process', async (context) => {
    const { client } = await ioredis(context, age);
    await client.set('a', '1');
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const unhandled: unknown[] = [];
    process.on('unhandledRejection', (reason) => unhandled.push(reason));
    try {
      client.lpush('a', 'x');
      await expect.poll(() => unhandled.length).toBe(1);
      expect(String(unhandled[0])).toMatch(/WRONGTYPE/);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of before) process.on('unhandledRejection', listener);
    }
  });

  test('is measured once, and as it was when it is stopped', async (context) => {
    const { client, metrics, measuring } = await ioredis(context, age);
    expect(instrumentRedis(client, { metrics })).toBe(measuring);
    expect(await counted(metrics, () => client.ping())).toEqual({ [took('ping')]: 1 });
    const copy = client.duplicate();
    endings.push(() => copy.disconnect());
    expect(await counted(metrics, () => copy.ping())).toEqual({});
    measuring.stop();
    measuring.stop();
    expect(Object.hasOwn(client, 'sendCommand')).toBe(false);
    expect(await counted(metrics, () => client.ping())).toEqual({});
    expect(value(metrics.connections)).toBe(0);
    instrumentRedis(client, { metrics });
    expect(await counted(metrics, () => client.ping())).toEqual({ [took('ping')]: 1 });
  });

  test('is measured as a cluster', async (context) => {
    const server = await clusterOfOne(context);
    const loaded = await library<Ioredis & { readonly default: { readonly Cluster: typeof Cluster } }>(
      age,
      'ioredis',
    );
    const cluster = new (loaded.Cluster ?? loaded.default.Cluster)([
      { host: '127.0.0.1', port: server.port },
    ]);
    endings.push(() => cluster.disconnect());
    await expect.poll(() => cluster.status).toBe('ready');
    const metrics = redisMetrics({ registry: createRegistry() });
    instrumentRedis(cluster, { metrics });
    const result = await counted(metrics, async () => {
      await cluster.set('a', '1');
      expect(await cluster.pipeline().get('a').get('a').exec()).toEqual([
        [null, '1'],
        [null, '1'],
      ]);
      await expect(cluster.lpush('a', '1')).rejects.toThrow(/^WRONGTYPE/);
    });
    expect(result).toEqual({
      [took('set')]: 1,
      [took('get')]: 2,
      [took('lpush')]: 1,
      [error('wrongtype')]: 1,
      [HITS]: 2,
    });
    expect(value(metrics.connections)).toBe(1);
  });

  test('carries BullMQ', async (context) => {
    const { client, metrics } = await ioredis(context, age, { maxRetriesPerRequest: null });
    const bullmq = await library<{ readonly Queue: typeof Queue; readonly Worker: typeof Worker }>(
      age,
      'bullmq',
    );
    const queue = new bullmq.Queue('work', { connection: client as never });
    endings.push(() => queue.close());
    const done: unknown[] = [];
    const worker = new bullmq.Worker('work', async (job) => void done.push(job.data), {
      connection: client as never,
    });
    endings.push(() => worker.close());
    await queue.add('one', { n: 1 });
    await queue.add('two', { n: 2 });
    await expect.poll(() => done).toEqual([{ n: 1 }, { n: 2 }]);
    const scripts = () =>
      value(metrics.duration, { command: 'evalsha' }).count +
      value(metrics.duration, { command: 'eval' }).count;
    // Two jobs are added; the worker uses the same connection for all but waiting.
    await expect.poll(scripts).toBeGreaterThanOrEqual(4);
    expect(value(metrics.errors, { error_type: 'err' })).toBe(0);
  });
});

describe.each(AGES)('the %s node-redis', (age) => {
  const isOld = age === 'oldest';

  test('has each command counted once, and its results and errors as they were', async (context) => {
    const { client, metrics } = await nodeRedis(context, age);
    const result = await counted(metrics, async () => {
      expect(await client.set('a', '1')).toBe('OK');
      expect(await client.get('a')).toBe('1');
      expect(await client.GET('none')).toBeNull();
      expect(await client.mGet(['a', 'none', 'a'])).toEqual(['1', null, '1']);
      expect(await client.hGet('none', 'field')).toBeNull();
      expect(await client.sendCommand(['GET', 'a'])).toBe('1');
      expect(await client.clientGetName()).toBeNull();
      await expect(client.lPush('a', 'x')).rejects.toThrow(/^WRONGTYPE/);
      await expect(client.sendCommand(['nonsense'])).rejects.toThrow(/^ERR unknown/);
    });
    expect(result).toEqual({
      [took('set')]: 1,
      [took('get')]: 3,
      [took('mget')]: 1,
      [took('hget')]: 1,
      [took('client')]: 1,
      [took('lpush')]: 1,
      [took(OTHER_COMMAND)]: 1,
      [error('wrongtype')]: 1,
      [error('err')]: 1,
      [HITS]: 4,
      [MISSES]: 3,
    });
  });

  test('has pipelines and transactions counted by their commands', async (context) => {
    const { client, metrics } = await nodeRedis(context, age);
    const result = await counted(metrics, async () => {
      expect(await client.multi().set('a', 'x').get('a').get('none').execAsPipeline()).toEqual([
        'OK',
        'x',
        null,
      ]);
      expect(await client.multi().set('b', '1').get('b').exec()).toEqual(['OK', '1']);
    });
    expect(result).toEqual({
      [took('set')]: 2,
      [took('get')]: 3,
      [took('multi')]: 1,
      [took('exec')]: 1,
      [HITS]: 1,
      [MISSES]: 1,
    });
    const failing = await counted(metrics, async () => {
      await client
        .multi()
        .set('b', '1')
        .lPush('b', '1')
        .exec()
        .then(
          // The oldest one answers with the error among the replies.
          (replies) => expect(replies[1]).toBeInstanceOf(Error),
          () => {},
        );
      await client.watch('b');
      await client.sendCommand(['SET', 'c', '1']);
      const other = client.duplicate();
      other.on('error', () => {});
      await other.connect();
      await other.set('b', '2');
      await other.disconnect();
      await expect(client.multi().get('b').exec()).rejects.toThrow(/watched/);
    });
    expect(failing).toEqual({
      [took('multi')]: 2,
      [took('exec')]: 2,
      [took('set')]: 2,
      [took('lpush')]: 1,
      [took('get')]: 1,
      [took('watch')]: 1,
      [error('wrongtype')]: 1,
      [error('watch')]: 1,
    });
  });

  test('has waiting commands beside the durations', async (context) => {
    const { client, metrics } = await nodeRedis(context, age);
    const result = await counted(metrics, async () => {
      expect(await client.blPop('empty', 0.01)).toBeNull();
      expect(await client.xRead({ key: 'none', id: '$' }, { BLOCK: 10 })).toBeNull();
      expect(await client.xRead({ key: 'none', id: '0' }, { COUNT: 1 })).toBeNull();
    });
    expect(result).toEqual({ [waited('blpop')]: 1, [waited('xread')]: 1, [took('xread')]: 1 });
  });

  test('has subscriptions counted', async (context) => {
    const { client, metrics } = await nodeRedis(context, age);
    const subscriber = client.duplicate();
    subscriber.on('error', () => {});
    await subscriber.connect();
    endings.push(() => subscriber.disconnect());
    instrumentRedis(subscriber, { metrics });
    const heard: string[] = [];
    const result = await counted(metrics, async () => {
      await subscriber.subscribe('news', (message) => heard.push(message));
      expect(await client.publish('news', 'here')).toBe(1);
      await expect.poll(() => heard).toEqual(['here']);
      await subscriber.unsubscribe('news');
    });
    expect(result).toEqual({ [took('subscribe')]: 1, [took('unsubscribe')]: 1, [took('publish')]: 1 });
  });

  test('has its connection followed while the server goes and comes', async (context) => {
    const { client, metrics, server } = await nodeRedis(context, age);
    expect([value(metrics.connections), value(metrics.down), value(metrics.waiting)]).toEqual([1, 0, 0]);
    const waiting = client.blPop('empty', 0);
    const failing = expect(waiting).rejects.toThrow(/closed|ECONNRESET/);
    const copy = client.duplicate();
    copy.on('error', () => {});
    await copy.connect();
    endings.push(() => copy.disconnect().catch(() => {}));
    await expect.poll(async () => String(await copy.sendCommand(['CLIENT', 'LIST']))).toMatch(/cmd=blpop/);
    await server.kill();
    await failing;
    await expect.poll(() => value(metrics.down)).toBe(1);
    expect(value(metrics.errors, { error_type: 'connection' })).toBe(1);
    expect(value(metrics.connections)).toBe(0);
    const later = client.set('a', '1');
    const alsoLater = client.get('a');
    expect(value(metrics.waiting)).toBe(2);
    // The first attempt to connect again fails.
    await expect.poll(() => value(metrics.errors, { error_type: 'socket' })).toBeGreaterThan(0);
    await server.start();
    expect(await later).toBe('OK');
    expect(await alsoLater).toBe('1');
    await expect.poll(() => value(metrics.connections)).toBe(1);
    expect([value(metrics.down), value(metrics.waiting), value(metrics.reconnects)]).toEqual([0, 0, 1]);
    expect(value(metrics.duration, { command: 'set' }).count).toBe(1);
    await client.disconnect();
    await expect.poll(() => value(metrics.connections)).toBe(0);
    expect(value(metrics.down)).toBe(0);
    await expect(client.get('a')).rejects.toThrow(/closed/);
    expect(value(metrics.errors, { error_type: 'connection' })).toBe(2);
  });

  test('is measured from before it connects', async (context) => {
    const { client: other } = await nodeRedis(context, age);
    const client = other.duplicate();
    client.on('error', () => {});
    const metrics = redisMetrics({ registry: createRegistry() });
    instrumentRedis(client, { metrics });
    expect([value(metrics.connections), value(metrics.down), value(metrics.waiting)]).toEqual([0, 0, 0]);
    const connected = client.connect();
    const first = client.set('a', '1');
    expect(value(metrics.waiting)).toBe(1);
    await connected;
    endings.push(() => client.disconnect());
    await first;
    expect([value(metrics.connections), value(metrics.down), value(metrics.waiting)]).toEqual([1, 0, 0]);
    expect(value(metrics.reconnects)).toBe(0);
    expect(value(metrics.duration, { command: 'set' }).count).toBe(1);
  });

  test('leaves a rejection that nobody handles to the process', async (context) => {
    const { client } = await nodeRedis(context, age);
    await client.set('a', '1');
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const unhandled: unknown[] = [];
    process.on('unhandledRejection', (reason) => unhandled.push(reason));
    try {
      void client.sendCommand(['LPUSH', 'a', 'x']);
      await expect.poll(() => unhandled.length).toBe(1);
      await client.lPush('a', 'x').catch(() => {});
      await sleep(20);
      expect(unhandled.length).toBe(1);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of before) process.on('unhandledRejection', listener);
    }
  });

  test('is measured once, and as it was when it is stopped', async (context) => {
    const { client, metrics, measuring } = await nodeRedis(context, age);
    expect(instrumentRedis(client, { metrics })).toBe(measuring);
    expect(await counted(metrics, () => client.incr('n'))).toEqual({ [took('incr')]: 1 });
    const copy = client.duplicate();
    copy.on('error', () => {});
    await copy.connect();
    endings.push(() => copy.disconnect());
    expect(await counted(metrics, () => copy.incr('n'))).toEqual({});
    measuring.stop();
    expect(await counted(metrics, () => client.incr('n'))).toEqual({});
    expect(await counted(metrics, () => client.multi().set('a', '1').exec())).toEqual({});
    expect(value(metrics.connections)).toBe(0);
    instrumentRedis(client, { metrics });
    expect(await counted(metrics, () => client.incr('n'))).toEqual({ [took('incr')]: 1 });
  });

  test('is measured as a cluster', async (context) => {
    const server = await clusterOfOne(context);
    const loaded = await library<{ readonly createCluster: typeof createCluster }>(age, 'redis');
    const cluster = loaded.createCluster({ rootNodes: [{ url: server.url }] }) as unknown as Any;
    cluster.on('error', () => {});
    await cluster.connect();
    endings.push(() => cluster.disconnect());
    const metrics = redisMetrics({ registry: createRegistry() });
    instrumentRedis(cluster, { metrics });
    const result = await counted({ ...metrics, connections: undefined }, async () => {
      await cluster.set('a', '1');
      expect(await cluster.get('a')).toBe('1');
      await expect(cluster.lPush('a', '1')).rejects.toThrow(/^WRONGTYPE/);
      expect(await cluster.multi().get('a').exec()).toEqual(['1']);
    });
    expect(result).toEqual({
      [took('set')]: 1,
      [took('get')]: isOld ? 1 : 2,
      [took('lpush')]: 1,
      ...(isOld ? {} : { [took('multi')]: 1, [took('exec')]: 1 }),
      [error('wrongtype')]: 1,
      [HITS]: 1,
    });
    expect(value(metrics.connections)).toBe(1);
  });
});

test('the newest node-redis is measured through its proxies and as a pool', async (context) => {
  const { server, client, metrics } = await nodeRedis(context, 'newest');
  const typed = client as unknown as ReturnType<typeof createClient>;
  const first = await counted(metrics, async () => {
    await typed.withTypeMapping({}).set('a', '1');
    expect(await typed.asap().get('a')).toBe('1');
  });
  expect(first).toEqual({ [took('set')]: 1, [took('get')]: 1, [HITS]: 1 });
  const { createClientPool } = await library<typeof import('redis')>('newest', 'redis');
  const pool = createClientPool({ url: server.url }, { minimum: 2 });
  pool.on('error', () => {});
  await pool.connect();
  endings.push(() => pool.destroy());
  const pooled = redisMetrics({ registry: createRegistry() });
  instrumentRedis(pool, { metrics: pooled });
  const result = await counted({ ...pooled, connections: undefined }, async () => {
    expect(await pool.get('a')).toBe('1');
    expect(await pool.execute((one) => one.get('a'))).toBe('1');
    expect(await pool.multi().get('a').exec()).toEqual(['1']);
  });
  expect(result).toEqual({
    [took('get')]: 3,
    [took('multi')]: 1,
    [took('exec')]: 1,
    [HITS]: 2,
  });
});

test.each([
  [Object.assign(new Error('WRONGTYPE Operation against a key'), { name: 'ReplyError' }), 'wrongtype'],
  [new Error('OOM command not allowed when used memory > maxmemory'), 'oom'],
  [new Error("READONLY You can't write against a read only replica."), 'readonly'],
  [new Error('MOVED 3999 127.0.0.1:6381'), 'moved'],
  [new Error('BUSY Redis is busy running a script'), 'busy'],
  [new Error('STRANGE things'), 'other'],
  [Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }), 'connection'],
  [Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }), 'timeout'],
  [new Error('Connection is closed.'), 'connection'],
  [new Error('Command aborted due to connection close'), 'connection'],
  [new Error('Reached the max retries per request limit (which is 20).'), 'connection'],
  [new Error('Socket closed unexpectedly'), 'connection'],
  [new Error('The client is closed'), 'connection'],
  [new Error('Disconnects client'), 'connection'],
  [new Error('None of startup nodes is available'), 'connection'],
  [new Error('Command timed out'), 'timeout'],
  [new Error('Connection timeout'), 'timeout'],
  [new Error('The command was aborted'), 'aborted'],
  [new Error('One (or more) of the watched keys has been changed'), 'watch'],
  [new Error('Connection in subscriber mode, only subscriber commands may be used'), 'other'],
  ['a text', 'other'],
  [undefined, 'other'],
])('the error %s is of the kind %s', (failure, type) => {
  expect(errorTypeOf(failure)).toBe(type);
});

test('what is no client is refused', () => {
  expect(() => instrumentRedis({} as never)).toThrow(/takes a client of ioredis or node-redis/);
});

test('parts and labels are called otherwise or left out, and counting goes on', async (context) => {
  const { client, measuring } = await ioredis(context, 'newest');
  measuring.stop();
  const metrics = redisMetrics({
    registry: createRegistry(),
    names: { duration: 'cache_seconds', hits: false, misses: false, waiting: false },
    labels: { command: false, error_type: 'code' },
  });
  expect(metrics.hits).toBeUndefined();
  instrumentRedis(client, { metrics });
  await client.get('none');
  await expect(client.call('nonsense')).rejects.toThrow();
  expect(value(metrics.duration).count).toBe(2);
  expect(value(metrics.errors, { code: 'err' })).toBe(1);
  const instrument: RedisInstrument = metrics;
  expect(instrument.duration).toBe(metrics.duration);
});

test('the watches of databases and caches take the metrics', () => {
  const metrics = redisMetrics({ registry: createRegistry() });
  const database = databaseWatch(metrics, { by: 'command' });
  expect(JSON.stringify(database)).toContain('redis_command_duration_seconds');
  expect(JSON.stringify(database)).toContain('redis_connections');
  const cache = cacheWatch({ hits: metrics.hits, misses: metrics.misses });
  expect(JSON.stringify(cache)).toContain('redis_misses_total');
  const few = redisMetrics({ registry: createRegistry(), names: { errors: false, connections: false } });
  expect(JSON.stringify(databaseWatch(few))).not.toContain('redis_errors_total');
});

/** A cluster that has one server, with all slots. */
let sharedCluster: TestServer | undefined;

/** One for all tests, since it takes its time to be one. */
async function clusterOfOne(context: TestContext): Promise<TestServer> {
  sharedCluster ??= await newCluster(context);
  return sharedCluster;
}

async function newCluster(context: TestContext): Promise<TestServer> {
  const server = await redisServer(context, '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  const { Redis: Client } = await library<Ioredis>('newest', 'ioredis');
  const admin = new Client(server.port, '127.0.0.1', { enableReadyCheck: false });
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await expect.poll(async () => String(await admin.call('CLUSTER', 'INFO'))).toMatch(/cluster_state:ok/);
  admin.disconnect();
  return server;
}
