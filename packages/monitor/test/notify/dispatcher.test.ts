import { Labels } from '@binnacle/metrics/model';
import { describe, expect, it } from 'vitest';
import type { RouteConfig } from '../../dist/config/alertmanager.js';
import type { WebhookConfig } from '../../dist/config/receivers.js';
import type { PostedAlert } from '../../dist/notify/alert.js';
import { Dispatcher } from '../../dist/notify/dispatcher.js';
import { type NotifierState, parseState, printState } from '../../dist/notify/notifier-state.js';
import { ManualClock } from '../manual-clock.ts';

const S = 1000;
const MIN = 60 * S;
const FOREVER = 10_000 * MIN;

interface Setup {
  readonly clock: ManualClock;
  readonly dispatcher: Dispatcher;
  /** What arrived, as `30s /a firing: web(firing) db(resolved)`. */
  readonly messages: string[];
  readonly problems: string[];
  /** What is stored; set before opening to start from it. */
  stored: string | undefined;
}

interface Options {
  readonly route?: Partial<RouteConfig>;
  readonly webhooks?: readonly Partial<WebhookConfig>[];
  /** The status that a path answers; undefined for no connection. */
  readonly answer?: (path: string, timeMs: number) => number | undefined;
  readonly stored?: string;
  readonly startMs?: number;
}

async function open(options: Options = {}): Promise<Setup> {
  const clock = new ManualClock(options.startMs ?? 0);
  const messages: string[] = [];
  const problems: string[] = [];
  const setup = { clock, messages, problems, stored: options.stored } as { stored: string | undefined };
  const webhook = { url: 'http://h/a', sendResolved: true, maxAlerts: 0, timeoutMs: 0 };
  const dispatcher = await Dispatcher.open({
    config: {
      resolveTimeoutMs: 5 * MIN,
      route: {
        key: '{}',
        id: '{}',
        matchers: [],
        continue: false,
        muteTimeIntervals: [],
        activeTimeIntervals: [],
        routes: [],
        receiver: 'team',
        groupBy: ['alertname'],
        groupWaitMs: 30 * S,
        groupIntervalMs: 5 * MIN,
        repeatIntervalMs: 60 * MIN,
        ...options.route,
      },
      receivers: [
        {
          name: 'team',
          webhookConfigs: (options.webhooks ?? [{}]).map((given) => ({ ...webhook, ...given })),
        },
      ],
      inhibitRules: [],
      timeIntervals: [],
      templateFiles: [],
      shownText: '',
    },
    externalUrl: 'http://localhost:9700',
    clock,
    fetch: async (url, init) => {
      const path = new URL(url).pathname;
      const status = options.answer === undefined ? 200 : options.answer(path, clock.now());
      if (status === undefined)
        throw new TypeError(`fetch ${url} failed`, {
          cause: Object.assign(new Error(url), { code: 'ECONNREFUSED' }),
        });
      if (status === 200) {
        const body = JSON.parse(String(init.body)) as {
          status: string;
          alerts: { status: string; labels: Record<string, string> }[];
        };
        const alerts = body.alerts.map((alert) => `${alert.labels.job}(${alert.status})`).join(' ');
        messages.push(`${clock.now() / S}s ${path} ${body.status}: ${alerts}`);
      }
      return new Response('', { status });
    },
    state: {
      load: async () => (setup.stored === undefined ? undefined : parseState(setup.stored)),
      save: async (state: NotifierState) => {
        setup.stored = printState(state);
      },
    },
    onProblem: (message) => problems.push(message),
  });
  return Object.assign(setup, { clock, dispatcher, messages, problems });
}

