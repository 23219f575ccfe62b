import { describe, expect, it } from 'vitest';
import type { RouteConfig } from '../../dist/config/alertmanager.js';
import { STOP_WAIT_MS } from '../../dist/notify/dispatcher.js';
import { SENDS_AT_ONCE_MAX } from '../../dist/notify/message-sender.js';
import { alert, FOREVER, MIN, open, route, S } from './open-dispatcher.ts';

describe('the dispatcher', () => {
  it('waits for a group, then tells what changed once per group interval', async () => {
    const { clock, dispatcher, messages } = await open();
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(10 * S);
    dispatcher.post([alert('db', 10 * S)]);
    await clock.moveTo(29 * S);
    expect(messages).toEqual([]);
    await clock.moveTo(60 * S);
    dispatcher.post([alert('queue', 60 * S)]);
    await clock.moveTo(20 * MIN);
    expect(messages).toEqual([
      '30s team firing: db(firing) web(firing)',
      '330s team firing: db(firing) queue(firing) web(firing)',
    ]);
  });

  it('tells the end of one alert, then of the group, then forgets it', async () => {
    const { clock, dispatcher, messages } = await open();
    dispatcher.post([alert('web', 0), alert('db', 0)]);
    await clock.moveTo(MIN);
    dispatcher.post([alert('web', 0, MIN)]);
    await clock.moveTo(6 * MIN);
    dispatcher.post([alert('db', 0, 6 * MIN)]);
    await clock.moveTo(30 * MIN);
    dispatcher.post([alert('web', 30 * MIN)]);
    await clock.moveTo(31 * MIN);
    expect(messages).toEqual([
      '30s team firing: db(firing) web(firing)',
      '330s team firing: db(firing) web(resolved)',
      '630s team resolved: db(resolved)',
      '1830s team firing: web(firing)',
    ]);
  });

  it('takes an alert for resolved that nobody posts again', async () => {
    const { clock, dispatcher, messages } = await open();
    dispatcher.post([alert('web', 0, 4 * MIN)]);
    await clock.moveTo(20 * MIN);
    expect(messages).toEqual(['30s team firing: web(firing)', '330s team resolved: web(resolved)']);
  });

  it('repeats after the repeat interval, at the next flush', async () => {
    const { clock, dispatcher, messages } = await open({ route: { repeatIntervalMs: 12 * MIN } });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(40 * MIN);
    expect(messages.map((message) => message.split(' ')[0])).toEqual(['30s', '930s', '1830s']);
  });

  it('tells in time where the clock is set back', async () => {
    const { clock, dispatcher, messages } = await open({ startMs: 600 * MIN });
    dispatcher.post([alert('web', 600 * MIN)]);
    clock.sleepUntil(0);
    // The timer of the group runs out.
    clock.wake();
    await clock.moveTo(MIN);
    dispatcher.post([alert('db', MIN)]);
    await clock.moveTo(10 * MIN);
    expect(messages).toEqual(['0s team firing: web(firing)', '300s team firing: db(firing) web(firing)']);
  });

  it('says nothing of an alert that ended before anybody was told', async () => {
    const { clock, dispatcher, messages } = await open();
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(10 * S);
    dispatcher.post([alert('web', 0, 10 * S), alert('never', 0, 5 * S)]);
    await clock.moveTo(20 * MIN);
    expect(messages).toEqual([]);
  });

  it('does not wait with an alert that is older than the wait', async () => {
    const { clock, dispatcher, messages } = await open({ startMs: 10 * MIN });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(10 * MIN);
    expect(messages).toEqual(['600s team firing: web(firing)']);
  });

  it.each<[string, Partial<RouteConfig>, string[]]>([
    ['one group for all', { groupBy: [] }, ['30s team firing: a(firing) b(firing)']],
    ['a group per label', { groupBy: ['job'] }, ['30s team firing: a(firing)', '30s team firing: b(firing)']],
    ['a group per alert', { groupBy: 'all' }, ['30s team firing: a(firing)', '30s team firing: b(firing)']],
  ])('makes %s', async (_, route, want) => {
    const { clock, dispatcher, messages } = await open({ route });
    dispatcher.post([alert('a', 0, FOREVER, 'X'), alert('b', 0, FOREVER, 'Y')]);
    await clock.moveTo(MIN);
    expect(messages).toEqual(want);
  });

  it('leaves resolved alerts out for a webhook that does not want them', async () => {
    const { clock, dispatcher, messages } = await open({
      receivers: [{ name: 'team', sendResolved: false }],
    });
    dispatcher.post([alert('web', 0), alert('db', 0)]);
    await clock.moveTo(MIN);
    dispatcher.post([alert('web', 0, MIN)]);
    await clock.moveTo(6 * MIN);
    dispatcher.post([alert('db', 0, 6 * MIN)]);
    await clock.moveTo(20 * MIN);
    dispatcher.post([alert('web', 20 * MIN)]);
    await clock.moveTo(21 * MIN);
    expect(messages).toEqual(['30s team firing: db(firing) web(firing)', '1230s team firing: web(firing)']);
  });

  it('tries again with growing pauses, and holds up nobody else meanwhile', async () => {
    const attempts: number[] = [];
    const { clock, dispatcher, messages, problems } = await open({
      receivers: [
        {
          name: 'team',
          index: 0,
          answer: (timeMs) => {
            attempts.push(timeMs / S);
            return timeMs < 40 * S ? 'down' : 'ok';
          },
        },
        { name: 'team', index: 1 },
      ],
    });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(4 * MIN);
    expect(attempts).toEqual([30, 31, 33, 37, 45]);
    expect(messages).toEqual(['30s team/1 firing: web(firing)', '45s team/0 firing: web(firing)']);
    expect(problems).toEqual(['receiver "team", webhook 1: the receiver answered 503']);
    expect(dispatcher.status().integrations).toMatchObject([
      {
        receiver: 'team',
        kind: 'webhook',
        index: 0,
        notifications: 1,
        sent: 1,
        failed: 0,
        attempts: 5,
        failedAttempts: 4,
      },
      {
        receiver: 'team',
        kind: 'webhook',
        index: 1,
        notifications: 1,
        sent: 1,
        failed: 0,
        attempts: 1,
        failedAttempts: 0,
      },
    ]);
  });

  it('does not try again what the receiver refuses, and comes back at the next flush', async () => {
    const attempts: number[] = [];
    const answer = (timeMs: number) => {
      attempts.push(timeMs / S);
      return timeMs < 5 * MIN ? 'refuses' : 'ok';
    };
    const { clock, dispatcher, messages } = await open({ receivers: [{ name: 'team', answer }] });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(20 * MIN);
    expect(attempts).toEqual([30, 330]);
    expect(messages).toEqual(['330s team firing: web(firing)']);
    expect(dispatcher.status().integrations).toMatchObject([
      { notifications: 2, sent: 1, failed: 1, failedByReason: { clientError: 1 } },
    ]);
  });

  it('tells the end of an alert later when the receiver was down at its end', async () => {
    const answer = (timeMs: number) => (timeMs > 2 * MIN && timeMs < 12 * MIN ? 'refuses' : 'ok');
    const { clock, dispatcher, messages } = await open({ receivers: [{ name: 'team', answer }] });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(3 * MIN);
    dispatcher.post([alert('web', 0, 3 * MIN)]);
    await clock.moveTo(30 * MIN);
    expect(messages).toEqual(['30s team firing: web(firing)', '930s team resolved: web(resolved)']);
  });
});

