import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { threadId } from 'node:worker_threads';
import { Labels } from '@binnacle/metrics/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Database } from '../../dist/tsdb/db.js';
import { nodeDisk } from '../../dist/tsdb/disk.js';
import { removeLockOfThread } from '../../dist/tsdb/lock.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'binnacle-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a data directory is open once', async () => {
  const database = await Database.open({ dir });
  await expect(Database.open({ dir })).rejects.toMatchObject({
    code: 'DIRECTORY_LOCKED',
    message: expect.stringContaining(`${dir} is in use by this process itself`),
  });
  await database.close();
  await (await Database.open({ dir })).close();
  expect(readdirSync(dir)).toEqual(['log']);
});

test('another process is named', async () => {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { Database } from ${JSON.stringify(new URL('../../dist/tsdb/db.js', import.meta.url).href)};
     await Database.open({ dir: process.argv[1] }); console.log('open'); setInterval(() => {}, 1000);`,
    dir,
  ]);
  await once(createInterface(child.stdout), 'line');
  await expect(Database.open({ dir })).rejects.toThrow(`in use by the process ${child.pid}`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await Database.open({ dir })).close();
});

test.each([
  ['of a process that is gone', { pid: 2 ** 22 + 1, start: '', thread: 0 }],
  ['of a process whose number another has got', { pid: process.pid, start: 'boot:1', thread: 0 }],
])('a lock %s is stale', async (_, holder) => {
  if (process.platform !== 'linux' && holder.pid === process.pid) return;
  writeFileSync(join(dir, 'lock'), JSON.stringify(holder));
  await (await Database.open({ dir })).close();
  expect(existsSync(join(dir, 'lock'))).toBe(false);
});

test('a lock that is not whole is stale', async () => {
  writeFileSync(join(dir, 'lock'), '{"pid":');
  await (await Database.open({ dir })).close();
});

test('the lock of a thread that has ended is removed by the thread’s number only', async () => {
  const database = await Database.open({ dir });
  removeLockOfThread(nodeDisk, dir, 12345);
  expect(existsSync(join(dir, 'lock'))).toBe(true);
  removeLockOfThread(nodeDisk, dir, threadId);
  expect(existsSync(join(dir, 'lock'))).toBe(false);
  await database.close();
});

/** Opens the directory and appends for ever, a line on stdout for every batch that was acknowledged. */
const WRITER = `
import { Labels } from '@binnacle/metrics/model';
import { Database } from ${JSON.stringify(new URL('../../dist/tsdb/db.js', import.meta.url).href)};
import { writeSync } from 'node:fs';
const [dir, round] = process.argv.slice(1);
const database = await Database.open({ dir, segmentBytes: 20000, retention: { timeMs: 1e15 } });
const series = Array.from({ length: 50 }, (_, i) => Labels.of({ __name__: 'm', i: String(i) }));
for (let i = 0; ; i++) {
  const extra = Labels.of({ __name__: 'extra', i: round + '-' + (i >> 5) });
  const layout = { source: 'x', series: i % 2 ? series : [...series, extra] };
  const t = Number(round) * 1000000 + i + 1;
  await database.appendColumn(layout, t, Float64Array.from(layout.series, (_, j) => t + j / 8));
  writeSync(1, t + '\\n');
}
`;

const SOAK = process.env.BINNACLE_SOAK === '1';

test('whatever kills the process, every sample that was acknowledged is there', {
  timeout: SOAK ? 3_600_000 : 300_000,
}, async () => {
  const rounds = SOAK ? 100 : 4;
  const acknowledged: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, dir, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: import.meta.dirname,
    });
    const exited = once(child, 'exit');
    const before = acknowledged.length;
    const target = 100 + 400 * (round % 4);
    for await (const line of createInterface(child.stdout)) {
      acknowledged.push(Number(line));
      if (acknowledged.length - before === target) child.kill('SIGKILL');
    }
    await exited;
    expect(acknowledged.length - before).toBeGreaterThanOrEqual(target);
    const database = await Database.open({ dir, retention: { timeMs: 1e15 } });
    const [result] = await database.select([
      {
        matchers: [{ name: 'i', op: '=', value: '7' }],
        startMs: 0,
        endMs: 1e12,
        hints: { stepMs: 0, rangeMs: 0, func: '' },
      },
    ]);
    const { labels, timestamps, values } = result!.series[0]!;
    expect(labels.equals(Labels.of({ __name__: 'm', i: '7' }))).toBe(true);
    const shown = new Map(Array.from(timestamps, (t, i) => [t, values[i]]));
    expect(acknowledged.filter((t) => shown.get(t) !== t + 7 / 8)).toEqual([]);
    await database.close();
    // A long run begins anew now and then, or it would only read ever longer logs back.
    if (round % 20 === 0) {
      rmSync(join(dir, 'log'), { recursive: true });
      acknowledged.length = 0;
    }
  }
});
