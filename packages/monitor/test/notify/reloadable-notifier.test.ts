/** A notifier whose configuration changes while alerts come and messages go. */
import { describe, expect, it } from 'vitest';
import type { Dispatcher } from '../../dist/notify/dispatcher.js';
import { ReloadableNotifier } from '../../dist/notify/reloadable-notifier.js';
import { ManualClock } from '../manual-clock.ts';
import { alert, MemoryState, MIN, type Options, open, type Setup } from './open-dispatcher.ts';

/** Opens dispatchers over one clock and one memory, as a monitor does, one configuration after the other. */
async function begin(first: Options = {}) {
  const shared = { clock: new ManualClock(0), state: new MemoryState() };
  const { clock } = shared;
  const opened: Setup[] = [];
  const openNext = async (options: Options): Promise<Dispatcher> => {
    const setup = await open({ ...options, ...shared });
    opened.push(setup);
    return setup.dispatcher;
  };
  const notifier = new ReloadableNotifier(await openNext(first));
  return { clock, notifier, openNext, messages: () => opened.map(({ messages }) => messages) };
}

describe('another configuration', () => {
  it('tells nothing again that was told, and the end to those who heard of the beginning', async () => {
    const { clock, notifier, openNext, messages } = await begin();
    notifier.post([alert('web', 0)]);
    await clock.moveTo(MIN);
    await notifier.exchange(() => openNext({}));
    await clock.moveTo(20 * MIN);
    notifier.post([alert('web', 0, 20 * MIN)]);
    await clock.moveTo(30 * MIN);
    expect(messages()).toEqual([['30s team firing: web(firing)'], ['1260s team resolved: web(resolved)']]);
  });

  it('tells a receiver that it names for the first time what fires', async () => {
    const { clock, notifier, openNext, messages } = await begin();
    notifier.post([alert('web', 0)]);
    await clock.moveTo(MIN);
    await notifier.exchange(() => openNext({ receivers: [{ name: 'night' }], route: { receiver: 'night' } }));
    expect(notifier.receivers()).toEqual(['night']);
    await clock.moveTo(2 * MIN);
    expect(messages()).toEqual([
      ['30s team firing: web(firing)'],
      [expect.stringMatching(/night firing: web\(firing\)$/)],
    ]);
  });

  it('has the alerts that were posted while there was none', async () => {
    const { clock, notifier, openNext, messages } = await begin();
    const exchange = notifier.exchange(async () => {
      notifier.post([alert('late', 0)]);
      return openNext({});
    });
    notifier.post([alert('web', 0)]);
    await exchange;
    expect(
      notifier
        .alerts()
        .map((view) => view.alert.labels.get('job'))
        .sort(),
    ).toEqual(['late', 'web']);
    await clock.moveTo(MIN);
    expect(messages()).toEqual([[], ['30s team firing: late(firing) web(firing)']]);
  });

  it('has them also where it could be opened only at the second try', async () => {
    const { clock, notifier, openNext, messages } = await begin();
    await expect(notifier.exchange(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    notifier.post([alert('web', 0)]);
    await notifier.exchange(() => openNext({}));
    await clock.moveTo(MIN);
    expect(messages()).toEqual([[], ['30s team firing: web(firing)']]);
  });

  it('goes on counting', async () => {
    const { clock, notifier, openNext } = await begin({ receivers: [{ name: 'team' }, { name: 'gone' }] });
    notifier.post([alert('web', 0)]);
    await clock.moveTo(MIN);
    const next = { receivers: [{ name: 'team', answer: () => 'refuses' as const }] };
    for (let round = 1; round <= 2; round++) {
      await notifier.exchange(() => openNext(next));
      notifier.post([alert(`db${round}`, clock.now())]);
      await clock.moveTo(clock.now() + 6 * MIN);
    }
    const { received, integrations, alerts } = notifier.status();
    expect(received).toEqual({ firing: 3, resolved: 0 });
    expect(alerts.active).toBe(3);
    expect(
      integrations.map(({ receiver, notifications, sent, failed, failedByReason }) => [
        ...[receiver, notifications, sent, failed, failedByReason.clientError],
      ]),
    ).toEqual([
      ['team', expect.any(Number), 1, expect.any(Number), expect.any(Number)],
      ['gone', 0, 0, 0, 0],
    ]);
    const [team] = integrations;
    expect(team!.failed).toBeGreaterThan(1);
    expect(team!.notifications).toBe(team!.sent + team!.failed);
    expect(team!.failedByReason.clientError).toBe(team!.failed);
    expect(team!.latency.counts.reduce((sum, count) => sum + count, 0)).toBe(team!.attempts);
  });
});
