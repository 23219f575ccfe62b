/**
 * The real driver, in its oldest and its newest supported major, against a stand-in that speaks MongoDB's wire
 * protocol: see `mongodb-stand-in.ts`. No MongoDB takes part.
 */
import type { MongoClient } from 'mongodb';
import { afterEach, describe, expect, test } from 'vitest';
import { databaseWatch } from '../../../blueprint/dist/index.js';
import { createRegistry } from '../../dist/index.js';
import { COLLECTIONS_MAX, instrumentMongo, mongoMetrics, NO_COLLECTION, OTHER } from '../../dist/mongodb.js';
import { changes, value } from '../../dist/testing.js';
import { AGES, type Age, library } from '../libraries/library.ts';
import { mongoStandIn } from './mongodb-stand-in.ts';

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(age: Age, options: object = {}) {
  const server = await mongoStandIn();
  endings.push(() => server.close());
  const mongodb = await library<{ readonly MongoClient: typeof MongoClient }>(age, 'mongodb');
  const client = new mongodb.MongoClient(server.url, {
    monitorCommands: true,
    maxPoolSize: 3,
    retryReads: false,
    retryWrites: false,
    ...options,
  });
  endings.push(() => client.close());
  const metrics = mongoMetrics({ registry: createRegistry() });
  const measuring = instrumentMongo(client, { metrics });
  return {
    server,
    client,
    metrics,
    measuring,
    users: client.db('test').collection<{ _id: number }>('users'),
  };
}

