import { spawn } from 'node:child_process';
import type { Drill } from '@binnacle/system-parts/drill';
import { expect, test } from 'vitest';
import { batchesOf, runsOf } from '../dist/drill/batches.js';
import { alertNames, choose, readDrillable, systemNamed } from '../dist/drill/catalog.js';
import { ProcessTree } from '../dist/drill/process-tree.js';
import { renderTable } from '../dist/drill/table.js';
import { SYSTEMS } from '../dist/systems.js';

/** Systems that have none yet, each with the reason; one that has is taken out. */
const WITHOUT_DRILLS: Readonly<Record<string, string>> = {};

test.each(SYSTEMS.map((system) => [system.name, system] as const))(
  'every alert of %s has a drill, or a reason why not',
  async (name, system) => {
    const { watched, drills } = await readDrillable(system);
    if (name in WITHOUT_DRILLS) {
      expect(drills.alerts).toEqual({});
      return;
    }
    const drilled = Object.keys(drills.alerts);
    const excepted = Object.keys(drills.exceptions ?? {});
    expect([...drilled, ...excepted].sort()).toEqual(alertNames(watched));
    for (const [alert, reason] of Object.entries(drills.exceptions ?? {}))
      expect([alert, reason.length > 20]).toEqual([alert, true]);
    for (const [alert, { cause, remedy, breaks, labels = {} }] of Object.entries(drills.alerts)) {
      expect([alert, cause.endsWith('.'), remedy.endsWith('.'), breaks.length > 0]).toEqual([
        alert,
        true,
        true,
        true,
      ]);
      // Labels that no rule of this name carries, and no expression could give, would be waited for in vain.
      const rules = watched.rules.flatMap(({ rules }) => rules.filter(({ name }) => name === alert));
      if (labels.job !== undefined && rules.some((rule) => rule.labels.job !== undefined))
        expect(rules.map((rule) => rule.labels.job)).toContain(labels.job);
    }
  },
);

function drill(breaks: readonly string[], more: Partial<Drill> = {}): Drill {
  return { cause: 'Something.', remedy: 'Nothing.', breaks, begin: () => () => {}, ...more };
}

/** The alerts of each batch. */
function packed(drills: Readonly<Record<string, Drill>>): string[][] {
  return batchesOf(drills).map(({ episodes }) => episodes.flatMap((one) => [...one.drills.keys()]));
}

test('drills run at the same time where none breaks what the other breaks or needs', () => {
  expect(packed({ a: drill(['x']), b: drill(['y']), c: drill(['x']) })).toEqual([['a', 'b'], ['c']]);
  expect(packed({ a: drill(['x']), b: drill(['y'], { needs: ['x'] }) })).toEqual([['a'], ['b']]);
  expect(packed({ a: drill(['x'], { needs: ['y'] }), b: drill(['y']) })).toEqual([['a'], ['b']]);
  expect(packed({ a: drill(['x'], { needs: ['z'] }), b: drill(['y'], { needs: ['z'] }) })).toEqual([
    ['a', 'b'],
  ]);
  expect(packed({ a: drill(['x']), b: drill(['*']), c: drill(['y']) })).toEqual([['a', 'c'], ['b']]);
  expect(packed({ a: drill(['x']), b: drill(['y'], { visitors: false }) })).toEqual([['a'], ['b']]);
  expect(
    packed({ a: drill(['x'], { environment: { A: '1' } }), b: drill(['y'], { environment: { A: '2' } }) }),
  ).toEqual([['a'], ['b']]);
});

test('alerts of one cause are one episode, and its variables reach the batch', () => {
  const begin: Drill['begin'] = () => () => {};
  const batches = batchesOf({
    a: drill(['x'], { begin, environment: { A: '1' } }),
    b: drill(['y'], { environment: { B: '2' } }),
    c: drill(['x'], { begin }),
  });
  expect(batches.map(({ episodes }) => episodes.map((one) => [...one.drills.keys()]))).toEqual([
    [['a', 'c'], ['b']],
  ]);
  expect(batches[0]!.environment).toEqual({ A: '1', B: '2' });
});

