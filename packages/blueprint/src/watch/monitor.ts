/**
 * The monitor itself: whether it scrapes, stores, evaluates rules and gets its messages out.
 *
 * One alert always fires: who expects it and does not get it any more knows that the way of all others is broken.
 */
import {
  type Duration,
  div,
  eq,
  ge,
  gt,
  increase,
  min,
  not,
  sum,
  topk,
  vector,
} from '@binnacle/promql/builder';
import type { Unit } from '../dashboard/unit-id.ts';
import { failing, percent } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { share } from './limits.ts';
import { outcomesByLabel } from './outcomes.ts';
import { type AboutPanel, asked, LINES_MAX, levels, limit, lines, slowest } from './panels.ts';
import { combined, kept, type LabelConditions, Scope, type Series, shareOf } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  type HistogramLike,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of a monitor. */
export interface MonitorInstrument {
  readonly scrapes: CounterLike;
  readonly scrapeFailures: CounterLike;
  readonly targets: GaugeLike;
  /** Series in memory. */
  readonly series: GaugeLike;
  readonly headBytes: GaugeLike;
  readonly logBytes: GaugeLike;
  readonly residentMemory: GaugeLike;
  readonly samplesAppended: CounterLike;
  /** By reason. */
  readonly samplesRefused: CounterLike;
  /** How often the oldest samples were given up, by the bound that made it so. */
  readonly retentionDrops: CounterLike;
  /** Operations of the disk that failed. */
  readonly storageFailures: CounterLike;
  /** By group, as the next three. */
  readonly ruleEvaluations: CounterLike;
  readonly ruleFailures: CounterLike;
  readonly missedEvaluations: CounterLike;
  readonly evaluationDuration: GaugeLike;
  /** By state. */
  readonly alerts: GaugeLike;
  /** Whether the configuration was right when it was last read: 1 or 0. */
  readonly reloadSuccessful: GaugeLike;
  /** By status. */
  readonly requests: CounterLike;
  /** Messages that were to be sent, by receiver. */
  readonly notifications: CounterLike;
  readonly notificationFailures: CounterLike;
  readonly notificationLatency: HistogramLike;
  /** Alerts that went on to another Alertmanager. */
  readonly forwarded: CounterLike;
  readonly forwardErrors: CounterLike;
  readonly forwardDrops: CounterLike;
}

/** The alerts of {@link monitorWatch}. */
export type MonitorAlert =
  | 'MonitorScrapesFailing'
  | 'MonitorSamplesRefused'
  | 'MonitorSamplesDropped'
  | 'MonitorStorageFailing'
  | 'MonitorReloadFailed'
  | 'MonitorRulesFailing'
  | 'MonitorRulesLate'
  | 'MonitorNotificationsFailing'
  | 'MonitorForwardingFailing'
  | 'MonitorRequestsFailing'
  | 'Watchdog';

/** What {@link monitorWatch} may be told. */
export interface MonitorWatchOptions extends WatchOptions<MonitorAlert> {
  /** The share of scrapes that may fail. Default 0.1. */
  readonly scrapeFailureShareMax?: number;
  /** How many samples may be refused per second. Default 1. */
  readonly refusedPerSecondMax?: number;
  /** The share of answers that may be failures. Default 0.05. */
  readonly failureShareMax?: number;
  /** Over how long all of these are taken. Default `10m`. */
  readonly window?: Duration;
}

/** Fewer scrapes or requests in a window say nothing. */
const EVENTS_MIN = 20;

type MonitorMetrics = { readonly [K in keyof MonitorInstrument]: WatchedMetric };

