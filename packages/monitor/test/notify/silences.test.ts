import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AlertMatcher, alertMatcher, formatMatchers, parseMatchers } from '../../dist/alert-matcher.js';
import {
  parseSilences,
  printSilences,
  type SilenceStore,
  silenceFile,
} from '../../dist/notify/silence-file.js';
import { SilenceIndex } from '../../dist/notify/silence-index.js';
import {
  EXPIRED_KEPT_MS,
  SILENCE_BYTES_MAX,
  type Silence,
  Silences,
  silenceStateAt,
} from '../../dist/notify/silences.js';
import { ManualClock } from '../manual-clock.ts';

const MIN = 60_000;
const HOUR = 60 * MIN;
const NOW = 1_700_000_000_000;

interface Setup {
  readonly clock: ManualClock;
  readonly problems: string[];
  readonly disk: { text: string; writes: number; broken: boolean };
  silences: Silences;
}

function memory(disk: Setup['disk']): SilenceStore {
  return {
    load: async () => {
      const { silences, damage } = parseSilences(disk.text);
      return { silences, problem: disk.text === '' ? undefined : damage };
    },
    save: async (silences) => {
      await Promise.resolve();
      if (disk.broken) throw new Error('ENOSPC: no space left on device');
      disk.text = printSilences(silences);
      disk.writes++;
    },
  };
}

async function open(options: { readonly silencesMax?: number } = {}): Promise<Setup> {
  const clock = new ManualClock(NOW);
  const problems: string[] = [];
  const disk = { text: '', writes: 0, broken: false };
  const silences = await Silences.open({
    clock,
    store: memory(disk),
    onProblem: (message) => problems.push(message),
    ...options,
  });
  return { clock, problems, disk, silences };
}

const reopened = (setup: Setup): Promise<Silences> =>
  Silences.open({ clock: setup.clock, store: memory(setup.disk), onProblem: (p) => setup.problems.push(p) });

function request(matchers: string, startsAtMs = NOW, endsAtMs = NOW + HOUR) {
  return { matchers: parseMatchers(matchers), startsAtMs, endsAtMs, createdBy: 'ada', comment: 'a release' };
}

const shown = (silence: Silence | undefined, nowMs: number): string =>
  silence === undefined
    ? 'none'
    : `${formatMatchers(silence.matchers)} ${silenceStateAt(silence, nowMs)} ${(silence.startsAtMs - NOW) / MIN}m to ${(silence.endsAtMs - NOW) / MIN}m`;

const DOWN = Labels.of({ alertname: 'Down', job: 'web' });

