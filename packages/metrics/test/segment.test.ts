import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { counter, createRegistry, gauge, histogram, info, label, serveMetrics } from '../dist/index.js';
import { defaultDirectory, MetricsDirectory } from '../dist/store/directory.js';
import type { StoreError } from '../dist/store/errors.js';
import { Merger } from '../dist/store/merge.js';
import { loadNativeFiles } from '../dist/store/native.js';
import { DirectoryReader } from '../dist/store/reader.js';
import { SegmentReader, SegmentWriter } from '../dist/store/segment.js';
import { encodeHeader, layoutFor, type SegmentHeader } from '../dist/store/segment-header.js';
import { SharedStore } from '../dist/store/shared.js';
import { type FamilyShape, layoutOf, StoredSeries, type StoreView } from '../dist/store/store.js';
import { metricsDirectory, valueIn } from './members.ts';

const native = await loadNativeFiles();

const HEADER: SegmentHeader = {
  kind: 'mapped',
  service: 'test',
  instance: '',
  epoch: 'e1',
  workerIndex: 3,
  processStartMs: 1234.5,
  pid: 42,
  threadId: 1,
  part: 2,
  generation: 0,
  bootId: '00112233445566778899aabbccddeeff',
};

function emptySegment(bytes: number, header = HEADER): { buffer: ArrayBuffer; writer: SegmentWriter } {
  const layout = layoutFor(bytes, 0, 0);
  const buffer = new ArrayBuffer(layout.fileBytes);
  new Uint8Array(buffer).set(encodeHeader(header, layout));
  return { buffer, writer: new SegmentWriter(buffer, layout, header.kind) };
}

/** A writer with one series. */
function viewOf(shape: FamilyShape, values: Float64Array, live: boolean, compensated = false): StoreView {
  const series: StoredSeries[] = [];
  const view: StoreView = { live, workerIndex: 0, compactions: 0, distinct: false, series };
  series.push(new StoredSeries({ shape, values, view, compensated, erased: false }, 0, [], 0));
  return view;
}

const text = fc.string({ unit: 'grapheme', maxLength: 10 });
const shapes: fc.Arbitrary<FamilyShape> = fc
  .record({ name: text, help: text, unit: text, labelNames: fc.array(text, { maxLength: 3 }) })
  .chain((base) =>
    fc.oneof(
      fc.constantFrom<FamilyShape>(
        { ...base, type: 'counter' },
        { ...base, type: 'counter', mode: 'max' },
        { ...base, type: 'info' },
      ),
      fc.constantFrom<FamilyShape>(
        { ...base, type: 'gauge', mode: 'live sum' },
        { ...base, type: 'gauge', mode: 'mostrecent' },
      ),
      fc
        .array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 4 })
        .map((bounds): FamilyShape => ({ ...base, type: 'histogram', bounds })),
    ),
  );

test('what a writer publishes is what a reader sees, at every moment', () => {
  fc.assert(
    fc.property(
      fc.array(shapes, { maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.double()), { maxLength: 20 }),
      (families, adds) => {
        const { buffer, writer } = emptySegment(16_384);
        const reader = new SegmentReader(buffer);
        expect(reader.header).toEqual(HEADER);
        const expected: unknown[] = [];
        for (const [i, [pick, value]] of adds.entries()) {
          const shape = families[pick % families.length];
          if (shape === undefined) continue;
          const labelValues = shape.labelNames.map((name) => `${name}${i}`);
          const index = writer.add(shape, labelValues, i);
          if (index === undefined) continue;
          writer.values[index] = value;
          expected.push({
            shape,
            labelValues,
            createdMs: i,
            part: undefined,
            value,
          });
          reader.refresh();
          expect(
            reader.series.map(({ shape, labelValues, createdMs, part, values, index: at }) => ({
              shape,
              labelValues,
              createdMs,
              part,
              value: values[at],
            })),
          ).toEqual(expected);
        }
      },
    ),
  );
});

test('a segment that is full says so and stays whole', () => {
  const { buffer, writer } = emptySegment(4096);
  const shape: FamilyShape = { name: 'a_total', type: 'counter', help: 'h', unit: '', labelNames: ['l'] };
  let added = 0;
  while (writer.add(shape, [`value ${added}`], 0) !== undefined) added++;
  expect(added).toBeGreaterThan(10);
  expect(writer.add(shape, ['one more'], 0)).toBeUndefined();
  expect(new SegmentReader(buffer).series).toHaveLength(added);
});