/** Watches the monitor: `monitorWatch(MONITOR_METRICS, { where: { job: 'binnacle' } })`. */
export function monitorWatch(instrument: MonitorInstrument, options: MonitorWatchOptions = {}): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Monitor', options);
  const metrics = Object.fromEntries(
    Object.entries(instrument).map(([part, given]) => [
      part,
      watchedMetric(`monitorWatch: ${part}`, given, ['counter', 'gauge', 'histogram']),
    ]),
  ) as MonitorMetrics;
  const requests = outcomesByLabel('monitorWatch: requests', scope, instrument.requests, { failures: '5..' });
  const { window = '10m', failureShareMax = 0.05 } = options;
  return assembleWatch('Monitor', options, {
    rows: [
      { panels: collecting(scope, metrics, options) },
      { title: 'rules and messages', panels: telling(scope, metrics) },
    ],
    alerts: {
      ...storing(scope, metrics, subject, options),
      MonitorReloadFailed: {
        expr: eq(min(scope.series(metrics.reloadSuccessful)), 0),
        for: '5m',
        severity: 'warning',
        summary: `${subject}: its configuration could not be read again`,
        description:
          'What was in force before still is; what has changed since is not. Its log, and the answer to a reload, say what is wrong and where.',
      },
      ...rulesAndMessages(scope, metrics, subject, window),
      MonitorRequestsFailing: failing(
        requests,
        { shareMax: failureShareMax, window, eventsMin: EVENTS_MIN },
        {
          subject,
          things: 'requests to the monitor',
          severity: 'warning',
          for: '5m',
          advice:
            'Dashboards and other programs get no answers: see its log, and whether queries run out of memory.',
        },
      ),
      Watchdog: {
        expr: vector(1),
        for: '0s',
        keepFiringFor: '0s',
        severity: 'none',
        summary: 'The way of alerts works',
        description:
          'This alert always fires. Send it to a service that expects it at intervals, and that tells you when it does not come.',
      },
    },
  });
}

function collecting(scope: Scope, metrics: MonitorMetrics, options: MonitorWatchOptions) {
  const { scrapes, scrapeFailures, targets, series, headBytes, logBytes, residentMemory } = metrics;
  const { samplesAppended, samplesRefused, retentionDrops, storageFailures } = metrics;
  const rateBy = (metric: WatchedMetric, by: string | undefined, about: AboutPanel) =>
    lines(about, {
      queries: [
        asked(
          (window) => scope.events(metric, 'rate', window, { by }),
          by === undefined ? 'samples' : `{{${by}}}`,
        ),
      ],
      unit: 'ops',
    });
  return [
    levels(scope, [{ legend: 'targets', metric: targets, color: 'blue' }], {
      title: 'Targets',
      description: 'Targets that are scraped. A sudden drop: discovery does not find them any more.',
    }),
    lines(
      {
        title: 'Scrapes that fail',
        description:
          'Share of scrapes that failed. Good: 0. One target alone has an alert of its own; many: the network, or this machine.',
      },
      {
        queries: [
          asked(
            (window) =>
              shareOf(scope.events(scrapeFailures, 'rate', window), scope.events(scrapes, 'rate', window)),
            'failed',
          ),
        ],
        unit: 'percentunit',
        colors: { failed: 'red' },
        ...limit(options.scrapeFailureShareMax ?? 0.1),
      },
    ),
    rateBy(samplesAppended, undefined, {
      title: 'Samples',
      description: 'Samples that are stored per second. It follows targets and their series.',
    }),
    rateBy(samplesRefused, 'reason', {
      title: 'Samples refused',
      description: 'Samples that are not stored, per second. series_limit: some label has too many values.',
    }),
    levels(scope, [{ legend: 'series', metric: series, color: 'blue' }], {
      title: 'Series in memory',
      description: 'Series in memory. A jump: some label has got many values.',
    }),
    levels(
      scope,
      [
        { legend: 'process', metric: residentMemory, color: 'blue' },
        { legend: 'samples in memory', metric: headBytes, color: 'purple' },
        { legend: 'log on disk', metric: logBytes, color: 'orange' },
      ],
      { title: 'Memory and log', description: 'What it holds in memory and in its log. Good: level.' },
      { unit: 'bytes' },
    ),
    rateBy(retentionDrops, 'bound', {
      title: 'Samples given up',
      description:
        'How often the oldest samples were given up, by the bound that made it so. time is as it was meant; the others came too early.',
    }),
    rateBy(storageFailures, 'operation', {
      title: 'Disk operations that fail',
      description: 'Operations of the disk that failed, per second. Good: none.',
    }),
  ];
}

