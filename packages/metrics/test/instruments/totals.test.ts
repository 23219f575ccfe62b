import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  counter,
  createRegistry,
  type MetricsServer,
  type Registry,
  serveMetrics,
} from '../../dist/index.js';
import { MetricsDirectory } from '../../dist/store/directory.js';
import { nativeFilesOrNone } from '../../dist/store/native.js';
import { DirectoryReader } from '../../dist/store/reader.js';
import { value } from '../../dist/testing.js';
import {
  type CountedTotals,
  countTotals,
  type Remember,
  rememberInFile,
  type TotalsReading,
} from '../../dist/totals.js';
import { MAPPED, type Member, member, metricsDirectory, type Sharing, valueIn, WRITTEN } from '../members.ts';

const SOAK = process.env.BINNACLE_SOAK === '1';
const SOAK_MS_MAX = SOAK ? 900_000 : 300_000;

const opened: { stop(): void }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.stop();
});

function jobs(registry: Registry) {
  return counter({ name: 'jobs_total', help: 'Jobs', labels: { status: ['completed', 'failed'] }, registry });
}

/** What is remembered, in memory that outlives the processes of a test. */
function inMemory(): Remember & { text: string | undefined } {
  return {
    text: undefined,
    async load() {
      return this.text;
    },
    async save(text) {
      this.text = text;
    },
  };
}

/** Totals of a source that a test drives, counted by one process by itself. */
function alone(options: Partial<Parameters<typeof countTotals<'completed' | 'failed'>>[0]> = {}) {
  const registry = createRegistry();
  const counted = jobs(registry);
  const source = { completed: 0, failed: 0 } as {
    completed: number;
    failed: number;
    incarnation?: string;
  };
  const totals = countTotals({
    source: async () => ({ ...source }),
    into: { completed: counted.bind({ status: 'completed' }), failed: counted.bind({ status: 'failed' }) },
    intervalMs: 3_600_000,
    registry,
    ...options,
  });
  opened.push(totals);
  const shown = (status: 'completed' | 'failed' = 'completed') => value(counted, { status });
  return { registry, source, totals, shown };
}

