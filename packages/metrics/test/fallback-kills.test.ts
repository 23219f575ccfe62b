/** Processes that cannot map files are killed at any moment. */
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  flushed,
  lasting,
  member,
  metricsDirectory,
  SPINS_NOTED,
  spun,
  startAs,
  valueIn,
  WRITTEN,
} from './members.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const soak = process.env.BINNACLE_SOAK === '1';
const kills = soak ? 300 : 30;

test(`while ${kills} processes are killed at any moment and two others fold, no counter falls, and none exceeds what was done`, {
  timeout: soak ? 1_200_000 : 240_000,
}, async () => {
  const directory = metricsDirectory();
  const notes = metricsDirectory();
  const keeper = await member(directory, { sharing: lasting(WRITTEN) });
  const problems: string[] = [];
  const racers = ['yes', 'yes'].map((folds) => startAs(WRITTEN, 'folder.mjs', directory, 'test', folds, '5'));
  for (const racer of racers) {
    racer.on('message', ({ problem }: { problem?: string }) => {
      if (problem !== undefined) problems.push(problem);
    });
    await once(racer, 'message');
  }
  // What was flushed, and what was done; of what was folded by then, or not noted any more, nothing is known.
  let known = 0;
  let most = 0;
  const life = async (i: number) => {
    const victim = await member(directory, { sharing: WRITTEN });
    const note = path.join(notes, String(i));
    victim.process.send({ id: -1, action: 'spin', argument: note });
    await wait(20 + ((i * 37) % 500));
    await victim.kill();
    known += flushed(directory, victim.process.pid!);
    most += spun(note) + SPINS_NOTED;
  };
  for (let i = 0; i < kills; i += 3) await Promise.all([life(i), life(i + 1), life(i + 2)]);
  for (const racer of racers) {
    // By then all that it has said is read.
    const done = once(racer, 'disconnect');
    racer.send('stop');
    await done;
  }
  expect(problems).toEqual([]);
  await wait(WRITTEN.goneMs);
  const counted = valueIn(String(await keeper.tell('exposition')), 'done_total{how="badly"}')!;
  expect(known).toBeGreaterThan(0);
  expect(counted).toBeGreaterThanOrEqual(known);
  expect(counted).toBeLessThanOrEqual(most);
});
