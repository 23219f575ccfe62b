/** Processes that cannot map files: killed, suspended, ended, without threads, and beside others that can. */
import { once } from 'node:events';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { counter, createRegistry, serveMetrics } from '../dist/index.js';
import { MetricsDirectory } from '../dist/store/directory.js';
import { DirectoryReader } from '../dist/store/reader.js';
import { SharedStore } from '../dist/store/shared.js';
import {
  lasting,
  MAPPED,
  type Member,
  member,
  metricsDirectory,
  type Sharing,
  startAs,
  valueIn,
  WRITTEN,
} from './members.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const worker = (directory: string, sharing: Sharing = WRITTEN) =>
  member(directory, { sharing, fixture: 'fallback-member.mjs' });
/** One that is neither killed nor suspended. */
const keeperOf = (directory: string) => worker(directory, lasting(WRITTEN));
const exposed = async (one: Member) => String(await one.tell('exposition'));
/** Waits until a process shows this value of all. */
const shows = (one: Member, series: string, value: number) =>
  expect.poll(async () => valueIn(await exposed(one), series)).toBe(value);
const TOTAL = 'all_total{kind="a"}';

/** The lines that are about what a process does, not about the reading. */
const linesOf = (exposition: string) =>
  exposition.split('\n').filter((line) => /^(?:all_|classic|native|latency|latest)/.test(line));

test('a suspended process that was folded as dead goes on without losing or doubling anything, again and again', async () => {
  const directory = metricsDirectory();
  const keeper = await keeperOf(directory);
  const victim = await worker(directory);
  await victim.tell('begin');
  let last = 0;
  const look = async () => {
    const total = valueIn(await exposed(keeper), TOTAL)!;
    expect(total).toBeGreaterThanOrEqual(last);
    last = total;
    return total;
  };
  for (const suspendedMs of [WRITTEN.goneMs, 700, WRITTEN.goneMs]) {
    await look();
    victim.process.kill('SIGSTOP');
    await wait(suspendedMs);
    const before = await look();
    if (suspendedMs === WRITTEN.goneMs) {
      await expect
        .poll(async () => {
          await look();
          return fs.readdirSync(directory).filter((name) => name.endsWith('.segment'));
        })
        .toHaveLength(1);
    }
    victim.process.kill('SIGCONT');
    await expect.poll(look).toBeGreaterThan(before);
  }
  const done = (await victim.tell('end')) as number;
  await expect.poll(look).toBe(done);
  const own = linesOf(String(await victim.tell('own')));
  await expect.poll(async () => linesOf(await exposed(keeper))).toEqual(own);
  expect(own).toHaveLength(15);
  await shows(keeper, 'read_total', done);
  expect(await keeper.tell('buckets')).toEqual(await victim.tell('ownBuckets'));
  await shows(keeper, 'level', done);
  await shows(keeper, 'binnacle_metrics_writers', 2);
});

test('a process that others have taken for dead and folded is there again in its own answer', async () => {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', undefined);
  const store = await SharedStore.join(directory, () => {});
  const registry = createRegistry();
  registry.attach(store);
  const reader = new DirectoryReader(directory);
  const seen = async () => {
    await registry.collect();
    const { families, writers } = reader.read();
    return [writers, ...families.flatMap(({ series }) => series.map((one) => 'value' in one && one.value))];
  };
  const done = counter({ name: 'done_total', help: 'Done', registry });
  done.inc(3);
  expect(await seen()).toEqual([1, 3]);
  for (const name of directory.list().filter((file) => file.endsWith('.segment')))
    fs.rmSync(directory.file(name));
  done.inc(4);
  // Three are in the retired file of whoever has folded it.
  expect(await seen()).toEqual([1, 4]);
  registry.detach();
  store.close();
  reader.close();
});

test('a process that was suspended while the service began anew brings along only what nobody had seen', async () => {
  const directory = metricsDirectory();
  const suspended = await worker(directory);
  await suspended.tell('work', 100);
  await shows(suspended, TOTAL, 100);
  suspended.process.kill('SIGSTOP');
  await wait(WRITTEN.goneMs);
  const other = await keeperOf(directory);
  await other.tell('work', 5);
  expect(valueIn(await exposed(other), TOTAL)).toBe(5);
  suspended.process.kill('SIGCONT');
  await suspended.tell('work', 7);
  await shows(other, TOTAL, 12);
  await shows(suspended, TOTAL, 12);
});