describe('silences', () => {
  it('hide from their start until their end, and are seen for five days after it', async () => {
    const { clock, silences } = await open();
    const id = await silences.set(request('job="web"', NOW + 10 * MIN, NOW + 20 * MIN));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(silences.silencedBy(DOWN, NOW)).toEqual([]);
    expect(silences.silencedBy(DOWN, NOW + 10 * MIN)).toEqual([id]);
    expect(silences.silencedBy(Labels.of({ job: 'db' }), NOW + 10 * MIN)).toEqual([]);
    expect(silences.silencedBy(DOWN, NOW + 20 * MIN - 1)).toEqual([id]);
    expect(silences.silencedBy(DOWN, NOW + 20 * MIN)).toEqual([]);
    await clock.moveTo(NOW + 20 * MIN + EXPIRED_KEPT_MS - 1);
    expect(shown(silences.get(id), clock.now())).toBe('{job="web"} expired 10m to 20m');
    await clock.moveTo(NOW + 20 * MIN + EXPIRED_KEPT_MS);
    expect(silences.get(id)).toBeUndefined();
    expect(silences.list()).toEqual([]);
  });

  it('change in place where that changes no history, and else end and go on under another name', async () => {
    const { clock, silences } = await open();
    const id = await silences.set(request('job="web"'));
    await clock.moveTo(NOW + 5 * MIN);
    expect(await silences.set({ ...request('job="web"', NOW, NOW + 2 * HOUR), id })).toBe(id);
    expect(shown(silences.get(id), clock.now())).toBe('{job="web"} active 0m to 120m');

    const other = await silences.set({ ...request('job="db"', NOW, NOW + HOUR), id });
    expect(other).not.toBe(id);
    expect(shown(silences.get(id), clock.now())).toBe('{job="web"} expired 0m to 5m');
    expect(shown(silences.get(other), clock.now())).toBe('{job="db"} active 5m to 60m');

    const later = await silences.set(request('job="q"', NOW + HOUR, NOW + 2 * HOUR));
    expect(await silences.set({ ...request('job="q"', NOW + 30 * MIN, NOW + 2 * HOUR), id: later })).toBe(
      later,
    );
    expect(shown(silences.get(later), clock.now())).toBe('{job="q"} pending 30m to 120m');
    await silences.expire(later);
    expect(shown(silences.get(later), clock.now())).toBe('{job="q"} expired 5m to 5m');
    const again = await silences.set({ ...request('job="q"', NOW + 30 * MIN, NOW + 2 * HOUR), id: later });
    expect(again).not.toBe(later);
    // An end is an end: it does not move when it is asked for again.
    await clock.moveTo(NOW + 6 * MIN);
    await silences.expire(id);
    expect(shown(silences.get(id), clock.now())).toBe('{job="web"} expired 0m to 5m');
  });

  it.each([
    ['', NOW, NOW + 1, 'invalid silence: matcher set 0 is empty'],
    ['a=""', NOW, NOW + 1, 'matcher set 0: at least one matcher must not match the empty string'],
    ['a=~".*"', NOW, NOW + 1, 'matcher set 0: at least one matcher must not match the empty string'],
    ['a=~".*",b=""', NOW, NOW + 1, 'at least one matcher must not match the empty string'],
    ['"" = "x"', NOW, NOW + 1, 'invalid label matcher 0 in set 0: invalid label name ""'],
    ['a="b"', NOW + 1, NOW + 1, 'start time must be before end time'],
    ['a="b"', NOW - 2, NOW, "end time can't be in the past"],
    ['a="b"', Number.NaN, NOW, 'its times are not times'],
  ])('of %j from %d to %d are refused', async (matchers, startsAtMs, endsAtMs, message) => {
    const { silences, disk } = await open();
    const refused = silences.set(request(matchers, startsAtMs, endsAtMs));
    await expect(refused).rejects.toMatchObject({ code: 'silence_invalid' });
    await expect(refused).rejects.toThrow(message);
    expect(disk.writes).toBe(0);
  });

  it('that nobody knows cannot be changed, and there are limits to their number and size', async () => {
    const { silences } = await open({ silencesMax: 2 });
    const id = '6c1f9d3a-95a5-4e6b-8f3c-1de6e0e7f0aa';
    await expect(silences.expire(id)).rejects.toMatchObject({ code: 'silence_not_found' });
    await expect(silences.set({ ...request('a="b"'), id })).rejects.toThrow('silence not found');
    const long = { ...request('a="b"'), comment: 'x'.repeat(SILENCE_BYTES_MAX) };
    await expect(silences.set(long)).rejects.toMatchObject({ code: 'silence_limit' });
    await silences.set(request('a="b"'));
    const second = await silences.set(request('a="c"'));
    await expect(silences.set(request('a="d"'))).rejects.toThrow(
      'exceeded maximum number of silences: 2 (limit: 2)',
    );
    // A change that needs another silence beside the old one does not end the old one when there is no room.
    await expect(silences.set({ ...request('a="d"'), id: second })).rejects.toThrow('exceeded');
    expect(silences.silencedBy(Labels.of({ a: 'c' }), NOW)).toEqual([second]);
    expect(silences.refused).toBe(3);
  });

  it('are listed as Alertmanager lists them, and found by what their matchers say', async () => {
    const { clock, silences } = await open();
    const ids: Record<string, string> = {};
    const made = {
      late: [0, 90],
      soon: [0, 30],
      future: [60, 90],
      next: [20, 90],
      old: [0, 1],
      older: [0, 2],
    };
    for (const [name, [from, to]] of Object.entries(made))
      ids[name] = await silences.set(request(`name="${name}",x=~"1|2"`, NOW + from! * MIN, NOW + to! * MIN));
    await clock.moveTo(NOW + 10 * MIN);
    const names = (filter: string) =>
      silences.list(parseMatchers(filter)).map(({ matchers }) => matchers[0]!.value);
    expect(names('')).toEqual(['soon', 'late', 'next', 'future', 'older', 'old']);
    expect(silences.counts()).toEqual({ active: 2, pending: 2, expired: 2 });
    expect(names('name="late"')).toEqual(['late']);
    expect(names('x=~"1|2",name="late"')).toEqual(['late']);
    expect(names('x="1"')).toEqual([]);
    expect(names('name!="late"')).toEqual([]);
  });

  it('are written before they are there, many at a time, and not at all when the disk refuses', async () => {
    const { silences, disk, problems, clock } = await open();
    const first = silences.set(request('job="web"'));
    expect(silences.list()).toEqual([]);
    const others = Array.from({ length: 50 }, (_, i) => silences.set(request(`n="${i}"`)));
    await Promise.all([first, ...others]);
    expect(disk.writes).toBe(2);
    expect(parseSilences(disk.text).silences).toHaveLength(51);

    disk.broken = true;
    const lost = silences.set(request('job="db"'));
    await expect(lost).rejects.toMatchObject({ code: 'silence_not_stored' });
    await expect(silences.expire(await first)).rejects.toThrow('ENOSPC');
    expect(silences.silencedBy(DOWN, clock.now())).toEqual([await first]);
    expect(silences.list()).toHaveLength(51);
    expect(problems[0]).toContain('silences could not be stored: ENOSPC');
    disk.broken = false;
    await silences.expire(await first);
    expect(silences.silencedBy(DOWN, clock.now())).toEqual([]);
    const setup = { clock, disk, problems, silences };
    expect((await reopened(setup)).list()).toHaveLength(51);
  });

  it('say what they would hide, and warn when that is everything or nothing', async () => {
    const { silences } = await open();
    const alerts = ['web', 'db', 'queue'].map((job) => ({ labels: Labels.of({ alertname: 'Down', job }) }));
    const preview = (matchers: string, of = alerts) => {
      const { hidden, total, warning } = silences.preview(parseMatchers(matchers), of);
      return [hidden.map(({ labels }) => labels.get('job')).join(' '), total, warning];
    };
    expect(preview('job=~"web|db"')).toEqual(['web db', 3, undefined]);
    expect(preview('job="none"')).toEqual(['', 3, expect.stringContaining('none of the alerts')]);
    expect(preview('alertname="Down"')).toEqual([
      'web db queue',
      3,
      expect.stringContaining('hide all 3 alerts'),
    ]);
    expect(preview('job!="cache"')).toEqual([
      'web db queue',
      3,
      expect.stringContaining('nearly everything'),
    ]);
    expect(preview('job="web"', [])).toEqual(['', 0, expect.stringContaining('no alerts now')]);
    expect(preview('job="web"', alerts.slice(0, 1))).toEqual(['web', 1, undefined]);
  });
});

