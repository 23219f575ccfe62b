import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../dist/notify/alert.js';
import { type JournalDisk, type JournalFile, nodeJournalDisk } from '../../dist/notify/journal-disk.js';
import { JOURNAL_REPLACED_BYTES_MIN, NotifierJournal } from '../../dist/notify/notifier-journal.js';
import {
  type NotifierState,
  NotifierStateBuilder,
  recordsOf,
  type StateRecord,
} from '../../dist/notify/notifier-state.js';
import { ManualClock } from '../manual-clock.ts';

const folders: string[] = [];
const journals: NotifierJournal[] = [];

afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'binnacle-journal-'));
  folders.push(made);
  return made;
}

interface Opened {
  readonly journal: NotifierJournal;
  readonly state: NotifierState;
  readonly problems: string[];
  readonly clock: ManualClock;
}

async function open(dir: string, disk: JournalDisk = nodeJournalDisk): Promise<Opened> {
  const problems: string[] = [];
  const clock = new ManualClock();
  const journal = new NotifierJournal({
    path: path.join(dir, 'sub', 'notifier.log'),
    version1Path: path.join(dir, 'notifier.json'),
    clock,
    onProblem: (problem) => problems.push(problem.replaceAll(dir, 'DIR')),
    disk,
  });
  journals.push(journal);
  const state = await journal.load();
  return { journal, state, problems, clock };
}

async function fresh(dir: string, disk?: JournalDisk): Promise<Opened> {
  const opened = await open(dir, disk);
  await opened.journal.replace([]);
  return opened;
}

function alertRecord(job: string, isEnded = false): StateRecord {
  const labels = Labels.of({ alertname: 'Down', job });
  const annotations = { summary: 'a "quoted" line\nand another: ✓' };
  return {
    kind: 'alert',
    alert: {
      labels,
      annotations,
      startsAtMs: 1,
      endsAtMs: 2,
      generatorUrl: 'http://h/',
      updatedAtMs: 1,
      isEnded,
    },
  };
}

function sentRecord(key: string, sentAtMs = 5): StateRecord {
  return {
    kind: 'sent',
    entry: { key, firing: ['0123456789abcdef'], resolved: [], sentAtMs, expiresAtMs: 99 },
  };
}

function sum(records: readonly StateRecord[]): NotifierState {
  const builder = new NotifierStateBuilder();
  for (const record of records) builder.add(record);
  return builder.state();
}

function plain({ alerts, notifications }: NotifierState): unknown {
  return {
    alerts: alerts.map((alert) => ({ ...alert, labels: alert.labels.toObject() })),
    notifications,
  };
}

const logOf = (dir: string) => path.join(dir, 'sub', 'notifier.log');