describe('what holds alerts back', () => {
  it('leaves silenced alerts out, and tells them at the next flush after the silence', async () => {
    let silenced = new Set(['web']);
    const { clock, dispatcher, messages } = await open({
      muting: { silencedBy: (labels) => (silenced.has(labels.get('job')) ? ['id'] : []) },
    });
    dispatcher.post([alert('web', 0), alert('db', 0)]);
    await clock.moveTo(6 * MIN);
    silenced = new Set();
    await clock.moveTo(20 * MIN);
    expect(messages).toEqual(['30s team firing: db(firing)', '630s team firing: db(firing) web(firing)']);
    expect(dispatcher.status()).toMatchObject({
      suppressed: { silence: 2 },
      alerts: { active: 2, suppressed: 0 },
    });
  });

  it('says and notes nothing of a group that is held back as a whole', async () => {
    let isSilenced = false;
    const { clock, dispatcher, messages, state } = await open({
      muting: { silencedBy: () => (isSilenced ? ['id'] : []) },
      route: { repeatIntervalMs: 12 * MIN },
    });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(MIN);
    const notes = () => state.records.filter(({ kind }) => kind === 'sent').length;
    expect(notes()).toBe(1);
    isSilenced = true;
    await clock.moveTo(60 * MIN);
    expect(notes()).toBe(1);
    expect(dispatcher.status().alerts).toEqual({ active: 0, suppressed: 1, unprocessed: 0 });
    isSilenced = false;
    await clock.moveTo(62 * MIN);
    expect(messages).toEqual(['30s team firing: web(firing)', '3630s team firing: web(firing)']);
  });

  it('asks about inhibition, then the times of the route, then silences', async () => {
    const asked: string[] = [];
    const { clock, dispatcher } = await open({
      muting: {
        inhibitedBy: (labels) => {
          asked.push(`inhibited ${labels.get('job')}`);
          return labels.get('job') === 'a' ? ['0'] : [];
        },
        silencedBy: (labels) => {
          asked.push(`silenced ${labels.get('job')}`);
          return labels.get('job') === 'b' ? ['0'] : [];
        },
      },
      mutedBy: () => {
        asked.push('times');
        return [];
      },
    });
    dispatcher.post([alert('a', 0), alert('b', 0), alert('c', 0)]);
    await clock.moveTo(MIN);
    expect(asked).toEqual(['inhibited a', 'inhibited b', 'inhibited c', 'times', 'silenced b', 'silenced c']);
    expect(dispatcher.status()).toMatchObject({
      suppressed: { inhibition: 1, silence: 1, mute_time_interval: 0, active_time_interval: 0 },
      alerts: { active: 1, suppressed: 2, unprocessed: 0 },
    });
  });

  it('keeps a route to its times, and counts which of them it was', async () => {
    const { clock, dispatcher, messages } = await open({
      route: { activeTimeIntervals: ['office'] },
      mutedBy: ({ activeTimeIntervals }, timeMs) => (timeMs < 8 * MIN ? activeTimeIntervals : []),
    });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(7 * MIN);
    expect(dispatcher.alerts()).toMatchObject([{ mutedBy: ['office'], receivers: ['team'] }]);
    await clock.moveTo(20 * MIN);
    expect(messages).toEqual(['630s team firing: web(firing)']);
    expect(dispatcher.status().suppressed).toMatchObject({ active_time_interval: 2, mute_time_interval: 0 });
  });

  it('knows of what inhibits before anything is sent', async () => {
    const known: string[] = [];
    const { clock, dispatcher, messages } = await open({
      route: { groupWaitMs: 0 },
      onAlerts: (alerts) => known.push(...alerts.map(({ labels }) => labels.get('job'))),
      muting: {
        inhibitedBy: (labels) => (known.includes('source') && labels.get('job') === 'a' ? ['0'] : []),
      },
    });
    dispatcher.post([alert('a', 0), alert('source', 0)]);
    await clock.moveTo(MIN);
    expect(messages).toEqual(['0s team firing: source(firing)']);
  });
});

