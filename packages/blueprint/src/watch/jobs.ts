/**
 * Jobs and queues: how many end and how, how long they take, how many wait, and whether somebody works on them.
 *
 * The symptom is work that does not get done: none ends though there is some, nobody is there to do it, or what waits
 * has waited too long. That much waits, or that some fail, are warnings.
 */
import { type Duration, gt, sub, time, unless } from '@binnacle/promql/builder';
import { failing, noneCompleted, notCompleting, piling, seconds, slow, stuck } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { type OutcomeOptions, type Outcomes, outcomesByLabel, outcomesOfCounters } from './outcomes.ts';
import {
  asked,
  busiest,
  distribution,
  endings,
  failureShare,
  failureShareBy,
  LINES_MAX,
  levels,
  limit,
  lines,
  quantiles,
  slowest,
  successShare,
} from './panels.ts';
import { Scope, type Series } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  type HistogramLike,
  type LabelOf,
  labelOf,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** How jobs are counted: by one counter with a label that tells how they ended, or by a counter for each ending. */
export type CountedJobs<C extends CounterLike = CounterLike> =
  | { readonly total: C; readonly completed?: undefined; readonly failed?: undefined }
  | {
      readonly completed: C;
      readonly failed: CounterLike;
      readonly created?: CounterLike | undefined;
      readonly total?: undefined;
    };

/** What else is known of jobs. */
export interface JobGauges {
  /** How long jobs took, in seconds. */
  readonly duration?: HistogramLike | undefined;
  /** Jobs that are worked on. */
  readonly active?: GaugeLike | undefined;
  /** Jobs that wait. */
  readonly pending?: GaugeLike | undefined;
  /** Workers that are there. */
  readonly workers?: GaugeLike | undefined;
  /** How long the job that waits longest has waited, in seconds. */
  readonly oldestWaiting?: GaugeLike | undefined;
  /** When a job last ended well, in Unix seconds. */
  readonly lastSuccess?: GaugeLike | undefined;
  /** How large what goes in is, in bytes. */
  readonly inputSize?: HistogramLike | undefined;
  /** How large what comes out is, in bytes. */
  readonly outputSize?: HistogramLike | undefined;
}

/** The metrics of jobs. */
export type JobsInstrument<C extends CounterLike = CounterLike> = CountedJobs<C> & JobGauges;

/** The alerts of {@link jobsWatch}. */
export type JobsAlert =
  | 'JobsFailing'
  | 'JobsSlow'
  | 'JobsPiling'
  | 'JobsWaitingLong'
  | 'JobsStuck'
  | 'JobsNotCompleting'
  | 'JobsWithoutWorker'
  | 'JobsOverdue';

/** What {@link jobsWatch} may be told. */
export interface JobsWatchOptions<Label extends string = string>
  extends WatchOptions<JobsAlert>,
    OutcomeOptions<Label> {
  /** The label that tells queues or kinds of jobs apart; `false` for none. Default: `queue`, `task_name` and the like. */
  readonly by?: Label | false;
  /** The share of jobs that may fail. Default 0.1. */
  readonly failureShareMax?: number;
  /** Over how long it is taken. Default `15m`. */
  readonly window?: Duration;
  /** Below so many jobs in the window nothing is said. Default 5. */
  readonly jobsMin?: number;
  /** How long a job may take, in seconds. Default: no alert, since only you know. */
  readonly secondsMax?: number;
  /** Which share of jobs must be faster. Default 0.95. */
  readonly quantile?: number;
  /** How many may wait. Default 50. */
  readonly pendingMax?: number;
  /** How long a job may wait, in seconds. Default 900. */
  readonly waitingSecondsMax?: number;
  /** Alerts when jobs are worked on and none has ended for so long. Default `30m`; longer than a job may take. */
  readonly stuckAfter?: Duration;
  /** Alerts when there is work and none was completed for so long. Default `1h`. */
  readonly completesWithin?: Duration;
  /** Whether there is always work, so that `completesWithin` holds without asking for any. Default false. */
  readonly alwaysBusy?: boolean;
  /** How old the last success may be, in seconds. Default 50 hours: right for what runs once a day. */
  readonly successAgeSecondsMax?: number;
}

/** Labels that usually tell jobs apart. */
const KIND_LABELS = ['queue', 'queue_name', 'task_name', 'task', 'job_type', 'job_name', 'source'];

interface JobMetrics {
  readonly scope: Scope;
  readonly outcomes: Outcomes;
  readonly by: string | undefined;
  readonly duration: WatchedMetric | undefined;
  readonly active: WatchedMetric | undefined;
  readonly pending: WatchedMetric | undefined;
  readonly workers: WatchedMetric | undefined;
  readonly oldestWaiting: WatchedMetric | undefined;
  readonly lastSuccess: WatchedMetric | undefined;
  readonly inputSize: WatchedMetric | undefined;
  readonly outputSize: WatchedMetric | undefined;
}