describe('the index of silences', () => {
  it('tries only what changed: ten thousand alerts and a thousand silences, then one more', async () => {
    let tried = 0;
    const counting = (name: string, value: string): AlertMatcher => ({
      name,
      op: '=~',
      value,
      matches: (labels) => {
        tried++;
        return labels.get(name) === value;
      },
    });
    const silence = (id: string, matchers: readonly AlertMatcher[]): Silence => ({
      id,
      matchers,
      startsAtMs: 0,
      endsAtMs: 1,
      updatedAtMs: 0,
      createdBy: '',
      comment: '',
      annotations: {},
    });
    const index = new SilenceIndex();
    for (let i = 0; i < 1000; i++)
      index.set(silence(`s${i}`, [alertMatcher('alertname', '=', `A${i}`), counting('n', String(i))]));
    const alerts = Array.from({ length: 10_000 }, (_, n) =>
      Labels.of({ alertname: `A${n % 100}`, n: String(n) }),
    );
    const found = () => alerts.reduce((sum, labels) => sum + index.matching(labels).length, 0);
    expect(found()).toBe(100);
    // One silence is filed under the name of each alert.
    expect(tried).toBe(10_000);
    expect(found()).toBe(100);
    expect(tried).toBe(10_000);
    index.set(silence('regex', [counting('n', '5000')]));
    expect(found()).toBe(101);
    expect(tried).toBe(20_000);
    index.delete('regex');
    expect(found()).toBe(100);
    expect(tried).toBe(20_000);
  });
});

