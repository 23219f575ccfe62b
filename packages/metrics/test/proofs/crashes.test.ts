/**
 * A crash between every two steps of what changes the files of a metrics directory. The product has no hooks for it:
 * a module that is loaded before it lets the process be killed right before the n-th call that changes a file.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import type { ScalarFamily } from '../../dist/exposition/index.js';
import {
  type Counter,
  counter,
  createRegistry,
  label,
  type OpenLabel,
  type Registry,
} from '../../dist/index.js';
import { ABANDONED_AFTER_MS, MetricsDirectory } from '../../dist/store/directory.js';
import { loadNativeFiles } from '../../dist/store/native.js';
import { DirectoryReader } from '../../dist/store/reader.js';
import { SharedStore } from '../../dist/store/shared.js';
import { metricsDirectory } from '../members.ts';

/** Each step is a process, and some wait for a lock that another one has left. */
vi.setConfig({ testTimeout: 1_200_000 });

const native = await loadNativeFiles();
const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
/** Where a crash leaves a lock that others wait for, each takes seconds. */
const STRIDE = process.env.BINNACLE_SOAK === '1' ? 1 : 4;
/** No operation takes more steps. */
const STEPS_MAX = 200;

interface Member {
  readonly registry: Registry;
  readonly jobs: Counter<{ queue: OpenLabel }>;
  /** Leaves its files and its lock, as a process does that is killed. */
  die(): void;
}

async function join(path: string): Promise<Member> {
  const registry = createRegistry();
  const jobs = counter({ name: 'jobs_total', help: 'J', labels: { queue: label }, registry });
  const store = await SharedStore.join(MetricsDirectory.open(path, 'test', '', native), (error) => {
    throw error;
  });
  registry.attach(store);
  return {
    registry,
    jobs,
    die: () => {
      registry.detach();
      store.close();
    },
  };
}

/** What a reader that has just come sees of the jobs, by queue. */
function seen(path: string): Record<string, number> {
  const reader = new DirectoryReader(MetricsDirectory.open(path, 'test', '', native));
  const { families, skipped } = reader.read();
  expect([...skipped]).toEqual([]);
  const jobs = families.find(({ name }) => name === 'jobs_total') as ScalarFamily | undefined;
  const values = Object.fromEntries(
    jobs?.series.map(({ labelValues, value }) => [labelValues[0]!, value]) ?? [],
  );
  reader.close();
  return values;
}

function fold(path: string): void {
  const reader = new DirectoryReader(MetricsDirectory.open(path, 'test', '', native));
  reader.read();
  reader.fold();
  reader.close();
}

/** Whether the victim came through; then it has done everything. */
function survives(operation: string, path: string, step: number): boolean {
  const { signal, status, stderr } = spawnSync(
    process.execPath,
    ['--import', fixture('crash-at.mjs'), fixture('crash-victim.mjs'), operation, path, String(step)],
    { encoding: 'utf8' },
  );
  expect(signal === 'SIGKILL' || status === 0, stderr).toBe(true);
  return signal === null;
}

/** Crashes an operation at each of its steps, one after the other, until it has no more; says how many there were. */
async function crashEverywhere(
  operation: string,
  path: string,
  before: () => Promise<void>,
  after: (step: number) => Promise<void>,
  stride = 1,
): Promise<number> {
  for (let step = 1; step <= STEPS_MAX; step += stride) {
    await before();
    const survived = survives(operation, path, step);
    await after(step);
    if (survived) return step - 1;
  }
  throw new Error(`${operation} has more than ${STEPS_MAX} steps`);
}

/** What is left of files that were being made, once a member has joined who finds them old. */
async function abandoned(path: string): Promise<string[]> {
  const temporary = () => fs.readdirSync(path).filter((name) => name.endsWith('.tmp'));
  const old = new Date(Date.now() - 2 * ABANDONED_AFTER_MS);
  for (const name of temporary()) fs.utimesSync(`${path}/${name}`, old, old);
  (await join(path)).die();
  return temporary();
}

test.each(['join', 'grow', 'fold'])(
  'a crash at any step of a %s loses nothing and counts nothing twice',
  async (operation) => {
    const path = metricsDirectory();
    const steady = await join(path);
    let counted = 0;
    const count = (member: Member, amount: number) => {
      member.jobs.inc({ queue: 'q' }, amount);
      counted += amount;
    };
    const steps = await crashEverywhere(
      operation,
      path,
      async () => {
        const dying = await join(path);
        count(dying, 100);
        dying.die();
        count(steady, 1);
      },
      async () => {
        expect(seen(path)).toEqual({ q: counted });
        fold(path);
        expect(seen(path)).toEqual({ q: counted });
        const next = await join(path);
        count(next, 10);
        expect(seen(path)).toEqual({ q: counted });
        next.die();
        fold(path);
        expect(seen(path)).toEqual({ q: counted });
      },
    );
    expect(steps).toBeGreaterThan(3);
    expect(await abandoned(path)).toEqual([]);
    steady.die();
  },
);

test('a crash at any step of the beginning of an epoch leaves one that the next member can begin', async () => {
  const path = metricsDirectory();
  const steps = await crashEverywhere(
    'join',
    path,
    async () => {
      const last = await join(path);
      last.jobs.inc({ queue: 'q' }, 100);
      last.die();
    },
    async () => {
      const next = await join(path);
      next.jobs.inc({ queue: 'q' });
      expect(seen(path)).toEqual({ q: 1 });
      next.die();
    },
    STRIDE,
  );
  expect(steps).toBeGreaterThan(5);
  expect(await abandoned(path)).toEqual([]);
});

test('a crash at any step of a removal leaves the series whole or gone, and whoever counts goes on', async () => {
  const path = metricsDirectory();
  const steady = await join(path);
  let expected: Record<string, number> = { other: 0 };
  const steps = await crashEverywhere(
    'remove',
    path,
    async () => {
      const dying = await join(path);
      for (const [member, amount] of [
        [dying, 100],
        [steady, 1],
      ] as const) {
        for (const queue of ['q', 'other']) {
          member.jobs.inc({ queue }, amount);
          expected = { ...expected, [queue]: (expected[queue] ?? 0) + amount };
        }
      }
      dying.die();
    },
    async () => {
      const now = seen(path);
      if (now.q === undefined) {
        const { q: _, ...rest } = expected;
        expected = rest;
      }
      expect(now).toEqual(expected);
      fold(path);
      expect(seen(path)).toEqual(expected);
    },
  );
  expect(steps).toBeGreaterThan(3);
  expect(expected).toEqual({ other: expected.other });
  steady.jobs.inc({ queue: 'q' }, 7);
  expect(seen(path)).toEqual({ ...expected, q: 7 });
  expect(await abandoned(path)).toEqual([]);
  steady.die();
});