function alert(job: string, startsAtMs: number, endsAtMs = FOREVER, alertname = 'Down'): PostedAlert {
  return { labels: Labels.of({ alertname, job }), annotations: {}, startsAtMs, endsAtMs, generatorUrl: '' };
}

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
      '30s /a firing: db(firing) web(firing)',
      '330s /a firing: db(firing) queue(firing) web(firing)',
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
      '30s /a firing: db(firing) web(firing)',
      '330s /a firing: db(firing) web(resolved)',
      '630s /a resolved: db(resolved)',
      '1830s /a firing: web(firing)',
    ]);
  });

  it('takes an alert for resolved that nobody posts again', async () => {
    const { clock, dispatcher, messages } = await open();
    dispatcher.post([alert('web', 0, 4 * MIN)]);
    await clock.moveTo(20 * MIN);
    expect(messages).toEqual(['30s /a firing: web(firing)', '330s /a resolved: web(resolved)']);
  });

  it('repeats after the repeat interval, at the next flush', async () => {
    const { clock, dispatcher, messages } = await open({ route: { repeatIntervalMs: 12 * MIN } });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(40 * MIN);
    expect(messages.map((message) => message.split(' ')[0])).toEqual(['30s', '930s', '1830s']);
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
    expect(messages).toEqual(['600s /a firing: web(firing)']);
  });

  it.each<[string, Partial<RouteConfig>, string[]]>([
    ['one group for all', { groupBy: [] }, ['30s /a firing: a(firing) b(firing)']],
    ['a group per label', { groupBy: ['job'] }, ['30s /a firing: a(firing)', '30s /a firing: b(firing)']],
    ['a group per alert', { groupBy: 'all' }, ['30s /a firing: a(firing)', '30s /a firing: b(firing)']],
  ])('makes %s', async (_, route, want) => {
    const { clock, dispatcher, messages } = await open({ route });
    dispatcher.post([alert('a', 0, FOREVER, 'X'), alert('b', 0, FOREVER, 'Y')]);
    await clock.moveTo(MIN);
    expect(messages).toEqual(want);
  });

  it('leaves resolved alerts out for a webhook that does not want them', async () => {
    const { clock, dispatcher, messages } = await open({ webhooks: [{ sendResolved: false }] });
    dispatcher.post([alert('web', 0), alert('db', 0)]);
    await clock.moveTo(MIN);
    dispatcher.post([alert('web', 0, MIN)]);
    await clock.moveTo(6 * MIN);
    dispatcher.post([alert('db', 0, 6 * MIN)]);
    await clock.moveTo(20 * MIN);
    dispatcher.post([alert('web', 20 * MIN)]);
    await clock.moveTo(21 * MIN);
    expect(messages).toEqual(['30s /a firing: db(firing) web(firing)', '1230s /a firing: web(firing)']);
  });

  it('tries again with growing pauses, and holds up nobody else meanwhile', async () => {
    const attempts: number[] = [];
    const { clock, dispatcher, messages, problems } = await open({
      webhooks: [{ url: 'http://h/down?token=secret' }, { url: 'http://h/up' }],
      answer: (path, timeMs) => {
        if (path === '/up') return 200;
        attempts.push(timeMs / S);
        return timeMs < 40 * S ? undefined : 200;
      },
    });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(4 * MIN);
    expect(attempts).toEqual([30, 31, 33, 37, 45]);
    expect(messages).toEqual(['30s /up firing: web(firing)', '45s /down firing: web(firing)']);
    expect(problems).toEqual(['receiver "team", webhook 1: the receiver cannot be reached: ECONNREFUSED']);
    expect(dispatcher.status()).toEqual([
      { receiver: 'team', index: 0, sent: 1, failed: 0, failedAttempts: 4, lastError: '' },
      { receiver: 'team', index: 1, sent: 1, failed: 0, failedAttempts: 0, lastError: '' },
    ]);
  });

  it('does not try again what the receiver refuses, and comes back at the next flush', async () => {
    const attempts: number[] = [];
    const { clock, dispatcher, messages } = await open({
      answer: (_, timeMs) => {
        attempts.push(timeMs / S);
        return timeMs < 5 * MIN ? 400 : 200;
      },
    });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(20 * MIN);
    expect(attempts).toEqual([30, 330]);
    expect(messages).toEqual(['330s /a firing: web(firing)']);
    expect(dispatcher.status()[0]).toMatchObject({ sent: 1, failed: 1 });
  });

  it('tells the end of an alert later when the receiver was down at its end', async () => {
    const { clock, dispatcher, messages } = await open({
      answer: (_, timeMs) => (timeMs > 2 * MIN && timeMs < 12 * MIN ? 404 : 200),
    });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(3 * MIN);
    dispatcher.post([alert('web', 0, 3 * MIN)]);
    await clock.moveTo(30 * MIN);
    expect(messages).toEqual(['30s /a firing: web(firing)', '930s /a resolved: web(resolved)']);
  });
});

describe('a restart', () => {
  it('does not repeat what was sent', async () => {
    const first = await open();
    first.dispatcher.post([alert('web', 0, 4 * MIN)]);
    await first.clock.moveTo(MIN);
    await first.dispatcher.stop();

    const second = await open({ stored: first.stored!, startMs: 2 * MIN });
    second.dispatcher.post([alert('web', 0, 6 * MIN)]);
    await second.clock.moveTo(5 * MIN);
    expect(second.messages).toEqual([]);
  });

  it('tells the end of an alert that is not posted again', async () => {
    const first = await open();
    first.dispatcher.post([alert('web', 0, 4 * MIN)]);
    await first.clock.moveTo(MIN);

    const second = await open({ stored: first.stored!, startMs: 10 * MIN });
    await second.clock.moveTo(14 * MIN);
    expect(second.messages).toEqual([]);
    await second.clock.moveTo(30 * MIN);
    expect(second.messages).toEqual(['900s /a resolved: web(resolved)']);
  });

  it('goes on without a memory that is damaged', async () => {
    const { clock, dispatcher, messages } = await open({ stored: '{"version":1,' });
    dispatcher.post([alert('web', 0)]);
    await clock.moveTo(MIN);
    expect(messages).toHaveLength(1);
  });
});
