/**
 * Routes, groups, inhibitions and time intervals beside a real Alertmanager: both get one configuration and the same
 * alerts, and must tell the same of each alert.
 */
import { join } from 'node:path';
import { Labels } from '@binnacle/metrics/model';
import { expect, test } from 'vitest';
import { startAlertmanager } from '../../../../test/alertmanager.ts';
import { temporaryFolder } from '../../../../test/children.ts';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import { fingerprintOf, type PostedAlert } from '../../dist/notify/alert.js';
import { Inhibitor } from '../../dist/notify/inhibition.js';
import { groupLabelsOf, matchRoutes } from '../../dist/notify/routing.js';
import { mutedBy } from '../../dist/notify/time-intervals.js';

/** One interval for each hour of the day, in zones far apart. */
const HOURS = ['UTC', 'Asia/Kathmandu', 'America/New_York', 'Pacific/Apia'].flatMap((location) =>
  Array.from({ length: 24 }, (_, hour) => ({
    name: `${location} ${hour}`,
    time_intervals: [
      {
        location,
        times: [
          {
            start_time: `${String(hour).padStart(2, '0')}:00`,
            end_time: `${String(hour + 1).padStart(2, '0')}:00`,
          },
        ],
      },
    ],
  })),
);
const hours = HOURS.map(({ name }) => name);

const CONFIG = {
  route: {
    receiver: 'top',
    group_wait: '0s',
    // A group may be flushed before it is complete, and is asked for the time again at the next flush.
    group_interval: '1s',
    group_by: ['job'],
    routes: [
      { receiver: 'critical', matchers: ['severity=critical'], continue: true, group_by: ['...'] },
      {
        receiver: 'teams',
        match_re: { team: 'a|b' },
        mute_time_intervals: hours,
        routes: [
          { receiver: 'web', match: { job: 'web' }, active_time_intervals: ['UTC 0', 'never'], group_by: [] },
          { receiver: 'rest', matchers: ['job!~"web|db"'], mute_time_intervals: ['never'], continue: true },
          {
            receiver: 'too',
            matchers: ['"on call"!="é"'],
            mute_time_intervals: ['today', 'never', 'weekdays', 'weekend'],
          },
        ],
      },
      { receiver: 'é', matchers: ['"on call"=~"é|"', 'zone=""'], group_by: ['on call', 'zone'] },
    ],
  },
  receivers: ['top', 'critical', 'teams', 'web', 'rest', 'too', 'é'].map((name) => ({ name })),
  inhibit_rules: [
    {
      source_matchers: ['severity=critical'],
      target_matchers: ['severity=~"warning|info"'],
      equal: ['job', 'zone'],
    },
    { source_match: { severity: 'warning' }, target_match: { severity: 'info' }, equal: ['team', 'on call'] },
    // Alerts that match both sides.
    {
      source_matchers: ['alertname=~"Both.*"'],
      target_matchers: ['alertname=~"Both.*|One"'],
      equal: ['job'],
    },
  ],
  time_intervals: [
    ...HOURS,
    { name: 'never', time_intervals: [{ years: ['1999'] }] },
    { name: 'today', time_intervals: [{ days_of_month: ['-31:-1'], months: ['1:12'] }] },
    { name: 'weekdays', time_intervals: [{ weekdays: ['monday:friday'] }] },
    { name: 'weekend', time_intervals: [{ weekdays: ['saturday', 'sunday'] }] },
  ],
};

const ALERTS: readonly Labels[] = [
  ...['critical', 'warning', 'info', '']
    .flatMap((severity) =>
      ['web', 'db', ''].flatMap((job) =>
        ['a', 'b', 'c'].flatMap((team) =>
          ['é', ''].flatMap((onCall) =>
            ['x', ''].map((zone, index) =>
              // Not every combination, so that some alerts find no source.
              Labels.of({ alertname: `A${index}`, severity, job, team, 'on call': onCall, zone }),
            ),
          ),
        ),
      ),
    )
    .filter((labels, index) => labels.get('severity') !== 'critical' || index % 5 === 0),
  ...['Both1', 'Both2', 'One'].map((alertname) => Labels.of({ alertname, job: 'both' })),
  Labels.of({ alertname: 'Both1', job: 'lonely' }),
  Labels.of({ alertname: 'One', job: 'spared' }),
];

/** For an Alertmanager on a machine that has much to do. */
const WAIT = { timeout: 120_000 };

