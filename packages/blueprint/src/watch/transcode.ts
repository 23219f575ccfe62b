/** Transcoding: jobs that turn files into other formats, how far they are, and how long they take by format. */
import { type Duration, topk } from '@binnacle/promql/builder';
import { failing, piling, slow, stuck } from './alerts.ts';
import { assembleWatch, subjectOf } from './assembly.ts';
import { type OutcomeOptions, outcomesByLabel } from './outcomes.ts';
import {
  asked,
  endings,
  failureShare,
  LINES_MAX,
  levels,
  lines,
  quantiles,
  slowest,
  successShare,
} from './panels.ts';
import { Scope } from './scope.ts';
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

/** The metrics of transcoding. */
export interface TranscodeInstrument<
  J extends CounterLike = CounterLike,
  D extends HistogramLike = HistogramLike,
> {
  /** Jobs that ended, by how. */
  readonly jobs: J;
  /** How long they took, in seconds. */
  readonly duration?: D;
  /** How far jobs are, from 0 to 100. */
  readonly progress?: GaugeLike;
  /** Jobs that are worked on. */
  readonly active?: GaugeLike;
  /** Jobs that wait. */
  readonly pending?: GaugeLike;
}

/** The alerts of {@link transcodeWatch}. */
export type TranscodeAlert = 'TranscodeFailing' | 'TranscodeSlow' | 'TranscodeStuck' | 'TranscodePiling';

/** What {@link transcodeWatch} may be told. */
export interface TranscodeWatchOptions<
  StatusLabel extends string = string,
  FormatLabel extends string = string,
> extends WatchOptions<TranscodeAlert>,
    OutcomeOptions<StatusLabel> {
  /** The label of the duration that tells formats apart; `false` for none. Default: `target_format` or `format`. */
  readonly formatLabel?: FormatLabel | false;
  /** The share of jobs that may fail. Default 0.1. */
  readonly failureShareMax?: number;
  /** Over how long it is taken. Default `15m`. */
  readonly window?: Duration;
  /** Below so many jobs in the window nothing is said. Default 5. */
  readonly jobsMin?: number;
  /** How long a job may take, in seconds. Default: no alert, since it follows the length. */
  readonly secondsMax?: number;
  /** Which share of jobs must be faster. Default 0.95. */
  readonly quantile?: number;
  /** Alerts when jobs are worked on and none has ended for so long. Default `1h`. */
  readonly stuckAfter?: Duration;
  /** How many may wait. Default 50. */
  readonly pendingMax?: number;
}

/** Watches transcoding: `transcodeWatch({ jobs, duration, progress })`. */
export function transcodeWatch<const J extends CounterLike, const D extends HistogramLike = never>(
  instrument: TranscodeInstrument<J, D>,
  options: TranscodeWatchOptions<NoInfer<LabelOf<J>>, NoInfer<LabelOf<D>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Transcoding', options);
  const outcomes = outcomesByLabel('transcodeWatch: jobs', scope, instrument.jobs, options);
  const duration = watchedMetric('transcodeWatch: duration', instrument.duration, ['histogram']);
  const progress = watchedMetric('transcodeWatch: progress', instrument.progress, ['gauge']);
  const active = watchedMetric('transcodeWatch: active', instrument.active, ['gauge']);
  const pending = watchedMetric('transcodeWatch: pending', instrument.pending, ['gauge']);
  const format =
    duration && labelOf('transcodeWatch', duration, options.formatLabel, ['target_format', 'format']);
  const { failureShareMax = 0.1, window = '15m', jobsMin = 5, secondsMax, quantile = 0.95 } = options;
  const { stuckAfter = '1h', pendingMax = 50 } = options;
  const about = { subject, things: 'jobs', severity: 'warning' } as const;
  return assembleWatch('Transcoding', options, {
    rows: [
      {
        panels: [
          endings(outcomes, { title: 'Jobs', description: 'Jobs per second, by how they ended.' }),
          failureShare(
            outcomes,
            {
              title: 'Share that fails',
              description:
                'Share of jobs that failed. Good: near 0. One format: its files are broken, or the codec is missing.',
            },
            failureShareMax,
          ),
          successShare(
            outcomes,
            { title: 'Success rate', description: 'Share of jobs that ended well.' },
            failureShareMax,
          ),
          duration &&
            quantiles(
              scope,
              duration,
              {
                title: 'Duration',
                description:
                  'How long jobs take: half of them stay below the median. It follows the length of files.',
              },
              { max: secondsMax },
            ),
          duration &&
            slowest(
              scope,
              duration,
              format,
              {
                title: 'Slowest formats',
                description: `The ${LINES_MAX} formats that take longest: 95 of 100 jobs stay below.`,
              },
              { max: secondsMax },
            ),
          progress && progressPanel(scope, progress),
          levels(
            scope,
            [
              ...(pending === undefined
                ? []
                : [{ legend: 'waiting', metric: pending, color: 'orange' } as const]),
              ...(active === undefined
                ? []
                : [{ legend: 'active', metric: active, color: 'green' } as const]),
            ],
            {
              title: 'Waiting and active',
              description: 'Jobs that wait, and those that are worked on. Good: what waits falls back to 0.',
            },
            { max: pending === undefined ? undefined : pendingMax },
          ),
        ],
      },
    ],
    alerts: {
      TranscodeFailing: failing(
        outcomes,
        { shareMax: failureShareMax, window, eventsMin: jobsMin },
        { ...about, for: '10m', advice: 'See in the log which files fail: one format, one codec, or all.' },
      ),
      TranscodeSlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin: jobsMin },
        {
          ...about,
          by: format,
          for: '10m',
          advice: 'See whether files have become longer, and what the processors do.',
        },
      ),
      TranscodeStuck: stuck(scope, active, outcomes, stuckAfter, {
        ...about,
        for: '5m',
        advice: 'Jobs hang: look at the processes that transcode, and end those that do nothing.',
      }),
      TranscodePiling: piling(scope, pending, pendingMax, {
        ...about,
        things: 'waiting jobs',
        for: '15m',
        advice: 'See whether workers are there and end jobs; if they do, add more.',
      }),
    },
  });
}

function progressPanel(scope: Scope, progress: WatchedMetric) {
  const by = labelOf('transcodeWatch', progress, undefined, ['status', 'state']);
  return lines(
    {
      title: 'Progress',
      description: 'How far jobs are. A line that stays where it is while nothing ends: jobs hang.',
    },
    {
      queries: [
        asked(
          () => topk(LINES_MAX, scope.greatest(progress, { by })),
          by === undefined ? 'progress' : `{{${by}}}`,
        ),
      ],
      unit: 'percent',
      max: 100,
    },
  );
}