/** Watches jobs: `jobsWatch({ total: jobs, duration, active, pending }, { where: { job: 'worker' } })`. */
export function jobsWatch<const C extends CounterLike>(
  instrument: JobsInstrument<C>,
  options: JobsWatchOptions<NoInfer<LabelOf<C>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const counted: CountedJobs = instrument;
  const outcomes =
    counted.total === undefined
      ? outcomesOfCounters('jobsWatch', scope, counted)
      : outcomesByLabel('jobsWatch: total', scope, counted.total, options);
  const given = <K extends keyof JobGauges>(part: K, type: 'gauge' | 'histogram') =>
    watchedMetric(`jobsWatch: ${part}`, instrument[part], [type]);
  const metrics: JobMetrics = {
    scope,
    outcomes,
    by: labelOf('jobsWatch', outcomes.of, options.by, KIND_LABELS),
    duration: given('duration', 'histogram'),
    active: given('active', 'gauge'),
    pending: given('pending', 'gauge'),
    workers: given('workers', 'gauge'),
    oldestWaiting: given('oldestWaiting', 'gauge'),
    lastSuccess: given('lastSuccess', 'gauge'),
    inputSize: given('inputSize', 'histogram'),
    outputSize: given('outputSize', 'histogram'),
  };
  return assembleWatch('Jobs', options, {
    rows: [
      { panels: mainPanels(metrics, options) },
      { title: 'in detail', collapsed: true, panels: detailPanels(metrics, options) },
    ],
    alerts: alertsOf(metrics, options),
  });
}

function mainPanels(
  { scope, outcomes, duration, active, pending, workers }: JobMetrics,
  options: JobsWatchOptions,
) {
  const { failureShareMax = 0.1, pendingMax = 50, secondsMax } = options;
  const gauges = [
    ...(pending === undefined ? [] : [{ legend: 'waiting', metric: pending, color: 'orange' } as const]),
    ...(active === undefined ? [] : [{ legend: 'active', metric: active, color: 'green' } as const]),
    ...(workers === undefined ? [] : [{ legend: 'workers', metric: workers, color: 'blue' } as const]),
  ];
  return [
    endings(outcomes, {
      title: 'Jobs',
      description: 'Jobs per second, by how they ended. Good: as many end well as come in.',
    }),
    failureShare(
      outcomes,
      {
        title: 'Share that fails',
        description: 'Share of ended jobs that failed. Good: near 0. Growing: read the log of the workers.',
      },
      failureShareMax,
    ),
    successShare(
      outcomes,
      { title: 'Success rate', description: 'Share of ended jobs that ended well.' },
      failureShareMax,
    ),
    levels(
      scope,
      gauges,
      {
        title: 'Waiting and active',
        description:
          'Jobs that wait, and those that are worked on. Good: what waits falls back to 0 between bursts. Growing for long: add workers, or look for jobs that hang.',
      },
      { max: pending === undefined ? undefined : pendingMax },
    ),
    duration &&
      quantiles(
        scope,
        duration,
        {
          title: 'Duration',
          description:
            'How long jobs take: half of them stay below the median. Growing though the work is the same: what they depend on has become slow.',
        },
        { max: secondsMax },
      ),
  ];
}

function detailPanels(metrics: JobMetrics, options: JobsWatchOptions) {
  const { scope, outcomes, by, duration, pending, oldestWaiting, lastSuccess, inputSize, outputSize } =
    metrics;
  const { failureShareMax = 0.1, waitingSecondsMax = 900, secondsMax, pendingMax = 50 } = options;
  return [
    busiest(scope, outcomes.of, by, {
      title: 'Most frequent kinds',
      description: `The ${LINES_MAX} kinds of jobs with most per second.`,
    }),
    failureShareBy(
      outcomes,
      by,
      {
        title: 'Failing kinds',
        description: `The ${LINES_MAX} kinds of jobs with the greatest share of failures.`,
      },
      failureShareMax,
    ),
    duration &&
      slowest(
        scope,
        duration,
        by,
        {
          title: 'Slowest kinds',
          description: `The ${LINES_MAX} kinds of jobs that take longest: 95 of 100 stay below.`,
        },
        { max: secondsMax },
      ),
    pending && queueLabel(pending) !== undefined
      ? levels(
          scope,
          [{ legend: 'waiting', metric: pending, by: queueLabel(pending) }],
          {
            title: 'Waiting by queue',
            description: `The ${LINES_MAX} longest queues. Good: all fall back to 0 between bursts.`,
          },
          { max: pendingMax },
        )
      : undefined,
    oldestWaiting &&
      lines(
        {
          title: 'Oldest waiting',
          description:
            'How long the job has waited that waits longest: what users notice. Good: below the limit even in bursts.',
        },
        {
          queries: [asked(() => scope.greatest(oldestWaiting), 'oldest')],
          unit: 's',
          ...limit(waitingSecondsMax),
        },
      ),
    lastSuccess &&
      lines(
        {
          title: 'Since the last success',
          description: 'How long ago a job last ended well. Good: a saw that falls to 0 with each run.',
        },
        {
          queries: [asked(() => sinceLast(scope, lastSuccess), 'since')],
          unit: 's',
          ...limit(options.successAgeSecondsMax ?? SUCCESS_AGE_SECONDS_MAX),
        },
      ),
    duration &&
      distribution(scope, duration, {
        title: 'Distribution of durations',
        description: 'How many jobs take how long. Two bands are two kinds of jobs.',
      }),
    sizes(scope, inputSize, outputSize),
  ];
}