/** What `work` adds to durations and errors, without sums. */
async function counted(
  { duration, errors }: { readonly duration: object; readonly errors: object },
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const all = await changes({ duration, errors }, work);
  return Object.fromEntries(Object.entries(all).filter(([series]) => !/_sum\{/.test(series)));
}

const took = (operation: string, collection: string) =>
  `mongodb_command_duration_seconds_count{operation="${operation}",collection="${collection}"}`;
const error = (type: string) => `mongodb_errors_total{error_type="${type}"}`;

describe.each(AGES)('the %s driver', (age) => {
  test('has each command counted once, by operation and collection', async () => {
    const { client, metrics, users } = await start(age);
    const result = await counted(metrics, async () => {
      await client.connect();
      await users.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
      expect(await users.find({}, { batchSize: 2 }).toArray()).toEqual([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
      await users.updateMany({}, { $set: { seen: true } });
      expect(await users.aggregate([]).toArray()).toHaveLength(3);
      await client.db('test').collection('orders').deleteMany({});
      await client.db('test').command({ ping: 1 });
      await client.db('test').command({ weird: 'users' });
    });
    expect(result).toEqual({
      [took('insert', 'users')]: 1,
      [took('find', 'users')]: 1,
      [took('getMore', 'users')]: 1,
      [took('update', 'users')]: 1,
      [took('aggregate', 'users')]: 1,
      [took('delete', 'orders')]: 1,
      [took('ping', NO_COLLECTION)]: 1,
      [took(OTHER, 'users')]: 1,
    });
  });

  test('has errors counted by their kind, also those in answers that are none', async () => {
    const { server, metrics, users } = await start(age);
    const result = await counted(metrics, async () => {
      await users.insertOne({ _id: 1 });
      await expect(users.insertOne({ _id: 1 })).rejects.toThrow(/E11000/);
      server.failNext('find', { code: 50, codeName: 'MaxTimeMSExpired' });
      await expect(users.find().toArray()).rejects.toThrow(/MaxTimeMSExpired/);
      server.failNext('find', { code: 12_345, codeName: 'Strange' });
      await expect(users.find().toArray()).rejects.toThrow(/Strange/);
      server.failNext('update', 'close');
      await expect(users.updateMany({}, { $set: { a: 1 } })).rejects.toThrow(/closed/);
    });
    expect(result).toEqual({
      [took('insert', 'users')]: 2,
      [took('find', 'users')]: 2,
      [took('update', 'users')]: 1,
      [error('duplicate_key')]: 1,
      [error('timeout')]: 1,
      [error('other')]: 1,
      [error('connection')]: 1,
    });
  });

  test('has connections counted by what they do', async () => {
    const { server, client, metrics, users } = await start(age, { waitQueueTimeoutMS: 3_000 });
    const levels = () => [
      value(metrics.connections),
      value(metrics.idle),
      value(metrics.waiting),
      value(metrics.connectionsMax),
    ];
    await users.find().toArray();
    expect(levels()).toEqual([0, 1, 0, 3]);
    for (const round of [1, 2, 3]) {
      server.failNext('find', 'never answer');
      const one = users.find().toArray();
      endings.push(() => one);
      await expect.poll(levels).toEqual([round, 0, 0, 3]);
    }
    const fourth = users.find().toArray();
    const refused = expect(fourth).rejects.toThrow(/[Tt]imed out/);
    await expect.poll(levels).toEqual([3, 0, 1, 3]);
    await refused;
    expect(levels()).toEqual([3, 0, 0, 3]);
    expect(value(metrics.errors, { error_type: 'pool_timeout' })).toBe(1);
    server.release();
    await expect.poll(levels).toEqual([0, 3, 0, 3]);
    await client.close();
    await expect.poll(levels).toEqual([0, 0, 0, 0]);
  });

  test('has a server counted that goes, and comes again', async () => {
    const { server, client, metrics, users } = await start(age);
    await users.find().toArray();
    server.goAway();
    await expect.poll(() => value(metrics.errors, { error_type: 'heartbeat' })).toBeGreaterThan(0);
    server.comeBack();
    expect(await users.find().toArray()).toEqual([]);
    expect(value(metrics.duration, { operation: 'find', collection: 'users' }).count).toBe(2);
    expect([value(metrics.connections), value(metrics.idle)]).toEqual([0, 1]);
    await client.close();
    expect([value(metrics.connections), value(metrics.idle), value(metrics.connectionsMax)]).toEqual([
      0, 0, 0,
    ]);
  });

  test('has no more collections than are told apart', async () => {
    const { client, metrics } = await start(age);
    for (let i = 0; i < COLLECTIONS_MAX + 3; i++)
      await client.db('test').collection(`tenant_${i}`).find().toArray();
    expect(value(metrics.duration, { operation: 'find', collection: OTHER }).count).toBe(3);
    const last = { operation: 'find', collection: `tenant_${COLLECTIONS_MAX - 1}` };
    expect(value(metrics.duration, last).count).toBe(1);
  });

  test('is measured once, until it is stopped', async () => {
    const { client, metrics, measuring, users } = await start(age);
    expect(instrumentMongo(client, { metrics })).toBe(measuring);
    expect(await counted(metrics, () => users.find().toArray())).toEqual({ [took('find', 'users')]: 1 });
    measuring.stop();
    measuring.stop();
    expect(value(metrics.idle)).toBe(0);
    expect(client.listenerCount('commandStarted')).toBe(0);
    expect(await counted(metrics, () => users.find().toArray())).toEqual({});
  });
});

test('a client that does not tell of its commands is warned of once, and its connections are counted', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  endings.push(() => process.off('warning', listen));
  const { metrics, users } = await start('newest', { monitorCommands: false });
  await start('newest', { monitorCommands: false });
  expect(await counted(metrics, () => users.find().toArray())).toEqual({});
  expect(value(metrics.idle)).toBe(1);
  expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('monitorCommands: true')]);
});

test('parts and labels are called otherwise or left out', async () => {
  const { client, measuring, users } = await start('newest');
  measuring.stop();
  const metrics = mongoMetrics({
    registry: createRegistry(),
    names: { duration: 'db_seconds', waiting: false },
    labels: { collection: false, operation: 'op' },
  });
  expect(metrics.waiting).toBeUndefined();
  instrumentMongo(client, { metrics });
  await users.find().toArray();
  expect(value(metrics.duration, { op: 'find' }).count).toBe(1);
});

test('what is no client is refused', () => {
  expect(() => instrumentMongo({} as never)).toThrow(/takes a MongoClient/);
});

test('the watch of databases takes the metrics', () => {
  const watch = databaseWatch(mongoMetrics({ registry: createRegistry() }));
  const text = JSON.stringify(watch);
  for (const name of ['duration_seconds', 'errors_total', 'connections_active', 'connections_max'])
    expect(text).toContain(name);
  expect(text).toContain('DatabaseWaiting');
});
