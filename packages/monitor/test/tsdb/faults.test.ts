/** What the disk and the kernel may do to the log, and what is left then. */
import { Labels } from '@binnacle/metrics/model';
import type { Matcher } from '@binnacle/promql/storage';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Database, type DatabaseOptions } from '../../dist/tsdb/db.js';
import { MemoryDisk } from './memory-disk.ts';
import { selectFrom } from './naive-storage.ts';

const START = 1_700_000_000_000;
const ALL: readonly Matcher[] = [{ name: '__name__', op: '!=', value: '' }];

function open(disk: MemoryDisk, options: Partial<DatabaseOptions> = {}): Promise<Database> {
  return Database.open({ dir: '/data', disk, now: () => START, ...options });
}

/** Appends batch `i`: two series of always and one that comes with every fourth batch. */
async function appendBatch(database: Database, i: number): Promise<void> {
  await database.append(i % 3 === 0 ? 'rules' : 'target', START + i, batch(i));
}

function batch(i: number) {
  const of = (name: string, value: number) => ({ labels: Labels.of({ __name__: name, host: 'a' }), value });
  const source = i % 3 === 0 ? 'rule' : 'm';
  return [
    of(`${source}_total`, i * 10),
    of(`${source}_seconds`, i / 8),
    of(`${source}_${i >> 2}`, Math.sin(i)),
  ];
}

/** What storage shows when it has taken just these batches. */
function expected(batches: Iterable<number>): Record<string, string[]> {
  const answer: Record<string, string[]> = {};
  for (const i of batches) {
    for (const { labels, value } of batch(i)) {
      const series = labels.toString();
      answer[series] ??= [];
      answer[series].push(`${value}@${START + i}`);
    }
  }
  return answer;
}

/** Enough for several segments of 300 bytes. */
const BATCHES = 300;

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

async function written(count: number, options: Partial<DatabaseOptions> = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const database = await open(disk, options);
  for (const i of numbers(count)) await appendBatch(database, i);
  await database.close();
  return disk;
}

test('a log cut at any byte gives back every whole batch, says what it cut, and goes on', async () => {
  const whole = await written(12);
  const [path] = whole.segments();
  const bytes = whole.files.get(path!)!;
  let batches = 0;
  for (let length = 0; length <= bytes.length; length++) {
    const disk = whole.afterCrash();
    disk.files.set(path!, bytes.slice(0, length));
    const first = await open(disk);
    const shown = await selectFrom(first, ALL);
    const { replay } = first.stats();
    while (batches < 12 && replay.columns > batches) batches++;
    expect(replay.columns).toBe(batches);
    expect(shown).toEqual(expected(numbers(batches)));
    const kept = disk.files.get(path!)?.length ?? 0;
    if (kept < length || length < 8) {
      expect(replay.damages).toMatchObject([{ file: path, at: kept, bytes: length - kept, cut: true }]);
    } else {
      expect(replay.damages).toEqual([]);
    }
    await appendBatch(first, 20);
    const again = await open(disk.afterCrash());
    expect(again.stats().replay.damages).toEqual([]);
    expect(await selectFrom(again, ALL)).toEqual(expected([...numbers(batches), 20]));
    await first.close();
    await again.close();
  }
  expect(batches).toBe(12);
});