describe('One process by itself', () => {
  test('counts what comes, not what was there before', async () => {
    const { source, totals, shown } = alone();
    source.completed = 100;
    expect(await totals.read()).toBe('counted');
    expect(shown()).toBe(0);
    source.completed = 103;
    source.failed = 2;
    await totals.read();
    await totals.read();
    expect([shown(), shown('failed')]).toEqual([3, 2]);
  });

  test('counts what was there before, where it is told to', async () => {
    const { source, totals, shown } = alone({ from: 'zero' });
    source.completed = 100;
    await totals.read();
    expect(shown()).toBe(100);
  });

  test('adds all that comes after a reset', async () => {
    const { source, totals, shown } = alone();
    source.completed = 100;
    await totals.read();
    source.completed = 130;
    await totals.read();
    source.completed = 7;
    await totals.read();
    expect(shown()).toBe(37);
    source.completed = 8;
    await totals.read();
    expect(shown()).toBe(38);
  });

  test('knows a reset by the incarnation, though the total has grown', async () => {
    const { source, totals, shown } = alone();
    Object.assign(source, { completed: 10, incarnation: 'a' });
    await totals.read();
    Object.assign(source, { completed: 15, incarnation: 'b' });
    await totals.read();
    expect(shown()).toBe(15);
    // The same incarnation cannot have been reset: its total was taken back, and goes on from there.
    source.completed = 12;
    await totals.read();
    source.completed = 14;
    await totals.read();
    expect(shown()).toBe(17);
  });

  test('takes an incarnation for each total', async () => {
    let reading: TotalsReading<'completed' | 'failed'> = { completed: 0, failed: 0 };
    const { totals, shown } = alone({ source: () => reading });
    reading = { completed: { total: 5, incarnation: 'a' }, failed: { total: 5, incarnation: 'a' } };
    await totals.read();
    reading = { completed: { total: 6, incarnation: 'b' }, failed: { total: 6, incarnation: 'a' } };
    await totals.read();
    expect([shown(), shown('failed')]).toEqual([6, 1]);
  });

  test('counts readings that fail, and nothing else changes', async () => {
    let answer: () => unknown = () => ({ completed: 5, failed: 0 });
    const { registry, totals, shown } = alone({ source: async () => answer() as never });
    await totals.read();
    const answers: (() => unknown)[] = [
      () => Promise.reject(new Error('gone')),
      () => undefined,
      () => ({ completed: Number.NaN, failed: 0 }),
      () => ({ completed: -1, failed: 0 }),
      () => ({ completed: '7', failed: 0 }),
      () => ({ failed: 0 }),
    ];
    for (const bad of answers) {
      answer = bad;
      expect(await totals.read()).toBe('failed');
    }
    expect(shown()).toBe(0);
    expect(droppedIn(registry)).toBe(answers.length);
    // What is right is counted all the same.
    answer = () => ({ completed: Number.NaN, failed: 4 });
    await totals.read();
    answer = () => ({ completed: 6, failed: 4 });
    await totals.read();
    expect([shown(), shown('failed')]).toEqual([1, 4]);
  });

  test('counts nothing that cannot be remembered, until it can be', async () => {
    let broken = false;
    const remember = inMemory();
    const { registry, source, totals, shown } = alone({
      remember: {
        load: () => remember.load(),
        save: (text) => (broken ? Promise.reject(new Error('disk full')) : remember.save(text)),
      },
    });
    await totals.read();
    broken = true;
    source.completed = 3;
    expect(await totals.read()).toBe('failed');
    expect([shown(), droppedIn(registry)]).toEqual([0, 1]);
    broken = false;
    source.completed = 4;
    expect(await totals.read()).toBe('counted');
    expect(shown()).toBe(4);
  });

  test('counts what happened while it was down, where it remembers', async () => {
    const file = path.join(metricsDirectory(), 'totals');
    const first = alone({ remember: rememberInFile(file) });
    await first.totals.read();
    first.source.completed = 5;
    await first.totals.read();
    first.totals.stop();
    const second = alone({ remember: rememberInFile(file) });
    second.source.completed = 9;
    await second.totals.read();
    expect([first.shown(), second.shown()]).toEqual([5, 4]);
    expect(fs.readdirSync(path.dirname(file))).toEqual(['totals']);
  });

  test('begins anew where what is remembered cannot be read', async () => {
    const remember = inMemory();
    remember.text = '{"format":1,"epoch":"x","totals":{"completed":{"total":-1}}}';
    const { registry, source, totals, shown } = alone({ remember });
    source.completed = 9;
    await totals.read();
    source.completed = 10;
    await totals.read();
    expect([shown(), droppedIn(registry)]).toEqual([1, 1]);
  });

  test('reads on its own, and when metrics are shown', async () => {
    const { registry, source, shown } = alone({ intervalMs: 20 });
    await registry.collect();
    source.completed = 5;
    await expect.poll(() => shown()).toBe(5);
  });

  test('of whose source no answer comes is held up once, and complains', async () => {
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let completed = 1;
    const { registry, totals, shown } = alone({
      source: async () => {
        const found = { completed, failed: 0 };
        await answered;
        return found;
      },
      intervalMs: 30,
    });
    const first = totals.read();
    await expect.poll(() => droppedIn(registry)).toBeGreaterThan(1);
    await registry.collect();
    completed = 5;
    answer();
    expect(await first).toBe('counted');
    await totals.read();
    expect(shown()).toBe(4);
  });

  test('does not read when metrics are shown, where it is told so', async () => {
    let readings = 0;
    const { registry } = alone({
      source: () => ({ completed: ++readings, failed: 0 }),
      atScrape: false,
    });
    await registry.collect();
    expect(readings).toBe(0);
  });

  test('is one for the same counters, and none after it was stopped', async () => {
    const { registry, source, totals, shown } = alone();
    const bound = jobs(registry);
    const again = countTotals({
      source: async () => ({ ...source }),
      into: { completed: bound.bind({ status: 'completed' }), failed: bound.bind({ status: 'failed' }) },
      registry,
    });
    expect(again).toBe(totals);
    await totals.read();
    totals.stop();
    source.completed = 5;
    expect(await totals.read()).toBe('elsewhere');
    expect(shown()).toBe(0);
  });

  test('goes on where it was when it is stopped and begun again', async () => {
    const { registry, source, totals, shown } = alone({ remember: inMemory() });
    const remember = inMemory();
    totals.stop();
    const bound = jobs(registry);
    for (const completed of [3, 5, 9]) {
      source.completed = completed;
      using again = countTotals({
        source: async () => ({ ...source }),
        into: { completed: bound.bind({ status: 'completed' }), failed: bound.bind({ status: 'failed' }) },
        registry,
        remember,
      });
      await again.read();
    }
    expect(shown()).toBe(6);
  });

  test('refuses what cannot be counted into', () => {
    const registry = createRegistry();
    const source = () => ({ a: 1 });
    const other = counter({ name: 'other_total', help: 'O', registry: createRegistry() });
    expect(() => countTotals({ source, into: { a: other }, registry })).toThrow(
      'countTotals: into.a is no series of the registry',
    );
    expect(() => countTotals({ source, into: {} as never, registry })).toThrow(TypeError);
    const own = counter({ name: 'own_total', help: 'O', registry });
    expect(() => countTotals({ source, into: { a: own }, registry, intervalMs: 0 })).toThrow(RangeError);
  });
});

