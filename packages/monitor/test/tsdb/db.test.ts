import { Labels, wordsOf, writeStaleAt } from '@binnacle/metrics/model';
import type { Matcher } from '@binnacle/promql/storage';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Database, type DatabaseOptions } from '../../dist/tsdb/db.js';
import { MemoryDisk } from './memory-disk.ts';
import { type NaiveSample, NaiveStorage, selectFrom } from './naive-storage.ts';

const START = 1_700_000_000_000;
const ALL: readonly Matcher[] = [{ name: '__name__', op: '!=', value: '' }];

function open(disk: MemoryDisk, options: Partial<DatabaseOptions> = {}): Promise<Database> {
  return Database.open({ dir: '/data', disk, now: () => START, ...options });
}

function sample(name: string, value: number): NaiveSample {
  return { labels: Labels.of({ __name__: name }), value };
}

// ——— The model ———

const names = ['up', 'requests_total', 'temp'];
const hosts = ['', 'a', 'b', 'c'];
const labels = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom(...hosts))
  .map(([name, host]) => Labels.of({ __name__: name, host }));
const value = fc.oneof(
  fc.integer({ min: 0, max: 50 }),
  fc.double(),
  fc.constantFrom(-0, Number.NaN, 1 / 0, 0.25),
);
const samples = fc.uniqueArray(
  fc.record({
    labels,
    value,
    stale: fc.boolean(),
  }),
  {
    minLength: 1,
    maxLength: 8,
    selector: (s) => s.labels.key,
  },
);
const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({
    name: fc.constantFrom('__name__', 'host', 'none'),
    op: fc.constantFrom('=', '!='),
    value: fc.constantFrom('', 'up', 'temp', 'a', 'b'),
  }),
  fc.record({
    name: fc.constantFrom('__name__', 'host', 'none'),
    op: fc.constantFrom('=~', '!~'),
    value: fc.constantFrom('', '.*', '.+', 'a|b', 'up|t.*', '[bc]?'),
  }),
);

type Step =
  | {
      kind: 'append' | 'column';
      source: string;
      samples: NaiveSample[];
      stepMs: number;
      times: number;
    }
  | { kind: 'close' | 'crash' }
  | { kind: 'query'; matchers: Matcher[]; from: number; to: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('append', 'column'),
      source: fc.constantFrom('one', 'two'),
      samples,
      stepMs: fc.integer({ min: -40, max: 60 }),
      times: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(130) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('close', 'crash') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('query'),
      matchers: fc.array(matcher, { maxLength: 3 }),
      from: fc.integer({ min: -10, max: 400 }),
      to: fc.integer({ min: -10, max: 800 }),
    }),
  },
);

test('answers, appends and openings are those of a plain map', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      let disk = new MemoryDisk();
      const options = { segmentBytes: 2000, retention: { timeMs: 1e9 } };
      let database = await open(disk, options);
      const naive = new NaiveStorage();
      let now = START;
      for (const step of [...steps, { kind: 'close' }, { kind: 'crash' }] as Step[]) {
        if (step.kind === 'append' || step.kind === 'column') {
          const layout = { source: step.source, series: step.samples.map((s) => s.labels) };
          for (let i = 0; i < step.times; i++) {
            now += i === 0 ? step.stepMs : 1 + (i % 3);
            const of = step.samples.map((s) => ({ ...s, value: s.value + i }));
            const appended = naive.append(now, of);
            const result =
              step.kind === 'append'
                ? await database.append(step.source, now, of)
                : await database.appendColumn(layout, now, columnOf(of));
            expect(result).toEqual({ appended, outOfOrder: of.length - appended });
          }
        } else if (step.kind === 'query') {
          const [from, to] = [START + step.from, START + step.to];
          expect(await selectFrom(database, step.matchers, from, to)).toEqual(
            naive.select(step.matchers, from, to),
          );
          const sets = await database.labelSets([step.matchers], from, to);
          expect(sets.map(String)).toEqual(naive.labelSets(step.matchers, from, to));
        } else {
          if (step.kind === 'close') await database.close();
          else disk = disk.afterCrash();
          database = await open(disk, options);
          expect(database.stats().replay.damages).toEqual([]);
          expect(await selectFrom(database, ALL)).toEqual(naive.select(ALL, -1, 1e15));
        }
      }
      await database.close();
    }),
    { numRuns: 100 },
  );
});