test('a changed byte costs at most the rest of its segment, and never gives a wrong sample', async () => {
  const whole = await written(BATCHES, { segmentBytes: 300 });
  const paths = whole.segments();
  expect(paths.length).toBeGreaterThan(3);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (file, at, flip) => {
      const disk = whole.afterCrash();
      const path = paths[file % paths.length]!;
      const bytes = disk.files.get(path)!;
      bytes[at % bytes.length] = bytes[at % bytes.length]! ^ flip;
      let database: Database;
      try {
        database = await open(disk);
      } catch (error) {
        // The one byte that makes it a segment of a later version.
        expect(error).toMatchObject({ code: 'LOG_VERSION' });
        expect(at % bytes.length).toBeGreaterThanOrEqual(6);
        expect(at % bytes.length).toBeLessThan(8);
        return;
      }
      const { damages } = database.stats().replay;
      expect(damages).toMatchObject([{ file: path }]);
      expect(damages[0]!.at).toBeLessThanOrEqual(at % bytes.length);
      const shown = await selectFrom(database, ALL);
      const should = expected(numbers(BATCHES));
      for (const [series, samples] of Object.entries(shown)) {
        expect(should[series]).toEqual(expect.arrayContaining(samples));
      }
      // What other segments hold is there.
      const read = database.stats().replay.columns;
      expect(read).toBeGreaterThanOrEqual(BATCHES - 100);
      await database.close();
    }),
    { numRuns: 50 },
  );
});

test('the oldest segments can be missing', async () => {
  const whole = await written(BATCHES, { segmentBytes: 300 });
  for (const count of numbers(whole.segments().length + 1)) {
    const disk = whole.afterCrash();
    for (const path of whole.segments().slice(0, count)) disk.files.delete(path);
    const database = await open(disk);
    const { replay } = database.stats();
    expect(replay.damages).toEqual([]);
    expect(await selectFrom(database, ALL)).toEqual(
      expected(numbers(BATCHES).slice(BATCHES - replay.columns)),
    );
    await database.close();
  }
});

test('whichever disk operation fails, what was acknowledged is shown and kept, and nothing else', async () => {
  const options = { segmentBytes: 100, syncIntervalMs: 1e6 };
  const count = 50;
  const total = (await written(count, options)).operations;
  for (const length of [1, 1000]) {
    for (let from = 0; from < total; from++) {
      const disk = new MemoryDisk();
      disk.failFrom = from;
      disk.failTo = from + length;
      let database: Database;
      try {
        database = await open(disk, options);
      } catch (error) {
        expect(error).toHaveProperty('code', expect.stringMatching(/WRITE_FAILED|READ_FAILED/));
        continue;
      }
      const acknowledged: number[] = [];
      for (const i of numbers(count)) {
        try {
          await appendBatch(database, i);
          acknowledged.push(i);
        } catch (error) {
          expect(error).toMatchObject({ code: 'WRITE_FAILED' });
        }
        if (i === 25) await database.sync();
      }
      expect(await selectFrom(database, ALL)).toEqual(expected(acknowledged));
      if (length < 10) expect(acknowledged.length).toBeGreaterThan(count - 8);
      // The process dies here, or closes in order: the next one finds the same.
      const crashed = disk.afterCrash();
      await database.close().catch(() => undefined);
      for (const left of [crashed, disk.afterCrash()]) {
        const again = await open(left);
        expect(await selectFrom(again, ALL)).toEqual(expected(acknowledged));
        await again.close();
      }
    }
  }
});

test('a full disk is named, and samples are taken again when there is room', async () => {
  const disk = new MemoryDisk();
  const database = await open(disk);
  await appendBatch(database, 0);
  disk.failFrom = disk.operations;
  for (const i of [1, 2, 3]) {
    await expect(appendBatch(database, i)).rejects.toThrow(/cannot write to .*log/);
  }
  disk.failFrom = disk.operations + 1_000;
  await appendBatch(database, 4);
  expect(await selectFrom(database, ALL)).toEqual(expected([0, 4]));
  const again = await open(disk.afterCrash());
  expect(again.stats().replay.damages).toEqual([]);
  expect(await selectFrom(again, ALL)).toEqual(expected([0, 4]));
  await again.close();
  await database.close();
});

test('a log of a later version is refused, not damaged', async () => {
  const disk = await written(1);
  const [path] = disk.segments();
  disk.files.get(path!)!.set(Buffer.from('02'), 6);
  const before = disk.files.get(path!)!.slice();
  await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_VERSION' });
  expect(disk.files.get(path!)).toEqual(before);
});