function telling(scope: Scope, metrics: MonitorMetrics) {
  const { ruleEvaluations, ruleFailures, missedEvaluations, evaluationDuration, alerts } = metrics;
  const { notifications, notificationFailures, notificationLatency } = metrics;
  const { forwarded, forwardErrors, forwardDrops, requests } = metrics;
  const rates = (
    about: AboutPanel,
    counters: readonly (readonly [string, WatchedMetric])[],
    unit: Unit = 'ops',
  ) =>
    lines(about, {
      queries: counters.map(([legend, metric]) =>
        asked((window) => scope.events(metric, 'rate', window), legend),
      ),
      unit,
      colors: { failed: 'red', missed: 'orange', dropped: 'dark-red' },
    });
  return [
    rates(
      {
        title: 'Rules',
        description: 'Evaluations of rules per second. Good: none fail, and none are left out.',
      },
      [
        ['evaluated', ruleEvaluations],
        ['failed', ruleFailures],
        ['missed', missedEvaluations],
      ],
    ),
    lines(
      {
        title: 'Slowest groups of rules',
        description: `How long the last evaluation took, the ${LINES_MAX} slowest groups. It must stay below their interval.`,
      },
      {
        queries: [
          asked(
            () =>
              topk(
                LINES_MAX,
                combined({ ...evaluationDuration, combination: 'max' }, scope.series(evaluationDuration), [
                  'group',
                ]),
              ),
            '{{group}}',
          ),
        ],
        unit: 's',
      },
    ),
    levels(scope, [{ legend: 'alerts', metric: alerts, by: 'state' }], {
      title: 'Alerts',
      description: 'Alerts by state. The watchdog alone is one that fires.',
    }),
    rates({ title: 'Messages', description: 'Messages per second. Good: none fail.' }, [
      ['to be sent', notifications],
      ['failed', notificationFailures],
    ]),
    slowest(scope, notificationLatency, 'integration', {
      title: 'Duration of messages',
      description: 'How long sending a message takes: 95 of 100 stay below.',
    }),
    rates(
      {
        title: 'Alerts that go on',
        description: 'Alerts that went on to another Alertmanager, per second. Good: none are dropped.',
      },
      [
        ['sent', forwarded],
        ['failed', forwardErrors],
        ['dropped', forwardDrops],
      ],
    ),
    lines(
      { title: 'Requests', description: 'Requests that it answered, per second, by status.' },
      {
        queries: [
          asked(
            (window) => topk(LINES_MAX, scope.events(requests, 'rate', window, { by: 'status' })),
            '{{status}}',
          ),
        ],
        unit: 'reqps',
        stack: 'normal',
      },
    ),
  ];
}

type StoringAlert =
  | 'MonitorScrapesFailing'
  | 'MonitorSamplesRefused'
  | 'MonitorSamplesDropped'
  | 'MonitorStorageFailing';