function droppedIn(registry: Registry): number {
  let dropped = 0;
  for (const { shape, values, index, labelValues } of registry.series()) {
    if (shape.name === 'binnacle_metrics_dropped_total' && labelValues[1] === 'callback')
      dropped += values[index]!;
  }
  return dropped;
}

/** Where a process is killed: before or after the n-th time that it has saved what it remembers. */
type KillPoint = { readonly save: 1 | 2; readonly applied: boolean };

const NEVER = new Promise<never>(() => {});

/** A source, and the events that it has counted. */
class Source {
  total = 0;
  incarnation = 0;
  /** What was seen last by a reading of which anything is left, and what was seen in all. */
  seen = { total: 0, incarnation: 0 };
  observed = 0;
  #asked: { total: number; incarnation: number } | undefined;

  read(tells: boolean): TotalsReading<'done'> {
    this.#asked = { total: this.total, incarnation: this.incarnation };
    return { done: this.total, ...(tells && { incarnation: String(this.incarnation) }) };
  }

  /** What was read is written ahead. */
  note(tells: boolean): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked === undefined) return;
    const { total, incarnation } = this.seen;
    // Impossible to know without an incarnation: that there was a reset, when the total has passed the old one.
    const wasReset = tells ? asked.incarnation !== incarnation : asked.total < total;
    this.observed += wasReset ? asked.total : asked.total - total;
    this.seen = asked;
  }
}

/** Remembers until the process is killed at a point. */
class Mortal implements Remember {
  readonly #inner: Remember;
  readonly #saved: () => void;
  #saves = 0;
  #point: KillPoint | undefined;
  #died: (() => void) | undefined;

  constructor(inner: Remember, saved: () => void) {
    this.#inner = inner;
    this.#saved = saved;
  }

  /** Resolves when the point is reached. */
  killAt(point: KillPoint): Promise<'killed'> {
    this.#saves = 0;
    this.#point = point;
    return new Promise((resolve) => {
      this.#died = () => resolve('killed');
    });
  }

  load(): Promise<string | undefined> {
    return this.#inner.load();
  }

  async save(text: string): Promise<void> {
    this.#saves++;
    const dies = this.#point?.save === this.#saves;
    if (dies && !this.#point!.applied) {
      this.#died!();
      await NEVER;
    }
    await this.#inner.save(text);
    this.#saved();
    if (dies) {
      this.#died!();
      await NEVER;
    }
  }
}

const killPoint: fc.Arbitrary<KillPoint> = fc.record({
  save: fc.constantFrom(1 as const, 2 as const),
  applied: fc.boolean(),
});

type Step =
  | { readonly do: 'events'; readonly count: number }
  | { readonly do: 'reset' }
  | { readonly do: 'start' }
  | { readonly do: 'read'; readonly who: number }
  | { readonly do: 'stop'; readonly who: number }
  | { readonly do: 'kill'; readonly who: number; readonly at: KillPoint };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('events' as const), count: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'reset' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'start' as const }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), who: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), who: fc.nat(2) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('kill' as const), who: fc.nat(2), at: killPoint }),
  },
);

const RUNS = SOAK ? 800 : 100;