describe('the journal of the notifier', () => {
  it('gives back what was added, over several runs', async () => {
    const dir = await folder();
    const first = await fresh(dir);
    expect(first.state).toEqual({ alerts: [], notifications: [] });
    await first.journal.append([alertRecord('a'), sentRecord('x')]);
    // Without a close: as after a kill.
    const second = await open(dir);
    expect(plain(second.state)).toEqual(plain(sum([alertRecord('a'), sentRecord('x')])));
    expect(second.journal.isOvergrown).toBe(false);
    await second.journal.append([alertRecord('b', true), sentRecord('x', 7)]);
    await second.journal.close();
    const third = await open(dir);
    expect(third.state.alerts.map(({ isEnded }) => isEnded)).toEqual([false, true]);
    expect(third.state.notifications.map(({ sentAtMs }) => sentAtMs)).toEqual([7]);
    expect([...first.problems, ...second.problems, ...third.problems]).toEqual([]);
  });

  it('forgets alerts that are gone', async () => {
    const dir = await folder();
    const { journal } = await fresh(dir);
    await journal.append([alertRecord('a'), alertRecord('b')]);
    const gone = fingerprintOf(Labels.of({ alertname: 'Down', job: 'a' }));
    await journal.append([{ kind: 'gone', fingerprints: [gone] }]);
    expect((await open(dir)).state.alerts.map(({ labels }) => labels.get('job'))).toEqual(['b']);
  });

  it('is replaced when it has grown', async () => {
    const dir = await folder();
    const { journal } = await fresh(dir);
    const record = alertRecord('x'.repeat(1000));
    const many = Array.from({ length: 1000 }, () => record);
    while (!journal.isOvergrown) await journal.append(many);
    expect(journal.lengthBytes).toBeGreaterThan(JOURNAL_REPLACED_BYTES_MIN);
    const replaced = journal.replace([record]);
    const after = journal.append([alertRecord('after')]);
    expect(journal.isOvergrown).toBe(false);
    await Promise.all([replaced, after]);
    expect(journal.lengthBytes).toBeLessThan(3000);
    expect(await readdir(path.join(dir, 'sub'))).toEqual(['notifier.log']);
    expect(plain((await open(dir)).state)).toEqual(plain(sum([record, alertRecord('after')])));
  });

  it('cut off at any byte loses only what was not written whole, says so, and goes on', async () => {
    const dir = await folder();
    const { journal } = await fresh(dir);
    const records = [alertRecord('a'), sentRecord('x'), alertRecord('b')];
    const lengths: number[] = [];
    for (const record of records) {
      lengths.push(journal.lengthBytes);
      await journal.append([record]);
    }
    const bytes = await readFile(logOf(dir));
    for (let length = lengths[0]!; length < bytes.length; length += 7) {
      await writeFile(logOf(dir), bytes.subarray(0, length));
      const whole = lengths.filter((start) => start <= length).length - 1;
      const cut = await open(dir);
      expect(plain(cut.state)).toEqual(plain(sum(records.slice(0, whole))));
      const torn = length - lengths[whole]!;
      expect(cut.problems).toEqual(
        torn === 0
          ? []
          : [
              `DIR/sub/notifier.log: the last ${torn} bytes, from ${lengths[whole]} on, were not written whole and are cut off`,
            ],
      );
      await cut.journal.append([sentRecord('after')]);
      await cut.journal.close();
      const again = await open(dir);
      expect(again.problems).toEqual([]);
      expect(again.state.notifications.at(-1)?.key).toBe('after');
      await again.journal.close();
    }
  });

  it('with a changed byte loses one line, says which, and is to be replaced', async () => {
    const dir = await folder();
    const { journal } = await fresh(dir);
    await journal.append([alertRecord('a'), alertRecord('b'), alertRecord('c')]);
    const bytes = await readFile(logOf(dir));
    const firstLine = bytes.indexOf('\n') + 1;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 2 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = damaged[at]! ^ change;
          await writeFile(logOf(dir), damaged);
          const { state, problems, journal } = await open(dir);
          // A line end that changes makes one line of two.
          expect(state.alerts.length).toBeGreaterThanOrEqual(at < firstLine - 1 ? 3 : 1);
          expect(problems).toHaveLength(1);
          expect(problems[0]).toMatch(/damaged and left out|not written whole/);
          await journal.close();
        },
      ),
      { numRuns: 100 },
    );
    const damaged = Buffer.from(bytes);
    damaged[firstLine + 20] = 0;
    await writeFile(logOf(dir), damaged);
    const { problems, journal: opened, state } = await open(dir);
    expect(problems).toEqual([
      'DIR/sub/notifier.log: line 2 is damaged and left out; messages may be repeated',
    ]);
    expect(opened.isOvergrown).toBe(true);
    expect(state.alerts.map(({ labels }) => labels.get('job'))).toEqual(['b', 'c']);
  });

  it('takes over the file of version 1, and removes it when it is taken over', async () => {
    const dir = await folder();
    const labels = { alertname: 'Down', job: 'a' };
    const version1 = {
      version: 1,
      savedAtMs: 100,
      notifications: [{ key: '{}:{}:team/webhook/0', firing: ['00'], resolved: [], sentAtMs: 90 }],
      alerts: [
        { labels, annotations: {}, startsAtMs: 1, endsAtMs: 200, generatorUrl: '' },
        { labels: { job: 'over' }, annotations: {}, startsAtMs: 1, endsAtMs: 99, generatorUrl: '' },
      ],
    };
    await writeFile(path.join(dir, 'notifier.json'), JSON.stringify(version1));
    const { state, journal } = await open(dir);
    expect(state.alerts.map(({ isEnded, updatedAtMs }) => [isEnded, updatedAtMs])).toEqual([
      [false, 100],
      [true, 100],
    ]);
    expect(state.notifications).toMatchObject([{ key: '{}:{}:team/webhook/0', sentAtMs: 90 }]);
    expect(journal.isOvergrown).toBe(true);
    expect(await readdir(dir)).toEqual(['notifier.json']);
    await journal.replace([alertRecord('a')]);
    expect(await readdir(dir)).toEqual(['sub']);
    expect((await open(dir)).state.alerts).toHaveLength(1);
  });

  it('leaves a file of version 1 that is damaged out, and says so', async () => {
    const dir = await folder();
    await writeFile(path.join(dir, 'notifier.json'), '{"version":1,');
    const { state, problems } = await open(dir);
    expect(state.alerts).toEqual([]);
    expect(problems).toEqual(['DIR/notifier.json is damaged and left out; messages may be repeated']);
  });

  it('leaves a file of a newer version alone', async () => {
    const dir = await folder();
    const { journal } = await fresh(dir);
    await journal.close();
    const header = '{"journal":"notifier","version":3}';
    const text = `${crc32(header).toString(16).padStart(8, '0')} ${header}\nwhatever\n`;
    await writeFile(logOf(dir), text);
    const newer = await open(dir);
    expect(newer.problems).toEqual([
      'DIR/sub/notifier.log is of version 3, and this monitor knows 2: what is sent is not stored; move the file away to store again',
    ]);
    expect(newer.journal.isOvergrown).toBe(false);
    await newer.journal.append([alertRecord('a')]);
    await newer.journal.replace([alertRecord('a')]);
    await newer.journal.close();
    expect(await readFile(logOf(dir), 'utf8')).toBe(text);
  });
});

