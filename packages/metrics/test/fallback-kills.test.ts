/** Processes that cannot map files are killed at any moment. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { member, metricsDirectory, startAs, valueIn, WRITTEN } from './members.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const soak = process.env.BINNACLE_SOAK === '1';
const kills = soak ? 300 : 30;

test(`while ${kills} processes are killed at any moment and two others fold, no counter falls, and none exceeds what was done`, {
  timeout: soak ? 600_000 : 60_000,
}, async () => {
  const directory = metricsDirectory();
  const keeper = await member(directory, { sharing: WRITTEN });
  const problems: string[] = [];
  const racers = ['yes', 'yes'].map((folds) => startAs(WRITTEN, 'folder.mjs', directory, 'test', folds, '5'));
  for (const racer of racers) {
    await once(racer, 'message');
    racer.on('message', ({ problem }: { problem?: string }) => {
      if (problem !== undefined) problems.push(problem);
    });
  }
  let known = 0;
  let most = 0;
  const life = async (i: number) => {
    const victim = await member(directory, { sharing: WRITTEN });
    const told: { spun: number; atMs: number }[] = [];
    victim.process.on('message', ({ spun }: { spun?: number }) => {
      if (spun !== undefined) told.push({ spun, atMs: performance.now() });
    });
    victim.process.send({ id: -1, action: 'spin' });
    await wait(20 + ((i * 37) % 500));
    const killedMs = performance.now();
    await victim.kill();
    known += told.findLast(({ atMs }) => atMs < killedMs - WRITTEN.seenMs)?.spun ?? 0;
    most += (told.at(-1)?.spun ?? 0) + 100_000;
  };
  for (let i = 0; i < kills; i += 3) await Promise.all([life(i), life(i + 1), life(i + 2)]);
  for (const racer of racers) {
    const exited = once(racer, 'exit');
    racer.send('stop');
    await exited;
  }
  expect(problems).toEqual([]);
  await wait(WRITTEN.goneMs);
  const counted = valueIn(String(await keeper.tell('exposition')), 'done_total{how="badly"}')!;
  expect(known).toBeGreaterThan(0);
  expect(counted).toBeGreaterThanOrEqual(known);
  expect(counted).toBeLessThanOrEqual(most);
});