test('a damaged segment is refused or read, never misread into a crash, whichever byte is damaged', () => {
  const { buffer, writer } = emptySegment(2048);
  const shape: FamilyShape = {
    name: 'h',
    type: 'histogram',
    help: 'h',
    unit: '',
    labelNames: ['l'],
    bounds: [1, 2],
  };
  writer.add(shape, ['a'], 0);
  writer.add(shape, ['b'], 0);
  const good = new Uint8Array(buffer);
  let refused = 0;
  for (let at = 0; at < good.length; at++) {
    for (const damage of [0xff, 0x01, 0x80]) {
      const bad = good.slice();
      bad[at]! ^= damage;
      try {
        const reader = new SegmentReader(bad.buffer as ArrayBuffer);
        for (const { values, index, shape: one } of reader.series) {
          expect(index + layoutOf(one).size).toBeLessThanOrEqual(values.length);
        }
      } catch (error) {
        refused++;
        expect(['segment_invalid', 'format_version']).toContain((error as StoreError).code);
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
  for (let length = 0; length < good.length; length += 7) {
    expect(() => new SegmentReader(good.slice(0, length).buffer as ArrayBuffer)).toThrow();
  }
});

test('a damaged file in the directory is skipped, counted, and hurts nobody else', async () => {
  const directory = metricsDirectory();
  const registry = createRegistry();
  const done = counter({ name: 'done_total', help: 'Done', registry });
  const server = await serveMetrics({ service: 'test', directory, registry });
  done.inc(3);
  const own = fs.readdirSync(directory).find((name) => name.endsWith('.segment'))!;
  const whole = fs.readFileSync(path.join(directory, own));
  const [epoch] = own.split('-');
  const damaged = { empty: '', foreign: 'x'.repeat(5000), cut: whole.subarray(0, 3000) };
  for (const [writer, bytes] of Object.entries(damaged)) {
    fs.writeFileSync(path.join(directory, `${epoch}-${writer}-0.segment`), bytes);
  }
  const { body } = await server.exposition();
  expect(valueIn(body, 'done_total')).toBe(3);
  expect(valueIn(body, 'binnacle_metrics_files_skipped')).toBe(3);
  await server.close();
});

test('a writer that outgrows its file goes on in further ones', async () => {
  const directory = metricsDirectory();
  const registry = createRegistry();
  const done = counter({ name: 'done_total', help: 'Done', labels: { id: label }, registry });
  const server = await serveMetrics({ service: 'test', directory, registry });
  const series = 6000;
  for (let i = 0; i < series; i++) done.inc({ id: `a rather long label value, number ${i}` }, i);
  const files = fs.readdirSync(directory).filter((name) => name.endsWith('.segment'));
  expect(files.length).toBeGreaterThan(2);
  const family = server.families().find(({ name }) => name === 'done_total')!;
  expect(family.series).toHaveLength(series);
  expect(family.series.reduce((sum, one) => sum + (one as { value: number }).value, 0)).toBe(
    (series * (series - 1)) / 2,
  );
  expect(valueIn((await server.exposition()).body, 'binnacle_metrics_writers')).toBe(1);
  await server.close();
});

test('what was counted before the store was attached moves into it, and bound children follow', async () => {
  const directory = metricsDirectory();
  const registry = createRegistry();
  const sizes = histogram({
    name: 'size_bytes',
    help: 'Sizes',
    unit: 'bytes',
    buckets: [10],
    labels: { k: ['a', 'b'] },
    registry,
  });
  const bound = sizes.bind({ k: 'a' });
  const about = info({ name: 'app_info', help: 'App', labels: { v: label }, registry });
  const used = gauge({ name: 'used', help: 'Used', mode: 'mostrecent', registry });
  bound.observe(5);
  about.set({ v: '1' });
  about.set({ v: '2' });
  used.set(4);
  const server = await serveMetrics({ service: 'test', directory, registry });
  bound.observe(50);
  const { body } = await server.exposition();
  expect(valueIn(body, 'size_bytes_bucket{k="a",le="10"}')).toBe(1);
  expect(valueIn(body, 'size_bytes_count{k="a"}')).toBe(2);
  expect(valueIn(body, 'size_bytes_count{k="b"}')).toBe(0);
  expect(valueIn(body, 'app_info{v="2"}')).toBe(1);
  expect(valueIn(body, 'app_info{v="1"}')).toBeUndefined();
  expect(valueIn(body, 'used')).toBe(4);
  await server.close();
});

const mounts: string[] = [];
afterEach(() => {
  for (const mount of mounts.splice(0)) {
    execFileSync('umount', ['-l', mount]);
    fs.rmdirSync(mount);
  }
});

test('a disk that is full stops new series with a warning, not the program, and what is there stays exact', async (context) => {
  const mount = fs.mkdtempSync(path.join(os.tmpdir(), 'binnacle-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160k,mode=700', 'tmpfs', mount], { stdio: 'ignore' });
  } catch {
    fs.rmdirSync(mount);
    context.skip('the right to mount a small file system is missing');
  }
  mounts.push(mount);
  const directory = MetricsDirectory.open(mount, 'test', '', native);
  const problems: string[] = [];
  const store = await SharedStore.join(directory, ({ code, message }) =>
    problems.push(`${code}: ${message}`),
  );
  const shape: FamilyShape = { name: 'a_total', type: 'counter', help: 'h', unit: '', labelNames: ['l'] };
  let total = 0;
  for (let i = 0; i < 3000; i++) {
    const { values, index } = store.allocate(shape, [`series number ${i}`], 0);
    values[index]! += 1;
    total++;
  }
  expect(problems).toEqual([expect.stringMatching(/^io: .*ENOSPC/)]);
  const reader = new DirectoryReader(directory);
  const shown = reader.read().families[0]!.series.length;
  expect(shown).toBeGreaterThan(100);
  expect(shown).toBeLessThan(total);
  expect(fs.readdirSync(mount).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  reader.close();
  store.close();
});

test.each<[string, (directory: string) => void, string]>([
  [
    'open to others',
    (directory) => fs.chmodSync(directory, 0o755),
    'is open to others (mode 755, needed is 700)',
  ],
  [
    'a link',
    (directory) => {
      fs.rmdirSync(directory);
      fs.symlinkSync(os.tmpdir(), directory);
    },
    'is a link or no directory',
  ],
  [
    'a file',
    (directory) => {
      fs.rmdirSync(directory);
      fs.writeFileSync(directory, '');
    },
    'cannot be made: EEXIST',
  ],
])('a directory that is %s is refused', (_what, spoil, message) => {
  const directory = metricsDirectory();
  spoil(directory);
  expect(() => MetricsDirectory.open(directory, 'test', '', native)).toThrow(message);
});

test('where the directory cannot be used, a process warns and counts for itself', async () => {
  const directory = metricsDirectory();
  fs.chmodSync(directory, 0o755);
  const registry = createRegistry();
  const done = counter({ name: 'done_total', help: 'Done', registry });
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const server = await serveMetrics({ service: 'test', directory, registry });
  done.inc(2);
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('is open to others'), {
    type: 'BinnacleMetricsWarning',
    code: 'directory_unusable',
  });
  warn.mockRestore();
  expect(server.directory).toBeUndefined();
  expect(valueIn((await server.exposition()).body, 'done_total')).toBe(2);
  await server.close();
});

test('a running writer of another format version is not joined', async () => {
  const directory = metricsDirectory();
  const opened = MetricsDirectory.open(directory, 'test', '', native);
  const store = await SharedStore.join(opened, () => {});
  const file = fs.readdirSync(directory).find((name) => name.endsWith('.segment'))!;
  const fd = fs.openSync(path.join(directory, file), 'r+');
  fs.writeSync(fd, Uint8Array.of(99), 0, 1, 8);
  fs.closeSync(fd);
  await expect(SharedStore.join(opened, () => {})).rejects.toThrow(
    'belongs to a running process, but it has format version 99, this package writes 2',
  );
  store.close();
});

test('the default directory lies in memory where there is such a place', () => {
  expect(path.dirname(path.dirname(defaultDirectory('my service')))).toBe(
    fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(),
  );
  expect(path.basename(defaultDirectory('my service'))).toBe('my_service');
});

test('sums do not depend on the order in which writers are folded, to the last digit', () => {
  const shape: FamilyShape = { name: 'a_total', type: 'counter', help: 'h', unit: '', labelNames: [] };
  const view = (values: readonly number[], compensated = false) =>
    viewOf(shape, Float64Array.from(values), false, compensated);
  const sum = (views: StoreView[]) =>
    (new Merger().merge(views).families[0]!.series[0] as { value: number }).value;
  const amounts = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(amounts, (values) => {
      const views = values.map((value) => view([value]));
      expect(sum(views.toReversed())).toBe(sum(views));
    }),
    { numRuns: 1000 },
  );
});

test('writers that disagree about a family are not added up: the newest running one decides', () => {
  const one = (bounds: number[], live: boolean) =>
    viewOf(
      { name: 'h', type: 'histogram', help: 'h', unit: '', labelNames: [], bounds },
      new Float64Array(bounds.length + 2).fill(1),
      live,
    );
  const merged = new Merger().merge([
    one([1, 2], false),
    one([1, 2], true),
    one([5], true),
    one([1, 2], false),
  ]);
  expect(merged.conflicts).toBe(3);
  expect(merged.families).toMatchObject([{ bounds: [5], series: [{ sum: 1 }] }]);
});

test('OpenMetrics tells when counters began only where that is asked for', async () => {
  for (const createdSamples of [undefined, true]) {
    const registry = createRegistry();
    counter({ name: 'done_total', help: 'Done', registry });
    const server = await serveMetrics({
      service: 'test',
      directory: metricsDirectory(),
      registry,
      ...(createdSamples && { createdSamples }),
    });
    const { body } = await server.exposition({ accept: 'application/openmetrics-text; version=1.0.0' });
    expect(String(body)).toContain('done_total 0\n');
    expect(/^done_created \d+/m.test(String(body))).toBe(createdSamples === true);
    await server.close();
  }
});