describe('the file of silences', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'binnacle-silences-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const silence = (id: string, matchers: string): Silence => ({
    ...request(matchers),
    id,
    updatedAtMs: NOW,
    annotations: { by: 'é\n' },
  });
  const plain = (silences: readonly Silence[]) =>
    silences.map(({ matchers, ...rest }) => ({ ...rest, matchers: formatMatchers(matchers) }));

  it('gives back what was written', async () => {
    const file = silenceFile(join(folder, 'new', 'silences'));
    expect(await file.load()).toEqual({ silences: [], problem: undefined });
    const all = [silence('1', 'a="b"'), silence('2', '{"on call"=~"x|y\\\\.",z!="",w!~"a.*"}')];
    await file.save(all);
    await file.save(all);
    const { silences, problem } = await file.load();
    expect(plain(silences)).toEqual(plain(all));
    expect(problem).toBeUndefined();
    expect(await readdir(join(folder, 'new'))).toEqual(['silences']);
  });

  it('loses at most one silence to a byte that changed, says so, and keeps what was there', async () => {
    const text = printSilences([silence('1', 'a="b"'), silence('2', 'c="d"'), silence('3', 'e="f"')]);
    const path = join(folder, 'silences');
    const file = silenceFile(path);
    for (let at = 0; at < text.length; at += 7) {
      const damaged = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);
      const { silences, damage } = parseSilences(damaged);
      expect(damage, String(at)).toBeDefined();
      expect(silences.length, String(at)).toBeGreaterThanOrEqual(text[at] === '\n' ? 1 : 2);
    }
    const damaged = text.replace('"c"', '"j"');
    for (const aside of ['silences.damaged', 'silences.damaged-2']) {
      await writeFile(path, damaged);
      const { silences, problem } = await file.load();
      expect(silences.map(({ id }) => id)).toEqual(['1', '3']);
      expect(problem).toBe(
        `${path} is damaged: 1 of its 3 silences cannot be read; 2 silences were read, and the file as it was is now ${join(folder, aside)}`,
      );
      expect(await readFile(join(folder, aside), 'utf8')).toBe(damaged);
      expect((await file.load()).problem).toBeUndefined();
    }
  });

  it('is as FORMAT.md shows it', async () => {
    const format = await readFile(new URL('../../FORMAT.md', import.meta.url), 'utf8');
    const example = /```\n([0-9a-f]{8} [^`]*)```/.exec(format)![1]!;
    const { silences, damage } = parseSilences(example);
    expect(damage).toBeUndefined();
    expect(printSilences(silences)).toBe(example);
  });

  it.each([
    ['nothing', ''],
    ['something else', 'hello\nthere'],
    ['a newer version', printSilences([]).replace(/.*/, newerHeader)],
  ])('is set aside when it holds %s', async (_, text) => {
    const path = join(folder, 'odd');
    await writeFile(path, text);
    const problems: string[] = [];
    const silences = await Silences.open({
      clock: new ManualClock(NOW),
      store: silenceFile(path),
      onProblem: (problem) => problems.push(problem),
    });
    expect(silences.list()).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(`${path} is damaged`)]);
    await silences.set(request('a="b"'));
    expect((await silenceFile(path).load()).silences).toHaveLength(1);
  });

  it('that cannot be read stops the start, rather than being written over', async () => {
    const options = { clock: new ManualClock(NOW), store: silenceFile(folder), onProblem: () => {} };
    await expect(Silences.open(options)).rejects.toThrow('EISDIR');
  });
});

/** The first line of version 2, with the checksum that belongs to it. */
function newerHeader(): string {
  return '5a1dc9f0 {"version":2}';
}

describe('silences against a naive model', () => {
  interface Naive {
    id: string;
    matchers: readonly AlertMatcher[];
    start: number;
    end: number;
  }
  const MATCHERS = ['a="1"', 'a=~"1|2"', 'b!="1"', 'a="1",b="2"', 'c=""', 'a!~"1|3",b="1"'];
  const LABELS = ['', '1', '2', '3'].flatMap((a) =>
    ['', '1', '2'].map((b) => Labels.of({ ...(a && { a }), ...(b && { b }) })),
  );
  const index = fc.nat({ max: 20 });
  const minutes = fc.integer({ min: -30, max: 8 * 24 * 60 });
  const short = fc.integer({ min: -5, max: 60 });
  const times = fc.oneof(short, minutes);
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), which: index, matchers: index, start: short, end: times }),
    fc.record({
      do: fc.constant('update' as const),
      which: index,
      matchers: fc.option(index, { nil: undefined }),
      start: fc.option(short, { nil: undefined }),
      end: times,
    }),
    fc.record({ do: fc.constant('expire' as const), which: index }),
    fc.record({ do: fc.constant('wait' as const), minutes: fc.oneof(short, minutes) }),
    fc.record({ do: fc.constant('restart' as const) }),
    fc.record({ do: fc.constant('break' as const), broken: fc.boolean() }),
  );

  it('hide, end, change and are forgotten alike, over restarts and refused writes', async () => {
    const run = async (steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
      const setup = await open();
      const { clock, disk } = setup;
      let model: Naive[] = [];
      const ids: string[] = [];
      for (const action of steps) {
        const now = clock.now();
        const id = ids[('which' in action ? action.which : 0) % Math.max(1, ids.length)];
        const known = model.find((silence) => silence.id === id);
        model = model.filter((silence) => silence.end + EXPIRED_KEPT_MS > now);
        if (action.do === 'wait') await clock.moveTo(now + Math.max(0, action.minutes) * MIN);
        else if (action.do === 'restart') setup.silences = await reopened(setup);
        else if (action.do === 'break') disk.broken = action.broken;
        else if (action.do === 'expire') {
          const done = await setup.silences.expire(id ?? 'none').then(
            () => true,
            () => false,
          );
          const there = known !== undefined && known.end + EXPIRED_KEPT_MS > now;
          expect(done).toBe(there && !disk.broken);
          if (done && known!.end > now)
            Object.assign(known!, { end: now, start: Math.min(known!.start, now) });
        } else {
          const update = action.do === 'update';
          const text = MATCHERS[(action.matchers ?? 0) % MATCHERS.length]!;
          const matchers =
            update && action.matchers === undefined ? (known?.matchers ?? []) : parseMatchers(text);
          const start = action.start === undefined ? (known?.start ?? now) : now + action.start * MIN;
          const end = now + action.end * MIN;
          const asked = {
            matchers,
            startsAtMs: start,
            endsAtMs: end,
            createdBy: '',
            comment: '',
            ...(update && { id: id ?? 'none' }),
          };
          const given = await setup.silences.set(asked).catch(() => undefined);
          const there = known !== undefined && known.end + EXPIRED_KEPT_MS > now;
          const valid =
            matchers.length > 0 && formatMatchers(matchers) !== '{c=""}' && start < end && end > now;
          expect(given !== undefined).toBe(valid && !disk.broken && (there || !update));
          if (given === undefined) continue;
          const same = formatMatchers(known?.matchers ?? []) === formatMatchers(matchers);
          const state = known === undefined ? 'none' : silenceStateAt(asTimes(known), now);
          const inPlace =
            update &&
            same &&
            ((state === 'pending' && start >= now) ||
              (state === 'active' && Math.floor(start / 1000) === Math.floor(known!.start / 1000)));
          expect(given === id && update).toBe(inPlace);
          if (inPlace) Object.assign(known!, { start, end });
          else {
            if (update && state !== 'expired')
              Object.assign(known!, { end: now, start: Math.min(known!.start, now) });
            model.push({ id: given, matchers, start: Math.max(start, now), end });
            ids.push(given);
          }
        }
        check(setup, model);
      }
    };
    const asTimes = ({ start, end }: Naive) => ({ startsAtMs: start, endsAtMs: end });
    const check = ({ silences, clock }: Setup, model: readonly Naive[]) => {
      const now = clock.now();
      const kept = model.filter((silence) => silence.end + EXPIRED_KEPT_MS > now);
      const text = ({ id, matchers, start, end }: Naive) =>
        `${id} ${formatMatchers(matchers)} ${start} ${end}`;
      expect(
        silences
          .list()
          .map(({ id, matchers, startsAtMs, endsAtMs }) =>
            text({ id, matchers, start: startsAtMs, end: endsAtMs }),
          )
          .sort(),
      ).toEqual(kept.map(text).sort());
      for (const labels of LABELS)
        expect(silences.silencedBy(labels, now)).toEqual(
          kept
            .filter(
              ({ matchers, start, end }) =>
                start <= now && now < end && matchers.every((matcher) => matcher.matches(labels)),
            )
            .map(({ id }) => id),
        );
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), run), { numRuns: 200 });
  });
});
