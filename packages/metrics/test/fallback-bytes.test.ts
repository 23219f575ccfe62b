/** The bytes of written segments, and the lock of processes that cannot lock files. */
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { MetricsDirectory } from '../dist/store/directory.js';
import type { StoreError } from '../dist/store/errors.js';
import { flushTiming } from '../dist/store/flusher.js';
import { LOCK_STALE_MS, LockFile } from '../dist/store/lock-file.js';
import { SegmentWriter } from '../dist/store/segment.js';
import {
  DICTIONARY_LENGTH_AT,
  encodeHeader,
  layoutFor,
  type SegmentHeader,
} from '../dist/store/segment-header.js';
import { type FamilyShape, isRemoved, markRemoved } from '../dist/store/store.js';
import { WrittenFiles } from '../dist/store/written-files.js';
import {
  checkOf,
  flushParts,
  machineMs,
  PART,
  WrittenFile,
  type WrittenPart,
  writeWhole,
  writtenFileBytes,
} from '../dist/store/written-segment.js';
import { metricsDirectory, start } from './members.ts';

const HEADER: SegmentHeader = {
  kind: 'written',
  service: 'test',
  instance: '',
  epoch: 'e1',
  workerIndex: 0,
  processStartMs: 1,
  pid: 42,
  threadId: 0,
  part: 0,
  generation: 0,
  bootId: '00112233445566778899aabbccddeeff',
};
/** Whoever is not run for long is no dead writer here. */
const TIMING = { ...flushTiming({}), lateMs: Number.POSITIVE_INFINITY };
const SHAPE: FamilyShape = { name: 'a_total', type: 'counter', help: 'h', unit: '', labelNames: ['l'] };

const open: number[] = [];
afterEach(() => {
  for (const fd of open.splice(0)) fs.closeSync(fd);
});

type Files = Parameters<typeof flushParts>[0];

/** A segment of a writer, flushed once. */
function segment(fileBytes: number): {
  file: string;
  part: WrittenPart;
  add: (label: string) => number;
  flush: (files?: Files) => void;
  values: Float64Array;
} {
  const layout = layoutFor(fileBytes, 0, 0);
  const file = path.join(metricsDirectory(), 'x.segment');
  const fd = fs.openSync(file, 'wx+');
  open.push(fd);
  const bytes = Buffer.alloc(writtenFileBytes(layout));
  encodeHeader(HEADER, layout).copy(bytes);
  fs.writeSync(fd, bytes);
  const part: WrittenPart = {
    fd,
    fileBytes: layout.fileBytes,
    slotsOffset: layout.slotsOffset,
    slots: layout.slots,
    dictionaryOffset: layout.dictionaryOffset,
    dictionaryLengthAt: DICTIONARY_LENGTH_AT,
    image: new SharedArrayBuffer(layout.fileBytes),
    held: new SharedArrayBuffer(2 * layout.slots * 8),
    state: new Float64Array(new SharedArrayBuffer(PART.size * 8)),
    marks: new Int32Array(new SharedArrayBuffer(4096)),
  };
  part.state[PART.beatMs] = machineMs();
  const writer = new SegmentWriter(part.image, layout, 'written');
  const control = new Int32Array(new SharedArrayBuffer(8));
  const flush = (files: Files = fs) =>
    flushParts(files, [part], 'usual', machineMs(), { ...TIMING, beatMs: -1 }, control, writeWhole, checkOf);
  const add = (label: string) => {
    const index = writer.add(SHAPE, [label], 0);
    if (index === undefined) throw new Error('the segment is too small for this test');
    part.marks[0] = index + 1;
    return index;
  };
  flush();
  return { file, part, add, flush, values: writer.values };
}

function reading(file: string): { read: () => [string, number][]; written: WrittenFile } {
  const fd = fs.openSync(file, 'r');
  open.push(fd);
  const written = new WrittenFile(fd);
  return {
    written,
    read() {
      written.refresh();
      return written.reader.series.map(({ labelValues, values, index }) => [labelValues[0]!, values[index]!]);
    },
  };
}

