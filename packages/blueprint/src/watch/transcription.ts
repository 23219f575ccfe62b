/**
 * Transcription: recordings on their way through download, transcoding, models and speakers to a text.
 *
 * What is watched is the way as a whole, whether recordings come out of it; the stages are shown beside each other,
 * so that one sees which of them is slow.
 */
import type { Duration } from '@binnacle/promql/builder';
import { failing, noneCompleted, notCompleting, piling, slow } from './alerts.ts';
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

/** The metrics of transcription. */
export interface TranscriptionInstrument<
  P extends CounterLike = CounterLike,
  D extends HistogramLike = HistogramLike,
> {
  /** Recordings that came out, by how that ended. */
  readonly processed: P;
  /** How long transcribing took, in seconds. */
  readonly duration?: D;
  /** How long the other stages took, in seconds, by their names: `{ download, transcode, diarization }`. */
  readonly stages?: Readonly<Record<string, HistogramLike>>;
  /** Recordings that wait. */
  readonly pending?: GaugeLike;
  /** Recordings that are worked on, by stage. */
  readonly inProgress?: GaugeLike;
  /** Into how many chunks a recording was cut. */
  readonly chunks?: HistogramLike;
  /** How long one chunk took, in seconds. */
  readonly chunkDuration?: HistogramLike;
  /** How long loading a model took, in seconds. */
  readonly modelLoad?: HistogramLike;
}

/** The alerts of {@link transcriptionWatch}. */
export type TranscriptionAlert =
  | 'TranscriptionFailing'
  | 'TranscriptionSlow'
  | 'TranscriptionPiling'
  | 'TranscriptionNotCompleting';

/** What {@link transcriptionWatch} may be told. */
export interface TranscriptionWatchOptions<
  StatusLabel extends string = string,
  ModelLabel extends string = string,
> extends WatchOptions<TranscriptionAlert>,
    OutcomeOptions<StatusLabel> {
  /** The label that tells models apart; `false` for none. Default: `model`. */
  readonly modelLabel?: ModelLabel | false;
  /** The share of recordings that may fail. Default 0.2. */
  readonly failureShareMax?: number;
  /** Over how long it is taken. Default `15m`. */
  readonly window?: Duration;
  /** Below so many recordings in the window nothing is said. Default 3. */
  readonly recordingsMin?: number;
  /** How long transcribing may take, in seconds. Default: no alert, since it follows the length. */
  readonly secondsMax?: number;
  /** Which share of recordings must be faster. Default 0.95. */
  readonly quantile?: number;
  /** How many may wait. Default 50. */
  readonly pendingMax?: number;
  /** Alerts when there is work and none was completed for so long. Default `1h`. */
  readonly completesWithin?: Duration;
  /** Whether there is always work, so that `completesWithin` holds without asking for any. Default false. */
  readonly alwaysBusy?: boolean;
}

