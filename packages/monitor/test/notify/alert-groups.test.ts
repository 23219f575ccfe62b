import { Labels } from '@binnacle/metrics/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareForMessage, fingerprintOf, type PostedAlert } from '../../dist/notify/alert.js';
import { AlertGroups } from '../../dist/notify/alert-groups.js';
import { AlertStore } from '../../dist/notify/alert-store.js';
import { DueQueue } from '../../dist/notify/due-queue.js';
import { route } from './open-dispatcher.ts';

const ROUTE = route({ groupWaitMs: 30, groupIntervalMs: 100 });

class Grouped {
  readonly store = new AlertStore(1000);
  readonly groups = new AlertGroups(() => [ROUTE]);

  add(alert: PostedAlert, nowMs: number): void {
    const entry = this.store.put(alert, nowMs);
    if (entry !== undefined) this.groups.add(entry, nowMs);
  }

  states(nowMs: number): string[] {
    const flush = this.groups.flush(nowMs);
    if (flush === undefined) return [];
    this.groups.settle(flush, true);
    return flush.alerts.map(
      ({ labels, status, startsAtMs }) => `${labels.get('job')} ${status} ${startsAtMs}`,
    );
  }
}

function alert(job: string, startsAtMs: number, endsAtMs: number): PostedAlert {
  const labels = Labels.of({ alertname: 'Down', job });
  return { labels, annotations: {}, startsAtMs, endsAtMs, generatorUrl: '' };
}

describe('alert groups', () => {
  it('keep an alert that fires again while its end is being told', () => {
    const grouped = new Grouped();
    grouped.add(alert('a', 0, 500), 0);
    expect(grouped.states(30)).toEqual(['a firing 0']);
    grouped.add(alert('a', 0, 90), 90);
    const flush = grouped.groups.flush(130);
    expect(flush!.alerts[0]!.status).toBe('resolved');
    grouped.add(alert('a', 140, 900), 140);
    expect(grouped.groups.settle(flush!, true)).toEqual([]);
    expect(grouped.states(230)).toEqual(['a firing 140']);
  });

  it('do not flush a group whose flush is under way', () => {
    const { groups, ...grouped } = Object.assign(new Grouped());
    const entry = grouped.store.put(alert('a', 0, 5000), 0);
    groups.add(entry, 0);
    const flush = groups.flush(30);
    expect(groups.nextDueMs()).toBeUndefined();
    expect(groups.flush(1000)).toBeUndefined();
    groups.settle(flush, true);
    expect(groups.nextDueMs()).toBe(130);
  });

  it('go away when they are empty, and give their alerts free', () => {
    const grouped = new Grouped();
    grouped.add(alert('a', 0, 10), 0);
    expect(grouped.states(30)).toEqual(['a resolved 0']);
    expect(grouped.groups.nextDueMs()).toBeUndefined();
    expect(grouped.groups.size).toBe(0);
    expect(grouped.store.size).toBe(1);
    grouped.store.collectGarbage(31);
    expect(grouped.store.size).toBe(0);
  });

  it('keep what could not be told', () => {
    const grouped = new Grouped();
    grouped.add(alert('a', 0, 10), 0);
    grouped.groups.settle(grouped.groups.flush(30)!, false);
    grouped.store.collectGarbage(31);
    expect(grouped.store.size).toBe(1);
    expect(grouped.states(130)).toEqual(['a resolved 0']);
  });

  it('are known by the name that Alertmanager gives them', () => {
    const groups = new AlertGroups(() => [
      route({ key: '{}/{severity="page"}', groupBy: ['job', 'alertname'] }),
    ]);
    const entry = new AlertStore(1000).put(alert('a"b', 0, 10), 0);
    groups.add(entry!, 0);
    expect(groups.list().map(({ key }) => key)).toEqual([
      '{}/{severity="page"}:{alertname="Down", job="a\\"b"}',
    ]);
  });
});

