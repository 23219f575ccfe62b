/** The real page and the real API of alerts over a notifier that only shows, with a system in which something is wrong. */
import { fileURLToPath } from 'node:url';
import { Labels } from '@binnacle/metrics/model';
import { alertmanagerRoutes } from '../packages/monitor/dist/api/alertmanager-routes.js';
import { success } from '../packages/monitor/dist/api/envelope.js';
import { pageFiles } from '../packages/monitor/dist/api/page.js';
import type { Route } from '../packages/monitor/dist/api/route.js';
import { ApiServer } from '../packages/monitor/dist/api/server.js';
import { systemClock } from '../packages/monitor/dist/clock.js';
import { Silences } from '../packages/monitor/dist/notify/silences.js';
import { StandInNotifier } from '../packages/monitor/test/notify/stand-in-notifier.ts';

/** A served page of alerts. */
export interface AlertsStage {
  readonly origin: string;
  readonly silences: Silences;
  readonly notifier: StandInNotifier;
  close(): Promise<void>;
}

const MINUTE = 60_000;

/** Serves it; without a notifier as a monitor does that was not told of an `alertmanager.yml`. */
export async function openAlertsStage(options: { readonly notifications: boolean }): Promise<AlertsStage> {
  const silences = await Silences.open({
    clock: systemClock,
    store: { load: async () => ({ silences: [], problem: undefined }), save: async () => {} },
    onProblem: () => {},
  });
  const notifier = new StandInNotifier(silences);
  const now = Date.now();
  notifier.post(
    firing().map(({ labels, annotations, minutes }) => ({
      labels: Labels.of(labels),
      annotations,
      startsAtMs: now - minutes * MINUTE,
      endsAtMs: now + 60 * MINUTE,
      generatorUrl: 'http://monitor/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    })),
  );
  const get = (path: string, data: () => unknown): Route => ({
    methods: ['GET'],
    path,
    handle: () => success(data()),
  });
  const server = new ApiServer({
    routes: [
      ...alertmanagerRoutes({
        notifier: () => (options.notifications ? notifier : undefined),
        silences,
        version: 'test',
      }),
      get('/api/v1/rules', () => ({ groups: rulesAt(now) })),
      get('/api/v1/alerts', () => ({ alerts: rulesAt(now).flatMap(({ rules }) => rules[0]!.alerts) })),
      get('/api/v1/targets', () => ({ activeTargets: [] })),
      { methods: ['GET'], path: '/api/search', handle: () => success([]) },
    ],
    fallback: pageFiles(fileURLToPath(new URL('../packages/ui/dist/page', import.meta.url))),
    now: Date.now,
    onError: () => {},
  });
  const { port } = await server.listen('127.0.0.1', 0);
  return { origin: `http://127.0.0.1:${port}`, silences, notifier, close: () => server.close() };
}

interface Firing {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly minutes: number;
}

function firing(): Firing[] {
  const stuck = (worker: number): Firing => ({
    labels: {
      alertname: 'JobStuck',
      severity: 'critical',
      host: 'web-1',
      instance: 'web-1:9464',
      worker: String(worker),
    },
    annotations: {
      summary: `Worker ${worker} has not finished a job for 10 minutes`,
      description: 'Jobs wait behind it. Users see "in the queue" and nothing else.',
      runbook_url: 'https://runbooks.example.org/job-stuck',
      dashboard_url: 'https://monitor.example.org/d/jobs',
    },
    minutes: 12 + worker,
  });
  return [
    stuck(1),
    stuck(2),
    stuck(3),
    {
      labels: { alertname: 'HostDown', severity: 'page', host: 'db-7', instance: 'db-7:9100' },
      annotations: { summary: 'db-7 does not answer', runbook_url: 'docs/runbooks.md#host-down' },
      minutes: 44,
    },
    {
      labels: { alertname: 'ReplicaBehind', severity: 'warning', host: 'db-7', instance: 'db-7:9187' },
      annotations: { summary: 'The replica on db-7 is 45 s behind' },
      minutes: 40,
    },
    {
      labels: {
        alertname: 'DiskFillsUp',
        severity: 'warning',
        host: 'web-2',
        mountpoint: '/var/lib/uploads',
      },
      annotations: { summary: 'Disk /var/lib/uploads on web-2 is full in about 9 hours' },
      minutes: 185,
    },
    { labels: { alertname: 'Watchdog', severity: 'none' }, annotations: {}, minutes: 60 * 24 * 9 },
  ];
}

function rulesAt(now: number) {
  const at = (minutes: number): string => new Date(now - minutes * MINUTE).toISOString();
  const rule = (name: string, query: string, state: string, alerts: readonly object[]) => ({
    name: 'rules',
    file: 'rules.yml',
    interval: 15,
    rules: [
      {
        type: 'alerting',
        name,
        query,
        duration: 300,
        labels: {},
        annotations: { summary: `What ${name} is about` },
        alerts,
        state,
        health: 'ok',
      },
    ],
  });
  const alertsOf = (name: string, value: string) =>
    firing()
      .filter(({ labels }) => labels.alertname === name)
      .map(({ labels, annotations, minutes }) => ({
        labels,
        annotations,
        state: 'firing',
        activeAt: at(minutes + 5),
        value,
      }));
  return [
    rule(
      'JobStuck',
      'time() - job_last_finished_timestamp_seconds > 600',
      'firing',
      alertsOf('JobStuck', '7.32e+02'),
    ),
    rule('HostDown', 'up == 0', 'firing', alertsOf('HostDown', '0e+00')),
    rule('QueueLong', 'queue_length > 50', 'pending', [
      {
        labels: { alertname: 'QueueLong', severity: 'warning', queue: 'uploads' },
        annotations: { summary: 'The queue of uploads is 61 long' },
        state: 'pending',
        activeAt: at(2),
        value: '6.1e+01',
      },
    ]),
    rule('Quiet', 'vector(0) > 1', 'inactive', []),
  ];
}
