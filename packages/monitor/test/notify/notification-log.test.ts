import { Labels } from '@binnacle/metrics/model';
import { describe, expect, it } from 'vitest';
import type { NotifiedAlert } from '../../dist/notify/alert.js';
import { type NotificationEntry, NotificationLog } from '../../dist/notify/notification-log.js';

function entry(given: Partial<NotificationEntry> = {}): NotificationEntry {
  return { key: 'x', firing: ['f'], resolved: [], sentAtMs: 100, expiresAtMs: 1000, ...given };
}

function alerts(firing: readonly string[], resolved: readonly string[] = []): NotifiedAlert[] {
  const alert = (status: 'firing' | 'resolved') => (fingerprint: string) => ({
    labels: Labels.EMPTY,
    annotations: {},
    startsAtMs: 1,
    endsAtMs: 2,
    generatorUrl: '',
    status,
    fingerprint,
  });
  return [...firing.map(alert('firing')), ...resolved.map(alert('resolved'))];
}

describe('the log of notifications', () => {
  it.each<[string, NotificationEntry | undefined, readonly NotifiedAlert[], string | undefined]>([
    ['an alert fires, of which nobody was told', undefined, alerts(['f']), 'first notification'],
    ['alerts fire after all had ended', entry({ firing: [] }), alerts(['f']), 'first notification'],
    ['another alert fires', entry(), alerts(['f', 'g']), 'new alerts added'],
    ['all alerts have ended', entry(), alerts([], ['f']), 'all alerts resolved'],
    ['one alert has ended', entry({ firing: ['f', 'g'] }), alerts(['g'], ['f']), 'some alerts resolved'],
    ['the repeat interval is over', entry({ sentAtMs: 49 }), alerts(['f']), 'repeat interval elapsed'],
    ['a kill kept it from being noted', entry({ unsure: ['g'] }), alerts(['f', 'g']), 'new alerts added'],
    [
      'what may be told has ended',
      entry({ firing: [], unsure: ['g'] }),
      alerts([], ['g']),
      'all alerts resolved',
    ],
    ['nothing changed', entry(), alerts(['f']), undefined],
    ['nothing changed for just the repeat interval', entry({ sentAtMs: 50 }), alerts(['f']), undefined],
    ['an alert ended of which nobody was told', undefined, alerts([], ['f']), undefined],
    ['the end was told', entry({ firing: [], resolved: ['f'] }), alerts([], ['f']), undefined],
  ])('says what to do when %s', (_, known, now, want) => {
    const log = new NotificationLog(known === undefined ? [] : [known]);
    expect(log.newsOf('x', now, { sendResolved: true, repeatIntervalMs: 100 }, 150)).toBe(want);
  });

  it('has no news in one end of several for who does not want ends', () => {
    const log = new NotificationLog([entry({ firing: ['f', 'g'] })]);
    const options = { sendResolved: false, repeatIntervalMs: 100 };
    expect(log.newsOf('x', alerts(['g'], ['f']), options, 150)).toBeUndefined();
    expect(log.newsOf('x', alerts([], ['f', 'g']), options, 150)).toBe('all alerts resolved');
  });

  it('forgets what has expired, and what was told longest ago when there is too much', () => {
    const log = new NotificationLog([], 2);
    for (const key of ['a', 'b', 'a', 'c'])
      log.record(entry({ key, expiresAtMs: key === 'c' ? 5000 : 1000 }));
    expect([...log.entries()].map(({ key }) => key)).toEqual(['a', 'c']);
    expect(log.evicted).toBe(1);
    log.collectGarbage(1000);
    expect([...log.entries()].map(({ key }) => key)).toEqual(['c']);
  });
});