/** A real disk on which operations fail while it is told so, writes after half of the bytes. */
class FailingDisk implements JournalDisk {
  fails: (operation: number) => boolean = () => false;
  operations = 0;

  makeDirectory = (at: string) => this.#run(() => nodeJournalDisk.makeDirectory(at));
  read = (at: string) => this.#run(() => nodeJournalDisk.read(at));
  rename = (from: string, to: string) => this.#run(() => nodeJournalDisk.rename(from, to));
  remove = (at: string) => this.#run(() => nodeJournalDisk.remove(at));
  syncDirectory = (at: string) => this.#run(() => nodeJournalDisk.syncDirectory(at));

  async open(at: string): Promise<JournalFile> {
    const file = await this.#run(() => nodeJournalDisk.open(at));
    return {
      write: async (bytes, position) => {
        if (!this.fails(this.operations++)) return file.write(bytes, position);
        await file.write(bytes.subarray(0, bytes.length >> 1), position);
        throw failure();
      },
      truncate: (length) => this.#run(() => file.truncate(length)),
      sync: () => this.#run(() => file.sync()),
      close: () => file.close(),
    };
  }

  async #run<T>(action: () => Promise<T>): Promise<T> {
    if (this.fails(this.operations++)) throw failure();
    return action();
  }
}

function failure(): Error {
  return Object.assign(new Error('no space left'), { code: 'ENOSPC' });
}

/** What was sent is kept for a while. */
const times = fc
  .record({ sentAtMs: fc.nat(), keptMs: fc.integer({ min: 1, max: 1e9 }) })
  .map(({ sentAtMs, keptMs }) => ({ sentAtMs, expiresAtMs: sentAtMs + keptMs }));