function columnOf(samples: readonly NaiveSample[]): Float64Array {
  const column = Float64Array.from(samples, (s) => s.value);
  samples.forEach((s, i) => {
    if (s.stale === true) writeStaleAt(wordsOf(column), i);
  });
  return column;
}

test('names, values and sets of labels are sorted, and those of the time asked for', async () => {
  const database = await open(new MemoryDisk());
  await database.append('x', START, [
    { labels: Labels.of({ __name__: 'b', host: 'z' }), value: 1 },
    { labels: Labels.of({ __name__: 'a', host: 'y' }), value: 1 },
  ]);
  await database.append('x', START + 10, [{ labels: Labels.of({ __name__: 'c', zone: 'q' }), value: 1 }]);
  const all = [START, START + 10] as const;
  expect(await database.labelNames([], ...all)).toEqual(['__name__', 'host', 'zone']);
  expect(await database.labelNames([], START, START + 5)).toEqual(['__name__', 'host']);
  expect(await database.labelValues('__name__', [], ...all)).toEqual(['a', 'b', 'c']);
  expect(await database.labelValues('host', [[{ name: '__name__', op: '=', value: 'a' }]], ...all)).toEqual([
    'y',
  ]);
  const two = [
    [{ name: 'host', op: '=', value: 'z' } as const],
    [{ name: 'zone', op: '=~', value: '.+' } as const],
  ];
  expect((await database.labelSets(two, ...all)).map(String)).toEqual(['b{host="z"}', 'c{zone="q"}']);
  await database.close();
});

test('a sample given twice in a batch is taken once', async () => {
  const database = await open(new MemoryDisk());
  expect(await database.append('x', START, [sample('a', 1), sample('a', 2)])).toEqual({
    appended: 1,
    outOfOrder: 1,
  });
  expect(await selectFrom(database, ALL)).toEqual({ a: [`1@${START}`] });
  await database.close();
});

test('a source may write several times at one time', async () => {
  const disk = new MemoryDisk();
  const database = await open(disk);
  for (const t of [START, START + 1, START + 2]) {
    for (const name of ['a', 'b', 'c']) {
      expect(await database.append('x', t, [sample(name, t - START)])).toEqual({
        appended: 1,
        outOfOrder: 0,
      });
    }
  }
  const samples = [`0@${START}`, `1@${START + 1}`, `2@${START + 2}`];
  expect(await selectFrom(database, ALL)).toEqual({ a: samples, b: samples, c: samples });
  expect(database.stats()).toMatchObject({ openColumns: 3, blocks: 0 });
  await database.close();
});