describe('the store of alerts', () => {
  const put = (known: PostedAlert, news: PostedAlert, nowMs: number) => {
    const store = new AlertStore(1000);
    store.put(known, 0);
    const { startsAtMs, endsAtMs } = store.put(news, nowMs)!.alert;
    return [startsAtMs, endsAtMs];
  };
  // What Alertmanager's Alerts.Put and Alert.Merge say.
  it.each<[string, PostedAlert, PostedAlert, number, number[]]>([
    ['the earlier start of spans that overlap', alert('a', 10, 200), alert('a', 20, 300), 20, [10, 300]],
    ['no start of a span that is over', alert('a', 10, 200), alert('a', 400, 900), 400, [400, 900]],
    ['the later end while both fire', alert('a', 10, 200), alert('a', 10, 150), 20, [10, 200]],
    ['the end that is told', alert('a', 10, 200), alert('a', 10, 50), 60, [10, 50]],
    ['the later of two ends that are over', alert('a', 10, 200), alert('a', 10, 150), 300, [10, 200]],
    ['a shorter end in place of one that was assumed', alert('a', 10, 0), alert('a', 10, 300), 20, [10, 300]],
    ['an assumed end where none is given', alert('a', 10, 200), alert('a', 10, 0), 20, [10, 1020]],
  ])('knows %s', (_, known, news, nowMs, want) => {
    expect(put(known, news, nowMs)).toEqual(want);
  });

  it('holds a bounded number of alerts, counts the others, and makes room of what has ended', () => {
    const store = new AlertStore(1000, 3);
    for (let i = 0; i < 5; i++) store.put(alert(`job-${i}`, 0, 500), 0);
    expect([store.size, store.dropped]).toEqual([3, 2]);
    expect(store.put(alert('job-0', 0, 800), 10)!.alert.endsAtMs).toBe(800);
    expect(store.put(alert('late', 1500, 9000), 1500)).toBeDefined();
    expect([store.size, store.dropped]).toEqual([1, 2]);
  });
});

describe('the names and the order of alerts', () => {
  it('are hashes that arithmetic with big integers agrees with', () => {
    const slow = (labels: Labels): string => {
      let hash = 0xcbf29ce484222325n;
      const add = (byte: number) => {
        hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
      };
      for (const text of labels.flat()) {
        for (const byte of Buffer.from(text)) add(byte);
        add(0xff);
      }
      return hash.toString(16).padStart(16, '0');
    };
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        (pairs) => {
          const labels = Labels.of(pairs);
          expect(fingerprintOf(labels)).toBe(slow(labels));
        },
      ),
    );
  });

  it('put job and instance first, what lacks them last, and fewer labels before more', () => {
    const sets = [
      { job: 'a', instance: '1' },
      { job: 'a', instance: '2', zone: 'x' },
      { job: 'a', instance: '2', zone: 'y' },
      { job: 'a', x: '1' },
      { job: 'b' },
      { z: '1' },
      { a: '1', z: '0' },
    ].map((pairs) => Labels.of(pairs));
    const shuffled = [...sets].reverse().sort(compareForMessage);
    expect(shuffled.map(String)).toEqual(sets.map(String));
  });
});

describe('the queue of what is due', () => {
  it('hands out items by time, then in the order in which they came, whatever changed meanwhile', () => {
    const action = fc.record({ item: fc.nat(9), dueMs: fc.option(fc.nat(20), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.nat(20), (actions, nowMs) => {
        const times = new Map<number, number>();
        const queue = new DueQueue<number>((item) => times.get(item));
        for (const { item, dueMs } of actions) {
          if (dueMs === undefined) times.delete(item);
          else times.set(item, dueMs);
          queue.put(item);
        }
        const taken: number[] = [];
        for (let item = queue.take(nowMs); item !== undefined; item = queue.take(nowMs)) {
          taken.push(times.get(item)!);
          times.delete(item);
        }
        expect(taken).toEqual([...taken].sort((a, b) => a - b));
        expect([...times.values()].filter((dueMs) => dueMs <= nowMs)).toEqual([]);
      }),
    );
  });
});