test.each(['exit', 'throw', 'end'])('nothing is lost when a process ends by itself: %s', async (how) => {
  const directory = metricsDirectory();
  const keeper = await keeperOf(directory);
  const one = await keeperOf(directory);
  one.process.stderr?.removeAllListeners('data');
  await one.tell('work', 100);
  const exited = once(one.process, 'exit');
  await one.tell('exit', how);
  await exited;
  const after = String(await keeper.tell('exposition'));
  expect(valueIn(after, TOTAL)).toBe(101);
  // It has said that it is gone.
  expect(valueIn(after, 'binnacle_metrics_writers')).toBe(1);
});

test('where Node may start no thread, a timer flushes, and the warning says what that means', async () => {
  const directory = metricsDirectory();
  const keeper = await keeperOf(directory);
  const withoutThreads = startAs(
    { ...WRITTEN, execArgv: ['--experimental-permission', '--allow-fs-read=*', '--allow-fs-write=*'] },
    'member.mjs',
    directory,
    'test',
    '',
    '',
  );
  let warnings = '';
  withoutThreads.stderr?.on('data', (data: Buffer) => {
    warnings += data.toString();
  });
  await once(withoutThreads, 'message');
  withoutThreads.send({ id: 0, action: 'inc', argument: 3 });
  await shows(keeper, 'done_total{how="well"}', 3);
  await expect.poll(() => warnings).toContain('written every 50 ms');
  await expect.poll(() => warnings).toContain('while its event loop was blocked');
});

test('a process that cannot map files is kept out of a service that does, and counts for itself', async () => {
  const directory = metricsDirectory();
  const mapped = await member(directory);
  await mapped.tell('inc', 1);
  const child = startAs(WRITTEN, 'member.mjs', directory, 'test', '', '');
  let warnings = '';
  child.stderr?.on('data', (data: Buffer) => {
    warnings += data.toString();
  });
  const [{ joined }] = (await once(child, 'message')) as [{ joined: string | null }];
  expect(joined).toBeNull();
  await expect.poll(() => warnings).toContain('this one cannot, so it counts for itself; install koffi');
  const all = String(await mapped.tell('exposition'));
  expect(valueIn(all, 'binnacle_metrics_store{kind="mapped"}')).toBe(1);
  expect(valueIn(all, 'done_total{how="well"}')).toBe(1);
  await mapped.kill();
  // Nobody maps any more: the next one begins anew.
  const next = await member(directory, { sharing: lasting(WRITTEN) });
  expect(next.joined).toBe(directory);
  expect(valueIn(await exposed(next), 'binnacle_metrics_store{kind="written"}')).toBe(1);
});

test('a process that can map files joins one that cannot, and is added to it', async () => {
  const directory = metricsDirectory();
  // Not so little that it is taken for dead while the other one comes.
  const env = { ...WRITTEN.env, BINNACLE_METRICS_HEARTBEAT_TIMEOUT_MS: '4000' };
  const first = await member(directory, { sharing: { ...WRITTEN, env } });
  const able = await member(directory, { sharing: lasting(MAPPED) });
  expect(able.joined).toBe(directory);
  await first.tell('inc', 1);
  await able.tell('inc', 10);
  for (const one of [first, able]) {
    await shows(one, 'done_total{how="well"}', 11);
    expect(valueIn(await exposed(one), 'binnacle_metrics_store{kind="written"}')).toBe(1);
  }
  await first.kill();
  const total = async () => {
    const all = await exposed(able);
    expect(valueIn(all, 'done_total{how="well"}')).toBe(11);
    return valueIn(all, 'binnacle_metrics_writers');
  };
  while ((await total()) !== 1) await wait(100);
  for (let i = 0; i < 2; i++) expect(await total()).toBe(1);
});

test('where not even files can be written, a process counts for itself and says so', async () => {
  const registry = createRegistry();
  counter({ name: 'done_total', help: 'Done', registry }).inc(2);
  const file = `${metricsDirectory()}/file`;
  fs.writeFileSync(file, '');
  const server = await serveMetrics({ service: 'test', directory: `${file}/below`, registry });
  expect(server.directory).toBeUndefined();
  const { body } = await server.exposition();
  expect(valueIn(body, 'done_total')).toBe(2);
  expect(valueIn(body, 'binnacle_metrics_store{kind="process"}')).toBe(1);
  await server.close();
});
