/** A configuration that is read again and again. */
import { expect, it } from 'vitest';
import { Reloads } from '../dist/cli/reloads.js';

it('tells how the last reading went, and when one went well', async () => {
  let [now, fails] = [1, true];
  const reloads = new Reloads(
    async () => {
      if (fails) throw new Error('not right');
    },
    () => now,
  );
  expect(reloads.status).toEqual({ isSuccessful: true, lastSuccessMs: 1 });
  now = 2;
  await expect(reloads.run()).rejects.toThrow('not right');
  expect(reloads.status).toEqual({ isSuccessful: false, lastSuccessMs: 1 });
  fails = false;
  await reloads.run();
  expect(reloads.status).toEqual({ isSuccessful: true, lastSuccessMs: 2 });
});

it('reads one time after the other, and not at all when the monitor stops', async () => {
  const steps: string[] = [];
  const gates: (() => void)[] = [];
  const reloads = new Reloads(
    async () => {
      steps.push('begins');
      await new Promise<void>((resolve) => gates.push(resolve));
      steps.push('ends');
    },
    () => 0,
  );
  const [first, second] = [reloads.run(), reloads.run()];
  await Promise.resolve();
  expect(steps).toEqual(['begins']);
  const ended = reloads.end();
  second.catch(() => steps.push('refused'));
  gates[0]!();
  await Promise.all([first, ended]);
  await expect(second).rejects.toThrow('the monitor stops');
  expect(steps).toEqual(['begins', 'ends', 'refused']);
});