test('a reader sees what was flushed last, whatever was counted and added between flushes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(fc.nat({ max: 60 }), fc.double()), { maxLength: 10 }), { maxLength: 8 }),
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      (rounds, looks) => {
        const { file, add, flush, values } = segment(16_384);
        const { read } = reading(file);
        const model = new Map<number, number>();
        for (const [i, changes] of rounds.entries()) {
          for (const [pick, value] of changes) {
            const index = pick < model.size ? pick : add(`v${model.size}`);
            values[index] = value;
            model.set(index, value);
          }
          flush();
          if (looks[i]) expect(read()).toEqual([...model].map(([index, value]) => [`v${index}`, value]));
        }
        expect(read()).toEqual([...model].map(([index, value]) => [`v${index}`, value]));
      },
    ),
    { numRuns: 60 },
  );
});

const isChanged = (index: number) => index < 5 || index > 1_490;

test('a flush that is broken off at any write, in the middle of it too, is not seen, and the next one is', () => {
  for (let failAt = 0, broken = true; broken; failAt++) {
    const { file, add, flush, values } = segment(131_072);
    const first = Array.from({ length: 1_500 }, (_, i) => add(`v${i}`));
    for (const index of first) values[index] = 1;
    flush();
    flush();
    const { read } = reading(file);
    for (const index of first) if (isChanged(index)) values[index] = 2;
    add('new');
    let writes = 0;
    broken = false;
    const failing = {
      fstatSync: fs.fstatSync,
      writeSync(fd: number, bytes: Uint8Array, at: number, length: number, position: number) {
        if (writes++ === failAt) {
          broken = true;
          fs.writeSync(fd, bytes, at, length >> 1, position);
          throw Object.assign(new Error('ENOSPC'), { errno: -28 });
        }
        return fs.writeSync(fd, bytes, at, length, position);
      },
    };
    try {
      flush(failing as unknown as Files);
    } catch (error) {
      expect((error as Error).message).toBe('ENOSPC');
    }
    const expected = (changed: number) => first.map((index) => (isChanged(index) ? changed : 1));
    const numbers = () => read().map(([, value]) => value);
    expect(numbers()).toEqual(broken ? expected(1) : [...expected(2), 0]);
    // What a new reader finds after the writer was killed in the middle of the flush.
    expect(reading(file).read()).toEqual(read());
    flush();
    expect(numbers()).toEqual([...expected(2), 0]);
    expect(reading(file).read()).toEqual(read());
    // The dictionary, two runs of pages, the commit.
    if (!broken) expect(failAt).toBe(4);
  }
});

test('a reader that races with a writer never sees half of a flush', async () => {
  const { file, part, add, flush } = segment(131_072);
  while (part.marks[0]! < 1_500) add(`v${part.marks[0]}`);
  flush();
  const { read } = reading(file);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('fixtures/flush-loop.mjs', import.meta.url), {
    workerData: { part, timing: TIMING, stop },
  });
  let last = 0;
  let rises = 0;
  const RISES_MIN = 20;
  const untilMs = performance.now() + 1_500;
  while (performance.now() < untilMs || rises <= RISES_MIN) {
    await new Promise(setImmediate);
    let series: [string, number][];
    try {
      series = read();
    } catch (error) {
      // It writes without a pause, unlike any writer.
      expect((error as Error).message).toContain('while it was being read');
      continue;
    }
    const [, value] = series[0]!;
    for (const [, other] of series) if (other !== value) expect(other).toBe(value);
    expect(value).toBeGreaterThanOrEqual(last);
    if (value > last) rises++;
    last = value;
  }
  Atomics.store(stop, 0, 1);
  await once(worker, 'exit');
});

test('a damaged segment is refused or read, whichever byte is damaged, and wherever it is cut off', () => {
  const { file, part, add, flush, values } = segment(2_048);
  for (const label of ['a', 'b']) values[add(label)] = 5;
  flush();
  flush();
  const good = fs.readFileSync(file);
  let refused = 0;
  const attempt = (bytes: Buffer) => {
    fs.writeSync(part.fd, bytes, 0, bytes.length, 0);
    fs.ftruncateSync(part.fd, bytes.length);
    try {
      const found = reading(file).read();
      expect(found.length).toBeLessThanOrEqual(2);
    } catch (error) {
      refused++;
      expect(['segment_invalid', 'format_version']).toContain((error as StoreError).code);
    }
    if (open.length > 100) for (const fd of open.splice(1)) fs.closeSync(fd);
  };
  for (let at = 0; at < good.length; at++) {
    for (const damage of [0xff, 0x01, 0x80]) {
      const bad = Buffer.from(good);
      bad[at]! ^= damage;
      attempt(bad);
    }
  }
  expect(refused).toBeGreaterThan(100);
  refused = 0;
  for (let length = 0; length < good.length; length += 5) attempt(good.subarray(0, length));
  expect(refused).toBe(Math.ceil(good.length / 5));
});