function storing(
  scope: Scope,
  metrics: MonitorMetrics,
  subject: string,
  { window = '10m', scrapeFailureShareMax = 0.1, refusedPerSecondMax = 1 }: MonitorWatchOptions,
): Record<StoringAlert, WatchAlert> {
  const { scrapes, scrapeFailures, samplesRefused, retentionDrops, storageFailures } = metrics;
  const enough = ge(scope.events(scrapes, 'increase', window), EVENTS_MIN);
  return {
    MonitorScrapesFailing: {
      expr: gt(
        div(scope.events(scrapeFailures, 'increase', window), enough),
        share('scrapeFailureShareMax', scrapeFailureShareMax),
      ),
      for: '10m',
      severity: 'warning',
      summary: `${subject}: too many scrapes fail`,
      description: ({ value, text }) =>
        text`${value.percentage} of scrapes failed within ${window}, more than ${percent(scrapeFailureShareMax)}. See on the page of targets which ones, and why.`,
    },
    MonitorSamplesRefused: {
      expr: gt(scope.events(samplesRefused, 'rate', window, { by: 'reason' }), refusedPerSecondMax),
      for: '15m',
      severity: 'warning',
      summary: `${subject}: samples are refused`,
      description: ({ value, label, text }) =>
        text`${value.humanize} samples per second are not stored (${label('reason')}). At series_limit look for a label with too many values; out of order, for two targets that are one.`,
    },
    MonitorSamplesDropped: {
      ...counted(scope, retentionDrops, '1h', ['bound'], { bound: not('time') }),
      for: '5m',
      severity: 'warning',
      summary: `${subject}: samples are given up too early`,
      description: ({ value, label, text }) =>
        text`${value.humanize} times within 1h the bound ${label('bound')} made it give up samples before their time. Give it more room, or keep less.`,
    },
    MonitorStorageFailing: {
      ...counted(scope, storageFailures, window, ['operation']),
      for: '1m',
      severity: 'critical',
      summary: `${subject}: the disk fails`,
      description: ({ value, label, text }) =>
        text`${value.humanize} operations of the disk (${label('operation')}) failed within ${window}. See whether it is full or broken: what is not written is lost at the next restart.`,
    },
  };
}

type TellingAlert =
  | 'MonitorRulesFailing'
  | 'MonitorRulesLate'
  | 'MonitorNotificationsFailing'
  | 'MonitorForwardingFailing';

function rulesAndMessages(
  scope: Scope,
  metrics: MonitorMetrics,
  subject: string,
  window: Duration,
): Record<TellingAlert, WatchAlert> {
  const { ruleFailures, missedEvaluations, notificationFailures, forwardDrops } = metrics;
  return {
    MonitorRulesFailing: {
      ...counted(scope, ruleFailures, window, ['group']),
      for: '5m',
      severity: 'critical',
      summary: `${subject}: rules fail`,
      description: ({ value, label, text }) =>
        text`${value.humanize} evaluations in the group ${label('group')} failed within ${window}; its alerts may not fire. The page of rules says why.`,
    },
    MonitorRulesLate: {
      ...counted(scope, missedEvaluations, window, ['group']),
      for: '10m',
      severity: 'warning',
      summary: `${subject}: rules are left out`,
      description: ({ value, label, text }) =>
        text`${value.humanize} evaluations of the group ${label('group')} were left out within ${window}, because those before took too long. Split the group, or make its queries cheaper.`,
    },
    MonitorNotificationsFailing: {
      ...counted(scope, notificationFailures, window, ['integration', 'receiver_name']),
      for: '2m',
      severity: 'critical',
      summary: `${subject}: messages do not arrive`,
      description: ({ value, label, text }) =>
        text`${value.humanize} messages by ${label('integration')} to ${label('receiver_name')} were given up within ${window}. Nobody may know of other alerts: look at the page of alerts, and at what the receiver answers.`,
    },
    MonitorForwardingFailing: {
      ...counted(scope, forwardDrops, window, ['alertmanager']),
      for: '2m',
      severity: 'critical',
      summary: `${subject}: alerts do not reach Alertmanager`,
      description: ({ value, label, text }) =>
        text`${value.humanize} alerts to ${label('alertmanager')} were dropped within ${window}. Nobody may know of them: look at the page of alerts, and whether Alertmanager answers.`,
    },
  };
}

/** That something has been counted at all in a window. */
function counted(
  scope: Scope,
  metric: WatchedMetric,
  window: Duration,
  by: readonly string[],
  conditions: LabelConditions = {},
): { readonly expr: Series } {
  const labels = by.flatMap((label) => kept(metric, label));
  return { expr: gt(sum(increase(scope.series(metric, conditions), window)).by(...labels), 0) };
}