describe('receivers', () => {
  it('get a bounded number of messages at once, the others when there is room', async () => {
    const groups = 3 * SENDS_AT_ONCE_MAX;
    let isHanging = true;
    const { clock, dispatcher, messages } = await open({
      receivers: [{ name: 'team', answer: () => (isHanging ? 'hangs' : 'ok') }],
      route: { groupBy: ['job'] },
    });
    dispatcher.post(Array.from({ length: groups }, (_, i) => alert(`job-${i}`, 0)));
    await clock.moveTo(MIN);
    const [status] = dispatcher.status().integrations;
    expect(status).toMatchObject({ underWay: SENDS_AT_ONCE_MAX, waiting: groups - SENDS_AT_ONCE_MAX });
    // All are given up when the interval of the group is over, and begin again.
    isHanging = false;
    await clock.moveTo(6 * MIN);
    expect(messages).toHaveLength(groups);
    expect(dispatcher.status().integrations[0]).toMatchObject({
      underWay: 0,
      waiting: 0,
      sent: groups,
      failedByReason: { contextDeadlineExceeded: groups },
    });
  });

  it('that never answer keep no others waiting', async () => {
    const { clock, dispatcher, messages } = await open({
      receivers: [
        { name: 'team', index: 0, answer: () => 'hangs' },
        { name: 'team', index: 1 },
      ],
      route: { groupBy: ['job'], groupIntervalMs: MIN },
    });
    dispatcher.post([alert('a', 0), alert('b', 0)]);
    await clock.moveTo(40 * S);
    dispatcher.post([alert('a', 0, 40 * S)]);
    await clock.moveTo(5 * MIN);
    expect(messages).toEqual([
      '30s team/1 firing: a(firing)',
      '30s team/1 firing: b(firing)',
      '90s team/1 resolved: a(resolved)',
    ]);
  });

  it('are not told of what was silenced while the message waited for its turn', async () => {
    let asked = 0;
    const { clock, dispatcher, messages } = await open({
      route: { groupBy: ['job'] },
      // Asked at the flush, and again when there is room.
      muting: { silencedBy: (labels) => (labels.get('job') === 'last' && asked++ > 0 ? ['id'] : []) },
    });
    const many = Array.from({ length: SENDS_AT_ONCE_MAX }, (_, i) => alert(`job-${i}`, 0));
    dispatcher.post([...many, alert('last', 0)]);
    await clock.moveTo(2 * MIN);
    expect(messages).toHaveLength(SENDS_AT_ONCE_MAX);
    expect(asked).toBe(2);
  });

  it('are given a bounded time when the monitor stops', async () => {
    const { clock, dispatcher } = await open({ receivers: [{ name: 'team', answer: () => 'hangs' }] });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(MIN);
    let isStopped = false;
    const stopped = dispatcher.stop().then(() => {
      isStopped = true;
    });
    await clock.moveTo(MIN + STOP_WAIT_MS - 1);
    expect(isStopped).toBe(false);
    await clock.moveTo(MIN + STOP_WAIT_MS);
    await stopped;
    expect(dispatcher.status().integrations).toMatchObject([{ failedByReason: { contextCanceled: 1 } }]);
  });
});