test('a pattern that is not valid is an error, and a cancelled query is none', async () => {
  const database = await open(new MemoryDisk());
  await expect(selectFrom(database, [{ name: 'a', op: '=~', value: '(' }])).rejects.toThrow(/a=~"\("/);
  const request = { matchers: ALL, startMs: 0, endMs: 1, hints: { stepMs: 0, rangeMs: 0, func: '' } };
  await expect(database.select([request], AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  await database.close();
  await expect(database.append('x', START, [sample('a', 1)])).rejects.toMatchObject({ code: 'CLOSED' });
});

// ——— Bounds ———

test('samples of the far past and future are refused', async () => {
  const database = await open(new MemoryDisk(), { retention: { timeMs: 1000 } });
  expect((await database.append('x', START - 1000, [sample('a', 1)])).appended).toBe(0);
  expect((await database.append('x', START - 999, [sample('a', 1)])).appended).toBe(1);
  expect((await database.append('x', START + 600_001, [sample('a', 1)])).appended).toBe(0);
  expect(database.stats().samplesOutOfBounds).toBe(2);
  await database.close();
});

test('series beyond the limit are refused, and those that are known go on', async () => {
  const database = await open(new MemoryDisk(), { seriesMax: 2 });
  const three = [sample('a', 1), sample('b', 1), sample('c', 1)];
  expect(await database.append('x', START, three)).toEqual({ appended: 2, outOfOrder: 0 });
  const layout = { source: 'x', series: three.map((s) => s.labels) };
  expect((await database.appendColumn(layout, START + 1, Float64Array.of(1, 2, 3))).appended).toBe(2);
  expect(database.stats()).toMatchObject({ samplesOverSeriesMax: 2, series: 2 });
  await database.close();
});

test('retention by time hides exactly what is too old, and frees what is of the past entirely', async () => {
  const disk = new MemoryDisk();
  let now = START;
  const options = { now: () => now, retention: { timeMs: 60_000 }, segmentBytes: 500 };
  let database = await open(disk, options);
  await database.append('gone', now, [sample('old', 1)]);
  for (; now < START + 300_000; now += 1000) await database.append('x', now, [sample('a', now - START)]);
  const kept = await selectFrom(database, ALL);
  expect(Object.keys(kept)).toEqual(['a']);
  // Retention looks every ten seconds.
  expect(kept.a!.length).toBeGreaterThanOrEqual(60);
  expect(kept.a!.length).toBeLessThanOrEqual(70);
  expect(database.stats()).toMatchObject({ series: 1 });
  expect(database.stats().dropsByTime).toBeGreaterThan(0);
  const bytes = database.stats().logBytes;
  expect(bytes).toBeLessThan(2500);
  expect([...disk.segments()].reduce((sum, path) => sum + disk.files.get(path)!.length, 0)).toBe(bytes);
  await database.close();
  database = await open(disk, options);
  const again = await selectFrom(database, ALL);
  expect(again.a!.at(-1)).toBe(kept.a!.at(-1));
  expect(kept.a!.slice(-59)).toEqual(again.a!.slice(-59));
  await database.close();
});

test('the log stays within its size, and what it gave up is shown neither before nor after opening', async () => {
  const disk = new MemoryDisk();
  let now = START;
  // Values that hardly compress: the log, which repeats its definitions, is then larger than the head.
  const options = { now: () => now, retention: { bytes: 400_000 }, segmentBytes: 2_000 };
  let database = await open(disk, options);
  const layout = {
    source: 'x',
    series: Array.from({ length: 10 }, (_, i) => Labels.of({ __name__: `m${i}` })),
  };
  for (let i = 0; i < 6000; i++, now += 1000) {
    await database.appendColumn(
      layout,
      now,
      Float64Array.from(layout.series, (_, j) => Math.sin(i * (j + 1))),
    );
  }
  const stats = database.stats();
  expect(stats.logBytes).toBeLessThan(405_000);
  expect(stats.dropsByLogSize).toBeGreaterThan(0);
  expect(stats.droppedUpToMs).toBeGreaterThan(START);
  const shown = await selectFrom(database, ALL);
  expect(shown.m3!.length).toBeGreaterThan(300);
  expect(shown.m3!.length).toBeLessThan(6000);
  await database.close();
  database = await open(disk, options);
  expect((await selectFrom(database, ALL)).m3!.slice(-shown.m3!.length)).toEqual(shown.m3);
  await database.close();
});

test('the head stays within its memory', async () => {
  let now = START;
  const database = await open(new MemoryDisk(), {
    now: () => now,
    retention: { bytes: 200_000 },
    segmentBytes: 20_000,
  });
  const layout = {
    source: 'x',
    series: Array.from({ length: 50 }, (_, i) => Labels.of({ __name__: `m${i}` })),
  };
  for (let i = 0; i < 2000; i++, now += 1000) {
    await database.appendColumn(
      layout,
      now,
      Float64Array.from(layout.series, (_, j) => Math.sin(i * j)),
    );
  }
  expect(database.stats().bytes).toBeLessThan(250_000);
  expect(database.stats().dropsByMemory).toBeGreaterThan(0);
  const shown = await selectFrom(database, [{ name: '__name__', op: '=', value: 'm7' }]);
  expect(shown.m7!.at(-1)).toBe(`${Math.sin(1999 * 7)}@${now - 1000}`);
  await database.close();
});

test('a source whose series come and go does not keep what has gone', async () => {
  let now = START;
  const database = await open(new MemoryDisk(), { now: () => now, retention: { timeMs: 200_000 } });
  for (let i = 0; i < 1000; i++, now += 1000) {
    const churn = Array.from({ length: 20 }, (_, j) => Labels.of({ __name__: 'churn', id: `${i}-${j}` }));
    const layout = { source: 'x', series: [Labels.of({ __name__: 'steady' }), ...churn] };
    await database.appendColumn(layout, now, new Float64Array(21).fill(i));
  }
  const stats = database.stats();
  expect(stats.series).toBeLessThan(20 * 500);
  expect(stats.bytes).toBeLessThan(20e6);
  const steady = await selectFrom(database, [{ name: '__name__', op: '=', value: 'steady' }]);
  expect(steady.steady!.length).toBeGreaterThanOrEqual(200);
  expect(steady.steady!.at(-1)).toBe(`999@${now - 1000}`);
  await database.close();
});