function sizes(scope: Scope, input: WatchedMetric | undefined, output: WatchedMetric | undefined) {
  const queries = [
    ...(input === undefined ? [] : [asked((window) => scope.mean(input, window), 'input')]),
    ...(output === undefined ? [] : [asked((window) => scope.mean(output, window), 'output')]),
  ];
  if (queries.length === 0) return undefined;
  return lines(
    {
      title: 'Sizes',
      description:
        'Mean size of what goes in and comes out. Durations follow it; if they do not, look elsewhere.',
    },
    { queries, unit: 'bytes', colors: { input: 'blue', output: 'purple' } },
  );
}

/** Two runs of what runs once a day, and slack. */
const SUCCESS_AGE_SECONDS_MAX = 50 * 3600;

function alertsOf(metrics: JobMetrics, options: JobsWatchOptions): Record<JobsAlert, WatchAlert | undefined> {
  const { scope, outcomes, by, duration, active, pending, workers, oldestWaiting, lastSuccess } = metrics;
  const { failureShareMax = 0.1, window = '15m', jobsMin = 5, secondsMax, quantile = 0.95 } = options;
  const { pendingMax = 50, waitingSecondsMax = 900, stuckAfter = '30m' } = options;
  const subject = subjectOf('Jobs', options);
  const { completesWithin = '1h', alwaysBusy = false } = options;
  const about = { subject, things: 'jobs', severity: 'warning' } as const;
  const critical = {
    ...about,
    severity: 'critical',
    for: '5m',
    advice:
      'See whether all fail or none ends: read the log of the workers, and look at what they depend on.',
  } as const;
  return {
    JobsFailing: failing(
      outcomes,
      { shareMax: failureShareMax, window, eventsMin: jobsMin },
      {
        ...about,
        by,
        for: '10m',
        advice: 'Read the log of the workers, and see whether one kind fails or all.',
      },
    ),
    JobsSlow: slow(
      scope,
      duration,
      { secondsMax, quantile, window, eventsMin: jobsMin },
      { ...about, by, for: '10m', advice: 'See whether the work has grown, and what jobs wait for.' },
    ),
    JobsPiling: piling(scope, pending, pendingMax, {
      ...about,
      things: 'waiting jobs',
      by: pending && queueLabel(pending),
      for: '15m',
      advice: 'See whether workers are there and end jobs; if they do, add more.',
    }),
    JobsWaitingLong: oldestWaiting && {
      expr: gt(scope.greatest(oldestWaiting), waitingSecondsMax),
      for: '5m',
      severity: 'critical',
      summary: `${subject}: jobs wait too long`,
      description: ({ value, text }) =>
        text`A job has waited for ${value.duration}; at most ${seconds(waitingSecondsMax)} is expected. See whether workers are there and end jobs; if they do, add more.`,
    },
    JobsStuck: stuck(scope, active, outcomes, stuckAfter, {
      ...about,
      for: '5m',
      advice: 'Jobs hang: see what they wait for, and restart the workers if nothing moves.',
    }),
    JobsNotCompleting: alwaysBusy
      ? noneCompleted(outcomes, completesWithin, critical)
      : notCompleting(scope, [pending, active], outcomes, completesWithin, critical),
    JobsWithoutWorker: pending &&
      workers && {
        expr: unless(gt(scope.level(pending), 0), gt(scope.level(workers), 0)),
        for: '5m',
        severity: 'critical',
        summary: `${subject}: nobody works`,
        description: ({ value, text }) =>
          text`${value.humanize} jobs wait, and no worker is there. Start the workers, and see in their log why they ended.`,
      },
    JobsOverdue: lastSuccess && overdue(scope, lastSuccess, options.successAgeSecondsMax, subject),
  };
}

function overdue(
  scope: Scope,
  lastSuccess: WatchedMetric,
  ageMax = SUCCESS_AGE_SECONDS_MAX,
  subject: string,
): WatchAlert {
  return {
    expr: gt(sinceLast(scope, lastSuccess), ageMax),
    for: '5m',
    severity: 'critical',
    summary: `${subject}: overdue`,
    description: ({ value, text }) =>
      text`The last success was ${value.duration} ago; at most ${seconds(ageMax)} is expected. See whether it was started at all, and how it ended.`,
  };
}

/** The success of any instance counts, and a gauge that was never set says nothing. */
function sinceLast(scope: Scope, lastSuccess: WatchedMetric): Series {
  return sub(time(), gt(scope.greatest(lastSuccess), 0));
}

function queueLabel(pending: WatchedMetric): string | undefined {
  return labelOf('jobsWatch', pending, undefined, KIND_LABELS);
}