const anyRecord = fc.oneof(
  fc.record({ job: fc.constantFrom('a', 'b', 'c'), isEnded: fc.boolean() }).map(({ job, isEnded }) => {
    return alertRecord(job, isEnded);
  }),
  fc.constantFrom('a', 'b', 'c').map((job): StateRecord => {
    return { kind: 'gone', fingerprints: [fingerprintOf(Labels.of({ alertname: 'Down', job }))] };
  }),
  fc
    .record({
      key: fc.constantFrom('x', 'y é "z"'),
      firing: fc.array(fc.constantFrom('00', '11'), { maxLength: 2 }),
      times,
    })
    .map(({ times, ...attempt }): StateRecord => ({ kind: 'sending', attempt: { ...attempt, ...times } })),
  fc
    .record({
      key: fc.constantFrom('x', 'y é "z"'),
      firing: fc.array(fc.constantFrom('00', '11'), { minLength: 1, maxLength: 2 }),
      resolved: fc.array(fc.constantFrom('22'), { maxLength: 1 }),
      times,
    })
    .map(({ times, ...entry }): StateRecord => ({ kind: 'sent', entry: { ...entry, ...times } })),
);

it('what is written is what is read, replaced in between or not, in any batches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ batch: fc.array(anyRecord, { maxLength: 5 }), isReplaced: fc.boolean() }), {
        maxLength: 6,
      }),
      async (batches) => {
        const dir = await folder();
        const { journal, problems } = await fresh(dir);
        const all: StateRecord[] = [];
        for (const { batch, isReplaced } of batches) {
          all.push(...batch);
          void journal.append(batch);
          if (!isReplaced) continue;
          const { alerts, notifications } = sum(all);
          const snapshot: StateRecord[] = alerts.map((alert) => ({ kind: 'alert', alert }));
          for (const entry of notifications) snapshot.push(...recordsOf(entry));
          void journal.replace(snapshot);
        }
        await journal.close();
        expect(plain((await open(dir)).state)).toEqual(plain(sum(all)));
        expect(problems).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

describe('a disk that is full', () => {
  it('is told in words, holds up nobody, and has everything when there is room again', async () => {
    const dir = await folder();
    const disk = new FailingDisk();
    const { journal, problems, clock } = await fresh(dir, disk);
    disk.fails = () => true;
    await journal.append([alertRecord('a')]);
    await journal.append([alertRecord('b')]);
    expect(problems).toEqual([
      'what is notified could not be stored in DIR/sub/notifier.log: the disk is full (ENOSPC); it is tried again, and after a kill in the meantime messages may be repeated',
    ]);
    await clock.moveTo(10_000);
    disk.fails = () => false;
    await clock.moveTo(200_000);
    await journal.close();
    expect(problems.slice(1)).toEqual(['what is notified is stored again']);
    expect(plain((await open(dir)).state)).toEqual(plain(sum([alertRecord('a'), alertRecord('b')])));
  });

  it('that fails at any one operation costs nothing that was stored before or after', async () => {
    const before = [alertRecord('a'), sentRecord('x')];
    const after = [sentRecord('y'), alertRecord('b')];
    for (let failing = 0; ; failing++) {
      const dir = await folder();
      const first = await fresh(dir);
      await first.journal.append(before);
      await first.journal.close();
      const disk = new FailingDisk();
      disk.fails = (operation) => operation === failing;
      const { journal, clock } = await open(dir, disk);
      if (failing === 0) {
        // What cannot be read is not written over.
        await journal.append(after);
        await journal.close();
        expect(plain((await open(dir)).state)).toEqual(plain(sum(before)));
        continue;
      }
      if (journal.isOvergrown) await journal.replace(before);
      await journal.append(after);
      await clock.moveTo(100_000);
      if (journal.isOvergrown) await journal.replace([...before, ...after]);
      await journal.replace([...before, ...after]);
      await clock.moveTo(200_000);
      if (journal.isOvergrown) await journal.replace([...before, ...after]);
      await journal.close();
      expect(plain((await open(dir)).state), `operation ${failing}`).toEqual(
        plain(sum([...before, ...after])),
      );
      if (disk.operations <= failing) {
        expect(failing).toBeGreaterThan(8);
        return;
      }
    }
  });
});