describe('A model', () => {
  /** A history of a service of up to three processes in one directory. */
  async function service(steps: readonly Step[], tells: boolean): Promise<void> {
    const directory = metricsDirectory();
    const record = path.join(metricsDirectory(), 'record');
    const source = new Source();
    interface Process {
      readonly server: MetricsServer;
      readonly totals: CountedTotals;
      readonly mortal: Mortal;
    }
    const processes: Process[] = [];
    const opening = MetricsDirectory.open(directory, 'test', '', await nativeFilesOrNone());
    let ended = 0;
    /** What the service shows now. */
    const shown = (): number => {
      const reader = new DirectoryReader(opening);
      const family = reader.read().families.find(({ name }) => name === 'done_total');
      const found = family?.type === 'counter' ? (family.series[0]?.value ?? 0) : 0;
      reader.close();
      return found;
    };
    const start = async () => {
      const isFirst = processes.length === 0;
      // What the epoch showed in the end, which this process ends.
      if (isFirst) ended += shown();
      const registry = createRegistry();
      const done = counter({ name: 'done_total', help: 'D', registry });
      const server = await serveMetrics({ service: 'test', directory, registry });
      const mortal = new Mortal(rememberInFile(record, { sync: false }), () => source.note(tells));
      const totals = countTotals({
        source: () => source.read(tells),
        into: { done },
        from: 'zero',
        intervalMs: 3_600_000,
        atScrape: false,
        remember: mortal,
        registry,
      });
      processes.push({ server, totals, mortal });
    };
    const end = async (one: Process) => {
      processes.splice(processes.indexOf(one), 1);
      one.totals.stop();
      await one.server.close();
    };
    try {
      for (const step of steps) {
        if (step.do === 'events') source.total += step.count;
        else if (step.do === 'reset') {
          source.total = 0;
          source.incarnation++;
        } else if (step.do === 'start') {
          if (processes.length < 3) await start();
        } else {
          const one = processes[step.who % Math.max(1, processes.length)];
          if (one === undefined) continue;
          if (step.do === 'read') await one.totals.read();
          else {
            if (step.do === 'kill') await Promise.race([one.mortal.killAt(step.at), one.totals.read()]);
            await end(one);
          }
        }
      }
      // In the end all is well, and all that could be seen is counted.
      if (processes.length === 0) await start();
      const outcomes = [];
      for (const { totals } of processes) outcomes.push(await totals.read());
      expect(outcomes).toContain('counted');
      expect(ended + shown()).toBe(source.observed);
    } finally {
      for (const one of [...processes]) await end(one);
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }

  for (const tells of [true, false])
    test(`of a service in a directory, whose source tells ${tells ? 'its' : 'no'} incarnation, counts each event once`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), (steps) => service(steps, tells)),
        { numRuns: RUNS },
      );
    }, 600_000);

  test('of processes by themselves, which begin at 0, counts each event once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const source = new Source();
        const record = inMemory();
        let ended = 0;
        let twice = 0;
        let running: { totals: CountedTotals; mortal: Mortal; shown: () => number } | undefined;
        const start = () => {
          const registry = createRegistry();
          const done = counter({ name: 'done_total', help: 'D', registry });
          const mortal = new Mortal(record, () => source.note(true));
          const totals = countTotals({
            source: () => source.read(true),
            into: { done },
            from: 'zero',
            intervalMs: 3_600_000,
            atScrape: false,
            remember: mortal,
            registry,
          });
          running = { totals, mortal, shown: () => value(done) };
        };
        for (const step of steps) {
          if (step.do === 'events') source.total += step.count;
          else if (step.do === 'reset') {
            source.total = 0;
            source.incarnation++;
          } else if (step.do === 'start') {
            if (running === undefined) start();
          } else if (running !== undefined) {
            const { totals, mortal, shown } = running;
            if (step.do === 'read') await totals.read();
            else {
              const before = shown();
              const how =
                step.do === 'kill' ? await Promise.race([mortal.killAt(step.at), totals.read()]) : 'stopped';
              // Impossible to know: that the counter of a dead process had counted what is only written ahead.
              if (how === 'killed' && step.do === 'kill' && step.at.save === 2 && !step.at.applied)
                twice += shown() - before;
              totals.stop();
              ended += shown();
              running = undefined;
            }
          }
        }
        if (running === undefined) start();
        expect(await running!.totals.read()).toBe('counted');
        running!.totals.stop();
        expect(ended + running!.shown() - twice).toBe(source.observed);
      }),
      { numRuns: RUNS * 5 },
    );
  }, 600_000);
});