test('batches that want the same visitors and variables follow each other in one run', () => {
  const drills = {
    a: drill(['x'], { environment: { A: '1' } }),
    b: drill(['x']),
    c: drill(['x'], { environment: { A: '2' } }),
    d: drill(['x'], { visitors: false }),
  };
  const runs = runsOf(batchesOf(drills));
  expect(runs.map(({ batches, visitors, environment }) => [batches.length, visitors, environment])).toEqual([
    [2, true, { A: '1' }],
    [1, true, { A: '2' }],
    [1, false, {}],
  ]);
});

test('the table says when what was seen, and what did not happen', () => {
  const common = { system: 'web', cause: `A sentence that is ${'very '.repeat(20)}long.` };
  expect(
    renderTable([
      {
        ...common,
        alert: 'Slow',
        outcome: 'passed',
        pendingSeconds: 1.04,
        firingSeconds: 6,
        notifiedSeconds: 6.2,
        resolvedSeconds: 11.96,
      },
      { ...common, alert: 'Failing', outcome: 'failed', why: 'it never fired', pendingSeconds: 3 },
      { ...common, alert: 'DiskFull', outcome: 'not here', why: 'needs root' },
    ]).split('\n'),
  ).toEqual([
    'system  alert     cause                                                         pending  firing  notified  resolved  result',
    '------  --------  ------------------------------------------------------------  -------  ------  --------  --------  ----------------------',
    'web     Slow      A sentence that is very very very very very very very very …      1.0     6.0       6.2      12.0  passed',
    'web     Failing   A sentence that is very very very very very very very very …      3.0       -         -         -  failed: it never fired',
    'web     DiskFull  A sentence that is very very very very very very very very …        -       -         -         -  not here: needs root',
    '',
    '1 passed, 1 failed, 1 not possible on this machine',
  ]);
});

test('a name that there is not is answered with the one that is meant, and an exception with its reason', async () => {
  expect(() => systemNamed('briklayers')).toThrow('do you mean bricklayers?');
  const drillable = await readDrillable(systemNamed('bricklayers'));
  expect(() => choose(drillable, ['SlowRequest'])).toThrow('do you mean SlowRequests?');
  expect(Object.keys(choose(drillable, ['SlowRequests']).chosen)).toEqual(['SlowRequests']);
  const excepted = { ...drillable, drills: { alerts: {}, exceptions: { Melted: 'nobody melts machines' } } };
  expect(() => choose(excepted, ['Melted'])).toThrow('nobody melts machines');
});

test('only descendants are found and signalled, and what was stopped goes on', async () => {
  expect(() => new ProcessTree(0)).toThrow(RangeError);
  expect(() => new ProcessTree(Number.NaN)).toThrow(RangeError);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'drilled-process']);
  try {
    const tree = new ProcessTree(process.pid);
    await expect.poll(async () => (await tree.find(/drilled-process/)).length).toBe(1);
    const [found] = await tree.find(/drilled-process/);
    expect([found!.pid, found!.parent]).toEqual([child.pid, process.pid]);
    // Our own parent is none of our descendants.
    expect((await tree.find(/./)).map(({ pid }) => pid)).not.toContain(process.ppid);
    // As seen by itself, the child has none.
    expect(await new ProcessTree(child.pid!).find(/./)).toEqual([]);

    const isStopped = async (): Promise<boolean> => {
      const ps = spawn('ps', ['-o', 'stat=', '-p', String(child.pid)]);
      let text = '';
      for await (const part of ps.stdout) text += String(part);
      return text.trim().startsWith('T');
    };
    expect(await found!.signal('SIGSTOP')).toBe(true);
    await expect.poll(isStopped).toBe(true);
    await tree.release();
    await expect.poll(isStopped).toBe(false);
    expect(await found!.signal('SIGKILL')).toBe(true);
    await expect.poll(async () => (await tree.find(/drilled-process/)).length).toBe(0);
    expect(await found!.signal('SIGKILL')).toBe(false);
  } finally {
    child.kill('SIGKILL');
  }
});
