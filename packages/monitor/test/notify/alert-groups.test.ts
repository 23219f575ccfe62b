import { Labels } from '@binnacle/metrics/model';
import { describe, expect, it } from 'vitest';
import type { PostedAlert } from '../../dist/notify/alert.js';
import { ALERTS_MAX, AlertGroups } from '../../dist/notify/alert-groups.js';

const ROUTE = {
  key: '{}',
  id: '{}',
  matchers: [],
  continue: false,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  routes: [],
  receiver: 'team',
  groupBy: ['alertname'],
  groupWaitMs: 30,
  groupIntervalMs: 100,
  repeatIntervalMs: 1000,
};

function alert(job: string, startsAtMs: number, endsAtMs: number): PostedAlert {
  const labels = Labels.of({ alertname: 'Down', job });
  return { labels, annotations: {}, startsAtMs, endsAtMs, generatorUrl: '' };
}

function states(groups: AlertGroups, nowMs: number): string[] {
  return groups.flush(nowMs).flatMap((flush) => {
    groups.settle(flush, true);
    return flush.alerts.map(
      ({ labels, status, startsAtMs }) => `${labels.get('job')} ${status} ${startsAtMs}`,
    );
  });
}

describe('alert groups', () => {
  it('keep an alert that fires again while its end is being told', () => {
    const groups = new AlertGroups(ROUTE);
    groups.add([alert('a', 0, 500)], 0);
    expect(states(groups, 30)).toEqual(['a firing 0']);
    groups.add([alert('a', 0, 90)], 90);
    const [flush] = groups.flush(130);
    expect(flush!.alerts[0]!.status).toBe('resolved');
    groups.add([alert('a', 140, 900)], 140);
    groups.settle(flush!, true);
    expect(states(groups, 230)).toEqual(['a firing 140']);
  });

  it('do not flush a group whose flush is under way', () => {
    const groups = new AlertGroups(ROUTE);
    groups.add([alert('a', 0, 5000)], 0);
    const [flush] = groups.flush(30);
    expect(groups.nextDueMs()).toBeUndefined();
    expect(groups.flush(1000)).toEqual([]);
    groups.settle(flush!, true);
    expect(groups.nextDueMs()).toBe(130);
  });

  it('take the earlier start of two reports that overlap, and the later of two that do not', () => {
    const groups = new AlertGroups(ROUTE);
    groups.add([alert('a', 10, 200)], 10);
    groups.add([alert('a', 20, 300)], 20);
    expect(states(groups, 40)).toEqual(['a firing 10']);
    groups.add([alert('a', 400, 900)], 400);
    expect(states(groups, 400)).toEqual(['a firing 400']);
  });

  it('go away when they are empty', () => {
    const groups = new AlertGroups(ROUTE);
    groups.add([alert('a', 0, 10)], 0);
    expect(states(groups, 30)).toEqual(['a resolved 0']);
    expect(groups.nextDueMs()).toBeUndefined();
    expect(groups.alerts()).toEqual([]);
  });

  it('hold a bounded number of alerts and count the others', () => {
    const groups = new AlertGroups(ROUTE);
    groups.add(
      Array.from({ length: ALERTS_MAX + 3 }, (_, i) => alert(`job-${i}`, 0, 500)),
      0,
    );
    expect(groups.alerts()).toHaveLength(ALERTS_MAX);
    expect(groups.dropped).toBe(3);
    groups.add([alert('job-0', 0, 800)], 10);
    expect(groups.dropped).toBe(3);
  });
});