/** Files of which a process that is only late is not soon taken for a dead one: then another one counts in its place. */
const SLOWLY_GONE: Sharing = {
  ...WRITTEN,
  env: { ...WRITTEN.env, BINNACLE_METRICS_HEARTBEAT_TIMEOUT_MS: '4000' },
  goneMs: 4_500,
};

describe.each([MAPPED, SLOWLY_GONE])('Processes of a service that share $kind files', (sharing: Sharing) => {
  /** A source that processes read, and what starts them. */
  function service() {
    const directory = metricsDirectory();
    const file = path.join(metricsDirectory(), 'total');
    const set = (total: number) => {
      fs.writeFileSync(`${file}.new`, String(total));
      fs.renameSync(`${file}.new`, file);
    };
    set(0);
    const env = { ...sharing.env, TOTAL_FILE: file };
    const join = () => member(directory, { sharing: { ...sharing, env }, fixture: 'totals-member.mjs' });
    const shown = async (one: Member) => valueIn((await one.tell('exposition')) as string, 'done_total');
    return { directory, set, join, shown };
  }

  /** Until then a written file is taken for that of one that runs, and the epoch goes on. */
  const gone = () => new Promise((resolve) => setTimeout(resolve, sharing.goneMs));

  test('go on where one was that is killed, each event once', async () => {
    const { set, join, shown } = service();
    const [first, second] = [await join(), await join()];
    set(10);
    expect([await first.tell('read'), await second.tell('read')].sort()).toEqual(['counted', 'elsewhere']);
    await expect.poll(() => shown(second)).toBe(10);
    set(13);
    await first.kill();
    // Nobody tells it: it notices, and reads by itself.
    await expect.poll(() => shown(second)).toBe(13);
    const third = await join();
    set(20);
    await second.tell('read');
    await third.tell('read');
    await expect.poll(() => shown(third)).toBe(20);
  }, 300_000);

  test(
    'are killed while they count, and each event is counted once',
    async () => {
      const { set, join, shown } = service();
      let total = 0;
      const timer = setInterval(() => set(++total), 1);
      opened.push({ stop: () => clearInterval(timer) });
      // It keeps the epoch, and reads when no other does.
      const keeper = await join();
      for (let i = 0; i < (SOAK ? 20 : sharing === MAPPED ? 4 : 2); i++) {
        const one = await join();
        one.tell('spin').catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
        await one.kill();
      }
      clearInterval(timer);
      set(total);
      await expect
        .poll(async () => [await keeper.tell('read'), await shown(keeper)])
        .toEqual(['counted', total]);
      await keeper.kill();
      await gone();
      // A new epoch counts what has come since the one before, and nothing else.
      const next = await join();
      set(total + 4);
      await expect.poll(async () => [await next.tell('read'), await shown(next)]).toEqual(['counted', 4]);
    },
    SOAK_MS_MAX,
  );

  // Where files are written, each of the killed is known to be gone after five seconds.
  const epochs = sharing === MAPPED ? (SOAK ? 20 : 6) : 8;
  if (sharing === MAPPED || SOAK)
    test(
      'all are killed again and again, and the epochs have counted each event once',
      async () => {
        const { directory, set, join } = service();
        const reader = new DirectoryReader(
          MetricsDirectory.open(
            directory,
            'test',
            '',
            sharing === MAPPED ? await nativeFilesOrNone() : undefined,
          ),
        );
        const shown = () => {
          const family = reader.read().families.find(({ name }) => name === 'done_total');
          return family?.type === 'counter' ? family.series[0]!.value : 0;
        };
        let total = 0;
        let ended = 0;
        const timer = setInterval(() => set(++total), 1);
        opened.push({ stop: () => clearInterval(timer) });
        for (let i = 0; i < epochs; i++) {
          const one = await join();
          one.tell('spin').catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80));
          await one.kill();
          ended += shown();
          await gone();
        }
        clearInterval(timer);
        set(total);
        const last = await join();
        await expect.poll(async () => [await last.tell('read'), shown() + ended]).toEqual(['counted', total]);
        reader.close();
      },
      SOAK_MS_MAX,
    );
});