test('one commit that is damaged lets the flush before it be seen', () => {
  const { file, part, add, flush, values } = segment(2_048);
  const index = add('a');
  values[index] = 5;
  flush();
  values[index] = 6;
  flush();
  const newest = part.fileBytes + (part.state[PART.flush]! % 2) * 64;
  fs.writeSync(part.fd, Uint8Array.of(0xff), 0, 1, newest + 9);
  expect(reading(file).read()).toEqual([['a', 5]]);
});

test('what one process counts under the lock file, no other undoes', async () => {
  const directory = metricsDirectory();
  const file = path.join(directory, 'count');
  fs.writeFileSync(file, '0');
  const children = [1, 2, 3].map(() => start('lock-counter.mjs', directory, '60'));
  await Promise.all(children.map((child) => once(child, 'message')));
  expect(Number(fs.readFileSync(file, 'utf8'))).toBe(180);
  expect(fs.readdirSync(directory).filter((name) => name.startsWith('lock.'))).toHaveLength(1);
});

test('a lock file that a killed process has left is taken over, by one', async () => {
  const directory = metricsDirectory();
  fs.writeFileSync(path.join(directory, 'count'), '0');
  const child = start('lock-counter.mjs', directory, '1');
  await once(child, 'message');
  child.send('hold');
  await once(child, 'message');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  const locks = [1, 2, 3].map(() => new LockFile(directory, 'lock'));
  const sinceMs = performance.now();
  const won = () => locks.filter((lock) => lock.tryAcquire());
  expect(won()).toEqual([]);
  let winners: LockFile[] = [];
  while (winners.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    winners = won();
  }
  expect(winners).toHaveLength(1);
  expect(performance.now() - sinceMs).toBeGreaterThan(LOCK_STALE_MS);
  expect(winners[0]!.isHeld).toBe(true);
  winners[0]!.release();
  expect(won()).toHaveLength(1);
});

test('a holder that was taken for dead notices, and does not give back what is not its own', async () => {
  const directory = metricsDirectory();
  const [slow, quick, third] = [1, 2, 3].map(() => new LockFile(directory, 'lock'));
  expect(slow!.tryAcquire()).toBe(true);
  expect(slow!.isHeld).toBe(true);
  expect(quick!.tryAcquire()).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, LOCK_STALE_MS + 100));
  expect(quick!.tryAcquire()).toBe(true);
  expect(slow!.isHeld).toBe(false);
  slow!.release();
  expect(quick!.isHeld).toBe(true);
  expect(third!.tryAcquire()).toBe(false);
  quick!.release();
  expect(third!.tryAcquire()).toBe(true);
});

test('a writer that goes on in a new file leaves what it had flushed, and what was removed stays so', () => {
  while (!goesOnInNewFile());
});

/** False where the thread, which flushes when it likes, has come in between: then the old file has more. */
function goesOnInNewFile(): boolean {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', undefined);
  const files = WrittenFiles.start(directory, { interrupted() {}, problem() {} });
  const layout = layoutFor(4_096, 0, 0);
  const writer = new SegmentWriter(files.create('old.segment', HEADER, layout), layout, 'written');
  const add = (value: number) => {
    const index = writer.add(SHAPE, [`v${value}`], 0)!;
    files.use(index, 1, undefined);
    writer.values[index] = value;
    return index;
  };
  const counted = add(12);
  const gone = add(3);
  files.flush();
  writer.values[counted]! += 5;
  markRemoved({ values: writer.values, index: gone });
  const added = add(7);
  files.restart(
    () => 'new.segment',
    () => HEADER,
    false,
  );
  const found = (name: string) => reading(directory.file(name)).written.reader.series;
  const [before, removed, ...more] = found('old.segment');
  const after = found('new.segment');
  const left = before!.values[before!.index]!;
  if (left !== 12) {
    expect(left + after[0]!.values[after[0]!.index]!).toBe(17);
    files.close();
    return false;
  }
  expect(isRemoved(removed!)).toBe(true);
  expect(more).toEqual([]);
  expect(after.map(({ values, index }) => values[index])).toEqual([5, expect.anything(), 7]);
  expect(isRemoved(after[1]!)).toBe(true);
  writer.values[added]! += 1;
  files.close();
  expect(found('new.segment')[2]!.values[added]).toBe(8);
  return true;
}
