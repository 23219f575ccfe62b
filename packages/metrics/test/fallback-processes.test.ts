/** Processes that cannot map files: killed, suspended, ended, without threads, and beside others that can. */
import { once } from 'node:events';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { counter, createRegistry, serveMetrics } from '../dist/index.js';
import { MAPPED, type Member, member, metricsDirectory, startAs, valueIn, WRITTEN } from './members.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const worker = (directory: string) => member(directory, { sharing: WRITTEN, fixture: 'fallback-member.mjs' });
const exposed = async (one: Member) => {
  await wait(WRITTEN.seenMs);
  return String(await one.tell('exposition'));
};
const TOTAL = 'all_total{kind="a"}';

/** The lines that are about what a process does, not about the reading. */
const linesOf = (exposition: string) =>
  exposition.split('\n').filter((line) => /^(?:all_|classic|native|latency|latest)/.test(line));

test('a suspended process that was folded as dead goes on without losing or doubling anything, again and again', async () => {
  const directory = metricsDirectory();
  const keeper = await worker(directory);
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
  expect(await look()).toBe(done);
  const shown = linesOf(await exposed(keeper));
  expect(shown).toEqual(linesOf(String(await victim.tell('own'))));
  expect(shown).toHaveLength(15);
  expect(valueIn(await exposed(keeper), 'read_total')).toBe(done);
  expect(await keeper.tell('buckets')).toEqual(await victim.tell('ownBuckets'));
  expect(valueIn(await exposed(keeper), 'level')).toBe(done);
  expect(valueIn(await exposed(keeper), 'binnacle_metrics_writers')).toBe(2);
});

test('a process that was suspended while the service began anew brings along only what nobody had seen', async () => {
  const directory = metricsDirectory();
  const suspended = await worker(directory);
  await suspended.tell('work', 100);
  await wait(WRITTEN.seenMs);
  suspended.process.kill('SIGSTOP');
  await wait(WRITTEN.goneMs);
  const other = await worker(directory);
  await other.tell('work', 5);
  expect(valueIn(await exposed(other), TOTAL)).toBe(5);
  suspended.process.kill('SIGCONT');
  await suspended.tell('work', 7);
  await expect.poll(async () => valueIn(await exposed(other), TOTAL)).toBe(12);
  expect(valueIn(await exposed(suspended), TOTAL)).toBe(12);
});

test.each(['exit', 'throw', 'end'])('nothing is lost when a process ends by itself: %s', async (how) => {
  const directory = metricsDirectory();
  const keeper = await worker(directory);
  const one = await worker(directory);
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
  const keeper = await worker(directory);
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
  await expect.poll(async () => valueIn(await exposed(keeper), 'done_total{how="well"}')).toBe(3);
  expect(warnings).toContain('written every 50 ms');
  expect(warnings).toContain('while its event loop was blocked');
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
  const next = await member(directory, { sharing: WRITTEN });
  expect(next.joined).toBe(directory);
  expect(valueIn(await exposed(next), 'binnacle_metrics_store{kind="written"}')).toBe(1);
});

test('a process that can map files joins one that cannot, and is added to it', async () => {
  const directory = metricsDirectory();
  const first = await member(directory, { sharing: WRITTEN });
  const able = await member(directory, { sharing: MAPPED });
  expect(able.joined).toBe(directory);
  await first.tell('inc', 1);
  await able.tell('inc', 10);
  for (const one of [first, able]) {
    const all = await exposed(one);
    expect(valueIn(all, 'done_total{how="well"}')).toBe(11);
    expect(valueIn(all, 'binnacle_metrics_store{kind="written"}')).toBe(1);
  }
  await first.kill();
  await wait(WRITTEN.goneMs);
  for (let i = 0; i < 2; i++) expect(valueIn(await exposed(able), 'done_total{how="well"}')).toBe(11);
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