interface ShownAlert {
  readonly labels: Record<string, string>;
  readonly fingerprint: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: { readonly inhibitedBy: readonly string[]; readonly mutedBy: readonly string[] };
}

interface ShownGroup {
  readonly labels: Record<string, string>;
  readonly receiver: { readonly name: string };
  readonly alerts: readonly ShownAlert[];
}

test('an alert goes, and is held back, as in Alertmanager', { timeout: 300_000 }, async (context) => {
  const folder = temporaryFolder();
  const running = await startAlertmanager(context, folder, JSON.stringify(CONFIG));
  context.onTestFinished(() => running.stop());
  const api = `${running.url}/api/v2`;
  const posted = ALERTS.map((labels) => ({ labels: Object.fromEntries(labels.entries()) }));
  const answer = await fetch(`${api}/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(posted),
  });
  expect(answer.status).toBe(200);

  const config = await loadAlertmanagerConfig(join(folder, 'alertmanager.yml'));
  const inhibitor = new Inhibitor(config.inhibitRules);
  const endsAtMs = Number.POSITIVE_INFINITY;
  inhibitor.take(
    ALERTS.map(
      (labels): PostedAlert => ({ labels, annotations: {}, startsAtMs: 0, endsAtMs, generatorUrl: '' }),
    ),
    0,
  );

  const shownAlerts = async () => (await (await fetch(`${api}/alerts`)).json()) as ShownAlert[];
  let inhibited = 0;
  const ours = ALERTS.map((labels) => {
    const by = inhibitor.inhibitedBy(labels, Date.now());
    inhibited += by.length;
    return {
      labels: Object.fromEntries(labels.entries()),
      fingerprint: fingerprintOf(labels),
      receivers: matchRoutes(config.route, labels).map(({ receiver }) => receiver),
      inhibitedBy: by.length,
    };
  });
  const inOrder = <T extends { readonly fingerprint: string }>(alerts: readonly T[]) =>
    alerts.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  // What inhibits is known to Alertmanager some time after it was posted.
  await expect
    .poll(
      async () =>
        inOrder(
          (await shownAlerts()).map(({ labels, fingerprint, receivers, status }) => ({
            labels,
            fingerprint,
            receivers: receivers.map(({ name }) => name),
            inhibitedBy: status.inhibitedBy.length,
          })),
        ),
      WAIT,
    )
    .toEqual(inOrder(ours));
  expect(inhibited).toBeGreaterThan(20);
  expect(ALERTS.length - inhibited).toBeGreaterThan(20);

  // One line for each alert in each group. Of a group that is inhibited as a whole, Alertmanager does not ask the time.
  const lines = (nowMs: number): string[] => {
    const groups = new Map<string, string[]>();
    const asked = new Set<string>();
    for (const labels of ALERTS)
      for (const route of matchRoutes(config.route, labels)) {
        const of = groupLabelsOf(route, labels);
        const group = `${route.receiver} ${JSON.stringify(Object.fromEntries(of.entries()))}`;
        const muted = mutedBy(route, config.timeIntervals, nowMs);
        groups.set(group, [
          ...(groups.get(group) ?? []),
          `${group} ${fingerprintOf(labels)} ${muted.join()}`,
        ]);
        if (inhibitor.inhibitedBy(labels, nowMs).length === 0) asked.add(group);
      }
    return [...groups].flatMap(([group, of]) => (asked.has(group) ? of : [])).sort();
  };
  const theirs = async (): Promise<string[]> => {
    const groups = (await (await fetch(`${api}/alerts/groups`)).json()) as ShownGroup[];
    const kept = groups.filter(({ alerts }) => alerts.some(({ status }) => status.inhibitedBy.length === 0));
    return kept
      .flatMap(({ labels, receiver, alerts }) =>
        alerts.map(
          ({ fingerprint, status }) =>
            `${receiver.name} ${JSON.stringify(sorted(labels))} ${fingerprint} ${status.mutedBy.join()}`,
        ),
      )
      .sort();
  };
  // What is muted was noted at a flush, before the hour changed or after.
  const started = Date.now();
  await expect
    .poll(async () => {
      const found = JSON.stringify(await theirs());
      return [started, Date.now()].some((nowMs) => JSON.stringify(lines(nowMs)) === found);
    }, WAIT)
    .toBe(true);
  expect(lines(started).length).toBeGreaterThan(100);
  expect(lines(started).some((line) => line.endsWith('UTC 0,never'))).toBe(
    new Date(started).getUTCHours() !== 0,
  );
});

function sorted(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Labels.of(labels).entries());
}