describe('the view', () => {
  it('shows alerts, groups and receivers', async () => {
    const page = route({ receiver: 'page', key: '{}/{job="a"}', id: '{}/{job="a"}/0', groupBy: ['job'] });
    const { clock, dispatcher } = await open({
      receivers: [{ name: 'team' }, { name: 'page' }],
      matchRoutes: (root, labels) => (labels.get('job') === 'a' ? [page, root] : [root]),
      muting: { silencedBy: (labels) => (labels.get('job') === 'b' ? ['id'] : []) },
    });
    await clock.moveTo(S);
    dispatcher.post([alert('a', S), alert('b', S), alert('over', 0, 1)]);
    expect(dispatcher.receivers()).toEqual(['team', 'page']);
    expect(
      dispatcher.alerts().map((view) => [view.alert.labels.get('job'), view.receivers, view.silencedBy]),
    ).toEqual([
      ['a', ['page', 'team'], []],
      ['b', ['team'], ['id']],
    ]);
    expect(
      dispatcher
        .groups()
        .map(({ key, routeId, receiver, alerts }) => [key, routeId, receiver, alerts.length]),
    ).toEqual([
      ['{}/{job="a"}:{job="a"}', '{}/{job="a"}/0', 'page', 1],
      ['{}:{alertname="Down"}', '{}', 'team', 2],
    ]);
    expect(dispatcher.status()).toMatchObject({
      alerts: { unprocessed: 2 },
      received: { firing: 2, resolved: 1 },
      groups: 2,
    });
  });
});

describe('a restart', () => {
  it('does not repeat what was sent', async () => {
    const first = await open();
    first.dispatcher.post([alert('web', 0, 4 * MIN)]);
    await first.clock.moveTo(MIN);
    await first.dispatcher.stop();

    const second = await open({ state: first.state.copy(), startMs: 2 * MIN });
    second.dispatcher.post([alert('web', 0, 6 * MIN)]);
    await second.clock.moveTo(5 * MIN);
    expect(second.messages).toEqual([]);
  });

  it('tells the end of an alert that is not posted again', async () => {
    const first = await open();
    first.dispatcher.post([alert('web', 0, 4 * MIN)]);
    await first.clock.moveTo(MIN);

    const second = await open({ state: first.state.copy(), startMs: 10 * MIN });
    await second.clock.moveTo(14 * MIN);
    expect(second.messages).toEqual([]);
    await second.clock.moveTo(30 * MIN);
    expect(second.messages).toEqual(['900s team resolved: web(resolved)']);
  });

  it('knows what had ended, and tells it', async () => {
    const first = await open({ receivers: [{ name: 'team', answer: (ms) => (ms < MIN ? 'ok' : 'down') }] });
    first.dispatcher.post([alert('web', 0)]);
    await first.clock.moveTo(MIN);
    first.dispatcher.post([alert('web', 0, MIN)]);
    await first.clock.moveTo(6 * MIN);

    const second = await open({ state: first.state.copy(), startMs: 7 * MIN });
    await second.clock.moveTo(8 * MIN);
    expect(second.messages).toEqual(['420s team resolved: web(resolved)']);
  });

  it('has forgotten what everybody was told', async () => {
    const first = await open();
    first.dispatcher.post([alert('web', 0), alert('db', 0)]);
    await first.clock.moveTo(MIN);
    first.dispatcher.post([alert('web', 0, MIN)]);
    await first.clock.moveTo(6 * MIN);
    const { alerts } = await first.state.load();
    expect(alerts.map(({ labels }) => labels.get('job'))).toEqual(['db']);
  });

  it('allows for alerts whose posters give them long', async () => {
    const first = await open();
    first.dispatcher.post([alert('web', 0, 4 * MIN)]);
    await first.clock.moveTo(MIN);
    first.dispatcher.post([alert('web', 0, 60 * MIN)]);

    const second = await open({ state: first.state.copy(), startMs: 2 * MIN });
    await second.clock.moveTo(59 * MIN);
    expect(second.messages).toEqual([]);
  });
});