/** Watches transcription: `transcriptionWatch({ processed, duration, stages: { download }, pending })`. */
export function transcriptionWatch<const P extends CounterLike, const D extends HistogramLike = never>(
  instrument: TranscriptionInstrument<P, D>,
  options: TranscriptionWatchOptions<NoInfer<LabelOf<P>>, NoInfer<LabelOf<D>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Transcription', options);
  const given = <K extends Exclude<keyof TranscriptionInstrument, 'stages'>>(
    part: K,
    type: 'gauge' | 'histogram',
  ) => watchedMetric(`transcriptionWatch: ${part}`, instrument[part], [type]);
  const outcomes = outcomesByLabel('transcriptionWatch: processed', scope, instrument.processed, options);
  const duration = given('duration', 'histogram');
  const pending = given('pending', 'gauge');
  const inProgress = given('inProgress', 'gauge');
  const model = duration && labelOf('transcriptionWatch', duration, options.modelLabel, ['model']);
  const { failureShareMax = 0.2, window = '15m', recordingsMin = 3, secondsMax } = options;
  const { quantile = 0.95, pendingMax = 50 } = options;
  const { completesWithin = '1h', alwaysBusy = false } = options;
  const about = { subject, things: 'recordings', severity: 'warning' } as const;
  const critical = {
    ...about,
    severity: 'critical',
    for: '5m',
    advice: 'See whether all fail or none ends: read the log of the workers, stage by stage.',
  } as const;
  return assembleWatch('Transcription', options, {
    rows: [
      {
        panels: [
          endings(outcomes, {
            title: 'Recordings',
            description: 'Recordings per second that came out, by how that ended.',
          }),
          failureShare(
            outcomes,
            { title: 'Share that fails', description: 'Share of recordings that failed. Good: near 0.' },
            failureShareMax,
          ),
          successShare(
            outcomes,
            { title: 'Success rate', description: 'Share of recordings that ended well.' },
            failureShareMax,
          ),
          queuePanel(scope, pending, pendingMax),
          inProgress && stagePanel(scope, inProgress),
        ],
      },
      {
        title: 'stages',
        panels: [
          stageDurations(scope, instrument, duration),
          duration &&
            slowest(
              scope,
              duration,
              model,
              {
                title: 'Duration by model',
                description: `How long transcribing takes: 95 of 100 stay below. The ${LINES_MAX} slowest models.`,
              },
              { max: secondsMax },
            ),
          ...machinery(scope, {
            chunks: given('chunks', 'histogram'),
            chunkDuration: given('chunkDuration', 'histogram'),
            modelLoad: given('modelLoad', 'histogram'),
          }),
        ],
      },
    ],
    alerts: {
      TranscriptionFailing: failing(
        outcomes,
        { shareMax: failureShareMax, window, eventsMin: recordingsMin },
        { ...about, for: '10m', advice: 'See in the log of the workers which stage fails.' },
      ),
      TranscriptionSlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin: recordingsMin },
        {
          ...about,
          by: model,
          for: '10m',
          advice: 'See whether recordings are longer, and whether the GPU is used.',
        },
      ),
      TranscriptionPiling: piling(scope, pending, pendingMax, {
        ...about,
        things: 'waiting recordings',
        for: '30m',
        advice: 'See whether recordings come out at all; if they do, add workers.',
      }),
      TranscriptionNotCompleting: alwaysBusy
        ? noneCompleted(outcomes, completesWithin, critical)
        : notCompleting(scope, [pending, inProgress], outcomes, completesWithin, critical),
    },
  });
}

function queuePanel(scope: Scope, pending: WatchedMetric | undefined, max: number) {
  return (
    pending &&
    levels(
      scope,
      [{ legend: 'waiting', metric: pending, color: 'orange' }],
      {
        title: 'Waiting',
        description:
          'Recordings that wait. Good: falls back to 0 between bursts. Growing for long: add workers.',
      },
      { max },
    )
  );
}

function stagePanel(scope: Scope, inProgress: WatchedMetric) {
  const by = labelOf('transcriptionWatch', inProgress, undefined, ['state', 'stage', 'status']);
  return levels(scope, [{ legend: 'in progress', metric: inProgress, by }], {
    title: 'In progress by stage',
    description: 'Where recordings are. Most in one stage: it is the narrow one.',
  });
}

/** One line per stage: what 95 of 100 recordings stay below. */
function stageDurations(
  scope: Scope,
  { stages = {} }: TranscriptionInstrument,
  duration: WatchedMetric | undefined,
) {
  const all = [
    ...(duration === undefined ? [] : [['transcription', duration] as const]),
    ...Object.entries(stages).map(
      ([name, stage]) =>
        [name, watchedMetric(`transcriptionWatch: stages.${name}`, stage, ['histogram'])] as const,
    ),
  ];
  if (all.length === 0) return undefined;
  return lines(
    {
      title: 'Duration of stages',
      description:
        'How long each stage takes: 95 of 100 recordings stay below. The slowest is where more machines help.',
    },
    {
      queries: all.map(([name, stage]) => asked((window) => scope.quantile(0.95, stage, window), name)),
      unit: 's',
    },
  );
}

function machinery(
  scope: Scope,
  {
    chunks,
    chunkDuration,
    modelLoad,
  }: Record<'chunks' | 'chunkDuration' | 'modelLoad', WatchedMetric | undefined>,
) {
  return [
    chunks &&
      quantiles(
        scope,
        chunks,
        {
          title: 'Chunks per recording',
          description: 'Into how many chunks recordings are cut. It follows their length.',
        },
        { unit: 'short' },
      ),
    chunkDuration &&
      quantiles(scope, chunkDuration, {
        title: 'Duration of a chunk',
        description:
          'How long one chunk takes. It should not depend on the recording; growing: the GPU is shared or hot.',
      }),
    modelLoad &&
      quantiles(scope, modelLoad, {
        title: 'Loading a model',
        description: 'How long loading a model takes. Often and long: workers restart, or the disk is slow.',
      }),
  ];
}
